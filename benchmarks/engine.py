"""What features cost, beside plain scans and the best SQL over the same events; and where a night spends its time.

    python benchmarks/engine.py --members 20000 --members 200000 --lakes /somewhere/with/room
    python benchmarks/engine.py --members 20000 --night

Each cost is a ratio to a yardstick that the same run times: DuckDB reading the same columns of the same events (days as
the lake keeps them beside the instants) and grouping them once, all of its answers looked at. Medians of `--times` runs
that take turns, in processor seconds, since a busy machine stretches the others; wall seconds stand beside them. The
ring query is the best SQL that we know for one day: events grouped by member, kind and age band, then pivoted; it gives
counts alone. What it costs to fill the memory of the many days' answer, of which a virtual machine may have to be given
every page anew, is told too; no ratio leaves it out.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from event_world import LAST, event_lake

from tenure.base.settings import Membership
from tenure.features import FEATURES, build
from tenure.features.definitions import Standing
from tenure.features.kernel import WINDOWS
from tenure.lake import Lake
from tenure.membership import standing

RULES = Membership()
EPOCH = dt.date(1970, 1, 1)
COUNTED = tuple(feature for feature in FEATURES if not isinstance(feature.how, Standing))
DATES = 36
RINGS = 4
"""Days for which the ring query is run, to be scaled."""


@dataclass
class Cost:
    """Seconds of one way of doing it: by the clock, and of all processors."""

    wall: float
    cpu: float


class Timed(NamedTuple):
    """The cost of one thing at one size."""

    members: int
    what: str
    cost: Cost


def measured(work: dict[str, Callable[[], object]], times: int) -> dict[str, Cost]:
    """The median cost of each, taking turns."""
    taken: dict[str, list[Cost]] = {name: [] for name in work}
    for _ in range(times):
        for name, run in work.items():
            wall, cpu = time.perf_counter(), time.process_time()
            run()
            taken[name].append(Cost(time.perf_counter() - wall, time.process_time() - cpu))
    return {
        name: Cost(statistics.median(c.wall for c in costs), statistics.median(c.cpu for c in costs))
        for name, costs in taken.items()
    }


def days(dates: int) -> list[dt.date]:
    """First days of months, the last of them `LAST`."""
    back = [12 * LAST.year + LAST.month - 1 - months for months in range(dates)]
    return [dt.date(month // 12, month % 12 + 1, 1) for month in reversed(back)]


def rows_on(lake: Lake, asked: list[dt.date]) -> pl.DataFrame:
    """Who had a term on each day, as `tenure.membership.standing` lists them, but without what terms say.

    Working out where millions of pairs of member and day stood costs more than all that is measured here.
    """
    like = standing(lake.terms(), lake.members(), pl.DataFrame({"row": [0], "member": [0], "as_of": asked[:1]}), RULES)
    terms = lake.terms().select("member", "starts_on", "ends_on", record_type=pl.lit("individual"))
    frames = (
        terms.filter(pl.lit(day).is_between("starts_on", pl.col("ends_on"))).with_columns(as_of=pl.lit(day))
        for day in asked
    )
    rows = pl.concat(frames).unique(["member", "as_of"]).sort("member", "as_of").with_row_index("row")
    have = {"row", "member", "as_of", "record_type"}
    return rows.select(name if name in have else pl.lit(None, kind).alias(name) for name, kind in like.schema.items())


def between(first: dt.date, last: dt.date) -> str:
    begin = (first - EPOCH).days - max(WINDOWS)
    return f"day_number >= {begin} AND known_number < {(last - EPOCH).days}"


MONTH = "date_trunc('month', DATE '1970-01-01' + day_number)"
GROUPED = ("count(*)", "sum(value)", "max(day_number)", "count(chapter_id)")
BY_MEMBER = (*GROUPED, "count(*) FILTER (kind = 'login')")


def grouped(lake: Lake, by: str, found: tuple[str, ...], first: dt.date, last: dt.date) -> Callable[[], object]:
    """Read the columns that features read, the same rows of them in the same files, and group those once.

    Every answer is looked at: of aggregates that nobody asks for DuckDB reads not even the columns.
    """
    named = ", ".join(f"{one} AS a{place}" for place, one in enumerate(found))
    looked_at = ", ".join(f"max(a{place})" for place in range(len(found)))
    months = lake.activity_between(first - dt.timedelta(days=max(WINDOWS)), last)
    rows = f"SELECT {by}, {named} FROM ({months}) WHERE {between(first, last)} GROUP BY ALL"
    return lambda: _run(lake, [f"SELECT count(*), {looked_at} FROM ({rows})"])


def rings(lake: Lake, asked: list[dt.date]) -> Callable[[], object]:
    """One ring query per day: the counts of every kind in every window."""
    band = "CASE " + " ".join(f"WHEN age <= {w} THEN {i}" for i, w in enumerate(WINDOWS)) + " END"
    kinds = "'login', 'event_attended', 'email_sent', 'email_opened', 'email_clicked', 'payment', 'committee_meeting', 'resource_download'"  # noqa: E501
    cells = ", ".join(
        f"coalesce(sum(n) FILTER (kind = {kind} AND ring <= {i}), 0)::INTEGER AS c{k}_{i}, "
        f"coalesce(sum(s) FILTER (kind = {kind} AND ring <= {i}), 0)::FLOAT AS s{k}_{i}"
        for k, kind in enumerate(kinds.split(", ")) for i in range(len(WINDOWS))
    )  # fmt: skip
    queries = [
        f"CREATE OR REPLACE TEMP TABLE found AS SELECT member, {cells}, min(r) FROM (SELECT member, kind, {band} AS "
        f"ring, count(*) AS n, sum(value) AS s, min(age) AS r FROM (SELECT member, kind, value, DATE '{day}' - "
        f"occurred_at::DATE AS age FROM activity WHERE {between(day, day)}) GROUP BY ALL) GROUP BY member"
        for day in asked
    ]
    return lambda: _run(lake, queries)


def _run(lake: Lake, queries: list[str]) -> None:
    with lake.connect() as connection:
        for query in queries:
            connection.execute(query)


def peak() -> float:
    """GiB that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def features(lake: Lake, members: int, times: int) -> list[Timed]:
    """Features of one day and of many, beside their yardsticks."""
    one, many = days(1), days(DATES)
    now, years = rows_on(lake, one), rows_on(lake, many)
    build(lake, now.head(10), RULES)  # compiles
    before = peak()
    found = measured({
        "one day: scan and one GROUP BY member": grouped(lake, "member", BY_MEMBER, one[0], one[0]),
        "one day: counted features": lambda: build(lake, now, RULES, features=COUNTED),
        "one day: all features": lambda: build(lake, now, RULES),
        "one day: ring query": rings(lake, one),
    }, times) | measured({
        f"{DATES} days: one GROUP BY member, month, kind": grouped(
            lake, f"member, {MONTH}, kind", GROUPED, many[0], many[-1]
        ),
        f"{DATES} days: counted features": lambda: build(lake, years, RULES, features=COUNTED),
        f"{DATES} days: the answer's memory, filled": lambda: np.full((len(years), len(COUNTED)), 1, np.float32),
    }, max(1, times // 3))  # fmt: skip
    few = measured({"rings": rings(lake, many[:: DATES // RINGS])}, 1)["rings"]
    found[f"{DATES} days: a ring query a day"] = Cost(few.wall * DATES / RINGS, few.cpu * DATES / RINGS)
    output = len(years) * len(COUNTED) * 4 / 2**30
    print(f"{members:,} members, {lake.rows('activity'):,} events: {len(now):,} and {len(years):,} rows; peak "
          f"{peak():.2f} GiB ({before:.2f} before), of which the largest answer is {output:.2f}\n")  # fmt: skip
    return [Timed(members, name, cost) for name, cost in found.items()]


def told(rows: list[Timed]) -> None:
    cost = {(row.members, row.what): row.cost.cpu for row in rows}
    print("| members | what | wall s | processor s | over the yardstick |\n|--:|---|--:|--:|--:|")
    yard = 1.0
    for row in rows:
        yard = row.cost.cpu if "GROUP BY" in row.what else yard
        over = row.cost.cpu / yard
        print(f"| {row.members:,} | {row.what} | {row.cost.wall:.2f} | {row.cost.cpu:.2f} | {over:.2f} × |")
    sizes = sorted({row.members for row in rows})
    for size in sizes:
        speed = cost[size, f"{DATES} days: a ring query a day"] / cost[size, f"{DATES} days: counted features"]
        print(f"\n{DATES} days, {size:,} members: {speed:.1f} × faster than a ring query a day")
    if len(sizes) > 1:
        for what in ("one day: all features", f"{DATES} days: counted features"):
            growth = cost[sizes[-1], what] / cost[sizes[0], what]
            print(f"{what}: {sizes[-1] / sizes[0]:.0f} times the members cost {growth:.1f} × the time")


def ratios(rows: list[Timed]) -> dict[str, float]:
    """What the table of marks holds, of the largest size; growth from the smallest to it where there are two."""
    cost = {(row.members, row.what): row.cost.cpu for row in rows}
    sizes = sorted({row.members for row in rows})
    most, one, many = sizes[-1], "one day: counted features", f"{DATES} days: counted features"
    found = {
        "members": float(most),
        "one_day": cost[most, one] / cost[most, "one day: scan and one GROUP BY member"],
        "many_days": cost[most, many] / cost[most, f"{DATES} days: one GROUP BY member, month, kind"],
        "faster_than_rings": cost[most, f"{DATES} days: a ring query a day"] / cost[most, many],
        "peak": peak(),
    }
    if len(sizes) > 1:
        found |= {"times": most / sizes[0], "growth": cost[most, one] / cost[sizes[0], one]}
    return found


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--members", type=int, action="append")
    words.add_argument("--times", type=int, default=3)
    words.add_argument("--lakes", type=Path, help="keep the invented lakes here")
    words.add_argument("--json", type=Path, help="also keep the figures here")
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root, rows = given.lakes or Path(folder), []
        for members in given.members or [20_000]:
            rows += features(event_lake(root / f"lake{members}", members), members, given.times)
    told(rows)
    if given.json:
        given.json.write_text(json.dumps(ratios(rows), indent=1))


if __name__ == "__main__":
    main()
