"""Nights after the first: what iMIS holds is read back, a large change waits for a named person, the gone leave."""

from __future__ import annotations

import datetime as dt
import json
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import polars as pl
from calls import BIN, Site, set_, tenure

from tenure.lake import Lake

AS_OF = "2025-03-01"
TABLE = "AI_Member_Risk"


def audit(home: Path) -> list[tuple[str, str, str]]:
    with sqlite3.connect(home / "ledger.sqlite3") as ledger:
        query = "SELECT by, act, details FROM ledger_audit_event WHERE act LIKE 'writeback%'"
        return ledger.execute(query).fetchall()


def test_a_large_change_waits_for_a_person_and_what_drifted_is_mended(imis_home: Path, site: Site):
    first = tenure("run", "--home", imis_home, "--as-of", AS_OF, "--json")
    assert first.code == 0, first.told
    before = site.rows(TABLE)
    # One of them shall hold something else from this night on, which must not hide that somebody changed it.
    moves = max((row for row in before if row["RiskBand"] in ("medium", "low")), key=lambda row: row["Probability"])
    stays = next(row for row in before if row["RiskBand"] == "high")
    for spoiled in (moves, stays):
        site.change(TABLE, spoiled["PartyId"], "Reason1", "somebody typed this")

    set_(imis_home, high=0.04, medium=0.02)
    held = tenure("run", "--home", imis_home, "--as-of", AS_OF)
    assert held.code == 3, held.told
    assert "--approve-writeback" in held.told
    assert "2 no longer say what Tenure wrote (Reason1)" in held.told
    assert [row["RiskBand"] for row in site.rows(TABLE)] == [row["RiskBand"] for row in before]
    assert audit(imis_home) == []

    assert tenure("run", "--home", imis_home, "--as-of", AS_OF, "--approve-writeback").code == 2
    done = tenure("run", "--home", imis_home, "--as-of", AS_OF, "--approve-writeback", "--by", "Marta L.", "--json")
    assert done.code == 0, done.told
    ((by, act, details),) = audit(imis_home)
    assert (by, act) == ("Marta L.", "writeback:cap:release")
    assert json.loads(details)["moved"] > 25
    after = {row["PartyId"]: row for row in site.rows(TABLE)}
    assert "somebody typed this" not in {row["Reason1"] for row in after.values()}
    assert after[moves["PartyId"]]["RiskBand"] == "high"
    assert [row["RiskBand"] for row in after.values()] != [row["RiskBand"] for row in before]


ENDLESS = """
CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS i FROM n;
CREATE TRIGGER never_ends BEFORE INSERT ON ledger_outbox BEGIN SELECT i FROM endless; END;
"""


def is_locked(home: Path) -> bool:
    """Whether some process writes to the ledger for a whole second."""
    with closing(sqlite3.connect(home / "ledger.sqlite3", timeout=1, isolation_level=None)) as ledger:
        try:
            ledger.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        ledger.execute("ROLLBACK")
        return False


def kept(home: Path) -> tuple[int, int]:
    """How many current scores there are, and how many rows of the outbox."""
    with closing(sqlite3.connect(home / "ledger.sqlite3")) as ledger:
        tables = ("ledger_current_score", "ledger_outbox")
        return tuple(ledger.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables)


def test_a_night_killed_between_scores_and_outbox_leaves_neither(imis_home: Path):
    """The first row of the outbox takes for ever, so that the kill comes in the middle of the transaction."""
    assert tenure("sync", "--home", imis_home).code == 0
    with closing(sqlite3.connect(imis_home / "ledger.sqlite3")) as ledger:
        ledger.executescript(ENDLESS)
    night = subprocess.Popen([BIN / "tenure", "run", "--home", imis_home, "--as-of", AS_OF], stderr=subprocess.DEVNULL)
    while night.poll() is None and not is_locked(imis_home):
        time.sleep(0.1)
    night.kill()
    assert night.wait(timeout=20) == -signal.SIGKILL
    assert dt.date.fromisoformat(AS_OF) in Lake.open(imis_home / "lake").score_dates(), "it was scored"
    assert kept(imis_home) == (0, 0)

    with closing(sqlite3.connect(imis_home / "ledger.sqlite3")) as ledger:
        ledger.executescript("DROP TRIGGER never_ends; DROP VIEW endless")
    done = tenure("run", "--home", imis_home, "--as-of", AS_OF, "--approve-writeback", "--by", "Marta L.")
    assert done.code == 0, done.told
    scores, rows = kept(imis_home)
    assert scores == rows > 0


