"""Members like this one: past decisions that were scored closest, and how many of them lapsed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.risk.learners import Floats
from tenure.risk.report import once

MOST = 100
FARTHEST = 0.10
"""How far, as a chance, a past score may lie from today's to count as like it."""


@dataclass(frozen=True)
class Alike:
    """What became of the decisions like each of n members, of at most `MOST` each.

    Args:
        decided: How many there are, shape (n,).
        lapsed: How many of them lapsed, shape (n,).
        low: Lowest of their scores; NaN without any, shape (n,).
        high: Highest of them, shape (n,).
    """

    decided: NDArray[np.int64]
    lapsed: NDArray[np.int64]
    low: Floats
    high: Floats


def alike(chance: Floats, decisions: pl.DataFrame) -> Alike:
    """Count, for each *chance*, the past decisions that the back-test scored closest to it.

    The back-test scored each of them with a model that had not seen how it ended, so the count says what such a score
    has meant; it is no second look at the model's own sums.

    Args:
        chance: Of not renewing, from 0 to 1, shape (n,).
        decisions: As `Registry.decisions` gives.
    """
    past = once(decisions).sort("p_lapse_renewal", "lapsed")
    scored = past["p_lapse_renewal"].to_numpy()
    lapsed = np.concatenate([[0], np.cumsum(past["lapsed"].to_numpy().astype(np.int64))])
    if not scored.size:
        nothing, none = np.zeros(chance.size, np.int64), np.full(chance.size, np.nan)
        return Alike(nothing, nothing.copy(), none, none.copy())
    most = min(MOST, scored.size)
    first = _closest(scored, chance, most)
    low = np.maximum(first, np.searchsorted(scored, chance - FARTHEST, side="left"))
    high = np.minimum(first + most, np.searchsorted(scored, chance + FARTHEST, side="right"))
    high = np.maximum(low, high)
    some = high > low
    return Alike(
        decided=high - low,
        lapsed=lapsed[high] - lapsed[low],
        low=np.where(some, scored[np.minimum(low, scored.size - 1)], np.nan),
        high=np.where(some, scored[np.maximum(high - 1, 0)], np.nan),
    )


def _closest(ordered: Floats, wanted: Floats, many: int) -> NDArray[np.int64]:
    """Where, in *ordered* values, the *many* begin that lie closest to each of *wanted*."""
    left = np.zeros(wanted.size, np.int64)
    right = np.full(wanted.size, ordered.size - many, np.int64)
    while np.any(left < right):
        middle = (left + right) // 2
        beyond = wanted - ordered[middle] > ordered[np.minimum(middle + many, ordered.size - 1)] - wanted
        move = left < right
        left = np.where(move & beyond, middle + 1, left)
        right = np.where(move & ~beyond, middle, right)
    return left
