"""The points score that many associations use: a baseline to beat, shown beside the model and never part of it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tenure.features import FeatureMatrix
from tenure.risk.fitting import Rows
from tenure.risk.learners import Floats

_WORTH = {"logins_90": (1.0, 20.0), "events_attended_365": (5.0, 30.0), "posts_365": (2.0, 20.0)}
"""Points for each login in 90 days, event attended and community post, and the most that each may bring."""


def points_score(matrix: FeatureMatrix) -> Floats:
    """Points *lost* against the best possible, so that more means more risk; shape (n_rows,)."""
    best = sum(most for _, most in _WORTH.values())
    won = sum(
        np.minimum(np.nan_to_num(matrix.column(name)).astype(np.float64) * worth, most)
        for name, (worth, most) in _WORTH.items()
        if name in matrix.names
    )
    return np.asarray(best - won + np.zeros(len(matrix.x)))


def fit_points(rows: Rows) -> Callable[[Floats], Floats]:
    """Turn points into probabilities by the rates among those who had about as many."""
    ahead = np.nan_to_num(rows.matrix.column("days_to_renewal")) >= 0  # in grace, most have renewed and are gone
    rows = rows.half(ahead) if ahead.any() else rows
    lost = points_score(rows.matrix)
    edges = np.unique(np.quantile(lost, np.linspace(0.1, 0.9, 9)))
    part = np.searchsorted(edges, lost)
    overall = (rows.y.sum() + 1) / (rows.y.size + 6)
    n = np.bincount(part, minlength=edges.size + 1)
    k = np.bincount(part, weights=rows.y, minlength=edges.size + 1)
    rate = (k + 50 * overall) / (n + 50)

    def probability(points: Floats) -> Floats:
        return np.asarray(rate[np.searchsorted(edges, points)])

    return probability
