"""Measures and their intervals: each holds the truth about as often as it says, and counts payers, not rows."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from tenure.app.evaluation import words_of
from tenure.base.settings import Capacity
from tenure.risk.figures import less_or_more
from tenure.risk.grade import graded
from tenure.risk.metrics import at_capacity, auc, bins_of, calibration_bins, log_loss, surely_worse
from tenure.risk.months import shared_by_lead
from tenure.risk.report import payers, reach, report
from tenure.risk.resampling import Draws, calibrated, draw, saved, summary

TENTH = {"10": 0.10}


def decided(seed: int, payers_: int = 300, each: int = 3, slope: float = 1.0):
    """Decisions of payers who each share a fate in part; the predictions are right when *slope* is 1."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(payers_), each)
    z = -1.2 + np.repeat(rng.normal(0, 1.2, payers_), each)
    p = 1 / (1 + np.exp(-z))
    y = (rng.random(p.size) < p).astype(float)
    return 1 / (1 + np.exp(-z / slope)), y, cluster


def measured(p: np.ndarray, y: np.ndarray, draws: Draws) -> dict[str, float]:
    """Every measure there is."""
    return summary(p, y, draws, capacity=TENTH) | calibrated(p, y, draws)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    """The predictions are the truth here, so slope 1, intercept 0 and a gap of 0 are what is to be held."""
    truth = {"calibration_slope": 1.0, "calibration_intercept": 0.0, "calibration_in_the_large": 0.0}
    big_p, big_y, _ = decided(10_000, payers_=100_000)
    truth |= {"auc": auc(big_p, big_y), "log_loss": log_loss(big_p, big_y)}
    truth["precision_at_10"] = at_capacity(big_p, big_y, 0.10)[0]
    held = dict.fromkeys(truth, 0)
    for seed in range(150):
        p, y, cluster = decided(seed)
        found = measured(p, y, draw(cluster, seed=seed, repeats=150))
        for name, value in truth.items():
            held[name] += found[f"{name}_low"] <= value <= found[f"{name}_high"]

    assert all(128 <= count <= 149 for count in held.values()), held


def test_a_payer_who_decides_four_times_alike_counts_once():
    """Copies of a decision say nothing new: the interval stays as wide as it was."""
    p, y, cluster = decided(1, each=1)
    alone = measured(p, y, draw(cluster, seed=5))
    copies = measured(np.tile(p, 4), np.tile(y, 4), draw(np.tile(cluster, 4), seed=5))
    apart = measured(np.tile(p, 4), np.tile(y, 4), draw(np.arange(4 * p.size), seed=5))

    for name in ("auc", "brier", "calibration_in_the_large"):
        width, same, half = (one[f"{name}_high"] - one[f"{name}_low"] for one in (alone, copies, apart))
        assert same == pytest.approx(width, rel=1e-6)
        assert half < 0.65 * width


def test_every_figure_lies_within_its_interval():
    """Also where ties abound, as for a base rate."""
    p, y, cluster = decided(2)
    for said in (p, np.round(p, 1), np.full(p.size, y.mean())):
        found = measured(said, y, draw(cluster, seed=1))
        known = [name for name in found if f"{name}_low" in found and np.isfinite(found[f"{name}_low"])]

        assert len(known) >= 7
        assert all(found[f"{name}_low"] <= found[name] <= found[f"{name}_high"] for name in known)


def open_days(members: int, seed: int) -> pl.DataFrame:
    """A renewal of each member on each day on which it is open, with the true chance of a lapse as `p`.

    A fifth lapse or more, by the member; who renews does so on any of the last two hundred days. So of those who have
    not paid by a later day more lapse.
    """
    rng = np.random.default_rng(seed)
    lapse = rng.beta(2, 6, members)
    lapsed = rng.random(members) < lapse
    paid = np.where(lapsed, -1.0, rng.uniform(0, 200, members))
    before = np.array([180, 90, 60, 30, 0])
    member, day = (grid.ravel() for grid in np.meshgrid(np.arange(members), before, indexing="ij"))
    open_ = paid[member] < day
    still = lapse[member] + (1 - lapse[member]) * day / 200
    end = np.datetime64("2024-06-30")
    return pl.DataFrame({
        "member": member, "term_id": member, "at": member, "as_of": end - day, "lapsed": lapsed[member].astype(np.int8),
        "p": lapse[member] / still,
    }).filter(open_).with_columns(
        pl.lit(end).alias("ends_on"), pl.lit(end).alias("ends"), pl.lit(0.25).alias("base_rate"),
        pl.lit(0.25).alias("points_score"), pl.lit(0.25).alias("life table"), pl.lit(1.0).alias("points"),
    )  # fmt: skip


