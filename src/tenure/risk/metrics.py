"""How good predictions were. What each figure may be off by is told by `tenure.risk.resampling`."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.risk.learners import Floats, logit, sigmoid


def auc(p: Floats, y: Floats) -> float:
    """Chance that a lapsed decision was ranked above a renewed one; NaN without both."""
    lapsed = y > 0.5
    n1, n0 = int(lapsed.sum()), int((~lapsed).sum())
    if not n1 or not n0:
        return float("nan")
    return float((pl.Series(p).rank().to_numpy()[lapsed].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))


def losses(p: Floats, y: Floats) -> Floats:
    """−log of the probability given to what happened, of each decision, in nats."""
    bounded = np.clip(p, 1e-6, 1 - 1e-6)
    return np.asarray(-np.where(y > 0.5, np.log(bounded), np.log(1 - bounded)))


def log_loss(p: Floats, y: Floats) -> float:
    """Mean of `losses`; NaN of nothing."""
    return float(losses(p, y).mean()) if p.size else float("nan")


def surely_worse(p: Floats, other: Floats, y: Floats, group: NDArray[np.int64]) -> bool:
    """Whether *p* lost more than *other* by over one standard error, the rows of one group taken together.

    Args:
        p: Probabilities.
        other: Those of another, of the same shape.
        y: What happened, 0 or 1, likewise.
        group: Number of the group of each row, from 0: rows that share a fate are one piece of evidence.
    """
    each = np.bincount(group, losses(p, y) - losses(other, y))
    return bool(each.sum() > np.sqrt(each.size * each.var()))


def brier(p: Floats, y: Floats) -> float:
    """Mean squared distance of probability and outcome."""
    return float(np.mean((p - y) ** 2))


LOOSEST = 2.0
"""Standard error of a slope from which on it says nothing: neither 0 nor 4 is ruled out of one that is right."""

_LEAP = 3.0
"""By how much the log-odds of a row may change in one step."""


def calibration_line(p: Floats, y: Floats) -> tuple[float, float]:
    """Intercept and slope of outcome on log-odds; NaN where they cannot be told.

    A slope below 1 says that the predictions are too extreme; an intercept above 0, that too few lapses were foretold.
    Predictions that hardly differ, and such as part all who lapsed from all who renewed, leave the slope open.
    """
    margin = logit(p)
    if p.size < 2 or np.ptp(margin) < 1e-6 or len(np.unique(y)) < 2:
        return float("nan"), float("nan")
    # Log-odds about their middle, so that nearly equal ones can be reckoned with.
    middle = float(margin.mean())
    design = np.column_stack([np.ones_like(margin), margin - middle])
    b, doubt = np.array([middle, 1.0]), 0.0
    for _ in range(60):
        fitted = sigmoid(design @ b)
        curvature = (design * (fitted * (1 - fitted))[:, None]).T @ design
        doubt = loosely(curvature[0, 0], curvature[0, 1], curvature[1, 1])
        if not np.isfinite(doubt):
            break
        step = np.linalg.solve(curvature, design.T @ (fitted - y))
        # Far from the end the curve is all but flat, and a whole step would leap over it.
        b = b - step * min(1.0, _LEAP / np.abs(design @ step).max(initial=_LEAP))
        if np.abs(step).max() < 1e-8:
            break
    return (float(b[0] - b[1] * middle), float(b[1])) if doubt < LOOSEST else (float("nan"), float("nan"))


def loosely(h00: float, h01: float, h11: float) -> float:
    """Standard error of a slope by the curvature of its likelihood; infinite where there is none.

    Args:
        h00: Curvature along the intercept.
        h01: Across.
        h11: Along the slope.
    """
    spread = h00 * h11 - h01**2
    return float(np.sqrt(h00 / spread)) if spread > 1e-12 * h00 * h11 else float("inf")


def calibration_slope(p: Floats, y: Floats) -> float:
    """Slope of outcome on log-odds: below 1 where the predictions are too extreme. NaN where it cannot be told."""
    return calibration_line(p, y)[1]


def calibration_in_the_large(p: Floats, y: Floats) -> float:
    """Share that lapsed minus mean prediction: above 0 where too few lapses were foretold."""
    return float(np.mean(y) - np.mean(p))


_FEWEST = 10


def bins_of(p: Floats, bins: int = 10) -> list[NDArray[np.int64]]:
    """Places of about equally many predictions, from the lowest up; at least ten in each.

    Equal predictions stay together, so that there are fewer bins where many are equal: which of them lapsed is no
    matter of what was said, and the order of the rows would make a gradient of it.
    """
    if not p.size:
        return []
    order = np.argsort(p, kind="stable")
    ends = tie_ends(np.round(p[order], 9)) + 1
    wanted = np.cumsum([len(part) for part in np.array_split(order, min(bins, max(1, p.size // _FEWEST)))])[:-1]
    cuts, last = [], 0
    for cut in ends[np.abs(ends[:, None] - wanted[None, :]).argmin(axis=0)] if wanted.size else []:
        if cut - last >= _FEWEST and p.size - cut >= _FEWEST:
            cuts.append(int(cut))
            last = int(cut)
    return np.split(order, cuts)


def calibration_error(p: Floats, y: Floats, bins: int = 10) -> float:
    """Mean distance of predicted and observed rate over the bins of `bins_of`."""
    gaps = [part.size * abs(p[part].mean() - y[part].mean()) for part in bins_of(p, bins)]
    return float(sum(gaps) / max(p.size, 1))


def calibration_bins(p: Floats, y: Floats, decision: NDArray[np.int64], bins: int = 10) -> list[dict[str, Any]]:
    """Predicted against observed in the bins of `bins_of`, with a 95 % Clopper–Pearson interval for the observed.

    Args:
        p: Predictions, one per row.
        y: 1 lapsed, 0 renewed.
        decision: Which decision each row is of: its rows in a bin are evidence but once, and `n` counts them so.
        bins: How many, at most.
    """
    answer = []
    for part in bins_of(p, bins):
        n, observed = np.unique(decision[part]).size, float(y[part].mean())
        low, high = clopper_pearson(n * observed, n)
        answer.append({"predicted": float(p[part].mean()), "observed": observed, "low": low, "high": high, "n": n})
    return answer


def clopper_pearson(k: float, n: int, level: float = 0.95) -> tuple[float, float]:
    """An interval for a share of which *k* in *n* were seen; it holds the truth at least as often as *level* says."""
    from scipy.special import betaincinv  # a quarter of a second, and few commands ask for an interval

    tail = (1 - level) / 2
    low = 0.0 if k == 0 else float(betaincinv(k, n - k + 1, tail))
    high = 1.0 if k == n else float(betaincinv(k + 1, n - k, 1 - tail))
    return low, high


def at_capacity(p: Floats, y: Floats, share: float) -> tuple[float, float]:
    """Precision and recall among the *share* of highest predictions; of equals, any are as likely to be in it.

    The cut falls where the share ends, which need not be at a whole member.
    """
    if not p.size:
        return float("nan"), float("nan")
    order = np.argsort(-p, kind="stable")
    ends = tie_ends(p[order])
    caught = np.interp(share * p.size, np.append(0, ends + 1), np.append(0.0, np.cumsum(y[order])[ends]))
    return float(caught / (share * p.size)), float(caught / max(float(y.sum()), 1.0))


def tie_ends(ordered: Floats) -> NDArray[np.int64]:
    """Place of the last of each run of equal values."""
    return np.append(np.flatnonzero(np.diff(ordered)), ordered.size - 1).astype(np.int64)


def gains(p: Floats, points: Floats, y: Floats, steps: int = 20) -> list[dict[str, float]]:
    """Share of lapses among the first so many of the list: by the model, by the points score, and at best.

    Equals as in `at_capacity`, so that a gain is the recall that is told at the same share.
    """
    keys = {"caught": p, "points_caught": points, "ideal": y}
    shares = [step / steps for step in range(1, steps + 1)]
    return [{"share": s, **{name: at_capacity(key, y, s)[1] for name, key in keys.items()}} for s in shares]
