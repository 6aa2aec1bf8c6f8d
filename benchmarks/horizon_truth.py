"""How near the hazard learner comes to a known hazard at 30, 60 and 90 days, in thousandths of a nat above the truth.

    python benchmarks/horizon_truth.py --rows 180000

Invented members on a day: somewhere in their year, with twenty traits. Every ten days a few leave quietly; at the
renewal, and over the forty days after it, some fail to renew by their traits; and they are seen for up to two years.
Beside the learner stand always saying the usual rates, and the truth itself, which is 0.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np

from tenure.risk.hazard import Seen, fit_hazard
from tenure.risk.learners import BoosterPlan

HORIZONS = (30, 60, 90)
STEP, STEPS = 10, 39
SPREAD = (0.55, 0.20, 0.15, 0.10)
"""How failures to renew are spread over the ten-day steps from the renewal on."""


def invent(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Columns, the step in which each leaves, the steps for which each is seen, and the true curve at `HORIZONS`."""
    z = rng.normal(size=(rows, 20)).astype(np.float32)
    x = z.copy()
    x[:, 1] = rng.poisson(np.exp(0.8 * z[:, 1]))
    x[:, 2] = rng.poisson(np.exp(0.5 * z[:, 2] + 1))
    x[:, 0] = rng.integers(0, 365, rows)
    traits = -0.9 * np.log1p(x[:, 1]) + 0.5 * z[:, 3] - 0.35 * np.sqrt(x[:, 2]) + 0.6 * (z[:, 4] > 1)
    odds = 0.2 + traits + 0.4 * z[:, 5] * (z[:, 6] > 0) + 0.3 * np.abs(z[:, 7])
    fails = 1 / (1 + np.exp(-odds))
    quiet = 0.0015 / (1 + np.exp(-(0.8 * z[:, 3] - 0.5 * z[:, 1])))
    hazard = np.repeat(quiet[:, None], STEPS, axis=1)
    renewal, step = (x[:, 0] // STEP).astype(int)[:, None], np.arange(STEPS)[None, :]
    for later, share in enumerate(SPREAD):
        part = fails * share / (1 - fails * sum(SPREAD[:later]))
        hazard = np.where(step == renewal + later, 1 - (1 - hazard) * (1 - part[:, None]), hazard)
    leaves = rng.random((rows, STEPS)) < hazard
    left = np.where(leaves.any(axis=1), leaves.argmax(axis=1), STEPS)
    staying = np.cumprod(1 - hazard, axis=1)
    true = np.stack([1 - staying[:, h // STEP - 1] for h in HORIZONS], axis=1)
    return x, left, rng.integers(0, 73, rows), true


def expected_loss(said: np.ndarray, true: np.ndarray) -> float:
    said = np.clip(said, 1e-6, 1 - 1e-6)
    return float(-(true * np.log(said) + (1 - true) * np.log(1 - said)).mean())


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--rows", type=int, default=180_000, help="a fifth of the members are held out to count trees")
    words.add_argument("--seed", type=int, default=3)
    words.add_argument("--json", type=Path, help="also keep the figures here")
    given = words.parse_args()
    rng = np.random.default_rng(given.seed)
    x, left, seen, _ = invent(rng, given.rows)
    asked, _, _, true = invent(rng, 100_000)
    endless = np.full(len(x), np.inf)
    what = Seen(np.where(left < STEPS, STEP * (left + 1.0), np.inf), STEP * seen.astype(float), x[:, 0] + 0.0, endless)
    began = time.monotonic()
    plan = BoosterPlan(directions=(0,) * x.shape[1], bins=256, seed=1)
    hazard = fit_hazard(x, what, np.arange(len(x)), plan=plan, edges=(0, *HORIZONS))
    took = time.monotonic() - began
    said = hazard.left_by(asked, asked[:, 0] + 0.0, np.full(len(asked), np.inf), HORIZONS)
    print(f"{given.rows:,} rows, learnt in {took:.0f} s; order violations: {(np.diff(said, axis=1) < -1e-9).sum()}\n")
    above = {}
    print("| days | rate | ours, mnat above the truth | the usual rate |\n|--:|--:|--:|--:|")
    for place, days in enumerate(HORIZONS):
        best = expected_loss(true[:, place], true[:, place])
        usual = expected_loss(np.full(len(true), true[:, place].mean()), true[:, place])
        ours = expected_loss(said[:, place], true[:, place])
        above[f"above_{days}"] = 1e3 * (ours - best)
        print(f"| {days} | {true[:, place].mean():.4f} | {1e3 * (ours - best):.2f} | {1e3 * (usual - best):.2f} |")
    if given.json:
        given.json.write_text(json.dumps({"rows": given.rows, **above}))


if __name__ == "__main__":
    main()
