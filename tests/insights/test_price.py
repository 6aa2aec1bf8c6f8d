"""Whom the price weighs on by what is no feature of theirs, and that nothing is seen ahead."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from lakes import Row, lake_of, person, term
from tenure.base.settings import Membership
from tenure.insights import weighs
from tenure.membership import standing

DAY = dt.date(2025, 6, 1)
RUNNING = ("2025-01-01", "2025-12-31")


def stood(root: Path, terms: list[Row], day: dt.date = DAY) -> pl.DataFrame:
    members = sorted({row["member"] for row in terms})
    lake = lake_of(root, members=[person(member) for member in members], terms=terms)
    rows = pl.DataFrame({"row": members, "member": members, "as_of": [day] * len(members)})
    return standing(lake.terms(), lake.members(), rows, Membership())


def changes(*rows: tuple[str, str, str]) -> pl.DataFrame:
    days = [(dt.date.fromisoformat(day), words, scope) for day, words, scope in rows]
    return pl.DataFrame(days, {"changed_on": pl.Date, "change": pl.String, "scope": pl.String}, orient="row")


def weighed(found: pl.DataFrame, *told: pl.DataFrame | None) -> set[int]:
    return set(found["member"].filter(pl.Series(weighs(found, *told))))


def test_dues_above_what_the_type_pays(tmp_path: Path):
    """By 5 % and more, of a type that twenty pay for; those who pay nothing set no middle."""
    terms = [term(member, *RUNNING, dues=100.0) for member in range(1, 22)]
    terms += [term(30, *RUNNING, dues=104.0), term(31, *RUNNING, dues=106.0)]
    terms += [term(member, *RUNNING, dues=0.0) for member in range(40, 70)]
    terms += [term(member, *RUNNING, dues=200.0, member_type="FEW") for member in range(70, 79)]
    terms += [term(79, *RUNNING, dues=400.0, member_type="FEW")]

    assert weighed(stood(tmp_path, terms)) == {31}


def test_dues_that_the_association_raised_in_this_term(tmp_path: Path):
    """Of the type or of all; not before the term began, not what a course costs, and nothing else that changed."""
    found = stood(tmp_path, [term(1, *RUNNING), term(2, *RUNNING, member_type="STU")])

    assert weighed(found, changes(("2025-03-01", "Dues raised by 12 percent", "member_type=STU"))) == {2}
    assert weighed(found, changes(("2025-03-01", "The early-bird discount on dues ended", ""))) == {1, 2}
    assert weighed(found, changes(("2024-12-31", "Dues raised by 12 percent", ""))) == set()
    assert weighed(found, changes(("2025-03-01", "Fee raised for the course", "ref=C1"))) == set()
    assert weighed(found, changes(("2025-03-01", "Website moved", ""), ("2025-03-02", "Dues lowered", ""))) == set()


def test_who_named_the_price_or_asked_to_pay_in_parts(tmp_path: Path):
    found = stood(tmp_path, [term(member, *RUNNING) for member in (1, 2, 3, 4)])
    said = pl.DataFrame({"member": [1, 2], "reason": ["price", "forgot"]})
    parts = pl.DataFrame({"member": [3, 4], "on": [dt.date(2025, 2, 1), dt.date(2024, 2, 1)]})

    assert weighed(found, None, said, parts) == {1, 3}
