"""The pages behind waitress."""

from __future__ import annotations

import logging
import threading
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING, Any

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import TenureError
from tenure.base.home import Home
from tenure.base.hushing import HTTP, hush
from tenure.base.settings import Settings
from tenure.web.configuration import is_local, setup

if TYPE_CHECKING:
    from waitress.server import BaseWSGIServer

_MEGABYTE = 1024 * 1024


def application(
    home: Home, settings: Settings, *, clock: Clock = system_clock, session_clock: Clock | None = None
) -> Any:
    """The WSGI application over *home*; the ledger must have been migrated."""
    setup(home, settings, clock=clock, session_clock=session_clock)
    _log_to(home)
    from django.core.handlers.wsgi import WSGIHandler

    return WSGIHandler()


def create_server(
    home: Home,
    settings: Settings,
    host: str,
    port: int,
    *,
    clock: Clock = system_clock,
    session_clock: Clock | None = None,
) -> BaseWSGIServer:
    """A server that listens but does not run yet: call `run()`, or `run_until` where it shall end again.

    Its `effective_port` says which port it got when *port* is 0.

    Raises:
        TenureError: The port is taken or not ours to use.
    """
    from waitress.server import create_server as create

    from tenure.risk.scoring_code import code_digest

    code_digest()  # of what runs from here on, whatever an update puts in its place
    trust: dict[str, Any] = {}
    if not is_local(settings):
        trust = {
            "trusted_proxy": "127.0.0.1",
            "trusted_proxy_headers": {"x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"},
        }
    try:
        return create(
            application(home, settings, clock=clock, session_clock=session_clock),
            host=host,
            port=port,
            threads=8,
            ident="",
            clear_untrusted_proxy_headers=True,
            max_request_body_size=_MEGABYTE,
            channel_timeout=60,
            **trust,
        )
    except OSError as error:
        raise TenureError(
            f"cannot listen on {host}:{port}: {error.strerror}",
            mend="another program has the port; pass --port with another number (0 picks a free one)",
        ) from error


def serve(home: Home, settings: Settings, host: str, port: int) -> None:
    """Serve the staff pages until interrupted.

    Args:
        home: The home directory, with a migrated ledger.
        settings: Its settings.
        host: Address to listen on.
        port: Port to listen on; 0 picks a free one.

    Raises:
        TenureError: The port is taken or not ours to use.
    """
    server = create_server(home, settings, host, port)
    try:
        server.run()
    finally:
        server.close()


def run_until(server: BaseWSGIServer, stopping: threading.Event) -> None:
    """Run *server* in this thread until another sets *stopping*, then end every connection."""
    from waitress.wasyncore import close_all, loop

    while not stopping.is_set():
        loop(timeout=0.2, map=server._map, count=1)
    # Workers first: one that is not done would pull a trigger that is closed.
    server.task_dispatcher.shutdown(timeout=5)
    close_all(server._map, ignore_all=True)


def _log_to(home: Home) -> None:
    """Errors of pages go to `logs/web.log`; Django's own words about them, which quote values, go nowhere."""
    hush("django", *HTTP)
    ours = logging.getLogger("tenure.web")
    home.logs.mkdir(parents=True, exist_ok=True)
    for handler in ours.handlers:
        handler.close()
    handler = RotatingFileHandler(home.logs / "web.log", maxBytes=5 * _MEGABYTE, backupCount=5, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    ours.handlers, ours.propagate = [handler], False
    ours.setLevel(logging.INFO)