def test_true_chances_are_right_whenever_members_pay():
    """By the day nothing is off; once per decision, at its last open day, too many lapses seem foretold."""
    members = 20_000
    found = open_days(members, seed=8)
    stood = pl.DataFrame({"terms_in_spell": 2, "member_type": "REG", "record_type": "individual"}).select(
        pl.all().repeat_by(members).explode()
    )
    nobody = pl.DataFrame(schema={"member": pl.Int64, "valid_from": pl.Int64, "organization": pl.Int64})
    by_day, once = (report(found, [], stood, nobody, Capacity(), whole=whole) for whole in (True, False))
    ours, theirs = by_day["models"]["tenure"], once["models"]["tenure"]

    assert ours["calibration_in_the_large_low"] <= 0 <= ours["calibration_in_the_large_high"]
    assert abs(ours["calibration_in_the_large"]) < 0.005
    assert ours["calibration_error"] < 0.01
    assert all(one["low"] <= one["predicted"] <= one["high"] for one in by_day["calibration"])
    assert {one["verdict"] for one in by_day["slices"]} == {"as foretold"}
    assert theirs["calibration_in_the_large_high"] < -0.01
    assert ours["auc"] == theirs["auc"]


def test_a_points_score_is_ranked_by_its_points():
    """What points stand for rose, so that chances rank the years and not the members; equals share a place."""
    found = open_days(4_000, seed=9).filter(pl.col("as_of") == pl.col("ends") - pl.duration(days=30))
    risk, late = pl.col("p"), pl.int_range(pl.len()) % 2
    found = found.with_columns(points=(risk * 10).floor())
    found = found.with_columns(points_score=0.02 * pl.col("points") + 0.4 * late)
    stood = pl.DataFrame({"terms_in_spell": [2] * 4_000, "member_type": "REG", "record_type": "individual"})
    nobody = pl.DataFrame(schema={"member": pl.Int64, "valid_from": pl.Int64, "organization": pl.Int64})

    told = report(found.sample(fraction=1, shuffle=True, seed=1), [], stood, nobody, Capacity())
    again = report(found.sample(fraction=1, shuffle=True, seed=2), [], stood, nobody, Capacity())

    theirs, y = told["models"]["points_score"], found["lapsed"].to_numpy().astype(np.float64)
    assert theirs["auc"] == pytest.approx(auc(found["points"].to_numpy(), y))
    assert theirs["auc"] > auc(found["points_score"].to_numpy(), y) + 0.03
    assert theirs["auc_low"] < theirs["auc"] < theirs["auc_high"]
    for models, row in ((told["models"], told["gains"][1]), (again["models"], again["gains"][1])):
        assert row["share"] == 0.10
        assert row["points_caught"] == pytest.approx(models["points_score"]["recall_at_10"])
        assert row["caught"] == pytest.approx(models["tenure"]["recall_at_10"])
    for one, other in zip(told["gains"], again["gains"], strict=True):
        assert one == pytest.approx(other)


def test_a_segment_is_held_against_what_was_said_of_itself():
    """Right on the whole, too low in the west and too high in the east; and too few in the north to tell."""
    members = 6_000
    found = open_days(members, seed=3)
    region = pl.Series(np.where(np.arange(members) < 40, "NORTH", np.where(np.arange(members) % 2, "WEST", "EAST")))
    shift = found.select(pl.when(pl.col("member") % 2 == 1).then(-0.06).otherwise(0.06)).to_series()
    found = found.with_columns(p=(pl.col("p") + shift).clip(0.01, 0.99))
    stood = pl.DataFrame({"terms_in_spell": 2, "member_type": "REG", "record_type": "individual"}).select(
        pl.all().repeat_by(members).explode()
    )
    nobody = pl.DataFrame(schema={"member": pl.Int64, "valid_from": pl.Int64, "organization": pl.Int64})
    told = report(found, [], stood.with_columns(region=region, chapter_id=None), nobody, Capacity())
    regions = {one["value"]: one for one in told["segments"] if one["by"] == "region"}

    assert {one["by"] for one in told["segments"]} == {"member_type", "region", "record_type"}
    assert abs(told["models"]["tenure"]["calibration_in_the_large"]) < 0.01
    for name, off in (("WEST", 0.06), ("EAST", -0.06)):
        low, high = (regions[name][f"calibration_in_the_large_{end}"] for end in ("low", "high"))
        assert low <= off <= high
        assert high - low < 0.05
    assert regions["NORTH"]["verdict"] == "too few to tell"
    assert "calibration_in_the_large" not in regions["NORTH"]
    assert sum(one["decisions"] for one in regions.values()) == told["decisions"]


