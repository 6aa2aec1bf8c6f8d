"""A record that has stopped: renewals after its end are not in it, so a night that went on would learn and score
members as lapsed who may have renewed. It is held back before it does."""

from __future__ import annotations

import datetime as dt
import itertools
from dataclasses import dataclass

import polars as pl

from tenure.app.house import House
from tenure.base.errors import HeldBack
from tenure.membership import LAPSED, RENEWED, decisions

STEP = "record"

LONG = 30
"""Days without a record up to which nothing is made of it."""

_TIMES = 1.25
"""A silence of so many times the longest pause on record is beyond what is usual: where all terms end on one day of the
year, a record of terms is quiet for eleven months."""

_LOOK_BACK = dt.timedelta(days=400)
"""A year and a month: long enough for the pause of every year, and no longer, since a record that was thin once may
have become dense."""

_CHANCE = 1e-6


@dataclass(frozen=True)
class Standstill:
    """A record that stopped.

    Args:
        as_of: The night.
        newest: The day of the newest record of what has stopped.
        words: What is so.
        mend: What to do.
    """

    as_of: dt.date
    newest: dt.date
    words: str
    mend: str


def warning(house: House, as_of: dt.date) -> str:
    """How far the record goes, for the top of what is told of *as_of*; empty where it goes on to about that day."""
    newest = house.lake.newest_record(as_of)
    if newest is None or (as_of - newest).days <= LONG:
        return ""
    return (
        f"The record ends on {newest}, {(as_of - newest).days} days before {as_of}; nothing that happened since is in "
        f"this. `--as-of {newest + dt.timedelta(days=1)}` tells of the record as it stood then."
    )


def found(house: House, as_of: dt.date) -> Standstill | None:
    """How the record stopped long before *as_of*: as a whole, or that of terms alone; None where it goes on."""
    newest = house.lake.newest_record(as_of)
    if newest is None:
        return None
    if _is_silent(house, newest, as_of):
        return Standstill(
            as_of,
            newest,
            f"nothing of any kind was recorded in the {(as_of - newest).days} days before {as_of}: the newest record "
            f"is of {newest}, and who has renewed since would count as lapsed",
            "see whether exports are still made, or the site's records still change, and run again; "
            f"`--as-of {newest + dt.timedelta(days=1)}` takes the record as it stood then",
        )
    return _of_terms(house, as_of)


def _of_terms(house: House, as_of: dt.date) -> Standstill | None:
    """Terms that stopped while all else goes on: told where renewals came due since, and so many of them look lapsed as
    the lapse rate of before does not explain."""
    newest = house.lake.newest_record(as_of, of_terms=True)
    if newest is None or not _is_silent(house, newest, as_of, of_terms=True):
        return None
    from scipy.special import bdtrc

    # Who could still pay when the record stopped, against all who were decided before.
    could_pay = pl.col("ends_on") + pl.duration(days=pl.col("grace")) >= newest
    lake = house.lake
    rows = decisions(lake.terms(), lake.members_and_absences(), house.settings.membership, as_of=as_of).filter(
        pl.col("outcome").is_in([LAPSED, RENEWED])
    )
    lapsed = pl.col("outcome") == LAPSED
    since, before = rows.filter(could_pay), rows.filter(~could_pay)
    now, earlier = since.filter(lapsed).height, before.filter(lapsed).height
    usual = (earlier + 1) / (before.height + 2)
    if bdtrc(now - 1, since.height, usual) >= _CHANCE:
        return None
    return Standstill(
        as_of,
        newest,
        f"no term was recorded in the {(as_of - newest).days} days before {as_of}, the last on {newest}, and {now:,} "
        f"of the {since.height:,} renewals that came due around then and since would count as lapses, where "
        f"{100 * usual:.0f} in 100 are usual",
        "see whether the query or export of terms still gives what is new, and run again; "
        f"`--as-of {newest + dt.timedelta(days=1)}` takes the record as it stood then, and where it is right, "
        "`tenure run --despite-drift --by NAME` goes on",
    )


def gate(house: House, stopped: Standstill, *, despite: str) -> None:
    """Hold a night back whose record *stopped*, unless *despite* names who has looked; the audit log keeps who it was.

    Raises:
        HeldBack: Nobody has looked.
    """
    if not despite:
        raise HeldBack(stopped.words, mend=stopped.mend)
    from tenure.ledger import audit

    audit.record(
        "record:gate:release",
        by=despite,
        subject=str(stopped.as_of),
        clock=house.clock,
        newest=stopped.newest.isoformat(),
    )


def _is_silent(house: House, newest: dt.date, as_of: dt.date, *, of_terms: bool = False) -> bool:
    """Whether the record, or that of terms, was silent since *newest* for more than `LONG` days, and for longer than is
    usual there."""
    silence = (as_of - newest).days
    if silence <= LONG:
        return False
    days = house.lake.days_recorded(newest - _LOOK_BACK, as_of, of_terms=of_terms)
    longest = max(((b - a).days for a, b in itertools.pairwise(days)), default=0)
    return silence > _TIMES * longest
