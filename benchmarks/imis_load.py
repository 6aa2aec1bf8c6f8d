"""How many requests a first load takes, a quiet night, one after 1 % of the members changed, and days of their life.

Run: python benchmarks/imis_load.py [MEMBERS] [EVENTS PER YEAR]

A sandbox is started with so many members; its hourly limit is lifted, so that the machine's own speed shows. Each
count stands beside what the number of rows makes of it: a page for every 500 rows of a feed, at least one, and the
sign-in. After the first time one request tells how many members there are, and one more how large a feed is in which
something came; once a week all feeds are counted, and everybody's id is read.
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
from typing import Any

import httpx

from tenure.base.home import Home
from tenure.base.settings import Settings, Source
from tenure.imis import ImisClient, generic_entity
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


def change(url: str, members: int) -> None:
    """Somebody else gives so many members another address, and enters a gift of each."""
    form = {"grant_type": "password", "username": "administrator", "password": PASSWORD}
    token = httpx.post(f"{url}/token", data=form, timeout=60).json()["access_token"]
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as office:
        people: list[dict[str, Any]] = []
        while len(people) < members:
            asked = {"Limit": min(PAGE, members - len(people)), "Offset": len(people)}
            people += office.get("/api/Person", params=asked).raise_for_status().json()["Items"]["$values"]
        for number, person in enumerate(people):
            email = {"Address": f"changed.{number}@example.org", "EmailType": "_Primary", "IsPrimary": True}
            moved = {**person, "Emails": {"$values": [email]}}
            office.put(f"/api/Party/{person['PartyId']}", json=moved).raise_for_status()
            gift = {"PartyId": person["PartyId"], "ACTIVITY_TYPE": "GIFT", "AMOUNT": 25, "TRANSACTION_DATE": str(TODAY)}
            entity = generic_entity("Activity", person["PartyId"], gift, existing=False)
            office.post("/api/Activity", json=entity).raise_for_status()


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
        first = requests
        report, quiet, seconds = one_sync(home, url, at + dt.timedelta(hours=2))
        tell("quiet night", report, quiet, seconds)
        change(url, members // 100)
        report, requests, seconds = one_sync(home, url, at + dt.timedelta(hours=4))
        read = sum(feed["read"] for feed in report.feeds.values())
        tell(f"{members // 100:,} members changed", report, requests, seconds)
        print(
            f"{'':34} {read:7,} rows read; {requests - quiet:+,} requests to a quiet night, "
            f"{requests / first:.2%} of the first load's"
        )
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
