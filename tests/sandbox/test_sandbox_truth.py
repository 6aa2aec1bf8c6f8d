"""What the truth says comes true, and contact does what the truth says it would."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from imis_sandbox.rest.records import Records
from imis_sandbox.truth import past_decisions, pending_decisions
from imis_sandbox.world import Association, Config, truth

RECIPE = Config(members=2_500, seed=11, years=1.0, today=dt.date(2025, 6, 1), events_per_year=60)


@pytest.fixture(scope="module")
def told_and_lived() -> pl.DataFrame:
    """Pending decisions of the next 90 days, with what became of them."""
    association = Association(RECIPE)
    told = pending_decisions(Records(association))
    association.advance(135)
    soon = told.filter(pl.col("ends_on") < RECIPE.today + dt.timedelta(days=90))
    lived = past_decisions(Records(association)).select("member_id", "ends_on", "lapsed")
    return soon.join(lived, on=["member_id", "ends_on"], how="inner")


def test_the_truth_is_calibrated_for_who_knows_what_is_unpaid(told_and_lived: pl.DataFrame) -> None:
    assert len(told_and_lived) > 500
    assert abs(told_and_lived["p_lapse_unpaid"].mean() - told_and_lived["lapsed"].mean()) < 0.035
    likely = told_and_lived.filter(pl.col("p_lapse_unpaid") > 0.5)
    unlikely = told_and_lived.filter(pl.col("p_lapse_unpaid") < 0.1)
    assert abs(likely["p_lapse_unpaid"].mean() - likely["lapsed"].mean()) < 0.12
    assert unlikely["lapsed"].mean() < 0.08


def test_who_has_silently_decided_lapses(told_and_lived: pl.DataFrame) -> None:
    decided = told_and_lived.filter(pl.col("p_lapse") == 1.0)
    assert len(decided) > 10
    assert (decided["lapsed"] == 1).all()
    assert (decided["p_lapse_unpaid"] < 1.0).any()


def test_contact_moves_whom_it_should() -> None:
    shares = {}
    for reach in (False, True):
        association = Association(RECIPE)
        people, made = association.state.people, len(association.state.decisions)
        for _ in range(12):
            if reach:
                truth.reach(association.state, np.arange(len(people)), association.state.today, truth.TALK)
            association.advance(14)
        decided = association.state.decisions
        effect = association.state.people["effect"][decided["who"][made:]]
        lapsed = decided["lapsed"][made:]
        shares[reach] = lapsed[effect < -0.25].mean(), lapsed[effect > 0.25].mean()
    assert shares[True][0] < shares[False][0] - 0.02
    assert shares[True][1] > shares[False][1]


def test_what_is_true_of_a_member_does_not_depend_on_who_else_is_asked_about() -> None:
    state = Association(RECIPE).state
    who = np.flatnonzero(state.people["ends"] > state.today)
    together, reversed_ = truth.expected(state, who), truth.expected(state, who[::-1])
    for said, again in zip(together, reversed_, strict=True):
        assert np.allclose(said, again[::-1], atol=1e-12)
