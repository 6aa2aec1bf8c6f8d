"""A ledger in a real SQLite file, an iMIS of panel sources, and a client between them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).parents[1] / "imis"))

from panel_imis import PanelImis
from scored_members import TABLE
from scripted_server import FakeTime, Server

from databases import empty_file, home
from tenure.base.home import Home
from tenure.base.settings import Settings, Source
from tenure.imis import ImisClient
from tenure.writeback import LedgerOutbox, risk_rows

__all__ = ["empty_file", "home"]


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def imis(server: Server) -> PanelImis:
    return PanelImis(server)


@pytest.fixture
def time_() -> FakeTime:
    return FakeTime()


@pytest.fixture
def client(server: Server, time_: FakeTime) -> Iterator[ImisClient]:
    with ImisClient(server.url, "tenure", "sandbox", requests_per_hour=0, time=time_.keeping(), timeout=5) as client:
        yield client


@pytest.fixture
def settings() -> Settings:
    return Settings(source=Source(kind="files"))


@pytest.fixture
def outbox(home: Home) -> LedgerOutbox:
    return LedgerOutbox(TABLE)


@pytest.fixture
def plan() -> Callable[..., None]:
    """Puts scores into the outbox as the night does."""

    def put(*scores: dict[str, Any]) -> None:
        from tenure.ledger import outbox

        outbox.plan(table=TABLE, rows=risk_rows(scores))

    return put
