"""Who went to a competitor, by hand; off without a purpose; and blind to what is recorded later."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from lakes import Row, act, lake_of, person
from tenure.base.settings import Outreach, Settings, Source
from tenure.insights.displacement import displacement_of
from tenure.lake import Lake

DAY = dt.date(2025, 6, 1)
ON = {"displacement_purpose": "to tell the director", "competitors": ("Kestrel Labs",)}


def moved(member: int, on: str, **said: str) -> list[Row]:
    """A member who worked for another house until *on*."""
    before = {"employer": "Oakhaven Trust", "job_title": "Analyst"}
    return [person(member, **before), person(member, known=on, **(before | said))]


def active(member: int, *, lately: bool) -> list[Row]:
    """A day a month in 2024, and on until May 2025 where *lately*."""
    months = [f"2024-{month:02}-10" for month in range(4, 13)]
    return [
        act(member, "login", day) for day in months + (["2025-03-10", "2025-04-10", "2025-05-10"] if lately else [])
    ]


MEMBERS = [
    *moved(1, "2025-02-01", employer="KESTREL LABS, LLC"),
    *moved(2, "2025-02-01", employer="Kestrel Labs"),
    *moved(3, "2025-02-01", employer="Petrel Labs"),
    *moved(4, "2024-03-01", employer="Kestrel Labs"),
    *moved(5, "2025-02-01", job_title="Director, Kestrel Labs"),
    person(6, employer="Kestrel Labs"),
    person(7, employer="Kestrel Labs", plain=True),
    *moved(8, "2024-10-01", employer="Kestrel Labs"),
    person(8, known="2025-04-01", employer="Oakhaven Trust"),
    *moved(9, "2025-02-01", employer="Kestrel Labs"),
]
ACTS = [row for member in range(1, 9) for row in active(member, lately=member == 2)]


def asked(lake: Lake, **outreach: object) -> pl.DataFrame:
    settings = Settings(source=Source(kind="files"), outreach=Outreach(**outreach))
    return displacement_of(lake, settings, lake.members()["member"].unique(), DAY)


def test_who_changed_to_a_competitor_and_takes_part_less_is_displaced(tmp_path: Path):
    """Not who is as active as before or never was, went long ago, was there from the start, or has come back."""
    found = asked(lake_of(tmp_path, members=MEMBERS, activity=ACTS), **ON)

    assert found["member"].to_list() == [1, 2, 5, 9]
    assert found["displaced"].to_list() == [True, False, True, False]
    assert found.row(0) == (1, "Kestrel Labs", dt.date(2025, 2, 1), "employer", 9, 0, True)
    assert found["by"].to_list() == ["employer", "employer", "job title", "employer"]


@pytest.mark.parametrize("left_out", [{"displacement_purpose": " "}, {"competitors": ()}])
def test_without_a_purpose_or_a_list_nothing_is_guessed(tmp_path: Path, left_out: dict):
    found = asked(lake_of(tmp_path, members=MEMBERS, activity=ACTS), **(ON | left_out))

    assert found.is_empty()


def test_what_is_recorded_later_displaces_nobody(tmp_path: Path):
    """A change that is typed in afterwards; and acts that are."""
    members = [person(3, known="2025-06-01", employer="Kestrel Labs"), person(1, known="2025-06-01")]
    acts = [act(1, "login", f"2025-05-{day:02}", recorded="2025-06-01") for day in range(1, 20)]
    then = lake_of(tmp_path / "then", members=MEMBERS, activity=ACTS)
    now = lake_of(tmp_path / "now", members=MEMBERS + members, activity=ACTS + acts)

    assert asked(then, **ON).equals(asked(now, **ON))
