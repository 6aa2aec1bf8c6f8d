"""Renewal by dues, how those who left went, and automatic renewal: counted by hand, and nothing from later."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from lakes import Row, act, known_before, lake_of, person, term
from tenure.base.settings import Membership
from tenure.insights.membership_figures import Scope, figures_by_scope
from tenure.insights.membership_totals import Happened
from tenure.insights.payments import payments_on_record
from tenure.lake import Lake
from tenure.membership.bands import dues_limits

RULES = Membership()
AS_OF = dt.date(2025, 3, 10)


def away(*rows: tuple[int, str]) -> pl.DataFrame:
    """Members whom the source was seen without, and since when."""
    return pl.DataFrame(
        [{"member": member, "away_from": dt.datetime.fromisoformat(at), "away_until": None} for member, at in rows],
        schema={"member": pl.Int64, "away_from": pl.Datetime("us"), "away_until": pl.Datetime("us")},
    )


def figures(lake: Lake, gone: pl.DataFrame | None = None) -> dict[Scope, dict]:
    seen = payments_on_record(lake, since=dt.date(2022, 12, 1), as_of=AS_OF)
    happened = Happened(seen, away() if gone is None else gone)
    return figures_by_scope(lake.terms(), lake.members(), RULES, as_of=AS_OF, happened=happened)


def people() -> list[Row]:
    said = {5: {"deceased_on": dt.date(2024, 9, 1)}, 4: {"chapter_id": "SOUTH"}, 11: {"chapter_id": "SOUTH"}}
    return [person(member, **said.get(member, {})) for member in range(1, 14)]


def terms() -> list[Row]:
    """One member for each way; 9 to 12 are there, two terms each of those who were a year ago."""
    return [
        term(1, "2023-06-01", "2024-05-31", ended_by="resigned"),
        term(2, "2023-07-01", "2024-06-30", auto_renew=True),
        term(3, "2023-07-01", "2024-06-30", auto_renew=True),
        term(4, "2023-08-01", "2024-07-31"),
        term(5, "2024-02-01", "2025-01-31"),
        term(6, "2023-09-01", "2024-08-31", ended_by="merged"),
        term(7, "2023-10-01", "2024-09-30"),
        term(8, "2022-10-01", "2023-09-30", ended_by="resigned"),
        term(9, "2023-11-01", "2024-10-31"),
        term(9, "2024-11-01", "2025-10-31", auto_renew=True),
        term(10, "2023-11-01", "2024-10-31", auto_renew=True),
        term(10, "2024-11-01", "2025-10-31", auto_renew=True),
        term(11, "2023-11-01", "2024-10-31", auto_renew=True),
        term(11, "2024-11-01", "2025-10-31"),
        term(12, "2024-10-01", "2025-09-30", auto_renew=True),
        term(13, "2024-03-01", "2025-02-28", auto_renew=True),
    ]


def happened() -> list[Row]:
    """The term of 3 could not be charged as little as that of 2, but nothing shows that 3 meant to stay."""
    return [
        act(2, "login", "2024-06-01"), act(2, "payment_failed", "2024-06-25"), act(3, "payment_failed", "2024-06-25"),
        act(10, "payment_failed", "2025-02-01"), act(10, "payment", "2025-02-05"),
        act(11, "payment", "2025-02-10"), act(11, "payment_failed", "2025-02-20"),
        act(12, "payment_failed", "2024-12-01"),
    ]  # fmt: skip


LATER = [
    term(4, "2023-08-01", "2024-07-31", recorded="2025-03-10", ended_by="resigned"),
    term(12, "2024-10-01", "2025-09-30", recorded="2025-03-11"),
    term(13, "2025-03-01", "2026-02-28", recorded="2025-03-10"),
]
LATER_ACTS = [
    act(11, "payment", "2025-03-09", recorded="2025-03-10"),
    act(3, "login", "2024-06-02", recorded="2025-03-11"),
    act(9, "payment_failed", "2025-03-08", recorded="2025-03-12"),
]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """What is known on the day, and what comes later."""
    rows = {"members": people(), "terms": [*terms(), *LATER], "activity": [*happened(), *LATER_ACTS]}
    return lake_of(tmp_path_factory.mktemp("lake") / "l", **rows)


@pytest.fixture(scope="module")
def bodies(lake: Lake) -> dict[Scope, dict]:
    return figures(lake, away((7, "2024-10-10"), (4, "2025-03-10")))


def test_each_way_of_leaving_is_counted_once_and_all_of_them_are_those_who_left(bodies: dict[Scope, dict]):
    """A payment that failed ended it only for who had taken part; who was removed in grace has not lapsed."""
    everyone = bodies[Scope()]
    ways = everyone["totals"]["ways"]

    assert ways["now"] == {
        "resigned": 1, "payment": 1, "unsaid": 2, "deceased": 1, "merged": 1, "transferred": 0, "removed": 1,
    }  # fmt: skip
    assert {way: count for way, count in ways["before"].items() if count} == {"resigned": 1}
    for column in ("now", "before"):
        numbers = everyone[column]
        assert sum(ways[column].values()) == numbers["dropped"] + numbers["departed"]
    assert bodies[Scope("SOUTH")]["totals"]["ways"]["now"]["unsaid"] == 1
    assert sum(bodies[Scope("SOUTH")]["totals"]["ways"]["now"].values()) == 1


def test_automatic_renewal_is_compared_with_the_same_day_of_the_year_before(bodies: dict[Scope, dict]):
    """Of 9 to 13, who are there: 9 began it, 12 joined with it, 11 ended it; of two declines one was made good."""
    told = bodies[Scope()]["totals"]["automatic"]

    assert told["now"] == [4, 5]
    assert told["turns"] == {"began": 1, "came": 1, "ended": 1}
    assert (told["declined"], told["recovered"], told["days"]) == (2, 1, 90)
    south = bodies[Scope("SOUTH", "REG")]["totals"]["automatic"]
    assert (south["now"], south["turns"]["ended"], south["declined"], south["recovered"]) == ([0, 1], 1, 1, 0)


def test_a_later_record_changes_no_total(lake: Lake, bodies: dict[Scope, dict], tmp_path: Path):
    """A resignation, a payment, a decline, an act and a removal that came on record from the day on are not seen."""
    known = known_before(lake, tmp_path / "known", AS_OF)

    assert len(known.terms()) == len(lake.terms()) - len(LATER)
    assert figures(known, away((7, "2024-10-10"))) == bodies
    # And they would be, had they been recorded in time.
    early = [row | {"recorded_at": row["recorded_at"] - dt.timedelta(days=5)} for row in (*LATER, *LATER_ACTS)]
    seen = lake_of(
        tmp_path / "early",
        members=people(),
        terms=[*terms(), *early[: len(LATER)]],
        activity=[*happened(), *early[len(LATER) :]],
    )
    totals = figures(seen, away((7, "2024-10-10")))[Scope()]["totals"]
    assert (totals["ways"]["now"]["resigned"], totals["ways"]["now"]["payment"]) == (2, 2)
    assert (totals["automatic"]["declined"], totals["automatic"]["recovered"]) == (3, 2)
    assert totals["automatic"]["now"] == [2, 5]


def test_without_a_record_of_automatic_renewal_there_is_no_share_of_it(tmp_path: Path):
    silent = lake_of(
        tmp_path / "l", members=[person(1)], terms=[term(1, "2024-11-01", "2025-10-31", auto_renew=None)], activity=[]
    )
    told = figures(silent)[Scope()]["totals"]["automatic"]

    assert (told["now"], told["turns"], told["declined"]) == ([0, 0], None, 0)


def test_bands_of_dues_are_round_hold_every_decision_and_compare_with_the_year_before(tmp_path: Path):
    """18 pay 95, 12 pay 240, 10 pay 1,100, and of one it is not known; a third of the first lapse."""
    dues: list[float | None] = [*[95.0] * 18, *[240.0] * 12, *[1100.0] * 10, None]
    rows = []
    for member, one in enumerate(dues):
        rows.append(term(member, "2022-09-01", "2023-08-31", dues=one))
        rows.append(term(member, "2023-09-01", "2024-08-31", dues=one))
        if not (member < 18 and member % 3 == 0):
            rows.append(term(member, "2024-09-01", "2025-08-31", dues=one))
    lake = lake_of(tmp_path / "l", members=[person(member) for member in range(41)], terms=rows)
    body = figures(lake)[Scope()]

    assert body["totals"]["bands"] == [
        {"from": None, "to": 150.0, "known": True, "now": [12, 18], "before": [18, 18]},
        {"from": 150.0, "to": 500.0, "known": True, "now": [12, 12], "before": [12, 12]},
        {"from": 500.0, "to": None, "known": True, "now": [10, 10], "before": [10, 10]},
        {"from": None, "to": None, "known": False, "now": [1, 1], "before": [1, 1]},
    ]
    for column in ("now", "before"):
        parts = [row[column] for row in body["totals"]["bands"]]
        assert [sum(pair) for pair in zip(*parts, strict=True)] == body[column]["renewal"]


def test_dues_that_are_the_same_for_all_make_one_band(tmp_path: Path):
    rows = [term(member, "2023-09-01", "2024-08-31", dues=100.0) for member in range(4)]
    lake = lake_of(tmp_path / "l", members=[person(member) for member in range(4)], terms=rows)

    (only,) = figures(lake)[Scope()]["totals"]["bands"]
    assert (only["from"], only["to"], only["now"]) == (None, None, [0, 4])


@pytest.mark.parametrize(
    ("dues", "limits"),
    [
        ([100.0] * 50, []),
        ([], []),
        ([None, None], []),
        ([0.0] * 10, []),
        # Last year's price and this year's are in one band.
        ([95.0] * 20 + [240.0] * 30 + [258.0] * 30 + [1100.0] * 20, [150.0, 500.0]),
        # One in a hundred is too few for a band.
        ([100.0] * 99 + [1000.0], []),
        ([float(one) for one in range(100, 500)], [200.0, 300.0, 400.0]),
    ],
)
def test_limits_of_dues_are_round_and_stand_where_a_rise_in_price_carries_nobody_across(
    dues: list[float | None], limits: list[float]
):
    assert dues_limits(pl.Series(dues, dtype=pl.Float64)) == limits
