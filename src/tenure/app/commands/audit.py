"""`tenure audit`: the record of who did what, and whether it still is as it was written."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, home_option, json_option
from tenure.base.errors import DONE, FAILED, UsageError


@click.group("audit", short_help="Check, export and anchor the record of who did what.")
def command() -> None:
    """Check, export and anchor the record of who did what.

    Rows are only ever added to it, and each carries the hash of the row before. docs/audit.md tells how it is made, so
    that anybody can check an export without Tenure.
    """


@command.command("verify", cls=Command)
@click.argument("export", type=click.Path(path_type=Path, exists=True, dir_okay=False), required=False)
@home_option
@click.option(
    "--anchor",
    "places",
    multiple=True,
    metavar="WHERE",
    help="An anchor that was kept elsewhere: a file, a directory of them, or NUMBER:HASH as printed. May be repeated.",
)
@json_option
def verify(export: Path | None, home: Path, places: tuple[str, ...], as_json: bool) -> int:
    """Look whether the log is as it was written: the one in the ledger, or an EXPORT of it, which needs no home.

    Exit code 1 when it is not. What could not be ruled out is said; an anchor that was kept where nobody who can write
    into the ledger can write makes it less.
    """
    from tenure.app import auditing

    found = auditing.of_export(export, places) if export else auditing.of_ledger(House.open(home), places)
    console = Console(quiet=as_json)
    console.result_json(found.as_json()) if as_json else console.result(found.words())
    return DONE if found.is_well else FAILED


@command.command("export", cls=Command)
@home_option
@click.option("--to", "path", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="A new file.")
@click.option("--after", type=click.IntRange(min=0), default=0, metavar="NUMBER", help="Only rows after this one.")
def export(home: Path, path: Path | None, after: int) -> int:
    """Write the log as JSON Lines, onto standard output unless a FILE is named. Sealed text is not in it."""
    from tenure.app import auditing

    if path is not None and path.exists():
        raise UsageError(f"{path} is there already", mend="name a new file")
    lines = auditing.exported(House.open(home), after=after)
    if path is None:
        _write(sys.stdout.buffer.write, lines)
        return DONE
    with path.open("xb") as file:
        count = _write(file.write, lines)
    Console().result(f"{count:,} rows in {path}")
    return DONE


@command.command("show", cls=Command)
@home_option
@click.option("--member", "member_id", default="", metavar="ID", help="Only what is about this member.")
@click.option("--act", default="", metavar="START", help="Only acts that begin so, such as proposal: or run:night.")
@click.option("--subject", default="", metavar="WORDS", help="Only what was done to this, such as 'proposal 17'.")
@click.option("--last", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many, the newest.")
@json_option
def show(home: Path, member_id: str, act: str, subject: str, last: int, as_json: bool) -> int:
    """Show rows of the log, oldest first: of one member from score to outcome, of one proposal, of one kind of act.

    Sealed text is not shown; `tenure member export` holds a member's.
    """
    from tenure.app import auditing

    rows = auditing.shown(House.open(home), member_id=member_id, act=act, subject=subject, last=last)
    console = Console(quiet=as_json)
    if as_json:
        console.result_json({"rows": [row.told() for row in rows]})
    else:
        console.result("\n".join(map(auditing.line_of, rows)) or "there is no such row")
    return DONE


@command.command("anchor", cls=Command)
@home_option
@click.option("--to", "folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="Where it goes.")
@json_option
def anchor(home: Path, folder: Path | None, as_json: bool) -> int:
    """Write down what the log is now, as each night does: the number and the hash of its last row.

    An anchor proves something only where nobody who can write into the ledger can write: set `ledger.anchors` to such a
    place, mail it to an auditor, or print it. The line that is printed can be given to `verify --anchor`.
    """
    from tenure.app import auditing

    made, path = auditing.anchor(House.open(home), folder)
    console = Console(quiet=as_json)
    if as_json:
        console.result_json({"number": made.number, "hash": made.hash, "at": made.at, "path": str(path)})
    else:
        console.result(str(made))
        console.say(f"written to {path}; what counts is a copy elsewhere")
    return DONE


@command.command("grants", cls=Command)
@home_option
@click.option("--role", default="tenure_app", show_default=True, help="The account that Tenure signs in with.")
def grants(home: Path, role: str) -> int:
    """Print the SQL that lets Tenure's account on a PostgreSQL server add to the log and never change it.

    Whoever administers the server runs it as the owner of the tables, once, after the first night.
    """
    from tenure.app import auditing

    Console().result(auditing.grants(House.open(home), role))
    return DONE


@command.command("map", cls=Command)
@home_option
@json_option
def events(home: Path, as_json: bool) -> int:
    """Say which row of the log tells of which command and page; read off the code that is installed."""
    from tenure.app import audit_map
    from tenure.web import configuration

    house = House.open(home)
    configuration.setup(house.home, house.settings)
    entries = [*audit_map.commands(), *audit_map.endpoints()]
    console = Console(quiet=as_json)
    if as_json:
        console.result_json([vars(entry) for entry in entries])
    else:
        console.result("\n".join(map(str, entries)))
    return DONE


def _write(write: Any, lines: Iterable[bytes]) -> int:
    count = 0
    for line in lines:
        write(line + b"\n")
        count += 1
    return count
