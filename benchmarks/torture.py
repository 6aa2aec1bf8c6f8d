"""Kills syncs and write-backs at random moments, against a sandbox that fails, and looks for what was lost or doubled.

    python benchmarks/torture.py [--kills 200] [--members 150] [--seed 1] [--late 30]

Half of the kills strike syncs. Two homes of one key follow the same association night by night: one in peace, the
other by processes that end themselves by SIGKILL after a random time, while pages repeat, connections drop and the
server fails. After every kill the lake must be what it was before the night or what it is after it, and after every
night both lakes must hold the same rows.

The other half strikes write-backs, while answers are lost after saving, 500 is said of rows that were saved, writes
commit up to half a minute after they failed, and some fail for good. After every night the table must hold one row a
member, with that night's score, and the night done again must send no write.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


class Torture:
    """The sandbox, the homes, and what has happened so far.

    Args:
        root: Where homes lie.
        url: The sandbox.
        members: Members of the association.
        seed: Decides when to kill.
        late: Seconds after which a write that failed may yet be committed, at most.
    """

    def __init__(self, root: Path, url: str, members: int, seed: int, late: float) -> None:
        self.root, self.url, self.members, self.late = root, url, members, late
        self.dice, self.seed = random.Random(seed), seed
        self.kills = self.nights = self.attempts = 0
        self.usual = {"sync": 1.0, "write": 0.5}

    def faults(self, faults: dict[str, Any]) -> None:
        self.seed += 1
        body = {"seed": self.seed, "faults": faults}
        httpx.post(f"{self.url}/_sandbox/faults", json=body, timeout=60).raise_for_status()

    def today(self) -> str:
        return str(httpx.get(f"{self.url}/_sandbox/status", timeout=60).json()["today"])[:10]

    def child(self, what: str, *arguments: object, kill: bool = False) -> bool:
        """Do one thing in a process of its own; says whether it came to its end.

        One that is to be killed is so at a random moment of the time that it took when it was left in peace.
        """
        after = self.dice.uniform(0, self.usual[what]) if kill else 0
        command = [sys.executable, __file__, "--child", what, *map(str, arguments), f"{after:.4f}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
        self.attempts += 1
        self.kills += done.returncode == -signal.SIGKILL
        assert done.returncode in (0, 3, -signal.SIGKILL), done.stderr[-3000:]
        if done.returncode == 0 and not kill:
            self.usual[what] = max(float(done.stdout), 0.1)
        return done.returncode == 0

    def attempts_at(self, what: str, home: Path, which: object, until: int) -> Iterator[int]:
        """Attempts at one thing until it comes to its end; after many that were killed it is left in peace."""
        for attempt in range(2 * ATTEMPTS):
            complete = self.child(what, home, self.url, which, kill=self.kills < until and attempt < ATTEMPTS)
            yield attempt
            if complete:
                return
        raise AssertionError(f"a {what} never came to its end")

    def syncs(self, kills: int) -> None:
        """Nights of syncs until *kills* of them have struck."""
        peace, war = self.root / "peace", self.root / "war"
        until = self.kills + kills
        self.child("sync", peace, self.url, self.today())
        shutil.copytree(peace / "secrets", war / "secrets")
        while True:
            before = content(war)
            self.faults(SYNC_FAULTS)
            for _ in self.attempts_at("sync", war, self.today(), until):
                assert content(war) in (before, content(peace)), "a sync left a part of itself"
            self.faults({})
            assert content(war) == content(peace), "the two homes hold different rows"
            self.nights += 1
            if self.kills >= until:
                assert self.child("sync", war, self.url, self.today())
                assert content(war) == content(peace), "the same night again changed rows"
                return
            httpx.post(f"{self.url}/_sandbox/advance", json={"days": 1}, timeout=60).raise_for_status()
            self.child("sync", peace, self.url, self.today())

    def write_backs(self, kills: int) -> None:
        """Nights of write-backs until *kills* of them have struck."""
        home, until, night = self.root / "peace", self.kills + kills, 0
        while self.kills < until or not night:
            night += 1
            late = self.dice.uniform(self.late / 2, self.late)
            self.faults(WRITE_FAULTS | {"late_commit": {"rate": 0.05, "match": TABLE, "seconds": late}})
            for _ in self.attempts_at("write", home, night, until):
                pass
            time.sleep(late + 0.5)
            self.faults({})
            usual, before = self.usual["write"], self._writes()
            assert self.child("write", home, self.url, night)
            assert self._writes() == before + 1, "the same night again wrote more than its sign-in"
            self.usual["write"] = max(usual, self.usual["write"])
            self._check_table(night)
            self.nights += 1

    def _check_table(self, night: int) -> None:
        with client_of(self.url) as client:
            rows = [row for page in client.entities(TABLE, order_by="PartyId") for row in page]
            wanted = scored(client)
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
    return sorted(str(row["ID"]) for row in rows if not row["IsCompany"])[:120]


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


def child(what: str, root: str, url: str, which: str, kill_after: str) -> None:
    """Do one thing and end; by SIGKILL when the time is over before."""
    import tenure.intake
    import tenure.writeback  # noqa: F401  so that the time begins when the work does

    if float(kill_after):
        timer = threading.Timer(float(kill_after), os.kill, (os.getpid(), signal.SIGKILL))
        timer.daemon = True
        timer.start()
    began = time.monotonic()
    code = sync(Path(root), url, which) if what == "sync" else write(Path(root), url, int(which))
    print(f"{time.monotonic() - began:.3f}", flush=True)
    os._exit(code)


@contextlib.contextmanager
def sandbox(members: int) -> Iterator[str]:
    """The address of a sandbox of its own."""
    options = ["--members", str(members), "--seed", "7", "--today", "2025-03-01", "--years", "3"]
    command = [sys.executable, "-m", "imis_sandbox", "serve", "--port", "0", "--events-per-year", "12", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait(timeout=20)


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:7])
    words = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    words.add_argument("--kills", type=int, default=200)
    words.add_argument("--members", type=int, default=150)
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--late", type=float, default=30)
    told = words.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tenure-torture-") as root, sandbox(told.members) as url:
        torture = Torture(Path(root), url, told.members, told.seed, told.late)
        torture.syncs(told.kills // 2)
        torture.write_backs(told.kills - told.kills // 2)
    print(
        f"{torture.kills} kills in {torture.nights} nights ({torture.attempts} processes, "
        f"{time.monotonic() - began:.0f} s): nothing lost, nothing doubled, nothing left half-done"
    )


if __name__ == "__main__":
    main()
