"""Who takes part most of each type: counted by hand, and nothing seen ahead."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from lakes import act, known_before, lake_of, person, term
from tenure.insights.engaged import most_engaged
from tenure.lake import Lake

DAY = dt.date(2025, 6, 1)
CHAIR, READER, ANSWERS, LATE, LONG_AGO = range(1, 6)
REGULAR = range(1, 41)
STUDENTS = range(41, 60)
RETIRED = range(60, 100)


def days(count: int, first: str = "2025-01-01") -> list[str]:
    return [str(dt.date.fromisoformat(first) + dt.timedelta(days=step)) for step in range(count)]


def acts() -> list[dict[str, object]]:
    """Of forty regular members two have a place; nineteen students are too few; three of the retired do the same."""
    found = [act(CHAIR, "login", day) for day in days(9)] + [act(CHAIR, "committee_meeting", day) for day in days(4)]
    found += [act(CHAIR, "committee_led", days(1)[0]), act(CHAIR, "event_attended", days(1)[0])]
    found += [act(READER, "login", day) for day in days(6)] * 3
    found += [act(ANSWERS, kind, day) for kind in ("email_clicked", "email_opened", "payment") for day in days(60)]
    found += [act(LATE, "community_post", day, recorded=str(DAY)) for day in days(30)]
    found += [act(LONG_AGO, "login", day) for day in days(40, "2024-03-01")]
    found += [act(member, "login", day) for member in range(6, 41) for day in days(5)]
    found += [act(STUDENTS[0], "login", day) for day in days(50)]
    return found + [act(member, "login", day) for member in RETIRED[:3] for day in days(8)]


def members() -> pl.DataFrame:
    kinds = [("REG", REGULAR), ("STU", STUDENTS), ("RET", RETIRED)]
    rows = [(member, kind) for kind, some in kinds for member in some]
    return pl.DataFrame(rows, schema=["member", "member_type"], orient="row")


def lake(root: Path) -> Lake:
    who = members()["member"].to_list()
    terms = [term(member, "2024-07-01", "2025-06-30") for member in who]
    return lake_of(root, members=[person(member) for member in who], terms=terms, activity=acts())


def test_a_twentieth_of_each_type_took_part_on_most_days_and_in_something(tmp_path: Path):
    """A day counts once; answers to messages, and what is older than a year, not at all. Of equals at the edge none."""
    found = most_engaged(lake(tmp_path / "lake"), members(), DAY).sort("member")
    assert found.rows() == [(CHAIR, 9, "committee work", 4), (READER, 6, None, None)]


def test_who_takes_part_most_is_told_by_what_was_recorded_before_the_day(tmp_path: Path):
    made = lake(tmp_path / "lake")
    cut = known_before(made, tmp_path / "cut", DAY)
    assert most_engaged(cut, members(), DAY).equals(most_engaged(made, members(), DAY))
    after = most_engaged(made, members(), DAY + dt.timedelta(days=1)).sort("member")
    assert after.rows() == [(CHAIR, 9, "committee work", 4), (LATE, 30, "the member community", 30)]
