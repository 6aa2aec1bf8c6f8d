"""`tenure model`: which models there are, which one serves, and who said so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, Day, F, home_option, json_option


@click.group("model", short_help="List, promote, roll back and examine models.")
def command() -> None:
    """List, promote, roll back and examine models.

    The model that serves is the champion. A new one is a challenger until it takes over: by itself, when it is no
    worse on past renewals and has scored in shadow for some nights, or by a person's word (docs/governance.md).
    """


def _word_options(function: F) -> F:
    options: list[Callable[[Any], Any]] = [
        click.option("--by", required=True, metavar="NAME", help="Who says so; kept in the audit trail."),
        click.option("--why", required=True, metavar="WORDS", help="For what reason; likewise."),
        click.option(
            "--as-of", "night", type=Day(), default=None, help="From which night on. [default: the latest one scored]"
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@command.command("list", cls=Command)
@home_option
@json_option
def list_(home: Path, as_json: bool) -> int:
    """List the models, the oldest first, with the part of each and by whose word it has it.

    One that is not as it was made is listed as damaged, with what is the matter. It is never loaded, and hinders
    nothing unless it is the one that serves; `tenure model rollback` then leads to the one before it.
    """
    from tenure.app import promotion

    found = promotion.standing(House.open(home))
    console = Console(quiet=as_json)
    console.result_json(found) if as_json else console.result("\n".join(map(_line, found)) or "there is no model yet")
    return 0


def _line(one: dict[str, Any]) -> str:
    if one["damaged"]:
        return f"{one['version']}  {one['part']:<10}  DAMAGED: {one['damaged']}"
    since = f"  since {one['serves_from']} by {one['by']}: {one['why']}" if one["serves_from"] else ""
    had = len(one["shadow"])
    shadow = f"  {had} night{'' if had == 1 else 's'} in shadow" if had and not since else ""
    return f"{one['version']}  {one['part']:<10}  as of {one['as_of']}  grade {one['grade']}{since}{shadow}"


@command.command("promote", cls=Command)
@home_option
@click.argument("version")
@_word_options
@json_option
def promote(home: Path, version: str, by: str, why: str, night: dt.date | None, as_json: bool) -> int:
    """Let the model VERSION serve.

    Scores stay as they are until they are made anew: `tenure score`, or the next night.
    """
    from tenure.app import promotion

    before = promotion.promote(House.open(home), version, by=by, why=why, night=night)
    return _told(Console(quiet=as_json), {"serves": version, "before": before}, as_json=as_json)


@command.command("rollback", cls=Command)
@home_option
@_word_options
@json_option
def rollback(home: Path, by: str, why: str, night: dt.date | None, as_json: bool) -> int:
    """Let the model serve again that served before the present one.

    No other model takes over by itself then until a person promotes one. Scores stay as they are until they are made
    anew: `tenure score`, or the next night.
    """
    from tenure.app import promotion

    present, former = promotion.rollback(House.open(home), by=by, why=why, night=night)
    return _told(Console(quiet=as_json), {"serves": former, "before": present}, as_json=as_json)


@command.command("sign", cls=Command)
@home_option
@click.argument("version")
@click.option("--by", required=True, metavar="NAME", help="Who vouches for it; kept in the audit trail.")
@click.option("--why", required=True, metavar="WORDS", help="On what ground; likewise.")
@json_option
def sign(home: Path, version: str, by: str, why: str, as_json: bool) -> int:
    """Vouch for the model VERSION, which the key of this home did not sign.

    Models are signed when they are made, and one that was made elsewhere, or before models were signed, is refused. A
    person who knows where it comes from may let this home's key sign it; its files must be those that it names.
    """
    from tenure.app import promotion

    promotion.sign(House.open(home), version, by=by, why=why)
    console = Console(quiet=as_json)
    console.result_json({"signed": version}) if as_json else console.result(f"{version} is signed by this home's key")
    return 0


def _told(console: Console, body: dict[str, str], *, as_json: bool) -> int:
    words = f"{body['serves']} serves now" + (f", in place of {body['before']}" if body["before"] else "")
    console.result_json(body) if as_json else console.result(f"{words}; `tenure score` scores with it")
    return 0


@command.command("fairness", cls=Command)
@home_option
@click.argument("version", required=False)
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    default=None,
    help="Listed from this probability on. [default: the top tenth]",
)
@json_option
def fairness(home: Path, version: str | None, threshold: float | None, as_json: bool) -> int:
    """Hold groups of members against each other: by age, gender, region, type and chapter.

    For the model VERSION, or the one that serves. Birth year and gender are read for this alone, from a file that
    features cannot read.
    """
    from tenure.app import fairness as audits

    body = audits.audited(House.open(home), version, threshold)
    console = Console(quiet=as_json)
    console.result_json(body) if as_json else console.result(audits.words_of(body))
    return 0


@command.command("card", cls=Command)
@home_option
@click.argument("version", required=False)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), default=None, help="Where to write; .html or .json."
)
@json_option
def card(home: Path, version: str | None, out: Path | None, as_json: bool) -> int:
    """Write the card of the model VERSION, or of the one that serves: one page that can be mailed.

    What it is for, what it learnt from and by which rules, how good it is with intervals, slice by slice and group by
    group, who let it serve, and what it does not know. Each training writes one beside the model; this one has the
    latest approvals.
    """
    from tenure.app import card as cards

    house = House.open(home)
    body = cards.card(house, version)
    path = out or Path(f"card-{body['version']}.html")
    console = Console(quiet=as_json)
    if as_json and out is None:
        console.result_json(body)
        return 0
    cards.write(body, path)
    console.result_json({"out": path, "model": body["version"]}) if as_json else console.result(f"wrote {path}")
    return 0


@command.command("drift", cls=Command)
@home_option
@click.option(
    "--as-of", "as_of", type=Day(), default=None, help="Look at this night now. [default: what the last night found]"
)
@json_option
def drift(home: Path, as_of: dt.date | None, as_json: bool) -> int:
    """Say whether the world still is as the model learnt it.

    What goes in, group by group, and what comes out, against the year before the model and against how far quiet months
    stray; what the scores say of their own worth before any label is known; and what became of those whom past nights
    scored. Each night looks and keeps it with its run.
    """
    from tenure.app import watching

    house = House.open(home)
    found = watching.kept(house) if as_of is None else watching.at(house, as_of)
    console = Console(quiet=as_json)
    console.result_json(found) if as_json else console.result(watching.words_of(found))
    return 0
