"""What it has meant to do nothing in a first year: counted by hand, and nothing seen ahead."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from lakes import act, known_before, lake_of, person, term
from tenure.insights.first_year import known_since, silent_in_past_years
from tenure.lake import Lake

DAY = dt.date(2025, 6, 1)
SILENT, LATE, BUSY, EARLY = range(4)
EACH = 25


def decisions(members: list[int], lapsed: set[int], ends: dt.date = dt.date(2024, 12, 31)) -> pl.DataFrame:
    """First renewals of *members*, scored a month and two months before the end."""
    rows = [
        {"member": m, "ends_on": ends, "as_of": ends - dt.timedelta(days=days), "p_lapse_renewal": 0.2,
         "lapsed": m in lapsed}
        for m in members
        for days in (30, 60)
    ]  # fmt: skip
    return pl.DataFrame(rows)


def lake(root: Path) -> tuple[Lake, dict[int, list[int]]]:
    """Four kinds of newcomers: silent, first seen after 90 days, busy, and joined before any activity is on record."""
    kinds = {kind: list(range(1 + 100 * kind, 1 + 100 * kind + EACH)) for kind in range(4)}
    terms = [term(m, "2024-01-01", "2024-12-31") for kind in (SILENT, LATE, BUSY) for m in kinds[kind]]
    terms += [term(m, "2022-01-01", "2024-12-31") for m in kinds[EARLY]]
    acts = [act(999, "login", "2023-06-01")]
    acts += [act(m, "login", "2024-05-01") for m in kinds[LATE]]
    acts += [act(m, "login", "2024-01-20") for m in kinds[BUSY]]
    acts += [act(m, "email_sent", "2024-01-05") for m in kinds[SILENT]]
    members = [person(m) for all_of in kinds.values() for m in all_of]
    return lake_of(root, members=members, terms=terms, activity=acts), kinds


def test_silent_newcomers_and_others_are_counted_each_once(tmp_path: Path):
    made, kinds = lake(tmp_path / "lake")
    everyone = [m for all_of in kinds.values() for m in all_of]
    lapsed = {*kinds[SILENT][:10], *kinds[LATE][:5], *kinds[BUSY][:3], *kinds[EARLY]}
    assert silent_in_past_years(made, decisions(everyone, lapsed), DAY) == {
        "days": 90,
        "silent": {"decided": 2 * EACH, "lapsed": 15},
        "others": {"decided": EACH, "lapsed": 3},
    }


def test_later_renewals_and_too_few_first_ones_tell_nothing(tmp_path: Path):
    made, kinds = lake(tmp_path / "lake")
    some = [*kinds[SILENT], *kinds[BUSY][:19]]
    assert silent_in_past_years(made, decisions(some, set()), DAY) is None
    everyone = [m for all_of in kinds.values() for m in all_of]
    assert silent_in_past_years(made, decisions(everyone, set(), dt.date(2025, 12, 31)), DAY) is None


def test_what_is_recorded_later_changes_nothing(tmp_path: Path):
    made, kinds = lake(tmp_path / "lake")
    everyone = [m for kind in (SILENT, LATE, BUSY) for m in kinds[kind]]
    told = decisions(everyone, set(kinds[SILENT]))
    day = dt.date(2024, 7, 1)
    late = [act(m, "login", "2024-01-10", recorded="2024-07-01") for m in kinds[SILENT]]
    with made.batch(source="later", at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC)) as batch:
        batch.upsert("activity", pl.DataFrame([row | {"activity_key": 10_000 + i} for i, row in enumerate(late)]))
        batch.commit()
    before = known_before(made, tmp_path / "before", day)
    assert silent_in_past_years(made, told, day) == silent_in_past_years(before, told, day)
    after = silent_in_past_years(made, told, DAY)
    assert after != silent_in_past_years(made, told, day), "a test whose later rows matter nowhere tells nothing"


def test_silence_is_known_from_the_first_thing_done_on_while_anybody_does_anything(tmp_path: Path):
    """Messages and bills say nothing of it, nor does what was recorded later."""
    acts = [act(1, "email_sent", "2024-01-05"), act(1, "login", "2024-03-02"), act(2, "login", "2025-05-10")]
    acts += [act(3, "invoice_issued", "2025-08-01"), act(3, "login", "2025-07-01", recorded="2025-08-01")]
    found = lake_of(tmp_path / "lake", members=[person(m) for m in (1, 2, 3)], activity=acts)

    assert known_since(found, DAY) == dt.date(2024, 3, 2)
    assert known_since(found, dt.date(2025, 7, 20)) is None, "nobody did anything for two months"
    assert known_since(found, dt.date(2025, 8, 2)) is None
    assert known_since(found, dt.date(2024, 3, 1)) is None
