"""The night: sync, train when due, score, write back; and each of these by itself.

A night is a function of what was known that day. Each step ends before the next begins, and leaves either what was
there before or what it made, so a night that is stopped anywhere is mended by running it again; one that is run again
with nothing new finds nothing to do.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tenure.app import steps, stopping
from tenure.app.console import Console
from tenure.app.counting import count_members
from tenure.app.handdown import hand_down
from tenure.app.house import House
from tenure.app.models import model_for
from tenure.app.pings import Watcher
from tenure.app.responding import note_responses
from tenure.app.retaining import retain
from tenure.app.schedule import local_night, night_due
from tenure.app.walk import Told, Walk
from tenure.base.errors import DONE, TenureError, UsageError


@dataclass(frozen=True)
class Report:
    """What a night, or a part of one, did.

    Args:
        as_of: Its day.
        dry_run: Whether nothing was kept and written.
        exit_code: Of the command.
        unchanged: Whether there was nothing to do.
        steps: In order.
        model: Version of the model, where there was one.
    """

    as_of: dt.date
    dry_run: bool
    exit_code: int
    unchanged: bool
    steps: tuple[Told, ...]
    model: str = ""

    def as_json(self) -> dict[str, Any]:
        """The report for programs."""
        told = [vars(step) for step in self.steps]
        return {**vars(self), "as_of": self.as_of.isoformat(), "steps": told}


def run_night(
    house: House,
    console: Console,
    *,
    as_of: dt.date | None,
    dry_run: bool,
    by: str,
    approved: bool = False,
    despite_drift: bool = False,
) -> Report:
    """Do one night.

    Args:
        house: The association's.
        console: Where to show it.
        as_of: The day; what was recorded before its start is known. Today when none is given.
        dry_run: Bring in records and train, but keep no scores and change nothing in iMIS.
        by: Who asked for it.
        approved: That person has looked at a write-back that was held back for its size, and lets it pass.
        despite_drift: That person has looked at the drift of this night, or at a record that stopped, and lets it be
            scored.

    Raises:
        TenureError: A step could not be done; what earlier nights made stays as it is.
    """
    day = night_of(house, as_of)
    night = local_night(house, house.clock()) if as_of is None and not dry_run else None
    with Watcher("" if dry_run else house.settings.night.ping_url).told() as watcher:
        with _walk(house, console, day, "dry run" if dry_run else "night", by, night) as walk:
            steps.sync(house, walk)
            if not dry_run:
                note_responses(house, walk)
                retain(house, walk)
                count_members(house, walk, day)
            despite = by if despite_drift else ""
            steps.require_recorded(house, walk, day, despite=despite)
            lookout = steps.Lookout(house, walk, day, model_for(house, day), dry_run=dry_run, despite=despite)
            model = steps.train_when_due(house, walk, day, lookout)
            steps.score_and_write_back(
                house, walk, day, model, dry_run=dry_run, lookout=lookout, approved_by=by if approved else ""
            )
        watcher.done(well=walk.exit_code == DONE)
    return _report(walk, day, model.version, dry_run=dry_run)


def anchor(house: House) -> None:
    """Write down what the audit log is now, outside the database.

    Raises:
        DamagedStore: It is not the log that was anchored before; what the night made stays.
    """
    from tenure.ledger import anchors

    folder = anchors.folder_of(house.home, house.settings)
    anchors.require_continued(folder)
    anchors.keep(folder, clock=house.clock)


def is_done(house: House) -> bool:
    """Whether the night that it is now, by the association's own clock, was done; see `tenure.app.schedule`."""
    house.open_ledger()
    return night_due(house) is None


def release(house: House, step: str, *, by: str) -> bool:
    """Let nights try *step* again, which was parked; says whether it was."""
    house.open_ledger()
    from tenure.ledger import parking

    return parking.release(step, by=by, clock=house.clock)


def run_sync(house: House, console: Console, *, by: str) -> Report:
    """Only bring in what is new; arguments and errors as for `run_night`."""
    with _walk(house, console, house.today, "sync", by) as walk:
        steps.sync(house, walk)
        note_responses(house, walk)
    return _report(walk, house.today)


def run_train(house: House, console: Console, *, as_of: dt.date | None, by: str) -> Report:
    """Only make a model, due or not; arguments and errors as for `run_night`."""
    day = night_of(house, as_of)
    with _walk(house, console, day, "train", by) as walk:
        steps.require_recorded(house, walk, day)
        version = steps.train(house, walk, day, "it was asked for")
    return _report(walk, day, version)


def run_score(house: House, console: Console, *, as_of: dt.date | None, dry_run: bool, by: str) -> Report:
    """Score and write back with the model that there is; arguments and errors as for `run_night`."""
    day = night_of(house, as_of)
    model = model_for(house, day)
    if model is None:
        from tenure.ledger import serving

        raise TenureError(f"there is no model that was made by {day}", mend=serving.way_to_one(as_of))
    with _walk(house, console, day, "dry run" if dry_run else "score", by) as walk:
        steps.require_recorded(house, walk, day)
        lookout = steps.Lookout(house, walk, day, model, dry_run=dry_run)
        steps.score_and_write_back(house, walk, day, model, dry_run=dry_run, lookout=lookout)
    return _report(walk, day, model.version, dry_run=dry_run)


def night_of(house: House, as_of: dt.date | None) -> dt.date:
    """The day of a night.

    Raises:
        UsageError: It has not begun.
    """
    day = as_of or house.today
    if day > house.today:
        raise UsageError(
            f"the day {day} has not begun; today is {house.today} (UTC)", mend="pass --as-of with a day up to today"
        )
    return day


@contextmanager
def _walk(
    house: House, console: Console, as_of: dt.date, kind: str, by: str, night: dt.date | None = None
) -> Iterator[Walk]:
    """A run in the ledger around the block; it takes the lease that keeps two nights apart, and can be stopped."""
    house.open_ledger()
    from tenure import custody
    from tenure.ledger import runs, witness

    witness.require_whole(house.home)
    custody.require_unbroken(house.home)
    with runs.start(as_of=as_of, kind=kind, by=by, local_night=night, clock=house.clock) as run:

        def note() -> None:
            run.finish(error=stopping.stopped())

        hand_down(house)
        with stopping.listening(note) as stop:
            yield Walk(run, console, stop)
    custody.seal(house.home)
    witness.note(house.home)
    if kind == "night":
        anchor(house)


def _report(walk: Walk, as_of: dt.date, model: str = "", *, dry_run: bool = False) -> Report:
    return Report(as_of, dry_run, walk.exit_code, walk.unchanged, tuple(walk.steps), model)
