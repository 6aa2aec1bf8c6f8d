"""Renewal classes: members whose terms end in the same month, and how many had renewed by each day around its end."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.membership.outcomes import LAPSED, PENDING, RENEWED

FIRST_DAY, LAST_DAY = -90, 60
"""The days that are told, counted from the last one of the month; before the first counts on it."""

_IN_CLASS = (RENEWED, LAPSED, PENDING)


def end_of_month(day: dt.date, months: int = 0) -> dt.date:
    """The last day of the month of *day*, or of one so many *months* after it."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, monthrange(year, month + 1)[1])


class _Members(NamedTuple):
    """A class as columns: the day on which each renewal was on record, past `LAST_DAY` for none, and first terms."""

    day: NDArray[np.int64]
    known: NDArray[np.bool_]
    first: NDArray[np.bool_]

    def of(self, here: NDArray[np.bool_]) -> _Members:
        return _Members(self.day[here], self.known[here], self.first[here])

    @property
    def counts(self) -> tuple[int, int]:
        """How many, and of them on record as renewed."""
        return self.known.size, int(self.known.sum())


def _renewed_by_day(members: _Members) -> list[int]:
    """How many were on record as renewed by the end of each day from `FIRST_DAY` to `LAST_DAY`.

    A renewal counts from the day on which it was recorded, whenever it was paid: that day's reader saw it first.
    """
    place = members.day[members.known].clip(FIRST_DAY, LAST_DAY + 1) - FIRST_DAY
    counts = np.bincount(place, minlength=LAST_DAY - FIRST_DAY + 2)
    return [int(count) for count in np.cumsum(counts[: LAST_DAY - FIRST_DAY + 1])]


@dataclass(frozen=True)
class RenewalClass:
    """One class and that of the year before, each as it stood on the same day of its year.

    Args:
        ends: Last day of the month in which the terms end.
        day: How many days after *ends* the last day on record lies; negative before it.
        due: Members of the class.
        renewed: Of them, on record as renewed.
        due_before: Members of the class of the year before, as known then.
        renewed_before: Of them, on record as renewed by the same day.
        first: `due`, `renewed`, `due_before`, `renewed_before` of those who were in the first term of all.
        by_day: Renewed by the end of each day up to *day*.
        by_day_before: The same of the year before: up to *day* as it stood then.
        later: After *day*: what became of the class of the year before since.
        later_due: Of how many.
    """

    ends: dt.date
    day: int
    due: int
    renewed: int
    due_before: int
    renewed_before: int
    first: tuple[int, int, int, int]
    by_day: tuple[int, ...]
    by_day_before: tuple[int, ...]
    later: tuple[int, ...]
    later_due: int


def renewal_classes(
    now: pl.DataFrame, before: pl.DataFrame, *, ends: Sequence[dt.date], as_of: dt.date
) -> list[RenewalClass]:
    """The classes that end with some months, on *as_of*, each beside that of the year before.

    Args:
        now: Decisions as known on *as_of*.
        before: Decisions as known a year before it.
        ends: Last day of each month.
        as_of: The day, at its start: the day before it is the last on record.
    """
    earlier = [end_of_month(end, -12) for end in ends]
    mine, last = _by_month(now, [*ends, *earlier]), _by_month(before, earlier)
    return [_told(mine[end], last[then], mine[then], end, as_of) for end, then in zip(ends, earlier, strict=True)]


def _by_month(found: pl.DataFrame, ends: Sequence[dt.date]) -> dict[dt.date, _Members]:
    """The members of each class; of all of them in one look, since there are many classes and few members in most."""
    within = pl.col("ends_on").is_between(min(ends).replace(day=1), max(ends))
    last = pl.col("ends_on").dt.month_end()
    columns = found.filter(within & pl.col("outcome").is_in(list(_IN_CLASS))).select(
        month=last,
        day=(pl.col("renewal_known_at").dt.date() - last).dt.total_days().fill_null(LAST_DAY + 1),
        known=pl.col("renewal_known_at").is_not_null(),
        first=(pl.col("terms_in_spell") == 1) & (pl.col("spell") == 0),
    )
    month, *rest = (columns[name].to_numpy() for name in columns.columns)
    everyone = _Members(*rest)
    return {end: everyone.of(month == np.datetime64(end)) for end in ends}


def _told(mine: _Members, last: _Members, since: _Members, ends: dt.date, as_of: dt.date) -> RenewalClass:
    day = (as_of - ends).days - 1
    shown = max(0, min(LAST_DAY, day) - FIRST_DAY + 1)
    days, days_before, days_since = (_renewed_by_day(one) for one in (mine, last, since))
    return RenewalClass(
        ends,
        day,
        *mine.counts,
        *last.counts,
        (*mine.of(mine.first).counts, *last.of(last.first).counts),
        tuple(days[:shown]),
        tuple(days_before[:shown]),
        tuple(days_since[shown:]),
        since.known.size,
    )
