"""`tenure member`: what a member may ask of the association about their own data."""

from __future__ import annotations

from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, home_option, json_option

_folder = click.Path(path_type=Path, file_okay=False)
by_option = click.option("--by", required=True, metavar="NAME", help="Who does it; kept in the audit log.")


@click.group("member", short_help="Hand out, erase, or stop profiling what is known of one member.")
def command() -> None:
    """Answer what a member may ask about their own data: a copy, erasure, and not to be profiled.

    A member is named by the id of the source, to the letter. docs/privacy.md says what each of these does and what it
    leaves.
    """


@command.command("export", cls=Command)
@home_option
@click.argument("member_id")
@click.option("--to", "folder", required=True, type=_folder, metavar="DIR", help="A new folder.")
@by_option
@json_option
def export(home: Path, member_id: str, folder: Path, by: str, as_json: bool) -> int:
    """Write all that Tenure knows of a member: member.json for programs, member.html to read.

    Records, scores with their reasons, proposals, messages and the audit log's rows about them; nothing about others.
    """
    from tenure.app import member_file

    paths = member_file.write(House.open(home), member_id, folder, by=by)
    console = Console(quiet=as_json)
    told = [str(path) for path in paths]
    console.result_json({"files": told}) if as_json else console.result("\n".join(told))
    return 0


@command.command("erase", cls=Command)
@home_option
@click.argument("member_ids", nargs=-1, required=True, metavar="ID...")
@by_option
@click.option("--why", required=True, metavar="WORDS", help="Why, without saying who: it stays in the audit log.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def erase(home: Path, member_ids: tuple[str, ...], by: str, why: str, yes: bool, as_json: bool) -> int:
    """Erase all that Tenure knows of members, for good, and say what stays and why.

    No sync and no backup brings them back. iMIS keeps its own record: delete it there as well.
    """
    from tenure import custody

    house, console = House.open(home), Console(quiet=as_json)
    if not yes:
        click.confirm(f"Erase {len(set(member_ids))} members for good?", abort=True, err=True)
    house.open_ledger()
    done = custody.erase(house.home, set(member_ids), by=by, why=why, clock=house.clock)
    if as_json:
        console.result_json({"members": done.members, "rows": done.rows, "stays": list(done.stays)})
        return 0
    rows = ", ".join(f"{count:,} {name}" for name, count in sorted(done.rows.items()))
    console.result(f"{done.members} erased: {rows or 'nothing was left of them'}")
    console.result("What stays:\n" + "\n".join(f"- {words}" for words in done.stays))
    return 0


@command.command("object", cls=Command)
@home_option
@click.argument("member_id")
@by_option
@click.option("--lift", is_flag=True, help="The member no longer objects.")
@json_option
def object_(home: Path, member_id: str, by: str, lift: bool, as_json: bool) -> int:
    """Take down that a member objects to being profiled: kept, but not scored, listed, written to or learnt from.

    Open proposals about them are withdrawn. The objection outlives restores and rebuilt lakes.
    """
    from tenure import custody

    house, console = House.open(home), Console(quiet=as_json)
    house.open_ledger()
    if lift:
        custody.lift(house.home, member_id, by=by, clock=house.clock)
        withdrawn, words = 0, "lifted; the next night scores the member again"
    else:
        withdrawn = custody.take_down(house.home, member_id, by=by, clock=house.clock)
        words = f"taken down; {withdrawn} proposals withdrawn. The next night and the next model leave the member out"
    console.result_json({"objects": not lift, "withdrawn": withdrawn}) if as_json else console.result(words)
    return 0
