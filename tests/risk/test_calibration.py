"""Chances are brought into line with what came of every day alike, near the renewal and far from it."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import polars as pl
import pytest

from tenure.risk.calibration import Calibrator, evenly, fit_calibrator, sentences_of
from tenure.risk.learners import Floats, sigmoid
from tenure.risk.lines import Lines

DAYS = (180, 90, 60, 30, 0)


def renewals(number: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Log-odds, outcome, days to the end and number of the decision of every day on which it was still open.

    Each stayer pays at some time in the last half year or in grace; who lapses is open on all days. What is said of
    either on a day is the true chance on that day.
    """
    rng = np.random.default_rng(1)
    lapsed = rng.random(number) < 0.2
    paid = np.where(lapsed, -100, rng.uniform(-60, 200, number))
    rows = [(decision, day) for decision in range(number) for day in DAYS if day > paid[decision]]
    decision, days = (np.array(each) for each in zip(*rows, strict=True))
    y = lapsed[decision].astype(np.float64)
    chance = np.array([y[days == day].mean() for day in DAYS])[np.searchsorted(-np.array(DAYS), -days)]
    return np.log(chance / (1 - chance)), y, days.astype(np.float64), decision


def test_early_payers_do_not_make_lapses_seem_rarer_than_they_are_on_any_day() -> None:
    margin, y, days, decision = renewals(4_000)
    weight = evenly(decision)
    assert weight.sum() == pytest.approx(np.unique(decision).size)
    said = sigmoid(fit_calibrator(margin, y, weight, days)(margin, days))
    for day in DAYS:
        assert said[days == day].mean() == pytest.approx(y[days == day].mean(), rel=0.05)


def test_what_members_do_is_trusted_more_near_the_renewal_than_far_from_it() -> None:
    rng = np.random.default_rng(2)
    margin, days = rng.normal(-1.5, 1.2, 20_000), rng.choice(DAYS, 20_000).astype(np.float64)
    true = -0.3 + np.where(days == 0, 1.2, 1.2 - 0.6 * days / 180) * margin
    y = (rng.random(margin.size) < sigmoid(true)).astype(np.float64)
    line = fit_calibrator(margin, y, np.ones(margin.size), days)
    assert line.slope == pytest.approx(1.2, abs=0.1)
    assert line.slope_at(np.array([180.0, 365.0])) == pytest.approx([0.6, 0.6], abs=0.1)
    assert line.slope_at(np.array([-10.0])) == pytest.approx([line.slope])
    assert np.abs(sigmoid(line(margin, days)) - sigmoid(true)).mean() < 0.01


def test_a_line_of_a_model_from_before_serves_all_days_alike() -> None:
    line = Calibrator(**json.loads('{"intercept": 0.1, "slope": 0.9, "learnt_from": 500}'))
    assert line(np.array([-2.0, -2.0]), np.array([0.0, 180.0])) == pytest.approx([-1.7, -1.7])


@pytest.mark.parametrize("spread", [0.0, 0.5])
def test_a_learner_that_was_sure_of_the_wrong_thing_is_set_right(spread: float) -> None:
    """One that gave everybody up, as after a season of which only those who left are known yet."""
    rng = np.random.default_rng(3)
    y, days = (rng.random(4_000) < 0.1).astype(np.float64), rng.choice(DAYS, 4_000).astype(np.float64)
    margin = 13.8 + spread * rng.normal(size=4_000)
    said = sigmoid(fit_calibrator(margin, y, np.ones(4_000), days)(margin, days))
    assert said.mean() == pytest.approx(0.1, abs=0.03)
    assert said.max() < 0.5


def half_years(off: list[float], members: int = 1_500) -> tuple[pl.DataFrame, Floats]:
    """Renewals of half-years that follow each other, and log-odds that are *off* by so much in each."""
    rng = np.random.default_rng(3)
    parts, said = [], []
    for number, error in enumerate(off):
        true = rng.normal(-1.5, 1.0, members)
        day = dt.date(2022, 1, 1) + dt.timedelta(days=182 * number)
        lapsed = rng.random(true.size) < sigmoid(true)
        ends = [day + dt.timedelta(days=int(after)) for after in rng.integers(30, 120, true.size)]
        parts.append(pl.DataFrame({"as_of": [day] * true.size, "ends": ends, "lapsed": lapsed.astype(np.int8)}))
        said.append(true - error)
    judged = pl.concat(parts).with_row_index("term_id").with_columns(ends_on="ends", grace=30, fair=True)
    return judged, np.concatenate(said)


