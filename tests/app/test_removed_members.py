"""Members whom the source no longer had before grace was over: no lapses where labels are signed, nor in the watch."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from lakes import lake_of, person, term
from tenure.app import labels
from tenure.app.house import House
from tenure.app.watching import came_true
from tenure.base.home import Home
from tenure.base.settings import Settings, Source

AS_OF = dt.date(2025, 6, 1)
MEMBERS, RENEWED, STAYED = 200, 140, 160


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Of 200 members whose term ends with the year 140 renew, 20 do not, and the source is without 40 since November.

    Scores of October said that 25 in 200 would lapse, as 20 of the 160 did of whom it is known.
    """
    first = [term(member, "2024-01-01", "2024-12-31") for member in range(MEMBERS)]
    next_ = [term(member, "2025-01-01", "2025-12-31", paid="2024-12-15") for member in range(RENEWED)]
    gone = [{"member": member, "known_at": dt.datetime(2024, 11, 1), "gone": True} for member in range(STAYED, MEMBERS)]
    lake = lake_of(
        Home(tmp_path).lake, members=[person(member) for member in range(MEMBERS)], terms=first + next_, departures=gone
    )
    lake.write_scores(
        dt.date(2024, 10, 15),
        pl.DataFrame({"member": range(MEMBERS)}, schema={"member": pl.Int64}).with_columns(
            in_grace=pl.lit(value=False), p_lapse_renewal=pl.lit(0.125), renewal_due_on=pl.lit(dt.date(2024, 12, 31))
        ),
    )
    return House(Home(tmp_path), Settings(source=Source(kind="files", path="x")))


def test_the_labels_that_are_signed_are_those_that_are_learnt(house: House):
    """They have a place of their own in the table, in words and for programs."""
    body = labels.summary(labels.made(house, AS_OF))
    told = labels.words_of(labels.body_of(house, labels.made(house, AS_OF), AS_OF))
    row = next(line for line in told.splitlines() if line.startswith("REG") and "2024" in line)

    assert (body["renewed"], body["lapsed"], body["removed"], body["in_grace"]) == (140, 20, 40, 0)
    assert body["lapse_rate"] == pytest.approx(0.125)
    assert row.split() == ["REG", "2024", "140", "0", "20", "0", "0", "0", "0", "40", "12.5", "%"]
    assert "removed: not in the source any more before grace was over" in told


def test_the_watch_judges_by_the_labels_that_are_learnt(house: House):
    """Scores that were right raise no alarm, however many are removed."""
    came = came_true(house, AS_OF)

    assert (came["decisions"], came["lapsed"]) == (160, 0.125)
    assert came["z"] == pytest.approx(0.0)
    assert not came["alarm"]


def test_the_watch_judges_by_the_holdout_of_whom_playbooks_selected(house: House):
    """All 160 were selected, and 16 held out of whom six lapsed: they judge, and alone."""
    house.open_ledger()
    from tenure.ledger import experiments

    held = range(RENEWED - 10, RENEWED + 6)
    drawn = [experiments.Drawn(one, "control" if one in held else "treated", "") for one in range(STAYED)]
    experiments.keep(experiment="holdout", drawn=drawn, share=0.1, as_of=AS_OF, by="test")
    occasions = dict.fromkeys(range(STAYED), "renewal:2024-12-31")
    experiments.expose(experiment="holdout", occasions=occasions, kind="eligible", as_of=dt.date(2024, 12, 1))

    came = came_true(house, AS_OF)

    assert (came["decisions"], came["selected"], came["lapsed"]) == (16, 144, 6 / 16)
