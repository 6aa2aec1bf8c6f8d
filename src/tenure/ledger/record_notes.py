"""The note of each message on the member's record in iMIS, and how far it has come.

A note is due when its message is done. It is looked up before it is written, as everything that creates is; one that
was begun and whose answer was lost is looked for only after a while, since it may yet arrive.
"""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from tenure.base.clock import Clock, system_clock
from tenure.ledger import audit
from tenure.ledger.deliveries import BY
from tenure.ledger.lease import Fence, fenced
from tenure.ledger.models import OutreachStep

Log = OutreachStep.Log


def due(limit: int = 100, *, begun_before: dt.datetime) -> list[OutreachStep]:
    """Steps whose note is to be written, longest due first.

    Args:
        limit: At most so many.
        begun_before: Leave out notes that were begun at or after this instant, and not settled.
    """
    open_ = Q(log_state=Log.DUE) | Q(log_state=Log.SENDING, log_at__lt=begun_before)
    return list(OutreachStep.objects.filter(open_).select_related("proposal").order_by("log_at", "id")[:limit])


def mark(
    *,
    step: OutreachStep,
    state: str,
    receipt: str = "",
    by: str = BY,
    clock: Clock = system_clock,
    fence: Fence | None = None,
) -> None:
    """Note that the note of *step* is begun (`sending`), `due` again, written (`done`), or refused (`failed`).

    Raises:
        HeldBack: *fence* says that another worker has taken over.
    """
    with fenced(fence):
        now = clock()
        step.log_state, step.log_at = Log(state), now
        OutreachStep.objects.filter(pk=step.pk).update(log_state=state, log_at=now)
        if state in (Log.DONE, Log.FAILED):
            audit.record(
                f"note:member:{'write' if state == Log.DONE else 'fail'}",
                by=by,
                subject=step.reference,
                clock=clock,
                member=step.proposal.member,
                proposal=step.proposal_id,
                step=step.pk,
                receipt=receipt,
            )
