"""The command line: `imis-sandbox serve` and `imis-sandbox export`."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import socket
import tempfile
from pathlib import Path
from typing import Any

import click

from imis_sandbox.rest.faults import HANDSHAKE
from imis_sandbox.world.config import Config

_DATE = click.DateTime(formats=["%Y-%m-%d"])
_FILE = click.Path(path_type=Path, dir_okay=False)


def _recipe(command: Any) -> Any:
    """The options that make a world."""
    options = [
        click.option("--members", default=3_000, show_default=True, help="About how many payers are active today."),
        click.option("--seed", default=1, show_default=True, help="The same seed gives the same world."),
        click.option("--years", default=5.0, show_default=True, help="Of recorded history."),
        click.option("--today", type=_DATE, help="First day that has not happened yet; default: the machine's date."),
        click.option(
            "--events-per-year", default=90.0, show_default=True, help="Activity rows per paying member and year."
        ),
        click.option("--time-zone", default="UTC", show_default=True, help="In which the service states its times."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _config(options: dict[str, Any]) -> Config:
    given = options.pop("today")
    today = given.date() if given else dt.datetime.now().astimezone().date()
    return Config(today=today, **options)


@click.group()
@click.version_option(package_name="tenure")
def main() -> None:
    """A stand-in for iMIS: its REST dialect over a living, simulated association."""


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8600, show_default=True, help="0 picks a free one.")
@click.option("--user", default="tenure", show_default=True, help="The integration account.")
@click.option(
    "--password",
    default="sandbox",
    show_default=True,
    envvar="IMIS_SANDBOX_PASSWORD",
    show_envvar=True,
    help="Of the accounts.",
)
@click.option("--mail-port", type=int, help="Also take email to members, at this port; 0 picks a free one.")
@click.option("--tls", is_flag=True, help="Serve HTTPS, by a certificate that is made at start.")
@click.option("--tls-ca", type=_FILE, help="Where to write the authority's certificate (PEM), for clients to trust.")
@click.option("--tls-fault", type=click.Choice(list(HANDSHAKE)), help="What is wrong with every TLS handshake.")
@_recipe
def serve(host: str, port: int, user: str, password: str, mail_port: int | None, **options: Any) -> None:
    """Build a world and serve it; prints one line when ready."""
    from imis_sandbox.rest.certificates import stall
    from imis_sandbox.rest.service import create_app
    from imis_sandbox.rest.site import Site
    from imis_sandbox.world import Association

    fault = options.pop("tls_fault")
    shown = _certificate(host, options.pop("tls"), options.pop("tls_ca"), fault)
    listener = _listener(host, port)
    site = Site(Association(_config(options)), user=user, password=password)
    server = _server(create_app(site), shown)
    if mail_port is not None:
        try:
            site.mail.listen(host, mail_port)
        except OSError as error:
            raise click.ClickException(f"no mail can be taken at port {mail_port} ({error.strerror})") from None
    gc.freeze()  # a page makes thousands of objects; looking through the whole world for garbage meanwhile is in vain
    gc.set_threshold(50_000, 20, 50)
    listener.listen(128)
    click.echo(f"listening on {'https' if shown else 'http'}://{host}:{listener.getsockname()[1]}")
    if site.mail.port:
        click.echo(f"taking mail to members at {host}:{site.mail.port}")
    if fault == "stalled":
        asyncio.run(stall(listener))
    server.run(sockets=[listener])


def _certificate(host: str, tls: bool, ca: Path | None, fault: str | None) -> bytes | None:
    """Key and certificate to serve HTTPS with, its authority's written to *ca*; None for plain HTTP."""
    from imis_sandbox.rest.certificates import make

    if not tls:
        if ca or fault:
            raise click.UsageError("--tls-ca and --tls-fault need --tls")
        return None
    made = make(host, fault)
    if ca is not None:
        try:
            ca.write_bytes(made.authority)
        except OSError as error:
            raise click.ClickException(f"{ca} cannot be written ({error.strerror})") from None
    return made.server


def _listener(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise click.ClickException(f"port {port} of {host} cannot be used ({error.strerror}); try --port 0") from None
    return listener


def _server(app: Any, shown: bytes | None) -> Any:
    """What serves *app*, by TLS where there is a certificate to show."""
    import uvicorn

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "server.pem"
        file.write_bytes(shown or b"")
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_keep_alive=75, server_header=False, date_header=False,
            ssl_certfile=file if shown else None,
        )  # fmt: skip
        config.load()  # reads the key, whose file is gone a moment later
    return uvicorn.Server(config)


@main.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write into.")
@click.option("--format", "form", type=click.Choice(["parquet", "csv"]), default="parquet", show_default=True)
@_recipe
def export(out: Path, form: str, **options: Any) -> None:
    """Write a world as a folder of files, its truth apart in truth.parquet."""
    from imis_sandbox.export import write
    from imis_sandbox.world import Association

    for name, rows in write(Association(_config(options)), out, form).items():
        click.echo(f"{name}: {rows:,} rows")
