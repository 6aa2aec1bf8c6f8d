"""A scripted server, time that stands still, and a client between them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from faulty_sandbox import Sandbox
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


@pytest.fixture(scope="session")
def served() -> Iterator[Sandbox]:
    command = [sys.executable, "-m", "imis_sandbox", "serve", "--port", "0", "--members", "150", "--seed", "5"]
    command += ["--today", "2026-03-02", "--years", "3", "--events-per-year", "30"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on "), line
        yield Sandbox(line.split()[-1])
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def sandbox(served: Sandbox) -> Iterator[Sandbox]:
    """The sandbox, without faults before and after."""
    served.faults()
    served.control("DELETE", "usage")
    yield served
    served.faults()


@pytest.fixture
def reader(sandbox: Sandbox, time_: FakeTime) -> Iterator[ImisClient]:
    """A client of the sandbox that doesn't wait."""
    with ImisClient(sandbox.url, "tenure", "sandbox", requests_per_hour=0, time=time_.keeping(), timeout=10) as client:
        yield client
