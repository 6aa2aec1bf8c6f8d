"""How well lapses by a failed payment are told apart from chosen ones, where the truth is known.

    python benchmarks/lapses_apart.py --members 3000 --seed 11

`imis-sandbox export` makes a world and, apart, the reason of each lapse; `tenure sync` reads the world alone.
"""

from __future__ import annotations

import argparse
import datetime as dt
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl

from tenure.base.home import Home
from tenure.base.pseudonym import Pseudonyms
from tenure.base.settings import read_settings
from tenure.features.activity import SENT_OR_BILLED
from tenure.lake import Lake
from tenure.membership import LAPSED, PAYMENT_FAILURE, TROUBLES, decisions, with_exits


def tool(name: str, *words: str) -> None:
    subprocess.run([str(Path(sys.executable).parent / name), *words], check=True, stdout=subprocess.DEVNULL)


def days_of(lake: Lake, kinds: list[str]) -> pl.DataFrame:
    query = "SELECT DISTINCT member, occurred_at::DATE AS day FROM activity WHERE list_contains($1, kind)"
    with lake.connect() as con:
        return pl.DataFrame(con.execute(query, [kinds]).fetchnumpy()).with_columns(pl.col("day").cast(pl.Date))


def one_world(folder: Path, members: int, seed: int, today: dt.date) -> pl.DataFrame:
    """Lapses with what is said of them (`exit`) and the true `reason`."""
    world, home = folder / "world", Home(folder / "home")
    size = ("--members", str(members), "--seed", str(seed), "--today", str(today))
    tool("imis-sandbox", "export", "--out", str(world), *size)
    tool("tenure", "init", "--home", str(home.root), "--source", "files", "--path", str(world))
    tool("tenure", "sync", "--home", str(home.root))
    lake = Lake.open(home.lake)
    own = [kind for kind in lake.first_known() if kind not in SENT_OR_BILLED]
    found = decisions(lake.terms(), lake.members(), read_settings(home).membership, as_of=today)
    told = with_exits(found, days_of(lake, [*TROUBLES]), days_of(lake, own)).filter(pl.col("outcome") == LAPSED)
    truth = pl.read_parquet(world / "truth.parquet").filter(pl.col("decision") == "made")
    ids = truth["member_id"].unique().to_list()
    known_as = dict(zip(ids, Pseudonyms.of(home).many(ids), strict=True))
    truth = truth.with_columns(member=pl.col("member_id").replace_strict(known_as, return_dtype=pl.Int64))
    return told.join(truth.select("member", "ends_on", "reason"), on=["member", "ends_on"])


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--members", type=int, default=3000)
    words.add_argument("--seed", type=int, default=11)
    words.add_argument("--today", type=dt.date.fromisoformat, default=dt.date(2026, 3, 1))
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        lapses = one_world(Path(folder), given.members, given.seed, given.today)
    said = lapses["exit"] == PAYMENT_FAILURE
    true = (lapses["reason"] == "payment failed").fill_null(value=False)
    both = int((said & true).sum())
    print(
        f"{len(lapses):,} lapses, {int(true.sum())} by a failed payment, {int(said.sum())} said to be, {both} rightly"
    )
    print(f"of those said, {both / said.sum():.2f} are; of those that are, {both / true.sum():.2f} are said")


if __name__ == "__main__":
    main()
