"""A real PostgreSQL with the tables of a stock iMIS database, and a few members in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

import postgresql_server

PASSWORD = "read-only-please"  # only a database that lives as long as a test knows it

HERE = Path(__file__).parent
TABLES, ROWS = ((HERE / name).read_text() for name in ("imis_tables.sql", "imis_rows.sql"))


@contextmanager
def server() -> Iterator[str]:
    """The address of a server that asks for passwords, without login and database, such as `127.0.0.1:5432`."""
    with postgresql_server.server("owner", PASSWORD) as address:
        yield address


def connect(address: str, database: str) -> psycopg.Connection:
    """A connection that may do anything."""
    return psycopg.connect(f"postgresql://owner:{PASSWORD}@{address}/{database}", autocommit=True)


class Database:
    """One database with the tables of an iMIS."""

    def __init__(self, address: str, name: str) -> None:
        with connect(address, "postgres") as db:
            for role in ("reader", "stranger"):
                db.execute(f"DROP ROLE IF EXISTS {role}") if name == "first" else None
            db.execute(f'CREATE DATABASE "{name}"')
        self.address, self.name = address, name
        roles = "CREATE ROLE"
        rows = "\n".join(line for line in ROWS.splitlines() if name == "first" or not line.startswith(roles))
        self.run(TABLES + rows)

    @property
    def url(self) -> str:
        return self.url_for("reader")

    def url_for(self, login: str) -> str:
        return f"postgresql://{login}@{self.address}/{self.name}"

    def run(self, statements: str) -> None:
        """Do what an iMIS would do."""
        with connect(self.address, self.name) as db:
            db.execute(statements)


class Databases:
    """New databases on one server."""

    def __init__(self, address: str) -> None:
        self.address, self._count = address, 0

    def new(self) -> Database:
        self._count += 1
        return Database(self.address, "first" if self._count == 1 else f"database{self._count}")