def test_what_says_the_same_of_everybody_catches_a_tenth_with_a_tenth():
    """Equal predictions are in no order, whatever order the rows are in."""
    y = np.repeat([1.0, 0.0], [200, 800])

    assert at_capacity(np.full(1000, 0.2), y, 0.10) == pytest.approx((0.2, 0.1))


def test_too_extreme_predictions_are_seen():
    """A slope whose interval lies below one."""
    p, y, cluster = decided(3, slope=0.5)
    found = measured(p, y, draw(cluster, seed=1))

    assert 0.3 < found["calibration_slope_low"] < 0.5 < found["calibration_slope_high"] < 0.7
    assert found["calibration_error_low"] > 0.02


@pytest.mark.parametrize(
    ("p", "y"),
    [
        (np.linspace(0.1, 0.9, 112), np.repeat([0.0, 1.0], 56)),
        (0.2 + np.linspace(0, 1e-5, 280), np.tile([1.0, 0.0, 0.0, 0.0, 0.0], 56)),
        (np.repeat([0.17, 0.18], [279, 1]), np.tile([1.0, 0.0, 0.0, 0.0, 0.0], 56)),
    ],
    ids=["parted", "nearly constant", "one apart"],
)
def test_a_slope_that_cannot_be_told_is_none(p: np.ndarray, y: np.ndarray):
    """Predictions that part lapses from renewals, or that hardly differ, leave any slope as likely as the next."""
    found = calibrated(p, y, draw(np.arange(p.size), seed=1))

    for name in ("calibration_slope", "calibration_intercept"):
        assert [np.isnan(found[f"{name}{end}"]) for end in ("", "_low", "_high")] == [True] * 3
    assert np.isfinite(found["calibration_error"])


def test_slopes_that_are_told_have_bounds_that_can_be_read():
    """Few lapses and little spread: where there is a slope, its interval is none of thousands."""
    for seed in range(60):
        p, y, cluster = decided(seed, payers_=60, each=3, slope=(0.5, 1.0, 3.0)[seed % 3])
        found = calibrated(p, y, draw(cluster, seed=1))
        told = [found[f"calibration_slope{end}"] for end in ("", "_low", "_high")]

        assert np.isfinite(told).all() or np.isnan(told[0]), told
        assert not max(np.abs(told)) > 20, told


def test_a_slope_from_far_off_is_found():
    """Predictions that are far too timid and far too low: the walk to the slope does not leap over it."""
    rng = np.random.default_rng(5)
    z = rng.normal(-1.0, 1.5, 4_000)
    y = (rng.random(z.size) < 1 / (1 + np.exp(-z))).astype(float)
    timid = 1 / (1 + np.exp(-(z / 8 - 6)))

    assert calibrated(timid, y, draw(np.arange(z.size), seed=1))["calibration_slope"] == pytest.approx(8, abs=0.8)


def test_equal_predictions_are_not_parted():
    """One chance for everybody is one group; where most have the same, they are one of few."""
    y = np.repeat([0.0, 1.0], [800, 200])
    who = np.arange(1000)
    (one,) = calibration_bins(np.full(1000, 1 / 6), y, who)
    several = calibration_bins(np.repeat([0.05, 0.17, 0.17 + 1e-12, 0.4], [100, 400, 400, 100]), y, who)
    odd = calibration_bins(np.repeat([0.05, 0.17, 0.4], [3, 990, 7]), y, who)

    assert (one["n"], one["observed"]) == (1000, 0.2)
    assert calibrated(np.full(1000, 1 / 6), y, draw(who, seed=1))["calibration_error"] == pytest.approx(0.2 - 1 / 6)
    assert [group["n"] for group in several] == [100, 800, 100]
    assert [group["n"] for group in odd] == [1000]


