"""Membership numbers against a small association worked by hand, and against counting one member at a time."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_histories import histories, read, read_outcomes
from test_terms import SCHEMA, term, terms

from tenure.base.settings import Membership
from tenure.membership import Numbers, against_last_year, decisions, membership_numbers, paid_by_day

RULES = Membership()
YEAR = {"since": dt.date(2023, 1, 1), "as_of": dt.date(2024, 1, 1)}


def people(*members: int, **died: dt.date) -> pl.DataFrame:
    return pl.DataFrame(
        [{"member": m, "valid_from": dt.datetime(2010, 1, 1), "deceased_on": died.get(f"m{m}")} for m in members],
        schema={"member": pl.Int64, "valid_from": pl.Datetime("us"), "deceased_on": pl.Date},
    )


def small_association() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Seven members whose year 2023 anyone can follow."""
    return terms(
        # 1 stays: pays its second and third term.
        term("1a", "2022-03-01", "2023-02-28", member=1),
        term("1b", "2023-03-01", "2024-02-29", member=1, paid="2023-02-20"),
        # 2 is in its first year and lapses on 31 May.
        term("2a", "2022-06-01", "2023-05-31", member=2, member_type="STU"),
        # 3 lapses on 31 January and comes back on 1 September.
        term("3a", "2021-02-01", "2022-01-31", member=3),
        term("3b", "2022-02-01", "2023-01-31", member=3, paid="2022-01-31"),
        term("3c", "2023-09-01", "2024-08-31", member=3, paid="2023-09-01"),
        # 4 joins in April.
        term("4a", "2023-04-01", "2024-03-31", member=4, member_type="STU"),
        # 5 dies in July.
        term("5a", "2023-01-01", "2023-12-31", member=5, paid="2022-12-01"),
        term("5z", "2022-01-01", "2022-12-31", member=5),
        # 6 is for life.
        term("6a", "2015-01-01", None, member=6),
        # 7 ended on 15 December and is in grace.
        term("7a", "2022-12-16", "2023-12-15", member=7),
    ), people(1, 2, 3, 4, 5, 6, 7, m5=dt.date(2023, 7, 4))


def test_a_small_association_by_hand():
    """At the start: 1, 2, 3, 5, 6, 7. At the end: 1, 3, 4, 6 and 7, who is in grace."""
    table, members = small_association()

    everyone, reg, stu = membership_numbers(table, members, RULES, **YEAR)

    assert (everyone.at_start, everyone.at_end, everyone.in_grace) == (6, 5, 1)
    assert (everyone.joined, everyone.reinstated, everyone.dropped, everyone.departed) == (1, 1, 2, 1)
    assert (everyone.net, everyone.undecided) == (-1, 2)  # 5's term and 7's are open: grace runs into January
    assert (everyone.renewal.worked, everyone.first_year.worked) == ("1 ÷ 3", "1 ÷ 2")
    assert (everyone.newly_in_grace, everyone.net_at_least) == (1, -2)  # 5 has died and renews no more; 7 may
    assert everyone.with_rejoiners.worked == "2 ÷ 4"
    assert (everyone.retention.worked, everyone.unbroken.worked) == ("4 ÷ 6", "3 ÷ 6")
    assert (reg.member_type, reg.at_start, reg.at_end, reg.dropped) == ("REG", 5, 4, 1)
    assert (stu.member_type, stu.at_start, stu.at_end, stu.dropped, stu.joined) == ("STU", 1, 1, 1, 1)
    assert everyone.renewal.formula == "renewals ÷ members whose term ended and whose grace is over"


def test_last_year_is_taken_as_it_stood_on_the_same_day():
    """A renewal of last year that was entered after that day is not held against this year."""
    late = term("8b", "2022-12-01", "2023-11-30", member=8, paid="2022-12-10", recorded="2023-03-01")
    table = terms(term("8a", "2021-12-01", "2022-11-30", member=8), late)

    (everyone, *_) = against_last_year(table, people(8), RULES, **YEAR)

    assert (everyone.before.since, everyone.before.until) == (dt.date(2022, 1, 1), dt.date(2023, 1, 1))
    assert everyone.before.renewal.worked == "0 ÷ 1"
    assert everyone.now.at_start == 1


def test_a_rate_of_nobody_is_no_rate():
    assert membership_numbers(terms(), people(), RULES, **YEAR)[0].renewal.value is None


