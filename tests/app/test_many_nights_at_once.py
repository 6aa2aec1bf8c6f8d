"""Many nights started at once, and one that slept through its lease: one result, and no request of the sleeper's."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from pathlib import Path

from calls import AS_OF, BIN, Site, tenure

TABLE = "AI_Member_Risk"


def start(home: Path, *options: str) -> subprocess.Popen[str]:
    command = [BIN / "tenure", "run", "--home", str(home), "--as-of", AS_OF, *options]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def runs_of(home: Path) -> list[str]:
    with sqlite3.connect(home / "ledger.sqlite3") as ledger:
        return [state for (state,) in ledger.execute("SELECT state FROM ledger_run ORDER BY id")]


def test_of_eight_nights_at_once_one_works_and_seven_say_why_not(imis_home: Path, site: Site):
    nights = [start(imis_home) for _ in range(8)]
    ended = [(night.communicate(timeout=200), night.returncode) for night in nights]

    assert Counter(code for _, code in ended) == {0: 1, 3: 7}, ended
    for (_, told), code in ended:
        if code == 3:
            assert "a night is under way since" in told
            assert "hint: wait until it ends" in told
    assert runs_of(imis_home) == ["done"]
    ids = [row["PartyId"] for row in site.rows(TABLE)]
    assert len(ids) == len(set(ids)) > 100


def test_a_night_that_slept_through_its_lease_sends_and_keeps_nothing_more(imis_home: Path, site: Site):
    site.forget()
    site.fault(slow={"rate": 1, "match": TABLE, "seconds": 0.05})
    zombie = start(imis_home)
    assert zombie.stderr is not None
    assert any("Write back" in line for line in zombie.stderr)
    _until_some_are_written(site)
    os.kill(zombie.pid, signal.SIGSTOP)
    site.fault()
    with sqlite3.connect(imis_home / "ledger.sqlite3") as ledger:  # a minute goes by
        ledger.execute("UPDATE ledger_lease SET expires_at = datetime(expires_at, '-2 minutes')")

    second = tenure("run", "--home", imis_home, "--as-of", AS_OF)
    assert second.code == 0, second.told
    written = sorted(row["PartyId"] for row in site.rows(TABLE))
    site.forget()
    os.kill(zombie.pid, signal.SIGCONT)
    _, told = zombie.communicate(timeout=60)

    assert zombie.returncode == 3, told
    assert "another process took over" in told
    assert site.writes(sign_ins=0) <= 1, "at most what it had made up its mind to send when it fell asleep"
    assert sorted(row["PartyId"] for row in site.rows(TABLE)) == written
    assert len(set(written)) == len(written)
    assert runs_of(imis_home) == ["interrupted", "done"]


def _until_some_are_written(site: Site) -> None:
    for _ in range(600):
        if site.writes(sign_ins=2) >= 5:
            return
        time.sleep(0.05)
    raise TimeoutError("nothing was written")
