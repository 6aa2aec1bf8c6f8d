"""Forgetting what was proposed, said and answered long ago; what is counted of it stays.

Deleted are proposals that are over, with their steps, words, approvals and responses, and the sealed text beside the
audit log. Kept are the log itself, which says that something was done about a pseudonym, and the arms of control groups
with who was reached, which are figures and hold no word.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any

from django.db.models import Max, QuerySet

from tenure.base.clock import Clock, system_clock
from tenure.ledger import audit
from tenure.ledger.anchors import FORGOTTEN
from tenure.ledger.belonging import belonging_to
from tenure.ledger.lease import Fence, fenced
from tenure.ledger.models import AuditEvent, AuditSeal, OutreachStep, Proposal, Response

_State, _StepState = Proposal.State, OutreachStep.State
_OVER = (_State.DONE, _State.REJECTED, _State.WITHDRAWN, _State.HELD_BACK)
_ON_THE_WAY = (_StepState.DRAFT, _StepState.APPROVED, _StepState.SENDING, _StepState.UNKNOWN)
_AT_ONCE = 200


def forget(*, before: dt.datetime, by: str, clock: Clock = system_clock, fence: Fence | None = None) -> dict[str, int]:
    """Delete what was over *before* an instant; how many rows of which table. Once more deletes nothing.

    A proposal goes as a whole, once nothing of it has changed since: one of which a step waits for somebody stays.

    Args:
        before: Timezone-aware.
        by: Who does it.
        clock: Gives the present instant.
        fence: Of the run.

    Raises:
        HeldBack: *fence* says that another process writes by now.
    """
    gone: Counter[str] = Counter()
    for part in _parts(_over(before)):
        with fenced(fence):
            gone += _delete(Proposal.objects.filter(pk__in=part))
    with fenced(fence):
        loose = Response.objects.filter(step=None, at__lt=before)
        _count(gone, loose.delete()[1])
        until = AuditEvent.objects.filter(at__lt=before).aggregate(last=Max("number"))["last"] or 0
        sealed = AuditSeal.objects.filter(number__lte=until).delete()[0]
        if sealed:
            gone["sealed texts"] = sealed
        counts: dict[str, Any] = dict(gone)
        if counts:
            told = before.isoformat(timespec="seconds")
            audit.record(FORGOTTEN, by=by, clock=clock, until=until, before=told, **counts)
    return dict(gone)


def _over(before: dt.datetime) -> QuerySet[Proposal]:
    """Proposals that were over before then, and of which nothing happened since."""
    waiting = OutreachStep.objects.filter(state__in=_ON_THE_WAY).exclude(proposal__state=_State.HELD_BACK)
    lately = OutreachStep.objects.filter(changed_at__gte=before)
    rows = Proposal.objects.filter(state__in=_OVER, changed_at__lt=before)
    return rows.exclude(steps__in=waiting).exclude(steps__in=lately)


def _delete(rows: QuerySet[Proposal]) -> Counter[str]:
    gone: Counter[str] = Counter()
    _count(gone, Response.objects.filter(step__proposal__in=rows).delete()[1])
    for others in [*belonging_to(rows), rows]:
        _count(gone, others.delete()[1])
    return gone


def _count(gone: Counter[str], deleted: dict[str, int]) -> None:
    for label, count in deleted.items():
        if count:
            gone[label.partition(".")[2]] += count


def _parts(rows: QuerySet[Proposal]) -> Iterator[list[int]]:
    numbers = list(rows.order_by("pk").values_list("pk", flat=True))
    return (numbers[start : start + _AT_ONCE] for start in range(0, len(numbers), _AT_ONCE))