def test_different_predictions_are_parted_into_ten_of_equally_many():
    p = np.random.default_rng(2).permutation(np.linspace(0.01, 0.9, 1_003))
    parts = bins_of(p)

    assert [part.size for part in parts] == [101] * 3 + [100] * 7
    assert all(p[low].max() < p[high].min() for low, high in pairwise(parts))
    assert sorted(np.concatenate(parts).tolist()) == list(range(1_003))


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.02, 0.05, "2 to 5 % less surprise"),
        (-0.17, 0.02, "17 % more to 2 % less surprise"),
        (-0.17, 0.001, "0 to 17 % more surprise"),
        (-0.001, 0.02, "0 to 2 % less surprise"),
        (-0.001, 0.002, "neither more nor less surprise"),
        (-0.17, -0.05, "5 to 17 % more surprise"),
        (-0.08, -0.08, "8 % more surprise"),
        (0.08, 0.08, "8 % less surprise"),
    ],
)
def test_what_is_saved_is_said_as_less_and_what_is_lost_as_more(low: float, high: float, words: str):
    assert less_or_more(low, high, "surprise") == words
    if low < 0 < high:
        assert f"usual rate ({words}). Of the tenth" in graded(_report(low, high))["sentence"]


def test_figures_in_words_stand_apart_and_have_one_minus():
    """The widest figures there are, a slope below nought and one that cannot be told."""
    ours = dict.fromkeys(("auc", "log_loss", "brier", "calibration_error", "recall_at_10", "precision_at_10"), 0.5)
    ours |= {"calibration_slope": -0.864, "calibration_slope_low": -1.605, "calibration_slope_high": 1.132}
    ours |= {"calibration_in_the_large": -0.0001, "calibration_intercept": -10.178}
    ours |= {"calibration_intercept_low": -12.5, "calibration_intercept_high": -9.25}
    saved_ = {"share": -0.081, "share_low": -0.12, "share_high": -0.04}
    unknown = ours | {f"calibration_{name}": None for name in ("slope", "intercept")}
    told = words_of({
        "version": "v", "as_of": "2025-01-01", "why_learner": "", "grade": {"letter": "D", "sentence": ""},
        "data": {"decisions": 1, "members": 1, "lapses": 1, "first_term_on": "", "last_decision_on": ""},
        "backtest": {
            "decisions": 900, "models": {"tenure": ours, "base_rate": unknown}, "calibration": [],
            "better": {"base_rate": saved_, "life_table": saved_ | {"share_high": 0.01}},
        },
    })  # fmt: skip
    rows = {line.split("  ")[1]: line.split("  ")[2:] for line in told.splitlines() if line.startswith("  ")}
    cells = {title: [cell.strip() for cell in row if cell.strip()] for title, row in rows.items()}

    assert cells["calibration slope"] == ["−0.864 (−1.605 to 1.132)", "cannot be told"]
    assert cells["and intercept"] == ["−10.178 (−12.500 to −9.250)", "cannot be told"]
    assert cells["lapsed − said, in 100"] == ["0.0", "0.0"]
    assert "Against the base rate: 8.1 % more log loss (4.0 to 12.0 % more)." in told
    assert "Against the life table: 8.1 % more log loss (12.0 % more to 1.0 % less): cannot tell." in told
    assert "?" not in told


def test_the_same_predictions_save_nothing():
    """The difference of a model with itself is nought, surely; with a constant it is not."""
    p, y, cluster = decided(4)
    draws = draw(cluster, seed=1)

    assert saved(p, p, y, draws) == pytest.approx(dict.fromkeys(saved(p, p, y, draws), 0.0))
    assert saved(p, np.full(p.size, y.mean()), y, draws)["difference_low"] > 0.02


def test_people_stand_with_the_organization_that_pays():
    """Somebody who has an organization is drawn with it; the organization with itself."""
    members = pl.DataFrame(
        {"member": [1, 1, 2, 9], "valid_from": [1, 2, 1, 1], "organization": [None, 9, None, None]},
        schema_overrides={"organization": pl.Int64},
    )

    assert payers(pl.Series([1, 2, 9, 7]), members).to_list() == [9, 2, 9, 7]


