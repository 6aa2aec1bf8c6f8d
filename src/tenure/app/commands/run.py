"""`tenure run`: one night."""

from __future__ import annotations

import datetime as dt
import os
import sys
from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, as_of_option, home_option, json_option
from tenure.base.errors import DONE, UsageError

_NICE = 10

HELP = """Do one night: sync, train when there is no model yet or one is due, score, write back.

Schedule this once a day, after the nightly jobs of iMIS. Run twice, the second finds nothing to do. With --as-of in
the past the night is what that night would have been: only what was recorded before that day is known.

--dry-run brings in records and trains when due, but keeps no scores and changes nothing in iMIS; it shows what it
would write.

A write-back that was held back because too many members would move to another risk band is let pass once by
--approve-writeback, with --by and the name of the person who has looked; the ledger keeps who that was.

A night whose drift watch is red (three alarms or more) is held back before scores of the last two weeks are replaced:
they stay. `tenure model drift` shows what changed; --despite-drift, with --by and the name
of who has looked, lets this night be scored. While the watch is red and nobody has looked, no model is made for its
age alone.

Where nothing was recorded for more than 30 days before the day, or no term though many came due, the night is held
back before it learns or scores: who has renewed since would count as lapsed. --as-of takes the record as it stood;
--despite-drift lets the night pass.

--if-due is for a schedule that calls often, such as every hour: the first call after `night.starts_at` by the
association's own clock does the night, and the others do nothing, also when clocks are put forward or back. Nights
that were missed are made up for by the next one.

Pages come first: where the system knows priorities, a night works at a lower one (nice 10), so that staff who look
something up meanwhile do not wait for it.

SIGTERM and Ctrl-C end it within ten seconds with exit code 0; the run shows as stopped, and the next goes on. A step
that ended its process three times in a row is parked until --release lets it be tried again."""


@click.command("run", cls=Command, help=HELP)
@home_option
@as_of_option
@click.option("--dry-run", is_flag=True, help="Show what would be written into iMIS, and write none of it.")
@click.option("--approve-writeback", is_flag=True, help="Let a write-back pass that was held back for its size.")
@click.option("--despite-drift", is_flag=True, help="Score though the drift watch is red, or the record stopped.")
@click.option("--by", metavar="NAME", default="", help="Who has looked and approves.")
@click.option("--if-due", is_flag=True, help="Do nothing when this night, by local time, was done.")
@click.option("--release", metavar="STEP", default="", help="Let a step be tried again that was parked.")
@json_option
def command(
    home: Path,
    as_of: dt.date | None,
    dry_run: bool,
    approve_writeback: bool,
    despite_drift: bool,
    by: str,
    if_due: bool,
    release: str,
    as_json: bool,
) -> int:
    """Do one night."""
    # Before the libraries begin their threads, which inherit it.
    _let_pages_first()
    from tenure.app import night, turns
    from tenure.app.summary import words_of

    by = by.strip()[:150]
    _require_sense(
        by, named=approve_writeback or despite_drift or bool(release), both_days=if_due and as_of is not None
    )
    console, house = Console(quiet=as_json), House.open(home)
    if release:
        was = night.release(house, release, by=by)
        console.say(f"the step `{release}` {'is tried again' if was else 'was not parked'}")
    if if_due and night.is_done(house):
        console.result_json({"due": False, "exit_code": DONE}) if as_json else console.result("this night was done")
        return DONE
    if if_due:
        turns.wait_for_turn(house, console)
    report = night.run_night(
        house, console, as_of=as_of, dry_run=dry_run, by=by or "tenure run", approved=approve_writeback,
        despite_drift=despite_drift,
    )  # fmt: skip
    if as_json:
        console.result_json(report.as_json())
    else:
        console.result(words_of(report))
    return report.exit_code


def _let_pages_first() -> None:
    """Work at a lower priority than the pages of the same machine, or at the one that was given if that is lower."""
    if sys.platform != "win32":
        os.setpriority(os.PRIO_PROCESS, 0, max(_NICE, os.getpriority(os.PRIO_PROCESS, 0)))


def _require_sense(by: str, *, named: bool, both_days: bool) -> None:
    if named != bool(by):
        raise UsageError(
            "--by goes together with --approve-writeback, --despite-drift or --release",
            mend="name the person who has looked: --by 'Given Name'",
        )
    if both_days:
        raise UsageError("--if-due and --as-of exclude each other", mend="leave one of them out")
