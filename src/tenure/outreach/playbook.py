"""A playbook: for whom, on what occasion, which steps, in which words; one readable file each.

`tenure.outreach.reading.read_playbook` makes one from a file, `tenure.outreach.selecting.select` applies it to a
situation. docs/playbooks.md explains every key to those who write them.
"""

from __future__ import annotations

import re
import string
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from tenure.insights import REASONS
from tenure.insights.winback import DRIVERS
from tenure.outreach.conditions import Between, Conditions, Table, Who, nearest
from tenure.outreach.situation import COLUMNS

Kind = Literal[
    "task", "callback", "group", "log", "email", "sms", "in_app", "webhook", "offer", "survey", "alert",
]  # fmt: skip
"""What a step does; the words of `tenure.ledger.models.OutreachStep.Kind`."""

Purpose = Literal["renewal", "payment", "onboarding", "event", "win_back", "service"]
"""What a message is for; consent is given for one of these."""

Band = Literal["high", "medium", "low", "new"]
EventName = Literal["no_show", "payment_failed", "card_expires", "joined", "chapter_drift", "hardship", "displaced"]

REACHES_MEMBER: frozenset[str] = frozenset({"email", "sms", "in_app", "offer", "survey"})
"""Kinds of step whose words the member reads; the others are for staff alone."""

MINUTES: dict[str, float] = {
    "task": 10, "callback": 15, "group": 0.5, "log": 0.5, "email": 2, "sms": 1, "in_app": 1, "webhook": 0.5,
    "offer": 5, "survey": 1, "alert": 2,
}  # fmt: skip
"""Staff time of a step where its playbook states none: to read, to approve, and to do it."""

INSTEAD = ("email", "in_app", "callback")
"""Kinds that can stand in for each other: two that say the same words, and a call about them."""

_CALL_INSTEAD = {
    "subject": 'Call {member_name|or:"the member"} instead of writing',
    "body": """
A short call in place of a message that would not reach the member, or bring no answer. Ask how the year has been.[[

Why now: {cause}]][[
Likely reason: {leaving}]][[
What to speak about:
{talking_points}]][[
Telephone: {phone}]][[
{context}]]
""",
}

_DETAILS: dict[str, frozenset[str]] = {
    "task": frozenset({"due_days", "priority"}),
    "callback": frozenset({"due_days", "priority", "length_minutes"}),
    "group": frozenset({"group"}),
    "log": frozenset({"activity_type"}),
    "email": frozenset({"link"}),
    "sms": frozenset({"link"}),
    "in_app": frozenset({"link"}),
    "webhook": frozenset({"event"}),
    "offer": frozenset({"installments", "grace_days", "valid_days"}),
    "survey": frozenset({"question", "answers", "valid_days", "asks_why"}),
    "alert": frozenset({"priority"}),
}

DERIVED = ("payment_failed_on", "card_noted_on", "joined_on")
"""Days that can be named in an occasion or a cause beside the columns of the situation."""

CALL_TO_ACTION = "{call_to_action}"

KNOWN_REASONS = tuple(dict.fromkeys([*REASONS, *(driver.name for driver in DRIVERS)]))
"""Predicted reasons for leaving, and drivers of a lapse: what words can be chosen by."""


class Wording(Table):
    """Words, and other words for some reasons for leaving (before a lapse) or drivers (after one)."""

    default: str = Field(min_length=1)
    by_reason: dict[str, str] = Field(default_factory=dict)

    def way(self, reason: str) -> str:
        """By which of its reasons *reason* is spoken of; empty for the usual words.

        `never used` covers the driver that names a benefit after it.
        """
        if reason in self.by_reason:
            return reason
        return next((key for key in self.by_reason if reason.startswith(f"{key} ")), "")

    def of(self, reason: str) -> str:
        """The words for *reason*, or the usual ones."""
        return self.by_reason.get(self.way(reason), self.default)

    @field_validator("by_reason")
    @classmethod
    def _names_reasons(cls, words: dict[str, str]) -> dict[str, str]:
        for reason in words:
            if reason not in KNOWN_REASONS:
                raise ValueError(f"`{reason}` is none of {', '.join(KNOWN_REASONS)}")
        return words


def _as_wording(given: Any) -> Any:
    return {"default": given} if isinstance(given, str) else given


Words = Annotated[Wording, BeforeValidator(_as_wording)]


