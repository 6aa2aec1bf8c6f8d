"""The chance of leaving within each stretch of days, for those who are still there when it begins.

A row (a member on a day) becomes one row for each interval after the day at whose start the member was still there
and whose end was seen; one booster learns from all of them, or a regularized logistic model, or both together. What
tells the intervals apart is how far ahead the renewal lies when each begins: lapses crowd there. From the rates of the
intervals comes one curve, so that a later horizon can never show less than an earlier one, and an interval that was
seen in part only (a recent member's) is left out rather than read as staying.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tenure.risk.learners import (
    BoosterPlan,
    Columns,
    Floats,
    Learner,
    Logistic,
    best_growth,
    fit_booster,
    fit_logistic,
    sigmoid,
)

EDGES = (0, 30, 60, 90, 180, 365)
"""Days after the row's day at which intervals begin and end."""

_AT_ONCE = 50_000

_STRAIGHT = (0, 0, 0)
"""The columns that an interval adds may point either way."""


@dataclass(frozen=True)
class Seen:
    """What became of rows, counted in days after each row's day.

    Args:
        left: Day on which the member left; infinite where none is known. Shape (n_rows,).
        until: Last day of which it is known whether the member had left, same shape.
        ahead: Day of the renewal, same shape; negative when it is past.
        ends: Day at which departures of this kind cease to be asked about; infinite where they never do.
    """

    left: Floats
    until: Floats
    ahead: Floats
    ends: Floats

    def take(self, pick: NDArray[np.bool_]) -> Seen:
        """The rows that *pick* marks."""
        return Seen(self.left[pick], self.until[pick], self.ahead[pick], self.ends[pick])


@dataclass(frozen=True)
class Periods:
    """One line per row and interval.

    Args:
        row: Which row, shape (n_lines,).
        interval: Which interval, same shape.
        left: Whether the member left in it, 0 or 1.
    """

    row: NDArray[np.int64]
    interval: NDArray[np.int64]
    left: Floats

    @classmethod
    def of(cls, seen: Seen, edges: tuple[int, ...] = EDGES) -> Periods:
        """The intervals that teach: begun with the member there, and seen to their end or to the member's."""
        rows, intervals, gone = [], [], []
        for place, (begin, end) in enumerate(pairwise(edges)):
            here = (seen.left > begin) & (seen.ends > begin)
            within = (seen.left <= end) & (seen.left <= seen.until)
            known = here & (within | (seen.until >= np.minimum(end, seen.ends)))
            rows.append(np.flatnonzero(known))
            intervals.append(np.full(int(known.sum()), place))
            gone.append(within[known])
        return cls(np.concatenate(rows), np.concatenate(intervals), np.concatenate(gone).astype(np.float64))

    def thinned(self, share: float, rng: np.random.Generator) -> tuple[Periods, Floats]:
        """All lines in which somebody left and a *share* of the others, with what each stands for."""
        kept = (self.left > 0) | (rng.random(self.row.size) < share)
        weight = np.where(self.left[kept] > 0, 1.0, 1.0 / share)
        return Periods(self.row[kept], self.interval[kept], self.left[kept]), weight


@dataclass(frozen=True)
class Hazard:
    """A learner over rows and intervals.

    Args:
        edges: Days at which intervals begin and end.
        learner: Gives the log-odds of leaving within an interval.
    """

    edges: tuple[int, ...]
    learner: Learner

    def rates(self, x: Columns, ahead: Floats, ends: Floats) -> Floats:
        """Chance of leaving within each interval for those who are there at its start, shape (n_rows, n_intervals)."""
        n, count = len(x), len(self.edges) - 1
        answer = np.zeros((n, count))
        for place in range(count):
            asked = np.flatnonzero(ends > self.edges[place])
            lines = _columns(x, self.edges, np.full(asked.size, place), ahead, ends, asked)
            answer[asked, place] = sigmoid(self.learner.margin(lines))
        return answer

    def left_by(self, x: Columns, ahead: Floats, ends: Floats, days: tuple[float, ...]) -> Floats:
        """Chance of having left by each of *days*, shape (n_rows, len(days)); never falling along a row."""
        return left_by(self.rates(x, ahead, ends), self.edges, ends, days)


