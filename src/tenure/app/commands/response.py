"""`tenure response`: note what came of a step and no system can tell."""

from __future__ import annotations

from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, home_option, json_option
from tenure.base.errors import UsageError


@click.group("response", short_help="Note what came of a step.")
def command() -> None:
    """Note what came of a step and no system can tell, such as a reply to an email."""


@command.command("add", cls=Command)
@home_option
@click.argument("reference")
@click.option("--kind", required=True, help="What came of it, such as replied or bounced.")
@click.option("--by", metavar="NAME", required=True, help="Who says so.")
@click.option("--value", default="", help="More, in a few words. It is sealed under the member's key.")
@click.option("--id", "source_id", default="", help="What tells this piece of news from others, such as a Message-ID.")
@json_option
def add(home: Path, reference: str, kind: str, by: str, value: str, source_id: str, as_json: bool) -> int:
    """Note a response to the step known as REFERENCE, which is the header X-Tenure-Reference of its message.

    The same news twice is noted once: give --id where one step can have several of one kind. A program that reads the
    mailbox to which replies go can call this for each. After `bounced` the address is left alone, after `unsubscribed`
    (also STOP to a text message) the member, by that channel.
    """
    house = House.with_ledger(home)
    from tenure.app.responding import bar
    from tenure.ledger import deliveries, responses

    step = deliveries.by_reference(reference)
    if step is None or not by.strip():
        raise UsageError("no step has that reference, or nobody says so", mend="the audit log names references")
    news = responses.News(
        step.proposal.member, kind, "staff", f"{reference}:{kind}:{source_id}"[:200], house.clock(), step.pk, value
    )
    new = responses.note(news=news, by=by.strip()[:150], clock=house.clock)
    if new:
        bar(house, step, kind, "tenure response add", by=by.strip()[:150])
    console = Console(quiet=as_json)
    console.result_json({"new": new}) if as_json else console.result("noted" if new else "it was known")
    return 0
