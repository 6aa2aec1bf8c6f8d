"""How near the scores come to the truth of the simulated association, by the two commands' public doors alone.

    python benchmarks/known_truth.py --members 2000 --members 20000 --seeds 3

For each size and seed: `imis-sandbox export` makes a world and, apart, its truth; `tenure run` scores it. The share of
the attainable gain is (L(constant) − L(scores)) / (L(constant) − L(truth)), where L is the expected log loss under the
true probabilities of the decisions still pending (of members who had not paid by the day: nobody can see who has
silently made up their mind); coverage is the share of true probabilities within [p_low, p_high].
"""

from __future__ import annotations

import argparse
import datetime as dt
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

COMMANDS = Path(sys.executable).parent


def tool(name: str, *words: str) -> None:
    subprocess.run([str(COMMANDS / name), *words], check=True, stdout=subprocess.DEVNULL)


def expected_loss(said: np.ndarray, truth: np.ndarray) -> float:
    said = np.clip(said, 1e-4, 1 - 1e-4)
    return float(-(truth * np.log(said) + (1 - truth) * np.log(1 - said)).mean())


def one_world(folder: Path, members: int, seed: int, today: dt.date) -> dict[str, float]:
    world, home, out = folder / "world", folder / "home", folder / "scores.parquet"
    tool(
        "imis-sandbox",
        "export",
        "--out",
        str(world),
        "--members",
        str(members),
        "--seed",
        str(seed),
        "--today",
        str(today),
    )
    tool("tenure", "init", "--home", str(home), "--source", "files", "--path", str(world))
    began = time.monotonic()
    tool("tenure", "run", "--home", str(home), "--as-of", str(today))
    seconds = time.monotonic() - began
    tool("tenure", "export", "scores", "--home", str(home), "--out", str(out))
    truth = pl.read_parquet(world / "truth.parquet").filter(pl.col("decision") == "pending")
    both = pl.read_parquet(out).join(truth, on="member_id").filter(pl.col("p_lapse_renewal") > 0)
    ahead = (both["renewal_due_on"] - today).dt.total_days()
    soon = both.filter(ahead.is_between(0, 90))
    true, said = soon["p_lapse_unpaid"].to_numpy(), soon["p_lapse_renewal"].to_numpy()
    constant, best = expected_loss(np.full(true.size, true.mean()), true), expected_loss(true, true)
    inside = (soon["p_low"].to_numpy() <= true) & (true <= soon["p_high"].to_numpy())
    return {
        "attained": (constant - expected_loss(said, true)) / (constant - best),
        "said": float(said.mean()),
        "true": float(true.mean()),
        "covered": float(inside.mean()),
        "seconds": seconds,
    }


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--members", type=int, action="append")
    words.add_argument("--seeds", type=int, default=3)
    words.add_argument("--today", type=dt.date.fromisoformat, default=dt.date(2026, 3, 1))
    given = words.parse_args()
    print("| members | seeds | attainable gain, 90 days | mean said / true | 90 % interval covers | first run |")
    print("|--:|--:|--:|--:|--:|--:|")
    for members in given.members or [2000]:
        found = []
        for seed in range(1, given.seeds + 1):
            with tempfile.TemporaryDirectory() as folder:
                found.append(one_world(Path(folder), members, seed, given.today))
        mean = {name: statistics.fmean(one[name] for one in found) for name in found[0]}
        least = min(one["attained"] for one in found)
        print(
            f"| {members:,} | {given.seeds} | {mean['attained']:.2f} (least {least:.2f}) | "
            f"{mean['said']:.3f} / {mean['true']:.3f} | {mean['covered']:.2f} | {mean['seconds']:.0f} s |",
            flush=True,
        )


if __name__ == "__main__":
    main()
