"""Nights in shadow: both models on the same members of one night."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from tenure.risk import shadow


def night(chances: dict[int, float], day: int = 1) -> pl.DataFrame:
    """Scores of a night, in bands that begin at 0.2 and 0.5."""
    scores = pl.DataFrame({"member": list(chances), "p_lapse_renewal": list(chances.values())})
    band = pl.when(pl.col("p_lapse_renewal") >= 0.5).then(pl.lit("high"))
    band = band.when(pl.col("p_lapse_renewal") >= 0.2).then(pl.lit("medium")).otherwise(pl.lit("low"))
    return scores.with_columns(band=band, as_of=pl.lit(dt.date(2025, 3, day)))


def test_what_both_say_of_a_night_is_held_side_by_side():
    """Twenty members in common: two of them in another band, and one of the first two another."""
    served = {member: 0.01 * member for member in range(1, 21)} | {1: 0.9, 2: 0.8}
    ours = served | {2: 0.4, 3: 0.6, 99: 0.99}
    found = shadow.beside(night(ours), night(served))

    assert (found.as_of, found.members) == ("2025-03-01", 20)
    assert found.other_band == pytest.approx(2 / 20)
    assert found.same_top == pytest.approx(1 / 2)
    assert found.said - found.served == pytest.approx((0.4 - 0.8 + 0.6 - 0.03) / 20)


def test_nights_are_kept_one_a_day(tmp_path: Path):
    """A night that is done again counts once; a model that has none to have says so."""
    assert shadow.nights(tmp_path) is None
    shadow.begin(tmp_path)
    assert shadow.nights(tmp_path) == []
    second, first = (shadow.beside(night({1: 0.1}, day), night({1: 0.2}, day)) for day in (2, 1))
    for one in (second, first, second):
        had = shadow.note(tmp_path, one)

    assert had == shadow.nights(tmp_path) == [first, second]
