"""Kills syncs and write-backs at random moments, against sandboxes that fail, and looks for what was lost or doubled.

    python benchmarks/torture.py [--kills 200] [--members 600] [--seed 1] [--late 30]

As many syncs are killed as write-backs. Each kill is a SIGKILL of a process that was forked for this one attempt from
one that has imported everything, so that the time goes into the work and not into the start of Python. Several lanes
run side by side, each with associations and homes of its own, so that one works while another waits.

Of syncs: two homes of one key follow the same association night by night: one in peace, the other by processes that
are killed after a random time, while pages repeat, connections drop and the server fails. After every kill the lake
must be what it was before the night or what it is after it, and after every night both lakes must hold the same rows.

Of write-backs: answers are lost after saving, 500 is said of rows that were saved, writes commit up to half a minute
after they failed, and some fail for good. After every night the table must hold one row a member, with that night's
score, and the night done again must send no write.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import hashlib
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import httpx

PASSWORD = "sandbox"
TABLE = "AI_Member_Risk"
SYNC_FAULTS = {"repeated_page": 0.1, "unavailable": 0.05, "lost_reply": {"rate": 0.05, "match": "/api/"}}
WRITE_FAULTS = {
    "saved_500": {"rate": 0.1, "match": TABLE},
    "lost_reply": {"rate": 0.1, "match": TABLE},
    "unavailable": {"rate": 0.1, "match": TABLE},
}
ATTEMPTS = 60
SCORED = 120
"""Members who get a row."""
LANES = {"write_backs": 5, "syncs": 2}
"""Side by side: write-backs mostly wait for what is committed late, syncs keep a processor busy."""
FEW = 5
"""Kills for which a lane of its own is not worth while."""
WORN = ["__main__", "duckdb", "django.db.models", "polars", "tenure.intake", "tenure.ledger", "tenure.writeback"]
"""What a process has imported before it is forked; none of it has begun to work, so no thread is lost in the fork."""

Work = Callable[..., int]


class Tally(NamedTuple):
    """What one lane did, or several together; seconds are those of the longest."""

    kills: int
    nights: int
    attempts: int
    seconds: float

    def told(self, what: str) -> str:
        return f"{self.kills} kills of {what} in {self.nights} nights ({self.attempts} processes, {self.seconds:.0f} s)"


class Torture:
    """A sandbox, its homes, and what has happened so far.

    Args:
        root: Where homes lie.
        url: The sandbox.
        seed: Decides when to kill.
        late: Seconds after which a write that failed may yet be committed, at most.
    """

    def __init__(self, root: Path, url: str, seed: int, late: float) -> None:
        self.root, self.url, self.late = root, url, late
        self.dice, self.seed = random.Random(seed), seed
        self.kills = self.nights = self.attempts = 0
        self.usual = {sync: 1.0, write: 0.5}
        self.forks = multiprocessing.get_context("forkserver")
        self.forks.set_forkserver_preload(WORN)

    def faults(self, faults: dict[str, Any]) -> None:
        self.seed += 1
        body = {"seed": self.seed, "faults": faults}
        httpx.post(f"{self.url}/_sandbox/faults", json=body, timeout=60).raise_for_status()

    def today(self) -> str:
        return str(httpx.get(f"{self.url}/_sandbox/status", timeout=60).json()["today"])[:10]

    def child(self, what: Work, *arguments: Any, kill: bool = False) -> bool:
        """Do one thing in a process of its own; says whether it came to its end.

        One that is to be killed is so at a random moment of the time that it took when it was left in peace.
        """
        after = self.dice.uniform(0, self.usual[what]) if kill else 300
        began = time.monotonic()
        process = self.forks.Process(target=ended, args=(what, *arguments))
        process.start()
        process.join(after)
        process.kill()
        process.join()
        self.attempts += 1
        self.kills += process.exitcode == -signal.SIGKILL
        assert process.exitcode in (0, 3) or (kill and process.exitcode == -signal.SIGKILL), process.exitcode
        if process.exitcode == 0 and not kill:
            self.usual[what] = max(time.monotonic() - began, 0.1)
        return process.exitcode == 0

    def attempts_at(self, what: Work, home: Path, which: object, until: int) -> Iterator[int]:
        """Attempts at one thing until it comes to its end; after many that were killed it is left in peace."""
        for attempt in range(2 * ATTEMPTS):
            complete = self.child(what, home, self.url, which, kill=self.kills < until and attempt < ATTEMPTS)
            yield attempt
            if complete:
                return
        raise AssertionError(f"a {what.__name__} never came to its end")

    def syncs(self, kills: int) -> None:
        """Nights of syncs until *kills* of them have struck."""
        peace, war = self.root / "peace", self.root / "war"
        self.child(sync, peace, self.url, self.today())
        shutil.copytree(peace / "secrets", war / "secrets")
        while True:
            before, after = content(war), content(peace)
            self.faults(SYNC_FAULTS)
            for _ in self.attempts_at(sync, war, self.today(), kills):
                assert content(war) in (before, after), "a sync left a part of itself"
            self.faults({})
            assert content(war) == after, "the two homes hold different rows"
            self.nights += 1
            if self.kills >= kills:
                assert self.child(sync, war, self.url, self.today())
                assert content(war) == after, "the same night again changed rows"
                return
            httpx.post(f"{self.url}/_sandbox/advance", json={"days": 1}, timeout=60).raise_for_status()
            self.child(sync, peace, self.url, self.today())

    def write_backs(self, kills: int) -> None:
        """Nights of write-backs until *kills* of them have struck."""
        home = self.root / "home"
        with client_of(self.url) as client:
            wanted = scored(client)
        assert self.child(write, home, self.url, 0), "all rows in peace, so that it is known how long that takes"
        while self.kills < kills or not self.nights:
            night = self.nights + 1
            late = self.dice.uniform(self.late / 2, self.late)
            self.faults(WRITE_FAULTS | {"late_commit": {"rate": 0.05, "match": TABLE, "seconds": late}})
            for _ in self.attempts_at(write, home, night, kills):
                pass
            time.sleep(late + 0.5)
            self.faults({})
            usual, before = self.usual[write], self._writes()
            assert self.child(write, home, self.url, night)
            assert self._writes() == before + 1, "the same night again wrote more than its sign-in"
            self.usual[write] = max(usual, self.usual[write])
            self._check_table(night, wanted)
            self.nights += 1

    def _check_table(self, night: int, wanted: list[str]) -> None:
        with client_of(self.url) as client:
            rows = [row for page in client.entities(TABLE, order_by="PartyId") for row in page]
        held = [(str(row["PartyId"]), row["RiskScore"]) for row in rows]
        assert sorted(held) == sorted((member, night % 100) for member in wanted), "rows are lost, doubled or old"

    def _writes(self) -> int:
        methods = httpx.get(f"{self.url}/_sandbox/usage", timeout=60).json()["by_method"]
        return sum(count for method, count in methods.items() if method in ("PUT", "DELETE")) + methods.get("POST", 0)


def client_of(url: str) -> Any:
    """A client that waits less than a polite one would, since nobody else uses this iMIS."""
    from tenure.imis import ImisClient, Timekeeping

    hurried = Timekeeping(sleep=lambda seconds: time.sleep(min(seconds, 0.01)))
    return ImisClient(url, "tenure", PASSWORD, requests_per_hour=0, timeout=20, time=hurried)


def scored(client: Any) -> list[str]:
    """The members who get a row."""
    rows = [row for page in client.query("$/Tenure/Members") for row in page]
    return sorted(str(row["ID"]) for row in rows if not row["IsCompany"])[:SCORED]


def content(root: Path) -> str:
    """A fingerprint of every row of the lake."""
    from tenure.lake import Lake

    digest = hashlib.sha256()
    with Lake.open(root / "lake").connect() as db:
        for table in ("members", "terms", "activity", "programs", "program_changes"):
            rows = sorted(map(repr, db.execute(f"FROM {table}").fetchall()))
            digest.update(f"{table} {len(rows)}\n".encode() + "\n".join(rows).encode())
    return digest.hexdigest()


def sync(root: Path, url: str, today: str) -> int:
    """One sync; 3 when the server failed."""
    from tenure.base.errors import SourceUnavailable
    from tenure.base.home import Home
    from tenure.base.settings import Settings, Source
    from tenure.intake import ImisSource, read_mapping, sync
    from tenure.lake import Lake

    root.mkdir(parents=True, exist_ok=True)
    home, at = Home(root), dt.datetime.fromisoformat(f"{today}T02:00:00+00:00")
    settings = Settings(source=Source(kind="imis", url=url, username="tenure"))
    with client_of(url) as client, contextlib.suppress(SourceUnavailable):
        source = ImisSource(client, read_mapping("stock", home))
        sync(home, settings, Lake.open(home.lake), clock=lambda: at, source=source)
        return 0
    return 3


def write(root: Path, url: str, night: int) -> int:
    """One write-back of everybody's score of *night*; 3 when it did not come to its end."""
    from tenure import ledger
    from tenure.base.errors import SourceUnavailable
    from tenure.base.home import Home
    from tenure.base.settings import Settings, Source

    ledger.setup(Home(root), Settings(source=Source(kind="imis", url=url, username="tenure")))
    ledger.migrate()
    from tenure.ledger import outbox
    from tenure.writeback import LedgerOutbox, carry_out, risk_rows

    score = {"as_of": "2025-03-01", "risk_score": night % 100, "band": "low", "model_version": "m", "reason_1": "x"}
    with client_of(url) as client, contextlib.suppress(SourceUnavailable):
        outbox.plan(table=TABLE, rows=risk_rows([{**score, "member_id": member} for member in scored(client)]))
        return 0 if carry_out(client, LedgerOutbox(TABLE), TABLE).complete else 3
    return 3


