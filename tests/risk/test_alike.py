"""Members like this one are those whom the back-test scored closest, counted one by one."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.risk.alike import FARTHEST, MOST, alike

ENDS = dt.date(2024, 12, 31)


def decisions(scored: list[float], lapsed: list[bool]) -> pl.DataFrame:
    rows = [
        {"member": i, "ends_on": ENDS, "as_of": ENDS - dt.timedelta(days=40), "p_lapse_renewal": p, "lapsed": y}
        for i, (p, y) in enumerate(zip(scored, lapsed, strict=True))
    ]
    schema = {"member": pl.Int64, "ends_on": pl.Date, "as_of": pl.Date, "p_lapse_renewal": pl.Float64,
              "lapsed": pl.Boolean}  # fmt: skip
    return pl.DataFrame(rows, schema=schema)


@settings(max_examples=60, deadline=None)
@given(
    scored=st.lists(st.integers(0, 10_000), max_size=260, unique=True),
    wanted=st.lists(st.integers(0, 10_000), min_size=1, max_size=8),
    data=st.data(),
)
def test_the_closest_decisions_are_counted_and_none_beyond_ten_points(
    scored: list[int], wanted: list[int], data: st.DataObject
):
    lapsed = data.draw(st.lists(st.booleans(), min_size=len(scored), max_size=len(scored)))
    chances = [p / 10_000 for p in scored]
    found = alike(np.array(wanted) / 10_000, decisions(chances, lapsed))
    for i, p in enumerate(np.array(wanted) / 10_000):
        # In steps of a ten-thousandth two can lie equally far on either side: then either may be counted.
        near = sorted((round(abs(q - p), 9), q, y) for q, y in zip(chances, lapsed, strict=True))[:MOST]
        near = [row for row in near if row[0] <= FARTHEST + 1e-9]
        edge = near[-1][0] if near else 0
        sure = [row for row in near if row[0] < edge]
        assert abs(int(found.decided[i]) - len(near)) <= 2
        if found.decided[i]:
            assert sum(y for *_, y in sure) <= found.lapsed[i] <= sum(y for *_, y in near) + 2
            assert p - FARTHEST - 1e-9 <= found.low[i] <= found.high[i] <= p + FARTHEST + 1e-9


def test_sixty_of_a_hundred_like_a_member_lapsed():
    rng = np.random.default_rng(1)
    p = rng.uniform(0, 1, 20_000)
    found = alike(np.array([0.2, 0.6]), decisions(p.tolist(), (rng.uniform(size=p.size) < p).tolist()))
    assert found.decided.tolist() == [100, 100]
    assert abs(found.lapsed[0] - 20) <= 15
    assert abs(found.lapsed[1] - 60) <= 15


def test_a_decision_counts_once_and_only_from_a_month_before():
    early, late = dt.timedelta(days=60), dt.timedelta(days=3)
    rows = [(1, early, 0.5), (1, early + dt.timedelta(days=30), 0.5), (2, late, 0.5)]
    frame = pl.DataFrame(
        [
            {"member": m, "ends_on": ENDS, "as_of": ENDS - gap, "p_lapse_renewal": p, "lapsed": True}
            for m, gap, p in rows
        ]
    )
    found = alike(np.array([0.5]), frame)
    assert (found.decided[0], found.lapsed[0]) == (1, 1)


def test_without_any_past_nothing_is_claimed():
    found = alike(np.array([0.5]), decisions([], []))
    assert (found.decided[0], found.lapsed[0]) == (0, 0)
    assert np.isnan(found.low[0])
