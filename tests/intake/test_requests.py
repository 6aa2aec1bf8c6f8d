"""How many requests a night costs: a handful when nothing changed, and in proportion to what did."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from imis_sync import AT, Rig
from sandbox_process import serving
from terms_server import TermsServer, term
from test_watermarks import START, Place

from tenure.base.errors import HeldBack


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving("--events-per-year", "10", members=80) as address:
        yield address


def test_a_first_load_is_one_request_a_page_and_keeps_to_the_rules(url: str, tmp_path: Path):
    """No request more than the rows make necessary; and afterwards nothing is read without a filter, nor twice."""
    rig = Rig(tmp_path / "home", url)
    report = rig.sync()
    pages = sum(max(1, math.ceil(feed["source"] / 500)) for feed in report.feeds.values())
    unsized = 1 + 1 + 1 + 1  # the sign-in, contacts, program changes or the log of members' changes below 500 rows each
    assert pages <= rig.requests <= pages + unsized

    assert report.counts["requests"] == rig.requests, "the meter that staff see"

    httpx.delete(f"{url}/_sandbox/usage").raise_for_status()
    rig.sync()
    usage = httpx.get(f"{url}/_sandbox/usage").json()
    assert usage["breaches"] == []
    assert usage["most_in_flight"] == 1
    assert usage["requests"] == rig.requests <= 12
    assert usage["by_method"]["POST"] == 1, "the sign-in, and nothing else"


def test_a_day_of_the_association_s_life_costs_a_quiet_night_and_the_sizes_of_what_moved(url: str, tmp_path: Path):
    """What one day brings fits into the pages that a quiet night asks for anyway."""
    rig = Rig(tmp_path / "home", url)
    rig.sync()
    rig.sync()
    quiet = rig.requests
    httpx.post(f"{url}/_sandbox/advance", json={"days": 1}).raise_for_status()
    rig.at = AT + dt.timedelta(days=1)
    report = rig.sync()
    assert sum(table.new for table in report.tables.values()) > 0
    moved = [name for name, feed in report.feeds.items() if name.startswith(("terms", "activity"))]
    assert rig.requests <= quiet + len(moved)


def test_rows_of_long_ago_that_vanish_are_noticed_when_something_comes_and_within_a_week(tmp_path: Path):
    """A feed whose newest rows are as they were is not counted each night: nothing came that could be bad."""
    server = TermsServer()
    try:
        server.terms = [term(number, f"2025-01-{1 + number // 4:02d}T0{number % 4}:00:00") for number in range(90)]
        place = Place(tmp_path / "home", server)
        place.sync(START)
        del server.terms[:40]
        assert place.sync(START + dt.timedelta(hours=1)).unchanged

        with pytest.raises(HeldBack, match="Terms has 50 rows where it had 90"):
            place.sync(START + dt.timedelta(days=7))
        server.terms.append(term(90, "2025-03-01T02:30:00"))
        with pytest.raises(HeldBack, match="Terms has 51 rows where it had 90"):
            place.sync(START + dt.timedelta(hours=2))
    finally:
        server.close()


def test_a_newest_row_that_changed_in_its_place_has_its_feed_counted(tmp_path: Path):
    server = TermsServer()
    try:
        server.terms = [term(number, f"2025-01-{1 + number:02d}T00:00:00") for number in range(30)]
        place = Place(tmp_path / "home", server)
        place.sync(START)
        server.terms[-1]["Dues"] = 120.0
        del server.terms[0]
        report = place.sync(START + dt.timedelta(hours=1))
        assert report.feeds["terms"]["source"] == 29
    finally:
        server.close()


@pytest.mark.parametrize("new", [1, 2, 11, 20])
def test_what_changed_costs_a_request_a_page(tmp_path: Path, new: int):
    """With pages of three rows: so many more requests than a quiet night as there are pages more."""
    server = TermsServer()
    try:
        server.terms = [term(number, f"2025-01-{1 + number // 4:02d}T0{number % 4}:00:00") for number in range(90)]
        place = Place(tmp_path / "home", server)
        place.sync(START)
        asked = server.requests
        place.sync(START + dt.timedelta(hours=1))
        quiet = server.requests - asked

        server.terms += [term(90 + number, "2025-03-01T02:30:00") for number in range(new)]
        asked = server.requests
        report = place.sync(START + dt.timedelta(hours=2))
        assert report.tables["terms"].new == new
        # The newest row of the night before comes again, since others may bear its stamp; and the size is asked for.
        assert server.requests - asked == quiet + math.ceil((1 + new) / 3)
    finally:
        server.close()
