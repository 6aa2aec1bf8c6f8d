"""Within which numbers the lapses of a month come to lie, and how much of that its members share."""

from __future__ import annotations

from collections.abc import Sequence
from math import asin, hypot, pi, sin, sqrt
from statistics import NormalDist
from typing import Any

RANGES = (0.50, 0.80, 0.95)

_USUAL_SHARED, _STRENGTH = 0.2, 12
"""How far the odds of a whole month lie off elsewhere (log-odds), and the months by which an association shows that its
own lie off otherwise."""


def shared_of(found: Sequence[dict[str, Any]], days: int) -> float:
    """How far, in log-odds, the chances of all members of a month may be off together, as a standard deviation.

    Args:
        found: `months` of a model's back-test: from how many days ahead on (`from_days`), how many `months` were
            foretold and how far they lay off together (`shared`); empty where it tells nothing of it.
        days: How many days ahead the month lies.
    """
    own = [one for one in found if one["from_days"] <= max(days, 0)]
    if not own:
        return _USUAL_SHARED
    one = max(own, key=lambda each: each["from_days"])
    months = one["months"]
    return sqrt((months * one["shared"] ** 2 + _STRENGTH * _USUAL_SHARED**2) / (months + _STRENGTH))


def ranges(expected: float, spread: float, due: int, shared: float) -> tuple[tuple[int, int], ...]:
    """Within which numbers the lapses among *due* members come to lie, for each of `RANGES`.

    The variance of the number is what is left to chance when each decides alone, and what all of them share: where the
    log-odds of everyone are off by the same, the number is off by that many times *spread*. Ends are found on the scale
    on which the variance of a share does not hang on the share, so that none lies below nobody or above everyone.

    Args:
        expected: Sum of their chances p.
        spread: Sum of p (1 − p).
        due: How many they are.
        shared: As `shared_of` returns.
    """
    share = min(max(expected / due, 0.0), 1.0) if due else 0.0
    if not 0 < share < 1:
        sure = round(expected)
        return tuple((sure, sure) for _ in RANGES)
    deviation = hypot(sqrt(max(spread, 0.0)), shared * spread)
    middle, step = asin(sqrt(share)), deviation / (2 * due * sqrt(share * (1 - share)))
    reach = [NormalDist().inv_cdf((1 + part) / 2) * step for part in RANGES]
    return tuple((_of(due, middle - far), _of(due, middle + far)) for far in reach)


def _of(due: int, angle: float) -> int:
    return round(due * sin(min(max(angle, 0.0), pi / 2)) ** 2)
