"""Intervals are as wide as the record leaves them, where lapses are rare as well."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from tenure.base.errors import BelowDataFloor
from tenure.features import CATEGORIES, FeatureMatrix
from tenure.risk.encoding import Encoding
from tenure.risk.fitting import Growth, Rows, Workshop
from tenure.risk.intervals import Spread, learn_spread, revised_by
from tenure.risk.learners import LIFE_TABLE, LOGISTIC, Columns, Learner, Logistic, fit_logistic, logit, sigmoid
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


def few_lapse(lapsed: tuple[int, ...], renewed: tuple[int, ...], times: int = 12) -> Rows:
    """Rows with one feature, so many times a lapse of each member of *lapsed* and a renewal of each of *renewed*."""
    members = np.repeat(np.array([*lapsed, *renewed], np.int64), times)
    y = np.repeat([1.0] * len(lapsed) + [0.0] * len(renewed), times)
    words = pl.DataFrame({field: pl.Series([None] * y.size, dtype=pl.String) for field in CATEGORIES})
    x = np.random.default_rng(5).normal(size=(y.size, 1)).astype(np.float32)
    rows = pl.DataFrame({"member": members, "term_id": np.arange(y.size)})
    return Rows(FeatureMatrix(rows, ("years",), x, words), y, members)


class Watched(Workshop):
    """Remembers which rows each refit had."""

    def refit(self, kind: str, rows: Rows, encoding: Encoding, *, seed: int, growth: Growth | None = None) -> Learner:
        self.had = [*getattr(self, "had", []), rows]
        return super().refit(kind, rows, encoding, seed=seed, growth=growth)


def spread_of(rows: Rows, seed: int, kind: str = LOGISTIC) -> list[Rows]:
    """The rows of each refit of a half, in the order in which they were asked for."""
    workshop, encoding = Watched(seed, 1), Encoding(("years",), {})
    learner = workshop.candidates(rows, encoding, 100)[LOGISTIC]
    learn_spread(workshop, kind, rows, encoding, learner, refits=10, growth=Growth(), revision=0.5)
    return workshop.had[:10]


ONE_TO_FORTY = tuple(range(1, 41))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("lapsed", "renewed"),
    [((1, 2, 3), ONE_TO_FORTY[3:]), (ONE_TO_FORTY, (7, 8)), ((1, 2), (1, 2)), ((1, 2, 3), (2, *ONE_TO_FORTY[3:]))],
)
def test_each_half_has_lapses_and_renewals_however_few_payers_have_them(
    seed: int, lapsed: tuple[int, ...], renewed: tuple[int, ...]
) -> None:
    rows = few_lapse(lapsed, renewed)
    halves = spread_of(rows, seed)
    everyone = set(lapsed) | set(renewed)
    assert len(halves) == 10
    for one, other in zip(halves[::2], halves[1::2], strict=True):
        first, second = set(one.members.tolist()), set(other.members.tolist())
        assert (first | second, first & second) == (everyone, set())
        assert all(set(half.y) == {0.0, 1.0} for half in (one, other))


def test_halves_are_drawn_anew_for_each_pair_and_again_the_same_by_the_seed() -> None:
    def drawn(seed: int) -> list[frozenset[int]]:
        return [frozenset(half.members.tolist()) for half in spread_of(few_lapse((1, 2, 3), ONE_TO_FORTY[3:]), seed)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert len(set(drawn(1))) == 10


def test_where_rows_are_too_many_the_few_payers_who_lapsed_stay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tenure.risk.intervals._MOST_ROWS", 60)
    for seed in range(5):
        halves = spread_of(few_lapse((1, 2), ONE_TO_FORTY[2:]), seed)
        assert all(set(half.y) == {0.0, 1.0} for half in halves)
        assert sum(half.y.size for half in halves[:2]) < 240


@pytest.mark.parametrize(("lapsed", "renewed", "what"), [((1,), (2, 3), "lapses"), ((1, 2), (3,), "renewals")])
def test_what_only_one_payer_did_teaches_nothing(lapsed: tuple[int, ...], renewed: tuple[int, ...], what: str) -> None:
    rows = few_lapse(lapsed, renewed)
    with pytest.raises(BelowDataFloor, match=f"all {what} that can be learnt from are of one payer"):
        spread_of(rows, 1)
    assert len(spread_of(rows, 1, LIFE_TABLE)) == 10


def test_fits_side_by_side_leave_the_limit_of_threads_to_one_another() -> None:
    """A fit that ends lifts no limit under which another one still adds up."""
    from threadpoolctl import threadpool_info, threadpool_limits

    def threads() -> set[int]:
        return {one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"}

    during: list[set[int]] = []
    rows = few_lapse((1, 2, 3), ONE_TO_FORTY[3:])

    def fit() -> Learner:
        fitted = fit_logistic(rows.matrix.x, rows.y, rows.members, seed=1)
        during.append(threads())
        return fitted

    with threadpool_limits(2, user_api="blas"):
        Workshop(1, 2).together(fit, fit)
        assert threads() == {2}
        assert during == [{1}, {1}]
        fit()
        assert threads() == {2}
