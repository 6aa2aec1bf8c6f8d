"""`tenure change`: the change ledger, in which staff enter what the association changed."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, Day, home_option, json_option

if TYPE_CHECKING:
    from tenure.ledger.change_ledger import Listed

_by = click.option("--by", required=True, metavar="NAME", help="Sign-in name of who says so; kept in the audit log.")


@click.group("change", short_help="Enter changes of dues, programs and outside events, and list them.")
def command() -> None:
    """Enter changes of dues, programs and outside events, and list them.

    Each is entered once. It counts in scores from the day after it was entered, never for days before that; what the
    source lists in program_changes counts from the day after its own. One that concerns everybody tells the members
    not apart, and so is in no score.
    """


@command.command("list", cls=Command)
@home_option
@json_option
def list_(home: Path, as_json: bool) -> int:
    """List what was entered and what the source lists, the newest first."""
    house, console = House.with_ledger(home), Console(quiet=as_json)
    from tenure.features.scopes import scopes_on_record
    from tenure.ledger import change_ledger
    from tenure.membership.scope import Scope

    rows = change_ledger.listed(house.lake)
    if as_json:
        console.result_json([row.as_row() for row in rows])
        return 0
    known = {Scope(), *scopes_on_record(house.lake)}
    lines = [_line(row) + ("" if row.scope in known else "; no record is of it, so it concerns nobody") for row in rows]
    console.result("\n".join(lines) or "no change is entered, and the source lists none")
    return 0


@command.command("add", cls=Command)
@home_option
@click.argument("words")
@click.option("--on", "day", required=True, type=Day(), help="The day from which it is so; it may lie ahead.")
@click.option(
    "--whom",
    default="",
    metavar="SCOPE",
    help="member_type=…, chapter_id=…, ref=… or kind=…. [default: everybody]",
)
@_by
def add(home: Path, words: str, day: dt.date, whom: str, by: str) -> int:
    """Enter a change in WORDS that name nobody."""
    from tenure.features.scopes import require_on_record, scopes_on_record
    from tenure.membership.scope import Scope

    house = House.with_ledger(home)
    from tenure.ledger import change_ledger

    scope = Scope.of(whom)
    require_on_record(scope, scopes_on_record(house.lake))
    row = change_ledger.enter(changed_on=day, change=words, scope=scope, by=by, clock=house.clock)
    Console().result(f"entered as {row.pk}; it counts from tomorrow on")
    return 0


@command.command("withdraw", cls=Command)
@home_option
@click.argument("entry", type=click.IntRange(1))
@click.option("--why", required=True, metavar="WORDS", help="For what reason; kept with the entry.")
@_by
def withdraw(home: Path, entry: int, why: str, by: str) -> int:
    """Let ENTRY count no more, as `tenure change list` numbers them; it stays to be read."""
    house = House.with_ledger(home)
    from tenure.ledger import change_ledger

    change_ledger.withdraw(entry=entry, why=why, by=by, clock=house.clock)
    Console().result(f"{entry} is withdrawn; it counts no more from tomorrow on")
    return 0


def _line(row: Listed) -> str:
    said = f"{row.entry or '-':>5}  {row.changed_on}  {row.change}; {str(row.scope) or 'everybody'}"
    withdrawn = f"; withdrawn by {row.withdrawn_by}: {row.why_withdrawn}" if row.withdrawn_at else ""
    return f"{said}; {f'by {row.by}' if row.entry else 'from the source'}{withdrawn}"
