"""How far a member's true probability may lie from the one that is shown.

Half of the members teach one refit and the other half another; where the two disagree about a member, the data say
little about that member. The spread of such pairs, on the log-odds, estimates what chance did to the model; one
multiplier, found by refitting on labels drawn from the model's own probabilities (whose truth is therefore known),
makes up for what the spread cannot see, above all the shrinkage of the model itself.

Where lapses are rare, two halves agree because neither dares to say much. So how many decisions an estimate rests on is
read from the pairs where lapses are common, and what as many of them teach of a rare lapse is the least doubt there.

That much says how sure the model is of its average. A single member also differs in what the record does not show yet:
how engaged somebody is shows only in what they happen to do. How far such things reach is read from the back-test: by
how much the estimates of the same renewal lately moved while two more months of the record came in, carried on to
fourteen weeks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.risk.encoding import Encoding
from tenure.risk.fitting import PAYERS, Growth, Rows, Workshop, ask_for_payers, payers_of_each
from tenure.risk.learners import LIFE_TABLE, Columns, Floats, Learner, logit, sigmoid

_MOST_ROWS = 40_000
"""Rows behind each refit; more would not change the picture of how unsure the model is, only its price."""

_LIKE_SPREADS = 6.0
"""How many pairs' worth of evidence the spread of alike members brings to a member's own."""

NINETY = 1.6449


@dataclass(frozen=True)
class Spread:
    """Pairs of refits and the multiplier.

    Args:
        pairs: Learners fitted on complementary halves of the members.
        multiplier: What the pairs' spread has to be multiplied by for a nominal 90 % to hold.
        shrink: By how much the rows behind the refits were fewer than those behind the model, as a variance ratio.
        revision: Standard deviation, on the log-odds, of how far two more months of the record move an estimate.
        scarcity: One over the number of decisions on which an estimate rests: of a chance p, the variance of the
            log-odds is at least so much over p (1 − p), as it is of a share among so many.
    """

    pairs: tuple[tuple[Learner, Learner], ...]
    multiplier: float
    shrink: float
    revision: float = 0.0
    scarcity: float = 0.0

    def deviation(self, x: Columns, margin: Floats) -> Floats:
        """Standard deviation of the log-odds of each row, before the multiplier; shape (n_rows,)."""
        gaps = np.stack([(a.margin(x) - b.margin(x)) / 2 for a, b in self.pairs])
        own = np.mean(gaps**2, axis=0)
        like = _smoothed(own, margin)
        n = len(self.pairs)
        return np.asarray(np.sqrt(self.shrink * (n * own + _LIKE_SPREADS * like) / (n + _LIKE_SPREADS)))

    def interval(self, x: Columns, margin: Floats, calibrated: Floats, slope: Floats) -> tuple[Floats, Floats]:
        """A nominal 90 % interval for the probability, around its calibrated log-odds.

        A probability is the mean over members who look alike. Where they differ in what is not shown, most of them lie
        further out than the mean does on the log-odds, so the interval reaches from the mean beyond their middle.
        """
        unseen = self.revision * np.sqrt(_UNSEEN_DAYS / _REVISED_OVER)
        p = sigmoid(calibrated)
        least = np.sqrt(self.scarcity / np.maximum(p * (1 - p), _RAREST))
        learnt = np.maximum(self.multiplier * np.abs(slope) * self.deviation(x, margin), least)
        reach = NINETY * np.hypot(learnt, unseen)
        middle = calibrated * np.sqrt(1 + np.pi / 8 * unseen**2)
        low, high = np.minimum(calibrated, middle) - reach, np.maximum(calibrated, middle) + reach
        return sigmoid(low), sigmoid(high)


def learn_spread(
    workshop: Workshop,
    kind: str,
    rows: Rows,
    encoding: Encoding,
    learner: Learner,
    *,
    refits: int,
    growth: Growth,
    revision: float,
    progress: Callable[[float], None] | None = None,
) -> Spread:
    """Fit the pairs, then find the multiplier.

    Args:
        workshop: Fits learners.
        kind: Which learner.
        rows: All that the model learnt from.
        encoding: Its columns.
        learner: The model itself.
        refits: How many refits, two to a pair.
        growth: How large boosters grow.
        revision: As `revised_by` finds it.
        progress: Told the share done.

    Raises:
        BelowDataFloor: All lapses behind the rows, or all renewals, are of one payer, so that a half would lack them.
    """
    rng = np.random.default_rng(workshop.seed)
    use, shrink = _thinned(rows, rng)
    if kind != LIFE_TABLE:
        ask_for_payers(*payers_of_each(use))
    pairs = []
    for place in range(max(2, refits // 2)):
        first = _half(use, rng)
        a, b = workshop.together(
            *(
                partial(workshop.refit, kind, use.half(half), encoding, growth=growth, seed=workshop.seed + number)
                for number, half in ((2 * place, first), (2 * place + 1, ~first))
            )
        )
        pairs.append((a, b))
        if progress:
            progress((place + 1) / (refits // 2 + 1))
    spread = Spread(tuple(pairs), 1.0, shrink, revision)
    multiplier = _multiplier(workshop, kind, use, encoding, learner, spread, growth, rng)
    return replace(spread, multiplier=multiplier, scarcity=_scarcity(spread, encoding.encode(use.matrix), learner))


_RAREST = 1e-4
"""Chances beyond which the log-odds say nothing that a page could show."""


def _scarcity(spread: Spread, x: Columns, learner: Learner) -> float:
    """See `Spread`: from the rows whose chance is at least the usual, where the halves are free to differ."""
    margin = learner.margin(x)
    p = sigmoid(margin)
    common = p >= p.mean()
    variance = spread.deviation(x[common], margin[common]) ** 2
    return float(np.mean(variance * p[common] * (1 - p[common])))


_REVISED_OVER = 60
"""Days between the two estimates of a renewal from which is read how far the record still moves them."""

_UNSEEN_DAYS = 98
"""Days after which the record has shown about as much of how a member feels today as it ever will. Estimates move like
a random walk (their variance grows in proportion to the days between them), so what is to come is so many times what
was seen to come."""

_USUAL_REVISION, _STRENGTH = 0.8, 100
"""How far estimates move elsewhere, and the renewals by which an association shows that its own move otherwise."""

_LATELY = 550
"""Days before the newest renewals back to which movements are read: older ones were foretold by models that had seen
little, and that moved for want of learning."""


def revised_by(predicted: pl.DataFrame, learner: str) -> float:
    """How far, in log-odds, the estimate of a renewal moves from 90 days before it to 30 days before it.

    As the standard deviation of a bell curve in which nine in ten move as little as nine in ten do here: a few
    estimates near 0 or 1 move far for no good reason.

    Args:
        predicted: Out-of-time predictions: `term_id`, `ends` (as known on the day), `as_of`, and one column of
            probabilities for each learner.
        learner: Whose.
    """
    lately = predicted.filter(pl.col("ends") > pl.col("ends").max() - pl.duration(days=_LATELY))
    before = (pl.col("ends") - pl.col("as_of")).dt.total_days()
    odds = lately.select("term_id", before=before, odds=pl.Series(logit(lately[learner].to_numpy())))
    early, late = (odds.filter(pl.col("before") == day) for day in (30 + _REVISED_OVER, 30))
    moved = early.join(late, on="term_id", suffix="_late").select(pl.col("odds_late") - pl.col("odds")).to_series()
    n = len(moved)
    # What all estimates move by is the calendar's doing and no member's.
    apart = np.abs(moved.to_numpy() - np.median(moved.to_numpy())) if n else np.zeros(1)
    own = float(np.quantile(apart, 0.9)) / NINETY
    return float(np.sqrt((n * own**2 + _STRENGTH * _USUAL_REVISION**2) / (n + _STRENGTH)))


def _thinned(rows: Rows, rng: np.random.Generator) -> tuple[Rows, float]:
    """At most `_MOST_ROWS` rows, whole members; and what that does to a variance."""
    if rows.y.size <= _MOST_ROWS:
        return rows, 1.0
    distinct, share = np.unique(rows.members), _MOST_ROWS / rows.y.size
    kept = rows.half(np.isin(rows.members, distinct[rng.random(distinct.size) < share]))
    if min(payers_of_each(kept)) < PAYERS:  # Where few payers lapsed, or few renewed, chance may leave out all of them.
        line = _in_line(rows, rng)
        taken = rng.random(line.size) < share
        taken[[0, 1, -2, -1]] = True
        kept = rows.half(np.isin(rows.members, line[taken]))
    return kept, kept.y.size / rows.y.size


def _half(rows: Rows, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which rows are those of one half of the members at random, neither half being without lapses or renewals."""
    distinct = np.unique(rows.members)
    pick = np.isin(rows.members, distinct[rng.random(distinct.size) < 0.5])
    if all(np.unique(rows.y[side]).size == 2 for side in (pick, ~pick)):
        return pick
    return np.isin(rows.members, _in_line(rows, rng)[rng.integers(2) :: 2])


