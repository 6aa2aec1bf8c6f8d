"""Scores made again are held against those that were kept: which columns differ, for how many, and by how much."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest

from tenure.risk import SCHEMA
from tenure.risk.comparing import compare
from trained_association import Trained


@pytest.fixture
def kept(trained: Trained) -> pl.DataFrame:
    return trained.scores


_OTHERWISE = {
    pl.String(): pl.lit("otherwise"),
    pl.Date(): pl.lit(dt.date(1999, 1, 1)),
    pl.Boolean(): pl.lit(value=None, dtype=pl.Boolean),
    pl.Int64(): pl.lit(-7, pl.Int64),
    pl.Float64(): pl.lit(-7.5),
}


def test_the_same_scores_differ_in_nothing(kept: pl.DataFrame):
    found = compare(kept, kept.reverse())
    assert (found.members, found.same, found.farthest, found.columns) == (kept.height, kept.height, 0.0, ())


@pytest.mark.parametrize("column", [name for name in SCHEMA if name not in ("member", "as_of", "usual")])
def test_each_column_of_a_score_is_compared(kept: pl.DataFrame, column: str):
    """In one row alone, which then is not the same."""
    first = pl.col("member") == kept["member"][0]
    moved = kept.with_columns(pl.when(first).then(_OTHERWISE[SCHEMA[column]]).otherwise(column).alias(column))
    found = compare(kept, moved)

    assert column in [one.column for one in found.columns]
    # Whoever is ranked first moves all whose place it was.
    assert found.same == kept.height - 1 or (column == "risk_rank" and found.same < kept.height)


def test_a_difference_is_told_with_its_size_and_unit(kept: pl.DataFrame):
    """Days of a window, points of a reason, words without a size, a number of which one side has none."""
    place = pl.int_range(pl.len())
    moved = kept.with_columns(
        lapse_latest_on=pl.when(place < 3).then(pl.col("renewal_due_on") + pl.duration(days=31 + place)),
        reason_1_points=pl.col("reason_1_points") + pl.when(place == 1).then(2.0).otherwise(0.0),
        against=pl.when(place < 2).then(pl.lit("otherwise")).otherwise("against"),
        dues=pl.lit(None, pl.Float64),
    )
    still = kept.with_columns(
        lapse_latest_on=pl.when(place < 3).then("renewal_due_on"),
        dues=pl.when(place == 0).then(100.0),
    )
    found = {one.column: one for one in compare(still, moved).columns}

    assert found["lapse_latest_on"].words == "lapse_latest_on of 3 members, by up to 33 days"
    assert found["reason_1_points"].words == "reason_1_points of 1 member, by up to 2"
    assert found["against"].words == "against of 2 members"
    assert (found["dues"].members, found["dues"].greatest) == (1, None)
    assert len(found) == 4


def test_what_is_within_the_last_digits_is_the_same(kept: pl.DataFrame):
    moved = kept.with_columns(pl.col("p_lapse_30", "p_low") * (1 + 1e-12), pl.col("reason_1_points") + 5e-8)
    found = compare(kept, moved)
    assert (found.same, found.columns) == (kept.height, ())
    assert 0 < found.farthest < 1e-9


def test_who_was_erased_since_moves_no_rank_of_others(kept: pl.DataFrame):
    """A rank is a share of all who were scored; of those that both have, the order stands."""
    gone = kept.sort("risk_rank")["member"][: kept.height // 3]
    rest = kept.filter(~pl.col("member").is_in(gone.implode()))
    anew = rest.with_columns(risk_rank=(pl.col("p_lapse_renewal").rank("min") - 1) / pl.len())
    assert not rest["risk_rank"].equals(anew["risk_rank"])
    assert compare(rest, anew).columns == ()

    swapped = anew.with_columns(pl.col("risk_rank").reverse())
    assert [one.column for one in compare(rest, swapped).columns] == ["risk_rank"]


def test_a_night_of_before_a_column_was_kept_is_compared_by_the_others(kept: pl.DataFrame):
    assert compare(kept.drop("p_payment", "against"), kept).same == kept.height


def test_nobody_in_both_is_nothing_to_compare(kept: pl.DataFrame):
    assert compare(kept.clear(), kept).members == 0
