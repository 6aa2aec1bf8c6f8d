"""A worse model does not take over by rule, a better one does, and one that is as good is not kept out."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from tenure.risk.contest import compare
from tenure.risk.learners import sigmoid
from tenure.risk.metrics import log_loss

NOBODY = pl.DataFrame(
    schema={"member": pl.Int64(), "valid_from": pl.Datetime("us"), "organization": pl.Int64()},
)


def world(seed: int, decisions: int = 900):
    """Renewals with their true probabilities, and the terms they belong to."""
    rng = np.random.default_rng(seed)
    z = rng.normal(-1.5, 1.1, decisions)
    p = 1 / (1 + np.exp(-z))
    ends = [dt.date(2024, 1, 1) + dt.timedelta(days=int(d)) for d in rng.integers(0, 365, decisions)]
    base = pl.DataFrame({"member": np.arange(decisions) // 2, "ends_on": ends}).unique(
        ["member", "ends_on"], keep="first", maintain_order=True
    )
    n = len(base)
    base = base.with_columns(
        as_of=pl.col("ends_on") - pl.duration(days=30), lapsed=pl.Series((rng.random(n) < p[:n]).astype(np.int8))
    )
    terms = base.select(
        "member", "ends_on", recorded_at=pl.lit(dt.datetime(2023, 1, 1)),
        member_type=pl.when(pl.col("member") % 5 == 0).then(pl.lit("STU")).otherwise(pl.lit("REG")),
    )  # fmt: skip
    return rng, z[:n], base, terms


def said(base: pl.DataFrame, z: np.ndarray) -> pl.DataFrame:
    return base.with_columns(p_lapse_renewal=pl.Series(1 / (1 + np.exp(-z))))


def test_a_worse_challenger_is_never_promoted_and_a_better_one_soon():
    """200 worlds: one that adds noise to the champion's log-odds takes over in at most 5 % of them."""
    worse, better = [], []
    for seed in range(200):
        rng, z, base, terms = world(seed, decisions=500)
        blurred = z + rng.normal(0, 0.8, z.size)
        worse.append(compare(said(base, blurred), said(base, z), NOBODY, terms).passed)
        if seed < 40:
            better.append(compare(said(base, z), said(base, blurred), NOBODY, terms).passed)

    assert sum(worse) <= 10
    assert sum(better) >= 39


def test_the_same_thing_made_again_takes_over():
    """Next month's model says nearly the same of old renewals; it must not be kept out by chance."""
    passed = 0
    for seed in range(40):
        rng, z, base, terms = world(seed, decisions=500)
        passed += compare(said(base, z + rng.normal(0, 0.05, z.size)), said(base, z), NOBODY, terms).passed

    assert passed >= 39


def test_one_that_is_worse_for_one_type_waits_and_says_for_which():
    """Better on the whole, and ruinous for students."""
    _, z, base, terms = world(3, decisions=4000)
    student = (base["member"] % 5 == 0).to_numpy()
    blurred = z + np.random.default_rng(1).normal(0, 1.2, z.size)
    found = compare(said(base, np.where(student, -z - 3, z)), said(base, np.where(student, z, blurred)), NOBODY, terms)

    assert not found.passed
    assert "STU" in str(found.evidence["by_type"])


def test_chances_that_are_surely_stretched_wait():
    """Twice the log-odds is another confidence than the record gives."""
    _, z, base, terms = world(4, decisions=6000)
    found = compare(said(base, 1.15 * z + 0.15), said(base, z), NOBODY, terms)

    assert found.evidence["challenger_calibration_slope_high"] < 1
    assert found.evidence["challenger_calibration_slope"] < found.evidence["champion_calibration_slope"]


@pytest.mark.parametrize("times", [2.0, 3.0])
def test_chances_that_are_stretched_far_wait_though_their_log_loss_is_no_worse(times: float):
    """The champion foretells too few by so much that both lose as much; only how sure they are tells them apart."""
    _, z, base, terms = world(4, decisions=6000)
    y = base["lapsed"].to_numpy()
    lost = log_loss(sigmoid(times * z), y)
    shifts = np.linspace(-6, 0, 601)
    shift = shifts[np.argmin([abs(log_loss(sigmoid(z + shift), y) - lost) for shift in shifts])]

    found = compare(said(base, times * z), said(base, z + shift), NOBODY, terms)

    assert abs(found.evidence["share"]) < 0.01
    assert not found.passed
    assert "stretched" in found.words


def test_too_few_in_common_lets_the_newer_serve():
    """Nothing can be told from a dozen renewals."""
    _, z, base, terms = world(5)
    found = compare(said(base, z), said(base, z).head(12), NOBODY, terms)

    assert found.passed
    assert "12 renewals" in found.words
