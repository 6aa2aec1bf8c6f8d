"""When a lapse falls: the shares that lapse before the term's end, and the life table for renewals after the next.

The model says how likely a member is not to renew. When such a member's term ends is nearly always known, since a
lapse is dated by the end of the term; but some resign before it. Together these give the whole curve: p30, p60, p90,
the lapse date and its window cannot contradict one another.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.risk.learners import Floats

HORIZONS = (30, 60, 90)
_FAR = np.array([60, 90, 120, 180, 270, 365])
"""Edges of ranges of days to renewal."""

_STRENGTH = 50.0
_AGES = np.array([1.5, 2.5, 4.5, 8.5])
_CAP_YEARS = 10
_DRAWN = int(np.ceil(_AGES[-1]))
"""Renewals after the next that are drawn one by one: by then the last of the rates is reached, and it goes on. A closed
form says the rest, since ten years hold thousands of terms of a day."""

_NEVER = 10**6
"""Days that stand for later than any cap."""

_FARTHEST = 12 * 100
"""Months beyond any cap."""


@dataclass(frozen=True)
class Timing:
    """What past lapses teach of their timing.

    Args:
        early: Of those who lapsed, the share whose term had ended this many days after the landmark though it was to
            run on, by range of days to renewal; shape (7 ranges, 3 horizons).
        later: Rate of not renewing by member type and renewals behind one, for the renewals after the next.
        later_default: The same for types not seen.
    """

    early: Floats
    later: dict[str, list[float]]
    later_default: list[float]

    def within(self, p: Floats, days_to_renewal: Floats, horizon: int) -> Floats:
        """Probability of a lapse dated on or before so many days from now, for the next renewal alone."""
        share = self.early[np.searchsorted(_FAR, days_to_renewal), HORIZONS.index(horizon)]
        return np.where(days_to_renewal <= horizon, p, p * share)

    def later_rates(self, member_types: list[str], renewals: NDArray[np.int64]) -> Floats:
        """Rates of not renewing at the second and following renewals; the last is that of all after it too.

        Args:
            member_types: Of each member.
            renewals: Behind each, shape (n,).

        Returns:
            Shape (n, 9).
        """
        ages = np.searchsorted(_AGES, renewals[:, None] + 1 + np.arange(1, _DRAWN + 1)[None, :])
        table = np.array([self.later.get(kind, self.later_default) for kind in member_types])
        return np.asarray(np.take_along_axis(table, ages, axis=1))

    def as_json(self) -> dict[str, Any]:
        """For the manifest."""
        return {"early": self.early.tolist(), "later": self.later, "later_default": self.later_default}

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> Timing:
        """Back from the manifest."""
        return cls(np.array(given["early"]), given["later"], given["later_default"])


def early_shares(stood: pl.DataFrame, known: pl.DataFrame) -> Floats:
    """Of past lapses, the shares whose term had ended within so many days of a landmark though it was to run on.

    Args:
        stood: Landmarks, with `as_of`, `ends`.
        known: Their labels, in the same order: `lapsed`, `left_on`.

    Returns:
        Shape (7 ranges of days to renewal, 3 horizons), as `Timing.early`.
    """
    ahead = (stood["ends"] - stood["as_of"]).dt.total_days().to_numpy()
    gone = (known["left_on"] - stood["as_of"]).dt.total_days().fill_null(100_000).to_numpy()
    lapsed = (known["lapsed"].fill_null(0) == 1).to_numpy()
    ranges = np.searchsorted(_FAR, ahead)
    early = np.zeros((_FAR.size + 1, len(HORIZONS)))
    for place, horizon in enumerate(HORIZONS):
        running_on = lapsed & (ahead > horizon)
        overall = (running_on & (gone <= horizon)).sum() / max(running_on.sum(), 1)
        for part in range(_FAR.size + 1):
            here = running_on & (ranges == part)
            early[part, place] = ((here & (gone <= horizon)).sum() + _STRENGTH * overall) / (here.sum() + _STRENGTH)
    return np.asarray(np.maximum.accumulate(early, axis=1))


def learn_timing(stood: pl.DataFrame, known: pl.DataFrame, found: pl.DataFrame) -> Timing:
    """Count how past lapses fell.

    Args:
        stood: Landmarks, with `as_of`, `ends`.
        known: Their labels, in the same order: `lapsed`, `left_on`.
        found: All mature decisions: `member_type`, `terms_in_spell`, `outcome`.
    """
    early = early_shares(stood, known)
    mature = found.filter(pl.col("outcome").is_in(["renewed", "lapsed"]))
    default = _by_age(mature, np.full(_AGES.size + 1, (mature["outcome"] == "lapsed").mean() or 0.15))
    later = {
        str(kind): _by_age(part, np.array(default))
        for (kind,), part in mature.group_by("member_type", maintain_order=True)
    }
    return Timing(early, later, default)


def _by_age(part: pl.DataFrame, toward: Floats) -> list[float]:
    age = np.searchsorted(_AGES, part["terms_in_spell"].to_numpy())
    lapsed = (part["outcome"] == "lapsed").to_numpy()
    n = np.bincount(age, minlength=_AGES.size + 1)
    k = np.bincount(age, weights=lapsed, minlength=_AGES.size + 1)
    return [float(rate) for rate in (k + _STRENGTH * toward) / (n + _STRENGTH)]


@dataclass(frozen=True)
class Ends:
    """When the running term of each member ends, and those after it.

    Terms of whole months follow the calendar: a year from 1 March ends before 1 March, leap year or not. Others are of
    so many days.

    Args:
        as_of: From which days are counted, dates, shape (n,).
        first: Days until the running term ends, shape (n,).
        term: Days of a term after it, at least 1, shape (n,).
        months: Whole months of one; 0 where it is of so many days; shape (n,).
        starts: When the running term started, dates, shape (n,): a term from the 31st goes on from the 31st, where the
            month in between has one day less.
    """

    as_of: NDArray[np.datetime64]
    first: NDArray[np.int64]
    term: NDArray[np.int64]
    months: NDArray[np.int64]
    starts: NDArray[np.datetime64]

    def after(self, terms: Floats | int) -> NDArray[np.int64]:
        """Days until the end of the term that is so many after the running one; a million where that is later still.

        Args:
            terms: Shape (n,), or one for all.
        """
        number = np.minimum(np.broadcast_to(np.asarray(terms, np.float64), self.first.shape), _NEVER).astype(np.int64)
        by_days = np.minimum(self.first + self.term * number, _NEVER)
        begins = self._next_begins()
        month, own = begins.astype("M8[M]"), self.starts - self.starts.astype("M8[M]").astype("M8[D]")
        is_last = (begins + 1).astype("M8[M]") > month
        place = begins - month.astype("M8[D]")
        place = np.where(is_last, np.maximum(place, own), place)
        ahead = month + np.minimum(self.months * number, _FARTHEST)
        # The 31st has no like in each month: the last day stands for it.
        last = (ahead + 1).astype("M8[D]") - np.timedelta64(1, "D")
        day = np.minimum(ahead.astype("M8[D]") + place, last)
        by_months = (day - self.as_of).astype(np.int64) - 1
        far = self.months * number >= _FARTHEST
        return np.asarray(np.where(self.months > 0, np.where(far, _NEVER, by_months), by_days))

    def until(self, days: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many terms after the running one end within so many days, shape (n,); negative before it ends."""
        by_days = (days - self.first) // self.term
        begins = (self.as_of + np.minimum(days, _NEVER)).astype("M8[M]") - self._next_begins().astype("M8[M]")
        guess = begins.astype(np.int64) // np.maximum(self.months, 1)
        # Within a term of it: the day of the month decides.
        near = np.stack([guess - 1, guess, guess + 1])
        ended = np.stack([self.after(number) for number in near]) <= days
        by_months = np.where(ended, near, guess - 2).max(axis=0)
        return np.asarray(np.where(self.months > 0, by_months, by_days))

    def _next_begins(self) -> NDArray[np.datetime64]:
        return np.asarray(self.as_of + (self.first + 1))