class StepPlan(Table):
    """One step of a playbook, as its file has it; times are counted from the approval.

    `template` is set by the playbook: `NAME@VERSION#POSITION`, positions from 1.
    """

    kind: Kind
    instead: tuple[Kind, ...] = ()
    purpose: Purpose = "renewal"
    wait_days: int = Field(default=0, ge=0, le=365)
    minutes: float | None = Field(default=None, ge=0, le=480)
    commercial: bool = False
    mandatory: bool = False
    assignee: str = Field(default="manager", min_length=1, max_length=150)
    subject: Words | None = None
    body: Words | None = None
    call_to_action: Words | None = None
    details: dict[str, Any] = Field(default_factory=dict)
    template: str = Field(default="", exclude=True, init=False)

    @property
    def reaches_member(self) -> bool:
        """Whether the member reads its words."""
        return self.kind in REACHES_MEMBER

    @property
    def staff_minutes(self) -> float:
        """What it costs staff, in minutes."""
        return MINUTES[self.kind] if self.minutes is None else self.minutes

    def by(self, kind: Kind) -> StepPlan:
        """This step as one of *kind*, which is its own or one of `instead`.

        A message keeps its words; a call in its place has words of its own, for staff. Its template is another, so that
        a permission to leave by itself, which somebody gave for the step as it is, does not cover it.
        """
        if kind == self.kind:
            return self
        changed: dict[str, Any] = {
            "kind": kind,
            "instead": (),
            "minutes": self.staff_minutes,
            "template": f"{self.template}:{kind}",
        }
        if kind == "callback":
            words = {key: Wording(default=text) for key, text in _CALL_INSTEAD.items()}
            changed |= {**words, "call_to_action": None, "minutes": None, "details": {}}
        return self.model_copy(update=changed)

    def said(self, reason: str) -> tuple[str, str]:
        """Subject and body for *reason*, with the call to action in its place and placeholders still in them."""
        subject, body = (wording.of(reason) if wording else "" for wording in (self.subject, self.body))
        action = self.call_to_action.of(reason) if self.call_to_action else ""
        return subject.strip(), body.replace(CALL_TO_ACTION, action.strip()).strip()

    def reasons(self) -> list[str]:
        """Every reason that it has words of its own for, and an empty one for the usual words."""
        given = [one for one in (self.subject, self.body, self.call_to_action) if one is not None]
        return sorted({"", *(reason for one in given for reason in one.by_reason)})

    @field_validator("details")
    @classmethod
    def _is_plain(cls, details: dict[str, Any]) -> dict[str, Any]:
        for name, value in details.items():
            if not _is_plain(value):
                raise ValueError(f"`{name}` must be words, a number, true or false, or a list of words")
        return details

    @model_validator(mode="after")
    def _hangs_together(self) -> StepPlan:
        _check_details(self)
        _check_instead(self)
        _check_words(self)
        if self.mandatory and (self.commercial or self.kind not in ("email", "in_app")):
            raise ValueError("a mandatory notice is an email or an in-app message, and never commercial")
        return self


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    return isinstance(value, str | int | float | bool)


def _check_details(step: StepPlan) -> None:
    known = _DETAILS[step.kind]
    for name in step.details:
        if name not in known:
            raise ValueError(f"`details.{name}` means nothing to a step of kind {step.kind}; {_listed(known)}")
    if not isinstance(step.details.get("asks_why", False), bool):
        raise ValueError("`details.asks_why` must be true or false")


def _listed(known: frozenset[str]) -> str:
    return f"it knows {', '.join(f'`{name}`' for name in sorted(known))}"


def _check_instead(step: StepPlan) -> None:
    if not step.instead:
        return
    if step.mandatory or step.kind not in ("email", "in_app"):
        raise ValueError("`instead` is for an email or an in-app message that is no mandatory notice")
    for kind in step.instead:
        if kind not in INSTEAD or kind == step.kind:
            others = ", ".join(f"`{one}`" for one in INSTEAD if one != step.kind)
            raise ValueError(f"a step of kind {kind} cannot stand in for it; {others} can")


