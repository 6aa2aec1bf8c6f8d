"""How many more of a hundred renew among those whom playbooks wanted than among those whom the lot left out.

The answer to "is contact working?" as it was designed: everyone who was wanted counts as drawn, reached or not, so
nothing but chance tells the arms apart. The page is looked at every day, so the interval is one that holds however
often one looks (an asymptotic confidence sequence, Waudby-Smith and others, 2021): about half as wide again as one for
a single look. Strata (a playbook and a band) are compared within themselves and weighed by
how much each can tell (Mantel-Haenszel), since the share that is left out differs between them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tenure.impact.effects import Arms

LEAST_DECIDED = 20
"""Renewals decided in each arm below which nothing is told."""

_ALPHA = 0.05
_TIGHTEST = 400
"""Decided renewals at which the interval is as narrow as it can be made."""


@dataclass(frozen=True)
class Difference:
    """What contact brings, in points of a hundred renewals; above 0 where it keeps members.

    Args:
        points: The difference between the arms.
        low, high: Its 95 % interval, over all looks together.
    """

    points: float
    low: float
    high: float


def difference(strata: Sequence[Arms]) -> Difference | None:
    """The difference of the share who renewed over *strata*; None while an arm has too few whose renewal is decided.

    In the interval one renewal and one lapse are added to each cell, so that an arm in which nobody lapsed is not taken
    for certain.
    """
    whole = sum(strata, Arms())
    if min(whole.treated, whole.control) < LEAST_DECIDED:
        return None
    both = [one for one in strata if one.treated and one.control]
    weights = [one.treated * one.control / (one.treated + one.control) for one in both]
    if not weights:
        return None
    gaps = [one.control_lapsed / one.control - one.treated_lapsed / one.treated for one in both]
    points = sum(weight * gap for weight, gap in zip(weights, gaps, strict=True)) / sum(weights)
    spread = sum(weight**2 * _variance(one) for weight, one in zip(weights, both, strict=True)) / sum(weights) ** 2
    half = _widths(whole.treated + whole.control) * math.sqrt(spread)
    return Difference(100 * points, 100 * max(-1.0, points - half), 100 * min(1.0, points + half))


def _widths(decided: int) -> float:
    """By how many standard errors the interval reaches to either side, when so many are *decided*."""
    once = -2 * math.log(_ALPHA)
    seen = decided * (once + math.log(once + 1)) / _TIGHTEST
    return math.sqrt(2 * (seen + 1) / seen * math.log(math.sqrt(seen + 1) / _ALPHA))


def _variance(one: Arms) -> float:
    arms = ((one.treated_lapsed, one.treated), (one.control_lapsed, one.control))
    shares = [((lapsed + 1) / (members + 2), members + 2) for lapsed, members in arms]
    return sum(share * (1 - share) / members for share, members in shares)
