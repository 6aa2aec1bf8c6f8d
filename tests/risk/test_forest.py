"""Our own walk of a booster's trees answers as the library does, however often it is asked again."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost

from tenure.base.errors import BadInput
from tenure.risk.forest import Forest

COLUMNS, ROWS = 12, 700
GROUPS = [[0, 3, 7], [1], [2, 4, 5, 6], [11]]


def rows(seed: int, n: int = ROWS) -> np.ndarray:
    """Small numbers that often tie with a threshold, and a third of them missing."""
    rng = np.random.default_rng(seed)
    x = rng.integers(-3, 4, (n, COLUMNS)).astype(np.float32)
    x[:, ::2] += rng.normal(size=x[:, ::2].shape).astype(np.float32)
    x[rng.random(x.shape) < 0.3] = np.nan
    return x


def grown(depth: int, **more: object) -> xgboost.Booster:
    """A booster whose trees turn on missing values too."""
    x, rng = rows(1, 3000), np.random.default_rng(2)
    known = np.nan_to_num(x)
    y = rng.random(len(x)) < 1 / (1 + np.exp(1 - known[:, 0] - known[:, 1] * known[:, 2] + np.isnan(x[:, 3])))
    plan = {"objective": "binary:logistic", "max_depth": depth, "eta": 0.2, "nthread": 1, "colsample_bytree": 0.7}
    return xgboost.train(plan | more, xgboost.DMatrix(x, y), 25)


KINDS = {
    "depth 0": (1, {"max_leaves": 1, "gamma": 1e9}), "depth 1": (1, {}), "depth 4": (4, {}), "depth 5": (5, {}),
    "depth 6": (6, {}), "depth 8": (8, {}), "monotone": (4, {"monotone_constraints": f"(1,0,-1{',0' * 9})"}),
    "dart": (3, {"booster": "dart", "rate_drop": 0.4}), "lopsided": (0, {"grow_policy": "lossguide", "max_leaves": 9}),
    "squares": (4, {"objective": "reg:squarederror"}), "counts": (3, {"objective": "count:poisson"}),
    "given base": (4, {"base_score": 0.2}),
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_margins_are_the_librarys_with_any_group_as_is_usual(kind: str):
    """For each kind of tree, NaN included: what the library says of rows whose group's columns were replaced."""
    depth, more = KINDS[kind]
    booster, x, usual = grown(depth, **more), rows(3), rows(4)
    forest = Forest.from_json(bytes(booster.save_raw("json")))

    def library(x: np.ndarray) -> np.ndarray:
        return booster.predict(xgboost.DMatrix(x), output_margin=True)

    expected = np.empty((len(x), len(GROUPS)))
    for place, columns in enumerate(GROUPS):
        changed = x.copy()
        changed[:, columns] = usual[:, columns]
        expected[:, place] = library(changed)

    np.testing.assert_allclose(forest.margin(x), library(x), atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(forest.grouped(x, usual, GROUPS), expected, atol=1e-5, rtol=1e-5)


def test_usual_values_by_kind_and_more_threads_change_nothing():
    """A line of usual values per kind is the same as one per row, and so are the rows in parts."""
    forest, usual = Forest.from_json(bytes(grown(4).save_raw("json"))), rows(5, 3)
    x = np.tile(rows(3), (30, 1))
    kind = np.random.default_rng(6).integers(0, 3, len(x))

    once = forest.grouped(x, usual[kind], GROUPS)

    np.testing.assert_array_equal(forest.grouped(x, usual, GROUPS, kind=kind, threads=2), once)
    np.testing.assert_array_equal(forest.grouped(x[:5], usual, GROUPS, kind=kind[:5]), once[:5])
    assert forest.grouped(x[:0], usual, GROUPS, kind=kind[:0]).shape == (0, len(GROUPS))


def test_what_cannot_be_walked_is_refused():
    """Categorical splits, several classes, linear boosters; and columns or usual values that do not fit."""
    x, y = rows(1), np.arange(ROWS) % 3
    kinds = np.random.default_rng(0).integers(0, 9, (ROWS, 1)).astype(np.float32)
    categories = xgboost.DMatrix(kinds, kinds[:, 0] % 2, feature_types=["c"], enable_categorical=True)
    classes = {"objective": "multi:softprob", "num_class": 3}
    for booster in (
        xgboost.train({"max_cat_to_onehot": 1, "objective": "binary:logistic"}, categories, 2),
        xgboost.train(classes, xgboost.DMatrix(x, y), 2),
        xgboost.train({"booster": "gblinear", "objective": "reg:squarederror"}, xgboost.DMatrix(x, y), 2),
        xgboost.train({"objective": "reg:gamma"}, xgboost.DMatrix(x, y + 1), 2),
    ):
        with pytest.raises(BadInput):
            Forest.from_json(bytes(booster.save_raw("json")))
    forest = Forest.from_json(bytes(grown(2).save_raw("json")))
    with pytest.raises(ValueError, match="12 columns"):
        forest.margin(x[:, 1:])
    with pytest.raises(ValueError, match="two groups"):
        forest.grouped(x, x, [[1, 2], [2]])
    with pytest.raises(ValueError, match="usual"):
        forest.grouped(x, x[:2], GROUPS, kind=np.full(ROWS, 2))
