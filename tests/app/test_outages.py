"""When the silence of a feed is an outage, and when it is the season."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from lakes import act, lake_of
from tenure.app.house import House
from tenure.app.outages import outages
from tenure.base.home import Home
from tenure.base.settings import Settings, Source

TODAY = dt.date(2026, 3, 1)


def weekly(first: dt.date, last: dt.date) -> Iterator[dt.date]:
    """A day a week in which no January and no February has any."""
    while first <= last:
        if first.month > 2:
            yield first
        first += dt.timedelta(days=7)


@pytest.mark.parametrize(
    ("first", "last", "stopped"),
    [
        (dt.date(2023, 4, 3), dt.date(2025, 12, 20), []),
        (dt.date(2023, 4, 3), dt.date(2025, 9, 20), ["event_attended"]),
        (dt.date(2025, 4, 3), dt.date(2025, 12, 20), ["event_attended"]),
    ],
    ids=["every winter is quiet", "quiet since autumn", "its first winter"],
)
def test_a_pause_of_every_year_is_no_outage(tmp_path: Path, first: dt.date, last: dt.date, stopped: list[str]):
    days = [act(1, "event_attended", str(day)) for day in weekly(first, last)]
    lake_of(tmp_path / "lake", activity=days)
    house = House(Home(tmp_path), Settings(source=Source(kind="files", path="x")))

    assert [one.feed for one in outages(house, TODAY)] == stopped


def test_what_was_recorded_later_does_not_end_an_outage(tmp_path: Path):
    """As of a day, only what was known on it counts."""
    days = [act(1, "login", str(dt.date(2025, 6, 1) + dt.timedelta(days=n))) for n in range(200)]
    late = [act(1, "login", "2026-02-20", recorded="2026-03-05")]
    lake_of(tmp_path / "lake", activity=[*days, *late])
    house = House(Home(tmp_path), Settings(source=Source(kind="files", path="x")))

    assert [one.feed for one in outages(house, TODAY)] == ["login"]
    assert [one.feed for one in outages(house, dt.date(2026, 3, 6))] == []
