"""Which night it is, by the association's own clock, and whether it has been done.

A local night begins when the clocks of `association.time_zone` say `night.starts_at`, or by the association's own delay
later where `night.spread_minutes` is set. There is one for each date, also
when that time comes twice, or not at all, as clocks are put back or forward.
"""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tenure.app.house import House
from tenure.base.errors import UsageError
from tenure.base.pseudonym import Pseudonyms


def local_night(house: House, at: dt.datetime) -> dt.date:
    """The date of the local night that the moment *at* belongs to: the last one that has begun.

    Raises:
        UsageError: `association.time_zone` is no time zone.
    """
    name = house.settings.association.time_zone
    try:
        there = at.astimezone(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise UsageError(
            f"`association.time_zone` is `{name}`, which is none", mend='write one such as "America/New_York"'
        ) from error
    moved = there.replace(tzinfo=None) - own_delay(house)
    begun = moved.time() >= house.settings.night.begins
    return moved.date() if begun else moved.date() - dt.timedelta(days=1)


def own_delay(house: House) -> dt.timedelta:
    """By how much this association begins later than `night.starts_at`: its own share of `night.spread_minutes`.

    The share follows from the association's key alone, so that it is the same every night, and no machine need know
    of another.
    """
    span = house.settings.night.spread_minutes
    if not span:
        return dt.timedelta(0)
    share = Pseudonyms.of(house.home).share("night")
    return dt.timedelta(minutes=int(share * span))


def night_due(house: House) -> dt.date | None:
    """The local night that is due now; None when it, or a later one, was done. Missed ones are made up for by it."""
    from tenure.ledger import runs

    night, last = local_night(house, house.clock()), runs.last_local_night()
    return night if last is None or night > last else None
