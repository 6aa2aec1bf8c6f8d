"""Renewal classes: members whose terms end in the same month, and how many had renewed by each day around its end."""

from __future__ import annotations

import datetime as dt
from calendar import monthrange
from dataclasses import dataclass

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


def class_of(found: pl.DataFrame, ends: dt.date) -> pl.DataFrame:
    """Those of *found* (as `tenure.membership.decisions` returns) whose terms end in the month whose last day is
    *ends*. Death, merger and transfer are in no class."""
    within = pl.col("ends_on").is_between(ends.replace(day=1), ends)
    return found.filter(within & pl.col("outcome").is_in(list(_IN_CLASS)))


def renewed_by_day(members: pl.DataFrame) -> NDArray[np.int64]:
    """How many of a class were on record as renewed by the end of each day.

    A renewal counts from the day on which it was recorded, whenever it was paid: that day's reader saw it first.

    Args:
        members: As `class_of` returns, of one month.

    Returns:
        Members, shape (n_days,), from `FIRST_DAY` to `LAST_DAY`; never falling.
    """
    known = members.filter(pl.col("renewal_known_at").is_not_null())
    last = pl.col("ends_on").dt.month_end()
    after = known.select((pl.col("renewal_known_at").dt.date() - last).dt.total_days()).to_series()
    place = after.clip(FIRST_DAY, LAST_DAY + 1).to_numpy() - FIRST_DAY
    counts: NDArray[np.int64] = np.bincount(place, minlength=LAST_DAY - FIRST_DAY + 2)
    return np.cumsum(counts[: LAST_DAY - FIRST_DAY + 1])


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
        later: After *day*: what became of the class of the year before since, and of how many.
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


def renewal_class(now: pl.DataFrame, before: pl.DataFrame, *, ends: dt.date, as_of: dt.date) -> RenewalClass:
    """The class that *ends* with a month, on *as_of*, beside that of the year before.

    Args:
        now: Decisions as known on *as_of*.
        before: Decisions as known a year before it.
        ends: Last day of the month.
        as_of: The day, at its start: the day before it is the last on record.
    """
    ends_before = end_of_month(ends, -12)
    day = (as_of - ends).days - 1
    mine, last, since = class_of(now, ends), class_of(before, ends_before), class_of(now, ends_before)
    shown = max(0, min(LAST_DAY, day) - FIRST_DAY + 1)
    days, days_before, days_since = (renewed_by_day(one) for one in (mine, last, since))
    first = (pl.col("terms_in_spell") == 1) & (pl.col("spell") == 0)
    return RenewalClass(
        ends,
        day,
        *_counts(mine),
        *_counts(last),
        (*_counts(mine.filter(first)), *_counts(last.filter(first))),
        tuple(days[:shown].tolist()),
        tuple(days_before[:shown].tolist()),
        tuple(days_since[shown:].tolist()),
        len(since),
    )


def _counts(members: pl.DataFrame) -> tuple[int, int]:
    return len(members), int(members["renewal_known_at"].is_not_null().sum())
