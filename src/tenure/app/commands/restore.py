"""`tenure restore`: a backup put into a home."""

from __future__ import annotations

from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.options import Command, home_option, json_option
from tenure.base.clock import system_clock
from tenure.base.errors import UsageError
from tenure.base.home import Home
from tenure.base.ledger_address import VARIABLE, holds_password

HELP = """Put a backup into a home, which may be empty.

The whole backup is unpacked and looked through first. With --replace, what the home holds is moved into
`replaced-…` in it; nothing is deleted. Stop `tenure serve` and the schedule before. A model that does not serve and
was damaged already when the backup was made comes back as it was, and is named.

On another machine pass --key with the file that `tenure backup --key-to` wrote. Passwords are not in a backup: set
TENURE_IMIS_PASSWORD, or write secrets/imis.password; for a PostgreSQL ledger TENURE_LEDGER_PASSWORD, or
secrets/ledger.password. The next night reads back all that iMIS holds, since it may have been given more than the
backup knows."""


@click.command("restore", cls=Command, help=HELP)
@click.argument("backup", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@home_option
@click.option("--key", "key_file", type=click.Path(path_type=Path), metavar="FILE", help="The key of the pseudonyms.")
@click.option("--database", metavar="URL", default="", help="An empty PostgreSQL database instead of the one it had.")
@click.option("--replace", is_flag=True, help="Move aside what the home holds.")
@json_option
def command(backup: Path, home: Path, key_file: Path | None, database: str, replace: bool, as_json: bool) -> int:
    """Restore."""
    from tenure import custody

    if holds_password(database):
        raise UsageError(
            "the address for --database holds a password, which all of this machine can see in its list of processes",
            mend=f"take it out of the address, and set the variable {VARIABLE} or write secrets/ledger.password",
        )
    console = Console(quiet=as_json)
    with console.step("Restore"):
        done = custody.restore(
            backup, Home(home.resolve()), key_file=key_file, database=database, replace=replace, clock=system_clock
        )
    for error in done.damaged.values():
        console.warn(f"{error.message}; so it was already when the backup was made\nhint: {error.mend}")
    aside = f"; what was there is in {done.moved_to}" if done.moved_to else ""
    if as_json:
        moved = str(done.moved_to) if done.moved_to else None
        console.result_json(
            {
                "home": str(done.home),
                "made_at": done.made_at,
                "rows": done.rows,
                "moved_to": moved,
                "damaged": {version: error.message for version, error in done.damaged.items()},
            }
        )
    else:
        console.result(f"{done.home} is as of {done.made_at}{aside}")
        console.result(f"now run `tenure doctor --home {done.home}`")
    return 0
