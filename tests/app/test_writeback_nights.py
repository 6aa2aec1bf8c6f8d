"""Nights after the first: what iMIS holds is read back, a large change waits for a named person, the gone leave."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import polars as pl
from calls import Site, set_, tenure

AS_OF = "2025-03-01"
TABLE = "AI_Member_Risk"


def audit(home: Path) -> list[tuple[str, str, str]]:
    with sqlite3.connect(home / "ledger.sqlite3") as ledger:
        query = "SELECT by, act, details FROM ledger_audit_event WHERE act LIKE 'writeback%'"
        return ledger.execute(query).fetchall()


def test_a_large_change_waits_for_a_person_and_what_drifted_is_mended(imis_home: Path, site: Site):
    first = tenure("run", "--home", imis_home, "--as-of", AS_OF, "--json")
    assert first.code == 0, first.told
    (spoiled, *_) = before = site.rows(TABLE)
    site.change(TABLE, spoiled["PartyId"], "Reason1", "somebody typed this")

    set_(imis_home, high=0.04, medium=0.02)
    held = tenure("run", "--home", imis_home, "--as-of", AS_OF)
    assert held.code == 3, held.told
    assert "--approve-writeback" in held.told
    assert "1 no longer say what Tenure wrote (Reason1)" in held.told
    assert [row["RiskBand"] for row in site.rows(TABLE)] == [row["RiskBand"] for row in before]
    assert audit(imis_home) == []

    assert tenure("run", "--home", imis_home, "--as-of", AS_OF, "--approve-writeback").code == 2
    done = tenure("run", "--home", imis_home, "--as-of", AS_OF, "--approve-writeback", "--by", "Marta L.", "--json")
    assert done.code == 0, done.told
    ((by, act, details),) = audit(imis_home)
    assert (by, act) == ("Marta L.", "writeback:cap:release")
    assert json.loads(details)["moved"] > 25
    after = {row["PartyId"]: row for row in site.rows(TABLE)}
    assert after[spoiled["PartyId"]]["Reason1"] != "somebody typed this"
    assert [row["RiskBand"] for row in after.values()] != [row["RiskBand"] for row in before]


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
        looked = done.json["steps"][-1]["counts"]["read_back"]
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
