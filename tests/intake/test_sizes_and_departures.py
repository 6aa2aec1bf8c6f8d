"""A night of unlikely size is held back, also when only what is new is read; who vanished at the source is noticed."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from imis_sync import AT, Rig
from sandbox_process import PASSWORD, serving
from small_association import Association, tables

from tenure.base.errors import HeldBack
from tenure.base.pseudonym import Pseudonyms
from tenure.imis import ImisClient, generic_entity


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(members=150) as address:
        yield address


@pytest.fixture(scope="module")
def synced(url: str, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    rig = Rig(tmp_path_factory.mktemp("sizes") / "home", url)
    rig.sync()
    return rig


@pytest.fixture
def rig(synced: Rig, tmp_path: Path) -> Iterator[Rig]:
    """A home that has synced once, and a sandbox without faults before and after."""
    shutil.copytree(synced.home.root, tmp_path / "home")
    yield Rig(tmp_path / "home", synced.url)
    fault(synced.url)


def fault(url: str, seed: int = 1, **faults: Any) -> None:
    httpx.post(f"{url}/_sandbox/faults", json={"seed": seed, "faults": faults}, timeout=30).raise_for_status()


def add_gifts(url: str, member_id: str, count: int) -> None:
    values = {"PartyId": member_id, "ACTIVITY_TYPE": "GIFT", "TRANSACTION_DATE": "2025-02-20T00:00:00"}
    with ImisClient(url, "tenure", PASSWORD, requests_per_hour=0) as client:
        writer = client.writing_to("Activity")
        for _ in range(count):
            writer.post("Activity", generic_entity("Activity", member_id, values, existing=False))


@pytest.mark.parametrize("feed", ["Members", "Terms", "WebActivity"])
def test_a_night_with_two_fifths_of_the_rows_is_held_back(rig: Rig, feed: str):
    """Though only what is new is asked for, the size of the whole gives it away; nothing moves."""
    before, marks = rig.content(), rig.lake.watermarks
    fault(rig.url, missing_rows={"share": 0.6, "match": feed})
    with pytest.raises(HeldBack, match=rf"\$/Tenure/{feed} has .* where it had .*: 60% fewer"):
        rig.sync()
    assert (rig.content(), rig.lake.watermarks) == (before, marks)

    fault(rig.url)
    assert rig.sync().unchanged


@pytest.mark.parametrize("feed", ["Terms", "EmailEvents"])
def test_rows_that_are_committed_after_newer_ones_come_the_night_after(rig: Rig, tmp_path: Path, feed: str):
    """Half of a week's rows are not told at first, and then bear an earlier stamp than what was read."""
    week = 7 * 24 * 60
    late = Rig(tmp_path / "late", rig.url, overlap_minutes=week)
    shutil.copytree(rig.home.key_file.parent, late.home.root / "secrets")
    fault(rig.url, late_rows={"seconds": week * 60, "share": 0.5, "match": feed})
    late.sync()
    assert late.content() != rig.content()

    fault(rig.url)
    late.sync()
    assert late.content() == rig.content()


def test_a_feed_that_swells_is_held_back_too(tmp_path: Path):
    """As when a query lost its filter, or a job entered everything twice."""
    with serving("--events-per-year", "2", members=20) as url:
        rig = Rig(tmp_path / "home", url, at=dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
        first = rig.sync()
        (member_id, *_) = [member_id for _, member_id in first.identities]
        size = first.feeds["activity.activities"]["source"]
        add_gifts(url, member_id, max(size // 4, 21) + 1)
        with pytest.raises(HeldBack, match=r"\$/Tenure/Activities has .* more, and `intake.volume_gate`"):
            rig.sync()
    assert rig.lake.version == 1


def test_a_feed_that_lost_a_few_rows_is_read_from_the_same_moment_again(rig: Rig):
    """What a bad night did not show is not passed over the night after."""
    marks = rig.lake.watermarks
    fault(rig.url, missing_rows={"share": 0.1, "match": "Terms"})
    report = rig.sync()
    assert any("$/Tenure/Terms" in notice and "the same moment" in notice for notice in report.notices)
    assert rig.lake.watermarks["imis.terms"] == marks["imis.terms"]


def test_the_report_reconciles_each_feed(rig: Rig):
    """Members and terms are all in the lake; a feed of activity lacks only what the mapping leaves out."""
    feeds = rig.sync().counts["feeds"]
    assert feeds["members"]["lake"] == feeds["members"]["source"]
    assert feeds["terms"]["lake"] == feeds["terms"]["source"]
    assert feeds["activity.web"]["lake"] == feeds["activity.web"]["source"]
    assert 0 < feeds["activity.email"]["lake"] < feeds["activity.email"]["source"]


def test_members_who_vanish_are_found_within_a_week_and_may_come_back(rig: Rig):
    """Ids are read once a week, by the query's own filter; half a member in ten is no outage."""
    rig.at = AT + dt.timedelta(days=3)
    rig.sync()
    usual = rig.requests
    assert rig.lake.departed() == []

    rig.at = AT + dt.timedelta(days=7)
    fault(rig.url, seed=3, missing_rows={"share": 0.04, "match": "Members"})
    report = rig.sync()
    gone = rig.lake.departed()
    assert 0 < len(gone) == len(report.departed) < 15
    assert set(gone) < set(rig.lake.members()["member"])
    assert any("no longer at the source" in notice for notice in report.notices)
    sizes = 6  # of terms and the five feeds of activity, which are counted again once a week
    assert rig.requests - usual <= sizes + 2
    assert rig.lake.departed(rig.at.date() - dt.timedelta(days=1)) == [], "nobody knew the day before"

    fault(rig.url)
    rig.at = AT + dt.timedelta(days=14)
    report = rig.sync()
    assert (sorted(report.returned), rig.lake.departed()) == (gone, [])


def test_a_member_who_is_gone_from_an_export_has_departed(tmp_path: Path):
    """The same for a folder of files; rows of activity of whom nobody knows are set aside."""
    place = Association(tmp_path, "parquet")
    place.export(**tables())
    place.sync()
    fewer = {
        name: frame if "member_id" not in frame.columns else frame.filter(pl.col("member_id") != "00007")
        for name, frame in tables().items()
    }
    place.export(**fewer)
    report = place.sync()

    gone = Pseudonyms.of(place.home).one("00007")
    assert report.departed == (gone,)
    assert place.lake.departed() == [gone]
    place.export(**tables())
    assert place.sync().returned == (gone,)
    assert place.lake.departed() == []


def test_an_export_that_swells_is_held_back(tmp_path: Path):
    """Of another association, or of two at once."""
    place = Association(tmp_path, "parquet")
    place.export(**tables(100))
    place.sync()
    place.export(**tables(150))
    with pytest.raises(HeldBack, match="members has 150 good rows where the lake has 100: 50% more"):
        place.sync()
    assert place.lake.version == 1
