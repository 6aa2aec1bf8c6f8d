"""Fitting every candidate on the same rows, so that the back-test and the final model cannot differ."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tenure.base.errors import BelowDataFloor
from tenure.features import DIRECTIONS, FeatureMatrix
from tenure.risk.encoding import Encoding
from tenure.risk.learners import (
    BLEND,
    BOOSTER,
    DEPTHS,
    LIFE_TABLE,
    LOGISTIC,
    SHALLOW,
    TREES,
    Blend,
    Booster,
    BoosterPlan,
    Columns,
    Floats,
    Learner,
    LifeTable,
    Logistic,
    best_growth,
    fit_booster,
    fit_by_turns,
    fit_life_table,
    fit_logistic,
)

FULL_STRENGTH = 200
"""Lapses from which a booster may serve; under it a life table or a regularized model does."""

FLOOR = 20
"""Lapses, and renewals, under which nothing is learnt."""

PAYERS = 2
"""Payers of whom there must be lapses, and payers of whom there must be renewals: what only one does is that one's."""

_TWO = (2,)
"""The depth of trees that look at two columns."""

TAUGHT_BY = 60_000
"""Rows that teach a logistic model. Which 20,000 of 70,000 were taken moved what it attains by 0.03 in two simulated
worlds."""


@dataclass(frozen=True)
class Rows:
    """Landmarks with their labels as known on some day.

    Args:
        matrix: Their features.
        y: 1 lapsed, 0 renewed.
        members: Whose they are.
        draws: Which draws of days each is in, shape (n_rows, n_draws); None where there was one, and all are in it.
    """

    matrix: FeatureMatrix
    y: Floats
    members: NDArray[np.int64]
    draws: NDArray[np.bool_] | None = None

    @property
    def weight(self) -> Floats:
        """How much of a row of a single draw each one stands for, shape (n_rows,)."""
        return np.ones(self.y.size) if self.draws is None else self.draws.mean(axis=1)

    def half(self, pick: NDArray[np.bool_]) -> Rows:
        """The rows that *pick* marks."""
        draws = None if self.draws is None else self.draws[pick]
        return Rows(self.matrix.take(pick), self.y[pick], self.members[pick], draws)

    def first_draw(self) -> Rows:
        """Those of the first draw alone: as many days of each decision as there are strata."""
        if self.draws is None:
            return self
        pick = self.draws[:, 0]
        return Rows(self.matrix.take(pick), self.y[pick], self.members[pick])


def payers_of_each(rows: Rows) -> tuple[int, int]:
    """How many payers have a lapse among *rows*, and how many a renewal."""
    return np.unique(rows.members[rows.y > 0.5]).size, np.unique(rows.members[rows.y < 0.5]).size


def ask_for_payers(lapsed: int, renewed: int) -> None:
    """Refuse to learn where lapses, or renewals, are of too few.

    Args:
        lapsed: Payers with a lapse.
        renewed: Payers with a renewal.

    Raises:
        BelowDataFloor: They are.
    """
    for name, payers in (("lapses", lapsed), ("renewals", renewed)):
        if payers < PAYERS:
            raise BelowDataFloor(
                f"all {name} that can be learnt from are of one payer; those of at least {PAYERS} are needed to score",
                mend="read more years of terms, or see whether the terms of several payers are kept under one id",
            )


def learn_columns(rows: Rows) -> Encoding:
    """The columns that models of *rows* take: as many days of a decision say how frequent a level is, whatever the
    number of draws."""
    first = rows.first_draw()
    return Encoding.learn(first.matrix, first.y)


@dataclass(frozen=True)
class Growth:
    """How large boosters grow.

    Args:
        depth: Levels of the trees that look at several columns together.
        rounds: How many of those.
        shallow: How many trees of two levels.
    """

    depth: int = 4
    rounds: int = 60
    shallow: int = 60


