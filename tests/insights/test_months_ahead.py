"""The ranges of the lapses of a month, against outcomes that are drawn by brute force."""

from __future__ import annotations

import numpy as np
import pytest

from tenure.insights.months_ahead import RANGES, ranges, shared_of

USUAL = shared_of([], 30)


def drawn(p: np.ndarray, shared: float, repeats: int = 4000) -> np.ndarray:
    """How many lapse, again and again: everyone's log-odds are off by the same, then each decides alone."""
    rng = np.random.default_rng(11)
    odds = np.log(p / (1 - p)) + rng.normal(0, shared, (repeats, 1))
    return (rng.random((repeats, p.size)) < 1 / (1 + np.exp(-odds))).sum(axis=1)


@pytest.mark.parametrize("shared", [0.0, 0.2, 0.4])
@pytest.mark.parametrize("members", [6, 40, 400])
def test_ranges_hold_as_often_as_they_say(members: int, shared: float):
    """No more than 2 in 100 less often; and where a month has many members, hardly more often."""
    p = np.random.default_rng(members).beta(1.2, 5, members).clip(0.001, 0.999)
    lapsed = drawn(p, shared)
    told = ranges(p.sum(), (p * (1 - p)).sum(), members, shared)

    for wanted, (low, high) in zip(RANGES, told, strict=True):
        held = ((low <= lapsed) & (lapsed <= high)).mean()
        assert held > wanted - 0.02, (wanted, low, high)
        if members == 400:
            assert held < wanted + 0.08, (wanted, low, high)


def test_ranges_lie_in_one_another_and_between_nobody_and_everyone():
    for due, expected in ((0, 0.0), (3, 0.001), (50, 49.9), (50, 25.0), (20, 20.0)):
        (a, b), (c, d), (e, f) = ranges(expected, expected * (1 - expected / due) if due else 0.0, due, 0.5)
        assert 0 <= e <= c <= a <= b <= d <= f <= due


def test_without_what_is_shared_ranges_of_large_months_would_be_far_too_narrow():
    p = np.full(2000, 0.2)
    lapsed = drawn(p, 0.2, 1000)
    low, high = ranges(400, 320, 2000, 0.0)[2]
    assert ((low <= lapsed) & (lapsed <= high)).mean() < 0.6


def test_a_month_is_told_by_what_was_found_as_far_ahead_and_little_by_few_months():
    found = [
        {"from_days": 0, "months": 10_000, "shared": 0.1},
        {"from_days": 76, "months": 1, "shared": 0.9},
    ]
    assert shared_of(found, 20) == pytest.approx(0.1, abs=0.001)
    assert shared_of(found, -3) == shared_of(found, 75) == shared_of(found, 20)
    assert USUAL < shared_of(found, 76) < 0.4
    assert shared_of(found[:1], 300) == shared_of(found, 0)
