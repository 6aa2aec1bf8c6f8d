"""What every learner promises, whichever serves."""

from __future__ import annotations

import numpy as np
import pytest

from tenure.risk.learners import (
    Blend,
    BoosterPlan,
    Learner,
    best_growth,
    fit_booster,
    fit_life_table,
    fit_logistic,
)

NAMES = ("renewals", "days_to_renewal", "resigned", "member_type=STU", "a", "b")
GROUPS = [[0], [1, 2], [4], [5], [3]]


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    """Columns with gaps, and outcomes."""
    rng = np.random.default_rng(2)
    x = np.column_stack([
        rng.integers(0, 9, 3000), rng.integers(-20, 300, 3000), rng.random(3000) < 0.05, rng.random(3000) < 0.2,
        rng.gamma(2, 5, 3000), np.where(rng.random(3000) < 0.3, np.nan, rng.normal(size=3000)),
    ]).astype(np.float32)  # fmt: skip
    odds = -1 - 0.2 * x[:, 0] + x[:, 3] - 0.05 * x[:, 4] + np.nan_to_num(x[:, 5]) + 0.5 * np.isnan(x[:, 5])
    return x, (rng.random(3000) < 1 / (1 + np.exp(-odds))).astype(float)


@pytest.fixture(scope="module")
def learners(rows: tuple[np.ndarray, np.ndarray]) -> dict[str, Learner]:
    """One of each."""
    x, y = rows
    booster = fit_booster(x, y, rounds=40, plan=BoosterPlan(directions=(0,) * 6))
    logistic = fit_logistic(x, y, np.arange(len(y)), seed=1)
    return {
        "booster": booster, "logistic": logistic, "life table": fit_life_table(x, y, NAMES),
        "blend": Blend((booster, logistic)),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["booster", "logistic", "life table", "blend"])
def test_asking_by_group_is_asking_with_the_groups_columns_replaced(
    name: str, rows: tuple[np.ndarray, np.ndarray], learners: dict[str, Learner]
):
    """Each learner's own short way gives what the long way gives."""
    x = rows[0][:400]
    usual = np.stack([np.nanmedian(rows[0], axis=0), x[7]]).astype(np.float32)
    usual[1, 5] = np.nan
    kind = np.arange(400) % 2
    found = learners[name].grouped(x, usual, kind, GROUPS)
    for place, columns in enumerate(GROUPS):
        changed = x.copy()
        changed[:, columns] = usual[kind][:, columns]

        np.testing.assert_allclose(found[:, place], learners[name].margin(changed), atol=1e-4)


def test_trees_are_as_deep_and_as_many_as_held_out_members_bear_out(rows: tuple[np.ndarray, np.ndarray]):
    """On noise they are few; on signal they are more."""
    x, y = rows
    plan = BoosterPlan(directions=(0,) * 6)
    noise = np.random.default_rng(3).permutation(y)

    assert best_growth(x, noise, np.arange(len(y)), plan=plan)[1] < best_growth(x, y, np.arange(len(y)), plan=plan)[1]