def _check_words(step: StepPlan) -> None:
    if step.kind in ("email", "task", "callback", "alert") and step.subject is None:
        raise ValueError(f"a step of kind {step.kind} needs a `subject`")
    if step.kind not in ("group", "log", "webhook") and step.body is None:
        raise ValueError(f"a step of kind {step.kind} needs a `body`")
    if step.kind == "survey" and not step.details.get("question"):
        raise ValueError("a survey needs `details.question`")
    if step.kind == "group" and not step.details.get("group"):
        raise ValueError("a step of kind group needs `details.group`")
    asks = any(
        CALL_TO_ACTION in text for text in ((step.body.default, *step.body.by_reason.values()) if step.body else ())
    )
    if asks != (step.call_to_action is not None):
        raise ValueError(f"`call_to_action` and {CALL_TO_ACTION} in the `body` go together")


class Trigger(Table):
    """What sets a playbook off.

    `band`: the member stands in one of `to`, at least `margin` points of the risk score beyond its edge, so that a
    score that wavers about the edge sets nothing off; with `from`, only on the night of the crossing itself.
    `renewal`: so many `days` are left until the term ends (negative ones have passed since). `event`: something
    happened, not longer than `within` days ago. `list`: the member is on the list of that name in the home's `lists`.
    """

    kind: Literal["band", "renewal", "event", "list"]
    to: tuple[Band, ...] = ()
    crossed_from: tuple[Band, ...] = Field(default=(), alias="from")
    margin: int = Field(default=0, ge=0, le=20)
    days: Annotated[Between | None, BeforeValidator(lambda given: _days(given))] = None
    event: EventName | None = None
    within: int = Field(default=30, ge=1, le=365)
    list_name: str = Field(default="", alias="list", pattern=r"^[a-z0-9-]*$")

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Trigger:
        given = {"to": bool(self.to), "days": self.days is not None, "event": self.event is not None}
        given |= {"list": bool(self.list_name)}
        needed = {"band": "to", "renewal": "days", "event": "event", "list": "list"}[self.kind]
        if not given[needed]:
            raise ValueError(f"a trigger of kind {self.kind} needs `{needed}`")
        surplus = [name for name, is_given in given.items() if is_given and name != needed]
        if surplus:
            raise ValueError(f"`{surplus[0]}` means nothing to a trigger of kind {self.kind}")
        if self.crossed_from and self.margin:
            raise ValueError(
                "`from` and `margin` exclude each other: whoever crosses slowly stands beyond the margin only on a "
                "later night; leave `from` out, an occasion comes once a term anyhow"
            )
        return self


def _days(given: Any) -> Any:
    if isinstance(given, dict) and not {"from", "to"} - set(given):
        return given
    if isinstance(given, int) and not isinstance(given, bool):
        return {"from": given, "to": given}
    raise ValueError("write { from = 40, to = 45 }; both ends, so that a night that is missed loses nobody")


class Cap(Table):
    """How many proposals it may make at most; nothing for as many as there are."""

    per_night: int | None = Field(default=None, ge=1)
    per_week: int | None = Field(default=None, ge=1)


class ApprovalRules(Table):
    """What its approval needs besides what the settings ask of every one.

    `auto_send` says only whether an administrator may permit it for this playbook at all (`tenure autosend allow`).
    """

    second_person: bool = False
    auto_send: Literal["never", "may_be_allowed"] = "may_be_allowed"