def left_by(rates: Floats, edges: tuple[int, ...], ends: Floats, days: tuple[float, ...]) -> Floats:
    """The curve of *rates* at each of *days*; within an interval the rate is the same every day, and none after it."""
    answer = np.empty((len(rates), len(days)))
    for place, day in enumerate(days):
        staying = np.zeros(len(rates))
        for interval, (begin, end) in enumerate(pairwise(edges)):
            length = np.maximum(np.minimum(end, ends) - begin, 1.0)
            lived = np.clip((np.minimum(day, ends) - begin) / length, 0.0, 1.0)
            staying += lived * np.log1p(-np.minimum(rates[:, interval], 1 - 1e-9))
        answer[:, place] = -np.expm1(staying)
    return answer


def fit_hazard(
    x: Columns,
    seen: Seen,
    groups: NDArray[np.int64],
    *,
    plan: BoosterPlan,
    edges: tuple[int, ...] = EDGES,
    most_lines: int = 400_000,
    weight: Floats | None = None,
) -> Hazard:
    """Learn the rates by a booster.

    Args:
        x: Columns on each row's day, shape (n_rows, n_columns).
        seen: What became of each row.
        groups: Whose each row is; the number of trees is sought on groups held out.
        plan: How the booster is grown; its directions are those of the columns of *x*.
        edges: Days at which intervals begin and end.
        most_lines: Lines to learn from, about; beyond it lines in which nobody left are thinned and weigh more.
        weight: How often each row counts.
    """
    periods = Periods.of(seen, edges)
    share = min(1.0, most_lines / max(1, periods.row.size))
    periods, often = periods.thinned(share, np.random.default_rng(plan.seed))
    often = often if weight is None else often * weight[periods.row]
    lines = _lines(x, seen, periods, edges)
    grown, rounds = best_growth(lines, periods.left, groups[periods.row], plan=plan.widened(_STRAIGHT), weight=often)
    return Hazard(edges, fit_booster(lines, periods.left, rounds=rounds, plan=grown, weight=often))


def fit_straight(
    x: Columns,
    seen: Seen,
    groups: NDArray[np.int64],
    *,
    seed: int,
    edges: tuple[int, ...] = EDGES,
    most_lines: int = 40_000,
    weight: Floats | None = None,
) -> Logistic:
    """Learn the rates by a regularized logistic model, to be blended with a booster; arguments as of `fit_hazard`."""
    periods = Periods.of(seen, edges)
    gone = int(periods.left.sum())
    share = float(np.clip((most_lines - gone) / max(1, periods.row.size - gone), 0.02, 1.0))
    periods, often = periods.thinned(share, np.random.default_rng(seed))
    often = often if weight is None else often * weight[periods.row]
    lines = _lines(x, seen, periods, edges)
    return fit_logistic(lines, periods.left, groups[periods.row], seed=seed, most_rows=2 * most_lines, weight=often)


def _lines(x: Columns, seen: Seen, periods: Periods, edges: tuple[int, ...]) -> NDArray[np.float32]:
    return _columns(x, edges, periods.interval, seen.ahead, seen.ends, periods.row)


def _columns(
    x: Columns,
    edges: tuple[int, ...],
    interval: NDArray[np.int64],
    ahead: Floats,
    ends: Floats,
    row: NDArray[np.int64],
) -> NDArray[np.float32]:
    """Each *row* of *x* with what an interval adds: which it is, how far ahead the renewal lies at its start, how long.

    There may be several hundred thousand, so they are written once, where they stay, with no second copy beside.
    """
    begin, end = np.array(edges[:-1])[interval], np.array(edges[1:])[interval]
    lines = np.empty((row.size, x.shape[1] + 3), np.float32)
    for first in range(0, row.size, _AT_ONCE):
        some = slice(first, first + _AT_ONCE)
        lines[some, :-3] = x[row[some]]
    lines[:, -3], lines[:, -2], lines[:, -1] = interval, ahead[row] - begin, np.minimum(end, ends[row]) - begin
    return lines
