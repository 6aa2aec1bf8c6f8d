"""What a record said on each day is kept, though iMIS overwrites it; and what did not change costs nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from terms_server import TermsServer, term
from test_watermarks import START, Place

from tenure.base.pseudonym import Pseudonyms

DAY = dt.timedelta(days=1)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    server = TermsServer()
    server.terms = [term(0, "2025-02-01T09:00:00")]
    yield Place(tmp_path / "home", server)
    server.close()


def files(place: Place) -> dict[str, int]:
    """When each file of the lake's tables was written, by its name."""
    tables = place.home.lake / "tables"
    return {str(path.relative_to(tables)): path.stat().st_mtime_ns for path in tables.rglob("*.parquet")}


def said(place: Place, at: dt.datetime) -> str:
    """The type of member A1, by what was known at an instant."""
    known = place.lake.members().filter(
        (pl.col("member") == Pseudonyms.of(place.home).one("A1")) & (pl.col("valid_from") <= at.replace(tzinfo=None))
    )
    return known.sort("valid_from")["member_type"][-1]


def overwrite(place: Place, at: dt.datetime, **values: str) -> None:
    place.server.members[0] |= {**values, "LastUpdated": f"{at:%Y-%m-%dT%H:%M:%S}"}


def test_each_day_s_word_is_kept_and_no_version_more(place: Place):
    """Eleven nights, before three of which a record is overwritten: four versions, and each day's answer is its own."""
    changes = {2: "PRO", 3: "REG", 8: "RET"}
    told: dict[int, str] = {}
    for night in range(11):
        if night in changes:
            overwrite(place, START + night * DAY - dt.timedelta(hours=9), MemberType=changes[night])
        place.sync(START + night * DAY)
        told[night] = str(place.server.members[0]["MemberType"])
    assert [said(place, START + night * DAY) for night in told] == list(told.values())
    assert sorted(place.lake.members()["member"].value_counts()["count"]) == [1, 1 + len(changes)]


def test_a_night_without_news_writes_no_table(place: Place):
    place.sync(START)
    before, version = files(place), place.lake.version
    for night in range(1, 4):
        assert place.sync(START + night * DAY).unchanged
    assert (files(place), place.lake.version) == (before, version)


def test_a_night_writes_only_the_tables_that_changed(place: Place):
    """A record that was overwritten leaves terms alone, and a term that was entered leaves members alone."""
    place.sync(START)
    before = files(place)
    overwrite(place, START + dt.timedelta(hours=20), MemberType="PRO")
    place.sync(START + DAY)
    after = files(place)
    assert {name for name, at in after.items() if before.get(name) != at} == {
        name for name in after if name.startswith("members/") and name not in before
    }

    place.server.terms.append(term(1, "2025-03-02T20:00:00"))
    place.sync(START + 2 * DAY)
    changed = {name for name, at in files(place).items() if after.get(name) != at}
    assert changed
    assert all(name.startswith("terms/") for name in changed)
