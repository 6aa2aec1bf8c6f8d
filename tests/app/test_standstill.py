"""A record that has stopped holds the night back before it learns or scores; one that is merely quiet does not."""

from __future__ import annotations

import datetime as dt
import sqlite3
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from calls import AS_OF, set_, tenure

from lakes import Row, act, lake_of, person, term
from tenure.app.checks import FAULT, OK, Finding, examine
from tenure.app.checks.stores import CHECKS
from tenure.app.house import House
from tenure.app.standstill import found
from tenure.base.home import Home
from tenure.base.settings import Settings, Source

NIGHT = dt.date(2026, 3, 1)


def house_of(tmp_path: Path, **tables: list[Row]) -> House:
    lake_of(tmp_path / "lake", **tables)
    return House(Home(tmp_path), Settings(source=Source(kind="files", path="x")))


def looked(house: House, day: dt.date = NIGHT) -> list[Finding]:
    """What the doctor says on *day* of how far the record goes."""
    at = dt.datetime.combine(day, dt.time(12), dt.UTC)
    return list(examine(replace(house, clock=lambda: at), [check for check in CHECKS if check[0] == "record"]))


def years(member: int, first: int, last: int, *, month: int, day: int = 1) -> list[Row]:
    """Terms of a year each, the first that begins in the year *first*, the last in *last*; each paid as it begins."""
    starts = [dt.date(year, month, day) for year in range(first, last + 1)]
    ends = [dt.date(one.year + 1, one.month, one.day) - dt.timedelta(days=1) for one in starts]
    return [term(member, str(a), str(b)) for a, b in zip(starts, ends, strict=True)]


def spread(members: int, first: int, last: int) -> list[Row]:
    """Members whose terms begin all over the year; one in ten has left at the end of each year."""
    rows = []
    for member in range(members):
        until = last if member % 10 else first + member // 10 % (last - first)
        rows += years(member, first, until, month=1 + member % 12, day=1 + member % 28)
    return rows


def before(rows: list[Row], day: str) -> list[Row]:
    return [row for row in rows if str(row["recorded_at"]) < day]


def test_a_fresh_home_on_an_old_export_learns_and_scores_nothing(tmp_path: Path, exports: Path):
    """Renewals after the end of the export are not in it, so that everybody would seem to have lapsed."""
    home = tmp_path / "home"
    assert tenure("init", "--home", home, "--source", "files", "--path", exports).code == 0
    commands = (("run",), ("run", "--dry-run"), ("train",))
    for command in commands:
        held = tenure(*command, "--home", home)
        said = " ".join(held.err.split())
        assert held.code == 3, held.told
        assert "nothing of any kind was recorded in the" in said
        assert "the newest record is of 2025-03-" in said
        assert "`--as-of 2025-03-" in said
    assert not list((home / "models").glob("2*"))
    assert not list((home / "lake").glob("scores/*"))
    with sqlite3.connect(home / "ledger.sqlite3") as ledger:
        states = ledger.execute("SELECT state FROM ledger_run ORDER BY id").fetchall()
    assert states == [("held_back",)] * len(commands)


def test_doctor_says_beforehand_what_the_night_will_say(night: Path):
    """In its words, with its mend."""
    findings = tenure("doctor", "--home", night, "--json").json["findings"]
    (fault,) = [one for one in findings if one["check"] == "record"]
    held = tenure("run", "--home", night)

    assert (fault["state"], held.code) == ("fault", 3)
    words, _, mend = held.err.partition("error: ")[2].partition("\n\nhint: ")
    assert fault["words"] == f"the next night is held back unless it brings in something newer: {words}"
    assert fault["mend"] == mend.strip()


def test_doctor_says_nothing_of_a_record_that_has_not_begun(tmp_path: Path):
    assert looked(House(Home(tmp_path), Settings(source=Source(kind="files", path="x")))) == []


def test_scores_of_before_stay_and_a_name_lets_the_night_pass(night: Path):
    """Twelve months without a record, by the clock of today."""
    set_(night, train_every_days=10_000)
    scored = tenure("score", "--home", night)
    held = tenure("run", "--home", night)
    assert (scored.code, held.code) == (3, 3), held.told
    with sqlite3.connect(night / "ledger.sqlite3") as ledger:
        assert ledger.execute("SELECT DISTINCT as_of FROM ledger_score_set").fetchall() == [(AS_OF,)]

    passed = tenure("run", "--home", night, "--despite-drift", "--by", "A. Analyst", "--json")
    assert passed.code == 0, passed.told
    record = next(step for step in passed.json["steps"] if step["name"] == "record")
    assert record["words"] == "let pass by A. Analyst"
    with sqlite3.connect(night / "ledger.sqlite3") as ledger:
        told = ledger.execute("SELECT \"by\" FROM ledger_audit_event WHERE act = 'record:gate:release'").fetchall()
    assert told == [("A. Analyst",)]


