"""`tenure score`: the night without its sync and its training."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, as_of_option, home_option, json_option

HELP = """Score every active member with the latest model, and put into iMIS what changed.

This is a night without its sync and its training. --dry-run keeps no scores and shows what it would write."""


@click.command("score", cls=Command, help=HELP)
@home_option
@as_of_option
@click.option("--dry-run", is_flag=True, help="Show what would be written into iMIS, and write none of it.")
@json_option
def command(home: Path, as_of: dt.date | None, dry_run: bool, as_json: bool) -> int:
    """Score."""
    from tenure.app.night import run_score
    from tenure.app.summary import words_of

    console = Console(quiet=as_json)
    report = run_score(House.open(home), console, as_of=as_of, dry_run=dry_run, by="tenure score")
    if as_json:
        console.result_json(report.as_json())
    else:
        console.result(words_of(report))
    return report.exit_code