def test_the_share_that_has_paid_by_each_day():
    """One paid forty days early, one ten days late, one never; who is still open is left out."""
    table = terms(
        term("1a", "2022-01-01", "2022-12-31", member=1),
        term("1b", "2023-01-01", "2023-12-31", member=1, paid="2022-11-21"),
        term("2a", "2022-01-01", "2022-12-31", member=2),
        term("2b", "2023-01-01", "2023-12-31", member=2, paid="2023-01-10"),
        term("3a", "2022-01-01", "2022-12-31", member=3),
    )
    found = decisions(table, people(1, 2, 3), RULES, as_of=dt.date(2023, 6, 1))

    curve = paid_by_day(found)

    share = dict(curve.rows())
    assert (share[-41], share[-40], share[0], share[9], share[10], share[30]) == pytest.approx(
        (0, 1 / 3, 1 / 3, 1 / 3, 2 / 3, 2 / 3)
    )


@settings(max_examples=100, deadline=None)
@given(
    each=st.lists(histories(), min_size=1, max_size=4),
    since=st.dates(dt.date(2020, 6, 1), dt.date(2025, 1, 1)),
    days=st.integers(1, 700),
)
def test_numbers_are_those_of_counting_one_member_at_a_time(each: list[list[dict]], since: dt.date, days: int):
    """And nobody is lost: members at the end are those at the start and who came, less who left."""
    rules = Membership(complimentary_types=("FREE",), lifetime_types=("LIFE",))
    as_of = since + dt.timedelta(days=days)
    rows = [
        row | {"member": member, "term_id": f"{member}-{row['term_id']}"}
        for member, versions in enumerate(each, 1)
        for row in versions
    ]
    table = pl.DataFrame(rows, schema=SCHEMA)

    (everyone, *classes) = membership_numbers(table, people(*range(1, 5)), rules, since=since, as_of=as_of)

    expected = counted(each, since, as_of, rules)
    assert {name: told(everyone, name) for name in expected} == expected
    for numbers in (everyone, *classes):
        assert numbers.at_end == numbers.at_start + numbers.net


def told(numbers: Numbers, name: str) -> object:
    found = getattr(numbers, name)
    return found.worked if hasattr(found, "worked") else found


def counted(each: list[list[dict]], since: dt.date, as_of: dt.date, rules: Membership) -> dict[str, object]:
    """The reference."""
    n = dict.fromkeys(["at_start", "at_end", "joined", "reinstated", "dropped", "departed"], 0)
    renewed = due = stayed = new = 0
    for versions in each:
        known = read(versions, as_of, rules)
        for _, ends_on, _, _, outcome in read_outcomes(known, as_of, rules, None, None):
            if since <= ends_on < as_of and outcome in ("renewed", "lapsed"):
                renewed += outcome == "renewed"
                due += 1
        for number, spell in enumerate(in_spells(known, rules)):
            began, ends = min(t.starts_on for t in spell), max(t.ends for t in spell)
            last = spell[-1]
            grace = dt.timedelta(days=rules.grace_of(last.member_type))
            over = ends != dt.date.max and as_of > ends + grace
            reaches = ends if over or ends == dt.date.max else ends + grace
            start, end = began < since <= reaches, began < as_of <= reaches
            within = since <= began < as_of
            n["at_start"] += start
            n["at_end"] += end
            n["joined"] += within and number == 0
            n["reinstated"] += within and number > 0
            merged = last.ended_by == "merged" and not last.free
            n["dropped"] += over and since <= ends < as_of and not merged
            n["departed"] += over and since <= ends < as_of and merged
            stayed += start and end
            new += within and number == 0 and end
    return n | {
        "renewal": f"{renewed} ÷ {due}",
        "with_rejoiners": f"{renewed + n['reinstated']} ÷ {due + n['reinstated']}",
        "retention": f"{n['at_end'] - new} ÷ {n['at_start']}",
        "unbroken": f"{stayed} ÷ {n['at_start']}",
    }


def in_spells(known: list, rules: Membership) -> list[list]:
    spells: list[list] = []
    for place, current in enumerate(known):
        reached = max((t.ends for t in known[:place]), default=None)
        before = known[place - 1] if place else None
        goes_on = before and (
            reached == dt.date.max or current.paid <= reached + dt.timedelta(days=rules.grace_of(before.member_type))
        )
        if goes_on:
            spells[-1].append(current)
        else:
            spells.append([current])
    return spells
