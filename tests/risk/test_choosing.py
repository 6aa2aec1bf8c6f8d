"""Which learner speaks: the one that past renewals favor, once more than one stretch of the past can tell."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from tenure.risk.backtest import choose
from tenure.risk.calibration import Calibrator
from tenure.risk.learners import BLEND, BOOSTER, LIFE_TABLE, LOGISTIC, Floats

ENDED = dt.date(2024, 6, 30)
LATER = dt.date(2024, 12, 31)


def past(decisions: int) -> tuple[pl.DataFrame, dict[str, Floats]]:
    """Renewals that came due, and what was said of them: the logistic model is right, the blend less so."""
    rng = np.random.default_rng(4)
    truth = rng.normal(-1.5, 1.5, decisions)
    noisy = truth + rng.normal(0, 1.0, decisions)
    judged = pl.DataFrame({
        "term_id": np.arange(decisions), "lapsed": (rng.random(decisions) < 1 / (1 + np.exp(-truth))).astype(np.int8),
    }).with_columns(
        ends_on=pl.lit(ENDED), ends=pl.lit(ENDED), as_of=pl.lit(ENDED - dt.timedelta(days=30)), grace=pl.lit(30),
        fair=pl.lit(value=True),
    )  # fmt: skip
    return judged, {LOGISTIC: truth, BLEND: noisy, BOOSTER: 2 * noisy - truth, LIFE_TABLE: np.full(decisions, -1.2)}


@pytest.mark.parametrize(("folds", "lapsed", "chosen"), [(1, 900, BLEND), (2, 900, LOGISTIC), (1, 90, LOGISTIC)])
def test_one_stretch_of_the_past_chooses_none_where_every_learner_could_speak(folds: int, lapsed: int, chosen: str):
    """Another stretch beside it may; and where lapses are few, the usual one would be the simplest."""
    judged, margins = past(2_000)
    fold = np.arange(judged.height) % folds
    name, why = choose(judged, margins, dict.fromkeys(margins, Calibrator()), fold, until=LATER, lapsed=lapsed)

    assert name == chosen
    assert ("more than one half of a year" in why) == (chosen == BLEND)


def test_a_stretch_without_both_outcomes_tells_nothing():
    """As where those who left are known of before those who stay."""
    judged, margins = past(2_000)
    fold = (np.arange(judged.height) < 200).astype(np.int64)
    judged = judged.with_columns(lapsed=pl.when(pl.Series(fold) == 1).then(1).otherwise("lapsed"))

    name, _ = choose(judged, margins, dict.fromkeys(margins, Calibrator()), fold, until=LATER, lapsed=900)
    assert name == BLEND


def test_what_another_stood_in_for_is_not_the_usual_one():
    """Where no past model had lapses enough for the blend, what was said in its name was the logistic model's."""
    judged, margins = past(2_000)
    margins |= {BLEND: margins[LOGISTIC], BOOSTER: margins[LOGISTIC]}
    fold = np.zeros(judged.height, np.int64)

    name, _ = choose(judged, margins, dict.fromkeys(margins, Calibrator()), fold, until=LATER, lapsed=900)
    assert name == LOGISTIC
