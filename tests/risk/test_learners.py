"""What every learner promises, whichever serves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xgboost

from tenure.risk.fitting import load_learner, mean_of
from tenure.risk.learners import (
    BLEND,
    SHALLOW,
    TREES,
    Blend,
    BoosterPlan,
    Learner,
    best_growth,
    fit_booster,
    fit_by_turns,
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


def test_a_column_that_is_always_to_have_is_in_nearly_every_tree():
    """Of sixty columns one says how much the others count; a tree is given sixteen to choose from."""
    rng = np.random.default_rng(6)
    x = rng.normal(size=(6000, 60)).astype(np.float32)
    odds = -1 + 2 * x[:, 1] * (x[:, 0] > 0)
    y = (rng.random(6000) < 1 / (1 + np.exp(-odds))).astype(float)
    asked = rng.normal(size=(4000, 60)).astype(np.float32)
    true = -1 + 2 * asked[:, 1] * (asked[:, 0] > 0)
    usual = BoosterPlan(directions=(0,) * 60)
    off = [
        float(np.abs(fit_booster(x, y, rounds=150, plan=plan).margin(asked) - true).mean())
        for plan in (replace(usual, always=(0,)), usual)
    ]

    assert off[0] < 0.85 * off[1]


def test_half_of_a_blend_is_trees_and_one_from_before_is_read_as_it_was(rows: tuple[np.ndarray, np.ndarray]):
    """What is kept of a blend is read back; one of a booster and a logistic model alone is the mean of both."""
    x, y = rows
    plan = BoosterPlan(directions=(0,) * 6)
    trees, logistic = fit_booster(x, y, rounds=40, plan=plan), fit_logistic(x, y, np.arange(len(y)), seed=1)
    shallow = replace(fit_booster(x, y, rounds=40, plan=plan.shallow()), file=SHALLOW)
    whole = mean_of(trees, shallow, logistic)
    read, before = (load_learner(BLEND, one.files()) for one in (whole, Blend((trees, logistic))))

    said = [one.margin(x) for one in (trees, shallow, logistic)]
    np.testing.assert_allclose(read.margin(x), said[0] / 2 + said[1] / 4 + said[2] / 4, atol=1e-6)
    np.testing.assert_allclose(before.margin(x), (said[0] + said[2]) / 2, atol=1e-6)


def test_trees_that_were_kept_in_the_librarys_binary_form_say_the_same(rows: tuple[np.ndarray, np.ndarray]):
    """As models from before keep them; to the last bit."""
    x, y = rows
    plan = BoosterPlan(directions=(0,) * 6)
    blend = mean_of(
        fit_booster(x, y, rounds=30, plan=plan),
        replace(fit_booster(x, y, rounds=30, plan=plan.shallow()), file=SHALLOW),
        fit_logistic(x, y, np.arange(len(y)), seed=1),
    )
    files = blend.files()
    for name in (TREES, SHALLOW):
        library = xgboost.Booster()
        library.load_model(bytearray(files.pop(name)))
        files[name.replace(".json", ".ubj")] = bytes(library.save_raw("ubj"))

    np.testing.assert_array_equal(load_learner(BLEND, files).margin(x), blend.margin(x))


def test_trees_are_as_deep_and_as_many_as_held_out_members_bear_out(rows: tuple[np.ndarray, np.ndarray]):
    """On noise they are few; on signal they are more."""
    x, y = rows
    plan = BoosterPlan(directions=(0,) * 6)
    noise = np.random.default_rng(3).permutation(y)

    assert best_growth(x, noise, np.arange(len(y)), plan=plan)[1] < best_growth(x, y, np.arange(len(y)), plan=plan)[1]


@pytest.fixture(scope="module")
def decisions() -> tuple[np.ndarray, np.ndarray]:
    """Of 600 decisions what six days show of each, shape (600, 6, 4), and how each came out."""
    rng = np.random.default_rng(5)
    mood = rng.normal(size=(600, 1, 4))
    days = (mood + 1.5 * rng.normal(size=(600, 6, 4))).astype(np.float32)
    return days, (rng.random(600) < 1 / (1 + np.exp(1 - 1.5 * mood[:, 0, 0]))).astype(float)


def _by_days(decisions: tuple[np.ndarray, np.ndarray], days: list[int]) -> Learner:
    """What is learnt from one day of each decision, or by turns from several."""
    seen, y = decisions
    x, plan = seen[:, days].reshape(-1, 4), BoosterPlan(directions=(0,) * 4, child_weight=2.0)
    if len(days) == 1:
        return fit_booster(x, y, rounds=60, plan=plan)
    draws = np.tile(np.eye(len(days), dtype=bool), (len(y), 1))
    return fit_by_turns(x, np.repeat(y, len(days)), draws, rounds=60, plan=plan)


def test_trees_by_turns_depend_less_on_which_days_were_drawn(decisions: tuple[np.ndarray, np.ndarray]):
    """Two that learnt from other days of the same decisions say more alike when each learnt from three days by turns;
    and they are no smaller for it: both tell as far apart who leaves and who stays, and have as many trees."""
    asked = decisions[0].reshape(-1, 4)
    one, other = (_by_days(decisions, [day]).margin(asked) for day in (0, 3))
    turns, others = (_by_days(decisions, days).margin(asked) for days in ([0, 1, 2], [3, 4, 5]))

    assert np.abs(turns - others).mean() < 0.75 * np.abs(one - other).mean()
    assert turns.std() > 0.6 * one.std()


def test_trees_by_turns_are_the_same_every_time(decisions: tuple[np.ndarray, np.ndarray]):
    assert _by_days(decisions, [0, 1, 2]).files() == _by_days(decisions, [0, 1, 2]).files()


def test_all_rows_teach_what_some_of_them_teach_on_average(rows: tuple[np.ndarray, np.ndarray]):
    """Which rows are drawn no longer matters, and the penalty weighs as it did beside so many."""
    x, y = rows
    some = [fit_logistic(x, y, np.arange(3000), seed=seed, strength=0.01, most_rows=500) for seed in range(30)]
    every = [
        fit_logistic(x, y, np.arange(3000), seed=seed, strength=0.01, most_rows=500, taught_by=3000) for seed in (0, 1)
    ]
    alone = fit_logistic(x, y, np.arange(3000), seed=0, strength=0.01)

    assert every[0].files() == every[1].files()
    mean = np.mean([one.margin(x) for one in some], axis=0)
    assert np.abs(every[0].margin(x) - mean).mean() < 0.5 * np.abs(some[0].margin(x) - mean).mean()
    assert every[0].margin(x).std() < 0.9 * alone.margin(x).std()


def test_rows_that_stand_for_a_part_weigh_as_much_as_if_each_decision_had_one(rows: tuple[np.ndarray, np.ndarray]):
    x, y = rows
    once = fit_logistic(x, y, np.arange(3000), seed=0, strength=0.01)
    thrice = fit_logistic(
        np.tile(x, (3, 1)), np.tile(y, 3), np.tile(np.arange(3000), 3), seed=0, strength=0.01,
        weight=np.full(9000, 1 / 3),
    )  # fmt: skip

    np.testing.assert_allclose(thrice.margin(x), once.margin(x), atol=1e-6)
