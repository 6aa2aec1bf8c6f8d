"""`tenure audit`, and the anchor that each night leaves."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from calls import tenure


def execute(home: Path, *statements: str) -> None:
    with closing(sqlite3.connect(home / "ledger.sqlite3", isolation_level=None)) as ledger:
        for statement in statements:
            ledger.execute(statement)


def test_a_night_anchors_the_log_and_a_later_one_sees_that_it_was_rewritten(night: Path):
    (anchor,) = (night / "anchors").glob("audit-*.json")
    verified = tenure("audit", "verify", "--home", night)
    assert verified.code == 0, verified.told
    assert "prove nothing against somebody who can write there too" in verified.out
    number = json.loads(anchor.read_text())["number"]

    execute(
        night,
        "DROP TRIGGER audit_event_no_update",
        f"UPDATE ledger_audit_event SET hash = '{'0' * 64}' WHERE number = {number}",
    )

    verified = tenure("audit", "verify", "--home", night, "--json")
    assert (verified.code, verified.json["guards_missing"]) == (1, ["audit_event_no_update"])
    assert tenure("doctor", "--home", night).code == 1
    again = tenure("run", "--home", night, "--as-of", "2025-03-02")
    assert (again.code, "the audit log is not the one that was anchored" in again.err) == (1, True)


def test_an_export_holds_the_row_that_tells_of_it_and_is_never_written_over(night: Path, tmp_path: Path):
    done = tenure("audit", "export", "--home", night, "--to", tmp_path / "log.jsonl")

    assert done.code == 0, done.told
    assert b"audit:log:export" in (tmp_path / "log.jsonl").read_bytes().splitlines()[-1]
    assert tenure("audit", "verify", tmp_path / "log.jsonl", "--home", tmp_path / "nowhere").code == 0
    assert tenure("audit", "export", "--home", night, "--to", tmp_path / "log.jsonl").code == 2


def test_an_anchor_of_elsewhere_is_taken_as_a_file_or_as_it_was_printed(night: Path, tmp_path: Path):
    printed = tenure("audit", "anchor", "--home", night, "--to", tmp_path / "elsewhere").out.strip()
    (file,) = (tmp_path / "elsewhere").iterdir()

    for given in (printed, file, tmp_path / "elsewhere"):
        done = tenure("audit", "verify", "--home", night, "--anchor", given)
        assert (done.code, "no anchor vouches" in done.out) == (0, False)
    forged = printed[:-1] + ("0" if printed[-1] != "0" else "1")
    assert tenure("audit", "verify", "--home", night, "--anchor", forged).code == 1
    assert tenure("audit", "verify", "--home", night, "--anchor", "neither").code == 2


def test_the_log_shows_one_kind_of_act_and_one_member(night: Path):
    nights = tenure("audit", "show", "--home", night, "--act", "run:night", "--json").json["rows"]
    told = [(row["act"], row["by"]) for row in nights]
    assert told == [("run:night:begin", "tenure run"), ("run:night:end", "tenure run")]

    identity = sqlite3.connect(night / "ledger.sqlite3").execute("SELECT member_id FROM ledger_identity LIMIT 1")
    (member_id,) = identity.fetchone()
    assert tenure("member", "object", member_id, "--home", night, "--by", "marta").code == 0
    shown = tenure("audit", "show", "--home", night, "--member", member_id)
    assert "member:profiling:object  by marta" in shown.out
    assert member_id not in shown.out
    assert tenure("audit", "show", "--home", night, "--member", "nobody").code == 2


def test_grants_are_for_a_server(night: Path):
    assert tenure("audit", "grants", "--home", night).code == 2
