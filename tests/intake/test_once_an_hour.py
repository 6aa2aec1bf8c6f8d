"""iMIS is synced once an hour at most, however often somebody asks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from terms_server import MAPPING, TermsServer, term
from test_watermarks import START, Place

HOUR = dt.timedelta(hours=1)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    server = TermsServer()
    server.terms = [term(0, "2025-02-01T09:00:00")]
    yield Place(tmp_path / "home", server, rest=HOUR)
    server.close()


def test_a_second_sync_within_the_hour_asks_nothing(place: Place):
    """It says so, and the one after the hour asks again."""
    assert not place.sync(START).unchanged
    asked = place.server.requests
    place.server.terms.append(term(1, "2025-03-01T01:59:00"))

    early = place.sync(START + dt.timedelta(minutes=59))
    assert early.unchanged
    assert early.notices == ("iMIS was read 59 minutes ago and is asked once in 60",)
    assert place.server.requests == asked

    assert place.sync(START + HOUR).tables["terms"].new == 1


def test_a_day_of_calls_every_ten_minutes_is_24_cycles(place: Place):
    cycles = 0
    for minutes in range(0, 24 * 60, 10):
        asked = place.server.requests
        place.sync(START + dt.timedelta(minutes=minutes))
        cycles += place.server.requests > asked
    assert cycles == 24


def test_a_sync_that_was_killed_may_go_on_at_once(place: Place):
    assert place.sync(START, die_at=3) is None
    asked = place.server.requests
    assert place.sync(START + dt.timedelta(minutes=1)).tables["terms"].new == 1
    assert place.server.requests > asked


def test_another_mapping_is_read_at_once(place: Place):
    """Whoever corrected the mapping need not wait for an hour to see what it does."""
    place.sync(START)
    asked = place.server.requests
    own = place.home.root / "own.toml"
    own.write_text(MAPPING.replace("without = [", 'without = [ "terms.columns.installments",'))
    place.sync(START + dt.timedelta(minutes=1))
    assert place.server.requests > asked


def test_a_clock_that_was_put_back_is_no_reason_to_rest(place: Place):
    place.sync(START)
    asked = place.server.requests
    place.sync(START - dt.timedelta(minutes=30))
    assert place.server.requests > asked
