"""How often signals of members are right, in a simulated association whose truth is known, by commands alone.

    python benchmarks/signals_truth.py --members 5000 --seeds 3

For each seed `imis-sandbox export` makes a world and, apart, its truth; `tenure sync` reads it; `tenure insight` tells
what went before lapses and whose money is short; both are held against the truth. Chapter drift has no truth there (no
member leaves a chapter and stays otherwise), so it is told a year back whether those who drifted lapsed more often.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import polars as pl

COMMANDS = Path(sys.executable).parent
MEANT = {
    "payment failure": "payment failed",
    "employer changed": "employer stopped paying",
    "left the field or retired": "left the field",
    "price": "price",
    "stopped attending after the dues rise": "price",
    **dict.fromkeys(
        ("went quiet", "took part less", "used nothing in the last year", "did not settle in", "chapter drift"),
        "disengaged",
    ),
}
"""What each driver would be called in the truth; `never used …` and `not clear` name no reason of it."""


def tool(name: str, *words: object) -> str:
    done = subprocess.run([COMMANDS / name, *map(str, words)], check=True, capture_output=True, text=True)
    return done.stdout


def told(home: Path, what: str, as_of: dt.date) -> dict:
    return json.loads(tool("tenure", "insight", what, "--home", home, "--as-of", as_of, "--json"))


def made(folder: Path, members: int, seed: int, today: dt.date) -> tuple[Path, pl.DataFrame]:
    """A home that has read a world, with a purpose for hardship; and the truth."""
    world, home = folder / "world", folder / "home"
    tool("imis-sandbox", "export", "--out", world, "--members", members, "--seed", seed, "--today", today)
    (world / "truth.parquet").rename(folder / "truth.parquet")
    tool("tenure", "init", "--home", home, "--source", "files", "--path", world)
    settings = home / "tenure.toml"
    settings.write_text(re.sub(r'# hardship_purpose = ""', 'hardship_purpose = "to measure"', settings.read_text()))
    tool("tenure", "sync", "--home", home)
    return home, pl.read_parquet(folder / "truth.parquet")


def drivers(home: Path, truth: pl.DataFrame, today: dt.date) -> Counter:
    """Pairs of driver and true reason."""
    reasons = truth.filter(decision="made", lapsed=1).select("member_id", "reason", left_on="ends_on")
    found = pl.DataFrame(told(home, "winback", today)["members"], infer_schema_length=None)
    both = found.with_columns(pl.col("left_on").str.to_date()).join(reasons, on=["member_id", "left_on"])
    return Counter(both.select("driver", "reason").rows())


def hardship(home: Path, truth: pl.DataFrame, today: dt.date) -> Counter:
    """Pairs of found and true, of individuals with a decision before them."""
    found = {one["member_id"] for one in told(home, "hardship", today)["members"]}
    pending = truth.filter(decision="pending").unique("member_id")
    return Counter((member in found, hard) for member, hard in pending.select("member_id", "hard").iter_rows())


def drift(home: Path, truth: pl.DataFrame, today: dt.date) -> Counter:
    """Pairs of drifting a year ago and lapsed at the renewal decided since."""
    before = today - dt.timedelta(days=365)
    drifting = {one["member_id"] for one in told(home, "chapters", before)["drifting"]}
    since = truth.filter(pl.col("decision") == "made", pl.col("decided_on") >= before).sort("decided_on")
    first = since.unique("member_id", keep="first")
    return Counter((member in drifting, lapsed) for member, lapsed in first.select("member_id", "lapsed").iter_rows())


def say(pairs: Counter) -> None:
    total, reasons = sum(pairs.values()), Counter()
    for (_, reason), count in pairs.items():
        reasons[reason] += count
    print("| driver | lapses | right | true reasons of that kind | so by chance |\n|---|--:|--:|--:|--:|")
    for driver in sorted(
        {name for name, _ in pairs}, key=lambda one: -sum(n for (d, _), n in pairs.items() if d == one)
    ):
        own = sum(count for (name, _), count in pairs.items() if name == driver)
        reason = MEANT.get(driver, "")
        right = pairs[driver, reason]
        part = (
            f"{right / own:.0%} | {right / reasons[reason]:.0%} | {reasons[reason] / total:.0%}"
            if reason
            else "– | – | –"
        )
        print(f"| {driver} | {own} | {part} |")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--members", type=int, default=5000)
    words.add_argument("--seeds", type=int, default=3)
    words.add_argument("--today", type=dt.date.fromisoformat, default=dt.date(2026, 3, 1))
    given = words.parse_args()
    all_drivers, hard, drifted = Counter(), Counter(), Counter()
    for seed in range(1, given.seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            home, truth = made(Path(folder), given.members, seed, given.today)
            all_drivers += drivers(home, truth, given.today)
            hard += hardship(home, truth, given.today)
            drifted += drift(home, truth, given.today)
    say(all_drivers)
    found, true = hard[True, True] + hard[True, False], hard[True, True] + hard[False, True]
    print(f"hardship: {found} found, {hard[True, True]} of them so; {true} are so of {sum(hard.values())}")
    for flag in (True, False):
        print(f"drifting {flag}: {drifted[flag, 1]} lapsed of {drifted[flag, 0] + drifted[flag, 1]}")


if __name__ == "__main__":
    main()
