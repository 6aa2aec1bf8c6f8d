"""Who belonged to an organization on a day follows from records and terms in whatever order they were entered."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from tenure.base.settings import Membership
from tenure.lake import SHAPES
from tenure.membership import belonged_on, belonging, people_known

RULES = Membership(list_billed_types=("LIST",))
FIRM, OTHER, PERSON = 9, 8, 1


def spans_of(versions: list[dict], terms: list[dict]) -> pl.DataFrame:
    """The stretches of a person with these *versions* of the record and these list-billed *terms*."""
    members = SHAPES["members"].conform(pl.DataFrame([{"member": PERSON} | one for one in versions]))
    bill = {"member": PERSON, "member_type": "LIST", "dues": 100.0}
    theirs = SHAPES["terms"].conform(pl.DataFrame([bill | {"term_id": f"{one['starts_on']}"} | one for one in terms]))
    return belonging(members, theirs, SHAPES["departures"].empty(), RULES)


def whose(spans: pl.DataFrame, day: dt.date) -> list[int]:
    return belonged_on(spans, day)["organization"].to_list()


def in_2024(recorded: dt.datetime) -> dict:
    """A term of the year 2024, whose grace is over at the end of January."""
    return {"starts_on": dt.date(2024, 1, 1), "ends_on": dt.date(2024, 12, 31), "recorded_at": recorded}


@pytest.mark.parametrize("recorded", [dt.datetime(2023, 12, 15), dt.datetime(2024, 1, 5)])
def test_who_joined_after_the_term_was_entered_is_gone_when_it_is_over(recorded: dt.datetime):
    """A plain export, whose record counts from the day of joining: entered before it or after, and never renewed."""
    plain = {"valid_from": dt.datetime(1970, 1, 1), "plain": True, "join_date": dt.date(2024, 1, 1)}
    spans = spans_of([plain | {"organization": FIRM}], [in_2024(recorded)])

    assert whose(spans, dt.date(2025, 1, 30)) == [FIRM]
    assert whose(spans, dt.date(2026, 1, 1)) == []


def test_whose_record_began_after_the_term_was_entered_is_gone_when_it_is_over():
    """Nobody is named for the person before May, and what is named later than that is told of from then on alone."""
    first = {"valid_from": dt.datetime(2024, 5, 1), "organization": FIRM}
    moved = {"valid_from": dt.datetime(2025, 6, 1), "organization": OTHER}
    term = in_2024(dt.datetime(2024, 1, 1))

    stays, moves = spans_of([first], [term]), spans_of([first, moved], [term])

    assert whose(stays, dt.date(2024, 5, 1)) == []
    assert whose(stays, dt.date(2024, 12, 31)) == whose(moves, dt.date(2024, 12, 31)) == [FIRM]
    assert whose(stays, dt.date(2025, 3, 1)) == whose(moves, dt.date(2025, 3, 1)) == []
    assert whose(moves, dt.date(2025, 7, 1)) == [OTHER]


def test_a_term_entered_before_an_organization_was_named_is_of_the_first_that_was():
    """Types that are billed by list have a payer, though the record named none when it began."""
    alone = {"valid_from": dt.datetime(2024, 5, 1), "organization": None}
    hired = {"valid_from": dt.datetime(2024, 6, 1), "organization": FIRM}
    spans = spans_of([alone, hired], [in_2024(dt.datetime(2024, 1, 1))])

    assert [whose(spans, day) for day in (dt.date(2024, 5, 20), dt.date(2024, 7, 1), dt.date(2025, 3, 1))] == [
        [], [FIRM], [],
    ]  # fmt: skip


def test_people_are_counted_as_they_are_named_on_each_day():
    """To the day, whichever way is asked: from the day after it was known to that on which it ended."""
    first = {"valid_from": dt.datetime(2024, 5, 1, 12), "organization": FIRM}
    moved = {"valid_from": dt.datetime(2024, 9, 1, 12), "organization": OTHER}
    spans = spans_of([first, moved], [in_2024(dt.datetime(2024, 1, 1))])
    days = [dt.date(2024, month, day) for month in (5, 9) for day in (1, 2)]
    rows = pl.DataFrame({"row": range(4), "member": [FIRM] * 4, "as_of": days})

    assert people_known(spans, rows)["people"].to_list() == [0, 1, 1, 0]
    assert [whose(spans, day).count(FIRM) for day in days] == [0, 1, 1, 0]