class Playbook(Table):
    """A declarative rule: who, when, what, by which channel, in which words, within which caps, measured how.

    Args:
        name: Its name, which is the file's.
        version: Which version of the text; the ledger counts them.
        title: What staff call it.
        purpose: Why it is there, for staff.
        order: Of two that want one member on one night, the lower one has the member.
        who: What members have to be like.
        trigger: What sets it off.
        occasion: What it is about, from columns in braces; for one occasion a member is proposed once.
        cause: Why a member was selected, for staff, from columns in braces.
        measure: The experiment whose control group shows its effect; empty: it is not measured.
        owed: Whether it is owed to the member whatever it keeps, such as a welcome or help with a payment.
        reaches_auto_renewing: Whether it may wake members whose term renews by itself.
        open_days: After how many days an undecided proposal is withdrawn; the settings' when none.
        cap: How many at most.
        approval: What its approval needs.
        steps: What is done, in order.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{1,58}$")
    version: int = Field(default=1, ge=1)
    title: str = Field(min_length=1, max_length=80)
    purpose: str = Field(min_length=1, max_length=600)
    order: int = Field(default=500, ge=1, le=999)
    who: Conditions = Field(default_factory=Who)
    trigger: Trigger
    occasion: str = Field(default="", max_length=100)
    cause: str = Field(min_length=1, max_length=200)
    measure: str | None = Field(default=None, max_length=80)
    owed: bool = False
    reaches_auto_renewing: bool = False
    open_days: int | None = Field(default=None, ge=1, le=90)
    cap: Cap = Cap()
    approval: ApprovalRules = ApprovalRules()
    steps: tuple[StepPlan, ...] = Field(min_length=1, max_length=9)

    @field_validator("who", mode="before")
    @classmethod
    def _who(cls, given: Any) -> Any:
        return Who.model_validate(given) if isinstance(given, dict) else given

    @field_validator("occasion", "cause")
    @classmethod
    def _names_columns(cls, text: str) -> str:
        for name in columns_in(text):
            if name not in COLUMNS and name not in DERIVED:
                near = nearest(name, [*COLUMNS, *DERIVED])
                raise ValueError(f"there is no column `{name}`" + (f"; did you mean `{near}`?" if near else ""))
        return text

    @model_validator(mode="after")
    def _numbers_its_steps(self) -> Playbook:
        for place, step in enumerate(self.steps, start=1):
            object.__setattr__(step, "template", f"{self.name}@{self.version}#{place}")
            if self.approval.second_person:
                # Approvals are given by what the ledger knows, which is the step and not its playbook.
                object.__setattr__(step, "details", {**step.details, "second_person": True})
        if self.is_mandatory and self.experiment:
            raise ValueError('a mandatory notice reaches everyone, so it cannot be measured; write `measure = ""`')
        return self

    @property
    def experiment(self) -> str:
        """The experiment that measures it; empty for none."""
        return self.name if self.measure is None else self.measure

    @property
    def minutes(self) -> float:
        """Staff time of one proposal."""
        return sum(step.staff_minutes for step in self.steps)

    @property
    def is_mandatory(self) -> bool:
        """Whether each step is a notice that must not be held back by caps, control groups or lists."""
        return all(step.mandatory for step in self.steps)

    @property
    def makes_offer(self) -> bool:
        """Whether money is offered, which nobody may permit to leave by itself."""
        return any(step.kind == "offer" for step in self.steps)

    @property
    def is_about(self) -> str:
        """The pattern of its occasions."""
        return self.occasion or _OCCASIONS[self.trigger.event or self.trigger.kind]

    def columns(self) -> set[str]:
        """The columns of the situation by which it selects."""
        return self.who.columns() | _TRIGGER_COLUMNS[self.trigger.event or self.trigger.kind]


_RENEWAL = "renewal:{renewal_due_on}"
_OCCASIONS = {
    "band": _RENEWAL, "renewal": _RENEWAL, "list": "list:{renewal_due_on}",
    "no_show": "event:{no_show}", "payment_failed": "payment:{payment_failed_on}",
    "card_expires": "card:{card_noted_on}", "joined": "joined:{joined_on}",
    "chapter_drift": "chapter-drift:{renewal_due_on}", "hardship": "hardship:{renewal_due_on}",
    "displaced": "displaced:{renewal_due_on}",
}  # fmt: skip
_TRIGGER_COLUMNS = {
    "band": {"band", "band_before", "p_lapse_renewal"}, "renewal": {"days_to_renewal"}, "list": set(),
    "no_show": {"no_show"}, "payment_failed": {"payment_failed_days"}, "card_expires": {"card_expires_days"},
    "joined": {"tenure_days", "is_new"}, "chapter_drift": {"chapter_drift"}, "hardship": {"hardship"},
    "displaced": {"displaced"},
}  # fmt: skip

SCORED = frozenset({
    "band", "band_before", "risk_score", "risk_rank", "p_lapse_renewal", "reason", "lifetime_value", "top_value",
})  # fmt: skip
"""Columns that are known only for members whom a model has scored."""


def columns_in(text: str) -> list[str]:
    """The names in braces in an occasion or a cause.

    Raises:
        ValueError: A brace is left open, or something else than a bare name stands in one.
    """
    names = []
    for _, name, form, conversion in string.Formatter().parse(text):
        if name is None:
            continue
        if form or conversion or not re.fullmatch(r"[a-z_]+", name):
            raise ValueError("braces hold the bare name of a column, such as {renewal_due_on}")
        names.append(name)
    return names
