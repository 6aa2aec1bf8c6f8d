"""Who drifts from a chapter, by hand; chapters as sums of their members; and nothing seen ahead."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lakes import Row, act, lake_of
from tenure.insights.chapters import chapters_of
from tenure.insights.shares import difference, interval

DAY = dt.date(2025, 6, 1)
BEFORE, LATELY = ("2024-08-01", "2024-10-01"), ("2025-01-15", "2025-03-15")
PROGRAMS = [{"ref": "MEET", "kind": "event", "title": "Meeting", "chapter_id": "NORTH"}]


def came(member: int, *days: str, **said: str) -> list[Row]:
    return [act(member, "event_attended", day, **{"ref": "MEET", **said}) for day in days]


def people(**chapters: list[int]) -> pl.DataFrame:
    rows = [(member, chapter) for chapter, members in chapters.items() for member in members]
    return pl.DataFrame(rows, schema={"member": pl.Int64, "chapter_id": pl.String}, orient="row")


def test_who_came_comes_no_more_and_is_active_elsewhere_drifts(tmp_path: Path):
    """Not who came once, still comes, is quiet altogether, moved here, or whose chapter has not met."""
    elsewhere = [act(member, "login", "2025-05-10") for member in (1, 2, 3, 5, 6)]
    lake = lake_of(
        tmp_path,
        programs=PROGRAMS,
        activity=[
            *came(1, *BEFORE),
            *came(2, BEFORE[0]),
            *came(3, *BEFORE, LATELY[0]),
            *came(4, *BEFORE),
            *came(5, *BEFORE, ref="", chapter_id="SOUTH"),
            *came(6, *BEFORE, ref="", chapter_id="EMPTY"),
            *came(7, *LATELY),
            *elsewhere,
        ],
    )

    found = chapters_of(lake, people(NORTH=[1, 2, 3, 4, 5, 7], EMPTY=[6]), DAY)

    assert found.members.filter("drifts")["member"].to_list() == [1]
    north = found.chapters.row(by_predicate=pl.col("chapter_id") == "NORTH", named=True)
    assert (north["members"], north["took_part_before"], north["took_part_lately"]) == (6, 4, 2)
    assert (north["occasions"], north["drifting"], north["share"]) == (2, 1, pytest.approx(5 / 6))
    assert north["low"] < north["share"] < north["high"]


def test_the_score_is_how_many_in_a_hundred_are_active_on_fewer_days(tmp_path: Path):
    """Messages opened and bills are nothing of a member's own."""
    acts = [act(member, "login", f"2025-04-{day:02}") for member in (2, 3, 4) for day in range(1, member)]
    sent = [act(1, kind, "2025-04-01") for kind in ("email_opened", "payment", "event_invited")]
    found = chapters_of(lake_of(tmp_path, activity=acts + sent), people(NORTH=[1, 2, 3, 4]), DAY)

    assert found.members["score"].to_list() == [0, 25, 50, 75]
    assert found.members["days"].to_list() == [0, 1, 2, 3]
    assert found.chapters["score"].to_list() == [37.5]


def test_acts_recorded_later_make_nobody_drift_or_return(tmp_path: Path):
    """A meeting whose list of who came is typed in afterwards neither took place nor was missed."""
    acts = [*came(1, *BEFORE), *came(2, *LATELY), act(1, "login", "2025-05-10"), act(1, "login", "2025-04-10")]
    later = [
        *came(1, "2025-05-20", recorded="2025-06-01"),
        *came(2, "2025-05-20", recorded="2025-06-05"),
        *came(3, *BEFORE, recorded="2025-06-02"),
        act(3, "login", "2025-05-10", recorded="2025-06-02"),
    ]
    here = people(NORTH=[1, 2, 3])
    then = chapters_of(lake_of(tmp_path / "then", programs=PROGRAMS, activity=acts), here, DAY)
    now = chapters_of(lake_of(tmp_path / "now", programs=PROGRAMS, activity=acts + later), here, DAY)

    assert then.members.equals(now.members)
    assert then.chapters.equals(now.chapters)
    assert then.members.filter("drifts")["member"].to_list() == [1]


def test_nobody_is_in_no_chapter(tmp_path: Path):
    found = chapters_of(lake_of(tmp_path), people().with_columns(chapter_id=pl.lit(None, pl.String)), DAY)

    assert (found.members.height, found.chapters.height) == (0, 0)


def test_intervals_of_shares_and_differences_hold_as_often_as_they_say():
    """Drawn many times, for few and for many."""
    rng = np.random.default_rng(6)
    for n, m, p, q in ((15, 40, 0.1, 0.3), (200, 150, 0.5, 0.45), (30, 30, 0.9, 0.05)):
        draws = list(zip(rng.binomial(n, p, 1500).tolist(), rng.binomial(m, q, 1500).tolist(), strict=True))
        shares = [interval(a, n) for a, _ in draws]
        differences = [difference(a, n, b, m) for a, b in draws]
        assert np.mean([low <= p <= high for low, high in shares]) > 0.92
        assert np.mean([low <= p - q <= high for low, high in differences]) > 0.92
    assert interval(0, 0) == (0.0, 1.0)