@dataclass(frozen=True)
class Curve:
    """Probability of having lapsed by each day that matters.

    Args:
        days: Days from `as_of` at which mass falls, ascending in each row, shape (n, steps). After the last of them
            renewals go on, one at the end of every term.
        lapsed: Probability of a lapse dated by then, same shape.
        ends: When terms end.
        rate: Rate of not renewing at each renewal after the last of *days*, shape (n,).
    """

    days: NDArray[np.int64]
    lapsed: Floats
    ends: Ends
    rate: Floats

    def by(self, horizon: int) -> Floats:
        """Probability of a lapse dated on or before *horizon* days from now."""
        return self._by(np.full(self.rate.size, horizon))

    def before(self, days: NDArray[np.int64]) -> Floats:
        """Probability of a lapse dated before each one's day of *days*, shape (n,)."""
        return self._by(days - 1)

    def _by(self, days: NDArray[np.int64]) -> Floats:
        drawn = np.where(self.days <= days[:, None], self.lapsed, 0.0).max(axis=1)
        further = np.maximum(self.ends.until(days) - _DRAWN, 0)
        staying = (1.0 - self.lapsed[:, -1]) * (1.0 - self.rate) ** further
        return np.asarray(np.where(further > 0, 1.0 - staying, drawn))

    def quantile(self, share: float) -> NDArray[np.int64]:
        """First day by which at least *share* have lapsed, a million where that is later still; `dates` caps it."""
        hit = self.lapsed >= share
        found = np.take_along_axis(self.days, hit.argmax(axis=1)[:, None], axis=1)[:, 0]
        return np.where(hit.any(axis=1), found, self._after(share))

    def _after(self, share: float) -> NDArray[np.int64]:
        """The same among the renewals after the last of `days`."""
        # Away from 0, where nobody ever lapses, and from 1, where all do at once.
        stays = np.log1p(-np.clip(self.rate, 1e-12, 1 - 1e-12))
        staying = np.log(np.maximum(1.0 - self.lapsed[:, -1], 1e-12))
        # A hair less: where so many terms bring exactly the share, rounding must not ask for one more.
        terms = np.maximum(np.ceil((np.log1p(-share) - staying) / stays - 1e-9), 1.0)
        return self.ends.after(terms + _DRAWN)


