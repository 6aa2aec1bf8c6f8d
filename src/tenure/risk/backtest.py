"""What the software would have said on each past day, fitted on nothing that was known only later.

Rolling origin: time is cut into folds. The model of a fold is fitted on the labels that were known when the fold
began, calibrated on what earlier folds said and had by then been proved right or wrong in, chosen by the same; and it
predicts the landmarks that fall into the fold. All rows of one member's decision share its fate, and no fold learns
from a decision that it predicts.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.base.settings import Membership
from tenure.features import FeatureMatrix
from tenure.risk.calibration import Calibrator
from tenure.risk.fitting import FULL_STRENGTH, Rows, Workshop, learn_columns
from tenure.risk.landmarks import labels
from tenure.risk.learners import BLEND, BOOSTER, LIFE_TABLE, LOGISTIC, Floats, sigmoid
from tenure.risk.lines import Lines, days_before, proved_by
from tenure.risk.metrics import auc, log_loss, surely_worse
from tenure.risk.newcomers import OWN_LINE, OWN_MODEL, are_new, compared, on_own_track
from tenure.risk.points import fit_points, points_score

_FOLD_DAYS = 182
_MOST_FOLDS = 6


@dataclass(frozen=True)
class Landmarks:
    """Everything that the back-test may draw on.

    Args:
        matrix: Features of the landmarks; `matrix.rows` says where each stood.
        draws: In which draws of days to learn from each row is, shape (n_rows, n_draws); of some it is in none.
        judged: The fixed landmarks of past decisions: `at` (row of `matrix`), `member`, `as_of`, `term_id`,
            `ends_on`, `grace`, `lapsed`, `ends` (as known on the day), `fair` (whether the day could be told before
            the outcome, and what was said of it tells of what would be said now); sorted by `as_of`.
        terms: All versions.
        members: All versions.
        rules: The association's own.
        whole: Whether next to all of each class are judged. Where judging has to begin within a class, those who had
            left by then are lacking, so that rates by day are none.
        since: Since when members' days are known about as they are now, where most of `judged` were so before.
    """

    matrix: FeatureMatrix
    draws: NDArray[np.bool_]
    judged: pl.DataFrame
    terms: pl.DataFrame
    members: pl.DataFrame
    rules: Membership
    whole: bool = True
    since: dt.date | None = None

    def known_by(self, day: dt.date) -> tuple[Rows, int]:
        """The rows whose labels were known on *day*, and how many lapsed decisions stand behind them."""
        rows, _, lapsed = self.known_with_departures(day)
        return rows, lapsed

    def known_with_departures(self, day: dt.date) -> tuple[Rows, pl.Series, int]:
        """The same, and between them the date on which each row's term ended after all."""
        stood = self.matrix.rows
        known = labels(stood, self.terms, self.members, self.rules, as_of=day)
        keep = self.draws.any(axis=1) & known["lapsed"].is_not_null().to_numpy()
        y = known["lapsed"].fill_null(0).to_numpy().astype(np.float64)[keep]
        lapsed = stood.filter(keep).filter(y > 0.5)["term_id"].n_unique()
        draws = self.draws[keep] if self.draws.shape[1] > 1 else None
        rows = Rows(self.matrix.take(keep), y, stood["member"].to_numpy()[keep], draws)
        return rows, known["left_on"].filter(keep), lapsed

    def judged_on(self, day: dt.date) -> pl.DataFrame:
        """`judged` with `lapsed` and `ends_on` as they were on record on *day*: a payment keyed in later was a lapse
        then. `lapsed` is null where nothing was known yet."""
        at = self.judged["at"]
        known = labels(self.matrix.rows[at], self.terms, self.members, self.rules, as_of=day)
        return self.judged.with_columns(
            lapsed=known["lapsed"].cast(pl.Int8), ends_on=pl.coalesce(known["left_on"], "ends_on")
        )


