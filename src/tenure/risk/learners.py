"""What can learn the probability of not renewing: a booster, a regularized logistic model, a life table.

Each is fitted by a function of columns and labels, predicts by another, and is kept as JSON or the booster's own
binary form: nothing that is loaded can run code.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tenure.risk.forest import Forest

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]
Columns = NDArray[np.float32]

BOOSTER, LOGISTIC, LIFE_TABLE, BLEND = "gradient boosting", "regularized logistic", "life table", "blend"

TREES, SHALLOW = "booster.json", "shallow.json"
"""Files of the two boosters: of trees that look at several columns together, and of trees that look at two."""


class Learner(Protocol):
    """Something that gives the log-odds of not renewing."""

    def margin(self, x: Columns) -> Floats:
        """Log-odds, shape (n_rows,)."""
        ...

    def grouped(self, x: Columns, usual: Columns, kind: NDArray[np.int64], groups: list[list[int]]) -> Floats:
        """Log-odds of each row when one group of columns alone is as is usual for the row's kind.

        Args:
            x: Shape (n_rows, n_columns).
            usual: Usual values, shape (n_kinds, n_columns).
            kind: Which line of *usual* is each row's.
            groups: Places of the columns of each group.

        Returns:
            Shape (n_rows, n_groups).
        """
        ...

    def files(self) -> dict[str, bytes]:
        """What to keep, by file name."""
        ...


def sigmoid(margin: Floats) -> Floats:
    """Log-odds to probability."""
    return np.asarray(1.0 / (1.0 + np.exp(-margin)))


def logit(p: Floats) -> Floats:
    """Probability to log-odds, kept within what 64 bits can hold."""
    bounded = np.clip(p, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(bounded / (1 - bounded)))


@dataclass(frozen=True)
class Booster:
    """Shallow gradient-boosted trees (XGBoost).

    Shallow won twice in our trials: better ranking and cheaper explanation than deep trees.

    Args:
        raw: The library's own JSON, or the UBJSON of models from before.
        threads: To predict by; 0 takes what the machine has.
        file: Name of the file that it is kept in.
    """

    raw: bytes
    threads: int
    file: str = TREES

    def margin(self, x: Columns) -> Floats:
        """Log-odds, shape (n_rows,)."""
        return self._forest.margin(x, threads=self.threads or os.cpu_count() or 1)

    def grouped(self, x: Columns, usual: Columns, kind: NDArray[np.int64], groups: list[list[int]]) -> Floats:
        """As `Learner.grouped`: every tree is walked once."""
        return self._forest.grouped(x, usual, groups, kind=kind, threads=self.threads or os.cpu_count() or 1)

    @cached_property
    def _forest(self) -> Forest:
        if self.raw.startswith(b'{"'):
            return Forest.from_json(self.raw)
        import xgboost  # a second, which no night waits for unless its model is an old one

        found = xgboost.Booster()
        found.load_model(bytearray(self.raw))
        return Forest.from_json(bytes(found.save_raw("json")))

    def files(self) -> dict[str, bytes]:
        """The booster alone."""
        return {self.file: self.raw}


@dataclass(frozen=True)
class BoosterPlan:
    """How a booster is grown.

    Args:
        depth: Splits one below another.
        rate: How far each tree goes.
        child_weight: Least curvature in a leaf.
        l2: Penalty on leaves.
        most_rounds: Trees at most.
        bins: Into how many parts a column is cut.
        columns: How many columns each tree may choose from, about, beside those it is always to have; few make trees
            that differ, and their sum steadier.
        seed: Fixes every draw.
        threads: Within one fit.
        directions: Of each column, which way alone it may point.
        always: Places of the columns that nearly every tree may choose from, since what others say goes by them.
    """

    depth: int = 4
    rate: float = 0.05
    child_weight: float = 8.0
    l2: float = 4.0
    most_rounds: int = 1000
    bins: int = 64
    columns: int = 16
    seed: int = 0
    threads: int = 1
    directions: tuple[int, ...] = ()
    always: tuple[int, ...] = ()

    def widened(self, directions: tuple[int, ...]) -> BoosterPlan:
        """The same with more columns at the end, by which what others say goes."""
        first = len(self.directions)
        added = range(first, first + len(directions))
        return replace(self, directions=(*self.directions, *directions), always=(*self.always, *added))

    def shallow(self) -> BoosterPlan:
        """Trees of two levels: their sum takes columns two by two, each above all with those that are always there."""
        return replace(self, depth=2, rate=0.07)

    def chances(self) -> Floats | None:
        """How likely a tree is given each column to choose from, in proportion; None where all alike."""
        if not self.always:
            return None
        found = np.ones(len(self.directions))
        found[list(self.always)] = _ALWAYS
        return found

    def share_of_columns(self) -> float:
        """Of all columns, how many a tree may choose from: those it is always to have, and some of the others."""
        others = len(self.directions) - len(self.always)
        drawn = others * np.clip(self.columns / max(1, others), 0.1, 0.5)
        return float((len(self.always) + drawn) / max(1, len(self.directions)))


_ALWAYS = 50.0
"""So many times more often than others a tree is given a column that it is always to have: all but surely."""


def fit_booster(x: Columns, y: Floats, *, rounds: int, plan: BoosterPlan, weight: Floats | None = None) -> Booster:
    """Grow *rounds* trees on *x*, *y*, each row as often as *weight* says."""
    import xgboost

    data = xgboost.QuantileDMatrix(
        x, y, weight=weight, feature_weights=plan.chances(), max_bin=plan.bins, nthread=plan.threads
    )
    grown = xgboost.train(_parameters(plan), data, rounds)
    return Booster(bytes(grown.save_raw("json")), plan.threads)


def fit_by_turns(x: Columns, y: Floats, draws: NDArray[np.bool_], *, rounds: int, plan: BoosterPlan) -> Booster:
    """Grow *rounds* trees, each on the rows of another draw of days, by turns.

    So no day of a decision makes the whole what it is, and every tree is as large as if there were one draw alone.

    Args:
        x: Columns, shape (n_rows, n_columns).
        y: Outcomes.
        draws: Which draws each row is in, shape (n_rows, n_draws).
        rounds: How many trees.
        plan: How they are grown apart from that.
    """
    import xgboost

    # In plain form: of rows cut into bins the library would ask all trees anew at each turn.
    turns = [
        xgboost.DMatrix(x[pick], y[pick], feature_weights=plan.chances(), nthread=plan.threads) for pick in draws.T
    ]
    grown = xgboost.Booster(_parameters(plan), cache=turns)
    for number in range(rounds):
        grown.update(turns[number % len(turns)], number)
    return Booster(bytes(grown.save_raw("json")), plan.threads)


DEPTHS = (3, 4)
"""How deep trees may be that look at several columns together."""


def best_growth(
    x: Columns,
    y: Floats,
    groups: NDArray[np.int64],
    *,
    plan: BoosterPlan,
    depths: tuple[int, ...] = DEPTHS,
    weight: Floats | None = None,
) -> tuple[BoosterPlan, int]:
    """How deep and how many trees predict a fifth of the members best when grown on the other four.

    Args:
        x: Columns, shape (n_rows, n_columns).
        y: Outcomes.
        groups: Whose each row is.
        plan: How they are grown apart from that.
        depths: Those to try.
        weight: How often each row counts.

    Returns:
        *plan* with the depth that did best, and the number of trees for all rows.
    """
    import xgboost

    held = (groups.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(33)) % np.uint64(5) == 0
    if held.sum() < 50 or len(np.unique(y[held])) < 2 or len(np.unique(y[~held])) < 2:
        return plan, 60
    often = np.ones(y.size) if weight is None else weight
    train = xgboost.QuantileDMatrix(
        x[~held], y[~held], weight=often[~held], feature_weights=plan.chances(), max_bin=plan.bins,
        nthread=plan.threads,
    )  # fmt: skip
    # Held-out rows in plain form: of those cut into bins the library would ask all trees anew after each one is grown.
    test = xgboost.DMatrix(x[held], y[held], weight=often[held], nthread=plan.threads)
    tried = []
    for depth in depths:
        deep = replace(plan, depth=depth)
        grown = xgboost.train(
            _parameters(deep), train, plan.most_rounds, evals=[(test, "held")], early_stopping_rounds=20,
            verbose_eval=False,
        )  # fmt: skip
        # A quarter more rows carry a few more trees.
        rounds = max(10, round(1.1 * (int(grown.best_iteration) + 1)))
        tried.append((float(grown.best_score), deep, rounds))
    _, best, rounds = min(tried, key=lambda one: one[0])
    return best, rounds


def _parameters(plan: BoosterPlan) -> dict[str, Any]:
    return {
        "objective": "binary:logistic",
        "eval_metric": "logloss",
        "tree_method": "hist",
        "max_depth": plan.depth,
        "eta": plan.rate,
        "min_child_weight": plan.child_weight,
        "lambda": plan.l2,
        "subsample": 0.8,
        "colsample_bytree": plan.share_of_columns(),
        "max_bin": plan.bins,
        "seed": plan.seed,
        "nthread": plan.threads,
        "monotone_constraints": f"({','.join(map(str, plan.directions))})",
    }


@dataclass(frozen=True)
class Logistic:
    """A penalized logistic model on transformed columns; kept as numbers.

    Args:
        center: Of each transformed column.
        scale: Likewise.
        flagged: Places of the columns that have a flag for what is missing.
        weights: Of each standardized column, then of each flag.
        intercept: Log-odds at the center.
        strength: The inverse penalty that served.
    """

    center: Floats
    scale: Floats
    flagged: NDArray[np.int64]
    weights: Floats
    intercept: float
    strength: float

    def margin(self, x: Columns) -> Floats:
        """Log-odds, shape (n_rows,)."""
        return np.asarray(_standardized(x, self.center, self.scale, self.flagged) @ self.weights + self.intercept)

    def grouped(self, x: Columns, usual: Columns, kind: NDArray[np.int64], groups: list[list[int]]) -> Floats:
        """As `Learner.grouped`: a sum changes by what its parts do."""
        own, other = self._parts(x), self._parts(usual)
        margin = own.sum(axis=1) + self.intercept
        change = [(other[:, columns].sum(axis=1))[kind] - own[:, columns].sum(axis=1) for columns in groups]
        return np.asarray(margin[:, None] + np.stack(change, axis=1))

    def _parts(self, x: Columns) -> Floats:
        """What each column adds to the log-odds, its flag included; shape (n_rows, n_columns)."""
        added = _standardized(x, self.center, self.scale, self.flagged) * self.weights
        parts = np.array(added[:, : x.shape[1]])
        parts[:, self.flagged] += added[:, x.shape[1] :]
        return parts

    def files(self) -> dict[str, bytes]:
        """The numbers as JSON."""
        kept = {name: getattr(self, name).tolist() for name in ("center", "scale", "flagged", "weights")}
        return {"logistic.json": json.dumps(kept | {"intercept": self.intercept, "strength": self.strength}).encode()}

    @classmethod
    def load(cls, data: bytes) -> Logistic:
        """Back from `files`."""
        kept = json.loads(data)
        return cls(
            np.array(kept["center"]),
            np.array(kept["scale"]),
            np.array(kept["flagged"], np.int64),
            np.array(kept["weights"]),
            kept["intercept"],
            kept["strength"],
        )


_STRENGTHS = (0.001, 0.01, 0.1)


def fit_logistic(
    x: Columns,
    y: Floats,
    groups: NDArray[np.int64],
    *,
    seed: int,
    strength: float | None = None,
    most_rows: int = 20_000,
    weight: Floats | None = None,
    taught_by: int | None = None,
) -> Logistic:
    """Fit with *strength*, or with the one that predicts held-out members best.

    Args:
        x: Columns, shape (n_rows, n_columns).
        y: Outcomes.
        groups: Whose each row is.
        seed: Fixes which rows are taken where there are more than *most_rows*.
        strength: Inverse penalty, if it is known already.
        most_rows: Rows by which the penalty is found, and beside as many of which it stands.
        weight: How often each row counts.
        taught_by: Rows that teach when the penalty is found; as many where not given. More of them make it matter less
            which rows were taken, for the price of a second.
    """
    from threadpoolctl import threadpool_limits

    rng = np.random.default_rng(seed)
    taught = _some(np.arange(y.size), taught_by or most_rows, rng)
    pick = _some(taught, most_rows, rng)
    often = np.ones(y.size) if weight is None else weight
    # The penalty is one beside so many rows: where each counts for less, or all teach, they weigh no more together.
    total = min(pick.size, often[taught].sum())
    center, scale, flagged = _shape(x[taught])
    # The matrices are small: threads would spend more time meeting than working.
    with threadpool_limits(1, user_api="blas"):
        if strength is None:
            some = _standardized(x[pick], center, scale, flagged)
            strength = _best_strength(some, y[pick], groups[pick], often[pick] * (total / often[pick].sum()))
        design = _standardized(x[taught], center, scale, flagged)
        fitted = _penalized(strength).fit(design, y[taught], often[taught] * (total / often[taught].sum()))
    weights = fitted.coef_[0].astype(np.float64)
    return Logistic(center, scale, flagged, weights, float(fitted.intercept_[0]), strength)


def _some(rows: NDArray[np.int64], most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return rows if rows.size <= most else rng.choice(rows, most, replace=False)


def _penalized(strength: float) -> LogisticRegression:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=strength, max_iter=50, solver="newton-cholesky")


def _best_strength(design: Floats, y: Floats, groups: NDArray[np.int64], often: Floats) -> float:
    held = groups % 5 == 0
    if not 20 < held.sum() < y.size - 20 or len(np.unique(y[~held])) < 2:
        return _STRENGTHS[1]
    loss = {}
    for strength in _STRENGTHS:
        trial = _penalized(strength).fit(design[~held], y[~held], often[~held])
        p = np.clip(trial.predict_proba(design[held])[:, 1], 1e-9, 1 - 1e-9)
        loss[strength] = -float(np.average(np.where(y[held] > 0.5, np.log(p), np.log(1 - p)), weights=often[held]))
    return min(loss, key=lambda strength: loss[strength])


def _shape(x: Columns) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Center and scale of the transformed columns, and which need a flag: one for each pattern of what is missing."""
    missing = np.isnan(x)
    seen: dict[bytes, int] = {}
    for place in np.flatnonzero((missing.mean(axis=0) > 0.005) & (missing.mean(axis=0) < 0.995)):
        seen.setdefault(np.packbits(missing[:, place]).tobytes(), int(place))
    known = np.maximum((~missing).sum(axis=0), 1)
    numbers = np.where(missing, 0.0, _transform(x))
    center = numbers.sum(axis=0) / known
    scale = np.sqrt((np.where(missing, 0.0, numbers - center) ** 2).sum(axis=0) / known)
    return center, np.where(scale > 1e-6, scale, 1.0), np.array(sorted(seen.values()), np.int64)