@dataclass
class Workshop:
    """Fits candidates, remembering which trees and which penalty did best, so as not to seek them each time.

    Args:
        seed: Fixes every draw.
        threads: How many fits may run side by side; 0 takes what the machine has.
    """

    seed: int
    threads: int
    _sought: dict[tuple[int, ...], dict[int, tuple[int, int]]] = field(default_factory=dict)
    _strength: float | None = None

    def plan(self, encoding: Encoding, seed: int | None = None, depth: int = 4) -> BoosterPlan:
        """How boosters on the columns of *encoding* are grown."""
        directions = tuple(DIRECTIONS.get(name, 0) for name in encoding.columns)
        always = () if encoding.days is None else (encoding.days,)
        seed = self.seed if seed is None else seed
        return BoosterPlan(depth=depth, seed=seed, directions=directions, always=always)

    def together(self, *fits: Callable[[], Learner]) -> list[Learner]:
        """Run *fits* side by side, a thread each: on a busy machine threads within one fit wait for one another."""
        from threadpoolctl import threadpool_limits

        # The limit is the whole process's: where each fit set and lifted its own, another one's sums would go by how
        # many threads there happened to be, and so would the last bit of the model.
        with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(self.threads or os.cpu_count() or 1) as pool:
            return [running.result() for running in [pool.submit(fit) for fit in fits]]

    def growth_found(self, rows: int) -> Growth:
        """What was sought for about so many *rows*; the usual where nothing was."""
        trees, shallow = (self._found(depths, rows) for depths in (DEPTHS, _TWO))
        return Growth(*(trees or (Growth.depth, Growth.rounds)), shallow[1] if shallow else Growth.shallow)

    def _found(self, depths: tuple[int, ...], rows: int) -> tuple[int, int] | None:
        near = (found for size, found in self._sought.get(depths, {}).items() if size / 1.5 <= rows <= size * 1.5)
        return next(near, None)

    def growth(self, x: Columns, rows: Rows, encoding: Encoding) -> Growth:
        """How large boosters of so many rows grow: sought once, on the first draw of days, and again when the rows have
        grown by half."""
        plan = self.plan(encoding)
        trees, shallow = self._seek(plan, DEPTHS, x, rows), self._seek(plan.shallow(), _TWO, x, rows)
        return Growth(*trees, shallow[1])

    def _seek(self, plan: BoosterPlan, depths: tuple[int, ...], x: Columns, rows: Rows) -> tuple[int, int]:
        known = self._found(depths, rows.y.size)
        if known is not None:
            return known
        pick = slice(None) if rows.draws is None else rows.draws[:, 0]
        best, rounds = best_growth(x[pick], rows.y[pick], rows.members[pick], plan=plan, depths=depths)
        self._sought.setdefault(depths, {})[rows.y.size] = best.depth, rounds
        return best.depth, rounds

    def boosted(self, x: Columns, rows: Rows, encoding: Encoding, depth: int, rounds: int) -> Booster:
        """So many trees of such a depth on *rows*."""
        return self._grown(x, rows, self.plan(encoding, depth=depth), rounds)

    def shallow(self, x: Columns, rows: Rows, encoding: Encoding, rounds: int) -> Booster:
        """So many trees of two levels on *rows*."""
        return replace(self._grown(x, rows, self.plan(encoding).shallow(), rounds), file=SHALLOW)

    def _grown(self, x: Columns, rows: Rows, plan: BoosterPlan, rounds: int) -> Booster:
        if rows.draws is None:
            return fit_booster(x, rows.y, rounds=rounds, plan=plan)
        return fit_by_turns(x, rows.y, rows.draws, rounds=rounds, plan=plan)

    def _trees(self, x: Columns, rows: Rows, encoding: Encoding) -> Booster:
        return self.boosted(x, rows, encoding, *self._seek(self.plan(encoding), DEPTHS, x, rows))

    def _shallow(self, x: Columns, rows: Rows, encoding: Encoding) -> Booster:
        return self.shallow(x, rows, encoding, self._seek(self.plan(encoding).shallow(), _TWO, x, rows)[1])

    def candidates(self, rows: Rows, encoding: Encoding, decisions_lapsed: int) -> dict[str, Learner]:
        """Every learner that so many lapses allow, fitted on *rows*."""
        x = encoding.encode(rows.matrix)
        table = fit_life_table(x, rows.y, encoding.columns, rows.weight)
        if decisions_lapsed < FLOOR or len(np.unique(rows.y)) < 2:
            return {LIFE_TABLE: table}
        fits: list[Callable[[], Learner]] = [
            lambda: fit_logistic(x, rows.y, rows.members, seed=self.seed, weight=rows.weight, taught_by=TAUGHT_BY)
        ]
        if decisions_lapsed >= FULL_STRENGTH:
            fits += [partial(grow, x, rows, encoding) for grow in (self._trees, self._shallow)]
        logistic, *boosted = self.together(*fits)
        assert isinstance(logistic, Logistic)
        self._strength = logistic.strength
        fitted: dict[str, Learner] = {LIFE_TABLE: table, LOGISTIC: logistic}
        if boosted:
            trees, shallow = boosted
            fitted |= {BOOSTER: trees, BLEND: mean_of(trees, shallow, logistic)}
        return fitted

    def refit(self, kind: str, rows: Rows, encoding: Encoding, *, seed: int, growth: Growth | None = None) -> Learner:
        """One learner of *kind* on other rows, each booster as large as *growth* says."""
        x = encoding.encode(rows.matrix)
        if kind == LIFE_TABLE:
            return fit_life_table(x, rows.y, encoding.columns, rows.weight)
        if kind == LOGISTIC:
            return self._logistic(x, rows, seed)
        growth = growth or Growth()
        plan = self.plan(encoding, seed, growth.depth)
        booster = fit_booster(x, rows.y, rounds=growth.rounds, plan=plan)
        if kind == BOOSTER:
            return booster
        shallow = fit_booster(x, rows.y, rounds=growth.shallow, plan=plan.shallow())
        return mean_of(booster, replace(shallow, file=SHALLOW), self._logistic(x, rows, seed))

    def _logistic(self, x: Columns, rows: Rows, seed: int) -> Logistic:
        """With the penalty that served the last candidate."""
        return fit_logistic(
            x, rows.y, rows.members, seed=seed, strength=self._strength, most_rows=10_000, weight=rows.weight
        )


def mean_of(trees: Learner, shallow: Learner, lines: Learner) -> Blend:
    """What looks at several columns together for one half; what takes them two by two and what draws a straight line
    over each for the other."""
    return Blend((trees, Blend((shallow, lines))))


def load_learner(kind: str, files: dict[str, bytes], threads: int = 1) -> Learner:
    """Back from what `Learner.files` gave."""
    if kind == LIFE_TABLE:
        return LifeTable.load(files["life_table.json"])
    if kind == LOGISTIC:
        return Logistic.load(files["logistic.json"])
    # Models from before keep their trees in the library's binary form.
    trees = {name.replace(".ubj", ".json"): data for name, data in files.items()}
    booster = Booster(trees[TREES], threads)
    if kind == BOOSTER:
        return booster
    lines = Logistic.load(files["logistic.json"])
    if SHALLOW not in trees:  # A blend from before there were any.
        return Blend((booster, lines))
    return mean_of(booster, Booster(trees[SHALLOW], threads, SHALLOW), lines)
