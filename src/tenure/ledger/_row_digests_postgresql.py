"""Digests of rows on a PostgreSQL server; see `tenure.ledger.row_digests`. Keys are the primary keys by table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import transaction

TABLE = "ledger_row_digest"
_MAKE = (
    f"CREATE TABLE IF NOT EXISTS {TABLE} "
    "(name text NOT NULL, row text NOT NULL, digest text NOT NULL, PRIMARY KEY (name, row))"
)
_FORM = "SELECT name FROM django_migrations WHERE app = 'ledger' ORDER BY id DESC LIMIT 1"
_SAME_TEXT = (
    "SET LOCAL TimeZone = 'UTC'", "SET LOCAL DateStyle = 'ISO'", "SET LOCAL IntervalStyle = 'postgres'",
    "SET LOCAL extra_float_digits = 1", "SET LOCAL bytea_output = 'hex'",
)  # fmt: skip
"""Whatever is set for the server or the account, a row reads as it read when its digest was taken."""

# Once a statement and not once a row, so that a night that replaces a table does not feel it.
_FUNCTIONS = (
    f"""
CREATE OR REPLACE FUNCTION ledger_forget_digests() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN
    EXECUTE format('DELETE FROM {TABLE} AS given USING gone WHERE given.name = %L AND given.row = gone.%I::text',
        TG_TABLE_NAME, TG_ARGV[0]);
    RETURN NULL;
END$$""",
    f"""
CREATE OR REPLACE FUNCTION ledger_forget_all_digests() RETURNS trigger LANGUAGE plpgsql AS
$$BEGIN
    DELETE FROM {TABLE} WHERE name = TG_TABLE_NAME;
    RETURN NULL;
END$$""",
)


def install(connection: Any, keys: Mapping[str, str]) -> None:
    """Make what is missing, by Django's *connection*, whose account owns the tables."""
    with connection.cursor() as cursor:
        for statement in (_MAKE, *_FUNCTIONS):
            cursor.execute(statement)
        for name, key in keys.items():
            for event in ("UPDATE", "DELETE"):
                cursor.execute(
                    f'CREATE OR REPLACE TRIGGER {name}_digest_{event.lower()} AFTER {event} ON "{name}" '
                    f"REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION ledger_forget_digests('{key}')"
                )
            cursor.execute(
                f'CREATE OR REPLACE TRIGGER {name}_digest_truncate AFTER TRUNCATE ON "{name}" '
                "FOR EACH STATEMENT EXECUTE FUNCTION ledger_forget_all_digests()"
            )


def remove(connection: Any, keys: Mapping[str, str]) -> None:
    """Undo `install`; the triggers go with their functions."""
    with connection.cursor() as cursor:
        for function in ("ledger_forget_digests", "ledger_forget_all_digests"):
            cursor.execute(f"DROP FUNCTION IF EXISTS {function}() CASCADE")
        cursor.execute(f"DROP TABLE IF EXISTS {TABLE}")


def take(connection: Any, keys: Mapping[str, str], *, anew: bool) -> None:
    """Give digests to the rows that have none, one transaction a table."""
    with _reading(connection) as cursor:
        if not _is_there(cursor):
            return
        if anew or _form_taken(cursor) != _form(cursor):
            cursor.execute(f"DELETE FROM {TABLE}")
            cursor.execute(f"INSERT INTO {TABLE} VALUES ('', '', %s)", [_form(cursor)])
        guarded = _guarded(cursor, keys)
    for name, key in guarded.items():
        with _reading(connection) as cursor:
            # Locked, so that nobody changes a row between its reading and the digest's being there for all to see.
            cursor.execute(
                f'WITH fresh AS (SELECT it."{key}"::text AS row, md5(it::text) AS digest FROM "{name}" AS it '
                f"WHERE NOT EXISTS (SELECT 1 FROM {TABLE} AS given WHERE given.name = %s "
                f'AND given.row = it."{key}"::text) FOR SHARE OF it) '
                f"INSERT INTO {TABLE} SELECT %s, row, digest FROM fresh ON CONFLICT DO NOTHING",
                [name, name],
            )


def looked_after(connection: Any, keys: Mapping[str, str]) -> list[str]:
    """The tables that have all their triggers."""
    with _reading(connection) as cursor:
        return list(_guarded(cursor, keys))


def changed(connection: Any, keys: Mapping[str, str]) -> dict[str, int]:
    """By table, how many rows are not what their digests say, or have one and are gone."""
    with _reading(connection) as cursor:
        if not _is_there(cursor) or _form_taken(cursor) != _form(cursor):
            return {}
        return {name: _changed(cursor, name, key) for name, key in _guarded(cursor, keys).items()}


def _changed(cursor: Any, name: str, key: str) -> int:
    cursor.execute(
        f'SELECT count(*) FROM {TABLE} AS given LEFT JOIN "{name}" AS it ON it."{key}"::text = given.row '
        "WHERE given.name = %s AND given.digest IS DISTINCT FROM md5(it::text)",
        [name],
    )
    return int(cursor.fetchone()[0])


def _guarded(cursor: Any, keys: Mapping[str, str]) -> dict[str, str]:
    """The tables that have all their triggers; without them, a row that was changed would look damaged."""
    cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE '%\\_digest\\_%' AND tgenabled IN ('O', 'A')")
    there = {name for (name,) in cursor.fetchall()}
    events = ("update", "delete", "truncate")
    return {name: key for name, key in keys.items() if all(f"{name}_digest_{event}" in there for event in events)}


def _is_there(cursor: Any) -> bool:
    cursor.execute("SELECT to_regclass(%s)", [TABLE])
    return cursor.fetchone()[0] is not None


def _form(cursor: Any) -> str:
    """Through which change of the tables they came last."""
    cursor.execute(_FORM)
    found = cursor.fetchone()
    return str(found[0]) if found else ""


def _form_taken(cursor: Any) -> str:
    """The form of the tables when the digests were taken."""
    cursor.execute(f"SELECT digest FROM {TABLE} WHERE name = ''")
    found = cursor.fetchone()
    return str(found[0]) if found else ""


@contextmanager
def _reading(connection: Any) -> Iterator[Any]:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in _SAME_TEXT:
            cursor.execute(statement)
        yield cursor
