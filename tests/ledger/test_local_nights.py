"""One run for each local night: missed ones, clocks that jump, and the two odd nights of the year."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tenure.app.house import House
from tenure.app.schedule import local_night, night_due, own_delay
from tenure.base.errors import HeldBack
from tenure.base.home import Home
from tenure.base.settings import Association, Night, Settings

HOUR = dt.timedelta(hours=1)
NEW_YORK = ZoneInfo("America/New_York")
pytestmark = pytest.mark.parametrize("settings", ["sqlite"], indirect=True)


def call(home: Home, settings: Settings, at: dt.datetime, starts_at: str, error: Exception | None = None) -> bool:
    """What a schedule does that calls at the instant *at*: the night, when it is due; whether it was."""
    from tenure.ledger import runs

    place = Association(time_zone="America/New_York")
    settings = settings.model_copy(update={"association": place, "night": Night(starts_at=starts_at)})
    night = night_due(House(home, settings, clock=lambda: at))
    if night is not None:
        run = runs.start(as_of=at.date(), kind="night", by="test", local_night=night, clock=lambda: at)
        run.finish(error=error)
    return night is not None


def nights_of() -> list[dt.date]:
    from tenure.ledger.models import Run

    return list(Run.objects.order_by("id").values_list("local_night", flat=True))


@pytest.mark.parametrize("starts_at", ["01:30", "02:30"])
@pytest.mark.parametrize("first", [dt.date(2025, 3, 7), dt.date(2025, 10, 31)])
def test_each_local_night_is_run_once_when_clocks_are_put_forward_and_back(
    home: Home, settings: Settings, starts_at: str, first: dt.date
):
    """On March 9, 02:30 is absent; on November 2, 01:30 comes twice."""
    began = dt.datetime.combine(first, dt.time(12), NEW_YORK).astimezone(dt.UTC)
    done = [at for n in range(4 * 24 * 4) if call(home, settings, at := began + n * HOUR / 4, starts_at)]

    assert nights_of() == [first + dt.timedelta(days=n) for n in range(5)]
    for at in done[1:]:
        there = at.astimezone(NEW_YORK)
        assert abs((there.hour * 60 + there.minute) - int(starts_at[:2]) * 60 - 30) <= 30, there


def test_three_missed_nights_are_made_up_for_once(home: Home, settings: Settings):
    at = dt.datetime(2025, 6, 2, 7, tzinfo=dt.UTC)
    assert call(home, settings, at, "02:00")
    back = at + dt.timedelta(days=4, hours=5)
    assert [call(home, settings, back + n * HOUR, "02:00") for n in range(6)] == [True] + [False] * 5
    assert nights_of() == [dt.date(2025, 6, 2), dt.date(2025, 6, 6)]


@pytest.mark.parametrize("jump", [2 * HOUR, -2 * HOUR])
def test_a_clock_that_jumps_and_is_put_right_brings_no_second_run(home: Home, settings: Settings, jump: dt.timedelta):
    """The clock is wrong from just before one night begins, or just after, for an hour and a half."""
    wrong_from = dt.datetime(2025, 6, 3, 5, 30 if jump > dt.timedelta() else 59, tzinfo=dt.UTC)
    began = dt.datetime(2025, 6, 2, 12, tzinfo=dt.UTC)
    for n in range(3 * 24 * 12):
        true = began + n * HOUR / 12
        shown = true + jump if wrong_from <= true < wrong_from + 1.5 * HOUR else true
        call(home, settings, shown, "02:00")

    assert nights_of() == [dt.date(2025, 6, day) for day in (2, 3, 4, 5)]


def test_a_night_that_failed_is_done_again_and_one_held_back_is_not(home: Home, settings: Settings):
    at = dt.datetime(2025, 6, 2, 7, tzinfo=dt.UTC)
    assert call(home, settings, at, "02:00", ValueError())
    assert call(home, settings, at + HOUR, "02:00", HeldBack("a person is to look"))
    assert not call(home, settings, at + 2 * HOUR, "02:00")


def test_associations_on_one_machine_begin_apart(tmp_path: Path, settings: Settings):
    """Fifty of them, spread over four hours: the same place each night, two in one minute at most, none before time."""
    night = Night(starts_at="22:30", spread_minutes=240)
    spread = settings.model_copy(update={"night": night, "association": Association(time_zone="America/New_York")})
    delays = []
    for number in range(50):
        (tmp_path / str(number)).mkdir()
        home = Home(tmp_path / str(number))
        home.key_file.parent.mkdir()
        home.key_file.write_text(hashlib.sha256(str(number).encode()).hexdigest())
        house = House(home, spread)
        assert own_delay(house) == own_delay(House(home, spread))
        delays.append(own_delay(house))
        begins = dt.datetime(2025, 6, 1, 22, 30, tzinfo=NEW_YORK) + delays[-1]
        assert local_night(house, begins - dt.timedelta(seconds=1)) == dt.date(2025, 5, 31)
        assert local_night(house, begins) == dt.date(2025, 6, 1)
    assert all(dt.timedelta(0) <= delay < dt.timedelta(hours=4) for delay in delays)
    quarters = {delay // dt.timedelta(minutes=30) for delay in delays}
    assert quarters == set(range(8)), "they lie all over the four hours"
    busiest = max(delays.count(delay) for delay in delays)
    assert busiest <= 2
