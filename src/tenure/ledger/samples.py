"""Samples: a draft as a message to the person of staff who asks for it, and to nobody else."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import Overtaken, UsageError
from tenure.ledger import audit, locking, pausing, rights
from tenure.ledger.deliveries import BY
from tenure.ledger.lease import Fence, fenced
from tenure.ledger.models import OutreachStep, Sample
from tenure.ledger.rights import Act

State = Sample.State
KINDS = (OutreachStep.Kind.EMAIL, OutreachStep.Kind.OFFER, OutreachStep.Kind.SURVEY)
"""Kinds of steps that go to a member as email."""

KEPT = dt.timedelta(days=1)
"""A sample for which no worker came in this time is not sent any more."""

_OPEN = (OutreachStep.State.DRAFT, OutreachStep.State.APPROVED)


def ask(*, step: int, by: str, clock: Clock = system_clock) -> Sample:
    """Ask for a sample of a draft; while one is on its way to the same person, that one is given.

    Raises:
        UsageError: The account has no address, or the step is no email.
        Overtaken: The step is no draft any more, or all sending is paused.
        NotAllowed: Their role does not include deciding about the member.
    """
    with transaction.atomic():
        proposal, steps = locking.one_of_step(step)
        person = rights.require(by, Act.DECIDE, chapter=proposal.chapter_id)
        row = next(each for each in steps if each.pk == step)
        _require_sendable(row, person.email)
        standing = Sample.objects.filter(step=row, asked_by=by, state=State.WAITING, asked_at__gt=clock() - KEPT)
        if (waiting := standing.first()) is not None:
            return waiting
        made = Sample.objects.create(step=row, asked_by=by, asked_at=clock())
        locking.note("step:member:sample", proposal, by, clock, **locking.about(row), sample=made.pk)
    return made


def waiting(now: dt.datetime, limit: int = 20) -> list[Sample]:
    """Samples to be sent now, the first asked for first; none while sending is paused."""
    if pausing.current() is not None:
        return []
    rows = Sample.objects.filter(state=State.WAITING, asked_at__gt=now - KEPT).select_related("step__proposal")
    return list(rows.order_by("pk")[:limit])


def take(*, sample: Sample, clock: Clock = system_clock, fence: Fence | None = None) -> bool:
    """Take a sample in hand, which counts as sent from now on; False when somebody else did.

    Raises:
        HeldBack: *fence* says that another worker has taken over.
    """
    with fenced(fence):
        mine = Sample.objects.filter(pk=sample.pk, state=State.WAITING)
        return bool(mine.update(state=State.SENT, ended_at=clock()))


def fail(*, sample: Sample, why: str) -> None:
    """Note that a sample that was taken in hand did not leave."""
    Sample.objects.filter(pk=sample.pk).update(state=State.FAILED, trouble=why[:200])


def newest(*, steps: list[int], by: str) -> dict[int, Sample]:
    """By step: the last sample that *by* asked for."""
    return {row.step_id: row for row in Sample.objects.filter(step__in=steps, asked_by=by).order_by("pk")}


def _require_sendable(row: OutreachStep, address: str) -> None:
    if row.kind not in KINDS:
        raise UsageError("only a message that goes as email can be sent to you", mend="open its preview instead")
    if row.state not in _OPEN:
        raise Overtaken("it is no draft any more", mend="load the list again", at=row.changed_at)
    if pausing.current() is not None:
        raise Overtaken("all sending is paused", mend="open the preview instead, or wait until it is resumed")
    if not address:
        raise UsageError(
            "your account has no address to which a test could go",
            mend="ask an administrator to give it one: `tenure staff set-email`",
        )


def audit_act(*, sample: Sample, to: str, clock: Clock = system_clock) -> str:
    """Write down, before it leaves, that a message goes to a person of staff; gives its reference."""
    reference = f"notice:sample-{sample.pk}:{to}"
    audit.record("notice:staff:send", by=BY, subject=reference, clock=clock, step=sample.step_id)
    return reference
