"""`tenure webhook`: endpoints that are told what happens."""

from __future__ import annotations

from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, home_option, json_option

by_option = click.option("--by", metavar="NAME", required=True, help="Who does it.")


@click.group("webhook", short_help="Manage the endpoints that are told what happens.")
def command() -> None:
    """Manage the endpoints of other systems that are told what happens; see docs/webhooks.md."""


@command.command("add", cls=Command)
@home_option
@click.argument("name")
@click.argument("url")
@click.option("--event", "events", multiple=True, help="Only this event; may be repeated. [default: all]")
@click.option("--full", is_flag=True, help="Tell also score, reason, name and address. Without: ids and bands alone.")
@by_option
@json_option
def add(home: Path, name: str, url: str, events: tuple[str, ...], full: bool, by: str, as_json: bool) -> int:
    """Add the endpoint NAME at URL, and print its secret, once."""
    house = House.with_ledger(home)
    from tenure.outreach.channels.subscribing import subscribe

    made, secret = subscribe(
        house.home, house.settings, name=name, url=url, events=events, is_full=full, by=by, clock=house.clock
    )
    _show(made.name, secret, as_json)
    return 0


@command.command("list", cls=Command)
@home_option
@json_option
def list_(home: Path, as_json: bool) -> int:
    """Show every endpoint, how many messages wait, were taken and were given up, and what is wrong."""
    House.with_ledger(home)
    from tenure.ledger import endpoints

    found, console = endpoints.counts(), Console(quiet=as_json)
    if as_json:
        console.result_json(found)
        return 0
    for one in found:
        told = "everything" if one["full"] else "ids and bands"
        state = f"disabled: {one['disabled']}" if one["disabled"] is not None else "told"
        counts = f"{one['done']:,} taken, {one['pending']:,} waiting, {one['given_up']:,} given up"
        console.result(f"{one['name']}  {one['url']}\n    {state}; {told}; {counts}")
        if one["trouble"]:
            console.result(f"    last trouble: {one['trouble']}")
    if not found:
        console.result("no endpoints")
    return 0


@command.command("off", cls=Command)
@home_option
@click.argument("name")
@click.option("--why", default="switched off", help="Shown beside it.")
@by_option
def off(home: Path, name: str, why: str, by: str) -> int:
    """Tell the endpoint NAME nothing more; what is on its way waits."""
    house = House.with_ledger(home)
    from tenure.ledger import endpoints

    endpoints.disable(endpoint=endpoints.named(name), why=why, by=by, clock=house.clock)
    return 0


@command.command("rotate", cls=Command)
@home_option
@click.argument("name")
@by_option
@json_option
def rotate(home: Path, name: str, by: str, as_json: bool) -> int:
    """Give the endpoint NAME a new secret; for 24 hours the old one signs as well."""
    house = House.with_ledger(home)
    from tenure.ledger import endpoints
    from tenure.outreach.channels.subscribing import secret_of

    one = endpoints.rotate(name=name, by=by, clock=house.clock)
    _show(name, secret_of(house.home, one, clock=house.clock), as_json)
    return 0


@command.command("replay", cls=Command)
@home_option
@click.argument("name")
@by_option
def replay(home: Path, name: str, by: str) -> int:
    """Tell the endpoint NAME again, beginning with what it did not take."""
    house = House.with_ledger(home)
    from tenure.ledger import endpoints

    count = endpoints.replay(name=name, by=by, clock=house.clock)
    Console().result(f"{count:,} messages are on their way again")
    return 0


@command.command("secret", cls=Command)
@home_option
@click.argument("channel", type=click.Choice(["sms", "in_app"]))
def secret(home: Path, channel: str) -> int:
    """Print what requests to the service for text or in-app messages are signed with; see docs/providers.md."""
    from tenure.base.pseudonym import Pseudonyms
    from tenure.outreach.channels.webhooks import written

    house = House.open(home)
    Console().result(written(Pseudonyms.of(house.home).secret(f"provider:{channel}")))
    return 0


@command.command("describe", cls=Command)
@click.option(
    "--power-automate", is_flag=True, help="OpenAPI 2.0, as Power Automate imports it. [default: OpenAPI 3.1]"
)
def describe(power_automate: bool) -> int:
    """Print a description of the messages, in OpenAPI, for the other side."""
    from tenure.outreach.channels import described

    Console().result_json(described.openapi_2() if power_automate else described.openapi_3())
    return 0


def _show(name: str, secret: str, as_json: bool) -> None:
    console = Console(quiet=as_json)
    if as_json:
        console.result_json({"name": name, "secret": secret})
    else:
        console.result(f"secret of {name}, shown this once:\n{secret}")
