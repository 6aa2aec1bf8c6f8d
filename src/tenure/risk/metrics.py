"""How good predictions were, with intervals that respect that one member decides more than once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta, rankdata

from tenure.risk.learners import Floats, logit, sigmoid


def auc(p: Floats, y: Floats) -> float:
    """Chance that a lapsed decision was ranked above a renewed one; NaN without both."""
    lapsed = y > 0.5
    n1, n0 = int(lapsed.sum()), int((~lapsed).sum())
    if not n1 or not n0:
        return float("nan")
    return float((rankdata(p)[lapsed].sum() - n1 * (n1 + 1) / 2) / (n1 * n0))


def log_loss(p: Floats, y: Floats) -> float:
    """Mean of −log of the probability given to what happened, in nats."""
    bounded = np.clip(p, 1e-6, 1 - 1e-6)
    return float(-np.mean(np.where(y > 0.5, np.log(bounded), np.log(1 - bounded))))


def brier(p: Floats, y: Floats) -> float:
    """Mean squared distance of probability and outcome."""
    return float(np.mean((p - y) ** 2))


def calibration_slope(p: Floats, y: Floats) -> float:
    """Slope of outcome on log-odds: below 1 where the predictions are too extreme. NaN where it cannot be told."""
    margin = logit(p)
    if np.ptp(margin) < 1e-6 or len(np.unique(y)) < 2:
        return float("nan")
    design = np.column_stack([np.ones_like(margin), margin])
    b = np.array([0.0, 1.0])
    for _ in range(25):
        fitted = sigmoid(design @ b)
        curvature = (design * (fitted * (1 - fitted) + 1e-9)[:, None]).T @ design
        b = b - np.linalg.solve(curvature + 1e-6 * np.eye(2), design.T @ (fitted - y))
    return float(b[1])


def calibration_error(p: Floats, y: Floats, bins: int = 10) -> float:
    """Mean distance of predicted and observed rate over equally filled bins."""
    return float(
        sum(b["n"] * abs(b["predicted"] - b["observed"]) for b in calibration_bins(p, y, bins)) / max(p.size, 1)
    )


def calibration_bins(p: Floats, y: Floats, bins: int = 10) -> list[dict[str, Any]]:
    """Predicted against observed in equally filled bins, with a 95 % Clopper–Pearson interval for the observed."""
    answer = []
    for part in np.array_split(np.argsort(p, kind="stable"), min(bins, max(1, p.size // 10))):
        if not part.size:
            continue
        n, k = part.size, int(y[part].sum())
        low = 0.0 if k == 0 else float(beta.ppf(0.025, k, n - k + 1))
        high = 1.0 if k == n else float(beta.ppf(0.975, k + 1, n - k))
        answer.append({"predicted": float(p[part].mean()), "observed": k / n, "low": low, "high": high, "n": int(n)})
    return answer


def at_capacity(p: Floats, y: Floats, share: float) -> tuple[float, float]:
    """Precision and recall among the *share* of highest predictions."""
    most = max(1, round(share * p.size))
    caught = float(y[np.argsort(-p, kind="stable")[:most]].sum())
    return caught / most, caught / max(float(y.sum()), 1.0)


def gains(p: Floats, points: Floats, y: Floats, steps: int = 20) -> list[dict[str, float]]:
    """Share of lapses among the first so many of the list: by the model, by the points score, and at best."""
    total = max(float(y.sum()), 1.0)
    ours, theirs, best = (np.cumsum(y[np.argsort(-key, kind="stable")]) / total for key in (p, points, y))
    answer = []
    for step in range(1, steps + 1):
        last = max(0, round(step / steps * y.size) - 1)
        answer.append({
            "share": step / steps,
            "caught": float(ours[last]),
            "points_caught": float(theirs[last]),
            "ideal": float(best[last]),
        })  # fmt: skip
    return answer


def summary(p: Floats, y: Floats, members: NDArray[np.int64], *, seed: int, repeats: int = 200) -> dict[str, float]:
    """All of the above as one row of the comparison, with 90 % intervals by bootstrap over members."""
    precision, recall = at_capacity(p, y, 0.10)
    found = {
        "auc": auc(p, y),
        "log_loss": log_loss(p, y),
        "brier": brier(p, y),
        "precision_at_10": precision,
        "recall_at_10": recall,
        "calibration_slope": calibration_slope(p, y),
        "calibration_error": calibration_error(p, y),
    }
    for name, measure in (("auc", auc), ("log_loss", log_loss)):
        found[f"{name}_low"], found[f"{name}_high"] = by_bootstrap(measure, p, y, members, seed=seed, repeats=repeats)
    return found


def by_bootstrap(
    measure: Callable[[Floats, Floats], float],
    p: Floats,
    y: Floats,
    members: NDArray[np.int64],
    *,
    seed: int,
    repeats: int,
) -> tuple[float, float]:
    """A 90 % interval of *measure*, drawing members, not rows."""
    rng = np.random.default_rng(seed)
    order = np.argsort(members, kind="stable")
    _, starts = np.unique(members[order], return_index=True)
    blocks = np.split(order, starts[1:])
    sizes = np.array([block.size for block in blocks])
    flat = np.concatenate(blocks) if blocks else np.array([], np.int64)
    offsets = np.append(0, np.cumsum(sizes))
    values = []
    for _ in range(repeats):
        drawn = rng.integers(0, len(blocks), len(blocks))
        rows = flat[_ranges(offsets[drawn], sizes[drawn])]
        values.append(measure(p[rows], y[rows]))
    if np.isnan(values).all():
        return float("nan"), float("nan")
    low, high = np.nanquantile(values, [0.05, 0.95])
    return float(low), float(high)


def _ranges(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Every position of the ranges that begin at *starts*."""
    shift = np.repeat(starts - np.append(0, np.cumsum(sizes)[:-1]), sizes)
    return np.asarray(np.arange(int(sizes.sum())) + shift)
