"""How long the terms to come are: held against members whose terms were written down one by one."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from lakes import Row, lake_of, person, term
from tenure.base.settings import FreeExtension, Membership
from tenure.membership import later_terms, standing

DAY = dt.date(2024, 12, 20)
MONTHS = [
    (f"2024-{month:02}-01", str(dt.date(2024 + month // 12, month % 12 + 1, 1) - dt.timedelta(1)))
    for month in range(1, 13)
]
YEARS = [(f"{year}-01-01", f"{year}-12-31") for year in range(2021, 2025)]


def paid(member: int, *spans: tuple[str, str], **said: object) -> list[Row]:
    """A member's terms, one after the other."""
    return [term(member, *span, **said) for span in spans]


def yearly(*members: int, **said: object) -> list[Row]:
    """Members by the calendar year."""
    return [row for member in members for row in paid(member, *YEARS, **said)]


def to_come(root: Path, terms: list[Row], rules: Membership | None = None) -> dict[int, dict[str, float]]:
    """The terms to come, by member, as known on `DAY`."""
    members = sorted({row["member"] for row in terms})
    lake = lake_of(root, members=[person(member) for member in members], terms=terms)
    rows = pl.DataFrame({"row": members, "member": members, "as_of": [DAY] * len(members)})
    stood = standing(lake.terms(), lake.members(), rows, rules or Membership()).filter("active")
    return dict(zip(stood["member"].to_list(), later_terms(stood).to_dicts(), strict=True))


def ahead(root: Path, terms: list[Row], rules: Membership | None = None) -> dict[int, tuple[float, float]]:
    """Days and dues of the terms to come, by member, as known on `DAY`."""
    return {member: (one["days"], one["dues"]) for member, one in to_come(root, terms, rules).items()}


def test_who_pays_until_the_common_day_goes_on_by_the_year(tmp_path: Path):
    """Also one whose first term was thirteen months, who came back, or who changed type until the common day."""
    joined, long = ("2024-12-09", "2024-12-31"), ("2023-12-01", "2024-12-31")
    terms = [
        *yearly(1, 2, 3),
        *yearly(4, 5, member_type="STU"),
        *paid(6, joined, dues=6.0),
        *paid(7, long, dues=108.0),
        *paid(8, YEARS[0]),
        *paid(8, joined, dues=6.0),
        *paid(9, ("2022-08-01", "2023-07-31"), ("2023-08-01", "2024-07-31"), member_type="STU"),
        *paid(9, ("2024-08-01", "2024-12-31"), dues=41.0),
    ]

    found = ahead(tmp_path, terms)

    assert {member: found[member] for member in (6, 7, 8, 9)} == dict.fromkeys((6, 7, 8, 9), (366, 100.0))
    assert found[1] == (366, 100.0)


def test_short_terms_that_come_again_stay_short(tmp_path: Path):
    """By the month, by the week, and by the month since this one; among many who pay by the year."""
    weeks = [(str(DAY - dt.timedelta(7 * n + 3)), str(DAY - dt.timedelta(7 * n - 3))) for n in range(6, -1, -1)]
    terms = [
        *yearly(*range(1, 60)),
        *paid(60, *MONTHS, dues=9.0),
        *paid(61, *weeks, dues=3.0),
        *paid(62, *YEARS[:3], *MONTHS, dues=9.0),
        *paid(63, *YEARS[:3], ("2024-01-01", "2024-11-30"), MONTHS[-1], dues=9.0),
    ]

    found = ahead(tmp_path, terms)

    assert (found[60], found[61], found[62], found[63]) == ((31, 9.0), (7, 3.0), (31, 9.0), (31, 9.0))


def test_a_newcomer_by_the_month_is_one_where_others_of_the_type_are(tmp_path: Path):
    """So is one whose type changed to theirs; one who pays part of a year is not."""
    monthly = [row for member in range(1, 6) for row in paid(member, *MONTHS, member_type="MON", dues=9.0)]
    changed = paid(7, *YEARS[:3]) + paid(7, ("2024-01-01", "2024-11-30")) + paid(7, MONTHS[-1], member_type="MON")
    part = paid(8, ("2024-12-09", "2024-12-31"), dues=6.0)

    found = ahead(tmp_path, [*yearly(10, 11), *monthly, *paid(6, MONTHS[-1], member_type="MON"), *changed, *part])

    assert (found[6][0], found[7][0], found[8][0]) == (31, 31, 366)


def test_one_odd_term_of_everybodys_leaves_the_years_as_they_were(tmp_path: Path):
    """All move to the calendar year by a term of five months: the terms to come are years; days given for free are no
    part of a term."""
    own = [(f"{year}-08-01", f"{year + 1}-07-31") for year in range(2020, 2024)]
    moving = [row for member in range(1, 5) for row in paid(member, *own, ("2024-08-01", "2024-12-31"))]
    since, until = dt.date(2024, 12, 1), dt.date(2024, 12, 31)
    rules = Membership(free_extensions=(FreeExtension(since=since, until=until, days=90, recorded="not_recorded"),))

    assert {days for days, _ in ahead(tmp_path / "moving", moving).values()} == {366}
    assert {days for days, _ in ahead(tmp_path / "extended", yearly(5, 6), rules).values()} == {366}


