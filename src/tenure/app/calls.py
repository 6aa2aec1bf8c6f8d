"""Calls: a task in iMIS, and an entry in the calendar of whoever is to make them, where an address is known."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from tenure.app.house import House
from tenure.outreach.channels.ics import at_ten, invitation
from tenure.outreach.channels.parcel import Handing, Parcel

if TYPE_CHECKING:
    from tenure.app.letters import Mailing
    from tenure.writeback.activities import Activities


class Calls:
    """The channel of `callback` steps.

    The task in iMIS is the step. The entry is a convenience: it is sent after the task was made, and not a second time
    when that is not known.

    Args:
        house: The association's.
        activities: Makes the task.
        mailing: Writes to staff, where there is mail.
    """

    looks_up = True

    def __init__(self, house: House, activities: Activities, mailing: Mailing | None) -> None:
        self._house, self._activities, self._mailing = house, activities, mailing

    def ready(self) -> None:
        """As for a task."""
        self._activities.ready()

    def look(self, parcel: Parcel) -> str | None:
        """The number of the task, or None."""
        return self._activities.look(parcel)

    def send(self, parcel: Parcel, handing: Handing) -> str:
        """Make the task, then send the calendar entry; errors are those of the task alone."""
        receipt = self._activities.send(parcel, handing)
        if self._mailing is not None:
            name = str(parcel.recipient or parcel.details.get("assignee") or "")
            words = "A call about a member waits for you in iMIS; the file attached puts it into your calendar.\n"
            self._mailing.to_staff(
                name, f"call:{parcel.reference}", "A call about a member", words, calendar=self.entry(parcel)
            )
        return receipt

    def entry(self, parcel: Parcel) -> bytes:
        """The calendar entry of a call."""
        zone = self._house.settings.association.time_zone
        days = int(parcel.details.get("due_days") or self._house.settings.tasks.due_days)
        day = parcel.at.astimezone(dt.UTC).date() + dt.timedelta(days=days)
        return invitation(
            reference=parcel.reference,
            kind=parcel.kind,
            starts=at_ten(day, zone),
            minutes=int(parcel.details.get("length_minutes") or 15),
            time_zone=zone,
            changed=parcel.at,
            made=parcel.at,
        )
