"""Approvals that a standing permission gives: only where an administrator allowed each step of a proposal by itself."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from tenure.base.clock import Clock, system_clock
from tenure.ledger import locking, rollout
from tenure.ledger.locking import State, StepState, note
from tenure.ledger.models import Approval, AutoSend, OutreachStep, Proposal


def release(*, as_of: dt.date, clock: Clock = system_clock) -> int:
    """Approve what permissions cover among the open proposals of the night *as_of*; gives how many.

    A proposal with a step that is not covered, one of top value, and all beyond a daily cap wait for a person.
    """
    if not rollout.auto_sends(today=clock().date()):
        return 0
    waiting = Proposal.objects.filter(as_of=as_of, state=State.OPEN, is_top_value=False).order_by("id")
    return sum(_release(pk, clock) for pk in list(waiting.values_list("pk", flat=True)))


def _release(pk: int, clock: Clock) -> bool:
    now = clock()
    with transaction.atomic():
        row, steps = locking.one(pk)
        drafts = [step for step in steps if step.state == StepState.DRAFT]
        if row.state != State.OPEN or not drafts or locking.standing(drafts):
            return False
        found = [_permission(row, step, now.date()) for step in drafts]
        permits = [permit for permit in found if permit is not None]
        if len(permits) < len(drafts) or any(step.digest != step.content_digest() for step in drafts):
            return False
        for step, permit in zip(drafts, permits, strict=True):
            rule = rollout.auto_send_rule(permit)
            Approval.objects.create(step=step, digest=step.digest, at=now, by=permit.by, rule=rule)
            step.state, step.leaves_at = StepState.APPROVED, now + dt.timedelta(days=step.wait_days)
            step.changed_at = now
            step.save(update_fields=["state", "leaves_at", "changed_at"])
            note("proposal:member:approve", row, permit.by, lambda: now, **locking.about(step), rule=rule)
        locking.move(row, State.APPROVED, lambda: now, by=permits[0].by)
    return True


def _permission(row: Proposal, step: OutreachStep, today: dt.date) -> AutoSend | None:
    if step.edited_by:
        return None
    return rollout.auto_send_for(template=step.template, band=row.band, is_top_value=row.is_top_value, today=today)
