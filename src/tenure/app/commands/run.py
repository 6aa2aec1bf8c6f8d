"""`tenure run`: one night."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, as_of_option, home_option, json_option
from tenure.base.errors import UsageError

HELP = """Do one night: sync, train when there is no model yet or one is due, score, write back.

Schedule this once a day, after the nightly jobs of iMIS. Run twice, the second finds nothing to do. With --as-of in
the past the night is what that night would have been: only what was recorded before that day is known.

--dry-run brings in records and trains when due, but keeps no scores and changes nothing in iMIS; it shows what it
would write.

A write-back that was held back because too many members would move to another risk band is let pass once by
--approve-writeback, with --by and the name of the person who has looked; the ledger keeps who that was."""


@click.command("run", cls=Command, help=HELP)
@home_option
@as_of_option
@click.option("--dry-run", is_flag=True, help="Show what would be written into iMIS, and write none of it.")
@click.option("--approve-writeback", is_flag=True, help="Let a write-back pass that was held back for its size.")
@click.option("--by", metavar="NAME", default="", help="Who has looked and approves.")
@json_option
def command(home: Path, as_of: dt.date | None, dry_run: bool, approve_writeback: bool, by: str, as_json: bool) -> int:
    """Do one night."""
    from tenure.app.night import run_night
    from tenure.app.summary import words_of

    by = by.strip()[:150]
    if approve_writeback != bool(by):
        raise UsageError(
            "--approve-writeback and --by go together", mend="name the person who has looked: --by 'Given Name'"
        )
    console = Console(quiet=as_json)
    report = run_night(
        House.open(home), console, as_of=as_of, dry_run=dry_run, by=by or "tenure run", approved=approve_writeback
    )
    if as_json:
        console.result_json(report.as_json())
    else:
        console.result(words_of(report))
    return report.exit_code