def test_where_nothing_came_again_the_running_term_is_all_there_is(tmp_path: Path):
    """In the first year; and a renewal that is recorded later tells nothing on the day."""
    first = [*paid(1, ("2024-12-09", "2024-12-31")), *paid(2, ("2024-03-01", "2025-02-28"))]

    def with_renewals(recorded: str) -> list[Row]:
        old = [term(member, "2024-06-01", "2024-12-15") for member in range(3, 9)]
        return [*first, *old, *(term(m, "2024-12-16", "2025-12-15", recorded=recorded) for m in range(3, 9))]

    assert ahead(tmp_path / "first", first) == {1: (23, 100.0), 2: (365, 100.0)}
    assert ahead(tmp_path / "known", with_renewals("2024-12-19"))[1] == (365, 100.0)
    assert ahead(tmp_path / "late", with_renewals("2024-12-20"))[1] == (23, 100.0)


def test_terms_of_whole_months_are_told_from_terms_of_days(tmp_path: Path):
    """By the year and the month, also for the joiner who goes on so and over free days; thirty days are a month of
    November once, and none where they had been thirty before; two years from 29 February are two years."""

    def by_days(length: int) -> list[tuple[str, str]]:
        begins = [DAY - dt.timedelta(length * n - 1) for n in range(4, 0, -1)]
        return [(str(one), str(one + dt.timedelta(length - 1))) for one in begins]

    thirty = [("2024-10-22", "2024-11-20"), ("2024-11-21", "2024-12-20")]
    since, until = dt.date(2024, 12, 1), dt.date(2024, 12, 31)
    rules = Membership(free_extensions=(FreeExtension(since=since, until=until, days=90, recorded="not_recorded"),))
    terms = [
        *yearly(*range(1, 40)),
        *paid(40, ("2024-12-09", "2024-12-31"), dues=6.0),
        *paid(41, *MONTHS, member_type="MON"),
        *paid(42, *thirty, member_type="DAY"),
        *paid(43, *by_days(365), member_type="DAY"),
        *paid(44, *by_days(7), member_type="DAY"),
        *paid(45, ("2020-02-29", "2022-02-27"), ("2022-02-28", "2024-02-28"), ("2024-02-29", "2026-02-27")),
    ]

    found = {member: one["months"] for member, one in to_come(tmp_path, terms).items()}

    told = {member: found[member] for member in (1, 40, 41, 42, 43, 44, 45)}
    assert told == {1: 12, 40: 12, 41: 1, 42: 0, 43: 0, 44: 0, 45: 24}
    assert to_come(tmp_path / "extended", yearly(1), rules)[1]["months"] == 12


def test_months_are_told_by_the_same_members_as_days(tmp_path: Path):
    """A joiner of one year, where those by the year run a bridging term of ten months and most pay by the month; and
    where a whole type is in such a term: both have the days and the months of a year ahead."""
    own = [(f"{year}-05-01", f"{year + 1}-04-30") for year in range(2020, 2024)]
    bridge = [*own, ("2024-05-01", "2025-02-28")]
    terms = [
        *(row for member in range(1, 31) for row in paid(member, *MONTHS, member_type="MIX", dues=9.0)),
        *(row for member in range(31, 36) for row in paid(member, *bridge, member_type="MIX")),
        term(36, "2024-01-01", "2024-12-31", member_type="MIX"),
        *(row for member in range(41, 45) for row in paid(member, *bridge)),
    ]

    found = to_come(tmp_path, terms)

    told = {member: (found[member]["days"], found[member]["months"]) for member in (1, 31, 36, 41)}
    assert told == {1: (31, 1), 31: (31, 1), 36: (366, 12), 41: (366, 12)}


def anchored(day: int, months: int) -> list[tuple[str, str]]:
    """Terms of so many months from the *day* of the month on, the last day standing for it, February 2019 to 2026."""
    begins = []
    for month in range(2019 * 12 + 1, 2026 * 12, months):
        after = dt.date((month + 1) // 12, (month + 1) % 12 + 1, 1)
        begins.append(
            after.replace(year=month // 12, month=month % 12 + 1, day=min(day, (after - dt.timedelta(1)).day))
        )
    ends = [one - dt.timedelta(1) for one in begins[1:]]
    return [(str(one), str(end)) for one, end in zip(begins, ends, strict=False)]


@pytest.mark.parametrize("months", [1, 3, 12])
def test_terms_from_the_end_of_a_month_are_of_whole_months_in_every_month(tmp_path: Path, months: int):
    """Also the one from 28 or 29 February, of a leap year or none, after a term from the 29th, 30th or 31st."""
    anchors = (1, 15, 28, 29, 30, 31)
    terms = [row for day in anchors for row in paid(day, *anchored(day, months), member_type=f"T{day}")]
    lake = lake_of(tmp_path, members=[person(day) for day in anchors], terms=terms)
    nights = [dt.date(2023 + month // 12, month % 12 + 1, day) for month in range(26) for day in (1, 16)]
    asked = [(day, night) for night in nights for day in anchors]
    rows = pl.DataFrame(asked, schema=["member", "as_of"], orient="row").with_row_index("row")
    stood = standing(lake.terms(), lake.members(), rows, Membership())

    assert stood.height == rows.height
    assert later_terms(stood)["months"].to_list() == [months] * rows.height


@pytest.mark.parametrize("length", [30, 91])
def test_terms_of_days_are_none_of_months_wherever_they_begin(tmp_path: Path, length: int):
    """Though some begin on the last day of a month, and some end on it."""
    terms = []
    for member in range(length):
        begins = [DAY - dt.timedelta(member + length * number) for number in range(3, -1, -1)]
        spans = [(str(one), str(one + dt.timedelta(length - 1))) for one in begins]
        terms += paid(member, *spans, member_type=f"T{member}")

    found = to_come(tmp_path, terms).values()

    assert [(one["days"], one["months"]) for one in found] == [(length, 0)] * length
