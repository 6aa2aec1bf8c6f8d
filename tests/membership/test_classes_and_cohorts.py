"""Renewal classes, movement by month, join cohorts and the head count, against small associations worked by hand."""

from __future__ import annotations

import datetime as dt
import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_histories import histories, rules
from test_terms import SCHEMA, term, terms

from tenure.base.settings import Membership
from tenure.insights.membership_figures import Scope, figures_by_scope
from tenure.membership import (
    cohort,
    decisions,
    end_of_month,
    headcount,
    membership_numbers,
    movement,
    people_on,
    renewal_classes,
    renewals_by_cohort,
    spells,
    with_joining,
    with_people,
)
from tenure.membership.people import STANDINGS
from tenure.membership.renewal_classes import FIRST_DAY

RULES = Membership()
FEBRUARY = dt.date(2025, 2, 28)


def people(*rows: dict[str, object]) -> pl.DataFrame:
    """Records, one a member unless told otherwise."""
    usual = {
        "valid_from": dt.datetime(2010, 1, 1), "member_type": "REG", "chapter_id": None, "organization": None,
        "join_date": None, "deceased_on": None, "objects_to_profiling": None,
    }  # fmt: skip
    return pl.DataFrame(
        [usual | row for row in rows],
        schema={
            "member": pl.Int64, "valid_from": pl.Datetime("us"), "member_type": pl.String, "chapter_id": pl.String,
            "organization": pl.Int64, "join_date": pl.Date, "deceased_on": pl.Date,
            "objects_to_profiling": pl.Boolean,
        },
    )  # fmt: skip


EVERYBODY = people(*({"member": member} for member in range(1, 9)))


def year_of(member: int, starts: int, **given: object) -> dict[str, object]:
    """A term from March of a year to February of the next."""
    end = end_of_month(dt.date(starts + 1, 2, 1))
    return term(f"{member}-{starts}", f"{starts}-03-01", str(end), member=member, **given)


def february() -> pl.DataFrame:
    """Three members in 2025 of whom two renew, on 10 February and 5 March; in 2024 two, of whom one renewed late."""
    return terms(
        year_of(1, 2024),
        year_of(1, 2025, paid="2025-02-10"),
        year_of(2, 2024),
        year_of(2, 2025, paid="2025-03-01", recorded="2025-03-05"),
        year_of(3, 2024),
        year_of(4, 2023),
        year_of(4, 2024, paid="2024-03-20"),
        year_of(5, 2023),
    )


def class_on(table: pl.DataFrame, day: str, ends: dt.date = FEBRUARY):
    as_of = dt.date.fromisoformat(day)
    now = decisions(table, EVERYBODY, RULES, as_of=as_of)
    before = decisions(table, EVERYBODY, RULES, as_of=as_of.replace(year=as_of.year - 1))
    (one,) = renewal_classes(now, before, ends=[ends], as_of=as_of)
    return one


def test_a_class_is_counted_by_the_day_on_which_each_renewal_was_recorded():
    """Four are due in 2025 (4's renewed term ends then too); the one paid on 1 March was seen on the 5th."""
    fourth, fifth = class_on(february(), "2025-03-05"), class_on(february(), "2025-03-06")

    assert (fourth.due, fourth.renewed, fourth.day) == (4, 1, 4)
    assert (fifth.due, fifth.renewed, fifth.day) == (4, 2, 5)
    assert fifth.by_day[-18 - FIRST_DAY - 1 :][:2] == (0, 1)  # 10 February is 18 days before the end
    assert fifth.by_day[-2:] == (1, 2)
    assert len(fifth.by_day) == len(fifth.by_day_before) == 5 - FIRST_DAY + 1


def test_the_class_of_last_year_stands_as_it_did_on_the_same_day():
    """On 6 March 2024 nobody of the two had renewed; 4 came on the 20th, which is told as what came later."""
    found = class_on(february(), "2025-03-06")

    assert (found.due_before, found.renewed_before) == (2, 0)
    assert (found.later_due, found.later[-1]) == (2, 1)
    assert found.later[20 - 5 - 2 : 20 - 5] == (0, 1)
    assert class_on(february(), "2025-03-22").renewed_before == 1