def _transform(x: Columns) -> Floats:
    """Counts and days are skewed: a signed logarithm brings them nearer to straight lines."""
    wide = x.astype(np.float64)
    return np.asarray(np.sign(wide) * np.log1p(np.abs(wide)))


def _standardized(x: Columns, center: Floats, scale: Floats, flagged: NDArray[np.int64]) -> Floats:
    """Standardized columns with 0 for what is missing, then the flags."""
    numbers = np.where(np.isnan(x), 0.0, (_transform(x) - center) / scale)
    return np.column_stack([np.clip(numbers, -5, 5), np.isnan(x[:, flagged])])


@dataclass(frozen=True)
class LifeTable:
    """Rates by type, renewals so far and time to renewal, each drawn toward the rate of what contains it.

    Args:
        columns: Places of `renewals`, `days_to_renewal` and `resigned` among the columns (−1: not there).
        types: Places of the member types' columns.
        rates: Rate of each cell, shape (n_types + 1, n_ages, n_phases, 2).
    """

    columns: tuple[int, int, int]
    types: tuple[int, ...]
    rates: Floats

    def margin(self, x: Columns) -> Floats:
        """Log-odds, shape (n_rows,)."""
        return logit(self.rates[_cells(x, self.columns, self.types)])

    def grouped(self, x: Columns, usual: Columns, kind: NDArray[np.int64], groups: list[list[int]]) -> Floats:
        """As `Learner.grouped`: looked up anew where a group holds a column of the table."""
        own = self.margin(x)
        answer = np.repeat(own[:, None], len(groups), axis=1)
        for place, columns in enumerate(groups):
            if {*columns} & {*self.columns, *self.types}:
                changed = x.copy()
                changed[:, columns] = usual[:, columns][kind]
                answer[:, place] = self.margin(changed)
        return answer

    def files(self) -> dict[str, bytes]:
        """The rates as JSON."""
        kept = {"columns": self.columns, "types": self.types, "rates": self.rates.tolist()}
        return {"life_table.json": json.dumps(kept).encode()}

    @classmethod
    def load(cls, data: bytes) -> LifeTable:
        """Back from `files`."""
        kept = json.loads(data)
        return cls(tuple(kept["columns"]), tuple(kept["types"]), np.array(kept["rates"]))


