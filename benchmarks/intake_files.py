"""How long the intake of a folder of files takes, beside DuckDB merely scanning and sorting the same file.

    python benchmarks/intake_files.py --members 20000 --rows 11000000 --format parquet

Makes the folder (kept between runs), syncs it into a fresh home in a process of its own, syncs it again unchanged, and
prints seconds, peak memory, and the ratio to the bare scan and sort.
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

import numpy as np
import polars as pl

KINDS = (
    "login", "page_view", "email_sent", "email_opened", "email_clicked", "event_registered", "community_post",
    "resource_download",
)  # fmt: skip
START, YEARS = dt.datetime(2020, 1, 1, tzinfo=dt.UTC), 5


def make(folder: Path, members: int, rows: int, form: str) -> None:
    """An association of so many members, with annual terms and activity spread evenly over five years."""
    folder.mkdir(parents=True)
    ids = [f"{number:06d}" for number in range(members)]
    people = {"member_id": ids, "record_type": "individual", "member_type": "REG", "join_date": dt.date(2019, 1, 1)}
    save(pl.DataFrame(people), folder / f"members.{form}")
    years = pl.DataFrame({"year": range(START.year, START.year + YEARS)})
    terms = pl.DataFrame({"member_id": ids}).join(years, how="cross")
    first = pl.date("year", 1, 1)
    named = pl.col("member_id") + "-" + pl.col("year").cast(pl.String)
    save(
        terms.select(
            "member_id", term_id=named, member_type=pl.lit("REG"), starts_on=first, ends_on=pl.date("year", 12, 31),
            dues=pl.lit(120.0), paid_on=first, recorded_at=pl.datetime("year", 1, 1, 3),
        ),
        folder / f"terms.{form}",
    )  # fmt: skip
    save(activity(members, rows), folder / f"activity.{form}")


def activity(members: int, rows: int) -> pl.DataFrame:
    rng = np.random.default_rng(1)
    occurred = np.sort(rng.integers(0, YEARS * 365 * 86_400, rows)) + int(START.timestamp())
    late = rng.exponential(3600, rows).astype(np.int64)
    kind = rng.integers(0, len(KINDS), rows)
    raw = pl.DataFrame(
        {
            "n": np.arange(rows),
            "m": rng.integers(0, members, rows),
            "kind": pl.Series(KINDS)[kind],
            "o": occurred * 1_000_000,
            "r": (occurred + late) * 1_000_000,
            "value": rng.random(rows) * 60,
        }
    )
    return raw.select(
        activity_id=pl.lit("A") + pl.col("n").cast(pl.String).str.zfill(9),
        member_id=pl.col("m").cast(pl.String).str.zfill(6),
        kind="kind",
        occurred_at=pl.col("o").cast(pl.Datetime("us")),
        recorded_at=pl.col("r").cast(pl.Datetime("us")),
        value=pl.when(pl.col("kind") == "login").then("value"),
        ref=pl.when(pl.col("kind") == "event_registered").then(pl.lit("EV1")),
    )


def save(frame: pl.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        frame.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%SZ")
    else:
        frame.write_parquet(path)


def sync(folder: Path, home_root: Path) -> None:
    """One sync; prints what it took as JSON."""
    from tenure.base.clock import system_clock
    from tenure.base.home import Home
    from tenure.base.settings import Settings, Source
    from tenure.intake import FilesSource, sync
    from tenure.lake import Lake

    home = Home(home_root)
    began = time.perf_counter()
    settings, source = Settings(source=Source(kind="files", path=str(folder))), FilesSource(folder)
    report = sync(home, settings, Lake.open(home.lake), clock=system_clock, source=source)
    print(json.dumps(figures(began) | {"version": report.version, "unchanged": report.unchanged}))


def bare(folder: Path, out: Path) -> None:
    """DuckDB alone: read the activity, sort it by month and member, write it."""
    import duckdb

    (path,) = folder.glob("activity.*")
    began = time.perf_counter()
    with duckdb.connect(config={"threads": 2, "memory_limit": "2GB", "temp_directory": str(out / "spill")}) as db:
        order = "date_trunc('month', occurred_at), member_id, occurred_at"
        db.execute(f"COPY (FROM '{path}' ORDER BY {order}) TO '{out / 'sorted.parquet'}' (COMPRESSION zstd)")
    print(json.dumps(figures(began)))


def figures(began: float) -> dict[str, float]:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    return {"seconds": round(time.perf_counter() - began, 2), "peak_gib": round(peak, 2)}


def apart(*arguments: str) -> dict[str, float]:
    """This program with *arguments* in a process of its own, so that its memory is its own."""
    done = subprocess.run([sys.executable, __file__, *arguments], check=True, capture_output=True, text=True)
    return json.loads(done.stdout or "{}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--members", type=int, default=20_000)
    parser.add_argument("--rows", type=int, default=11_000_000)
    parser.add_argument("--format", choices=("parquet", "csv"), default="parquet")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "tenure-benchmark")
    options = parser.parse_args()
    folder = options.folder / f"{options.members}-{options.rows}-{options.format}"
    if not folder.exists():
        # Apart, since a process begins with the peak memory of the one that started it.
        apart("make", str(folder), str(options.members), str(options.rows), options.format)
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        first = apart("sync", str(folder), scratch)
        second = apart("sync", str(folder), scratch)
        plain = apart("bare", str(folder), scratch)
    assert second["unchanged"]
    print(f"first sync   {first['seconds']:7.2f} s  {first['peak_gib']:5.2f} GiB")
    print(f"unchanged    {second['seconds']:7.2f} s  {second['peak_gib']:5.2f} GiB")
    print(f"bare DuckDB  {plain['seconds']:7.2f} s  {plain['peak_gib']:5.2f} GiB")
    print(f"ratio        {first['seconds'] / plain['seconds']:7.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["sync"]:
        sync(Path(sys.argv[2]), Path(sys.argv[3]))
    elif sys.argv[1:2] == ["make"]:
        make(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
    elif sys.argv[1:2] == ["bare"]:
        bare(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        main()
