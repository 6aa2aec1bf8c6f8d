"""Whether two models, each taught by one half of the members, name the same first reason.

    python benchmarks/reason_stability.py --members 2000 --seeds 2

`imis-sandbox export` makes a world; three homes read it: with all payers, and with either half of them. Each trains by
`tenure train`, so that each has its own learner, calibration and steps of points. Then all three are asked about every
active member. A second figure is the share of members whose first reason the whole model shows as sure.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from tenure.app.house import House
from tenure.features import FeatureMatrix
from tenure.risk import score
from tenure.risk.reasons import Reasons, explain


def tool(name: str, *words: object) -> None:
    subprocess.run([Path(sys.executable).parent / name, *map(str, words)], check=True, stdout=subprocess.DEVNULL)


def taught(folder: Path, world: Path, payers: list[str] | None, today: dt.date) -> House:
    """A home with a model of *payers*; of all where none are given."""
    source, home = folder / "in", folder / "home"
    source.mkdir(parents=True)
    for path in world.glob("*.parquet"):
        table = pl.read_parquet(path)
        if path.stem == "terms" and payers is not None:
            table = table.filter(pl.col("member_id").is_in(payers))
        table.write_parquet(source / path.name)
    tool("tenure", "init", "--home", home, "--source", "files", "--path", source)
    tool("tenure", "sync", "--home", home)
    tool("tenure", "train", "--home", home, "--as-of", today)
    return House.open(home)


def first_reasons(house: House, matrix: FeatureMatrix) -> tuple[Reasons, int]:
    """Reasons of the home's model for *matrix*, and the steps that it tells points in."""
    model = house.registry.latest()
    assert model is not None
    x, types = model.encoding.encode(matrix), matrix.categories["member_type"]
    return explain(model.encoding, x, types, model, model.halves, step=model.reason_step), model.reason_step


def one_world(folder: Path, members: int, seed: int, today: dt.date) -> dict[str, float]:
    world = folder / "world"
    tool("imis-sandbox", "export", "--out", world, "--members", members, "--seed", seed, "--today", today)
    (world / "truth.parquet").unlink()
    payers = pl.read_parquet(world / "terms.parquet")["member_id"].unique().sort()
    first = pl.Series(np.random.default_rng(seed).random(len(payers)) < 0.5)
    whole = taught(folder / "whole", world, None, today)
    halves = [
        taught(folder / name, world, payers.filter(own).to_list(), today) for name, own in (("a", first), ("b", ~first))
    ]
    caught: list[FeatureMatrix] = []
    model = whole.registry.latest()
    assert model is not None
    score(whole.lake, whole.settings, today, model, keep=caught.append)
    (ours, step), (one, _), (other, _) = (first_reasons(house, caught[0]) for house in (whole, *halves))
    names, counts = np.unique(ours.names[:, 0], return_counts=True)
    return {
        "members": members,
        "seed": seed,
        "same": float((one.names[:, 0] == other.names[:, 0]).mean()),
        "sure": float(ours.sure.mean()),
        "step": float(step),
        "reasons": float(names.size),
        "most_frequent": float(counts.max() / counts.sum()),
    }


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--members", type=int, default=2000)
    words.add_argument("--seeds", type=int, default=2)
    words.add_argument("--today", type=dt.date.fromisoformat, default=dt.date(2026, 3, 1))
    words.add_argument("--json", type=Path, help="where to keep every world's figures")
    given = words.parse_args()
    found = []
    for seed in range(1, given.seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            found.append(one_world(Path(folder), given.members, seed, given.today))
        print(found[-1], flush=True)
    same, sure = (statistics.fmean(one[name] for one in found) for name in ("same", "sure"))
    print(f"{given.members:,} members: the same first reason for {same:.2f} of them, shown as sure for {sure:.2f}")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
