"""The gate at sending: everything is looked at once more in the moment before a step leaves.

`RULES` are asked in their order, and the first that speaks decides: the step is dropped for good, or it waits. What the
law requires to be sent (`mandatory`) is stopped only by the switch, by a void approval, and by death, merger or
transfer of the member.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from tenure.base.clock import Clock
from tenure.base.pseudonym import Pseudonyms
from tenure.base.settings import Settings
from tenure.outreach.consent import CHANNEL_OF, Statement, standing
from tenure.outreach.footer import lacking
from tenure.outreach.law import Law, is_commercial, law_for
from tenure.outreach.playbook import REACHES_MEMBER

if TYPE_CHECKING:
    from tenure.ledger.models import OutreachStep

VOID = "void"
"""The rule of a step that is no longer what was approved."""

WINDOW = dt.timedelta(days=30)
_ABOUT_RENEWAL = frozenset({"renewal", "payment", "win_back"})
_SOON = dt.timedelta(minutes=1)
_NEXT_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Refusal:
    """Why a step does not leave now.

    Args:
        rule: Which of `RULES`.
        words: For staff, without a person's data.
        until: When it is looked at again; None when it is dropped for good.
    """

    rule: str
    words: str
    until: dt.datetime | None = None


@dataclass(frozen=True)
class MemberNow:
    """What is known of a member in the moment of sending, from lake and ledger.

    Args:
        deceased, merged, transferred: As the source says.
        objects: To profiling.
        renewed: A term beyond the one that the proposal is about is on record.
        renewal_due_on: End of the running term.
        ended_on: When membership ended; None while it has not.
        country: As the source writes it; empty where it is not known.
        time_zone: The member's own; empty where it is not known.
        email: As the source gives it now.
        phone: Likewise.
        email_allowed, sms_allowed, phone_allowed: Consent as the source states it; None where it says nothing.
        stopped_feeds: Feeds that tell of nobody.
    """

    deceased: bool = False
    merged: bool = False
    transferred: bool = False
    objects: bool = False
    renewed: bool = False
    renewal_due_on: dt.date | None = None
    ended_on: dt.date | None = None
    country: str = ""
    time_zone: str = ""
    email: str = ""
    phone: str = ""
    email_allowed: bool | None = None
    sms_allowed: bool | None = None
    phone_allowed: bool | None = None
    stopped_feeds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """What the gate needs to know of a step."""

    kind: str
    recipient: str
    purpose: str
    commercial: bool
    mandatory: bool
    proposal: int
    occasion: str
    renewal_due_on: dt.date | None

    @property
    def channel(self) -> str:
        """By which it reaches the member; empty for what only staff or iMIS see."""
        return CHANNEL_OF.get(self.kind, "")


@dataclass(frozen=True)
class Contacted:
    """A message or call that reached the member earlier."""

    at: dt.datetime
    proposal: int
    occasion: str


@dataclass(frozen=True)
class Known:
    """What the ledger knows in the moment of sending.

    Args:
        approved: An approval stands, for exactly this content.
        paused: Why everything is stopped; empty while it is not.
        barred: Reasons of the suppressions that hold for member, address and channel.
        consent: Statements of consent; what the source says is with `MemberNow`.
        asleep: Why the member is left alone; empty where nobody said so.
        in_control: The member belongs to a control group.
        contacts: What reached the member before, not counting mandatory notices.
    """

    approved: bool = True
    paused: str = ""
    barred: tuple[str, ...] = ()
    consent: Statement = field(default_factory=Statement)
    asleep: str = ""
    in_control: bool = False
    contacts: tuple[Contacted, ...] = ()


@dataclass(frozen=True)
class Moment:
    """Everything that the rules look at."""

    step: Step
    member: MemberNow
    known: Known
    settings: Settings
    now: dt.datetime

    @property
    def law(self) -> Law:
        return law_for(self.member.country, self.settings)

    @property
    def zone(self) -> ZoneInfo:
        """The member's own, else the association's."""
        for name in (self.member.time_zone, self.settings.association.time_zone):
            try:
                return ZoneInfo(name)
            except (KeyError, ValueError, OSError):
                continue
        return ZoneInfo("UTC")


Look = Callable[[Moment], Refusal | None]


@dataclass(frozen=True)
class Rule:
    """One look.

    Args:
        name: As it is shown and kept.
        look: What it does.
        for_mandatory: It stops mandatory notices too.
        for_staff: It stops steps that reach nobody but staff or iMIS too.
    """

    name: str
    look: Look
    for_mandatory: bool = False
    for_staff: bool = False


def at_sending(
    step: OutreachStep, *, settings: Settings, clock: Clock, facts_now: MemberNow, keyed: Pseudonyms | None = None
) -> Refusal | None:
    """Why *step* may not leave now; None where it may.

    Args:
        step: Approved, with its proposal.
        settings: The association's.
        clock: Gives the present instant.
        facts_now: What is known of the member.
        keyed: For suppressions of addresses.
    """
    from tenure.outreach.known import known_of, step_of

    now = clock()
    return decide(Moment(step_of(step), facts_now, known_of(step, now, keyed), settings, now))


def decide(moment: Moment) -> Refusal | None:
    """The first refusal of `RULES`."""
    for rule in RULES:
        if moment.step.mandatory and not rule.for_mandatory:
            continue
        if not moment.step.channel and not rule.for_staff:
            continue
        refusal = rule.look(moment)
        if refusal is not None:
            return refusal
    return None


def _void(m: Moment) -> Refusal | None:
    return None if m.known.approved else Refusal(VOID, "it is no longer what was approved")


def _paused(m: Moment) -> Refusal | None:
    return Refusal("paused", f"everything is stopped: {m.known.paused}", m.now + _SOON) if m.known.paused else None


def _gone(m: Moment) -> Refusal | None:
    for rule in ("deceased", "merged", "transferred"):
        if getattr(m.member, rule):
            words = {"deceased": "the member has died", "merged": "the record was merged into another"}
            return Refusal(rule, words.get(rule, "the membership was transferred"))
    return None


def _renewed(m: Moment) -> Refusal | None:
    about = m.step.purpose in _ABOUT_RENEWAL or m.step.occasion.startswith("renewal:")
    due, before = m.member.renewal_due_on, m.step.renewal_due_on
    moved = due is not None and before is not None and due > before
    return Refusal("renewed", "the member has renewed") if about and (m.member.renewed or moved) else None


def _objecting(m: Moment) -> Refusal | None:
    objects = m.member.objects or "objection" in m.known.barred
    return Refusal("objecting", "the member objects to profiling") if objects else None


def _complained(m: Moment) -> Refusal | None:
    return Refusal("complained", "the member complained of messages") if "complaint" in m.known.barred else None


_BARRED = {
    "unsubscribe": "the member unsubscribed",
    "stop": "the member answered STOP",
    "bounce": "the address was refused",
    "staff": "staff wrote down that the member is not to be reached so",
}


def _suppressed(m: Moment) -> Refusal | None:
    return next((Refusal("suppressed", _BARRED.get(why, why)) for why in m.known.barred), None)


def _consent(m: Moment) -> Refusal | None:
    needed = m.law.needs(m.step.channel, commercial=m.step.commercial)
    today = m.now.astimezone(m.zone).date()
    says = {"email": m.member.email_allowed, "sms": m.member.sms_allowed, "phone": m.member.phone_allowed}
    statement = replace(m.known.consent, source_says=says.get(m.step.channel))
    reach = standing(statement, m.law, ended_on=m.member.ended_on, today=today)
    if reach.basis is None:
        return Refusal("consent", reach.words)
    if reach.basis < needed:
        return Refusal("consent", f"{reach.words} ({m.law.name} asks for {needed.name.lower()} consent)")
    return None


def _jurisdiction(m: Moment) -> Refusal | None:
    missing = lacking(commercial=m.step.commercial, law=m.law, settings=m.settings) if m.step.channel == "email" else ""
    return Refusal("jurisdiction", missing, m.now + _NEXT_DAY) if missing else None


def _asleep(m: Moment) -> Refusal | None:
    return Refusal("do_not_wake", f"on the list of members left alone: {m.known.asleep}") if m.known.asleep else None


def _control(m: Moment) -> Refusal | None:
    return Refusal("control", "the member belongs to a control group") if m.known.in_control else None


def _already(m: Moment) -> Refusal | None:
    others = (one for one in m.known.contacts if one.proposal != m.step.proposal)
    if any(one.occasion == m.step.occasion for one in others):
        return Refusal("already_contacted", "another playbook has reached the member about the same occasion")
    return None


def _capped(m: Moment) -> Refusal | None:
    most = m.settings.outreach.contacts_per_month
    lately = sum(one.at > m.now - WINDOW for one in m.known.contacts)
    return Refusal("capped", f"{lately} of {most} contacts in 30 days are used") if lately >= most else None


def _address(m: Moment) -> Refusal | None:
    if m.step.channel == "email":
        same = m.step.recipient.strip().casefold() == m.member.email.strip().casefold()
    elif m.step.channel in ("sms", "phone"):
        same = _digits(m.step.recipient) == _digits(m.member.phone)
    else:
        same = True
    return None if same else Refusal("address", "the member's address is no longer the one that was approved")


def _outage(m: Moment) -> Refusal | None:
    feeds = ", ".join(m.member.stopped_feeds)
    return Refusal("outage", f"a feed tells of nobody: {feeds}", m.now + _NEXT_DAY) if feeds else None


def _quiet(m: Moment) -> Refusal | None:
    if m.step.kind not in REACHES_MEMBER:
        return None
    ends = _quiet_ends(m)
    return Refusal("quiet_hours", "it is night where the member lives", ends) if ends is not None else None


def _quiet_ends(m: Moment) -> dt.datetime | None:
    """When the quiet hours that now run end, UTC; None outside of them."""
    rules, local = m.settings.outreach, m.now.astimezone(m.zone)
    begin, end = dt.time.fromisoformat(rules.quiet_from), dt.time.fromisoformat(rules.quiet_until)
    time = local.time().replace(tzinfo=None)
    is_quiet = begin <= time or time < end if begin > end else begin <= time < end
    if not is_quiet:
        return None
    day = local.date() if time < end else local.date() + dt.timedelta(days=1)
    ends = dt.datetime.combine(day, end, tzinfo=m.zone).astimezone(dt.UTC)
    # An hour that clocks skip or repeat must not let it end before it began.
    return max(ends, m.now + _SOON)


def _digits(number: str) -> str:
    return "".join(c for c in number if c.isdigit())


RULES: tuple[Rule, ...] = (
    Rule(VOID, _void, for_mandatory=True, for_staff=True),
    Rule("paused", _paused, for_mandatory=True, for_staff=True),
    Rule("gone", _gone, for_mandatory=True, for_staff=True),
    Rule("objecting", _objecting, for_staff=True),
    Rule("renewed", _renewed, for_staff=True),
    Rule("complained", _complained),
    Rule("suppressed", _suppressed),
    Rule("consent", _consent),
    Rule("do_not_wake", _asleep),
    Rule("control", _control, for_staff=True),
    Rule("already_contacted", _already),
    Rule("capped", _capped),
    Rule("address", _address),
    Rule("jurisdiction", _jurisdiction),
    Rule("outage", _outage, for_staff=True),
    Rule("quiet_hours", _quiet),
)
"""In the order in which they are asked: those that drop a step come before those that let it wait."""


def is_mandatory(details: dict[str, object]) -> bool:
    """Whether the template says that the law requires it to be sent."""
    return details.get("mandatory") is True


def counts_as_commercial(details: dict[str, object], kind: str) -> bool:
    """See `law.is_commercial`; an offer of money is commercial whatever else it says."""
    return is_commercial({**details, "offer": kind == "offer"})
