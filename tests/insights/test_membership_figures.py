"""What the Membership page says: scopes that add up, the numbers that the reports give, and nothing from later."""

from __future__ import annotations

import datetime as dt
import json

import polars as pl
import pytest

from tenure.base.settings import Membership
from tenure.insights.membership_figures import COUNTS, RATES, Scope, dues_by_scope, figures_by_scope, told
from tenure.membership import against_last_year
from tenure.membership.people import STANDINGS

RULES = Membership()
AS_OF = dt.date(2025, 3, 10)
TERMS = {
    "term_id": pl.String, "member": pl.Int64, "member_type": pl.String, "starts_on": pl.Date, "ends_on": pl.Date,
    "dues": pl.Float64, "billed_on": pl.Date, "due_on": pl.Date, "paid_on": pl.Date, "auto_renew": pl.Boolean,
    "installments": pl.Boolean, "ended_by": pl.String, "recorded_at": pl.Datetime("us"),
}  # fmt: skip
MEMBERS = {
    "member": pl.Int64, "valid_from": pl.Datetime("us"), "member_type": pl.String, "chapter_id": pl.String,
    "organization": pl.Int64, "join_date": pl.Date, "deceased_on": pl.Date,
    "objects_to_profiling": pl.Boolean,
}  # fmt: skip


