"""Seeded drifts are found within a fortnight, quiet nights are quiet, and only much at once holds a night back.

`TENURE_CASES` above twenty looks at all twenty drifts and two hundred nights; the suite at a few of each.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import polars as pl
import pytest
from seeded_drifts import DRIFTS, Drift, copies, drifted

from tenure.risk.drift import Reference, is_red, learn_reference, watch
from tenure.risk.inflow import inflow
from trained_association import SETTINGS, Trained

RULES = SETTINGS.membership
CASES = int(os.environ.get("TENURE_CASES", "5"))
SHOWN = DRIFTS if CASES > 20 else DRIFTS[::4]
NIGHTS = 200 if CASES > 20 else 10


@pytest.fixture(scope="module")
def reference(trained: Trained) -> Reference:
    origin = trained.invented.last - dt.timedelta(days=200)
    return learn_reference(trained.invented.lake, RULES, trained.model, as_of=origin)


@pytest.mark.parametrize("drift", SHOWN, ids=lambda drift: drift.name)
def test_a_seeded_drift_is_found_within_a_fortnight(
    trained: Trained, reference: Reference, tmp_path: Path, drift: Drift
):
    """Named in words on the fourteenth night; on the night before it began, nothing was said."""
    last = trained.invented.last
    since = last - dt.timedelta(days=60)
    lake = drifted(trained.invented.lake, tmp_path / "lake", drift, since=since, at=last)

    found = watch(reference, lake, RULES, trained.model, since + dt.timedelta(days=14))
    before = [one for one in inflow(lake, since) if one["alarm"]]

    assert found["alarms"]
    assert before == []


def test_quiet_nights_are_quiet(trained: Trained, reference: Reference):
    """Two alarms in two hundred nights at most; of the few that the suite looks at, none."""
    last, step = trained.invented.last, 200 // NIGHTS
    nights = [last - dt.timedelta(days=step * night) for night in range(NIGHTS)]
    alarms = [watch(reference, trained.invented.lake, RULES, trained.model, night)["alarms"] for night in nights]

    assert sum(map(bool, alarms)) <= 2 * NIGHTS / 200


def test_one_changed_feed_is_told_and_many_at_once_are_red(trained: Trained, reference: Reference, tmp_path: Path):
    """Posts alone counted six times stop nothing; everything sent four times does."""
    last = trained.invented.last
    since = last - dt.timedelta(days=14)

    def looked(name: str, drift: Drift) -> dict:
        lake = drifted(trained.invented.lake, tmp_path / name, drift, since=since, at=last)
        return watch(reference, lake, RULES, trained.model, last)

    one = looked("one", Drift("posts", activity=copies("community_post", times=6)))
    all_at_once = looked("all", Drift("everything", activity=copies(times=4)))

    assert one["alarms"]
    assert not is_red(one)
    assert is_red(all_at_once)


def test_a_kind_that_is_new_is_told_and_is_not_red(trained: Trained, reference: Reference, tmp_path: Path):
    """Three feeds that an association switches on in one week are good news."""
    last = trained.invented.last
    since = last - dt.timedelta(days=10)

    def three_more(rows: pl.DataFrame) -> pl.DataFrame:
        more = []
        for kind in ("ticket_opened", "gift", "career_center_used"):
            some = rows.filter(pl.col("kind") == "login").with_columns(kind=pl.lit(kind))
            more.append(some.with_columns(activity_key=-pl.col("activity_key") * 7 - len(kind)))
        return pl.concat([rows, *more])

    lake = drifted(trained.invented.lake, tmp_path / "lake", Drift("new", activity=three_more), since=since, at=last)
    found = watch(reference, lake, RULES, trained.model, last)

    assert sum("and none in two years before" in words for words in found["alarms"]) == 3
    assert not is_red(found)


def test_what_came_in_later_is_not_seen(trained: Trained, tmp_path: Path):
    """The fortnight before a night is what was recorded before it."""
    last = trained.invented.last
    night = last - dt.timedelta(days=60)
    lake = drifted(trained.invented.lake, tmp_path / "lake", DRIFTS[0], since=night, at=last)

    assert inflow(lake, night) == inflow(trained.invented.lake, night)