_AGES = np.array([0.5, 1.5, 3.5, 7.5])
_PHASES = np.array([-0.5, 14.5, 45.5, 120.5])
_STRENGTH = 30.0
"""A cell's own rate counts as much as that of what contains it once it has this many rows."""


def fit_life_table(x: Columns, y: Floats, names: tuple[str, ...], weight: Floats | None = None) -> LifeTable:
    """Count lapses in each cell, each row as often as *weight* says, with shrinkage from the whole to phase, to type,
    to age."""

    def place(name: str) -> int:
        return names.index(name) if name in names else -1

    columns = (place("renewals"), place("days_to_renewal"), place("resigned"))
    types = tuple(i for i, name in enumerate(names) if name.startswith("member_type="))
    shape = (len(types) + 1, _AGES.size + 1, _PHASES.size + 1, 2)
    cells = _cells(x, columns, types)
    seen, lapsed = np.zeros(shape), np.zeros(shape)
    often = np.ones(y.size) if weight is None else weight
    np.add.at(seen, cells, often)
    np.add.at(lapsed, cells, often * y)
    rate = np.full(shape, (lapsed.sum() + 1) / (seen.sum() + 6))
    for axes in ((0, 1, 2), (0, 1), (1,), ()):
        n = seen.sum(axis=axes, keepdims=True) if axes else seen
        k = lapsed.sum(axis=axes, keepdims=True) if axes else lapsed
        rate = (k + _STRENGTH * rate) / (n + _STRENGTH)
    return LifeTable(columns, types, np.broadcast_to(rate, shape).copy())


