"""Whole nights that are killed anywhere, against an iMIS that drops answers, says 503, and commits late."""

from __future__ import annotations

import contextlib
import datetime as dt
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

from kills import FAILED, PASSWORD, Killer, Pace, Sandbox, Tally, content, sandbox

TABLE = "AI_Member_Risk"
BY = "torture"
STEPS = ("sync", "membership", "train", "drift", "score", "day", "write back", "propose")
SIGN_INS = 2
"""Of a night: to read, and to write."""

SETTINGS = """
[source]
kind = "imis"
url = "{url}"
username = "tenure"
requests_per_hour = 0
[model]
refits = 4
threads = 1
"""


def faults(late: float) -> dict[str, Any]:
    """What goes wrong in a night; a write that is committed late is so at any moment of *late* seconds."""
    return {
        "repeated_page": 0.1,
        "unavailable": {"rate": 0.1, "match": TABLE},
        "lost_reply": {"rate": 0.1, "match": TABLE},
        "saved_500": {"rate": 0.05, "match": TABLE},
        "late_commit": {"rate": 0.05, "match": TABLE, "up_to": late},
    }


def prepared(root: Path, members: int, world: int) -> Path:
    """A home that has read an association and has learnt a model from it, and has scored nobody."""
    home = root / "prepared"
    with sandbox(members, world) as site:
        _settle(home, site)
        Killer(world, Pace(1), STEPS, str).do(train, home, site.today())
    return home


def _settle(home: Path, site: Sandbox) -> None:
    """Let the nights of *home* go to *site*."""
    (home / "secrets").mkdir(parents=True, exist_ok=True)
    (home / "secrets" / "imis.password").write_text(PASSWORD)
    (home / "tenure.toml").write_text(SETTINGS.format(url=site.url))


def lane(root: Path, home: Path, members: int, world: int, late: float, pace: Pace, *, kills: int, seed: int) -> Tally:
    """Nights of a copy of *home*, which has read the association *world*, until *kills* of them have struck."""
    began = time.monotonic()
    with sandbox(members, world) as site:
        shutil.copytree(home, root)
        _settle(root, site)
        killer = Killer(seed, pace, STEPS, lambda: _last_step(root))
        count = Nights(root, site, killer, seed, late).until(kills)
    return Tally(killer.struck, count, killer.attempts, time.monotonic() - began)


def _last_step(root: Path) -> str:
    """Where the last run was when it ended: the step that it was in, or had done last."""
    last = "SELECT name FROM ledger_run_step WHERE run_id = (SELECT max(id) FROM ledger_run) ORDER BY id DESC LIMIT 1"
    with _ledger(root) as ledger:
        found = ledger.execute(last).fetchone()
    return found[0] if found else "start"


def _ledger(root: Path) -> contextlib.closing[sqlite3.Connection]:
    return contextlib.closing(sqlite3.connect(f"file:{root}/ledger.sqlite3?mode=ro", uri=True))


class Nights:
    """The nights of one association.

    Args:
        root: Its home, with a model.
        site: Its iMIS.
        killer: Does them.
        seed: Decides what fails.
        late: Seconds after which a write that failed may yet be committed, at most.
    """

    def __init__(self, root: Path, site: Sandbox, killer: Killer, seed: int, late: float) -> None:
        self.root, self.site, self.killer, self.seed, self.late = root, site, killer, seed, late

    def until(self, kills: int) -> int:
        """Nights until *kills* have struck, after one in peace; gives how many."""
        self.killer.pace.learn(self.killer.do(night, self.root, self.site.today(), time.time()))
        self._check(self.site.today())
        count = 0
        while self.killer.kills < kills or not count:
            count += 1
            self._night(self.site.advance(), kills, count)
        self.killer.do(verified, self.root)
        return count

    def _night(self, day: str, kills: int, count: int) -> None:
        before, seen, began = content(self.root), set(), time.time()
        self.site.faults(self.seed * 1000 + count, **faults(self.late))
        for _ in self.killer.until_done(night, self.root, day, began, kills=kills):
            seen.add(content(self.root))
        self.site.faults()
        self.site.wait_for_late_commits()
        assert seen <= {before, content(self.root)}, "a night left a part of its sync"
        self._check(day)
        changes = self.site.changes()
        self.killer.do(again, self.root, day, began)
        assert self.site.changes() <= changes + SIGN_INS, "the same night again wrote something"

    def _check(self, day: str) -> None:
        """Every score stands in iMIS once, as it is in the lake and in the ledger."""
        from tenure.lake import Lake

        frame = Lake.open(self.root / "lake").scores(dt.date.fromisoformat(day))
        assert frame is not None, "the night has no scores"
        scores = dict(frame.select("member", "risk_score").iter_rows())
        with _ledger(self.root) as ledger:
            ids = dict(ledger.execute("SELECT member, member_id FROM ledger_identity"))
            current = ledger.execute("SELECT member, risk_score FROM ledger_current_score").fetchall()
            states = dict(ledger.execute("SELECT state, count(*) FROM ledger_outbox GROUP BY state"))
            running = ledger.execute("SELECT count(*) FROM ledger_run WHERE state = 'running'").fetchone()[0]
        assert sorted(current) == sorted(scores.items()), "the ledger has other scores than the lake"
        assert set(states) == {"done"}, f"the outbox is not empty: {states}"
        assert running == 0, "a run that was killed still shows as running"
        rows = [(row["PartyId"], row["RiskScore"]) for row in self.site.rows(TABLE)]
        assert len(dict(rows)) == len(rows) == states["done"], "rows are doubled, or more than were planned"
        wanted = {ids[member]: score for member, score in scores.items()}
        assert wanted.items() <= dict(rows).items(), "rows are lost or old"


def _house(root: Path, day: str, began: float) -> Any:
    from tenure.app.house import House

    start = dt.datetime.fromisoformat(f"{day}T02:00:00+00:00")
    return House.open(root, clock=lambda: start + dt.timedelta(seconds=time.time() - began))


def _run(root: Path, day: str, began: float) -> Any:
    """One night, by somebody who lets every step go that is parked, since it was killed three times."""
    from tenure.app import night
    from tenure.app.console import Console
    from tenure.base.errors import HeldBack

    house = _house(root, day, began)

    def run() -> Any:
        return night.run_night(
            house, Console(quiet=True), as_of=None, dry_run=False, by=BY, approved=True, despite_drift=True
        )

    try:
        return run()
    except HeldBack:
        from tenure.ledger import parking

        freed = [night.release(house, step, by=BY) for step in parking.parked()]
        if not freed:
            raise
        return run()


def night(root: Path, day: str, began: float) -> int:
    """One night; not done when the server failed or not every row could be written."""
    from tenure.base.errors import DONE, PARTLY_DONE, SourceUnavailable

    with contextlib.suppress(SourceUnavailable):
        return {DONE: 0, PARTLY_DONE: FAILED}[_run(root, day, began).exit_code]
    return FAILED


def again(root: Path, day: str, began: float) -> int:
    """The same night once more, which finds nothing to do."""
    return 0 if _run(root, day, began).unchanged else FAILED


def train(root: Path, day: str) -> int:
    """Read everything and learn from it."""
    from tenure.app import night
    from tenure.app.console import Console

    house = _house(root, day, time.time())
    night.run_sync(house, Console(quiet=True), by=BY)
    night.run_train(house, Console(quiet=True), as_of=None, by=BY)
    return 0


def verified(root: Path) -> int:
    """Whether the audit log follows from its first row on."""
    from tenure.app import auditing
    from tenure.app.house import House

    return 0 if auditing.of_ledger(House.open(root), []).is_well else FAILED
