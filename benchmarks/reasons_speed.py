"""What each group of signals is worth to each member, over the library's exact contributions of the same booster.

    python benchmarks/reasons_speed.py --rows 50000 --threads 2

Invents rows in which a third of the values are missing, grows a booster as `tenure.risk` does, and asks both for the
three strongest reasons; seconds are scaled to a million members, medians of three. `pred_contribs` gives a number for
each column, which a person would still have to make reasons of; its own sorting is counted for both.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import xgboost

from tenure.risk.forest import Forest


def invented(rows: int, columns: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    x = rng.gamma(1.0, 3.0, (rows, columns)).astype(np.float32)
    x[:, ::3] = np.floor(x[:, ::3])
    weight = rng.normal(0, 0.4, columns)
    odds = (np.log1p(x) * weight).sum(axis=1) + 0.3 * np.sqrt(x[:, 0] * x[:, 1]) - 2
    y = rng.random(rows) < 1 / (1 + np.exp(-odds - weight.sum()))
    x[rng.random(x.shape) < 0.3] = np.nan
    return x, y.astype(np.float32)


def median_seconds(work: Callable[[], object], times: int = 3) -> float:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def top3(points: np.ndarray) -> np.ndarray:
    return np.argsort(-points, axis=1)[:, :3]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--rows", type=int, default=20_000)
    words.add_argument("--columns", type=int, default=100)
    words.add_argument("--groups", type=int, default=20)
    words.add_argument("--trees", type=int, default=250)
    words.add_argument("--depth", type=int, default=4)
    words.add_argument("--threads", type=int, default=2)
    words.add_argument("--json", type=Path, help="also keep the figures here")
    given = words.parse_args()
    x, y = invented(max(given.rows, 50_000), given.columns)
    plan = {"objective": "binary:logistic", "max_depth": given.depth, "eta": 0.05, "nthread": given.threads,
            "min_child_weight": 8, "lambda": 4, "subsample": 0.8, "colsample_bytree": 0.25, "max_bin": 64}  # fmt: skip
    booster = xgboost.train(plan, xgboost.QuantileDMatrix(x[:50_000], y[:50_000], max_bin=64), given.trees)
    x = x[: given.rows]
    rng = np.random.default_rng(3)
    usual = np.nanmedian(x, axis=0) * rng.uniform(0.9, 1.1, (8, 1)).astype(np.float32)
    kind = rng.integers(0, len(usual), len(x))
    groups = [list(range(g, given.columns, given.groups)) for g in range(given.groups)]
    singles = [[column] for column in range(given.columns)]
    forest = Forest.from_json(bytes(booster.save_raw("json")))
    matrix = xgboost.DMatrix(x)

    def reasons(of: list[list[int]]) -> np.ndarray:
        now = forest.margin(x, threads=given.threads)
        return top3(now[:, None] - forest.grouped(x, usual, of, kind=kind, threads=given.threads))

    def by_groups_with_the_library() -> np.ndarray:
        now = booster.inplace_predict(x, predict_type="margin")
        points = np.empty((len(x), len(groups)))
        for place, columns in enumerate(groups):
            changed = x.copy()
            changed[:, columns] = usual[kind][:, columns]
            points[:, place] = now - booster.inplace_predict(changed, predict_type="margin")
        return top3(points)

    reasons(groups)  # compiles
    agree = np.abs(forest.margin(x) - booster.predict(matrix, output_margin=True)).max()
    scale = 1_000_000 / len(x)
    exact = median_seconds(lambda: top3(booster.predict(matrix, pred_contribs=True)[:, :-1])) * scale
    rows = {
        "library, exact contributions per column": exact,
        "library, asked again for each group": median_seconds(by_groups_with_the_library) * scale,
        "ours, for each group": median_seconds(lambda: reasons(groups)) * scale,
        "ours, for each column alone": median_seconds(lambda: reasons(singles)) * scale,
        "ours, the margin": median_seconds(lambda: forest.margin(x, threads=given.threads)) * scale,
        "library, the margin": median_seconds(lambda: booster.inplace_predict(x, predict_type="margin")) * scale,
    }
    print(f"{given.trees} trees of depth {given.depth}, {given.columns} columns, {given.groups} groups, "
          f"{given.threads} threads, {len(x):,} rows; greatest difference of margins {agree:.1e}\n")  # fmt: skip
    print("| | seconds for 1,000,000 members | exact contributions take |")
    print("|---|--:|--:|")
    for name, seconds in rows.items():
        print(f"| {name} | {seconds:.1f} | {exact / seconds:.1f} × |")
    if given.json:
        given.json.write_text(json.dumps({"rows": len(x), "faster": exact / rows["ours, for each group"]}))


if __name__ == "__main__":
    main()
