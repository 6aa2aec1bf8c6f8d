"""How many more are kept by contact, as arms that were drawn by lot tell it."""

from __future__ import annotations

import numpy as np
import pytest

from tenure.impact.effects import Arms
from tenure.impact.kept import LEAST_DECIDED, difference


def test_nothing_is_told_of_few_and_of_an_arm_without_lapses_no_certainty() -> None:
    assert difference([]) is None
    assert difference([Arms(900, 90, 900, LEAST_DECIDED - 1, 9)]) is None
    sure = difference([Arms(200, 0, 200, LEAST_DECIDED, 0)])
    assert sure is not None
    assert sure.low < 0 == sure.points < sure.high


def test_a_mix_of_strata_that_differs_between_arms_makes_no_effect() -> None:
    """The control group has more of the risky; each stratum alone shows no difference."""
    mixed = difference([Arms(1_000, 100, 900, 100, 10), Arms(100, 50, 90, 100, 50)])
    assert mixed is not None
    assert mixed.points == pytest.approx(0)


def test_who_looks_every_week_is_misled_in_one_world_of_twenty_at_most() -> None:
    """Two strata, a tenth and a third left out, 4 points kept in each; 200 worlds of 40 weeks, looked at each week."""
    dice, misled, answered = np.random.default_rng(5), 0, 0
    for _ in range(200):
        sizes = ((90, 10, 0.2), (20, 10, 0.5))
        strata, wrong, found = [Arms(), Arms()], False, None
        for _ in range(40):
            week = [Arms(n, dice.binomial(n, p - 0.04), n, c, dice.binomial(c, p)) for n, c, p in sizes]
            strata = [before + new for before, new in zip(strata, week, strict=True)]
            found = difference(strata)
            wrong |= found is not None and not found.low <= 4 <= found.high
        misled += wrong
        answered += found is not None and found.high - found.low < 16
    assert misled <= 10
    assert answered == 200