def test_hours_of_staff_become_a_share_of_the_list():
    """Twenty hours of forty-minute calls are thirty calls a month; a year of 1,200 renewals is 100 a month."""
    ends = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 12, 31), eager=True).sample(1200, with_replacement=True)
    shares, told = reach(ends, Capacity(hours_per_month=20, minutes_per_call=40))

    assert told["calls_per_month"] == 30
    assert shares["calls"] == pytest.approx(0.30, abs=0.01)
    assert list(reach(ends, Capacity())[0]) == ["10"]


@pytest.mark.parametrize("classes", [1, 2, 4])
def test_calls_of_a_year_are_for_the_class_of_the_year_where_all_come_due_on_one_day(classes: int):
    """Twenty calls a month are 240 a year, for 1,000 renewals each 31 December."""
    ends = pl.Series([dt.date(2020 + one, 12, 31) for one in range(classes) for _ in range(1000)])

    assert reach(ends, Capacity(hours_per_month=20, minutes_per_call=60))[0]["calls"] == pytest.approx(0.24, abs=0.001)


def _report(low: float, high: float, error: float = 0.01):
    ours = {"calibration_error": error, "precision_at_10": 0.4, "precision_at_10_low": 0.3, "precision_at_10_high": 0.5}
    saved_ = {"share": (low + high) / 2, "share_low": low, "share_high": high}
    return {
        "decisions": 900, "lapse_rate": 0.16, "models": {"tenure": ours | {"recall_at_10": 0.3}},
        "better": {"base_rate": saved_},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("low", "high", "letter", "word"),
    [
        (-0.02, 0.09, "–", "Cannot tell"),
        (0.16, 0.18, "B", "Good"),
        (0.10, 0.22, "B", "between C and B"),
        (-0.3, -0.1, "D", "Worse than"),
        (0.26, 0.30, "A", "Very good"),
    ],
)
def test_a_grade_says_no_more_than_its_interval_allows(low: float, high: float, letter: str, word: str):
    """No letter where zero is held; both letters where two are."""
    found = graded(_report(low, high))

    assert found["letter"] == letter
    assert word in found["sentence"]


def test_loose_numbers_cost_a_letter():
    """Good at ranking and wrong by six points is not very good."""
    assert graded(_report(0.26, 0.30, error=0.06))["letter"] == "B"


@pytest.mark.parametrize("shared", [0.0, 0.5])
def test_how_far_whole_months_are_off_together_is_found_from_the_past(shared: float):
    """Sixty months of 300 members, told 30 and 90 days ahead; far ahead they are off, near they are not."""
    rng = np.random.default_rng(4)
    members, many = 300, 60
    odds = rng.normal(-1.5, 1.0, (many, members))
    lapsed = rng.random(odds.shape) < 1 / (1 + np.exp(-odds))
    months = pl.date_range(dt.date(2019, 1, 31), dt.date(2023, 12, 31), "1mo", eager=True).dt.month_end()
    parts = []
    for ahead, off in ((30, 0.0), (90, shared)):
        said = 1 / (1 + np.exp(-(odds - rng.normal(0, off, (many, 1)))))
        ends = pl.Series(np.repeat(months.to_numpy(), members))
        parts.append(pl.DataFrame({"ends": ends, "p": said.ravel(), "lapsed": lapsed.ravel()}).with_columns(
            as_of=pl.col("ends") - pl.duration(days=ahead)
        ))  # fmt: skip
    near, far = shared_by_lead(pl.concat(parts))

    assert (near["from_days"], near["months"], far["from_days"], far["months"]) == (0, many, 76, many)
    assert near["shared"] < 0.12
    assert far["shared"] == pytest.approx(shared, abs=0.13)


def test_what_lost_by_a_hair_is_not_surely_worse_and_repeating_a_fate_makes_it_no_surer() -> None:
    p, y, _ = decided(5, payers_=2_000, each=1)
    shaken = np.log(p / (1 - p)) + np.random.default_rng(6).normal(0, 0.05, p.size)
    wrong, off = p[::-1].copy(), 1 / (1 + np.exp(-shaken))
    assert surely_worse(wrong, p, y, np.arange(p.size))
    assert not surely_worse(p, wrong, y, np.arange(p.size))
    worse, better = (off, p) if log_loss(off, y) > log_loss(p, y) else (p, off)
    assert not surely_worse(worse, better, y, np.arange(p.size))
    many, fates = (np.tile(each, 40) for each in (np.stack([worse, better, y]), np.arange(p.size)))
    assert not surely_worse(*many, fates)
    assert surely_worse(*many, np.arange(fates.size))
