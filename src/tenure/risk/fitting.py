"""Fitting every candidate on the same rows, so that the back-test and the final model cannot differ."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tenure.features import DIRECTIONS, FeatureMatrix
from tenure.risk.encoding import Encoding
from tenure.risk.learners import (
    BLEND,
    BOOSTER,
    LIFE_TABLE,
    LOGISTIC,
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


def learn_columns(rows: Rows) -> Encoding:
    """The columns that models of *rows* take: as many days of a decision say how frequent a level is, whatever the
    number of draws."""
    first = rows.first_draw()
    return Encoding.learn(first.matrix, first.y)


@dataclass
class Workshop:
    """Fits candidates, remembering which trees and which penalty did best, so as not to seek them each time.

    Args:
        seed: Fixes every draw.
        threads: How many fits may run side by side; 0 takes what the machine has.
    """

    seed: int
    threads: int
    _growth: dict[int, tuple[int, int]] = field(default_factory=dict)
    _strength: float | None = None

    def plan(self, encoding: Encoding, seed: int | None = None, depth: int = 4) -> BoosterPlan:
        """How boosters on the columns of *encoding* are grown."""
        directions = tuple(DIRECTIONS.get(name, 0) for name in encoding.columns)
        return BoosterPlan(depth=depth, seed=self.seed if seed is None else seed, directions=directions)

    def together(self, *fits: Callable[[], Learner]) -> list[Learner]:
        """Run *fits* side by side, a thread each: on a busy machine threads within one fit wait for one another."""
        with ThreadPoolExecutor(self.threads or os.cpu_count() or 1) as pool:
            return [running.result() for running in [pool.submit(fit) for fit in fits]]

    def growth_found(self, rows: int) -> tuple[int, int] | None:
        """Depth and number of trees that were sought for about so many *rows*; None where none were."""
        near = (found for size, found in self._growth.items() if size / 1.5 <= rows <= size * 1.5)
        return next(near, None)

    def growth(self, x: Columns, rows: Rows, encoding: Encoding) -> tuple[int, int]:
        """Depth and number of trees for so many rows: sought once, on the first draw of days, and again when the rows
        have grown by half."""
        known = self.growth_found(rows.y.size)
        if known is not None:
            return known
        pick = slice(None) if rows.draws is None else rows.draws[:, 0]
        plan, rounds = best_growth(x[pick], rows.y[pick], rows.members[pick], plan=self.plan(encoding))
        self._growth[rows.y.size] = (plan.depth, rounds)
        return plan.depth, rounds

    def grown(self, x: Columns, rows: Rows, encoding: Encoding) -> Booster:
        """A booster on *rows*."""
        return self.boosted(x, rows, encoding, *self.growth(x, rows, encoding))

    def boosted(self, x: Columns, rows: Rows, encoding: Encoding, depth: int, rounds: int) -> Booster:
        """So many trees of such a depth on *rows*."""
        plan = self.plan(encoding, depth=depth)
        if rows.draws is None:
            return fit_booster(x, rows.y, rounds=rounds, plan=plan)
        return fit_by_turns(x, rows.y, rows.draws, rounds=rounds, plan=plan)

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
            fits.append(partial(self.grown, x, rows, encoding))
        logistic, *boosted = self.together(*fits)
        assert isinstance(logistic, Logistic)
        self._strength = logistic.strength
        fitted: dict[str, Learner] = {LIFE_TABLE: table, LOGISTIC: logistic}
        for booster in boosted:
            fitted |= {BOOSTER: booster, BLEND: Blend((booster, logistic))}
        return fitted

    def refit(
        self, kind: str, rows: Rows, encoding: Encoding, *, seed: int, growth: tuple[int, int] = (4, 60)
    ) -> Learner:
        """One learner of *kind* on other rows, with the depth and number of trees given."""
        x = encoding.encode(rows.matrix)
        if kind == LIFE_TABLE:
            return fit_life_table(x, rows.y, encoding.columns, rows.weight)
        if kind == LOGISTIC:
            return self._logistic(x, rows, seed)
        depth, rounds = growth
        booster = fit_booster(x, rows.y, rounds=rounds, plan=self.plan(encoding, seed, depth))
        if kind == BOOSTER:
            return booster
        return Blend((booster, self._logistic(x, rows, seed)))

    def _logistic(self, x: Columns, rows: Rows, seed: int) -> Logistic:
        """With the penalty that served the last candidate."""
        return fit_logistic(
            x, rows.y, rows.members, seed=seed, strength=self._strength, most_rows=10_000, weight=rows.weight
        )


def load_learner(kind: str, files: dict[str, bytes], threads: int = 1) -> Learner:
    """Back from what `Learner.files` gave."""
    if kind == LIFE_TABLE:
        return LifeTable.load(files["life_table.json"])
    if kind == LOGISTIC:
        return Logistic.load(files["logistic.json"])
    booster = Booster(files["booster.ubj"], threads)
    return booster if kind == BOOSTER else Blend((booster, Logistic.load(files["logistic.json"])))