def _in_line(rows: Rows, rng: np.random.Generator) -> NDArray[np.int64]:
    """The members at random within each of three parts: those who only lapsed, those with both, those who only renewed.

    Whoever takes every second of the line takes half of those with a lapse and half of those with a renewal, so that of
    two with either each half has one, however few they are.
    """
    distinct, at = np.unique(rows.members, return_inverse=True)
    lapsed, renewed = (np.bincount(at, rows.y == outcome, distinct.size) > 0 for outcome in (1, 0))
    part = np.where(renewed, np.where(lapsed, 1, 2), 0)
    return distinct[np.lexsort((rng.random(distinct.size), part))]


def _multiplier(
    workshop: Workshop,
    kind: str,
    rows: Rows,
    encoding: Encoding,
    learner: Learner,
    spread: Spread,
    growth: Growth,
    rng: np.random.Generator,
) -> float:
    """Refit on labels drawn from the model's own probabilities and see how far the refit falls from them."""
    x = encoding.encode(rows.matrix)
    truth = learner.margin(x)
    own = Spread(spread.pairs, 1.0, 1.0).deviation(x, truth)
    draws = [Rows(rows.matrix, _drawn_by_decision(rows, sigmoid(truth), rng), rows.members) for _ in range(2)]
    again = workshop.together(
        *(
            partial(workshop.refit, kind, drawn, encoding, growth=growth, seed=7919 + place)
            for place, drawn in enumerate(draws)
        )
    )
    ratios = [np.abs(one.margin(x) - truth) / np.maximum(own, 1e-3) for one in again]
    return float(np.clip(np.quantile(np.concatenate(ratios), 0.90) / NINETY, 1.0, 3.0))


def _drawn_by_decision(rows: Rows, p: Floats, rng: np.random.Generator) -> Floats:
    """Labels drawn so that the landmarks of one decision share one outcome, as they do in life."""
    keys = rows.matrix.rows["term_id"].rank("dense").to_numpy().astype(np.int64) - 1
    chance = rng.random(int(keys.max()) + 1)
    return np.asarray(chance[keys] < p, np.float64)


def _smoothed(own: Floats, margin: Floats, parts: int = 20) -> Floats:
    """The mean square gap of members of about the same risk."""
    order = np.argsort(margin, kind="stable")
    answer = np.empty_like(own)
    for part in np.array_split(order, min(parts, max(1, own.size // 20))):
        answer[part] = own[part].mean()
    return answer
