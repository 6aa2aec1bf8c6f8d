"""The words of a reason are those of what moved the risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from tenure.features import FEATURES, SENSES
from tenure.risk.encoding import Encoding
from tenure.risk.reasons import explain

COLUMNS = Encoding(("organization",), {"industry": ("Energy", "Law"), "region": ("Gulf", "Pacific")})


@dataclass(frozen=True)
class Known:
    """A risk of 0.1 and so much more for each column that is set."""

    more: tuple[float, ...]

    def probability(self, x: NDArray[np.float32]) -> NDArray[np.float64]:
        return 0.1 + x.astype(np.float64) @ np.array(self.more)

    def grouped(
        self, x: NDArray[np.float32], usual: NDArray[np.float32], kind: NDArray[np.int64], groups: list[list[int]]
    ) -> NDArray[np.float64]:
        answers = []
        for columns in groups:
            changed = x.copy()
            changed[:, columns] = usual[kind][:, columns]
            answers.append(self.probability(changed))
        return np.column_stack(answers)


def said(model: Known, *members: tuple[int, ...]) -> list[str]:
    """The first reason of each of *members*, among a hundred individuals who are in no place that is on record."""
    x = np.array([*members, *[(0, 0, 0, 0, 0)] * 100], np.float32)
    found = explain(COLUMNS, x, pl.Series(["REG"] * len(x)), model)
    return [str(words) for words in found.words[: len(members), 0]]


def test_a_place_that_raises_the_risk_is_named_and_not_that_somebody_is_an_individual():
    """All others of the type are individuals as well, so that can have moved nothing."""
    model = Known((0.02, 0.1, 0.0, 0.3, 0.0))

    assert said(model, (0, 0, 1, 1, 0), (0, 1, 0, 0, 1)) == [
        "The member's region: Gulf",
        "The member's industry: Energy",
    ]


def test_what_raises_it_more_speaks():
    """An organization among individuals is told as such, unless its region raises the risk more than that does."""
    assert said(Known((0.2, 0.0, 0.0, 0.1, 0.0)), (1, 0, 0, 1, 0)) == ["An organization"]
    assert said(Known((0.1, 0.0, 0.0, 0.2, 0.0)), (1, 0, 0, 1, 0)) == ["The member's region: Gulf"]


def test_what_people_did_is_told_of_an_organization_as_theirs():
    """Of two members with a year's single post, one is an organization."""
    columns, model = Encoding(("posts_365",), {}), Known((-0.05,))
    x = np.array([(1,), (1,), *[(16,)] * 100], np.float32)
    which = np.arange(len(x)) == 0

    found = explain(columns, x, pl.Series(["REG"] * len(x)), model, organizations=which)

    assert found.words[:2, 0].tolist() == [
        "Its people: 1 community post in the last year; members like this, 16",
        "1 community post in the last year; members like this, 16",
    ]


def test_what_raises_nothing_is_no_reason():
    """Sixteen posts where one is usual speak for staying; paying by installments, by less than a step, for leaving. A
    member like all others has none."""
    columns, model = Encoding(("posts_365", "installments"), {"chapter_id": ("North",)}), Known((-0.001, 0.012, 0.0))
    x = np.array([(16, 0, 0), (16, 1, 0), (1, 0, 0), *[(1, 0, 0)] * 100], np.float32)

    found, coarse = (explain(columns, x, pl.Series(["REG"] * len(x)), model, step=step) for step in (1, 5))

    none = ["Nothing stands out", "Nothing else stands out", "Nothing else stands out"]
    assert found.words[0].tolist() == found.words[2].tolist() == none
    assert found.words[1].tolist() == ["Pays in installments", *none[1:]]
    assert found.points[:3].tolist() == [[0, 0, 0], [1, 0, 0], [0, 0, 0]]
    assert found.names[:2, 0].tolist() == ["", "billing"]
    assert (coarse.words[:3].tolist(), coarse.points.any()) == ([none] * 3, False)
    assert found.against[0].startswith("16 community posts")


def of_one(columns: tuple[str, ...], more: tuple[float, ...], own: tuple[float, ...], usual: tuple[float, ...]) -> str:
    """The first reason of a member with *own* values among a hundred with *usual* ones."""
    x = np.array([own, *[usual] * 100], np.float32)
    found = explain(Encoding(columns, {}), x, pl.Series(["REG"] * len(x)), Known(more))
    return str(found.words[0, 0])


@pytest.mark.parametrize("feature", [one for one in FEATURES if SENSES[one.name]], ids=lambda one: one.name)
def test_no_signal_speaks_for_leaving_by_words_that_sound_good(feature):
    """Chance may have taught a model that openers leave; «88 in 100 messages opened» reads as no reason to."""
    sense = SENSES[feature.name]
    good, bad = (0.4, 2.6) if sense > 0 else (2.6, 0.4)

    assert of_one((feature.name,), (-sense * 0.5,), (good,), (bad,)) == "Nothing stands out"
    assert of_one((feature.name,), (sense * 0.5,), (bad,), (good,)) == feature.say(bad, good)


def test_a_signal_beside_it_speaks_for_what_sounds_good():
    """Or, where each signal alone lowers the risk, the subject as a whole does."""
    columns, opened = ("emails_sent_90", "open_share_180"), 0.88

    assert (
        of_one(columns, (0.01, 0.3), (9, opened), (4, 0.4))
        == "9 messages sent in the last 90 days; members like this, 4"
    )
    assert of_one(columns, (-0.001, 0.3), (9, opened), (4, 0.4)) == "Email and messages as a whole"


def test_what_is_told_like_the_usual_is_no_reason():
    """«3 days where 3 are usual», though the counts differ by a fraction that the model makes much of."""
    assert of_one(("decayed_days",), (-2.0,), (2.96,), (3.0,)) == "Nothing stands out"
    assert of_one(("decayed_days", "silence_ratio"), (-2.0, 0.1), (2.96, 2.0), (3.0, 1.0)) == (
        "Quiet for 2 times the member's own usual gap"
    )
    assert of_one(("profile_completeness",), (-9.0,), (0.704,), (0.7,)) == "Nothing stands out"
    assert of_one(("profile_completeness",), (-9.0,), (0.69,), (0.7,)) == "Profile 69 % complete"


def test_what_is_not_known_of_a_member_but_of_others_can_be_a_reason():
    class Unlike(Known):
        def probability(self, x):
            return super().probability(np.where(np.isnan(x), 1, 0 * x))

    x = np.array([(0, np.nan), *[(0, 12.0)] * 100], np.float32)
    found = explain(Encoding(("auto_renew", "paid_early"), {}), x, pl.Series(["REG"] * len(x)), Unlike((0.1, 0.1)))

    assert found.words[0, 0] == "Has paid for one term only, so no habit of paying is known"


def test_a_place_is_named_or_said_not_to_be_the_usual_one():
    """A chapter that the record does not name, or that the model has no column for, has no name to tell."""
    columns = Encoding(("in_chapter_365",), {"chapter_id": ("North", "South")})
    x = np.array([(1, 0, 0), (1, 0, 1), *[(1, 1, 0)] * 100], np.float32)
    found = explain(columns, x, pl.Series(["REG"] * len(x)), Known((0.0, -0.1, 0.1)))

    assert found.words[:2, 0].tolist() == [
        "The member's chapter is not North, which is the usual one",
        "The member's chapter: South",
    ]
