"""`tenure run`: one night."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, as_of_option, home_option, json_option

HELP = """Do one night: sync, train when there is no model yet or one is due, score, write back.

Schedule this once a day, after the nightly jobs of iMIS. Run twice, the second finds nothing to do. With --as-of in
the past the night is what that night would have been: only what was recorded before that day is known.

--dry-run brings in records and trains when due, but keeps no scores and changes nothing in iMIS; it shows what it
would write."""


@click.command("run", cls=Command, help=HELP)
@home_option
@as_of_option
@click.option("--dry-run", is_flag=True, help="Show what would be written into iMIS, and write none of it.")
@json_option
def command(home: Path, as_of: dt.date | None, dry_run: bool, as_json: bool) -> int:
    """Do one night."""
    from tenure.app.night import run_night
    from tenure.app.summary import words_of

    console = Console(quiet=as_json)
    report = run_night(House.open(home), console, as_of=as_of, dry_run=dry_run, by="tenure run")
    if as_json:
        console.result_json(report.as_json())
    else:
        console.result(words_of(report))
    return report.exit_code
