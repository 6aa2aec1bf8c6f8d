"""The catalogue of features, its page and its words keep up with one another."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from tenure.features import FEATURES, Feature
from tenure.features.page import page
from tenure.features.signals import SIGNALS


def test_the_page_of_features_is_the_one_that_the_catalogue_makes():
    assert (Path(__file__).parents[2] / "docs" / "features.md").read_text(encoding="utf-8") == page()


def test_every_feature_stands_for_a_signal_and_every_signal_has_one():
    named = {name for _, names in SIGNALS for name in names}

    assert named == {feature.name for feature in FEATURES}


def test_the_catalogue_stays_lean():
    """Training time goes with the columns, and near-duplicates make reasons unstable."""
    assert len(FEATURES) <= 150


@pytest.mark.parametrize("feature", FEATURES, ids=lambda feature: feature.name)
def test_words_read_well_for_any_number(feature: Feature):
    """No «1 logins», no «nan», whatever the member's own value and the usual one."""
    signed = ("_trend", "_change", "early", "late", "to_renewal")
    values = [math.nan, 0.0, 0.3, 1.0, 2.0, 17.5, 94.0, 999.0]
    values += [-1.0, -0.4, -12.0] if any(part in feature.name.replace("changes", "") for part in signed) else []
    for value in values:
        for usual in (None, math.nan, 0.0, 0.4, 1.0, 12.0, 999.0):
            words = feature.say(value, usual)
            assert words == words.strip()
            assert words[0].isupper() or words[0].isdigit(), words
            assert not re.search(
                r"\bnan\b|None|  |\b1 (logins|days|weeks|events|years|\w+ed \w+s|open tickets)\b", words
            ), words