def ended(what: Work, *arguments: Any) -> None:
    """Do one thing in this process and end it, without the tidying up that a killed one does not have either."""
    os._exit(what(*arguments))


@contextlib.contextmanager
def sandbox(members: int, seed: int) -> Iterator[str]:
    """The address of a sandbox of its own."""
    options = ["--members", str(members), "--seed", str(seed), "--today", "2025-03-01", "--years", "3"]
    command = [sys.executable, "-m", "imis_sandbox", "serve", "--port", "0", "--events-per-year", "12", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(timeout=20)


def lane(of: str, kills: int, members: int, seed: int, late: float) -> Tally:
    """Kills of "syncs" or of "write_backs", with an association of its own."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tenure-torture-") as root, sandbox(members, seed) as url:
        torture = Torture(Path(root), url, seed, late)
        getattr(torture, of)(kills)
    return Tally(torture.kills, torture.nights, torture.attempts, time.monotonic() - began)


def shared(kills: int, of: str) -> list[int]:
    """How many of *kills* each lane strikes."""
    lanes = max(1, min(LANES[of], kills // FEW))
    return [kills // lanes + (one < kills % lanes) for one in range(lanes)]


def together(tallies: list[Tally]) -> Tally:
    """What several lanes did."""
    kills, nights, attempts, seconds = zip(*tallies, strict=True)
    return Tally(sum(kills), sum(nights), sum(attempts), max(seconds))


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    words.add_argument("--kills", type=int, default=200)
    words.add_argument("--members", type=int, default=600)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--late", type=float, default=30)
    told = words.parse_args()
    sizes = {"write_backs": SCORED + SCORED // 4, "syncs": told.members}
    with ProcessPoolExecutor(sum(LANES.values()), multiprocessing.get_context("spawn")) as pool:
        running = {
            of: [pool.submit(lane, of, kills, sizes[of], told.seed + one, told.late) for one, kills in shares]
            for of, shares in ((of, enumerate(shared(told.kills, of))) for of in LANES)
        }
        for of, lanes in running.items():
            print(together([one.result() for one in lanes]).told(of.replace("_", "-")), flush=True)
    print("nothing lost, nothing doubled, nothing left half-done")


if __name__ == "__main__":
    main()