def _cells(x: Columns, columns: tuple[int, int, int], types: tuple[int, ...]) -> tuple[NDArray[np.int64], ...]:
    def column(place: int) -> Columns:
        return np.nan_to_num(x[:, place]) if place >= 0 else np.zeros(len(x), np.float32)

    flags = x[:, list(types)]
    kind = np.where(flags.any(axis=1), flags.argmax(axis=1) + 1, 0) if types else np.zeros(len(x), np.int64)
    age = np.searchsorted(_AGES, column(columns[0]))
    phase = np.searchsorted(_PHASES, column(columns[1]))
    return kind, age, phase, (column(columns[2]) > 0.5).astype(np.int64)


@dataclass(frozen=True)
class Blend:
    """The mean of the log-odds of several."""

    parts: tuple[Learner, ...]

    def margin(self, x: Columns) -> Floats:
        """Log-odds, shape (n_rows,)."""
        return np.asarray(np.mean([part.margin(x) for part in self.parts], axis=0))

    def grouped(self, x: Columns, usual: Columns, kind: NDArray[np.int64], groups: list[list[int]]) -> Floats:
        """As `Learner.grouped`."""
        return np.asarray(np.mean([part.grouped(x, usual, kind, groups) for part in self.parts], axis=0))

    def files(self) -> dict[str, bytes]:
        """The files of all."""
        return {name: data for part in self.parts for name, data in part.files().items()}
