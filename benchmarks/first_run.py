"""A whole first night from a folder of files: seconds, peak memory, and the ratio to reading the same rows once.

    python benchmarks/first_run.py --members 20000 --events-per-year 110

The yardstick is DuckDB sorting the activity file by member and time into one Parquet file, in the same run.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

COMMANDS = Path(sys.executable).parent


def timed(name: str, *words: str) -> float:
    began = time.monotonic()
    subprocess.run([str(COMMANDS / name), *words], check=True, stdout=subprocess.DEVNULL)
    return time.monotonic() - began


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--members", type=int, default=20_000)
    words.add_argument("--events-per-year", type=float, default=110)
    words.add_argument("--today", type=dt.date.fromisoformat, default=dt.date(2026, 3, 1))
    words.add_argument("--json", type=Path, help="also keep the figures here")
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world, home = Path(folder, "world"), Path(folder, "home")
        timed(
            "imis-sandbox", "export", "--out", str(world), "--members", str(given.members),
            "--events-per-year", str(given.events_per_year), "--today", str(given.today),
        )  # fmt: skip
        activity = world / "activity.parquet"
        began = time.monotonic()
        duckdb.sql(f"COPY (FROM '{activity}' ORDER BY member_id, occurred_at) TO '{folder}/sorted.parquet'")
        yardstick = time.monotonic() - began
        rows = duckdb.sql(f"SELECT count(*) FROM '{activity}'").fetchall()[0][0]
        timed("tenure", "init", "--home", str(home), "--source", "files", "--path", str(world))
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        first = timed("tenure", "run", "--home", str(home), "--as-of", str(given.today))
        peak = max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 2**20
        again = timed("tenure", "run", "--home", str(home), "--as-of", str(given.today))
    print("| members | activity rows | first run | over one sort of the rows | peak | the same night again |")
    print("|--:|--:|--:|--:|--:|--:|")
    print(
        f"| {given.members:,} | {rows:,} | {first:.0f} s | {first / yardstick:.0f} × | {peak:.1f} GiB | {again:.0f} s |"
    )
    if given.json:
        figures = {"members": given.members, "events": rows, "minutes": first / 60, "peak": peak}
        given.json.write_text(json.dumps({**figures, "over_sort": first / yardstick}))


if __name__ == "__main__":
    main()