EARLY = (30, 60, 90, 180, 270, 365)
"""Days from now at which the curve within the running term is drawn."""


def curve(
    timing: Timing,
    p: Floats,
    stood: pl.DataFrame,
    left_by: Floats | None = None,
    term_days: NDArray[np.int64] | None = None,
    term_months: NDArray[np.int64] | None = None,
) -> Curve:
    """The lapse-time curve of each member.

    Args:
        timing: What past lapses teach.
        p: Probability of not renewing at the next renewal, leaving before it included.
        stood: One line each: `as_of`, `ends`, `starts_on`, `member_type`, `terms_in_spell`.
        left_by: Probability of having left by each day of `EARLY` where a hazard knows better than the table, shape
            (n, len(EARLY)); no more than *p* of it counts.
        term_days: Days of a term after the running one (`tenure.membership.later_terms`), at least 1, shape (n,); by
            default as many as the running one has.
        term_months: Whole months of the calendar of such a term, 0 where it is of so many days, shape (n,); by default
            all are of so many days.
    """
    ahead = (stood["ends"] - stood["as_of"]).dt.total_days().to_numpy()
    running = np.maximum((stood["ends"] - stood["starts_on"]).dt.total_days().to_numpy() + 1, 1)
    ends = Ends(
        stood["as_of"].to_numpy().astype("M8[D]"),
        ahead.astype(np.int64),
        (running if term_days is None else term_days).astype(np.int64),
        np.zeros(running.size, np.int64) if term_months is None else term_months.astype(np.int64),
        stood["starts_on"].to_numpy().astype("M8[D]"),
    )
    renewals = stood["terms_in_spell"].to_numpy().astype(np.int64) - 1
    days, lapsed = [], []
    for place, day in enumerate(EARLY):
        if left_by is not None:
            # Cut off, not scaled down: scaling would lower whom the two disagree about and raise nobody.
            share = np.minimum(left_by[:, place], p)
        elif day in HORIZONS:
            share = timing.within(p, ahead, day)
        else:
            continue
        days.append(np.where(ahead > day, day, ahead))
        lapsed.append(np.where(ahead > day, share, 0.0))
    days.append(ahead)
    lapsed.append(p)
    alive = 1.0 - p
    rates = timing.later_rates(stood["member_type"].to_list(), renewals)
    for step in range(_DRAWN):
        alive = alive * (1.0 - rates[:, step])
        days.append(ends.after(step + 1))
        lapsed.append(1.0 - alive)
    order = np.argsort(np.stack(days, 1), axis=1, kind="stable")
    by_day = np.take_along_axis(np.stack(days, 1), order, axis=1)
    rising = np.maximum.accumulate(np.take_along_axis(np.stack(lapsed, 1), order, axis=1), axis=1)
    return Curve(by_day.astype(np.int64), rising, ends, rates[:, -1])


def dates(as_of: dt.date, days: NDArray[np.int64]) -> list[dt.date]:
    """Days from *as_of* as dates, capped at ten years."""
    leap_day = (as_of.month, as_of.day) == (2, 29)
    last = as_of.replace(year=as_of.year + _CAP_YEARS, day=28 if leap_day else as_of.day)
    most = (last - as_of).days
    return [as_of + dt.timedelta(days=int(min(day, most))) for day in days]
