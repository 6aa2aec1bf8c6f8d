"""Bringing probabilities into line with what happened later than anything the model learnt from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.risk.learners import Floats, sigmoid

_STRENGTH = 40.0
"""How many decisions' worth of evidence stand behind leaving the model as it is."""

_FAR = 180.0
"""Days before the end of the term from which on a line is the one for far away."""


@dataclass(frozen=True)
class Calibrator:
    """Log-odds in, log-odds out: a straight line, another far from the renewal than near it and between them by turns.

    What a member does says more of a renewal next week than of one in half a year; a learner that is taught by both at
    once trusts it too much far away and too little near.

    Args:
        intercept: Added, in the last days of the term and in grace.
        slope: Multiplied first; 1 leaves the model's spread as it is.
        learnt_from: Decisions behind it.
        far_intercept: What is added beyond that half a year before the end and earlier.
        far_slope: Likewise of the slope.
        share: How far it is believed; the other numbers have it in them.
    """

    intercept: float = 0.0
    slope: float = 1.0
    learnt_from: int = 0
    far_intercept: float = 0.0
    far_slope: float = 0.0
    share: float = 1.0

    def __call__(self, margin: Floats, days: Floats | None = None) -> Floats:
        """Log-odds in line.

        Args:
            margin: Log-odds of a learner.
            days: To the end of the term, of the same shape or one that stretches to it; near where not given.
        """
        far = 0.0 if days is None else _far(days)
        return np.asarray(self.intercept + self.far_intercept * far + (self.slope + self.far_slope * far) * margin)

    def believed(self, share: float) -> Calibrator:
        """A *share* of the way from leaving log-odds as they are to this."""
        return replace(
            self,
            intercept=share * self.intercept,
            slope=1.0 + share * (self.slope - 1.0),
            far_intercept=share * self.far_intercept,
            far_slope=share * self.far_slope,
            share=share * self.share,
        )

    def slope_at(self, days: Floats) -> Floats:
        """The slope so many *days* before the end of the term."""
        return np.asarray(self.slope + self.far_slope * _far(days))

    def as_json(self) -> dict[str, Any]:
        """For the manifest."""
        return asdict(self)


def sentences_of(told: dict[str, Any] | None) -> Iterator[str]:
    """What a manifest's `calibration` says, in words; nothing where nothing was brought into line."""
    if not told or not told.get("learnt_from"):
        return
    begun = f"Brought into line by {told['learnt_from']:,} renewals that came later than what foretold them"
    share = round(100 * told.get("share", 1.0))
    if share < 100:
        yield f"{begun}; by {share} in 100 of the way, since newer models had learnt in part what older ones missed."
    else:
        yield f"{begun}."


def _far(days: Floats) -> Floats:
    """0 at the end of the term and after it, 1 from half a year before it on; near where it is not known."""
    return np.asarray(np.clip(np.nan_to_num(days), 0.0, _FAR) / _FAR)


def fit_calibrator(margin: Floats, y: Floats, weight: Floats, days: Floats | None = None) -> Calibrator:
    """A line through later outcomes, drawn toward the identity while they are few.

    Platt, *Probabilistic outputs for support vector machines* (1999), with a Gaussian prior in place of his targets.

    Args:
        margin: Out-of-time log-odds, shape (n,).
        y: Outcomes, 0 or 1.
        weight: How much of a decision each row stands for; its sum is the number of decisions.
        days: To the end of the term on the day of each row, where near and far may differ.
    """
    n = float(weight.sum())
    if n < 20 or len(np.unique(y)) < 2:
        return Calibrator()
    far = np.zeros(margin.size) if days is None else _far(days)
    strength = np.array([_STRENGTH / 8, _STRENGTH / 2] * 2)
    design = np.column_stack([np.ones_like(margin), margin, far, far * margin])
    identity = np.array([0.0, 1.0, 0.0, 0.0])
    beta = _fitted(design, y, weight, np.zeros_like(margin), identity, strength)
    near, there = np.clip(beta[1], *_SLOPES), np.clip(beta[1] + beta[3], *_SLOPES)
    if (near, there) != (beta[1], beta[1] + beta[3]):
        # With other slopes other intercepts give the rate that was seen.
        sloped = (near + (there - near) * far) * margin
        beta[[0, 2]] = _fitted(design[:, [0, 2]], y, weight, sloped, np.zeros(2), strength[[0, 2]])
    return Calibrator(float(beta[0]), float(near), round(n), float(beta[2]), float(there - near))


_SLOPES = (0.3, 2.0)
_LEAP = 3.0
"""By how much the log-odds of a row may change in one step."""


def _fitted(design: Floats, y: Floats, weight: Floats, fixed: Floats, prior: Floats, precision: Floats) -> Floats:
    """What makes the outcomes likeliest, *fixed* log-odds added, by Newton's steps from the *prior*."""
    beta = prior
    for _ in range(60):
        p = sigmoid(fixed + design @ beta)
        gradient = design.T @ (weight * (p - y)) + precision * (beta - prior)
        curvature = (design * (weight * p * (1 - p))[:, None]).T @ design + np.diag(precision)
        step = np.linalg.solve(curvature, gradient)
        # Where what is said is sure and wrong the curve is all but flat, and a whole step would leap over the end.
        beta = beta - step * min(1.0, _LEAP / np.abs(design @ step).max(initial=_LEAP))
        if np.abs(step).max() < 1e-8:
            break
    return np.asarray(beta)


def once_per_decision(keys: NDArray[np.int64]) -> Floats:
    """A weight for each row so that the rows of one decision weigh 1 together.

    Args:
        keys: Which decision each row belongs to.
    """
    _, inverse, counts = np.unique(keys, return_inverse=True, return_counts=True)
    return np.asarray(1.0 / counts[inverse])


def evenly(keys: NDArray[np.int64]) -> Floats:
    """One weight for all rows, so that they weigh as much together as there are decisions.

    Who pays early leaves fewer days on which a renewal was still open than who lapses. If the rows of each decision
    weighed 1 together, a day of an early payer would count for more than a day of somebody who lapses, and lapses would
    seem rarer on every day than they are.

    Args:
        keys: Which decision each row belongs to.
    """
    return np.full(keys.size, np.unique(keys).size / max(1, keys.size))
