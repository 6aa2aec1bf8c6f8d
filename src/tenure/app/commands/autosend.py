"""`tenure autosend`: which messages may leave without being looked at one by one, by whose word, until when."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, Day, home_option, json_option


@click.group("autosend", short_help="Let a template leave by itself, within limits; off by default.")
def command() -> None:
    """Let one version of one template leave by itself, within limits; off by default.

    Nothing leaves without a person's approval unless an administrator has permitted it here, with a written reason, for
    named bands, under a daily cap and until a day. It never covers members of top value, nor offers of money or grace.
    """


@command.command("allow", cls=Command)
@home_option
@click.argument("template")
@click.option("--band", "bands", multiple=True, required=True, metavar="BAND", help="high, medium, low or new; again.")
@click.option("--daily-cap", type=click.IntRange(min=1), required=True, help="Messages of it a day.")
@click.option("--until", type=Day(), required=True, help="The last day; within a year.")
@click.option("--by", required=True, metavar="NAME", help="Sign-in name of an administrator.")
@click.option("--why", required=True, metavar="WORDS", help="The reason; kept in the audit log.")
@json_option
def allow(
    home: Path, template: str, bands: tuple[str, ...], daily_cap: int, until: dt.date, by: str, why: str, as_json: bool
) -> int:
    """Let TEMPLATE leave by itself: PLAYBOOK@VERSION#STEP, such as personal-reminder@1#1."""
    from tenure.app import autosend

    row = autosend.allow(House.open(home), template, bands, daily_cap=daily_cap, until=until, by=by, why=why)
    console = Console(quiet=as_json)
    console.result_json(row) if as_json else console.result(_line(row))
    return 0


@command.command("end", cls=Command)
@home_option
@click.argument("permission", type=int)
@click.option("--by", required=True, metavar="NAME", help="Sign-in name of who ends it.")
def end(home: Path, permission: int, by: str) -> int:
    """End PERMISSION, a number of the list, now."""
    house = House.with_ledger(home)
    from tenure.ledger import rollout

    ended = rollout.end_auto_send(permission=permission, by=by, clock=house.clock)
    Console().result(f"permission {permission} is ended" if ended else f"permission {permission} stood no more")
    return 0


@command.command("list", cls=Command)
@home_option
@json_option
def list_(home: Path, as_json: bool) -> int:
    """List the permissions, ended ones included."""
    from tenure.app import autosend

    rows = autosend.listed(House.open(home))
    console = Console(quiet=as_json)
    words = "\n".join(map(_line, rows)) or "nothing leaves by itself"
    console.result_json(rows) if as_json else console.result(words)
    return 0


def _line(row: dict[str, Any]) -> str:
    state = "stands" if row["stands"] else "ended"
    bands = ", ".join(row["bands"])
    return (
        f"{row['permission']}  {state}  {row['template']} for {bands}, {row['daily_cap']} a day until {row['until']}, "
        f"by {row['by']}: {row['why']}"
    )
