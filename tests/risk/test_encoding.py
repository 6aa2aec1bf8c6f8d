"""A level of a slow field has a column where its members surely lapsed more, or less, often than others."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from tenure.features import CATEGORIES, FeatureMatrix
from tenure.risk.drift import _levels
from tenure.risk.encoding import Encoding, _frequent

INDUSTRIES = ("Energy", "Law", "Retail", "Water")


def landmarks(member: np.ndarray, industry: np.ndarray) -> FeatureMatrix:
    """Three days of one renewal of each of *member*, who belong to an industry each; member types go round."""
    rows = pl.DataFrame({"member": np.repeat(member, 3), "term_id": np.repeat(np.arange(member.size), 3)})
    rows = rows.with_columns(as_of=pl.lit(dt.date(2025, 1, 1)))
    words = {field: pl.Series([None] * len(rows), dtype=pl.String) for field in CATEGORIES}
    words["industry"] = pl.Series(np.repeat(np.array(INDUSTRIES)[industry], 3))
    words["member_type"] = pl.Series([("REG", "STU")[place % 2] for place in rows["term_id"]])
    return FeatureMatrix(rows, ("years",), np.arange(len(rows), dtype=np.float32)[:, None], pl.DataFrame(words))


def test_an_industry_whose_members_lapse_more_has_a_column_and_every_member_type_has_one() -> None:
    rng = np.random.default_rng(1)
    industry = rng.integers(0, 4, 4_000)
    lapsed = rng.random(industry.size) < np.where(industry == 2, 0.3, 0.15)
    found = Encoding.learn(landmarks(np.arange(industry.size), industry), np.repeat(lapsed, 3).astype(float))
    assert "industry=Retail" in found.columns
    assert {"member_type=REG", "member_type=STU"} <= set(found.columns)


def test_where_nothing_is_to_be_told_no_industry_has_a_column() -> None:
    rng = np.random.default_rng(2)
    industry = rng.integers(0, 4, 4_000)
    lapsed = rng.random(industry.size) < 0.15
    found = Encoding.learn(landmarks(np.arange(industry.size), industry), np.repeat(lapsed, 3).astype(float))
    assert [name for name in found.columns if name.startswith("industry")] == []


def test_many_renewals_of_a_few_members_tell_nothing_of_their_industry() -> None:
    rng = np.random.default_rng(3)
    industry = rng.integers(0, 3, 4_000)
    member, lapsed = np.arange(industry.size), rng.random(industry.size) < 0.15
    industry[:80], member[:80], lapsed[:80] = 3, np.arange(80) % 4, True
    found = Encoding.learn(landmarks(member, industry), np.repeat(lapsed, 3).astype(float))
    assert "industry=Water" not in found.columns


def test_of_equally_frequent_levels_those_first_by_name_have_a_column_whatever_the_order_of_rows() -> None:
    names = [f"T{place:02}" for place in range(24)]
    column = pl.Series("member_type", [name for name in names for _ in range(60)] + ["Z"] * 100)
    for seed in range(5):
        mixed = column.sample(fraction=1.0, shuffle=True, seed=seed)
        assert _frequent(mixed) == (*names[:15], "Z")
        assert _levels(mixed) == ["Z", *names][: len(_levels(mixed))]
