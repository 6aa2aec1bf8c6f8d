"""Hardship by hand, off without a purpose, and blind to what is recorded later."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from lakes import Row, act, lake_of, person, term
from tenure.base.settings import Membership, Outreach, Settings, Source
from tenure.insights.hardship import hardship_of
from tenure.lake import Lake
from tenure.membership import standing

DAY = dt.date(2025, 6, 1)
PURPOSE = Outreach(hardship_purpose="to offer a payment plan before the invoice")
SOURCE = Source(kind="files")

MEMBERS = [person(member) for member in range(1, 9)]
TERMS = [
    *(term(member, "2025-01-01", "2025-12-31") for member in (1, 2, 3, 4, 6, 7, 8)),
    *(term(5, f"{year}-01-01", f"{year}-12-31", paid=f"{year - 1}-12-20") for year in (2022, 2023, 2024)),
    term(5, "2025-01-01", "2025-12-31", paid="2025-01-20"),
]
ACTS = [
    act(1, "plan_missed", "2025-03-01"),
    act(1, "plan_missed", "2025-04-01"),
    act(8, "plan_missed", "2025-04-01"),
    act(2, "payment_failed", "2025-02-01"),
    act(2, "payment_failed", "2025-05-01"),
    act(3, "payment_failed", "2024-09-01"),
    act(3, "payment_failed", "2024-09-08"),
    act(3, "payment", "2024-09-10"),
    act(4, "payment_failed", "2025-04-01"),
    act(4, "payment", "2025-04-03"),
    act(5, "payment_failed", "2025-05-20"),
    act(6, "address_changed", "2025-05-01"),
    act(6, "payment_failed", "2025-05-20"),
    act(7, "plan_missed", "2024-03-01"),
]


def asked(lake: Lake, outreach: Outreach) -> dict[int, dict]:
    members = lake.terms().select("member").unique().sort("member").with_row_index("row")
    stood = standing(lake.terms(), lake.members(), members.with_columns(as_of=pl.lit(DAY)), Membership())
    found = hardship_of(lake, Settings(source=SOURCE, outreach=outreach), stood, DAY)
    return {row["member"]: row for row in found.to_dicts()}


def test_two_signs_or_two_missed_installments_say_so(tmp_path: Path):
    """One failed payment is an expired card, one missed installment a slip, one term paid late a holiday."""
    found = asked(lake_of(tmp_path, members=MEMBERS, terms=TERMS, activity=ACTS), PURPOSE)

    assert {member: row["points"] for member, row in found.items()} == {1: 2, 2: 2, 3: 1, 5: 2, 6: 1, 8: 1}
    assert {member for member, row in found.items() if row["hardship"]} == {1, 2, 5}
    assert found[5]["why"] == (
        "the last payment failed and none has followed; paid this term in grace, as most before were not"
    )


def test_a_change_of_address_counts_only_where_switched_on(tmp_path: Path):
    lake = lake_of(tmp_path, members=MEMBERS, terms=TERMS, activity=ACTS)
    with_address = PURPOSE.model_copy(update={"hardship_by_address": True})

    assert (asked(lake, PURPOSE)[6]["hardship"], asked(lake, with_address)[6]["hardship"]) == (False, True)


def test_an_industry_that_does_badly_is_a_sign_beside_another_and_not_before_it_was_said(tmp_path: Path):
    members = [person(member, industry="Shipping" if member in (3, 7) else None) for member in range(1, 9)]
    lake = lake_of(tmp_path, members=members, terms=TERMS, activity=ACTS)

    def told(since: dt.date) -> dict[int, dict]:
        return asked(lake, PURPOSE.model_copy(update={"hardship_industries": {"Shipping": since}}))

    found = told(DAY - dt.timedelta(days=1))
    assert (found[3]["points"], found[3]["hardship"]) == (2, True)
    assert (found[7]["points"], found[7]["hardship"]) == (1, False), "an industry alone makes nobody poor"
    assert "works in an industry that does badly" in found[3]["why"]
    assert told(DAY)[3]["hardship"] is False
    assert 7 not in told(DAY)


@pytest.mark.parametrize("purpose", ["", "   "])
def test_without_a_purpose_nothing_is_guessed(tmp_path: Path, purpose: str):
    lake = lake_of(tmp_path, members=MEMBERS, terms=TERMS, activity=ACTS)

    assert asked(lake, Outreach(hardship_purpose=purpose)) == {}


def test_what_is_recorded_later_makes_nobody_poor(tmp_path: Path):
    """Nor does a payment that is typed in afterwards make anybody well off."""
    late: list[Row] = [
        act(7, "plan_missed", "2025-05-01", recorded="2025-06-01"),
        act(8, "payment_failed", "2025-05-01", recorded="2025-06-01"),
        act(5, "payment", "2025-05-25", recorded="2025-06-02"),
    ]
    then = lake_of(tmp_path / "then", members=MEMBERS, terms=TERMS, activity=ACTS)
    now = lake_of(tmp_path / "now", members=MEMBERS, terms=TERMS, activity=ACTS + late)

    assert asked(then, PURPOSE) == asked(now, PURPOSE)
