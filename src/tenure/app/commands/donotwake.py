"""`tenure donotwake`: members whom playbooks leave alone."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, Day, home_option, json_option


@click.group("donotwake", short_help="List whom playbooks leave alone, and add or lift.")
def command() -> None:
    """List whom playbooks leave alone, and add or lift.

    No playbook proposes a member on this list; mandatory notices still go out. Members whose term renews by itself need
    not be on it: only trouble with a payment, a notice or a welcome reaches them.
    """


@command.command("list", cls=Command)
@home_option
@json_option
def list_(home: Path, as_json: bool) -> int:
    """List them, with who said so, why and until when."""
    house = House.with_ledger(home)
    from tenure.ledger import identities, rollout

    rows = rollout.left_alone(house.today)
    ids = identities.ids_of(members=[row.member for row in rows])
    body = [
        {"member_id": ids.get(row.member), "why": row.why, "by": row.by,
         "until": row.until.isoformat() if row.until else None}
        for row in rows
    ]  # fmt: skip
    console = Console(quiet=as_json)
    lines = [f"{one['member_id']}  until {one['until'] or 'lifted'}, by {one['by']}: {one['why']}" for one in body]
    console.result_json(body) if as_json else console.result("\n".join(lines) or "nobody is on the list")
    return 0


@command.command("add", cls=Command)
@home_option
@click.argument("member_id")
@click.option("--until", type=Day(), default=None, help="The last day of it. [default: until it is lifted]")
@click.option("--by", required=True, metavar="NAME", help="Sign-in name of who says so; kept in the audit log.")
@click.option("--why", required=True, metavar="WORDS", help="For what reason; likewise, under the member's own key.")
def add(home: Path, member_id: str, until: dt.date | None, by: str, why: str) -> int:
    """Leave MEMBER_ID alone."""
    house = House.open(home)
    member = _member(house, member_id)
    from tenure.ledger import rollout

    rollout.leave_alone(member=member, by=by, why=why, until=until, clock=house.clock)
    Console().result("the member is left alone")
    return 0


@command.command("lift", cls=Command)
@home_option
@click.argument("member_id")
@click.option("--by", required=True, metavar="NAME", help="Sign-in name of who says so; kept in the audit log.")
def lift(home: Path, member_id: str, by: str) -> int:
    """Take MEMBER_ID off the list."""
    house = House.open(home)
    member = _member(house, member_id)
    from tenure.ledger import rollout

    lifted = rollout.wake(member=member, by=by, clock=house.clock)
    Console().result("the member may be proposed again" if lifted else "the member was not on the list")
    return 0


def _member(house: House, member_id: str) -> int:
    house.open_ledger()
    from tenure.ledger import identities

    return identities.required(member_id=member_id)
