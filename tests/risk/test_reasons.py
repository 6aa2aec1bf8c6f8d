"""The words of a reason are those of what moved the risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

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

    assert said(model, (0, 0, 1, 1, 0), (0, 1, 0, 0, 1)) == ["The member's region", "The member's industry"]


def test_what_raises_it_more_speaks():
    """An organization among individuals is told as such, unless its region raises the risk more than that does."""
    assert said(Known((0.2, 0.0, 0.0, 0.1, 0.0)), (1, 0, 0, 1, 0)) == ["An organization"]
    assert said(Known((0.1, 0.0, 0.0, 0.2, 0.0)), (1, 0, 0, 1, 0)) == ["The member's region"]


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
