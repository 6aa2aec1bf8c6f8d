"""On which days past members are looked at."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tenure.base.settings import Membership
from tenure.lake import Lake
from tenure.membership import decisions
from tenure.risk.landmarks import JUDGED, MOST_DRAWS, fixed_landmarks, landmark_days, scheduled


def test_who_leaves_early_does_not_gather_on_the_days_learnt_from(tmp_path: Path):
    """Landmarks go by the end that was scheduled, which is known on the day; that which a resignation brought forward
    is not, and days counted back from it would all lie shortly before somebody left.
    """
    rng = np.random.default_rng(4)
    start = dt.date(2023, 1, 1)
    left = [int(day) if day < 365 else None for day in rng.exponential(700, 600)]
    versions = []
    for member, day in enumerate(left):
        versions.append((str(member), member, start, start + dt.timedelta(days=364), None, start))
        if day is not None:
            gone = start + dt.timedelta(days=day)
            versions.append((str(member), member, start, gone, "resigned", gone))
    terms = pl.DataFrame(
        versions, schema=["term_id", "member", "starts_on", "ends_on", "ended_by", "paid_on"], orient="row"
    )
    known_at = pl.when(pl.col("ended_by").is_null()).then("starts_on").otherwise("ends_on").cast(pl.Datetime("us"))
    lake = Lake.open(tmp_path / "lake")
    members = pl.DataFrame({"member": range(600), "member_type": "REG", "valid_from": [dt.datetime(2023, 1, 1)] * 600})
    with lake.batch(source="test", at=dt.datetime(2025, 1, 1, tzinfo=dt.UTC)) as batch:
        batch.replace("terms", terms.with_columns(member_type=pl.lit("REG"), dues=pl.lit(100.0), recorded_at=known_at))
        batch.replace("members", members.with_columns(plain=pl.lit(value=False), record_type=pl.lit("individual")))
        batch.commit()
    found = decisions(lake.terms(), lake.members(), Membership(), as_of=dt.date(2025, 1, 1))
    found = scheduled(found, lake.terms())

    assert set(found["scheduled"]) == {start + dt.timedelta(days=364)}
    days = landmark_days(found, seed=1, most_rows=100_000)
    early = [member for member, day in enumerate(left) if day is not None]
    per_member = days.group_by("member").len()
    theirs = per_member.filter(pl.col("member").is_in(early))["len"].mean()
    assert theirs == pytest.approx(per_member["len"].mean(), rel=0.02)
    judged = fixed_landmarks(found, after=dt.date(2022, 1, 1))
    before = (found["scheduled"][0] - judged["as_of"]).dt.total_days()
    assert set(JUDGED) <= set(before.to_list())
    assert (judged["as_of"] <= judged["ends_on"]).all()


def test_few_decisions_are_drawn_from_more_than_once_and_many_are_not():
    """Every draw has a day of each stratum, the draws differ, and together they have three quarters as many rows again
    at most."""
    found = _decisions(300)
    end = found["scheduled"][0]
    few, many = (landmark_days(found, seed=1, most_rows=rows) for rows in (100_000, 700))
    names = [name for name in few.columns if name.startswith("draw_")]

    assert len(names) == MOST_DRAWS
    for name in names:
        before = few.filter(name).select(pl.col("member"), before=(end - pl.col("as_of")).dt.total_days())
        assert set(before.group_by("member").len()["len"]) <= {6, 7}
        assert before["before"].is_between(-30, 365).all()
    assert len(few) > 0.85 * few.select(pl.sum_horizontal(names)).to_series().sum()
    assert few.select("member", "as_of").is_unique().all()
    assert many.columns == ["member", "as_of", "draw_0"]
    assert len(many) < 900


def test_days_after_somebody_left_take_no_room_from_a_further_draw():
    """Most of a course leave in its middle: the days that are left of them are few, so that there is room for more."""
    staying = _decisions(300)
    leaving = staying.with_columns(ends_on=pl.lit(dt.date(2024, 1, 31)))
    for found, draws in ((staying, 1), (leaving, MOST_DRAWS)):
        days = landmark_days(found, seed=1, most_rows=300 * 7)
        assert len([name for name in days.columns if name.startswith("draw_")]) == draws


def _decisions(members: int) -> pl.DataFrame:
    """Renewals of a year's terms, all on one day."""
    first, last = dt.date(2024, 1, 1), dt.date(2024, 12, 31)
    return pl.DataFrame({"member": range(members), "scheduled": last, "starts_on": first, "ends_on": last, "grace": 30})
