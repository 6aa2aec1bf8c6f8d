"""Intervals are as wide as the record leaves them, where lapses are rare as well."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from tenure.risk.intervals import Spread, revised_by
from tenure.risk.learners import Columns, Logistic, logit, sigmoid
from trained_association import Trained


def agreeing(number: int) -> tuple[Spread, Columns]:
    """Two halves that say the same of everybody, their estimates resting on so many decisions."""
    one = Logistic(np.zeros(1), np.ones(1), np.zeros(0, np.int64), np.ones(1), -2.0, 0.01)
    return Spread(((one, one),), 1.0, 1.0, scarcity=1 / number), np.zeros((3, 1), np.float32)


def test_a_rare_lapse_is_told_no_better_than_so_many_decisions_can_tell() -> None:
    spread, x = agreeing(100)
    p = np.array([0.004, 0.05, 0.4])
    low, high = spread.interval(x, logit(p), logit(p), np.ones(3))
    width = logit(high) - logit(low)
    assert (np.diff(width) < 0).all()
    # Among 100, a chance of 4 in 1000 lies as well near nought as at 1 in 20; of 40 in 100 more is known.
    assert low[0] < 0.0005
    assert high[0] > 0.02
    assert low[2] == pytest.approx(0.4 - 1.645 * np.sqrt(0.24 / 100), abs=0.01)
    assert high[2] == pytest.approx(0.4 + 1.645 * np.sqrt(0.24 / 100), abs=0.01)


def test_an_interval_is_no_narrower_for_a_model_that_learnt_from_fewer() -> None:
    p = np.array([0.01, 0.1, 0.5])
    few, many = (spread.interval(x, logit(p), logit(p), np.ones(3)) for spread, x in (agreeing(50), agreeing(500)))
    assert (few[0] < many[0]).all()
    assert (few[1] > many[1]).all()


def test_how_far_estimates_move_is_read_from_the_newest_renewals() -> None:
    rng = np.random.default_rng(3)
    parts = []
    for first, moves in ((dt.date(2020, 1, 1), 2.0), (dt.date(2025, 1, 1), 0.5)):
        ends = [first + dt.timedelta(days=int(day)) for day in rng.integers(0, 365, 4_000)]
        early = rng.normal(-2, 1, len(ends))
        for before, odds in ((90, early), (30, early + rng.normal(0, moves, len(ends)))):
            parts.append(
                pl.DataFrame({"ends": ends, "blend": sigmoid(odds)})
                .with_row_index("term_id", offset=first.year * 10_000)
                .with_columns(as_of=pl.col("ends") - pl.duration(days=before))
            )
    assert revised_by(pl.concat(parts), "blend") == pytest.approx(0.5, abs=0.05)


def test_what_is_scored_is_told_no_better_than_the_decisions_behind_it_can_tell(trained: Trained) -> None:
    """Training finds how many decisions stand behind an estimate: some, and no more than there were. Every interval is
    as wide as so many leave it, beside what no record shows yet."""
    interval, scores = trained.manifest["interval"], trained.scores
    behind = interval["decisions_alike"]
    p, low, high = (scores[name].to_numpy() for name in ("p_lapse_renewal", "p_low", "p_high"))
    least, unseen = np.sqrt(1 / (behind * p * (1 - p))), interval["revision"] * np.sqrt(98 / 60)

    assert 20 < behind < trained.manifest["data"]["decisions"]
    assert p.min() < 0.05
    assert (logit(high) - logit(low) >= 2 * 1.6449 * np.hypot(least, unseen) - 1e-9).all()
