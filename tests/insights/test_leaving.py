"""The predicted reason for leaving needs a fact and the model's agreement, and says so when it is not clear."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from tenure.features import FEATURES, GROUPS
from tenure.insights import NOT_CLEAR, REASONS, predicted_reason, says_retired
from tenure.insights.leaving import _ENGAGEMENT, _FACTS

ACTIVE = {"active_weeks_90": 6.0, "silence_ratio": 0.5, "cycle_trend": 0.1, "auto_renew": 0.0}
QUIET = {"active_weeks_90": 0.0, "silence_ratio": 5.0, "cycle_trend": -0.8, "auto_renew": 0.0}


def told(
    facts: dict[str, float],
    points: dict[str, float],
    *,
    title: str | None = None,
    priced: bool = False,
    said: str | None = None,
) -> tuple[str, str, bool]:
    found = predicted_reason(
        {name: np.array([value], np.float32) for name, value in facts.items()},
        {group: np.array([value]) for group, value in points.items()},
        says_retired(pl.Series([title], dtype=pl.String)),
        priced=np.array([priced]),
        said=np.array([said], object),
    )
    return found.reason[0], found.words[0], bool(found.involuntary[0])


@pytest.mark.parametrize(
    ("facts", "points", "title", "reason"),
    [
        (QUIET, {"overall": 8, "logins": 3}, None, "disengaged"),
        (ACTIVE | {"dues_change": 0.2}, {"price": 6, "overall": -2}, None, "price"),
        (ACTIVE | {"type_changed": 1, "dues_change": -0.4}, {"price": 6}, None, "price"),
        (ACTIVE | {"payments_failed_90": 1}, {"payments": 5}, None, "payment failure"),
        (ACTIVE | {"employer_changed": 1, "title_changed": 0}, {"profile": 4}, None, "employer stopped paying"),
        (QUIET | {"employer_changed": 1, "title_changed": 1}, {"overall": 6}, None, "left the field or retired"),
        (QUIET, {"overall": 9}, "Retired nurse", "left the field or retired"),
        (ACTIVE | {"in_chapter_365": 4, "in_chapter_90": 0}, {"chapter": 3}, None, "chapter drift"),
        (ACTIVE | {"paid_in_grace": 0.5, "days_to_renewal": -4}, {"timing": 20}, None, "forgot"),
    ],
)
def test_a_fact_with_the_models_agreement_names_the_reason(facts, points, title, reason):
    assert told(facts, points, title=title)[0] == reason


@pytest.mark.parametrize(
    ("facts", "points", "words"),
    [
        ({}, {}, ""),
        (ACTIVE, {"overall": 9, "price": 9}, "no fact on record speaks for a reason"),
        (ACTIVE | {"dues_change": 0.2}, {"price": -3}, "no fact on record speaks for a reason"),
        (QUIET | {"dues_change": 0.2}, {"overall": 5, "price": 5}, "price and disengaged speak about as loudly"),
        (QUIET, {"overall": 0.4}, "no fact on record speaks for a reason"),
    ],
)
def test_it_is_not_clear_without_a_fact_without_points_or_with_two_reasons(facts, points, words):
    if facts:
        assert told(facts, points)[:2] == (NOT_CLEAR, words)
    else:
        assert len(predicted_reason({}, {}).reason) == 0


def test_a_member_who_takes_part_and_renews_by_itself_is_lost_by_the_payment_alone():
    """Whatever else the model counts against such a member, the card is what to mend; not so for a silent one."""
    failed = {"card_expiring_90": 1.0, "auto_renew": 1.0}

    assert told(ACTIVE | failed, {"price": 9})[::2] == ("payment failure", True)
    assert told(QUIET | failed, {"overall": 9})[::2] == ("disengaged", False)


def test_price_is_named_by_what_is_no_feature_only_where_the_model_agrees():
    assert told(ACTIVE, {"price": 3}, priced=True)[0] == "price"
    assert told(ACTIVE, {"price": -3}, priced=True)[0] == NOT_CLEAR
    assert told(QUIET, {"price": 3, "overall": 3}, priced=True)[0] == NOT_CLEAR


def test_what_a_member_said_goes_before_what_the_record_tells():
    """Also before the job title, and before what a rule thinks of a card."""
    assert told(QUIET, {"overall": 9}, said="price")[:2] == ("price", "the member said so when asked")
    assert told(ACTIVE | {"card_expiring_90": 1.0, "auto_renew": 1.0}, {}, said="forgot")[0] == "forgot"
    assert told(QUIET, {"overall": 9}, title="Retired nurse", said="price")[0] == "price"


def test_every_fact_and_group_that_the_rule_reads_exists():
    """A feature that is renamed must not silence a reason."""
    names, groups = {feature.name for feature in FEATURES}, {group.name for group in GROUPS}
    read: set[str] = set()

    class Noting(dict):
        def get(self, name, default=None):
            read.add(name)
            return default

    predicted_reason(Noting(active_weeks_90=np.zeros(1)), {})

    assert read <= names
    assert len(read) > 12
    assert {*_ENGAGEMENT, "payments", "profile", "price", "chapter", "timing", "billing"} <= groups
    assert set(REASONS) == {*_FACTS, NOT_CLEAR}


@pytest.mark.parametrize(
    ("title", "said"),
    [("Retired", True), ("Professor Emerita", True), ("Engineer", False), ("Untired writer", False), (None, False)],
)
def test_a_title_that_says_retired(title: str | None, said: bool):
    assert bool(says_retired(pl.Series([title], dtype=pl.String))[0]) is said
