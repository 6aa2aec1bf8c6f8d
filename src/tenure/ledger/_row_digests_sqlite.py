"""Digests of rows in a SQLite file; see `tenure.ledger.row_digests`. Keys are the primary keys by table."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

TABLE = "ledger_row_digest"
_MAKE = (
    f"CREATE TABLE IF NOT EXISTS {TABLE} "
    "(name TEXT NOT NULL, row NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (name, row)) WITHOUT ROWID"
)
_EVENTS = {"insert": "NEW", "update": "OLD", "delete": "OLD"}
"""Also an insert, since INSERT OR REPLACE takes rows away without a word to the trigger of a delete.

A key is compared as `+key`: as it is, its column's type would keep SQLite from looking it up by the index.
"""

_AT_ONCE = 1_000


def install(connection: Any, keys: Mapping[str, str]) -> None:
    """Make what is missing, by Django's *connection*."""
    with connection.cursor() as cursor:
        cursor.execute(_MAKE)
        for name, key in keys.items():
            for event, row in _EVENTS.items():
                cursor.execute(
                    f"CREATE TRIGGER IF NOT EXISTS {_trigger(name, event)} AFTER {event.upper()} ON {name} "
                    f"BEGIN DELETE FROM {TABLE} WHERE name = '{name}' AND row = +{row}.{key}; END"
                )


def remove(connection: Any, keys: Mapping[str, str]) -> None:
    """Undo `install`."""
    with connection.cursor() as cursor:
        for trigger in (_trigger(name, event) for name in keys for event in _EVENTS):
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")


def take(path: Path, keys: Mapping[str, str], *, anew: bool) -> None:
    """Give digests to the rows that have none, one transaction a table."""
    with _writing(path) as ledger:
        if not _is_there(ledger):
            return
        form = _form(ledger)
        if anew or _form_taken(ledger) != form:
            ledger.execute(f"DELETE FROM {TABLE}")
            ledger.execute(f"INSERT INTO {TABLE} VALUES ('', '', ?)", (form,))
        for name, key in _guarded(ledger, keys):
            ledger.execute("BEGIN IMMEDIATE")
            asked = f'SELECT * FROM "{name}" AS it WHERE NOT EXISTS {_digest_of_it(key)}'
            fresh = list(_with_digests(ledger.execute(asked, (name,)), key))
            given = ((name, _as_kept(row), digest) for row, digest in fresh)
            ledger.executemany(f"INSERT INTO {TABLE} VALUES (?, ?, ?)", given)
            ledger.execute("COMMIT")


def looked_after(path: Path, keys: Mapping[str, str]) -> list[str]:
    """The tables that have all their triggers."""
    with _reading(path) as ledger:
        return [name for name, _ in _guarded(ledger, keys)]


def changed(path: Path, keys: Mapping[str, str]) -> dict[str, int]:
    """By table, how many rows are not what their digests say, or have one and are gone."""
    with _reading(path) as ledger:
        if not _is_there(ledger) or _form_taken(ledger) != _form(ledger):
            return {}
        return {name: _changed(ledger, name, key) for name, key in _guarded(ledger, keys)}


def _changed(ledger: sqlite3.Connection, name: str, key: str) -> int:
    kept = ledger.execute(f"SELECT row, digest FROM {TABLE} WHERE name = ?", (name,))
    wanted: dict[Any, bytes] = dict(kept)
    rows = ledger.execute(f'SELECT * FROM "{name}" NOT INDEXED')
    same = sum(wanted.get(row) == digest for row, digest in _with_digests(rows, key))
    return len(wanted) - same


def _with_digests(rows: sqlite3.Cursor, key: str) -> Iterator[tuple[Any, bytes]]:
    """The key of each row, and the row's digest."""
    place = [column[0] for column in rows.description].index(key)
    while some := rows.fetchmany(_AT_ONCE):
        for row in some:
            yield row[place], hashlib.blake2b(repr(row).encode(), digest_size=8).digest()


def _as_kept(key: Any) -> Any:
    """A key as its table holds it, which text is that was read as bytes; one that is no text any more fits no row."""
    return key.decode(errors="replace") if isinstance(key, bytes) else key


def _guarded(ledger: sqlite3.Connection, keys: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    """The tables that have all their triggers; without them, a row that was changed would look damaged."""
    asked = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    there = {name.decode(errors="replace") for (name,) in ledger.execute(asked)}
    return [(name, key) for name, key in keys.items() if all(_trigger(name, event) in there for event in _EVENTS)]


def _digest_of_it(key: str) -> str:
    return f"(SELECT 1 FROM {TABLE} AS given WHERE given.name = ? AND given.row = +it.{key})"


def _trigger(name: str, event: str) -> str:
    return f"{name}_digest_{event}"


def _is_there(ledger: sqlite3.Connection) -> bool:
    return ledger.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (TABLE,)).fetchone() is not None


def _form_taken(ledger: sqlite3.Connection) -> str:
    """The form of the tables when the digests were taken."""
    found = ledger.execute(f"SELECT digest FROM {TABLE} WHERE name = ''").fetchone()
    return bytes(found[0]).decode(errors="replace") if found else ""


def _form(ledger: sqlite3.Connection) -> str:
    """Through which change of the tables it came last."""
    last = ledger.execute("SELECT name FROM django_migrations WHERE app = 'ledger' ORDER BY id DESC LIMIT 1").fetchone()
    return last[0].decode(errors="replace") if last else ""


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """The file, to be read as of one moment whatever others write meanwhile."""
    address = f"file:{quote(str(path))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, isolation_level=None, timeout=60)) as ledger:
        # A byte that makes a text unreadable is told by its digest, not by a decoder.
        ledger.text_factory = bytes
        ledger.execute("BEGIN")
        yield ledger


@contextmanager
def _writing(path: Path) -> Iterator[sqlite3.Connection]:
    """The file, its texts as bytes here too."""
    with closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as ledger:
        ledger.text_factory = bytes
        ledger.execute("PRAGMA synchronous = FULL")
        yield ledger
