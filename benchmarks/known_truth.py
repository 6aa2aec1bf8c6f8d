"""How near the scores come to the truth of the simulated association, by the two commands' public doors alone.

    python benchmarks/known_truth.py --members 2000 --members 20000 --seeds 5
    python benchmarks/known_truth.py --members 2000 --seeds 5 --tenfold

For each size and seed: `imis-sandbox export` makes a world and, apart, its truth; `tenure run` scores it. The share of
the attainable gain is (L(constant) − L(scores)) / (L(constant) − L(truth)), where L is the expected log loss under the
true probabilities of the decisions still pending (of members who had not paid by the day: nobody can see who has
silently made up their mind); coverage is the share of true probabilities within [p_low, p_high].

`--tenfold` makes a world of ten times as many members. One home reads a tenth of its payers, another all of them; both
train and score, and both are held against the truth of the same members: those of the tenth. So only how many members
the learner saw differs.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

COMMANDS = Path(sys.executable).parent
HORIZON = 90
"""Days within which a decision is due that counts here."""


def tool(name: str, *words: object) -> None:
    subprocess.run([COMMANDS / name, *map(str, words)], check=True, stdout=subprocess.DEVNULL)


def expected_loss(said: np.ndarray, truth: np.ndarray) -> float:
    said = np.clip(said, 1e-4, 1 - 1e-4)
    return float(-(truth * np.log(said) + (1 - truth) * np.log(1 - said)).mean())


def made_world(folder: Path, members: int, seed: int, today: dt.date) -> Path:
    """The tables of a world in `world`; its truth in `truth.parquet` beside it."""
    world = folder / "world"
    tool("imis-sandbox", "export", "--out", world, "--members", members, "--seed", seed, "--today", today)
    (world / "truth.parquet").rename(folder / "truth.parquet")
    return world


def tenth_of(world: Path, out: Path) -> None:
    """A tenth of the payers of *world*, the people of those that are organizations, and what they all did."""
    terms, members = (pl.read_parquet(world / f"{table}.parquet") for table in ("terms", "members"))
    payers = terms["member_id"].unique().sort()
    chosen = payers.filter(pl.Series(np.random.default_rng(1).random(len(payers)) < 0.1)).to_list()
    people = members.filter(pl.col("member_id").is_in(chosen) | pl.col("organization_id").is_in(chosen))
    ids = people["member_id"].unique().to_list()
    out.mkdir()
    for path in world.glob("*.parquet"):
        table, keep = pl.read_parquet(path), chosen if path.stem == "terms" else ids
        kept = table.filter(pl.col("member_id").is_in(keep)) if "member_id" in table.columns else table
        kept.write_parquet(out / path.name)


def scored(source: Path, home: Path, today: dt.date) -> tuple[pl.DataFrame, float]:
    """The scores of a first night over *source*, and how many seconds it took."""
    tool("tenure", "init", "--home", home, "--source", "files", "--path", source)
    began = time.monotonic()
    tool("tenure", "run", "--home", home, "--as-of", today)
    seconds = time.monotonic() - began
    tool("tenure", "export", "scores", "--home", home, "--causes", "--out", home / "scores.parquet")
    return pl.read_parquet(home / "scores.parquet"), seconds


def judged(scores: pl.DataFrame, truth: pl.DataFrame, today: dt.date) -> dict[str, float]:
    """How near *scores* are to *truth* among those due soon."""
    pending = truth.filter(pl.col("decision") == "pending")
    both = scores.join(pending, on="member_id").filter(pl.col("p_lapse_renewal") > 0)
    soon = both.filter((both["renewal_due_on"] - today).dt.total_days().is_between(0, HORIZON))
    true, said = soon["p_lapse_unpaid"].to_numpy(), soon["p_lapse_renewal"].to_numpy()
    constant, best = expected_loss(np.full(true.size, true.mean()), true), expected_loss(true, true)
    low, high = soon["p_low"].to_numpy(), soon["p_high"].to_numpy()
    inside = (low <= true) & (true <= high)
    tenths = np.array_split(np.argsort(said, kind="stable"), 10)
    gain = constant - expected_loss(said, true)
    return {
        "decisions": float(true.size),
        "gain": gain,
        "attainable": constant - best,
        "attained": gain / (constant - best),
        "said": float(said.mean()),
        "true": float(true.mean()),
        "covered": float(inside.mean()),
        "covered_least": min(float(inside[part].mean()) for part in tenths),
        **payments(soon),
    }


def payments(soon: pl.DataFrame) -> dict[str, float]:
    """What is said of failed payments and what is true, on average over members who renew by themselves, and over the
    fifths of them of whom least and most is said; nothing where too few were known to tell."""
    charged = soon.filter((pl.col("p_lapse_payment") > 0) & pl.col("p_payment_renewal").is_not_null())
    if charged.is_empty():
        return {}
    said, true = charged["p_payment_renewal"].to_numpy(), charged["p_lapse_payment"].to_numpy()
    least, *_, most = np.array_split(np.argsort(said, kind="stable"), 5)
    means = {
        f"{part}{name}": values[rows]
        for part, rows in (("", slice(None)), ("least_", least), ("most_", most))
        for name, values in (("said", said), ("true", true))
    }
    return {f"payment_{name}": float(values.mean()) for name, values in means.items()}


def one_world(folder: Path, members: int, seed: int, today: dt.date) -> dict[str, float]:
    world = made_world(folder, members, seed, today)
    scores, seconds = scored(world, folder / "home", today)
    return {**judged(scores, pl.read_parquet(folder / "truth.parquet"), today), "seconds": seconds}


def one_tenfold(folder: Path, members: int, seed: int, today: dt.date) -> dict[str, float]:
    """What a tenth of a world teaches, over what all of it teaches, about the members of the tenth."""
    world = made_world(folder, 10 * members, seed, today)
    tenth_of(world, folder / "tenth")
    truth = pl.read_parquet(folder / "truth.parquet")
    few, seconds = scored(folder / "tenth", folder / "few", today)
    many, _ = scored(world, folder / "many", today)
    few_judged = judged(few, truth, today)
    same = judged(many.filter(pl.col("member_id").is_in(few["member_id"].to_list())), truth, today)
    return {
        **few_judged,
        "seconds": seconds,
        "tenfold_gain": same["gain"],
        "of_tenfold": few_judged["gain"] / same["gain"],
        "tenfold_attained": judged(many, truth, today)["attained"],
    }


_PAYMENTS = ("said", "true", "least_said", "least_true", "most_said", "most_true")


def line(members: int, found: list[dict[str, float]]) -> str:
    mean = {
        name: statistics.fmean(one[name] for one in found) for name in found[0] if all(name in one for one in found)
    }
    least = min(one["attained"] for one in found)
    tenfold = f" {mean['of_tenfold']:.2f} |" if "of_tenfold" in mean else ""
    return (
        f"| {members:,} | {len(found)} | {mean['attained']:.2f} (least {least:.2f}) |{tenfold} "
        f"{mean['said']:.3f} / {mean['true']:.3f} | {mean['covered']:.2f} | {mean['covered_least']:.2f} | "
        f"{mean['seconds']:.0f} s |"
    )


def of_payments(members: int, found: list[dict[str, float]]) -> str:
    """How near what is said of failed payments comes; empty where a world had too few to tell."""
    if not all("payment_said" in one for one in found):
        return ""
    told = {name: statistics.fmean(one[f"payment_{name}"] for one in found) for name in _PAYMENTS}
    return (
        f"{members:,} members, failed payments, said / true: {told['said']:.3f} / {told['true']:.3f}; in the fifth of "
        f"whom least is said {told['least_said']:.3f} / {told['least_true']:.3f}, most {told['most_said']:.3f} / "
        f"{told['most_true']:.3f}"
    )


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--members", type=int, action="append")
    words.add_argument("--seeds", type=int, default=3)
    words.add_argument("--first-seed", type=int, default=1)
    words.add_argument("--tenfold", action="store_true", help="against the same learner on ten times the members")
    words.add_argument("--today", type=dt.date.fromisoformat, default=dt.date(2026, 3, 1))
    words.add_argument("--json", type=Path, help="where to keep every world's figures, written after each world")
    given = words.parse_args()
    also = " of the gain with tenfold members |" if given.tenfold else ""
    print(f"| members | seeds | attainable gain, 90 days |{also} mean said / true | covers | least tenth | first run |")
    print("|--:|--:|--:|--:|--:|--:|--:|" + ("--:|" if given.tenfold else ""))
    kept: list[dict[str, float]] = []
    payments_told: list[str] = []
    for members in given.members or [2000]:
        found: list[dict[str, float]] = []
        for seed in range(given.first_seed, given.first_seed + given.seeds):
            with tempfile.TemporaryDirectory() as folder:
                one = (one_tenfold if given.tenfold else one_world)(Path(folder), members, seed, given.today)
            found.append(one)
            kept.append({"members": members, "seed": seed, **one})
            if given.json:
                given.json.write_text(json.dumps(kept, indent=1))
        print(line(members, found), flush=True)
        payments_told.append(of_payments(members, found))
    print("", *filter(None, payments_told), sep="\n")


if __name__ == "__main__":
    main()
