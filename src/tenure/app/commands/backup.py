"""`tenure backup`: one file of everything that cannot be made again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, home_option, json_option

HELP = """Back up the ledger, the lake, the models and the settings into one file, and try whether it can be restored.

Run it once a day; a night may be under way meanwhile. Only a file that could be restored to a place beside it is kept.
A damaged model that does not serve is taken along as it is, and named.
Then older ones are deleted: the newest of each of 7 days, 4 weeks and 12 months stay, and always the one just made.

Passwords and the key of the pseudonyms are never in it. Take the key along once, by another way, with
--key-to; without it a backup cannot be restored elsewhere. The file is readable by its owner alone and holds members'
names and addresses: copy it to another machine, and encrypt it where that is not yours."""


@click.command("backup", cls=Command, help=HELP)
@home_option
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where backups go. [default: backups in the home]",
)
@click.option("--without-lake", is_flag=True, help="Leave the lake out; what the source has overwritten is then lost.")
@click.option("--key-to", type=click.Path(path_type=Path), metavar="FILE", help="Only write the key, into FILE.")
@click.option("--list", "only_list", is_flag=True, help="Only list the backups that there are.")
@json_option
def command(
    home: Path, folder: Path | None, without_lake: bool, key_to: Path | None, only_list: bool, as_json: bool
) -> int:
    """Back up, list, or export the key."""
    from tenure import custody

    house, console = House.open(home), Console(quiet=as_json)
    told: dict[str, object]
    where = folder or house.home.root / custody.BACKUPS
    if key_to is not None:
        custody.export_key(house.home, key_to, where)
        _tell(house, "backup:key:export")
        told = {"key": str(key_to)}
        words = f"the key is in {key_to}; keep it apart from the backups"
    elif only_list:
        found = custody.backups_in(where)
        told = {"backups": [str(backup.path) for backup in found]}
        words = "\n".join(str(backup.path) for backup in found) or f"there is none in {where}"
    else:
        told, words = _back_up(house, console, where, with_lake=not without_lake)
    console.result_json(told) if as_json else console.result(words)
    return 0


def _tell(house: House, act: str, **details: Any) -> None:
    house.open_ledger()
    from tenure.ledger import audit

    audit.record(act, by="tenure backup", clock=house.clock, **details)


def _require_whole(house: House) -> None:
    """A backup of a damaged ledger would in time take the place of the last good one."""
    from tenure.ledger import witness

    witness.require_whole(house.home)


def _back_up(house: House, console: Console, where: Path, *, with_lake: bool) -> tuple[dict[str, object], str]:
    from tenure import custody

    if house.settings.ledger.database or house.home.ledger.exists():
        _tell(house, "backup:file:make", with_lake=with_lake)  # first, so that the copy holds it too
        _require_whole(house)
    with console.step("Back up") as step:
        made = custody.back_up(house.home, house.settings, where, with_lake=with_lake, clock=house.clock)
        tried = f"{made.rows:,} rows of the ledger" if made.rows is not None else "read through, not restored"
        step.outcome = f"{made.size / 1e6:,.1f} MB; tried: {tried}"
    for error in made.damaged.values():
        console.warn(f"{error.message}; it is in the backup as it is\nhint: {error.mend}")
    gone = f"; {len(made.pruned)} older ones deleted" if made.pruned else ""
    told = {
        "path": str(made.path),
        "bytes": made.size,
        "rows": made.rows,
        "pruned": [str(path) for path in made.pruned],
        "damaged": {version: error.message for version, error in made.damaged.items()},
    }
    return told, f"{made.path}{gone}"
