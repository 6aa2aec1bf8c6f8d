"""Retention curves against a published table, against counting day by day, and by join cohort."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.membership import cohort_curves, retention_curve

REMISSION = [6, 6, 6, 7, 10, 13, 16, 22, 23]
STILL = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]


def test_a_published_curve_is_found_again():
    """Freireich's twenty-one remissions, the textbook case: shares, and Greenwood's standard error at 10 weeks."""
    length = np.array(REMISSION + STILL)
    lapsed = np.array([True] * len(REMISSION) + [False] * len(STILL))

    curve = retention_curve(length, lapsed, confidence=0.95)

    assert curve.days.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert curve.stayed == pytest.approx([0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], abs=5e-4)
    assert (curve.low[2], curve.high[2]) == pytest.approx((0.503, 0.889), abs=1e-3)  # log-log, as published
    assert (curve.at(5), curve.at(12)) == (1.0, pytest.approx(0.753, abs=5e-4))


@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(1, 12), st.booleans()), min_size=1, max_size=30).map(
        lambda rows: [(entered, entered + more, lapsed) for entered, more, lapsed in rows]
    )
)
def test_the_curve_is_that_of_counting_day_by_day(rows: list[tuple[int, int, bool]]):
    """Members who come into sight late are at risk only from then on."""
    entered, length, lapsed = (np.array(column) for column in zip(*rows, strict=True))

    curve = retention_curve(length, lapsed, entered)

    stayed = 1.0
    for day in range(1, 22):
        here = sum(e < day <= n for e, n, _ in rows)
        gone = sum(n == day and out for _, n, out in rows)
        stayed *= 1 - gone / here if here else 1
        assert curve.at(day) == pytest.approx(stayed)
    assert ((curve.low <= curve.stayed) & (curve.stayed <= curve.high)).all()


def test_cohorts_leave_out_what_the_record_cannot_show():
    """Of the spell of 2015 only the time since 2020 counts; that which ended in 2018 counts nowhere."""
    spans = pl.DataFrame({
        "began": [dt.date(2015, 1, 1), dt.date(2015, 1, 1), dt.date(2021, 1, 1), dt.date(2021, 1, 1)],
        "ends": [dt.date(2018, 12, 31), dt.date(2022, 12, 31), dt.date(2021, 12, 31), dt.date(9999, 12, 31)],
        "outcome": ["lapsed", "lapsed", "lapsed", "running"],
    })  # fmt: skip

    curves = cohort_curves(spans, as_of=dt.date(2024, 1, 1), recorded_from=dt.date(2020, 1, 1))

    assert sorted(curves) == [0, 2015, 2021]
    assert (curves[2015].days.tolist(), curves[2015].at_risk.tolist()) == ([2922], [1])
    assert (curves[2021].days.tolist(), curves[2021].stayed.tolist()) == ([365], [0.5])
    assert curves[0].at_risk.tolist() == [2, 1]
