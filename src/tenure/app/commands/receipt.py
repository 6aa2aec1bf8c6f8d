"""`tenure receipt`: what one score was made from."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, Day, home_option, json_option

HELP = """Print what the score of one member was made from.

The score and its reasons, the model with its hash, the versions of Tenure and of the lake, the code that scored and
whether it is the code of now, every feature with its value then and as it is counted now, and whether the probability
comes out again from both. MEMBER is the source's own id."""


@click.command("receipt", cls=Command, help=HELP)
@home_option
@click.argument("member")
@click.option("--as-of", "as_of", type=Day(), default=None, help="Of which night. [default: the latest one]")
@json_option
def command(home: Path, member: str, as_of: dt.date | None, as_json: bool) -> int:
    """Print a receipt."""
    from tenure.app import receipts

    found = receipts.receipt(House.open(home), member, as_of)
    console = Console(quiet=as_json)
    console.result_json(found) if as_json else console.result(receipts.words_of_receipt(found))
    return 0
