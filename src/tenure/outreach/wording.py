"""Which words a step of a playbook uses for a reason, and how long a message of each kind may be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

DEFAULT = "default"


class Words(Protocol):
    """Words, and other words for some reasons (`tenure.outreach.playbook.Wording`)."""

    @property
    def default(self) -> str: ...
    @property
    def by_reason(self) -> dict[str, str]: ...
    def way(self, reason: str) -> str: ...
    def of(self, reason: str) -> str: ...


class Plan(Protocol):
    """What drafting reads of a step (`tenure.outreach.playbook.StepPlan`)."""

    @property
    def kind(self) -> str: ...
    @property
    def template(self) -> str: ...
    @property
    def reaches_member(self) -> bool: ...
    @property
    def mandatory(self) -> bool: ...
    @property
    def subject(self) -> Words | None: ...
    @property
    def body(self) -> Words | None: ...
    @property
    def call_to_action(self) -> Words | None: ...
    def said(self, reason: str) -> tuple[str, str]: ...


@dataclass(frozen=True)
class Limit:
    """The most characters of a subject and of a body, and why."""

    subject: int
    body: int
    why: str


LIMITS: dict[str, Limit] = {
    "email": Limit(120, 4_000, "a longer one is not read to its end"),
    "sms": Limit(0, 459, "it would be more than three parts"),
    "in_app": Limit(80, 600, "the panel shows no more"),
    "offer": Limit(120, 2_000, "a longer one is not read to its end"),
    "survey": Limit(120, 1_000, "a longer one is not read to its end"),
}
_OTHERS = Limit(300, 20_000, "the ledger keeps no more")


@dataclass(frozen=True)
class Call:
    """A call to action: which of the step's, and its words."""

    id: str
    text: str


def call_for(plan: Plan, reason: str) -> Call | None:
    """The call to action for *reason*; the usual one where the step has none for it."""
    if plan.call_to_action is None:
        return None
    way = plan.call_to_action.way(reason)
    return Call(way.replace(" ", "_") or DEFAULT, plan.call_to_action.of(reason).strip())


def too_long(kind: str, subject: str, body: str) -> tuple[str, ...]:
    """What of a message of *kind* is longer than it may be."""
    limit = LIMITS.get(kind, _OTHERS)
    texts = {"subject": (subject, limit.subject), "text": (body, limit.body)}
    return tuple(
        f"the {what} has {len(text)} characters and may have {most}: {limit.why}"
        for what, (text, most) in texts.items()
        if len(text) > most
    )
