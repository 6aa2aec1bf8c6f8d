"""A ledger of its own for each test: in a real SQLite file, and in a real PostgreSQL."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tenure import ledger
from tenure.base.home import Home
from tenure.base.settings import Ledger, Settings, Source


def _programs() -> Path | None:
    """Where the machine's PostgreSQL keeps its programs."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    found = shutil.which("initdb")
    places = [*(path.parent for path in versions), *([Path(found).parent] if found else [])]
    return next((place for place in places if (place / "postgres").exists()), None)


def _as_nobody_special(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    return (
        ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command]
        if os.geteuid() == 0
        else command
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a server that lives as long as the tests, without the name of a database."""
    programs = _programs()
    if programs is None:
        pytest.skip("there is no PostgreSQL on this machine (apt install postgresql)")
    # Not below pytest's own folder, which only its owner may enter.
    with tempfile.TemporaryDirectory(prefix="tenure-pg-") as name:
        if os.geteuid() == 0:
            shutil.chown(name, "postgres", "postgres")
        data, port = f"{name}/data", _free_port()
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": name}
        made = [f"{programs}/initdb", "-D", data, "-U", "tenure", "-A", "trust", "-E", "UTF8", "--no-sync"]
        subprocess.run(_as_nobody_special(made), check=True, **quiet)
        told = ["-p", str(port), "-k", name, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        server = subprocess.Popen(_as_nobody_special([f"{programs}/postgres", "-D", data, *told]), **quiet)
        try:
            yield _when_it_answers(f"postgresql://tenure@127.0.0.1:{port}")
        finally:
            server.send_signal(signal.SIGQUIT)
            server.wait(timeout=30)


def _when_it_answers(address: str) -> str:
    for _ in range(300):
        try:
            psycopg.connect(f"{address}/postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return address
    raise TimeoutError("PostgreSQL did not begin to answer")


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest) -> Settings:
    """Settings with a ledger of either kind."""
    address = ""
    if request.param == "postgresql":
        server = request.getfixturevalue("postgresql")
        name = f"ledger_{abs(hash(request.node.nodeid))}"
        with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[arg-type]
        address = f"{server}/{name}"
    return Settings(source=Source(kind="files"), ledger=Ledger(database=address))


@pytest.fixture
def home(tmp_path: Path, settings: Settings) -> Iterator[Home]:
    """A home whose ledger is set up and migrated."""
    home = Home(tmp_path / "home")
    ledger.setup(home, settings)
    ledger.migrate()
    yield home
    from django.db import connections

    connections.close_all()
