"""A scripted server, time that stands still, and a client between them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from scripted_server import FakeTime, Server

from tenure.imis import ImisClient


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def time_() -> FakeTime:
    return FakeTime()


@pytest.fixture
def client(server: Server, time_: FakeTime) -> Iterator[ImisClient]:
    with ImisClient(server.url, "tenure", "sandbox", time=time_.keeping(), timeout=5) as client:
        yield client
