"""What figures may be off by: a bootstrap that draws payers, since one payer decides more than once.

A payer is drawn with all of its decisions, and an organization with those of its people who have terms of their own.
All measures of all rivals are read from the same draws, so that differences between rivals have intervals too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tenure.risk.learners import Floats, logit, sigmoid
from tenure.risk.metrics import (
    LOOSEST,
    at_capacity,
    auc,
    bins_of,
    brier,
    calibration_error,
    calibration_in_the_large,
    calibration_line,
    log_loss,
    losses,
    tie_ends,
)

REPEATS = 400
LEVEL = 0.95
Interval = tuple[float, float]


@dataclass(frozen=True)
class Draws:
    """How often each cluster was drawn in each repeat.

    Args:
        weights: Shape (n_repeats, n_clusters); each row sums to n_clusters.
        cluster: Cluster of each decision, counted from 0.
    """

    weights: NDArray[np.uint8]
    cluster: NDArray[np.int64]

    def sums(self, *columns: Floats) -> Floats:
        """Sum of each of *columns* (one value per decision) in each repeat, shape (n_repeats, n_columns)."""
        n = self.weights.shape[1]
        per_cluster = np.column_stack([np.bincount(self.cluster, weights=column, minlength=n) for column in columns])
        chunks = np.array_split(self.weights, max(1, self.weights.size // 2_000_000))
        return np.concatenate([chunk.astype(np.float64) @ per_cluster for chunk in chunks])


def draw(clusters: NDArray[np.int64], *, seed: int, repeats: int = REPEATS) -> Draws:
    """Draw as many clusters as there are, with replacement, *repeats* times.

    Args:
        clusters: Whose each decision is; any numbers.
        seed: Fixes the draws.
        repeats: How often.
    """
    found, place = np.unique(clusters, return_inverse=True)
    rng = np.random.default_rng(seed)
    weights = np.empty((repeats, found.size), np.uint8)
    for row in weights:
        row[:] = np.minimum(np.bincount(rng.integers(0, found.size, found.size), minlength=found.size), 255)
    return Draws(weights, place.reshape(-1).astype(np.int64))


def summary(
    p: Floats, y: Floats, draws: Draws, *, capacity: dict[str, float], order: Floats | None = None
) -> dict[str, float]:
    """How well one rival foretold, each measure with its 95 % interval: `auc`, `auc_low`, `auc_high` and so on.

    Args:
        p: Predictions, one per decision.
        y: 1 lapsed, 0 renewed.
        draws: As `draw` gave for the same decisions.
        capacity: For each name, the share of the list that staff can reach; gives `precision_at_NAME` and
            `recall_at_NAME`.
        order: By what this rival ranks, most at risk first, where that is something else than *p*.
    """
    order = p if order is None else order
    point = {"auc": auc(order, y), "log_loss": log_loss(p, y), "brier": brier(p, y)}
    for name, share in capacity.items():
        point[f"precision_at_{name}"], point[f"recall_at_{name}"] = at_capacity(order, y, share)
    return _with_intervals(point, ranked(order, y, draws, capacity) | _means(p, y, draws))


def calibrated(p: Floats, y: Floats, draws: Draws) -> dict[str, float]:
    """How far what one rival said lies from what happened, each measure with its 95 % interval.

    Args:
        p: Predictions, one per row; rows of one decision share its payer.
        y: 1 lapsed, 0 renewed.
        draws: As `draw` gave for the same rows.
    """
    intercept, slope = calibration_line(p, y)
    point = {
        "calibration_slope": slope,
        "calibration_intercept": intercept,
        "calibration_in_the_large": calibration_in_the_large(p, y),
    }
    repeated = lines(p, y, draws, intercept, slope) | {"calibration_in_the_large": off_by(p, y, draws)}
    found = _with_intervals(point, repeated)
    error = calibration_error(p, y)
    low, high = _of_error(p, y, draws, error)
    return found | {"calibration_error": error, "calibration_error_low": low, "calibration_error_high": high}


def _with_intervals(point: dict[str, float], repeated: dict[str, Floats]) -> dict[str, float]:
    found = dict(point)
    for name, values in repeated.items():
        found[f"{name}_low"], found[f"{name}_high"] = percentiles(values)
    return found


def percentiles(values: Floats) -> Interval:
    """The middle 95 % of *values*; NaN where none can be told."""
    known = values[np.isfinite(values)]
    if known.size < values.size / 2 or known.size < 2:
        return float("nan"), float("nan")
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _means(p: Floats, y: Floats, draws: Draws) -> dict[str, Floats]:
    n, loss, squared = draws.sums(np.ones_like(p), losses(p, y), (p - y) ** 2).T
    return {"log_loss": loss / n, "brier": squared / n}


def off_by(p: Floats, y: Floats, draws: Draws) -> Floats:
    """Observed minus predicted rate in each repeat."""
    n, gap = draws.sums(np.ones_like(p), y - p).T
    return np.asarray(gap / n)


def ranked(p: Floats, y: Floats, draws: Draws, capacity: dict[str, float]) -> dict[str, Floats]:
    """Measures of the order: area under the curve, and what the top of the list holds."""
    order = np.argsort(-p, kind="stable")
    ends, cluster, lapsed = tie_ends(p[order]), draws.cluster[order], y[order]
    found = {"auc": np.full(len(draws.weights), np.nan)}
    for name in capacity:
        found |= {f"{what}_at_{name}": np.full(len(draws.weights), np.nan) for what in ("precision", "recall")}
    for place, weight in enumerate(draws.weights):
        drawn = weight[cluster].astype(np.float64)
        everyone = np.append(0.0, np.cumsum(drawn)[ends])
        hits = np.append(0.0, np.cumsum(drawn * lapsed)[ends])
        misses = everyone - hits
        if hits[-1] and misses[-1]:
            found["auc"][place] = np.trapezoid(hits, misses) / (hits[-1] * misses[-1])
        for name, share in capacity.items():
            room = share * everyone[-1]
            caught = np.interp(room, everyone, hits)
            found[f"precision_at_{name}"][place] = caught / room if room else np.nan
            found[f"recall_at_{name}"][place] = caught / hits[-1] if hits[-1] else np.nan
    return found


def lines(p: Floats, y: Floats, draws: Draws, a: float, b: float) -> dict[str, Floats]:
    """Calibration intercept and slope in each repeat, by one Newton step from those of all decisions, *a* and *b*.

    One step from so near is as good as the end of the walk: its error is of second order in the draw. A repeat in which
    the slope cannot be told (see `tenure.risk.metrics.calibration_line`) has none.
    """
    nothing = np.full(len(draws.weights), np.nan)
    if not np.isfinite(b):
        return {"calibration_intercept": nothing, "calibration_slope": nothing}
    margin = logit(p)
    fitted = sigmoid(a + b * margin)
    pull, bend = y - fitted, fitted * (1 - fitted)
    # Log-odds about their middle, as there.
    middle = float(margin.mean())
    apart = margin - middle
    s0, s1, h00, h01, h11 = draws.sums(pull, pull * apart, bend, bend * apart, bend * apart**2).T
    spread = h00 * h11 - h01**2
    told = spread * LOOSEST**2 > h00
    with np.errstate(divide="ignore", invalid="ignore"):
        level, slope = (h11 * s0 - h01 * s1) / spread, (h00 * s1 - h01 * s0) / spread
    return {
        "calibration_intercept": np.where(told, a + level - slope * middle, np.nan),
        "calibration_slope": np.where(told, b + slope, np.nan),
    }


def _of_error(p: Floats, y: Floats, draws: Draws, point: float) -> Interval:
    """Interval of the calibration error.

    Chance alone puts distance between bins and diagonal, and a redraw adds the same again; so the repeats lie too high
    by about as much as the figure itself does, and are mirrored at it.
    """
    columns = []
    for part in bins_of(p):
        gap = np.zeros_like(p)
        gap[part] = p[part] - y[part]
        columns.append(gap)
    if not columns:
        return float("nan"), float("nan")
    sums = draws.sums(np.ones_like(p), *columns)
    low, high = percentiles(np.abs(sums[:, 1:]).sum(axis=1) / sums[:, 0])
    return max(0.0, min(2 * point - high, point)), max(2 * point - low, point)


def saved(ours: Floats, theirs: Floats, y: Floats, draws: Draws) -> dict[str, float]:
    """By how much *ours* has the lower log loss than *theirs* on the same decisions.

    Returns:
        `difference` (theirs − ours in nats; above 0 is better), and `share` of theirs, each with `_low` and `_high`.
    """
    mine, other = losses(ours, y), losses(theirs, y)
    n, a, b = draws.sums(np.ones_like(y), mine, other).T
    found = {"difference": float((other - mine).mean()), "share": float(1 - mine.sum() / other.sum())}
    for name, values in (("difference", (b - a) / n), ("share", 1 - a / b)):
        found[f"{name}_low"], found[f"{name}_high"] = percentiles(values)
    return found
