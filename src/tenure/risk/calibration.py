"""Bringing probabilities into line with what happened later than anything the model learnt from."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.risk.learners import Floats, sigmoid

_STRENGTH = 40.0
"""How many decisions' worth of evidence stand behind leaving the model as it is."""


@dataclass(frozen=True)
class Calibrator:
    """Log-odds in, log-odds out: a straight line.

    Args:
        intercept: Added.
        slope: Multiplied first; 1 leaves the model's spread as it is.
        learnt_from: Decisions behind it.
    """

    intercept: float = 0.0
    slope: float = 1.0
    learnt_from: int = 0

    def __call__(self, margin: Floats) -> Floats:
        return np.asarray(self.intercept + self.slope * margin)

    def as_json(self) -> dict[str, Any]:
        """For the manifest."""
        return asdict(self)


def fit_calibrator(margin: Floats, y: Floats, weight: Floats) -> Calibrator:
    """A line through later outcomes, drawn toward the identity while they are few.

    Platt, *Probabilistic outputs for support vector machines* (1999), with a Gaussian prior in place of his targets.

    Args:
        margin: Out-of-time log-odds, shape (n,).
        y: Outcomes, 0 or 1.
        weight: How much of a decision each row stands for; its sum is the number of decisions.
    """
    n = float(weight.sum())
    if n < 20 or len(np.unique(y)) < 2:
        return Calibrator()
    beta = np.array([0.0, 1.0])
    prior = np.array([0.0, 1.0])
    precision = np.array([_STRENGTH / 8, _STRENGTH / 2])
    design = np.column_stack([np.ones_like(margin), margin])
    for _ in range(30):
        p = sigmoid(design @ beta)
        gradient = design.T @ (weight * (p - y)) + precision * (beta - prior)
        curvature = (design * (weight * p * (1 - p))[:, None]).T @ design + np.diag(precision)
        step = np.linalg.solve(curvature, gradient)
        beta = beta - step
        if np.abs(step).max() < 1e-8:
            break
    return Calibrator(float(beta[0]), float(np.clip(beta[1], 0.3, 2.0)), round(n))


def once_per_decision(keys: NDArray[np.int64]) -> Floats:
    """A weight for each row so that the rows of one decision weigh 1 together.

    Args:
        keys: Which decision each row belongs to.
    """
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / counts[inverse])
