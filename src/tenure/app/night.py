"""The night: sync, train when due, score, hand over, write back.

A night is a function of what was known that day. Each step ends before the next begins, and leaves either what was
there before or what it made, so a night that is stopped anywhere is mended by running it again; one that is run again
with nothing new finds nothing to do.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from tenure.app import steps
from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.walk import Told, Walk
from tenure.base.errors import UsageError


@dataclass(frozen=True)
class Report:
    """What a night did.

    Args:
        as_of: Its day.
        dry_run: Whether scores were kept and written.
        exit_code: Of the command.
        unchanged: Whether there was nothing to do.
        steps: In order.
        model: Version of the model that scored.
    """

    as_of: dt.date
    dry_run: bool
    exit_code: int
    unchanged: bool
    steps: tuple[Told, ...]
    model: str

    def as_json(self) -> dict[str, Any]:
        """The report for programs."""
        told = [vars(step) for step in self.steps]
        return {**vars(self), "as_of": self.as_of.isoformat(), "steps": told}


def run_night(house: House, console: Console, *, as_of: dt.date | None, dry_run: bool, by: str) -> Report:
    """Do one night.

    Args:
        house: The association's.
        console: Where to show it.
        as_of: The day; what was recorded before its start is known. Today when none is given.
        dry_run: Bring in records and train, but keep no scores and change nothing in iMIS.
        by: Who asked for it.

    Raises:
        TenureError: A step could not be done; what earlier nights made stays as it is.
    """
    day = night_of(house, as_of)
    house.open_ledger()
    with begin(house, day, "dry run" if dry_run else "night", by) as run:
        walk = Walk(run, console)
        steps.sync(house, walk)
        model = steps.train_when_due(house, walk, day)
        steps.score_and_write_back(house, walk, day, model, dry_run=dry_run)
        run.finish(model=model.version)
    return Report(day, dry_run, walk.exit_code, walk.unchanged, tuple(walk.steps), model.version)


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


def begin(house: House, as_of: dt.date, kind: str, by: str) -> Any:
    """Begin a run in the ledger, which must be open; it takes the lease that keeps two nights apart.

    Raises:
        HeldBack: Another run is under way.
    """
    from tenure.ledger import runs

    return runs.start(as_of=as_of, kind=kind, by=by, clock=house.clock)