@pytest.mark.parametrize(("last", "stopped"), [("2026-01-30", False), ("2026-01-29", True)])
def test_more_than_thirty_days_without_any_record(tmp_path: Path, last: str, stopped: bool):
    """A login a day until then."""
    until = dt.date.fromisoformat(last)
    acts = [act(1, "login", str(until - dt.timedelta(days=n))) for n in range(400)]
    house = house_of(tmp_path, members=[person(1)], terms=years(1, 2023, 2025, month=6), activity=acts)

    one = found(house, NIGHT)
    assert (one is not None) == stopped
    (finding,) = looked(house)
    assert (finding.state == FAULT) == stopped
    if one is not None:
        assert one.newest == until
        assert "`--as-of 2026-01-30`" in one.mend
        assert finding.words.endswith(one.words)
        assert finding.mend == one.mend


def test_a_record_of_any_kind_says_that_the_source_is_alive(tmp_path: Path):
    acts = [act(1, "login", str(dt.date(2025, 12, 1) - dt.timedelta(days=n))) for n in range(400)]
    people = [person(1), person(1, "2026-02-10", chapter_id="SOUTH")]
    house = house_of(tmp_path, members=people, terms=years(1, 2023, 2025, month=6), activity=acts)

    assert house.lake.newest_record(NIGHT) == dt.date(2026, 2, 10)
    assert found(house, NIGHT) is None
    assert found(house, dt.date(2026, 2, 10)) is not None, "as of a day, only what was known on it counts"


def test_where_all_terms_end_on_one_day_eleven_quiet_months_are_usual(tmp_path: Path):
    """Nothing but terms is on record, all paid in January. A January in which none is paid is found by April."""
    terms = [row for member in range(40) for row in years(member, 2021, 2025, month=1, day=1 + member % 20)]
    house = house_of(tmp_path, members=[person(n) for n in range(40)], terms=terms)

    for day in (dt.date(2025, 3, 1), dt.date(2025, 6, 1), dt.date(2025, 12, 31)):
        assert found(house, day) is None
    assert found(house, dt.date(2026, 4, 1)) is not None


def test_terms_that_stop_while_all_else_goes_on_are_found_by_lapses_that_nothing_explains(tmp_path: Path):
    terms = spread(400, 2020, 2026)
    acts = [act(1, "login", str(NIGHT - dt.timedelta(days=n))) for n in range(1, 1_000)]
    people = [person(n) for n in range(400)]
    whole = house_of(tmp_path / "whole", members=people, terms=terms, activity=acts)
    cut = house_of(tmp_path / "cut", members=people, terms=before(terms, "2025-11-15"), activity=acts)

    assert found(whole, NIGHT) is None
    one = found(cut, NIGHT)
    assert one is not None
    assert one.words.startswith("no term was recorded in the ")
    assert "--despite-drift" in one.mend
    assert [finding.state for finding in looked(whole)] == [OK]
    assert [(finding.state, finding.mend) for finding in looked(cut)] == [(FAULT, one.mend)]


def test_terms_of_which_none_came_due_may_be_silent(tmp_path: Path):
    """Everybody's term ends in spring; in February no term has been recorded for nine months, and logins go on."""
    terms = [row for n in range(60) for row in years(n, 2020, 2025, month=4 + n % 2, day=1 + n % 28)]
    acts = [act(1, "login", str(NIGHT - dt.timedelta(days=n))) for n in range(1, 1_000)]
    house = house_of(tmp_path, members=[person(n) for n in range(60)], terms=terms, activity=acts)

    assert found(house, NIGHT) is None
    assert found(house, dt.date(2026, 2, 28)) is None


def test_renewals_that_stop_coming_hold_the_night_back(night: Path, tmp_path: Path):
    """An export without the terms of the last five months, in which all else goes on."""
    path = tmp_path / "exports" / "terms.csv"
    terms = pl.read_csv(path, infer_schema=False)
    terms.filter(pl.col("recorded_at") < "2024-10-01").write_csv(path)
    held = tenure("run", "--home", night, "--as-of", "2025-03-05")
    said = " ".join(held.err.split())
    assert held.code == 3, held.told
    assert "no term was recorded in the 15" in said, said
