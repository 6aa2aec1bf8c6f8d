"""`tenure work`: carry out what was approved."""

from __future__ import annotations

from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, home_option, json_option
from tenure.base.errors import UsageError

HELP = """Carry out what was approved: messages, tasks, calls, groups and webhooks.

`tenure serve` does this by itself; use this command where the pages are not served all day, or elsewhere. One worker
works at a time for one association, and a second ends with exit code 3. It can be ended, or killed, at any moment:
nothing is sent twice and nothing approved is lost.

Without --once it goes on until stopped (SIGTERM or Ctrl-C). With --once it ends as soon as nothing more is due.

A message that was being handed to the mail server when the process was killed may or may not have left. It is shown
as `unknown` and not sent again by itself. --sent REFERENCE says that it arrived, --release REFERENCE lets it be sent
again; both need --by and the sign-in name of who has looked, whose role includes deciding about the member."""


@click.command("work", cls=Command, help=HELP)
@home_option
@click.option("--once", is_flag=True, help="End as soon as nothing more is due.")
@click.option("--sent", metavar="REFERENCE", default="", help="A step of unknown outcome has arrived.")
@click.option("--release", metavar="REFERENCE", default="", help="A step of unknown outcome has not arrived.")
@click.option("--by", metavar="NAME", default="", help="Sign-in name of who has looked.")
@json_option
def command(home: Path, once: bool, sent: str, release: str, by: str, as_json: bool) -> int:
    """Carry out what was approved."""
    from tenure.app import stopping, worker
    from tenure.app.channels import opened

    console, house = Console(quiet=as_json), House.open(home)
    if sent or release:
        _decide(house, sent, release, by.strip())
        console.say(f"{sent or release}: noted")
        return 0
    with stopping.listening(lambda: None) as stop:
        tally = worker.work(house, once=once, check=stop.check)
    with opened(house) as found:
        missing = found.missing
    if as_json:
        console.result_json({"tally": dict(tally), "missing": missing})
    else:
        words = ", ".join(f"{count:,} {name}" for name, count in sorted(tally.items()))
        console.result(words or "nothing was due")
        for kind, why in missing.items():
            console.say(f"steps of kind {kind} wait: {why}")
    return 0


def _decide(house: House, sent: str, release: str, by: str) -> None:
    """Note what a person found out about a step whose outcome is unknown."""
    if not by or (sent and release):
        raise UsageError(
            "say with --by who has looked, and either --sent or --release", mend="see `tenure work --help`"
        )
    house.open_ledger()
    from tenure.ledger import deliveries, outcomes

    step = deliveries.by_reference(sent or release)
    if step is None or step.state != deliveries.State.UNKNOWN:
        raise UsageError("no step of unknown outcome has that reference", mend="the member's page shows it")
    if sent:
        outcomes.arrived(step=step.pk, by=by, settings=house.settings, clock=house.clock)
    else:
        outcomes.send_again(step=step.pk, by=by, clock=house.clock)
