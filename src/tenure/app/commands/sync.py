"""`tenure sync`: bring in what is new."""

from __future__ import annotations

from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, home_option, json_option

HELP = """Bring what is new at the source into the lake.

Rows that cannot be used are set aside and counted; too many of them, or a table of an unlikely size, hold the sync
back, and everything stays as it was. A sync that is stopped leaves nothing half-written. A second one finds nothing
new."""


@click.command("sync", cls=Command, help=HELP)
@home_option
@json_option
def command(home: Path, as_json: bool) -> int:
    """Bring in what is new."""
    from tenure.app.night import run_sync
    from tenure.app.summary import words_of

    console = Console(quiet=as_json)
    report = run_sync(House.open(home), console, by="tenure sync")
    if as_json:
        console.result_json(report.as_json())
    else:
        console.result(words_of(report))
    return report.exit_code
