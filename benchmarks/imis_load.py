"""How many requests a first load takes, a quiet night, and a night after a day of the association's life.

Run: python benchmarks/imis_load.py [MEMBERS] [EVENTS PER YEAR]

A sandbox is started with so many members; its hourly limit is lifted, so that the machine's own speed shows. Each
count stands beside what the number of rows makes of it: a page for every 500 rows of a feed, at least one, one request
for how large a feed is (after the first time), and the sign-in.
"""

from __future__ import annotations

import datetime as dt
import math
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tenure.base.home import Home
from tenure.base.settings import Settings, Source
from tenure.imis import ImisClient
from tenure.intake import ImisSource, SyncReport, read_mapping, sync
from tenure.lake import Lake

PAGE = 500
PASSWORD = "sandbox"
TODAY = dt.date(2025, 3, 1)
BIN = Path(sys.executable).parent


@contextmanager
def sandbox(members: int, events: int) -> Iterator[str]:
    options = ["--members", str(members), "--events-per-year", str(events), "--today", TODAY.isoformat()]
    command = [BIN / "imis-sandbox", "serve", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield re.sub(r".* ", "", process.stdout.readline().strip())
    finally:
        process.terminate()
        process.wait(30)


def one_sync(home: Home, url: str, at: dt.datetime) -> tuple[SyncReport, int, float]:
    """The report, how many requests it took, and how many seconds."""
    settings, began = Settings(source=Source(kind="imis", url=url, username="tenure")), time.perf_counter()
    with ImisClient(url, "tenure", PASSWORD, requests_per_hour=0) as client:
        source = ImisSource(client, read_mapping("stock", home))
        report = sync(home, settings, Lake.open(home.lake), clock=lambda: at, source=source)
        return report, client.requests_used, time.perf_counter() - began


def pages(url: str, home: Home) -> int:
    """What the numbers of rows make of a first load: pages of every feed and of the log of changes, and the sign-in."""
    plan = read_mapping("stock", home)
    with ImisClient(url, "tenure", PASSWORD, requests_per_hour=0) as client:
        totals = [client.count(f.entity) if f.entity else client.count_query(f.query) for _, _, f in plan.feeds()]
        totals.append(client.count_query(plan.members.past.query) if plan.members.past else 0)
    return 1 + sum(max(1, math.ceil((total or 0) / PAGE)) for total in totals)


def tell(what: str, report: SyncReport, requests: int, seconds: float) -> None:
    new = sum(table.new + table.changed for table in report.tables.values())
    print(f"{what:34} {requests:7,} requests  {new:11,} rows new or changed  {seconds:8.1f} s")


def main() -> None:
    members = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    events = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    with tempfile.TemporaryDirectory() as folder, sandbox(members, events) as url:
        home, at = Home(Path(folder)), dt.datetime.combine(TODAY, dt.time(2), dt.UTC)
        expected = pages(url, home)
        report, requests, seconds = one_sync(home, url, at)
        tell(f"first load, {members:,} members", report, requests, seconds)
        print(f"{'':34} {expected:7,} by the number of rows; {requests / 3600:.1f} hours at 3,600 an hour")
        tell("quiet night", *one_sync(home, url, at + dt.timedelta(hours=2)))
        for days in (1, 7):
            httpx.post(f"{url}/_sandbox/advance", json={"days": days}, timeout=120).raise_for_status()
            at += dt.timedelta(days=days)
            report, requests, seconds = one_sync(home, url, at)
            read = sum(feed["read"] for feed in report.feeds.values())
            tell(f"after {days} {'day' if days == 1 else 'days'} of its life", report, requests, seconds)
            print(
                f"{'':34} {read:7,} rows read, {report.feeds['members']['read'] / members:.1%} as many records changed"
            )


if __name__ == "__main__":
    main()
