"""Whatever is entered late, at one instant or by a wrong clock, and wherever a sync dies: no row is passed over."""

from __future__ import annotations

import datetime as dt
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from terms_server import MAPPING, TermsServer, term

from tenure.base.home import Home
from tenure.base.settings import Intake, Settings, Source
from tenure.imis import ImisClient
from tenure.intake import ImisSource, SyncReport, read_mapping, sync
from tenure.lake import Batch, Lake

CASES = int(os.environ.get("TENURE_CASES", "10"))
"""How many cases of the property are tried; `make torture` tries a thousand."""
START = dt.datetime(2025, 3, 1, 2, tzinfo=dt.UTC)


class Killed(BaseException):
    """Stands for the end of the process: nothing of ours catches it."""


class Fragile(Lake):
    """A lake whose batches tell a test of each step of their commit."""

    def batch(self, **told: object) -> Batch:
        return super().batch(**{**told, "checkpoint": self.step})  # type: ignore[arg-type]

    def step(self, _: str) -> None:
        """Overwritten by whoever wants to die there."""


class Place:
    """A home that syncs from the server, and may be killed at the n-th step of a sync."""

    def __init__(self, root: Path, server: TermsServer, rest: dt.timedelta = dt.timedelta(0)) -> None:
        root.mkdir()
        self.home, self.server, self.rest = Home(root), server, rest
        (root / "own.toml").write_text(MAPPING)

    @property
    def lake(self) -> Lake:
        return Lake.open(self.home.lake)

    def sync(self, at: dt.datetime, die_at: int | None = None) -> SyncReport | None:
        """One sync; None when it was killed."""
        steps = iter(range(10**6))

        def step(*_: object) -> None:
            if next(steps) == die_at:
                raise Killed

        rules = Settings(
            source=Source(kind="imis", url=self.server.url, username="tenure", mapping="own.toml"),
            intake=Intake(quarantine_limit=1.0),
        )
        lake = Fragile.open(self.home.lake)
        lake.step = step  # type: ignore[method-assign]
        with ImisClient(self.server.url, "tenure", "x", requests_per_hour=0, page_size=3) as client:
            source = ImisSource(client, read_mapping("own.toml", self.home), rest=self.rest)
            with suppress(Killed):
                return sync(
                    self.home, rules, lake, clock=lambda: at, source=source, progress=step,
                    hand_up=lambda *_: step(),
                )  # fmt: skip
        return None

    def check_cursor(self) -> None:
        """The watermark is no later than the newest row that is stored."""
        mark = self.lake.watermarks.get("imis.terms", "")
        stored = self.lake.terms()["recorded_at"].max()
        assert not mark or (stored is not None and dt.datetime.fromisoformat(mark) <= stored), (mark, stored)


@pytest.fixture(scope="module")
def server() -> Iterator[TermsServer]:
    server = TermsServer()
    yield server
    server.close()


nights = st.lists(
    st.tuples(
        st.lists(
            st.sampled_from([0, 0, 1, 5, 14, 200]), max_size=4
        ),  # minutes before the sync at which rows are stamped
        st.lists(st.integers(0, 25), max_size=2),  # steps at which attempts of that night die
    ),
    min_size=1,
    max_size=3,
)


@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
@given(nights=nights, skew=st.sampled_from([-10, 0, 10]))
def test_the_cursor_never_runs_ahead_and_no_row_is_missed(server: TermsServer, nights: list, skew: int):
    """With equal stamps, commits up to a quarter of an hour late, a clock ten minutes off, and death at any step.

    After every attempt the watermark lies at or before what is stored; in the end every row is there, once.
    """
    server.terms = [term(0, f"{START - dt.timedelta(days=1):%Y-%m-%dT%H:%M:%S}")]
    with tempfile.TemporaryDirectory() as folder:
        place, number, newest = Place(Path(folder) / "home", server), 1, START - dt.timedelta(days=1)
        for night, (ages, deaths) in enumerate(nights):
            at = START + dt.timedelta(hours=6 * night)
            for age in ages:
                # A commit may be late by the overlap at most; before the newest stamp by more would be another promise.
                stamp = max(at + dt.timedelta(minutes=skew - age), newest - dt.timedelta(minutes=14))
                server.terms.append(term(number, f"{stamp:%Y-%m-%dT%H:%M:%S}"))
                number += 1
            newest = max([newest, *(_stamp(row) for row in server.terms)])
            for die_at in (*deaths, None):
                place.sync(at, die_at)
                place.check_cursor()
        place.sync(START + dt.timedelta(days=3))
        place.check_cursor()
        kept = place.lake.terms()
        assert kept.height == kept["term_id"].n_unique() == number
        assert sorted(kept["recorded_at"]) == sorted(_stamp(row).replace(tzinfo=None) for row in server.terms)


def _stamp(row: dict[str, object]) -> dt.datetime:
    return dt.datetime.fromisoformat(str(row["DateEntered"])).replace(tzinfo=dt.UTC)


@pytest.mark.parametrize("skew", [-10, 10])
def test_a_server_whose_clock_is_ten_minutes_off_loses_nothing(server: TermsServer, tmp_path: Path, skew: int):
    """What bears a stamp of our future waits for the next night; what bears an old one is reached by the overlap."""
    place = Place(tmp_path / "home", server)
    clock = START + dt.timedelta(minutes=skew)
    server.terms = [
        term(0, f"{clock - dt.timedelta(hours=1):%Y-%m-%dT%H:%M:%S}"),
        term(1, f"{clock:%Y-%m-%dT%H:%M:%S}"),
    ]
    place.sync(START)
    assert place.lake.terms().height == (1 if skew > 0 else 2)

    server.terms.append(term(2, f"{clock + dt.timedelta(seconds=1):%Y-%m-%dT%H:%M:%S}"))
    place.sync(START + dt.timedelta(hours=1))

    assert place.lake.terms().height == 3


def test_every_place_of_stopping_can_be_gone_on_from(server: TermsServer, tmp_path: Path):
    """A sync is killed at its first step, the next home's at its second, and so on to the last; each ends the same.

    The second attempt's watermarks are never earlier than the first's.
    """
    server.terms = [term(number, f"2025-02-{1 + number:02d}T09:00:00") for number in range(8)]
    whole = Place(tmp_path / "whole", server)
    whole.sync(START)
    content = sorted(whole.lake.terms()["recorded_at"])
    for die_at in range(40):
        place = Place(tmp_path / f"home{die_at}", server)
        if place.sync(START, die_at) is not None:
            break
        before = place.lake.watermarks
        assert place.sync(START) is not None
        assert sorted(place.lake.terms()["recorded_at"]) == content
        after = place.lake.watermarks
        assert all(after[name] >= mark for name, mark in before.items())
        assert after["imis.terms"] == whole.lake.watermarks["imis.terms"]
    assert die_at > 10, "a sync has more steps than that"