def line_after(judged: pl.DataFrame, margin: Floats, day: dt.date) -> Calibrator:
    """The line on *day*, the half-years before it having been foretold one after the other."""
    lines, said = Lines(judged, whole=True), np.full(margin.size, np.nan)
    for begin in sorted(begin for begin in judged["as_of"].unique() if begin < day):
        here = (judged["as_of"] == begin).to_numpy()
        said[here] = margin[here]
        lines.on(begin, {"one": said}, here)
    return lines.on(day, {"one": said})["one"]


def whole_line(judged: pl.DataFrame, margin: Floats, day: dt.date) -> Calibrator:
    """The line on *day* where none before it was held against anything."""
    return Lines(judged, whole=True).on(day, {"one": np.where(judged["as_of"] < day, margin, np.nan)})["one"]


def moved(line: Calibrator) -> float:
    """By how much it moves what is usually said, two months before the renewal."""
    return float(line(np.array([-2.0]), np.array([60.0]))[0]) + 2.0


def test_a_line_is_believed_by_half_once_newer_models_had_learnt_what_it_adds() -> None:
    """A rate that rose in the first half-year, and that every model after it had seen; and one that no model sees."""
    second, third = dt.date(2022, 7, 2), dt.date(2022, 12, 31)
    judged, margin = half_years([0.8, 0.0, 0.0])
    assert moved(line_after(judged, margin, second)) == pytest.approx(0.8, abs=0.2)
    assert line_after(judged, margin, third).share == pytest.approx(0.5, abs=0.001)
    judged, margin = half_years([0.8, 0.8, 0.8])
    assert line_after(judged, margin, third).share == pytest.approx(1.0, abs=0.001)
    assert moved(whole_line(judged, margin, third)) == pytest.approx(0.8, abs=0.2)


def test_a_handful_of_outcomes_hardly_moves_how_far_a_line_is_believed() -> None:
    """In a small association the next few outcomes could else turn what everybody is given."""
    judged, margin = half_years([0.8, 0.0, 0.0], members=40)
    share = line_after(judged, margin, dt.date(2022, 12, 31)).share
    assert 0.6 < share < 1.0


def test_who_leaves_early_moves_no_line_before_those_who_stay() -> None:
    """A third of the next class has resigned; until the end that was scheduled for all, the class before it speaks."""
    before, margin = half_years([0.0])
    known, end = dt.date(2022, 7, 2), dt.date(2022, 12, 31)
    class_ = pl.DataFrame({"term_id": range(10_000, 10_900), "lapsed": [1, 0, 0] * 300}).with_columns(
        pl.col("term_id").cast(before["term_id"].dtype), pl.col("lapsed").cast(pl.Int8), as_of=pl.lit(known),
        ends=pl.lit(end), grace=pl.lit(30), fair=pl.lit(value=True),
        ends_on=pl.when(pl.col("lapsed") == 1).then(pl.lit(dt.date(2022, 8, 1))).otherwise(pl.lit(end)),
    )  # fmt: skip
    judged = pl.concat([before, class_.select(before.columns)])
    said = np.concatenate([margin, np.full(900, -0.7)])
    lines, past = Lines(judged, whole=True), Lines(before, whole=True)
    meanwhile, over = dt.date(2022, 12, 1), dt.date(2023, 3, 1)

    assert lines.on(meanwhile, {"one": said}) == past.on(meanwhile, {"one": margin})
    assert lines.on(over, {"one": said})["one"].learnt_from == before.height + 900


def test_what_came_later_does_not_move_a_line() -> None:
    judged, margin = half_years([0.8, 0.0, 0.0, 0.0])
    day = dt.date(2023, 4, 1)
    not_over = pl.col("ends") + pl.duration(days=30) >= day
    later = judged.with_columns(lapsed=pl.when(not_over).then(1 - pl.col("lapsed")).otherwise("lapsed"))
    assert not later.equals(judged)
    assert line_after(later, margin, day) == line_after(judged, margin, day)


def test_how_far_a_line_is_believed_is_said_and_kept() -> None:
    line = Calibrator(0.4, 1.2, 3_607, 0.1, -0.2)
    half = Calibrator(**json.loads(json.dumps(line.believed(0.5).as_json())))
    assert half == Calibrator(0.2, 1.1, 3_607, 0.05, -0.1, share=0.5)
    (whole_said,), (half_said,) = (list(sentences_of(one.as_json())) for one in (line, half))
    assert "3,607 renewals" in whole_said
    assert "by 50 in 100 of the way" in half_said
    assert "of the way" not in whole_said
    assert not list(sentences_of(Calibrator().as_json()))
