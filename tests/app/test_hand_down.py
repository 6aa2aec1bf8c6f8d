"""What staff enter in the change ledger comes down into the lake before anything reads it; its words do not."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from calls import tenure

from tenure.lake import Lake


@pytest.fixture
def home(night: Path) -> Path:
    made = tenure(
        "staff", "add", "max", "--role", "manager", "--home", night, TENURE_STAFF_PASSWORD="four or five words"
    )
    assert made.code == 0, made.told
    return night


def entered(home: Path) -> list[tuple[object, ...]]:
    frame = Lake.open(home / "lake").entered_changes()
    return frame.select("entry", "changed_on", "scope", frame["withdrawn_at"].is_not_null()).rows()


def test_an_entry_comes_down_with_the_next_run_and_its_withdrawal_after_it(home: Path) -> None:
    own = ("--by", "max", "--home", home)
    on = ("--on", "2025-01-01")
    scope = f"member_type={Lake.open(home / 'lake').terms()['member_type'][0]}"
    before = Lake.open(home / "lake").version

    added = tenure("change", "add", "Dues of Vandelay up", *on, "--whom", scope, *own)
    assert added.out.strip() == "entered as 1; it counts from tomorrow on", added.told
    assert entered(home) == [], "pages and commands do not write to the lake"
    assert tenure("sync", "--home", home).code == 0
    ((entry, day, whom, is_withdrawn),) = entered(home)
    assert (entry, str(day), whom, is_withdrawn) == (1, "2025-01-01", scope, False)
    assert b"Vandelay" not in b"".join(path.read_bytes() for path in (home / "lake").rglob("*") if path.is_file())
    version = Lake.open(home / "lake").version
    assert version > before
    assert tenure("sync", "--home", home).code == 0
    assert Lake.open(home / "lake").version == version, "nothing new, nothing written"

    assert tenure("change", "withdraw", 1, "--why", "a slip", *own).code == 0
    assert tenure("sync", "--home", home).code == 0
    assert [row[3] for row in entered(home)] == [True]
    (listed,) = (row for row in tenure("change", "list", "--home", home, "--json").json if row["entry"])
    told = (listed["change"], listed["by"], listed["withdrawn_by"], listed["why_withdrawn"])
    assert told == ("Dues of Vandelay up", "max", "max", "a slip")
    assert "from the source" in tenure("change", "list", "--home", home).out


def test_a_scope_that_no_record_has_is_refused_with_what_is_like_it(home: Path) -> None:
    def add(scope: str) -> tuple[int, str]:
        done = tenure("change", "add", "x", "--on", "2025-01-01", "--whom", scope, "--by", "max", "--home", home)
        return done.code, done.told

    code, told = add("kind=evnt")
    assert (code, "event" in told) == (2, True), told
    assert add("weather=bad")[0] == add("member_type=")[0] == add("member_type")[0] == 2
    assert not [row for row in tenure("change", "list", "--home", home, "--json").json if row["entry"]]


def test_what_the_source_lists_of_nobody_is_marked_so(home: Path) -> None:
    path = home.parent / "exports" / "program_changes.csv"
    listed = pl.read_csv(path, infer_schema=False)
    row = {"changed_on": "2025-02-01", "change": "Office closed", "scope": "chapter_id=Nowhere"}
    pl.concat([listed, pl.DataFrame([row]).select(listed.columns)]).write_csv(path)
    assert tenure("sync", "--home", home).code == 0

    lines = tenure("change", "list", "--home", home).out.splitlines()

    (line,) = (line for line in lines if "Office closed" in line)
    assert line.endswith("chapter_id=Nowhere; from the source; no record is of it, so it concerns nobody")
    assert [line for line in lines if "concerns nobody" not in line]


def test_what_staff_enter_does_not_pass_for_something_new_at_the_source(home: Path) -> None:
    """`tenure doctor` tells how long ago the source gave something; an entry of today must not hide that it stopped."""
    manifest = home / "lake" / "manifest.json"
    manifest.write_text(re.sub(r'("at": *")20\d\d', r"\g<1>2019", manifest.read_text()))
    assert tenure("change", "add", "x", "--on", "2025-01-01", "--by", "max", "--home", home).code == 0
    assert tenure("sync", "--home", home).code == 0
    assert Lake.open(home / "lake").log[-1]["source"] == "change ledger"
    found = {one["check"]: one["words"] for one in tenure("doctor", "--home", home, "--json").json["findings"]}
    assert re.fullmatch(r"something new last came in \d{4} days ago", found["freshness"]), found["freshness"]
