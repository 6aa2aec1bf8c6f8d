"""`tenure staff`: accounts that sign in to the staff pages."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, home_option, json_option

VARIABLE = "TENURE_STAFF_PASSWORD"


@click.group("staff", short_help="Manage the accounts that sign in to the staff pages.")
def command() -> None:
    """Manage the accounts that sign in to the staff pages."""


@command.command("add", cls=Command)
@home_option
@click.argument("username")
@click.option("--role", default="manager", show_default=True, help="What it may do, such as viewer or manager.")
@click.option("--full-name", default="", help="Shown on the pages.")
@click.option("--chapter", default="", help="Of a liaison: the id of the one chapter that they see.")
@click.option("--email", default="", metavar="ADDRESS", help="Where calls, alerts and tests of drafts are sent to.")
@json_option
def add(home: Path, username: str, role: str, full_name: str, chapter: str, email: str, as_json: bool) -> int:
    """Make an account, or give an account that is there a new password.

    The password comes from the environment variable TENURE_STAFF_PASSWORD or is asked for; where nobody can be
    asked, one is made up and printed once.
    """
    house = House.open(home)
    console = Console(quiet=as_json)
    password, shown = _password()
    made = give_account(
        house, username=username, password=password, role=role, full_name=full_name, chapter=chapter, email=email
    )
    if as_json:
        console.result_json({"username": username, "created": made, "password": password if shown else None})
    else:
        console.result(f"{'made' if made else 'new password for'} the account {username}")
        if shown:
            console.result(f"password: {password}")
    return 0


@command.command("set-email", cls=Command)
@home_option
@click.argument("username")
@click.argument("address")
def set_email(home: Path, username: str, address: str) -> int:
    """Give the account USERNAME the ADDRESS to which calls, alerts and tests of drafts are sent; "" for none."""
    house = House.with_ledger(home)
    from tenure.ledger import staff

    staff.set_email(username=username, email=address, by="tenure staff", clock=house.clock)
    Console().result(f"the account {username} has {'an address' if address.strip() else 'no address'}")
    return 0


@command.command("end-factor", cls=Command)
@home_option
@click.argument("username")
def end_factor(home: Path, username: str) -> int:
    """Let the account USERNAME sign in without its second factor, as when the telephone and the codes are gone."""
    house = House.with_ledger(home)
    from tenure.ledger import factors, staff

    ended = factors.end(person=staff.required(username=username), by="tenure staff", clock=house.clock)
    Console().result(f"the account {username} {'signs in with its password alone' if ended else 'has none'}")
    return 0


def give_account(
    house: House,
    *,
    username: str,
    password: str,
    role: str,
    full_name: str = "",
    chapter: str = "",
    email: str = "",
) -> bool:
    """Make the account *username*, or give it a new *password* and any *email*; whether it was made."""
    house.open_ledger()
    from tenure.ledger import staff

    if staff.find(username=username) is None:
        staff.create(
            username=username,
            password=password,
            role=role,
            full_name=full_name,
            chapter=chapter,
            email=email,
            by="tenure staff",
            clock=house.clock,
        )
        return True
    staff.set_password(username=username, password=password, by="tenure staff", clock=house.clock)
    if email:
        staff.set_email(username=username, email=email, by="tenure staff", clock=house.clock)
    return False


def _password() -> tuple[str, bool]:
    """The password, and whether it was made up and so must be shown."""
    given = os.environ.get(VARIABLE)
    if given:
        return given, False
    if sys.stdin.isatty():
        return click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True), False
    return secrets.token_urlsafe(12), True