def contact_ids(home: Path) -> set[str]:
    """Ids of everybody for whom the ledger has a name or an address."""
    with sqlite3.connect(f"file:{home}/ledger.sqlite3?mode=ro", uri=True) as db:
        query = "SELECT i.member_id FROM ledger_contact c JOIN ledger_identity i ON i.member = c.member"
        rows = db.execute(query).fetchall()
    return {row[0] for row in rows}


def let_pass(home: Path, days: float) -> None:
    """Move what the ledger knows of its runs into the past."""
    with sqlite3.connect(home / "ledger.sqlite3") as ledger:
        earlier = f"strftime('%Y-%m-%d %H:%M:%f', started_at, '-{round(days * 24)} hours')"
        ledger.execute(f"UPDATE ledger_run_step SET started_at = {earlier}")


def test_all_rows_are_read_back_when_a_week_is_over_and_a_sample_before(imis_home: Path, site: Site):
    # The site may hold the bands of another test's settings, which is a large change to make.
    first = tenure("run", "--home", imis_home, "--as-of", AS_OF, "--approve-writeback", "--by", "Marta L.")
    assert first.code == 0, first.told
    seen = []
    for days in (1, 1, 5, 0.5):
        let_pass(imis_home, days)
        spoiled = site.rows(TABLE)[-1]["PartyId"]
        site.change(TABLE, spoiled, "Reason1", "somebody typed this")
        done = tenure("score", "--home", imis_home, "--as-of", AS_OF, "--json")
        assert done.code == 0, done.told
        (step,) = [step for step in done.json["steps"] if step["name"] == "write back"]
        looked = step["counts"]["read_back"]
        seen.append(looked["whole"])
        if looked["whole"]:
            assert looked["drifted"] == 1
            assert "somebody typed this" not in [row["Reason1"] for row in site.rows(TABLE)]

    assert seen == [True, False, False, True]


def test_who_is_gone_from_the_source_is_not_scored(night: Path, tmp_path: Path):
    tenure("export", "scores", "--home", night, "--out", tmp_path / "before.parquet")
    gone = pl.read_parquet(tmp_path / "before.parquet")["member_id"][0]
    path = tmp_path / "exports" / "members.csv"
    members = pl.read_csv(path, infer_schema=False)
    members.filter(pl.col("member_id") != gone).write_csv(path)

    assert contact_ids(night) >= {gone}
    done = tenure("run", "--home", night, "--as-of", "2025-03-02")
    assert "1 members are no longer at the source" in done.told
    assert gone not in contact_ids(night), "the file of contacts still has them"
    tenure("export", "scores", "--home", night, "--out", tmp_path / "after.parquet")
    assert gone not in set(pl.read_parquet(tmp_path / "after.parquet")["member_id"])
    assert gone not in done.told


def test_a_feed_that_stops_for_everyone_is_named(night: Path, tmp_path: Path):
    path = tmp_path / "exports" / "activity.csv"
    activity = pl.read_csv(path, infer_schema=False)
    silent = (pl.col("kind") == "login") & (pl.col("recorded_at") >= "2025-02-08")
    activity.filter(~silent).write_csv(path)

    done = tenure("run", "--home", night, "--as-of", AS_OF, "--json")
    notices = [notice for step in done.json["steps"] for notice in step["notices"] if "for anybody" in notice]
    assert len(notices) == 1, notices
    assert notices[0].startswith("login: nothing came for anybody since 2025-02-0")
    assert "Logins and activity as a whole" in notices[0]
