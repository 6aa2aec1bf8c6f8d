"""A ledger of its own for each test: in a real SQLite file, and in a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import postgresql_server
from tenure import ledger
from tenure.base.home import Home
from tenure.base.settings import Ledger, Settings, Source


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a server that lives as long as the tests, without the name of a database."""
    with postgresql_server.server("tenure") as address:
        yield f"postgresql://tenure@{address}"


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
