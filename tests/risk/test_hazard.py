"""Leaving within stretches of days: what teaches, what the curve promises, and how near it comes to a known truth."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tenure.risk.hazard import Hazard, Periods, Seen, fit_hazard, fit_straight, left_by
from tenure.risk.learners import Blend, BoosterPlan
from tenure.risk.timing import Timing, curve

EDGES = (0, 30, 60, 90)


def seen(*rows: tuple[float, float, float]) -> Seen:
    """Rows of (left, until, ends)."""
    left, until, ends = (np.array(part, float) for part in zip(*rows, strict=True))
    return Seen(left, until, ends, ends)


def lines(what: Seen) -> list[tuple[int, int, int]]:
    """(row, interval, left), sorted."""
    found = Periods.of(what, EDGES)
    return sorted((int(r), int(i), int(y)) for r, i, y in zip(found.row, found.interval, found.left, strict=True))


def test_who_left_teaches_until_then_and_no_longer():
    """Present through the first interval, gone in the second, and no part of the third."""
    assert lines(seen((45, 400, 400))) == [(0, 0, 0), (0, 1, 1)]


def test_an_interval_that_was_not_seen_to_its_end_teaches_nothing():
    """Forty days seen: the first interval is known, the second is not."""
    assert lines(seen((np.inf, 40, 400))) == [(0, 0, 0)]


def test_a_departure_after_the_last_day_seen_is_not_known():
    """What happens later may not teach."""
    assert lines(seen((45, 40, 400))) == [(0, 0, 0)]


def test_the_renewal_ends_the_last_interval():
    """Twenty days to the renewal: one interval, seen whole once those twenty days were."""
    assert lines(seen((np.inf, 20, 20))) == [(0, 0, 0)]


@given(
    rates=hnp.arrays(float, (6, 3), elements=st.floats(0, 1)),
    ends=hnp.arrays(float, 6, elements=st.floats(1, 400)),
)
def test_the_curve_never_falls_and_stays_where_the_question_ends(rates: np.ndarray, ends: np.ndarray):
    """A later day never shows less; after the end of the question nothing is added."""
    days = (10.0, 30.0, 45.0, 60.0, 90.0, 400.0)
    curve = left_by(rates, EDGES, ends, days)

    assert (np.diff(curve, axis=1) >= -1e-12).all()
    assert ((curve >= 0) & (curve <= 1)).all()
    short = ends <= 45
    np.testing.assert_allclose(curve[short, 2], curve[short, 5])


def test_whole_intervals_multiply():
    """Staying through two intervals is staying through each."""
    curve = left_by(np.array([[0.1, 0.2, 0.3]]), EDGES, np.array([np.inf]), (30, 60, 90))

    np.testing.assert_allclose(curve, [[0.1, 1 - 0.9 * 0.8, 1 - 0.9 * 0.8 * 0.7]])


@pytest.fixture(scope="module")
def simulated() -> tuple[np.ndarray, Seen, np.ndarray]:
    """Columns, what was seen, and the true chance of having left by 30 and 90 days.

    A quiet hazard that follows the first column, and a spike on the renewal day that follows the second.
    """
    rng = np.random.default_rng(5)
    n = 30_000
    x = rng.normal(size=(n, 4)).astype(np.float32)
    ahead = rng.integers(1, 200, n).astype(float)
    daily = 0.0008 * np.exp(0.8 * x[:, 0])
    spike = 1 / (1 + np.exp(1.5 - x[:, 1]))
    quiet = np.ceil(rng.exponential(1 / daily))
    left = np.where(quiet < ahead, quiet, np.where(rng.random(n) < spike, ahead, ahead + quiet))
    true = np.stack(
        [1 - np.exp(-daily * h) * np.where(ahead <= h, 1 - spike, 1) for h in (30, 90)],
        axis=1,
    )
    until = rng.integers(20, 400, n).astype(float)
    return x, Seen(left, until, ahead, np.full(n, np.inf)), true


def test_it_comes_near_a_known_truth(simulated: tuple[np.ndarray, Seen, np.ndarray]):
    """Much nearer than the usual rate, though a third of the rows were seen for less than 90 days."""
    x, what, true = simulated
    learnt = np.arange(len(x)) % 3 > 0
    plan = BoosterPlan(directions=(0,) * 4, bins=256, seed=1)
    hazard = fit_hazard(x[learnt], what.take(learnt), np.arange(len(x))[learnt], plan=plan, edges=EDGES)
    said = hazard.left_by(x[~learnt], what.ahead[~learnt], what.ends[~learnt], (30, 90))
    truth = true[~learnt]

    for place in (0, 1):
        off, usual = said[:, place] - truth[:, place], truth[:, place] - truth[:, place].mean()
        assert (off**2).mean() < 0.08 * (usual**2).mean()
        assert abs(off.mean()) < 0.01


def test_a_straight_one_comes_nearer_where_all_is_straight(simulated: tuple[np.ndarray, Seen, np.ndarray]):
    """Few members and a log-linear truth: the mean of both is nearer to it than the booster alone."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(9_000, 4)).astype(np.float32)
    daily = 0.001 * np.exp(x @ np.array([0.5, -0.4, 0.3, 0.0]))
    endless = np.full(len(x), np.inf)
    ahead = np.full(len(x), 400.0)
    what = Seen(np.ceil(rng.exponential(1 / daily)), endless, ahead, endless)
    plan, learnt = BoosterPlan(directions=(0,) * 4, bins=256, seed=1), np.arange(len(x)) < 3_000
    boosted = fit_hazard(x[learnt], what.take(learnt), np.arange(3_000), plan=plan, edges=EDGES)
    straight = fit_straight(x[learnt], what.take(learnt), np.arange(3_000), seed=1, edges=EDGES)
    both = Hazard(EDGES, Blend((boosted.learner, straight)))

    asked, truth = what.take(~learnt), 1 - np.exp(-daily[~learnt] * 90)
    said = [one.left_by(x[~learnt], asked.ahead, asked.ends, (90,))[:, 0] for one in (boosted, both)]
    assert ((said[1] - truth) ** 2).mean() < 0.8 * ((said[0] - truth) ** 2).mean()


def test_thinning_leaves_the_rates_as_they_are(simulated: tuple[np.ndarray, Seen, np.ndarray]):
    """Lines in which nobody left are fewer and weigh more."""
    periods = Periods.of(simulated[1], EDGES)
    thinned, weight = periods.thinned(0.2, np.random.default_rng(1))

    assert thinned.row.size < 0.4 * periods.row.size
    assert thinned.left.sum() == periods.left.sum()
    np.testing.assert_allclose(weight.sum(), periods.row.size, rtol=0.03)


def test_leaving_early_is_cut_off_at_the_whole_chance_and_else_left_as_it_is():
    """Scaling it down instead would lower every horizon of whom the two models disagree about."""
    day = dt.date(2025, 1, 1)
    stood = pl.DataFrame({
        "as_of": [day], "ends": [day + dt.timedelta(days=200)], "starts_on": [day - dt.timedelta(days=165)],
        "member_type": ["REG"], "terms_in_spell": [2],
    })  # fmt: skip
    early = np.array([[0.03, 0.06, 0.12, 0.2, 0.2, 0.2]])
    nobody = Timing(np.zeros((7, 3)), {}, [0.0] * 5)

    drawn = curve(nobody, np.array([0.1]), stood, early)

    np.testing.assert_allclose([drawn.by(days)[0] for days in (30, 60, 90, 199, 365)], [0.03, 0.06, 0.1, 0.1, 0.1])
