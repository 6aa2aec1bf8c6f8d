"""`tenure key`: change the keys of a home."""

from __future__ import annotations

from pathlib import Path

import click

from tenure.app.commands.member import by_option
from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, home_option, json_option


@click.group("key", short_help="Change the keys of a home.")
def command() -> None:
    """Change the keys of a home: when one may have become known, or when your rules ask for it.

    The secret of a webhook is changed by `tenure webhook rotate`; a password of iMIS, its database or the mail account
    by putting the new one where the old one is in secrets/: each night reads it anew, and a worker within seconds.
    """


@command.group("rotate", short_help="Put a new key in the place of one.")
def rotate() -> None:
    """Put a new key in the place of one."""


@rotate.command("members", cls=Command)
@home_option
@by_option
@click.option("--why", required=True, metavar="WORDS", help="Why; it stays in the audit log.")
@json_option
def members(home: Path, by: str, why: str, as_json: bool) -> int:
    """Give every member another pseudonym, by a new key, with all history kept.

    A backup is made first; leave room for a second lake, and choose an hour without a night. The staff pages go on
    meanwhile and wait for a moment at the end, some seconds where there are many members; the worker pauses. What was
    cut off goes on when the command is given again; until then no other command opens the home. Links in messages,
    approvals, erasures and objections stay good, and so do backups from before, which go by the key before.
    """
    from tenure import custody

    house, console = House.open(home), Console(quiet=as_json)
    house.open_ledger()
    done = custody.rotate(house.home, house.settings, by=by, why=why, clock=house.clock)
    told = {"members": done.members, "backup": str(done.backup) if done.backup else None}
    words = (
        f"{done.members:,} members go by other pseudonyms now. Take the new key along: `tenure backup --key-to FILE`, "
        "apart from the backups"
    )
    console.result_json(told) if as_json else console.result(words)
    return 0


@rotate.command("sessions", cls=Command)
@home_option
@by_option
@json_option
def sessions(home: Path, by: str, as_json: bool) -> int:
    """Sign the sessions of the staff pages by a new key, from the next start of `tenure serve` on.

    Nobody is signed out: what the old key signed is good for a week, and refused from the next start
    after that.
    """
    house, console = House.open(home), Console(quiet=as_json)
    house.open_ledger()
    from django.db import transaction

    from tenure.ledger import audit
    from tenure.ledger.configuration import rotate_web_key

    with transaction.atomic():
        until = rotate_web_key(house.home, clock=house.clock)
        audit.record("key:sessions:rotate", by=by, clock=house.clock, until=until.isoformat(timespec="seconds"))
    words = f"start `tenure serve` again; what the old key signed is good until {until:%Y-%m-%d}"
    told = {"until": until.isoformat(timespec="seconds")}
    console.result_json(told) if as_json else console.result(words)
    return 0
