"""`tenure demo`: everything, on a simulated association, in one command."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.options import Command
from tenure.base.home import Home

HELP = """Try everything on a simulated association, in one command.

Starts the bundled iMIS sandbox, with an invented association behind it, and then does what a night does: reads it
over HTTP, learns, scores every active member, writes the scores back, and serves the staff pages with a sign-in that
is printed. Playbooks are on; what you approve goes to the sandbox and its members' mailboxes, and each day that you let
the sandbox live on gets its night. A second time the same association is met again, and it is quick. Nothing leaves
this machine."""


@click.command("demo", cls=Command, help=HELP)
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".demo"),
    metavar="DIR",
    help="Home directory of the demo. [default: .demo]",
)
@click.option("--members", type=click.IntRange(200, 200_000), help="How many members. [default: 3000]")
@click.option("--no-serve", is_flag=True, help="Stop after the night instead of serving the staff pages.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Of the staff pages.")
def command(home: Path, members: int | None, no_serve: bool, port: int) -> int:
    """Run the demo."""
    from tenure.app import demo as demos
    from tenure.base.clock import system_clock

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console, place = Console(), Home(home.resolve())
    chosen = demos.free_port(port)
    if chosen != port and not no_serve:
        console.warn(f"something else listens on port {port}, so the pages are on {chosen}")
    demo = demos.find_or_make(place, members, system_clock)
    with demos.opened(place, demo, console, chosen) as (house, days):
        report = demos.night(house, demo, console)
        console.result(demos.summary(house, demo, report))
        if not no_serve:
            demos.serve(house, days, console, demo, chosen)
    return report.exit_code