@dataclass(frozen=True)
class BackTest:
    """Out-of-time predictions for `Landmarks.judged`, and what they are worth.

    Args:
        predicted: `judged` with `p` (what the software would have said), and one column of probabilities for each
            learner, for the base rate and for the points score, `points`, and `foretold` (whether there was a model on
            the day; `fair` only where there was).
        folds: From, to, numbers and measures of each fold.
        calibrators: For each learner, the one to use from now on.
        best: The learner that has done best.
        why: In a sentence, why.
        newcomers: How rivals did that speak of new members alone; see `tenure.risk.newcomers.compared`.
    """

    predicted: pl.DataFrame
    folds: list[dict[str, Any]]
    calibrators: dict[str, Calibrator]
    best: str
    why: str
    newcomers: dict[str, Any]


def fold_edges(first: dt.date, last: dt.date) -> list[dt.date]:
    """Days on which folds begin, and the last one's end."""
    days = (last - first).days
    folds = int(np.clip(days // _FOLD_DAYS, 1, _MOST_FOLDS))
    return [first + dt.timedelta(days=round(days * i / folds)) for i in range(folds + 1)]


def run_backtest(
    landmarks: Landmarks, workshop: Workshop, as_of: dt.date, *, progress: Callable[[float], None] | None = None
) -> BackTest:
    """Predict every judged landmark with a model that existed on its day."""
    judged = landmarks.judged
    edges = fold_edges(judged["as_of"].min(), as_of)  # type: ignore[arg-type]
    margins: dict[str, Floats] = {}
    lines = Lines(judged, landmarks.whole)
    said, points, base, by_points, own, own_said, own_line = (np.full(len(judged), np.nan) for _ in range(7))
    new = are_new(landmarks.matrix.rows)[judged["at"].to_numpy()]
    folds: list[dict[str, Any]] = []
    day, before = judged["as_of"].to_numpy(), lines.before
    fold = np.searchsorted(np.array(edges[1:-1], "datetime64[D]"), day, side="right")
    for place, begin in enumerate(edges[:-1]):
        end = edges[place + 1] if place < len(edges) - 2 else as_of + dt.timedelta(days=1)
        here = (day >= np.datetime64(begin)) & (day < np.datetime64(end))
        rows, lapsed = landmarks.known_by(begin)
        if not here.any():
            continue
        matrix = _rows_of(landmarks.matrix, judged, here)
        _predict_fold(workshop, rows, lapsed, matrix, here, margins)
        then = landmarks.judged_on(begin)
        calibrators = lines.on(begin, margins, here, known=then)
        choice, _ = choose(then, margins, calibrators, fold, until=begin, lapsed=lapsed)
        said[here] = _or_prior(sigmoid(calibrators[choice](margins[choice][here], before[here])))
        own[here] = on_own_track(workshop, rows, matrix)
        rival = {OWN_MODEL: own, OWN_LINE: np.where(new, margins[choice], np.nan)}
        theirs = lines.on(begin, rival, here, known=then)
        own_said[here], own_line[here] = (
            sigmoid(theirs[name](margin[here], before[here])) for name, margin in rival.items()
        )
        rate = (lapsed + 1) / (rows.matrix.rows["term_id"].n_unique() + 6)
        base[here] = rate
        points[here] = points_score(matrix)
        by_points[here] = fit_points(rows.first_draw())(points[here]) if lapsed else rate
        folds.append(_fold_report(begin, end, choice, judged.filter(here), said[here]))
        if progress:
            progress((place + 1) / (len(edges) - 1))
    calibrators = lines.on(as_of, margins)
    lapsed = judged.filter(pl.col("lapsed") == 1)["term_id"].n_unique()
    lapsed = max(lapsed, landmarks.known_by(as_of)[1])
    if _told(judged, margins, as_of).sum() < _FEWEST:
        best, why = choose_by_members(landmarks.known_by(as_of)[0], workshop, lapsed=lapsed)
    else:
        best, why = choose(judged, margins, calibrators, fold, until=as_of, lapsed=lapsed)
    fair = judged["fair"].to_numpy() & new
    rivals = {OWN_MODEL: own_said[fair], OWN_LINE: own_line[fair]}
    decision = judged["term_id"].filter(fair).rank("dense").cast(pl.Int64).to_numpy()
    told = compared(judged["lapsed"].filter(fair).cast(pl.Float64).to_numpy(), decision, rivals, said[fair])
    columns = {"p": said, "points": points, "base_rate": base, "points_score": by_points}
    columns |= {name: _or_prior(sigmoid(calibrators[name](margin, before))) for name, margin in margins.items()}
    predicted = judged.with_columns(**{k: pl.Series(k, v) for k, v in columns.items()})
    return BackTest(_foretold(predicted, margins), folds, calibrators, best, why, told)


def _foretold(predicted: pl.DataFrame, margins: dict[str, Floats]) -> pl.DataFrame:
    """Mark what a model spoke of: of days before the first outcome was known nothing is told, and no model judged,
    unless there are no others."""
    spoken = ~np.isnan(margins[LIFE_TABLE])
    foretold = pl.Series("foretold", spoken if spoken.any() else np.ones(spoken.size, bool))
    return predicted.with_columns(foretold, fair=pl.col("fair") & foretold)


_PRIOR = 1 / 6
"""What is said of everybody while no renewal has been decided yet."""


def _or_prior(p: Floats) -> Floats:
    return np.where(np.isnan(p), _PRIOR, p)


def _rows_of(matrix: FeatureMatrix, judged: pl.DataFrame, here: NDArray[np.bool_]) -> FeatureMatrix:
    at = judged["at"].to_numpy()[here]
    return FeatureMatrix(matrix.rows[at], matrix.names, matrix.x[at], matrix.categories[at])


def _predict_fold(
    workshop: Workshop,
    rows: Rows,
    lapsed: int,
    matrix: FeatureMatrix,
    here: NDArray[np.bool_],
    margins: dict[str, Floats],
) -> None:
    """Fit every candidate on *rows* and write its log-odds for the fold into *margins*.

    A candidate that so few lapses do not allow yet stands in with the best that they do.
    """
    if len(np.unique(rows.y)) < 2:  # Nothing to learn from: what is said then is no model's, and calibrates none.
        found = {LIFE_TABLE: np.full(int(here.sum()), np.nan)}
    else:
        encoding = learn_columns(rows)
        x = encoding.encode(matrix)
        found = {name: one.margin(x) for name, one in workshop.candidates(rows, encoding, lapsed).items()}
    for name in (LIFE_TABLE, LOGISTIC, BOOSTER, BLEND):
        stand_in = found.get(name, found.get(LOGISTIC, found[LIFE_TABLE]))
        margins.setdefault(name, np.full(here.size, np.nan))[here] = stand_in


def choose(
    judged: pl.DataFrame,
    margins: dict[str, Floats],
    calibrators: dict[str, Calibrator],
    fold: NDArray[np.int64],
    *,
    until: dt.date,
    lapsed: int,
) -> tuple[str, str]:
    """The learner that did best in what was proved by *until*, among those that so many lapses allow.

    The lowest log loss wins, unless a simpler one is within one standard error of it: what chance alone may have given
    is no reason to prefer the more complicated (Breiman and others, *Classification and regression trees*, 1984).
    Chance is told by decisions. That one *fold* may favor a learner for more than that shows only beside another, so
    where lapses were enough for every learner, one fold alone chooses none.

    Args:
        judged: Past decisions day by day, as `Landmarks.judged_on` gives.
        margins: Of each learner, its out-of-time log-odds for each row.
        calibrators: Of each learner, the line that brings them into line.
        fold: The number of the fold of each row.
        until: Outcomes known by this day count.
        lapsed: How many lapses are known.

    Returns:
        Its name, and why in a clause.
    """
    allowed = [LIFE_TABLE, LOGISTIC] if lapsed < FULL_STRENGTH else [BLEND, BOOSTER, LOGISTIC, LIFE_TABLE]
    usual = LIFE_TABLE if lapsed < FULL_STRENGTH else BLEND
    proved = _told(judged, margins, until)
    if proved.sum() < _FEWEST:
        return usual, "too few renewals have come that could have been foretold to compare it with others"
    y = judged["lapsed"].filter(proved).to_numpy().astype(np.float64)
    telling = sum(np.unique(y[fold[proved] == one]).size == 2 for one in np.unique(fold))
    # Until a fold had lapses enough for it, the logistic model stood in for the blend.
    has_spoken = (margins[BLEND][proved] != margins[LOGISTIC][proved]).any()
    if usual == BLEND and telling < 2 and has_spoken:
        return usual, f"a {usual} serves until more than one half of a year can tell which learner is better"
    before = days_before(judged)[proved]
    said = {name: sigmoid(calibrators[name](margins[name][proved], before)) for name in allowed if name in margins}
    loss = {name: log_loss(p, y) for name, p in said.items()}
    lowest = min(loss, key=lambda name: loss[name])
    terms = judged["term_id"].filter(proved).rank("dense").to_numpy().astype(np.int64) - 1
    best = next(name for name in _SIMPLEST if name in said and not surely_worse(said[name], said[lowest], y, terms))
    others = ", ".join(f"{name} {value:.4f}" for name, value in sorted(loss.items(), key=lambda item: item[1]))
    why = "lowest log loss" if best == lowest else "simplest within chance of the lowest log loss"
    return best, f"{why} on past renewals that it had not seen ({others})"


_SIMPLEST = (LIFE_TABLE, LOGISTIC, BLEND, BOOSTER)

_FEWEST = 100
"""Days of past renewals, foretold and come, from which learners are compared."""

_PARTS = 5


def _told(judged: pl.DataFrame, margins: dict[str, Floats], until: dt.date) -> NDArray[np.bool_]:
    """Rows that a model spoke of and whose outcome was known by *until*."""
    return proved_by(judged, until, ever=True) & ~np.isnan(margins[LIFE_TABLE])


def choose_by_members(rows: Rows, workshop: Workshop, *, lapsed: int) -> tuple[str, str]:
    """The learner that did best for members whom it had not seen, five parts in turn; the simplest within chance of it.

    For an association so young that nothing has come yet which a model could have foretold. That leaves out time, and
    says nothing of how well a learner will foretell; of which of two is the better it says more than nothing.

    Args:
        rows: What is known.
        workshop: Fits them.
        lapsed: How many lapses are known.

    Returns:
        Its name, and why in a clause.
    """
    rows = rows.first_draw()
    member = np.unique(rows.members, return_inverse=True)[1]
    margins: dict[str, Floats] = {}
    for part in range(_PARTS):
        held = member % _PARTS == part
        if held.any() and not held.all():
            _predict_fold(workshop, rows.half(~held), lapsed, rows.matrix.take(held), held, margins)
    allowed = [name for name in _SIMPLEST if lapsed >= FULL_STRENGTH or name in (LIFE_TABLE, LOGISTIC)]
    said = {name: _or_prior(sigmoid(margins[name])) for name in allowed}
    loss = {name: log_loss(p, rows.y) for name, p in said.items()}
    lowest = min(loss, key=lambda name: loss[name])
    best = next(name for name in allowed if not surely_worse(said[name], said[lowest], rows.y, member))
    others = ", ".join(f"{name} {value:.4f}" for name, value in sorted(loss.items(), key=lambda item: item[1]))
    why = "lowest log loss" if best == lowest else "simplest within chance of the lowest log loss"
    return (
        best,
        f"{why} for members it had not seen, since no renewal has come yet that could have been foretold ({others})",
    )


def _fold_report(begin: dt.date, end: dt.date, choice: str, judged: pl.DataFrame, p: Floats) -> dict[str, Any]:
    y = judged["lapsed"].to_numpy().astype(np.float64)
    return {
        "from": begin.isoformat(),
        "to": (end - dt.timedelta(days=1)).isoformat(),
        "learner": choice,
        "decisions": judged["term_id"].n_unique(),
        "lapses": judged.filter(pl.col("lapsed") == 1)["term_id"].n_unique(),
        "auc": auc(p, y),
        "log_loss": log_loss(p, y),
    }
