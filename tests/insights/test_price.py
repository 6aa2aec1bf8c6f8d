"""Whom the price weighs on by what is no feature of theirs, and that nothing is seen ahead."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from lakes import Row, lake_of, person, term
from tenure.base.settings import Membership
from tenure.insights import weighs
from tenure.insights.dearer import is_dearer
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


def test_dues_are_compared_among_terms_of_one_length(tmp_path: Path):
    """Who pays two years at once pays no more than others by that; enough must pay for as long to say who does."""
    terms = [term(member, *RUNNING, dues=100.0) for member in range(1, 29)]
    terms += [term(member, "2025-01-01", "2026-12-31", dues=200.0) for member in (30, 31)]
    terms += [term(member, "2025-05-15", "2025-06-13", dues=10.0) for member in range(40, 60)]
    terms += [term(60, "2025-05-15", "2025-06-13", dues=12.0)]

    assert weighed(stood(tmp_path, terms)) == {60}


@pytest.mark.parametrize(
    "words",
    [
        "Dues raised by 12 percent",
        "Dues up",
        "Dues up 8 %",
        "Dues: up 4.5 %",
        "Dues +10 %",
        "Dues go up in January, gala fees unchanged",
        "Increase in dues",
        "Higher dues for students",
        "Dues up for all (students: no increase)",
        "Price increase for members",
        "Membership price raised",
        "Membership fee raised",
        "Members' annual fee increased",
        "Annual subscription up 8 %",
        "Price of membership rose",
        "Late fee abolished, dues raised",
        "The early-bird discount on dues ended",
        "Student discount withdrawn",
        "Discount for early payment no longer given",
        "End of the five-year discount",
        "Discount ends at the end of June",
    ],
)
def test_words_of_changes_that_make_membership_dearer(words: str):
    assert is_dearer(words)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "Website moved",
        "Dues lowered",
        "Membership dues will not rise this year",
        "Dues won’t go up",
        "Dues frozen: no increase",
        "Dues unchanged, gala fees higher",
        "Dues stay the same while exam fees rise",
        "Increase of dues postponed",
        "Dues rise averted",
        "Zero increase in dues",
        "Rise in members paying dues",
        "Question of dues raised at the meeting",
        "More members whose dues are up to date",
        "Dues up to 200 can be paid in parts",
        "Dues plan set up online",
        "Dues up for discussion",
        "Registration fees for the congress raised",
        "Registration fees for members raised",
        "Congress price for members up 10 %",
        "Late fee raised",
        "Exam fees +10 %",
        "Fees raised",
        "Journal subscriptions up 8 %",
        "Member prices in the shop raised",
        "Dues for those in higher education",
        "Discount extended until the end of June",
        "Discount for students until the end of June",
        "Discount at year end",
        "Discount increased and no longer for students alone",
        "Discount will not end",
        "Hotel discount ended",
        "Early-bird discount of the congress ended",
    ],
)
def test_words_of_other_changes_make_membership_no_dearer(words: str):
    assert not is_dearer(words)


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
