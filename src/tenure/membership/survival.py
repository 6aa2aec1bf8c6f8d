"""How long members stay: the share still there by length of membership, with an interval, by join cohort."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.membership.outcomes import LAPSED

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """A retention curve: a step at each day on which anybody lapsed.

    Args:
        days: Length of membership in days, ascending, shape (n_steps,).
        stayed: Share still there after that day, same shape.
        low: Lower end of the interval, same shape.
        high: Upper end, same shape.
        at_risk: Members there just before that day, same shape.
        lapsed: How many lapsed on it, same shape.
    """

    days: NDArray[np.int64]
    stayed: Floats
    low: Floats
    high: Floats
    at_risk: NDArray[np.int64]
    lapsed: NDArray[np.int64]

    def at(self, day: int) -> float:
        """The share still there after *day* days."""
        step = int(np.searchsorted(self.days, day, side="right"))
        return float(self.stayed[step - 1]) if step else 1.0

    def ranges_at(self, days: NDArray[np.int64]) -> Floats:
        """The share still there after each of *days*, shape (n_days,), with its range: shape (n_days, 3)."""
        lines = np.stack([self.stayed, self.low, self.high], axis=1)
        return np.vstack([np.ones((1, 3)), lines])[np.searchsorted(self.days, days, side="right")]


def retention_curve(
    length: NDArray[np.int64],
    lapsed: NDArray[np.bool_],
    seen_from: NDArray[np.int64] | None = None,
    *,
    confidence: float = 0.90,
) -> Curve:
    """The Kaplan-Meier curve, with Greenwood's variance and an interval on the log-log scale.

    Args:
        length: Days of membership until the lapse, or until which the member was last seen to stay, shape (n,).
        lapsed: Whether it ended in a lapse, shape (n,).
        seen_from: Day of membership from which the record follows each member; 0 by default. Who joined long before
            the record began is counted from then on, and does not make the first years look safe.
        confidence: Of the interval.
    """
    entered = np.zeros_like(length) if seen_from is None else seen_from
    days, counts = np.unique(length[lapsed], return_counts=True)
    exits, entries = np.sort(length), np.sort(entered)
    at_risk = np.searchsorted(entries, days, side="left") - np.searchsorted(exits, days, side="left")
    share = 1 - counts / np.maximum(at_risk, 1)
    stayed = np.cumprod(share)
    low, high = _interval(stayed, counts, at_risk, confidence)
    return Curve(days.astype(np.int64), stayed, low, high, at_risk.astype(np.int64), counts.astype(np.int64))


def _interval(
    stayed: Floats, lapsed: NDArray[np.int64], at_risk: NDArray[np.int64], confidence: float
) -> tuple[Floats, Floats]:
    """Exponents of the share itself, so that both ends stay within 0 and 1; all of it where nobody is left."""
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    left = at_risk - lapsed
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(np.where(left > 0, lapsed / (at_risk * np.maximum(left, 1)), np.inf))
        reach = np.exp(z * np.sqrt(greenwood) / np.abs(np.log(stayed)))
        low, high = stayed**reach, stayed ** (1 / reach)
    inside = (stayed > 0) & (stayed < 1)
    return np.where(inside, low, stayed), np.where(inside, high, stayed)


def cohort_curves(
    spans: pl.DataFrame, *, as_of: dt.date, recorded_from: dt.date, confidence: float = 0.90
) -> dict[int, Curve]:
    """A curve for each year in which spells began, and one of all as year 0.

    Death, merger and transfer end a spell without a lapse: the member stayed as long as could be seen.

    Args:
        spans: As `tenure.membership.spells.spells` returns.
        as_of: The day on which they were read.
        recorded_from: First day from which every lapse is on record; spells that began before it are followed from
            it on, and those that had ended by then are left out.
        confidence: Of the intervals.
    """
    seen = spans.filter((pl.col("began") < as_of) & (pl.col("ends") >= recorded_from))
    day = pl.min_horizontal("ends", pl.lit(as_of - dt.timedelta(days=1)))
    table = seen.select(
        year=pl.col("began").dt.year(),
        length=(day - pl.col("began")).dt.total_days() + 1,
        lapsed=pl.col("outcome") == LAPSED,
        seen_from=(pl.lit(recorded_from) - pl.col("began")).dt.total_days().clip(lower_bound=0),
    )
    groups = {0: table, **{int(year): part for (year,), part in table.group_by("year")}}
    return {
        year: retention_curve(
            part["length"].to_numpy(), part["lapsed"].to_numpy(), part["seen_from"].to_numpy(), confidence=confidence
        )
        for year, part in sorted(groups.items())
    }
