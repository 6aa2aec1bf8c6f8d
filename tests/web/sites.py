"""An association that is served, reached over real HTTP."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import factories
import httpx

from tenure import web
from tenure.base.clock import Clock
from tenure.web import configuration

MORNING = dt.datetime(2025, 3, 1, 8, tzinfo=dt.UTC)


@dataclass
class Site:
    """A running server and what it serves."""

    world: factories.World
    url: str

    def visitor(self) -> httpx.Client:
        """Somebody who is not signed in."""
        return httpx.Client(base_url=self.url, timeout=30)

    @contextmanager
    def staff(self, username: str = "marta", password: str = factories.PASSWORD) -> Iterator[httpx.Client]:
        """Somebody who is."""
        with self.visitor() as client:
            assert sign_in(client, username, password).status_code == 302
            yield client


def token_of(client: httpx.Client, page: str = "/keys/") -> str:
    """The token of the forms on *page*; by default one that opens to everybody who is signed in."""
    return re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', client.get(page).text).group(1)


def send(client: httpx.Client, address: str, *, page: str = "/keys/", **fields: object) -> httpx.Response:
    """Send *fields* to *address* with the token of a form on *page*."""
    return client.post(address, data={"csrfmiddlewaretoken": token_of(client, page), **fields})


def sign_in(client: httpx.Client, username: str, password: str, **more: str) -> httpx.Response:
    """Send the sign-in form."""
    form = {"csrfmiddlewaretoken": token_of(client, "/sign-in"), "username": username, "password": password, **more}
    return client.post("/sign-in", data=form)


def point_at(world: factories.World, now: dt.datetime = MORNING) -> None:
    """Let the pages of this process be those of *world*."""
    configuration.setup(world.home, world.settings, clock=_STILL.setdefault(now, lambda: now))


_STILL: dict[dt.datetime, Clock] = {}
"""One clock per instant, so that pointing at the same world twice changes nothing."""


@contextmanager
def serving(world: factories.World, now: dt.datetime = MORNING) -> Iterator[Site]:
    """Serve *world* on a free port; *now* is what the pages take for the present."""
    clock = _STILL.setdefault(now, lambda: now)
    server = web.create_server(world.home, world.settings, "127.0.0.1", 0, clock=clock)
    stopping = threading.Event()
    thread = threading.Thread(target=web.run_until, args=(server, stopping), daemon=True)
    thread.start()
    try:
        yield Site(world, f"http://127.0.0.1:{server.effective_port}")
    finally:
        stopping.set()
        thread.join(timeout=10)


def read_csv(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.headers["content-disposition"].startswith("attachment;")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
