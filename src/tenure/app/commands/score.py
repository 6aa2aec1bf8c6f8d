"""`tenure score`: the night without its sync and its training."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, Day, as_of_option, home_option, json_option
from tenure.base.errors import DONE, PARTLY_DONE

HELP = """Score every active member with the latest model, and put into iMIS what changed.

This is a night without its sync and its training. --dry-run keeps no scores and shows what it would write.
--replay makes the scores of a past night again, with that night's model and rules and from what was known then, and
compares them with those that were kept, column by column; it changes nothing, and ends with exit code 4 where they
differ. Where the code or a library is another one than scored that night, a note says so."""


@click.command("score", cls=Command, help=HELP)
@home_option
@as_of_option
@click.option("--dry-run", is_flag=True, help="Show what would be written into iMIS, and write none of it.")
@click.option("--replay", type=Day(), default=None, help="Make the scores of this night again, and only compare.")
@json_option
def command(home: Path, as_of: dt.date | None, dry_run: bool, replay: dt.date | None, as_json: bool) -> int:
    """Score."""
    if replay is not None:
        return _replay(House.open(home), replay, as_json=as_json)
    from tenure.app.night import run_score
    from tenure.app.summary import words_of

    console = Console(quiet=as_json)
    report = run_score(House.open(home), console, as_of=as_of, dry_run=dry_run, by="tenure score")
    if as_json:
        console.result_json(report.as_json())
    else:
        console.result(words_of(report))
    return report.exit_code


def _replay(house: House, night: dt.date, *, as_json: bool) -> int:
    from tenure.app import receipts

    found = receipts.replay(house, night)
    console = Console(quiet=as_json)
    console.result_json(found) if as_json else console.result(receipts.words_of_replay(found))
    whole = found["same"] == found["members"] and not found["only_now"]
    return DONE if whole else PARTLY_DONE
