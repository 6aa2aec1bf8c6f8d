"""`tenure labels`: what counts as a lapse, as a table that somebody can sign."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, Shown, as_of_option, home_option, json_option


@click.group("labels", cls=Shown, short_help="Show what counts as a lapse, and sign it.")
def command() -> None:
    """Show what counts as a lapse, and sign it.

    A model learns from past renewals. What became of each follows from the rules in tenure.toml; here is what they
    make of the record, how the lapse rate would move with grace, and what speaks against them. Training refuses
    (exit code 3) where the record contradicts the rules, and says so where nobody has signed. A change of the rules
    voids the signature.
    """


@command.command("show", cls=Command)
@home_option
@as_of_option
@json_option
def show(home: Path, as_of: dt.date | None, as_json: bool) -> int:
    """Show the rules, the labels by member type and year, and what speaks against them.

    It says so where nothing was recorded for more than 30 days before the day: who renewed since then counts as lapsed.
    """
    from tenure.app import labels
    from tenure.app.night import night_of

    house = House.open(home)
    day = night_of(house, as_of)
    body = labels.body_of(house, labels.made(house, day), day)
    console = Console(quiet=as_json)
    console.result_json(body) if as_json else console.result(labels.words_of(body))
    return 0


@command.command("sign", cls=Command)
@home_option
@as_of_option
@click.option("--by", required=True, metavar="NAME", help="Who signs; kept in the audit trail.")
@click.option("--why", default="", metavar="WORDS", help="Why, in spite of what training refuses for.")
@click.option("--despite", multiple=True, metavar="CODE", help="Sign in spite of this refusal; may be given again.")
@json_option
def sign(home: Path, as_of: dt.date | None, by: str, why: str, despite: tuple[str, ...], as_json: bool) -> int:
    """Sign that this is how the association counts: the rules as they are, and the table that they make.

    Where nothing was recorded for more than 30 days the day has to be said: --as-of. --despite takes what training
    refuses for now, and nothing else; the audit log keeps which of it was overruled.
    """
    from tenure.app import labels
    from tenure.app.night import night_of

    house = House.open(home)
    night = night_of(house, as_of)
    day = night if as_of else labels.day_to_sign(house, night)
    body = labels.sign(house, day, by=by, why=why, despite=despite)
    console = Console(quiet=as_json)
    words = f"signed by {by}: {body['lapsed']:,} lapses and {body['renewed']:,} renewals"
    ended = f", as of {day}, since nothing was recorded after that" if day != night else ""
    console.result_json({"by": by, "as_of": day.isoformat(), "summary": body}) if as_json else console.result(
        words + ended
    )
    return 0
