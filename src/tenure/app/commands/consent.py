"""`tenure consent`: what members have said about being written to and called."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, Day, home_option, json_option
from tenure.outreach.playbook import Purpose

if TYPE_CHECKING:
    from tenure.ledger.models import Consent, Suppression

_CHANNELS = ("email", "sms", "in_app", "phone", "all")
_by = click.option("--by", required=True, metavar="NAME", help="Sign-in name of who says so; kept in the audit log.")
_channel = click.option("--channel", required=True, type=click.Choice(_CHANNELS), help="By which way they are reached.")
_purpose = click.option(
    "--purpose", type=click.Choice([*get_args(Purpose), "all"]), default="all", show_default=True, help="For what."
)
_source = click.option(
    "--source", required=True, metavar="WORDS", help="How it is known, such as `renewal form 2026`; name nobody in it."
)


@click.group("consent", short_help="Write down what members consent to, and show it.")
def command() -> None:
    """Write down what members consent to, and show it.

    The newest statement about a channel and a purpose rules. A suppression (unsubscribed, STOP, a complaint) beats any
    consent until it is lifted, which takes a consent that the member gave after it. docs/sending.md says what each
    channel needs where; text messages need express consent everywhere.
    """


@command.command("give", cls=Command)
@home_option
@click.argument("member_id")
@_channel
@_purpose
@_source
@click.option("--implied", is_flag=True, help="It follows from what the member did. Without: the member said it.")
@click.option("--until", type=Day(), default=None, help="The last day of it. [default: until it is withdrawn]")
@_by
def give(
    home: Path, member_id: str, channel: str, purpose: str, source: str, implied: bool, until: dt.date | None, by: str
) -> int:
    """Write down that MEMBER_ID consents."""
    house = House.open(home)
    with _by_someone_who_decides(house, by):
        from tenure.ledger import identities, permissions

        permissions.give(
            member=identities.required(member_id=member_id), channel=_every(channel), purpose=_every(purpose),
            source=source, by=by, express=not implied, clock=house.clock,
            expires_on=until + dt.timedelta(days=1) if until else None,
        )  # fmt: skip
    Console().result(f"{'implied' if implied else 'express'} consent is written down")
    return 0


@command.command("withdraw", cls=Command)
@home_option
@click.argument("member_id")
@_channel
@_purpose
@_source
@_by
def withdraw(home: Path, member_id: str, channel: str, purpose: str, source: str, by: str) -> int:
    """Write down that MEMBER_ID consents no more."""
    house = House.open(home)
    with _by_someone_who_decides(house, by):
        from tenure.ledger import identities, permissions

        permissions.withdraw(
            member=identities.required(member_id=member_id), channel=_every(channel), purpose=_every(purpose),
            source=source, by=by, clock=house.clock,
        )  # fmt: skip
    Console().result("the withdrawal is written down")
    return 0


@command.command("lift", cls=Command)
@home_option
@click.argument("number", type=click.IntRange(1))
@click.option("--why", required=True, metavar="WORDS", help="For what reason; kept in the audit log.")
@_by
def lift(home: Path, number: int, why: str, by: str) -> int:
    """End the suppression NUMBER, as `tenure consent show` numbers them."""
    house = House.open(home)
    with _by_someone_who_decides(house, by):
        from tenure.ledger import permissions

        permissions.lift(suppression=number, by=by, why=why, clock=house.clock)
    Console().result("the suppression is lifted")
    return 0


@command.command("show", cls=Command)
@home_option
@click.argument("member_id")
@json_option
def show(home: Path, member_id: str, as_json: bool) -> int:
    """Show every statement of MEMBER_ID, the newest first, and the suppressions that stand."""
    from tenure.base.pseudonym import Pseudonyms

    house, console = House.open(home), Console(quiet=as_json)
    house.open_ledger()
    from tenure.ledger import identities, permissions

    said, barred = permissions.record_of(
        member=identities.required(member_id=member_id), at=house.clock(), keyed=Pseudonyms.of(house.home)
    )  # fmt: skip
    if as_json:
        console.result_json({"statements": [_said(row) for row in said], "suppressions": [_barred(r) for r in barred]})
        return 0
    lines = [_line_of(_said(row)) for row in said] or ["no statement is on record"]
    lines += [
        f"suppression {one['number']}: {one['channel']}, {one['why']}, since {one['since'][:10]} ({one['source']})"
        for one in map(_barred, barred)
    ]
    console.result("\n".join(lines))
    return 0


def _said(row: Consent) -> dict[str, Any]:
    last = row.expires_on - dt.timedelta(days=1) if row.expires_on else None
    return {
        "channel": row.channel or "all", "purpose": row.purpose or "all", "given": row.is_given,
        "express": row.is_express, "source": row.source, "at": row.at.isoformat(timespec="seconds"),
        "until": last.isoformat() if last else None, "by": row.by,
    }  # fmt: skip


def _line_of(one: dict[str, Any]) -> str:
    kind = ("express" if one["express"] else "implied") if one["given"] else "withdrawn"
    until = f", until {one['until']}" if one["until"] else ""
    return (
        f"{one['at'][:10]}  {one['channel']}, {one['purpose']}: {kind}{until}; {one['source']}, written by {one['by']}"
    )


def _barred(row: Suppression) -> dict[str, Any]:
    return {
        "number": row.pk, "channel": row.channel or "all", "why": row.why, "source": row.source,
        "since": row.since.isoformat(timespec="seconds"), "until": row.until.isoformat() if row.until else None,
        "by": row.by,
    }  # fmt: skip


@contextmanager
def _by_someone_who_decides(house: House, by: str) -> Iterator[None]:
    """A transaction of somebody whose role decides about members."""
    house.open_ledger()
    from django.db import transaction

    from tenure.ledger import rights

    with transaction.atomic():
        rights.require(by, rights.Act.DECIDE)
        yield


def _every(chosen: str) -> str:
    """As the ledger writes it: empty for every one."""
    return "" if chosen == "all" else chosen
