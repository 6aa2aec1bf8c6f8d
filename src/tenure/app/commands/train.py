"""`tenure train`: a model, whether or not one is due."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, as_of_option, home_option, json_option

HELP = """Learn a model from what was known on a day, and back-test it.

The next night scores with it. A night trains by itself when a model is due; this is for doing so now. With fewer than
20 lapses or 20 renewals, or all of them of one payer, nothing can be learnt, nor from a record that stopped more than
30 days before the day (exit code 3)."""


@click.command("train", cls=Command, help=HELP)
@home_option
@as_of_option
@json_option
def command(home: Path, as_of: dt.date | None, as_json: bool) -> int:
    """Train."""
    from tenure.app.night import run_train
    from tenure.app.summary import words_of

    console = Console(quiet=as_json)
    report = run_train(House.open(home), console, as_of=as_of, by="tenure train")
    if as_json:
        console.result_json(report.as_json())
    else:
        console.result(words_of(report))
    return report.exit_code
