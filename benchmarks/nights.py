"""How much disk a year of nightly scores takes, by how many members change in a night.

    python benchmarks/nights.py --members 20000 --nights 62

Rows as `tenure.risk.score` gives them, with random numbers, which is the worst that compression can meet. Each night a
share of the members changes in every number and, of those, a third in its reasons too; ranks and what is usual for a
type shift for everybody.
Beside it, what the same nights take when each is kept whole. Scaled to 200,000 members and 365 nights.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from tenure.lake import Lake
from tenure.risk import SCHEMA

FIRST = dt.date(2026, 1, 1)
WORDS = [f"{number} logins in the last 90 days; members like this, {number % 40}" for number in range(500)]


def first_night(members: int, rng: np.random.Generator) -> pl.DataFrame:
    def column(name: str, kind: pl.DataType) -> pl.Series:
        if kind == pl.Float64():
            return pl.Series(name, rng.random(members))
        if kind == pl.String():
            choice = WORDS if name.startswith(("reason", "against")) else ["a", "b", "c"]
            return pl.Series(name, [choice[i] for i in rng.integers(0, len(choice), members)])
        return pl.Series(name, rng.integers(0, 365, members)).cast(kind)

    ids = pl.Series("member", np.sort(rng.choice(2**62, members, replace=False)))
    return pl.DataFrame([ids, *(column(name, kind) for name, kind in SCHEMA.items() if name != "member")])


def next_night(night: pl.DataFrame, share: float, rng: np.random.Generator) -> pl.DataFrame:
    other = first_night(len(night), rng)
    changed = pl.Series(rng.random(len(night)) < share)
    worded = pl.Series(rng.random(len(night)) < 1 / 3) & changed
    numbers = [n for n, kind in SCHEMA.items() if kind != pl.String() and n not in ("member", "as_of", "usual", "dues")]
    texts = [name for name in SCHEMA if name.startswith(("reason", "against")) and SCHEMA[name] == pl.String()]
    both = night.with_columns(
        *(pl.when(changed).then(other[name]).otherwise(pl.col(name)).alias(name) for name in numbers),
        *(pl.when(worded).then(other[name]).otherwise(pl.col(name)).alias(name) for name in texts),
    )
    p = pl.col("p_lapse_renewal")
    return both.with_columns(risk_rank=(p.rank("min") - 1) / len(night), usual=p.mean().over("member_type"))


def size_of(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*.parquet")) / 1e6


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--members", type=int, default=20_000)
    words.add_argument("--nights", type=int, default=62)
    given = words.parse_args()
    scale = 200_000 / given.members * 365 / given.nights
    print("| change in a night | a year, kept | the same, each night whole | seconds to store a night of 200,000 |")
    print("|--:|--:|--:|--:|")
    for share in (0.01, 0.04):
        rng, taken, whole = np.random.default_rng(5), 0.0, 0.0
        with tempfile.TemporaryDirectory() as folder:
            lake, night = Lake.open(Path(folder)), first_night(given.members, rng)
            for after in range(given.nights):
                day = FIRST + dt.timedelta(days=after)
                began = time.process_time()
                lake.write_scores(day, night)
                taken += time.process_time() - began
                whole += (Path(folder) / "scores" / f"{day}.parquet").stat().st_size / 1e6
                night = next_night(night, share, rng)
            kept = size_of(Path(folder))
        each = taken / given.nights * 200_000 / given.members
        print(f"| {share:.0%} | {kept * scale:,.0f} MB | {whole * scale:,.0f} MB | {each:.1f} |", flush=True)


if __name__ == "__main__":
    main()
