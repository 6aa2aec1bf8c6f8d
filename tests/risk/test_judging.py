"""What a back-test reports is what came of it: the rivals as they are, payers and not rows, and all who decided."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from test_measures import open_days

from tenure.base.settings import Capacity
from tenure.risk.learners import logit, sigmoid
from tenure.risk.report import report
from trained_association import Trained


def reported(days: pl.DataFrame, paid_for: pl.DataFrame | None = None) -> dict[str, Any]:
    """The report on *days* of people of one type, whose organizations *paid_for* names, if any."""
    nobody = pl.DataFrame(schema={"member": pl.Int64, "valid_from": pl.Int64, "organization": pl.Int64})
    stood = pl.DataFrame({"terms_in_spell": 2, "member_type": "REG", "record_type": "individual"}).select(
        pl.all().repeat_by(int(days["at"].max()) + 1).explode()  # type: ignore[arg-type]
    )
    return report(days, [], stood, nobody if paid_for is None else paid_for, Capacity())


def test_always_saying_the_usual_rate_is_right_on_the_whole(trained: Trained):
    """The rival that grades are given against says the rate that was known, and so loses hardly more than the rate that
    came does; one that said anything else would be easily beaten."""
    found = trained.manifest["backtest"]
    rival, rate = found["models"]["base_rate"], found["lapse_rate"]

    assert 0.1 < rate < 0.4
    assert rival["calibration_in_the_large"] == pytest.approx(0, abs=0.03)
    assert rival["log_loss"] < -rate * np.log(rate) - (1 - rate) * np.log(1 - rate) + 0.02
    assert found["better"]["base_rate"]["share"] < 0.1


def test_people_whom_an_organization_pays_for_and_who_decide_alike_tell_no_more_than_one_of_them():
    """Every interval of the report, also those of slices, is as wide as that of one person from each organization."""
    each, one = 8, open_days(400, seed=8)
    copies = one.join(pl.DataFrame({"copy": range(each)}, schema={"copy": pl.Int64}), how="cross").with_columns(
        organization="member", member=1_000 + each * pl.col("member") + pl.col("copy"),
    ).with_columns(term_id="member")  # fmt: skip
    paid_for = copies.select("member", "organization").unique().with_columns(valid_from=pl.lit(1))
    alone, together, apart = reported(one), reported(copies, paid_for), reported(copies)

    assert (together["payers"], apart["payers"]) == (alone["payers"], each * alone["payers"])
    for place, name in (
        (("models", "tenure"), "auc"),
        (("models", "tenure"), "log_loss"),
        (("models", "tenure"), "calibration_in_the_large"),
        (("better", "base_rate"), "share"),
        (("slices", 0), "auc"),
        (("slices", 0), "calibration_in_the_large"),
    ):
        width, same, narrow = (
            told[place[0]][place[1]][f"{name}_high"] - told[place[0]][place[1]][f"{name}_low"]
            for told in (alone, together, apart)
        )
        assert same == pytest.approx(width), (place, name)
        assert narrow < 0.6 * width, (place, name)


@pytest.mark.parametrize("off", [0.0, 0.5])
def test_a_month_is_off_by_what_was_wrong_of_all_who_were_open_in_it(off: float):
    """Who renewed counts as who lapsed does: a month whose chances were true is not off, near or far."""
    days = open_days(6_000, seed=5)
    days = days.with_columns(p=pl.Series(sigmoid(logit(days["p"].to_numpy()) - off)))
    near, far = reported(days)["months"]

    assert near["months"] == far["months"] == 1
    assert near["shared"] == pytest.approx(off, abs=0.1)
    assert far["shared"] == pytest.approx(off, abs=0.1)
