"""Writing onto the member's record in iMIS what was said, and reading there which tasks were done."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tenure.app.carrying import Carrier
from tenure.outreach.channels.parcel import Parcel, Refused, Unsure

if TYPE_CHECKING:
    from tenure.ledger.models import OutreachStep
    from tenure.writeback.activities import Activities

_SAID = {
    "email": "Email",
    "sms": "Text message",
    "in_app": "In-app message",
    "offer": "Offer by email",
    "survey": "Question by email",
}
_AT_ONCE = 50


def note_of(parcel: Parcel) -> Parcel:
    """The note of a message: that it was sent, by which channel, with what in it, under a reference of its own.

    Of a call that staff logged, the call itself: nothing of it is in iMIS yet.
    """
    if parcel.kind == "callback":
        return replace(parcel, kind="called")
    said = _SAID.get(parcel.kind, parcel.kind)
    subject = f"{said}: {parcel.subject}" if parcel.subject else said
    return replace(parcel, kind="note", reference=f"{parcel.reference}:note", recipient="", subject=subject)


def write_notes(carrier: Carrier, activities: Activities) -> None:
    """Write the notes that are due.

    Raises:
        NotTaken: iMIS does not answer; the notes stay due.
        HeldBack: Another worker has taken over.
    """
    from tenure.ledger import record_notes

    begun_before = carrier.clock() - carrier.look_after
    for step in record_notes.due(_AT_ONCE, begun_before=begun_before):
        _write(carrier, activities, step)


def _write(carrier: Carrier, activities: Activities, step: Any) -> None:
    from tenure.ledger import record_notes

    def mark(state: str, receipt: str = "") -> None:
        record_notes.mark(step=step, state=state, receipt=receipt, clock=carrier.clock, fence=carrier.fence)
        if state != "sending":
            carrier.tally[f"note {state}"] += 1

    parcel = replace(note_of(carrier.wrap(step)), at=step.done_at)
    try:
        receipt = activities.send(parcel, lambda: mark("sending"))
    except Unsure:
        return  # It stays begun, and is looked for before it is written again.
    except Refused:
        mark("failed")
    else:
        mark("done", receipt)


def tasks_to_look_at(now: dt.datetime, limit: int) -> list[OutreachStep]:
    """Tasks and calls that were put into iMIS in the last 90 days and are not known to be done.

    Where there are more than *limit*, each has its turn as the days go by.
    """
    from tenure.ledger.models import OutreachStep, Response

    since = now - dt.timedelta(days=90)
    steps = OutreachStep.objects.filter(kind__in=("task", "callback"), state="done", done_at__gte=since)
    steps = steps.exclude(receipt="").exclude(pk__in=Response.objects.filter(kind="completed").values("step"))
    waiting = list(steps.order_by("id").values_list("pk", flat=True))
    first = now.toordinal() * limit % max(len(waiting), 1)
    turn = (waiting[first:] + waiting[:first])[:limit]
    return list(OutreachStep.objects.filter(pk__in=turn).select_related("proposal").order_by("id"))