def association(members: int = 120) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Members of three types and three chapters (one of them none) who join in each month and leave by turns."""
    terms, people = [], []
    for member in range(1, members + 1):
        joined = dt.date(2019 + member % 6, 1 + member % 12, 1)
        kind = ("REG", "STU", "CORP")[member % 7 % 3]
        people.append({
            "member": member, "valid_from": dt.datetime(2010, 1, 1), "member_type": kind,
            "chapter_id": ("Gulf", "Pacific", None)[member % 5 % 3], "join_date": joined,
        })  # fmt: skip
        for year in range(1 + member % 7):
            begins = joined.replace(year=joined.year + year)
            paid = begins - dt.timedelta(days=(member * 7) % 40 - 15)
            if paid < AS_OF + dt.timedelta(days=40):
                terms.append({
                    "term_id": f"{member}-{year}", "member": member, "member_type": kind, "starts_on": begins,
                    "ends_on": begins.replace(year=begins.year + 1) - dt.timedelta(days=1), "dues": 100.0,
                    "paid_on": paid, "recorded_at": dt.datetime.combine(paid, dt.time(9)),
                })  # fmt: skip
    return pl.DataFrame(terms, schema=TERMS), pl.DataFrame(people, schema=MEMBERS)


@pytest.fixture(scope="module")
def bodies() -> dict[Scope, dict]:
    return figures_by_scope(*association(), RULES, as_of=AS_OF)


def test_everyone_and_each_type_are_what_the_reports_tell(bodies: dict[Scope, dict]):
    compared = against_last_year(*association(), RULES, since=dt.date(2024, 3, 10), as_of=AS_OF)

    for one in compared:
        body = bodies[Scope("", one.now.member_type)]
        assert (body["now"], body["before"]) == (told(one.now), told(one.before))
    assert bodies[Scope()]["now"]["renewal"][1] > 20


def test_types_and_chapters_add_up_to_everyone(bodies: dict[Scope, dict]):
    """Chapters do with those who have none."""
    everyone = bodies[Scope()]
    for column in ("now", "before"):
        for name in (*COUNTS, *RATES):
            parts = [row[column][name] for row in everyone["types"]]
            assert (
                [sum(pair) for pair in zip(*parts, strict=True)] == everyone[column][name]
                if name in RATES
                else (sum(parts) == everyone[column][name])
            )
    assert sum(row["now"]["at_end"] for row in everyone["chapters"]) < everyone["now"]["at_end"]
    gulf = bodies[Scope("Gulf")]
    assert sum(row["now"]["at_end"] for row in gulf["types"]) == gulf["now"]["at_end"] > 0
    assert [row["key"] for row in gulf["chapters"]] == ["Gulf"]
    assert [row["key"] for row in bodies[Scope("Gulf", "REG")]["types"]] == ["REG"]


def test_the_count_is_reconciled_to_the_last_person(bodies: dict[Scope, dict]):
    people = bodies[Scope()]["people"]
    standings = {name: count for name, count in people.items() if name in STANDINGS}

    assert people["source"] == sum(standings.values()) == 120
    assert standings["counted"] + people["without_record"] == bodies[Scope()]["now"]["at_end"]
    assert people["objecting"] == 0
    terms, members = association()
    against = members.with_columns(objects_to_profiling=pl.col("member") <= 60)
    told_of = figures_by_scope(terms, against, RULES, as_of=AS_OF)[Scope()]["people"]
    assert 0 < told_of["objecting"] < told_of["counted"] == people["counted"]
    gone = figures_by_scope(*association(), RULES, as_of=AS_OF, gone=[4, 5, 6])[Scope()]
    assert gone["people"]["source"] == 117
    assert gone["now"] == bodies[Scope()]["now"]
    assert gone["people"]["counted"] + gone["people"]["without_record"] == gone["now"]["at_end"]


def test_the_terms_that_ended_are_told_by_month_as_they_lie_in_the_record(bodies: dict[Scope, dict]):
    """Each term of the last year is counted in its month, lapsed where nothing followed it by the end of grace."""
    terms, _ = association()
    known = terms.filter(pl.col("recorded_at") < dt.datetime.combine(AS_OF, dt.time()))
    begun = set(known.select("member", "starts_on").iter_rows())
    wanted: dict[str, list[int]] = {}
    for member, ends in known.select("member", "ends_on").iter_rows():
        if dt.date(2024, 3, 10) <= ends < AS_OF:
            month = wanted.setdefault(ends.replace(day=1).isoformat(), [0, 0, 0])
            month[0] += 1
            is_open = ends + dt.timedelta(days=RULES.grace_of("default")) >= AS_OF
            month[2] += is_open
            month[1] += not is_open and (member, ends + dt.timedelta(days=1)) not in begun

    ended = bodies[Scope()]["ended"]
    assert {one["month"]: [one["due"], one["lapsed"], one["open"]] for one in ended} == wanted
    assert [one["month"] for one in ended] == sorted(wanted)
    assert sum(one["lapsed"] for one in ended) > 5
    parts = [one for scope in (Scope("", "REG"), Scope("", "STU"), Scope("", "CORP")) for one in bodies[scope]["ended"]]
    assert sum(one["lapsed"] for one in parts) == sum(one["lapsed"] for one in ended)


def test_what_is_recorded_from_the_day_on_changes_nothing(bodies: dict[Scope, dict]):
    """Every figure of every scope is the same without the rows that came later, and they are many."""
    terms, members = association()
    known = terms.filter(pl.col("recorded_at") < dt.datetime.combine(AS_OF, dt.time()))
    moved = members.with_columns(chapter_id=pl.lit("Atlantic"), valid_from=pl.lit(dt.datetime(2025, 3, 10)))

    assert len(known) < len(terms)
    assert figures_by_scope(known, pl.concat([members, moved]), RULES, as_of=AS_OF) == bodies


def test_figures_can_be_kept_as_they_are(bodies: dict[Scope, dict]):
    assert json.loads(json.dumps(bodies[Scope()])) == json.loads(json.dumps(bodies[Scope()], allow_nan=False))


def test_an_association_without_members_has_no_figures_but_zeros():
    terms, members = association()
    (scope, body), *more = figures_by_scope(terms.clear(), members.clear(), RULES, as_of=AS_OF).items()

    assert (scope, more) == (Scope(), [])
    assert body["now"]["at_end"] == body["people"]["source"] == 0
    assert body["types"] == body["renewals"] == []


def test_dues_at_risk_by_chapter_add_up():
    """One due in Gulf and one in Pacific; who is there for life, or has no day, is not due."""
    scores = pl.DataFrame({
        "member": [1, 2, 3, 4], "chapter_id": ["Gulf", "Pacific", "Gulf", None],
        "member_type": ["REG", "STU", "LIFE", "REG"], "standing": ["annual", "annual", "lifetime", "annual"],
        "renewal_due_on": [dt.date(2025, 3, 20), dt.date(2025, 3, 1), dt.date(2025, 3, 20), None],
        "p_lapse_renewal": [0.5, 0.25, 0.0, 0.5], "dues": [100.0, 40.0, 0.0, 100.0],
    })  # fmt: skip
    found = dues_by_scope(scores, AS_OF)

    thirty = {scope: rows[0] for scope, rows in found.items()}
    assert (thirty[Scope()]["members"], thirty[Scope()]["in_grace"], thirty[Scope()]["lapses"]) == (2, 1, 0.75)
    assert thirty[Scope()]["expected_loss"] == 60.0
    assert thirty[Scope("Gulf")]["expected_loss"] == thirty[Scope("Gulf", "REG")]["expected_loss"] == 50.0
    assert 0 <= thirty[Scope()]["lapses_low"] <= 0.75 <= thirty[Scope()]["lapses_high"] <= 2