def test_what_is_recorded_later_changes_no_class_of_an_earlier_day():
    late = pl.concat([
        february(),
        terms(
            year_of(3, 2025, paid="2025-03-02", recorded="2025-03-20"),
            year_of(5, 2024, paid="2024-02-25", recorded="2024-06-01"),
        ),
    ])  # fmt: skip
    now, then = class_on(late, "2025-03-06"), class_on(february(), "2025-03-06")

    assert (now.renewed, now.by_day, now.renewed_before, now.by_day_before) == (
        then.renewed, then.by_day, then.renewed_before, then.by_day_before,
    )  # fmt: skip
    assert class_on(late, "2025-03-21").renewed == 3


def test_those_in_their_first_term_are_told_apart_and_the_dead_are_in_no_class():
    dead = february().with_columns(
        ended_by=pl.when(pl.col("term_id") == "3-2024").then(pl.lit("deceased")).otherwise("ended_by")
    )
    found = class_on(february(), "2025-03-06")

    assert found.first == (3, 2, 2, 0)
    assert class_on(dead, "2025-04-15").due == 3


@pytest.mark.parametrize(
    ("day", "months", "found"),
    [("2024-01-31", 1, "2024-02-29"), ("2025-12-05", 2, "2026-02-28"), ("2025-01-10", -2, "2024-11-30")],
)
def test_the_ends_of_months(day: str, months: int, found: str):
    assert end_of_month(dt.date.fromisoformat(day), months) == dt.date.fromisoformat(found)


def test_months_of_coming_and_leaving_add_up_to_the_numbers_of_the_stretch():
    """5 lapsed in February 2024, 3 did a year later; on 20 March that is still open."""
    as_of = dt.date(2025, 3, 20)
    table = pl.concat([february(), terms(term("6", "2025-03-03", "2026-03-02", member=6, paid="2025-03-03"))])
    rows = movement(spells(table, EVERYBODY, RULES, as_of=as_of), as_of=as_of)
    found, *_ = membership_numbers(table, EVERYBODY, RULES, since=dt.date(2024, 3, 1), as_of=as_of)
    months = {row.month.isoformat()[:7]: row for row in rows}

    assert (min(months), max(months)) == ("2024-03", "2025-03")
    assert sum(row.net for row in rows) == found.net == found.at_end - found.at_start
    assert sum(row.joined for row in rows) == found.joined == 4
    assert (months["2025-02"].dropped, months["2025-02"].in_grace, months["2025-02"].is_whole) == (0, 2, False)
    assert months["2024-05"].is_whole
    assert not months["2025-03"].is_over
    later = {row.month.isoformat()[:7]: row for row in movement(
        spells(table, EVERYBODY, RULES, as_of=dt.date(2025, 4, 15)), as_of=dt.date(2025, 4, 15))}  # fmt: skip
    assert (later["2025-02"].dropped, later["2025-02"].in_grace, later["2025-02"].is_whole) == (2, 0, True)


