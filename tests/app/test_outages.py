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


def bursts(*begins: str, long: int = 3) -> list[dt.date]:
    """*long* days in a row from each of *begins* on, as feedback comes after a congress."""
    return [dt.date.fromisoformat(day) + dt.timedelta(days=n) for day in begins for n in range(long)]


CONGRESSES = (
    "2024-09-20", "2024-11-08", "2025-02-07", "2025-03-21", "2025-05-09", "2025-06-20", "2025-09-12", "2025-10-24",
)  # fmt: skip


def stopped_on(tmp_path: Path, days: list[dt.date], day: dt.date) -> list[str]:
    lake_of(tmp_path / "lake", activity=[act(1, "session_feedback", str(one)) for one in days])
    house = House(Home(tmp_path), Settings(source=Source(kind="files", path="x")))
    return [one.feed for one in outages(house, day)]


def test_few_bursts_say_little_of_how_long_the_next_may_be_away(tmp_path: Path):
    """Twenty-seven days with rows are nine congresses, some weeks and once three months apart."""
    days = bursts(*CONGRESSES, "2025-12-05")

    assert stopped_on(tmp_path / "a", days, dt.date(2026, 6, 20)) == []
    assert stopped_on(tmp_path / "b", days, dt.date(2027, 6, 1)) == ["session_feedback"]


@pytest.mark.parametrize(("pauses", "silent"), [((1,), 3), ((1, 1, 1, 1, 3), 7), ((7,), 15)])
def test_what_comes_often_is_found_as_soon_as_twice_its_usual_pause_is_over(
    tmp_path: Path, pauses: tuple[int, ...], silent: int
):
    """Daily, on working days, and weekly, for years."""
    days = [dt.date(2023, 4, 3)]
    while len(days) < 150:
        days.append(days[-1] + dt.timedelta(days=pauses[len(days) % len(pauses)]))

    assert stopped_on(tmp_path / "a", days, days[-1] + dt.timedelta(days=silent)) == []
    assert stopped_on(tmp_path / "b", days, days[-1] + dt.timedelta(days=silent + 1)) == ["session_feedback"]


def test_a_season_that_was_quiet_once_before_is_no_outage(tmp_path: Path):
    """Every third day, and none from the middle of December to March; the winter before was the only one on record."""
    first, days = dt.date(2024, 9, 2), []
    for n in range(0, 480, 3):
        day = first + dt.timedelta(days=n)
        if not (day.month < 3 or (day.month == 12 and day.day > 15)):
            days.append(day)

    assert stopped_on(tmp_path / "a", days, dt.date(2026, 3, 1)) == []
    assert stopped_on(tmp_path / "b", days, dt.date(2026, 6, 20)) == ["session_feedback"]
