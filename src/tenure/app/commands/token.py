"""`tenure token`: keys by which programs open the API."""

from __future__ import annotations

from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, home_option, json_option

by_option = click.option("--by", metavar="NAME", required=True, help="Sign-in name of who does it.")


@click.group("token", short_help="Make, list and revoke tokens for programs.")
def command() -> None:
    """Make, list and revoke the tokens by which programs open the API; see docs/api.md."""


@command.command("add", cls=Command)
@home_option
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, required=True, help="What it may do; may be repeated.")
@click.option("--days", default=90, show_default=True, help="After how many days it ends, 366 at most.")
@click.option("--owner", default="", metavar="NAME", help="Account in whose name it acts. [default: --by]")
@by_option
@json_option
def add(home: Path, name: str, scopes: tuple[str, ...], days: int, owner: str, by: str, as_json: bool) -> int:
    """Make the token NAME, and print it, once."""
    house = House.with_ledger(home)
    from tenure.ledger import tokens

    made, text = tokens.make(owner=owner or by, name=name, scopes=scopes, by=by, days=days, clock=house.clock)
    console = Console(quiet=as_json)
    if as_json:
        until = made.expires_at.isoformat(timespec="seconds")
        console.result_json({"token": text, "number": made.pk, "scopes": made.scopes, "until": until})
    else:
        console.result(f"token {made.pk}, shown this once, until {made.expires_at:%Y-%m-%d}:\n{text}")
    return 0


@command.command("list", cls=Command)
@home_option
@json_option
def list_(home: Path, as_json: bool) -> int:
    """List the tokens that stand, with their accounts, what they may do, and when they were last used."""
    house = House.with_ledger(home)
    from tenure.ledger import tokens

    body = [
        {"number": one.pk, "name": one.name, "owner": one.owner.username, "scopes": one.scopes,
         "used": one.used_at.isoformat(timespec="seconds") if one.used_at else None,
         "until": one.expires_at.isoformat(timespec="seconds")}
        for one in tokens.standing(now=house.clock())
    ]  # fmt: skip
    console = Console(quiet=as_json)
    lines = [
        f"{one['number']}  {one['name']}, of {one['owner']}: {', '.join(one['scopes'])}; last used "
        f"{one['used'] or 'never'}, until {one['until']}" for one in body
    ]  # fmt: skip
    console.result_json(body) if as_json else console.result("\n".join(lines) or "no tokens")
    return 0


@command.command("revoke", cls=Command)
@home_option
@click.argument("number", type=int)
@by_option
def revoke(home: Path, number: int, by: str) -> int:
    """End the token of that NUMBER at once."""
    house = House.with_ledger(home)
    from tenure.ledger import tokens

    tokens.revoke(token=number, by=by, clock=house.clock)
    Console().result(f"token {number} opens nothing any more")
    return 0
