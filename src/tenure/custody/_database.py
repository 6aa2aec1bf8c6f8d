"""The ledger copied out of its database and back, as of one moment, while others write."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote, urlsplit, urlunsplit

from tenure.base.errors import DamagedStore, TenureError, UsageError
from tenure.base.home import Home
from tenure.base.ledger_address import with_password

if TYPE_CHECKING:
    import psycopg

_SECONDS_TO_WAIT = 60
_SESSIONS = "django_session"
_PROMOTIONS = "ledger_model_promotion"
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"


class Database(Protocol):
    """A ledger, wherever it is."""

    copy: str
    """The name of its copy in a backup."""

    def dump(self, path: Path) -> None:
        """Copy it to *path*."""

    def check(self, path: Path) -> dict[str, int]:
        """Restore the copy at *path* somewhere, and count the rows of each table there."""

    def migrations(self, path: Path) -> list[str]:
        """Which forms of the tables the copy at *path* has been through."""

    def promoted(self, path: Path) -> list[str]:
        """Which models the copy at *path* says were let serve, in the order in which they took effect."""

    def require_empty(self) -> None:
        """Refuse to restore over anything."""

    def load(self, path: Path) -> None:
        """Restore the copy at *path*; the next night reads back all that iMIS holds."""


class Sqlite:
    """A ledger in a file.

    Args:
        path: The file.
    """

    copy = "ledger.sqlite3"

    def __init__(self, path: Path) -> None:
        self._path = path

    def dump(self, path: Path) -> None:
        """By SQLite's own online backup, in one step: writers go on, and the copy is of one moment."""
        if not self._path.is_file():
            raise UsageError("there is no ledger yet to back up", mend="run `tenure run` first")
        try:
            # Sessions stay behind: whoever finds a backup would be signed in by the name of one that lasts.
            with _opened(self._path) as source, _opened(path) as target:
                source.backup(target)
                target.execute("PRAGMA journal_mode=DELETE")
                _end_sessions(target)
        except sqlite3.DatabaseError as error:
            raise _damaged(self._path, error) from error

    def check(self, path: Path) -> dict[str, int]:
        """See that the copy is whole."""
        try:
            with _opened(path) as copy:
                found = [row[0] for row in copy.execute("PRAGMA integrity_check")]
                strays = copy.execute("PRAGMA foreign_key_check").fetchall()
                if found != ["ok"] or strays:
                    raise DamagedStore("the ledger in the backup is not whole", mend=_MEND)
                return {name: copy.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in _tables(copy)}
        except sqlite3.DatabaseError as error:
            raise _damaged(path, error) from error

    def migrations(self, path: Path) -> list[str]:
        """By Django's own list."""
        with _opened(path) as copy:
            return [name for (name,) in copy.execute("SELECT name FROM django_migrations WHERE app = 'ledger'")]

    def promoted(self, path: Path) -> list[str]:
        """By what was decided; a ledger from before that was kept has no such table."""
        try:
            with _opened(path) as copy:
                if _PROMOTIONS not in _tables(copy):
                    return []
                ordered = f"SELECT version FROM {_PROMOTIONS} ORDER BY effective_on, id"
                return [version for (version,) in copy.execute(ordered)]
        except sqlite3.DatabaseError as error:
            raise _damaged(path, error) from error

    def require_empty(self) -> None:
        """The home was looked at already; a file that is in the way was moved."""

    def load(self, path: Path) -> None:
        """Put it where it belongs."""
        with _opened(path) as copy:
            copy.execute("UPDATE ledger_run_step SET counts = json_remove(counts, '$.read_back')")
            copy.execute("PRAGMA journal_mode=WAL")
        path.chmod(0o600)
        path.replace(self._path)


class Postgresql:
    """A ledger on a server.

    Args:
        address: `postgresql://user:password@host:port/name`.
    """

    copy = "ledger.pgdump"

    def __init__(self, address: str) -> None:
        self._address = address

    def dump(self, path: Path) -> None:
        """By pg_dump, which sees one moment."""
        options = ("--format=custom", "--no-owner", "--no-acl", f"--exclude-table-data={_SESSIONS}", f"--file={path}")
        _call("pg_dump", self._address, *options)

    def check(self, path: Path) -> dict[str, int]:
        """Restore it into a database made for that, or read it through where the account may make none."""
        import psycopg

        name = f"tenure_check_{secrets.token_hex(6)}"
        with _connected(self._address) as server:
            try:
                server.execute(f'CREATE DATABASE "{name}"')
            except psycopg.errors.InsufficientPrivilege:
                _call("pg_restore", "", "--file", os.devnull, str(path))
                return {}
            try:
                beside = _named(self._address, name)
                _load(beside, path)
                return _counts(beside)
            finally:
                server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def migrations(self, path: Path) -> list[str]:
        """By Django's own list, out of the dump."""
        return [row["name"] for row in _dumped(path, "django_migrations") if row["app"] == "ledger"]

    def promoted(self, path: Path) -> list[str]:
        """By what was decided, out of the dump."""
        rows = sorted(_dumped(path, _PROMOTIONS), key=lambda row: (row["effective_on"], int(row["id"])))
        return [row["version"] for row in rows]

    def require_empty(self) -> None:
        """The server's other database stays as it is."""
        with _connected(self._address) as server:
            if server.execute(_TABLES).fetchall():
                raise UsageError(
                    f"the database {urlsplit(self._address).path.lstrip('/')} is not empty",
                    mend="make an empty one and pass its address with --database",
                )

    def load(self, path: Path) -> None:
        """In one transaction."""
        _load(self._address, path)
        with _connected(self._address) as server:
            server.execute("UPDATE ledger_run_step SET counts = counts - 'read_back'")