def two_cohorts() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Of four who joined in 2021 one leaves after a year and one after two; 5 joined in 2018, before the record."""
    kept = [year_of(m, y, paid=f"{y}-02-20") for m in (1, 2) for y in (2021, 2022, 2023, 2024)]
    gone = [year_of(3, 2021), year_of(4, 2021), year_of(4, 2022, paid="2022-02-20")]
    old = [year_of(5, y, paid=f"{y}-02-20") for y in (2021, 2022)]
    return terms(*kept, *gone, *old), people(
        *({"member": m, "join_date": dt.date(2021, 3, 1)} for m in (1, 2, 3, 4)),
        {"member": 5, "join_date": dt.date(2018, 3, 1)},
    )


def joined_spans(as_of: dt.date) -> pl.DataFrame:
    table, members = two_cohorts()
    found = spells(table, members, RULES, as_of=as_of)
    return with_joining(with_people(found, people_on(members, as_of)), found)


def test_a_cohort_year_by_year_by_hand():
    """After a year three of four are there, after two years two."""
    found = cohort(joined_spans(dt.date(2025, 1, 1)), 2021, 2021, as_of=dt.date(2025, 1, 1), years=4)
    told = [(one.year, one.followed, one.lapsed, one.left, one.stayed) for one in found.years]

    assert found.members == 4
    assert told[:4] == [(0, 4, 0, 0, 1.0), (1, 3, 1, 0, 0.75), (2, 2, 2, 0, 0.5), (3, 2, 2, 0, 0.5)]
    assert told[4][1:4] == (0, 2, 2)  # who is still a member goes out of sight today
    assert found.years[2].low < 0.5 < found.years[2].high


def test_who_joined_before_the_record_comes_into_sight_with_the_second_term_on_it():
    """5 joined in 2018: at risk from the end of the fourth year on, lapsed at the end of the fifth."""
    found = cohort(joined_spans(dt.date(2025, 1, 1)), 2018, 2018, as_of=dt.date(2025, 1, 1), years=6)

    assert [one.followed for one in found.years] == [0, 0, 0, 0, 1, 0, 0]
    assert [one.stayed for one in found.years] == [1, 1, 1, 1, 1, 0, 0]


def test_a_record_that_begins_with_the_lapses_alone_does_not_make_old_members_look_lost():
    """Of two who joined in 2018 the source has one lapsed term, and the other only from the renewal after it on."""
    as_of = dt.date(2025, 1, 1)
    table = terms(
        year_of(1, 2020), *(year_of(2, year, paid=f"{year}-02-20") for year in (2021, 2022, 2023, 2024))
    )  # fmt: skip
    members = people(*({"member": member, "join_date": dt.date(2018, 3, 1)} for member in (1, 2)))
    spans = spells(table, members, RULES, as_of=as_of)
    spans = with_joining(with_people(spans, people_on(members, as_of)), spans)
    found = decisions(table, members, RULES, as_of=as_of)
    cells = renewals_by_cohort(with_joining(with_people(found, people_on(members, as_of)), spans), as_of=as_of)

    assert cohort(spans, 2018, 2018, as_of=as_of, years=6).years[-1].stayed == 1.0
    assert [(one.year, one.renewed, one.decided) for one in cells if one.decided] == [(5, 1, 1), (6, 1, 1)]


def test_renewals_by_cohort_count_and_say_what_is_open():
    """2021: three of four renew for the first time, two of three for the second; the fourth year is open."""
    as_of = dt.date(2025, 1, 1)
    table, members = two_cohorts()
    found = decisions(table, members, RULES, as_of=as_of)
    spans = spells(table, members, RULES, as_of=as_of)
    cells = renewals_by_cohort(with_joining(with_people(found, people_on(members, as_of)), spans), as_of=as_of)
    told = {(one.joined, one.year): (one.renewed, one.decided, one.open, one.is_whole) for one in cells}

    assert told[2021, 1] == (3, 4, 0, True)
    assert told[2021, 2] == (2, 3, 0, True)
    assert told[2021, 4] == (0, 0, 2, False)
    assert told[2018, 5] == (0, 1, 0, True)


def test_every_person_stands_in_one_way_to_the_count():
    """1 and 2 are members, 3 is over, 4 never paid, 5 died, 6 is billed to 1, 7 begins tomorrow."""
    as_of, rules = dt.date(2025, 3, 6), Membership(list_billed_types=("STAFF",))
    table = terms(
        year_of(1, 2024), year_of(1, 2025, paid="2025-02-10"), year_of(2, 2024), year_of(3, 2022),
        year_of(5, 2024, ended_by="deceased"),
        term("7", "2025-03-07", "2026-03-06", member=7, paid="2025-03-05"),
    )  # fmt: skip
    members = people(
        *({"member": m, "chapter_id": "Gulf"} for m in (1, 2, 3)), {"member": 4},
        {"member": 5, "deceased_on": dt.date(2025, 2, 1)},
        {"member": 6, "organization": 1, "member_type": "STAFF"}, {"member": 7},
    )  # fmt: skip
    spans = spells(table, members, rules, as_of=as_of)

    found = headcount(people_on(members, as_of), spans, rules, as_of=as_of).sort("member")

    assert found["standing"].to_list() == ["counted", "counted", "over", "never", "gone", "listed", "ahead"]
    numbers, *_ = membership_numbers(table, members, rules, since=dt.date(2024, 3, 6), as_of=as_of)
    assert numbers.at_end == 2


def test_a_record_counts_from_the_day_on_which_it_was_known():
    """Who moved on 5 March is in the old chapter on the 4th."""
    members = people(
        {"member": 1, "chapter_id": "Gulf"},
        {"member": 1, "chapter_id": "Pacific", "valid_from": dt.datetime(2025, 3, 5)},
    )
    assert people_on(members, dt.date(2025, 3, 5))["chapter_id"].to_list() == ["Gulf"]
    assert people_on(members, dt.date(2025, 3, 6))["chapter_id"].to_list() == ["Pacific"]


@settings(max_examples=25, deadline=None)
@given(
    each=st.lists(histories(), min_size=1, max_size=4),
    by=rules(),
    as_of=st.dates(dt.date(2021, 1, 1), dt.date(2025, 6, 1)),
    dead=st.sets(st.integers(1, 4)),
    listed=st.sets(st.integers(1, 4)),
)
def test_any_history_gives_figures_that_add_up_and_know_nothing_of_the_future(
    each: list[list[dict]], by: Membership, as_of: dt.date, dead: set[int], listed: set[int]
):
    """Of everyone and of each type: start and net are the end, a class never falls, each person stands in one way."""
    rows = [
        row | {"member": member, "term_id": f"{member}-{row['term_id']}"}
        for member, versions in enumerate(each, 1)
        for row in versions
    ]
    table = pl.DataFrame(rows, schema=SCHEMA)
    members = people(
        *(
            {
                "member": member, "chapter_id": ("Gulf", None)[member % 2], "join_date": dt.date(2015 + member, 5, 1),
                "deceased_on": dt.date(2022, 8, 1) if member in dead else None,
                "organization": 99 if member in listed else None,
            }
            for member in range(1, 6)
        )
    )  # fmt: skip
    bodies = figures_by_scope(table, members, by, as_of=as_of)
    known = table.filter(pl.col("recorded_at") < dt.datetime.combine(as_of, dt.time()))

    assert figures_by_scope(known, members, by, as_of=as_of) == bodies
    json.dumps(list(bodies.values()), allow_nan=False)
    everyone = bodies[Scope()]
    assert sum(row["now"]["at_end"] for row in everyone["types"]) == everyone["now"]["at_end"]
    assert sum(everyone["people"].get(name, 0) for name in STANDINGS) == everyone["people"]["source"] == 5
    for body in bodies.values():
        assert body["now"]["at_start"] + body["now"]["net"] == body["now"]["at_end"]
        assert all(0 <= part <= whole for part, whole in (body["now"][name] for name in ("renewal", "unbroken")))
        for one in body["classes"]:
            assert list(one["by_day"]) == sorted(one["by_day"])
            assert 0 <= one["renewed"] <= one["due"]
            if -90 <= one["day"] <= 60:
                assert one["by_day"][-1] == one["renewed"]
                assert one["by_day_before"][-1] == one["renewed_before"]
        for cell in body["renewals"]:
            assert 0 <= cell["renewed"] <= cell["decided"]
        for found in body["cohorts"]:
            shares = [stayed for stayed, *_ in found["steps"]]
            assert shares == sorted(shares, reverse=True)
            assert all(0 <= low <= stayed <= high <= 1 for stayed, low, high in found["steps"])
