"""Dues in bands between round amounts, so that renewal can be told by what a membership costs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import polars as pl

from tenure.membership.outcomes import LAPSED, RENEWED

UNKNOWN = -1
"""The band of those whose dues are not on record."""

_LEADING = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
"""With what a round amount begins."""
_NEAR = 0.15
"""Dues within this share of a limit might cross it when prices rise."""
_FEWEST = 0.05
"""Share of all that each band has at least."""


def dues_limits(dues: pl.Series) -> list[float]:
    """Up to three round amounts near the quartiles of *dues*, ascending; each begins a band, and the first ends one.

    A limit stands where few pay about as much, so that a rise in price carries nobody into another band, and no band
    has fewer than one in twenty.
    """
    paid = np.sort(dues.drop_nulls().filter(dues.drop_nulls() > 0).to_numpy().astype(np.float64))
    if not paid.size:
        return []
    # Beyond all dues no limit parts anybody from anybody.
    limits = np.array([one for one in _round_amounts(paid[0], paid[-1]) if paid[0] < one <= paid[-1]])
    if not limits.size:
        return []
    below = np.searchsorted(paid, limits) / paid.size
    near = (np.searchsorted(paid, limits * (1 + _NEAR)) - np.searchsorted(paid, limits * (1 - _NEAR))) / paid.size
    apart = np.abs(np.log(limits[:, None] / np.unique(paid))).min(axis=1)
    kept: list[tuple[float, float]] = []
    for quartile in (0.25, 0.5, 0.75):
        # Shares both: how many pay about as much, and how far off the quartile it lies.
        cost = near + np.abs(below - quartile)
        best = np.lexsort((-apart, cost.round(3)))[0]
        kept.append((float(below[best]), float(limits[best])))
    return _parted(sorted(set(kept)))


def _round_amounts(least: float, most: float) -> Iterator[float]:
    for power in range(math.floor(math.log10(least)), math.ceil(math.log10(most)) + 1):
        yield from (round(one * 10.0**power, 2) for one in _LEADING)


def _parted(found: list[tuple[float, float]]) -> list[float]:
    """The limits, without those that leave too few between them and the one before, or beyond."""
    limits, last = [], 0.0
    for below, limit in found:
        if below - last >= _FEWEST and 1 - below >= _FEWEST:
            limits.append(limit)
            last = below
    return limits


def with_bands(found: pl.DataFrame, limits: Sequence[float]) -> pl.DataFrame:
    """The decided renewals of *found* with `band` (how many of *limits* the dues reach, or `UNKNOWN`) and `renewed`."""
    reached = pl.sum_horizontal([(pl.col("dues") >= limit).cast(pl.Int64) for limit in limits] or [pl.lit(0)])
    return found.filter(pl.col("outcome").is_in([RENEWED, LAPSED])).with_columns(
        band=pl.when(pl.col("dues").is_null()).then(UNKNOWN).otherwise(reached),
        renewed=pl.col("outcome") == RENEWED,
    )
