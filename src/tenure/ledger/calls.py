"""Calls that staff made of their own accord, as they tell them.

A logged call is a step that is done, of a proposal of its own, so that everything that asks what reached a member asks
one table: the cap, the gate, channel choice, responses, erasure. It is noted on the record in iMIS like any message
(`tenure.ledger.record_notes`): looked up before it is written, and written once.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import UsageError
from tenure.ledger import experiments, locking, responses, rights
from tenure.ledger.models import CurrentScore, Identity, OutreachStep, Proposal
from tenure.ledger.models.proposals import Stage, content_digest
from tenure.ledger.proposals import reference_of
from tenure.ledger.rights import Act

LOGGED = "logged-call"
"""What stands in place of a playbook and a template."""

OUTCOMES = {"spoke": "Spoke with the member", "message": "Left a message", "no-answer": "No answer"}
"""How a call can end, in words."""

LONGEST = 2000
FARTHEST = dt.timedelta(days=365)
COMPARED = dt.timedelta(days=90)
"""How long ago a member may have been selected for contact now to count in what contact is found to do."""


@dataclass(frozen=True)
class Promise:
    """A call that is to be followed up.

    Args:
        member: The pseudonym.
        on: The day that was promised.
        by: Who made the call.
    """

    member: int
    on: dt.date
    by: str


def log(
    *,
    member: int,
    outcome: str,
    by: str,
    key: str,
    chapter: str = "",
    words: str = "",
    follow_up: dt.date | None = None,
    minutes: float = 0,
    noted: bool = False,
    despite: bool = False,
    clock: Clock = system_clock,
) -> OutreachStep:
    """Write down a call that was made; the same *key* twice is one call.

    Whoever was spoken with, or left a message, was reached: in the arms of what they were selected for, whichever arm
    that is. A call that nobody answered counts towards the cap alone.

    Args:
        member: Whom it was made to.
        outcome: One of `OUTCOMES`.
        by: Who made it.
        key: Tells this call from others of the member.
        chapter: The member's.
        words: What was said.
        follow_up: On which day somebody is to be in touch again.
        minutes: Staff time that it took.
        noted: Whether it is to be written onto the record in iMIS.
        despite: That *by* knows that the lot left the member out to compare with.
        clock: The time.

    Raises:
        UsageError: There is no such outcome, the day is past or too far off, or the lot left the member out and
            *despite* does not say that this is known.
        NotAllowed: Their role does not let them decide about this member.
    """
    now = clock()
    _require_sound(outcome, follow_up, now.date())
    with transaction.atomic():
        rights.require(by, Act.DECIDE, chapter=chapter)
        # Of two sends of one form the second waits here, and finds the call.
        Identity.objects.select_for_update().filter(member=member).first()
        occasion = f"call:{key}"[:120]
        again = OutreachStep.objects.filter(
            proposal__member=member, proposal__playbook=LOGGED, proposal__occasion=occasion
        ).first()
        if again is not None:
            return again
        compared = left_out_of(member=member, today=now.date())
        if compared and not despite:
            raise UsageError(
                "the lot left this member out, to compare with those who are contacted",
                mend="tick that you know this, and log the call: what was done is told as it was",
            )
        row = _proposal(member, occasion, by, chapter, minutes if outcome == "spoke" else 0, now)
        step = _step(row, outcome, words.strip()[:LONGEST], follow_up, now, noted=noted)
        locking.note(
            "call:member:log", row, by, clock, sealed={"words": step.body} if step.body else None,
            **locking.about(step), outcome=outcome, left_out_of=compared,
            follow_up=follow_up.isoformat() if follow_up else None,
        )  # fmt: skip
        if outcome != "no-answer":
            experiments.touch(member=member, since=now.date() - COMPARED, as_of=now.date(), clock=clock)
        if outcome == "spoke":
            answered = responses.News(member, "replied", "staff", f"{step.reference}:spoke", now, step.pk)
            responses.note(news=answered, by=by, clock=clock)
    return step


def left_out_of(*, member: int, today: dt.date) -> list[str]:
    """What the lot left *member* out of: the holdout, and whatever selected them in the last `COMPARED`."""
    return experiments.left_out(member=member, since=today - COMPARED)


def promises(*, today: dt.date, chapter: str | None = None) -> list[Promise]:
    """Calls to be followed up by *today*, oldest promise first; another logged call since keeps the promise.

    Args:
        today: The day.
        chapter: Of members of this one; None for everyone's.
    """
    since = dt.datetime.combine(today - FARTHEST - COMPARED, dt.time(), dt.UTC)
    steps = OutreachStep.objects.filter(template=LOGGED, done_at__gte=since)
    if chapter is not None:
        steps = steps.filter(proposal__chapter_id=chapter).exclude(proposal__chapter_id="")
    newest: dict[int, Promise] = {}
    for member, details, by in steps.order_by("done_at", "pk").values_list(
        "proposal__member", "details", "proposal__assignee"
    ):
        newest.pop(member, None)
        if on := details.get("follow_up_on"):
            newest[member] = Promise(member, dt.date.fromisoformat(on), by)
    return sorted((one for one in newest.values() if one.on <= today), key=lambda one: (one.on, one.member))


def _require_sound(outcome: str, follow_up: dt.date | None, today: dt.date) -> None:
    if outcome not in OUTCOMES:
        raise UsageError("a call ended in no known way", mend="choose one of the three outcomes")
    if follow_up is not None and not today <= follow_up <= today + FARTHEST:
        raise UsageError("that day cannot be kept", mend="choose a day from today on, within a year")


def _proposal(member: int, occasion: str, by: str, chapter: str, minutes: float, now: dt.datetime) -> Proposal:
    """What stands for a call: nobody proposed or decided it, so it counts among neither."""
    score = CurrentScore.objects.filter(member=member).first()
    known: dict[str, Any] = {"stage": Stage.LAPSED}
    if score is not None:
        known = {
            "stage": Stage.GRACE if score.in_grace else Stage.BEFORE, "band": score.band,
            "risk_score": score.risk_score, "renewal_due_on": score.renewal_due_on, "dues": score.dues,
            "member_type": score.member_type,
        }  # fmt: skip
    return Proposal.objects.create(
        member=member, playbook=LOGGED, playbook_version=0, occasion=occasion, cause="told by whoever called",
        as_of=now.date(), chapter_id=chapter, minutes=minutes, state=Proposal.State.DONE, assignee=by,
        created_at=now, changed_at=now, **known,
    )  # fmt: skip


def _step(
    row: Proposal, outcome: str, words: str, follow_up: dt.date | None, now: dt.datetime, *, noted: bool
) -> OutreachStep:
    details = {"outcome": outcome, **({"follow_up_on": follow_up.isoformat()} if follow_up else {})}
    kind, subject = OutreachStep.Kind.CALLBACK, f"Call: {OUTCOMES[outcome].lower()}"
    digest = content_digest(
        member=row.member, kind=kind, recipient="", subject=subject, body=words, template=LOGGED, details=details
    )
    return OutreachStep.objects.create(
        proposal=row, position=1, kind=kind, template=LOGGED, subject=subject, body=words, details=details,
        first_subject=subject, first_body=words, digest=digest,
        reference=reference_of(row.member, row.playbook, row.occasion, 1), state=OutreachStep.State.DONE, done_at=now,
        log_state=OutreachStep.Log.DUE if noted else OutreachStep.Log.NONE, log_at=now if noted else None,
        changed_at=now,
    )  # fmt: skip
