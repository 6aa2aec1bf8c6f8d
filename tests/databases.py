"""A ledger of its own for each test: in a real SQLite file, and in a real PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

import postgresql_server
from tenure import ledger
from tenure.base.home import Home
from tenure.base.settings import Ledger, Settings, Source

TEMPLATE = "ledger_template"


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The address of a server that lives as long as the tests, without the name of a database."""
    with postgresql_server.server("tenure") as address:
        yield f"postgresql://tenure@{address}"


@pytest.fixture(scope="session")
def empty_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite ledger with all its tables and nothing in them. Read-only: to make one takes longer than most tests."""
    home = Home(tmp_path_factory.mktemp("template") / "home")
    _make(home, _settings(""))
    return home.ledger


@pytest.fixture(scope="session")
def empty_database(postgresql: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same in PostgreSQL, by its name."""
    _create(postgresql, TEMPLATE)
    _make(Home(tmp_path_factory.mktemp("template") / "home"), _settings(f"{postgresql}/{TEMPLATE}"))
    return TEMPLATE


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest) -> Settings:
    """Settings with a ledger of either kind."""
    if request.param == "sqlite":
        return _settings("")
    server, template = request.getfixturevalue("postgresql"), request.getfixturevalue("empty_database")
    name = f"ledger_{abs(hash(request.node.nodeid))}"
    _create(server, name, like=template)
    return _settings(f"{server}/{name}")


@pytest.fixture
def home(tmp_path: Path, settings: Settings, empty_file: Path) -> Iterator[Home]:
    """A home whose ledger is set up and migrated."""
    home = Home(tmp_path / "home")
    if not settings.ledger.database:
        home.root.mkdir()
        shutil.copy(empty_file, home.ledger)
    ledger.setup(home, settings)
    ledger.migrate()
    yield home
    _let_go()


def _settings(address: str) -> Settings:
    return Settings(source=Source(kind="files"), ledger=Ledger(database=address))


def _create(server: str, name: str, *, like: str = "template1") -> None:
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')  # type: ignore[arg-type]


def _make(home: Home, settings: Settings) -> None:
    ledger.setup(home, settings)
    ledger.migrate()
    _let_go()


def _let_go() -> None:
    from django.db import connections

    connections.close_all()
