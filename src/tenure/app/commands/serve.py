"""`tenure serve`: the staff pages."""

from __future__ import annotations

from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, home_option

HELP = """Serve the staff pages of one association until stopped, and carry out what was approved.

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
    """Serve the staff pages of *house* until stopped.

    Raises:
        TenureError: The port is taken or not ours to use.
    """
    from tenure import web
    from tenure.app.worker import Beside

    house.open_ledger()
    rules = house.settings.web
    where = host or rules.host
    server = web.create_server(house.home, house.settings, where, rules.port if port is None else port)
    console.result(f"staff pages at http://{where}:{server.effective_port}")
    console.say("stop with Ctrl-C")
    try:
        with Beside(house):
            server.run()
    finally:
        server.close()
