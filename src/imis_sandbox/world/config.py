"""What a world is made from."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

DAY = 86_400
EPOCH = dt.date(1970, 1, 1)


def day_number(date: dt.date) -> int:
    """Days since 1970-01-01."""
    return (date - EPOCH).days


def date_of(day: int) -> dt.date:
    """The date of a day number."""
    return EPOCH + dt.timedelta(days=int(day))


@dataclass(frozen=True)
class Config:
    """The recipe of a world; the same recipe gives the same world.

    Args:
        members: About how many payers are active today.
        seed: Of every random draw.
        years: Of recorded history before *today*.
        today: The first day that has not happened yet.
        events_per_year: Activity rows per payer and year, about; those of organizations' people count in.
        time_zone: In which the service states its times; the world itself lives in UTC.
    """

    members: int = 3_000
    seed: int = 1
    years: float = 5.0
    today: dt.date = dt.date(2026, 1, 1)
    events_per_year: float = 90.0
    time_zone: str = "UTC"
