"""`tenure serve`: the staff pages."""

from __future__ import annotations

from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, home_option

HELP = """Serve the staff pages of one association until stopped.

Signing in needs an account; `tenure staff add` makes one. The pages listen on this machine alone unless --host,
or [web] in tenure.toml, says otherwise; put a proxy with TLS before them when others shall reach them."""


@click.command("serve", cls=Command, help=HELP)
@home_option
@click.option("--host", help="Address to listen on. [default: [web] host, 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on. [default: [web] port, 8000]")
def command(home: Path, host: str | None, port: int | None) -> int:
    """Serve until stopped."""
    house = House.open(home)
    serve(house, Console(), host=host, port=port)
    return 0


def serve(house: House, console: Console, *, host: str | None = None, port: int | None = None) -> None:
    """Serve the staff pages of *house* until stopped."""
    from tenure import web

    house.open_ledger()
    web_settings = house.settings.web
    address = host or web_settings.host, web_settings.port if port is None else port
    console.say(f"staff pages at http://{address[0]}:{address[1]} — stop with Ctrl-C")
    web.serve(house.home, house.settings, *address)
