"""Dues at risk: what is due in the coming weeks, and how much of it can be expected not to come."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HORIZONS = (30, 60, 90)
FORMULA = "the sum, over members due within so many days or in grace, of dues × the probability of not renewing"


@dataclass(frozen=True)
class DuesAtRisk:
    """One class and horizon.

    Args:
        member_type: The class; empty for everyone.
        horizon: Days ahead; members in grace are in each.
        members: How many are due.
        unknown: Of them, those whose dues are not known and so are in no sum.
        due: Sum of their dues.
        expected_loss: Sum of dues × probability of not renewing.
        low: Lower end of a 90 % range of the loss, were each member's choice made on its own.
        high: Upper end.
        in_grace: Of the members, those whose term is over.
        lapses: How many of the members are expected not to renew: the sum of their probabilities.
        lapses_low: Lower end of its 90 % range.
        lapses_high: Upper end.
    """

    member_type: str
    horizon: int
    members: int
    unknown: int
    due: float
    expected_loss: float
    low: float
    high: float
    in_grace: int
    lapses: float
    lapses_low: float
    lapses_high: float


def dues_at_risk(
    lapse: Floats,
    dues: Floats,
    days_to_renewal: Floats,
    member_types: pl.Series,
    *,
    horizons: tuple[int, ...] = HORIZONS,
) -> list[DuesAtRisk]:
    """Everyone first, then each class by name; each horizon in turn.

    The range covers chance alone: members decide on their own, at the probabilities given. A recession is not in it.

    Args:
        lapse: Probability of not renewing at the next renewal, shape (n,).
        dues: Of one term, NaN where not known, shape (n,).
        days_to_renewal: Negative in grace, shape (n,).
        member_types: Of each member.
        horizons: In days.
    """
    kinds = ["", *sorted(member_types.drop_nulls().unique().to_list())]
    of = {kind: np.ones(lapse.size, bool) if not kind else (member_types == kind).to_numpy() for kind in kinds}
    return [
        _one(kind, horizon, lapse[here], dues[here], int((days_to_renewal[here] < 0).sum()))
        for kind in kinds
        for horizon in horizons
        for here in [of[kind] & (days_to_renewal <= horizon)]
    ]


def _one(kind: str, horizon: int, lapse: Floats, dues: Floats, in_grace: int) -> DuesAtRisk:
    known = ~np.isnan(dues)
    p, amount = lapse[known], dues[known]
    due, unknown = float(amount.sum()), int((~known).sum())
    loss, lapses = _range(p, amount, due), _range(lapse, np.ones_like(lapse), float(lapse.size))
    return DuesAtRisk(kind, horizon, lapse.size, unknown, due, *loss, in_grace, *lapses)


def _range(p: Floats, amount: Floats, most: float) -> tuple[float, float, float]:
    """What is expected to be lost, and its 90 % range."""
    loss = float(p @ amount)
    reach = NormalDist().inv_cdf(0.95) * float(np.sqrt((p * (1 - p)) @ amount**2))
    return loss, max(loss - reach, 0.0), min(loss + reach, most)
