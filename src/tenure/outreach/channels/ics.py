"""A call in a calendar: a file that any calendar takes up, and takes again when the call is moved.

Titles name nobody, since calendars are shown around; who is to be called stands in iMIS and on the member's page.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

_TITLES = {"callback": "Call a member", "task": "Task about a member"}


def invitation(
    *,
    reference: str,
    kind: str,
    starts: dt.datetime,
    minutes: int,
    time_zone: str,
    changed: dt.datetime,
    made: dt.datetime,
    sequence: int = 0,
    cancelled: bool = False,
) -> bytes:
    """One event as a file.

    Args:
        reference: Of the step. The same reference is the same event, whatever else changes.
        kind: Of the step.
        starts: When, timezone-aware.
        minutes: How long.
        time_zone: In whose time it is written.
        changed: When the step was last changed.
        made: When this file is made.
        sequence: How often the event was changed; a calendar takes the highest.
        cancelled: It does not take place.
    """
    zone = ZoneInfo(time_zone)
    begins = starts.astimezone(zone)
    event = Event()
    event.add("uid", f"{reference}@tenure")
    event.add("sequence", sequence)
    event.add("dtstamp", made.astimezone(dt.UTC))
    event.add("last-modified", changed.astimezone(dt.UTC))
    event.add("dtstart", begins)
    event.add("dtend", (starts + dt.timedelta(minutes=minutes)).astimezone(zone))
    event.add("summary", _TITLES.get(kind, "About a member"))
    event.add("description", f"Step {reference} in Tenure says whom, and why.")
    event.add("class", "PRIVATE")
    event.add("status", "CANCELLED" if cancelled else "CONFIRMED")
    calendar = Calendar()
    calendar.add("prodid", "-//Tenure//Tenure//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "CANCEL" if cancelled else "PUBLISH")
    calendar.add_component(event)
    calendar.add_missing_timezones()
    return bytes(calendar.to_ical())


def at_ten(day: dt.date, time_zone: str) -> dt.datetime:
    """Ten in the morning of the first working day from *day* on: when a call is put into a calendar to begin with."""
    while day.weekday() >= 5:
        day += dt.timedelta(days=1)
    return dt.datetime.combine(day, dt.time(10), tzinfo=ZoneInfo(time_zone))
