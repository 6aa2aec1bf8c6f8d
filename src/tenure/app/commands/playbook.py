"""`tenure playbook`: which playbooks there are, which are on, and what one would have done."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, Day, home_option, json_option

_by = click.option("--by", required=True, metavar="NAME", help="Sign-in name of who says so; kept in the audit log.")
_why = click.option("--why", default="", metavar="WORDS", help="For what reason; likewise.")


@click.group("playbook", short_help="List, check, try, edit and switch playbooks.")
def command() -> None:
    """List, check, try, edit and switch playbooks.

    A playbook is a file that says for whom, on what occasion, which steps are proposed, in which words
    (docs/playbooks.md). Those that ship are off until a director or an administrator switches them on; try them first.
    """


@command.command("list", cls=Command)
@home_option
@json_option
def list_(home: Path, as_json: bool) -> int:
    """List the playbooks in the order in which they have a member."""
    from tenure.app import playbooks

    rows = playbooks.listed(House.open(home))
    console = Console(quiet=as_json)
    console.result_json(rows) if as_json else console.result("\n".join(map(_line, rows)))
    return 0


def _line(row: dict[str, Any]) -> str:
    mark = "on " if row["on"] else "off"
    cost = "mandatory" if row["mandatory"] else f"{row['minutes']:g} min"
    note = f"\n      {row['note']}" if row["note"] else ""
    return f"{mark}  {row['name']:<32} version {row['version']:<3} {cost:<10} {row['title']}{note}"


@command.command("show", cls=Command)
@home_option
@click.argument("name")
@click.option("--version", "number", type=int, default=None, help="Another version than the current one.")
@click.option("--shipped", "is_shipped", is_flag=True, help="The text as it ships.")
@json_option
def show(home: Path, name: str, number: int | None, is_shipped: bool, as_json: bool) -> int:
    """Print the text of the playbook NAME, to be edited and added again."""
    from tenure.app import playbooks

    body = playbooks.shown(House.open(home), name, number, shipped_text=is_shipped)
    console = Console(quiet=as_json)
    console.result_json(body) if as_json else console.result(body["text"].rstrip("\n"))
    return 0


@command.command("diff", cls=Command)
@home_option
@click.argument("name")
@click.argument("older", type=int)
@click.argument("newer", type=int)
def diff(home: Path, name: str, older: int, newer: int) -> int:
    """Print what changed in the playbook NAME from version OLDER to version NEWER."""
    from tenure.app import playbooks

    house = House.open(home)
    playbooks.opened(house)
    from tenure.ledger import playbooks as kept

    Console().result(kept.diff(name, older, newer).rstrip("\n") or "nothing changed")
    return 0


@command.command("check", cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def check(file: Path, as_json: bool) -> int:
    """Check a playbook's FILE, and say on which line it is wrong."""
    from tenure.app import playbooks

    playbook = playbooks.of_file(file)[1]
    console = Console(quiet=as_json)
    words = f"{file} is a playbook: {playbook.title}; {len(playbook.steps)} steps, {playbook.minutes:g} minutes"
    body = {"name": playbook.name, "title": playbook.title, "steps": len(playbook.steps), "minutes": playbook.minutes}
    console.result_json(body) if as_json else console.result(words)
    return 0


@command.command("add", cls=Command)
@home_option
@click.argument("file", type=click.Path(path_type=Path))
@_by
@_why
@json_option
def add(home: Path, file: Path, by: str, why: str, as_json: bool) -> int:
    """Keep FILE as the next version of the playbook that is called as it is.

    A new playbook is off. One that is on goes on by the new version from the next night; proposals that are open keep
    the version that they came from.
    """
    from tenure.app import playbooks

    name, number = playbooks.add(House.open(home), file, by=by, why=why)
    console = Console(quiet=as_json)
    console.result_json({"name": name, "version": number}) if as_json else console.result(f"{name}, version {number}")
    return 0


@command.command("on", cls=Command)
@home_option
@click.argument("name")
@_by
@_why
def on(home: Path, name: str, by: str, why: str) -> int:
    """Let the playbook NAME propose from the next night on."""
    return _switched(home, name, on=True, by=by, why=why)


@command.command("off", cls=Command)
@home_option
@click.argument("name")
@_by
@_why
def off(home: Path, name: str, by: str, why: str) -> int:
    """Let the playbook NAME propose no more; what it proposed stays open."""
    return _switched(home, name, on=False, by=by, why=why)


def _switched(home: Path, name: str, *, on: bool, by: str, why: str) -> int:
    from tenure.app import playbooks

    house = House.open(home)
    playbooks.named(house, name)
    from tenure.ledger import playbooks as kept

    changed = kept.switch(name=name, on=on, by=by, why=why, clock=house.clock)
    Console().result(f"{name} is {'on' if on else 'off'}" + ("" if changed else " already"))
    return 0


@command.command("test", cls=Command)
@home_option
@click.argument("name")
@click.option("--as-of", "as_of", type=Day(), required=True, help="The night to try; the first of them with --until.")
@click.option("--until", type=Day(), default=None, help="The last night to try. [default: --as-of alone]")
@click.option("--every", type=click.IntRange(1, 366), default=1, show_default=True, help="Days from night to night.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), default=None,
    help="Also write who was selected, with the outcome of each; .csv or .parquet.",
)  # fmt: skip
@json_option
def test(
    home: Path, name: str, as_of: dt.date, until: dt.date | None, every: int, out: Path | None, as_json: bool
) -> int:
    """Try the playbook NAME, or that of a file, on past nights with what was known on each.

    Says how many members it would have selected, how many of them lapsed and how many renewed, by what is known today,
    and how many staff hours it would have cost. Nothing is proposed.
    """
    from tenure.app import exports, playbooks, trials

    house = House.open(home)
    if out is not None:
        exports.check_target(out)
    trial, rows = trials.tried(house, playbooks.named(house, name), as_of, until, every=every)
    if out is not None:
        exports.write(trials.written(house, rows), out)
    console = Console(quiet=as_json)
    console.result_json(trial.body) if as_json else console.result(trials.words_of(trial))
    return 0


@command.command("wordings", cls=Command)
@home_option
@click.argument("name", default="")
@click.option("--days", type=click.IntRange(1, 3650), default=365, show_default=True, help="Decisions of so many days.")
@json_option
def wordings(home: Path, name: str, days: int, as_json: bool) -> int:
    """Say how staff took the words of each template, or of those of the playbook NAME.

    How many drafts were approved as they were, how many after a change and of how much of their words, and how many
    were rejected for which reason: what a template that is often changed or refused ought to learn.
    """
    from tenure.app import playbooks

    rows = playbooks.wordings(House.open(home), name, days)
    console = Console(quiet=as_json)
    lines = [row["said"] for row in rows]
    console.result_json(rows) if as_json else console.result("\n".join(lines) or "nothing was decided yet")
    return 0
