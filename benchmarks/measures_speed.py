"""Every measure of a back-test with its interval, over a plain bootstrap of the area under the curve alone.

    python benchmarks/measures_speed.py --rows 100000 --payers 40000

The yardstick draws payers, gathers their rows and ranks them anew, for one measure; ours gives ten measures from the
same number of draws.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from tenure.risk.metrics import auc
from tenure.risk.resampling import REPEATS, calibrated, draw, summary


def invented(rows: int, payers: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    p = 1 / (1 + np.exp(-rng.normal(-1.8, 1.2, rows)))
    return p, (rng.random(rows) < p).astype(float), rng.integers(0, payers, rows)


def plain(p: np.ndarray, y: np.ndarray, payer: np.ndarray, repeats: int) -> float:
    """Seconds of the yardstick, scaled from a tenth of the draws."""
    rng = np.random.default_rng(1)
    order = np.argsort(payer, kind="stable")
    _, starts = np.unique(payer[order], return_index=True)
    blocks = np.split(order, starts[1:])
    began = time.perf_counter()
    for _ in range(repeats // 10):
        rows = np.concatenate([blocks[i] for i in rng.integers(0, len(blocks), len(blocks))])
        auc(p[rows], y[rows])
    return 10 * (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--payers", type=int, default=40_000)
    asked = parser.parse_args()
    p, y, payer = invented(asked.rows, asked.payers)
    began = time.perf_counter()
    draws = draw(payer, seed=1)
    summary(p, y, draws, capacity={"10": 0.1})
    calibrated(p, y, draws)
    ours = time.perf_counter() - began
    theirs = plain(p, y, payer, REPEATS)
    print(
        f"{asked.rows:,} rows, {REPEATS} draws: ours {ours:.1f} s, yardstick {theirs:.1f} s, {theirs / ours:.1f} times"
    )


if __name__ == "__main__":
    main()