def database_of(home: Home, address: str) -> Database:
    """The ledger of *home*: at *address*, or in the home's file when that is empty."""
    return Postgresql(with_password(address, home)) if address else Sqlite(home.ledger)


def without_password(address: str) -> str:
    """*address* as a backup may hold it."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(netloc=_place(address))) if parts.password else address


_MEND = "take another backup; `tenure backup --list` names those there are"


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, timeout=_SECONDS_TO_WAIT, isolation_level=None)) as connection:
        yield connection


def _tables(connection: sqlite3.Connection) -> list[str]:
    named = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1"
    return [name for (name,) in connection.execute(named)]


def _end_sessions(copy: sqlite3.Connection) -> None:
    if _SESSIONS in _tables(copy):
        copy.execute("PRAGMA secure_delete=ON")
        copy.execute(f"DELETE FROM {_SESSIONS}")


def _damaged(path: Path, error: sqlite3.DatabaseError) -> Exception:
    """A torn file is told as such; a lock or a full disk is not the file's fault."""
    if isinstance(error, sqlite3.OperationalError):
        return error
    return DamagedStore(f"{path} is damaged", mend="restore it: `tenure restore BACKUP --home DIR --replace`")


def _load(address: str, path: Path) -> None:
    _call("pg_restore", address, "--no-owner", "--no-acl", "--single-transaction", "--exit-on-error", str(path))


def _dumped(path: Path, table: str) -> list[dict[str, str]]:
    """The rows of *table* in the dump at *path*, column → text as PostgreSQL writes it; none where it has no such."""
    told = _call("pg_restore", "", "--file=-", "--data-only", f"--table={table}", str(path))
    head, _, rest = told.partition(f"COPY public.{table} (")[2].partition(") FROM stdin;")
    names = [name.strip('"') for name in head.split(", ")]
    # Breaks of lines within a text are told by letters, so that every line here is a row.
    body = rest.partition("\n\\.\n")[0]
    return [dict(zip(names, line.split("\t"), strict=True)) for line in body.split("\n") if line]


def _counts(address: str) -> dict[str, int]:
    with _connected(address) as server:
        names = [name for (name,) in server.execute(_TABLES).fetchall()]
        found = {}
        for name in names:
            row = server.execute(f'SELECT count(*) FROM "{name}"').fetchone()
            found[name] = int(row[0]) if row else 0
        return found


def _connected(address: str) -> psycopg.Connection[Any]:
    import psycopg

    try:
        return psycopg.connect(address, autocommit=True)
    except psycopg.OperationalError as error:
        raise TenureError(
            f"the database at {_place(address)} does not let Tenure in", mend="see that it runs, and who may sign in"
        ) from error


def _named(address: str, name: str) -> str:
    return urlunsplit(urlsplit(address)._replace(path=f"/{name}"))


def _place(address: str) -> str:
    parts = urlsplit(address)
    user = f"{parts.username}@" if parts.username else ""
    return f"{user}{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"


def _call(program: str, address: str, *arguments: str) -> str:
    """Run one of PostgreSQL's programs; the password goes by the environment, where no list of processes shows it."""
    command = [_found(program), *([f"--dbname={without_password(address)}"] if address else []), *arguments]
    password = unquote(urlsplit(address).password or "")
    environment = {**os.environ, **({"PGPASSWORD": password} if password else {})}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  ours
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["nothing"])[0]
        raise TenureError(f"{program} could not do it; it said: {said}", mend="see that it is as new as the server")
    return done.stdout


def _found(program: str) -> str:
    here = shutil.which(program)
    if here:
        return here
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: path.parts[4], reverse=True)
    if not places:
        raise TenureError(
            f"there is no {program} on this machine", mend="install PostgreSQL's client programs, as new as the server"
        )
    return str(places[0])
