"""A real PostgreSQL with the tables of a stock iMIS database, and a few members in them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

PASSWORD = "read-only-please"  # only a database that lives as long as a test knows it

HERE = Path(__file__).parent
TABLES, ROWS = ((HERE / name).read_text() for name in ("imis_tables.sql", "imis_rows.sql"))


def _as_nobody_special(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    special = os.geteuid() == 0
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command] if special else command


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server() -> Iterator[str]:
    """The address of a server that asks for passwords, without login and database, such as `127.0.0.1:5432`."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    programs = next((p for p in [*places, *([Path(found).parent] if found else [])] if (p / "postgres").exists()), None)
    if programs is None:
        pytest.skip("there is no PostgreSQL on this machine (apt install postgresql)")
    with tempfile.TemporaryDirectory(prefix="tenure-pg-") as name:
        Path(name, "password").write_text(PASSWORD)
        if os.geteuid() == 0:
            for path in (name, f"{name}/password"):
                shutil.chown(path, "postgres", "postgres")
        port, quiet = _free_port(), {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": name}
        secret = ["-A", "scram-sha-256", f"--pwfile={name}/password"]
        made = [f"{programs}/initdb", "-D", f"{name}/data", "-U", "owner", *secret, "-E", "UTF8", "--no-sync"]
        subprocess.run(_as_nobody_special(made), check=True, **quiet)
        told = ["-p", str(port), "-k", name, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        command = [f"{programs}/postgres", "-D", f"{name}/data", *told]
        running = subprocess.Popen(_as_nobody_special(command), **quiet)
        try:
            _when_it_answers(port)
            yield f"127.0.0.1:{port}"
        finally:
            running.send_signal(signal.SIGQUIT)
            running.wait(timeout=30)


def _when_it_answers(port: int) -> None:
    for _ in range(300):
        try:
            connect(f"127.0.0.1:{port}", "postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("PostgreSQL did not begin to answer")


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
