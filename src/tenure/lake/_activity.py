"""Activity on disk: one file per month of `occurred_at`, sorted by member, replaced month by month."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import duckdb
import polars as pl

from tenure.lake._duck import Sql, parquet, text
from tenure.lake._manifest import LiveFile
from tenure.lake._shape import ACTIVITY

_COLUMNS = ACTIVITY.sql_columns()
_ORDER = ", ".join(ACTIVITY.order)
_MONTH = "strftime(occurred_at, '%Y-%m')"
DAYS = {
    "day_number": "(epoch_us(occurred_at) // 86400000000)::INTEGER",
    "known_number": "(epoch_us(greatest(occurred_at, recorded_at)) // 86400000000)::INTEGER",
}
"""Beside each row, counted in days from 1970-01-01 (UTC): the day of the act, and the first day at whose end the act
had happened and was on record. Features read every row and ask no more than that of its instants, which would have to
be taken apart row by row."""

_DAYS = ", ".join(f"{day} AS {name}" for name, day in DAYS.items())
_ROW_GROUP = 10_240  # small enough that one member's rows of a month are found without reading the month

_NOTE = "first_known"
_FIRST_KNOWN = "strftime(min(greatest(occurred_at, recorded_at)), '%Y-%m-%d')"
"""When a kind of a month first came on record; noted in the month's file, so that asking reads no rows."""

Files = tuple[LiveFile, ...]
Counts = tuple[int, int, int]


class Writer:
    """Writes months for one batch.

    Args:
        connection: The batch's scratch DuckDB.
        root: The lake's root.
        next_path: Gives a free path for a month.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, root: Path, next_path: Callable[[str], Path]) -> None:
        self._db, self._root, self._next_path = connection, root, next_path

    def replace(self, rows: Sql, before: Files) -> tuple[Files, Counts]:
        """Make *rows* all of the activity; months in which nothing changed keep their file.

        Returns:
            The files afterwards; how many rows are new, changed and gone.
        """
        if not before:
            written = self._write(rows.text, self._months(rows.text))
            return written, (sum(file.rows for file in written), 0, 0)
        old = self._scan(before)
        new, changed = self._note_news(rows, old)
        gone = f"FROM {old} ANTI JOIN ({rows.text}) USING (activity_key)"
        (removed,) = self._count(f"SELECT count(*) {gone}")
        touched = self._touched(before, f"SELECT {_MONTH} {gone}")
        return self._rewrite(rows.text, touched, before), (new, changed, removed)

    def upsert(self, rows: Sql, before: Files) -> tuple[Files, Counts]:
        """Add *rows*, each in place of the one with the same key, which may lie in another month.

        Returns:
            As for `replace`.
        """
        if not before:
            return self.replace(rows, before)
        have = self._with_any(rows, before)
        near = f"(FROM {self._scan(have)} SEMI JOIN ({rows.text}) USING (activity_key))"
        new, changed = self._note_news(rows, near)
        touched = self._touched(have)
        query = f"SELECT {_COLUMNS} FROM tenure_new"
        stale = [file for file in before if file.part in touched]
        if stale:
            kept = f"SELECT {_COLUMNS} FROM {self._scan(stale)} ANTI JOIN tenure_new USING (activity_key)"
            query = f"{query} UNION ALL BY NAME {kept}"
        return self._rewrite(query, touched, before), (new, changed, 0)

    def without(self, members: Sql, before: Files) -> tuple[Files, Counts]:
        """Take away the rows of *members* (a query that gives `member`).

        Returns:
            As for `replace`.
        """
        if not before:
            return before, (0, 0, 0)
        theirs = f"{self._scan(before)} SEMI JOIN ({members.text}) USING (member)"
        months = [
            month for (month,) in self._db.execute(f"SELECT DISTINCT {_MONTH} AS m FROM {theirs} ORDER BY m").fetchall()
        ]
        if not months:
            return before, (0, 0, 0)
        touched = [file for file in before if file.part in months]
        (removed,) = self._count(f"SELECT count(*) FROM {theirs}")
        kept = f"SELECT {_COLUMNS} FROM {self._scan(touched)} ANTI JOIN ({members.text}) USING (member)"
        return self._rewrite(kept, months, before), (0, 0, removed)

    def _with_any(self, rows: Sql, before: Files) -> Files:
        """The files that hold any of the keys of *rows*: of all others only the keys are read."""
        listed = ", ".join(text(self._root / file.path) for file in before)
        found = self._db.execute(f"""
            SELECT DISTINCT filename FROM read_parquet([{listed}], hive_partitioning = false, filename = true)
            SEMI JOIN ({rows.text}) USING (activity_key)""").fetchall()
        paths = {path for (path,) in found}
        return tuple(file for file in before if str(self._root / file.path) in paths)

    def _note_news(self, rows: Sql, old: str) -> tuple[int, int]:
        """Put the rows that *old* lacks or has otherwise into `tenure_new`; gives how many of each there are."""
        # Repeats that the overlap brings are told apart here, so that reading the same rows twice changes nothing.
        same = " AND ".join(f'n."{name}" IS NOT DISTINCT FROM o."{name}"' for name in ACTIVITY.columns)
        self._db.execute(f"""
            CREATE OR REPLACE TEMP TABLE tenure_new AS
            SELECT n.*, o.activity_key IS NOT NULL AS known
            FROM (SELECT {_COLUMNS} FROM ({rows.text})) n LEFT JOIN {old} o ON n.activity_key = o.activity_key
            WHERE o.activity_key IS NULL OR NOT ({same})""")
        new, changed = self._count("SELECT count(*) FILTER (NOT known), count(*) FILTER (known) FROM tenure_new")
        return new, changed

    def _touched(self, before: Files, more: str = "") -> list[str]:
        """The months that the news lie in, those in which rows of their keys lay, and those that *more* selects."""
        old = f"SELECT {_MONTH} FROM {self._scan(before)} SEMI JOIN (FROM tenure_new WHERE known) USING (activity_key)"
        parts = " UNION ALL ".join(filter(None, (f"SELECT {_MONTH} AS m FROM tenure_new", old, more)))
        return [month for (month,) in self._db.execute(f"SELECT DISTINCT m FROM ({parts}) ORDER BY m").fetchall()]

    def _rewrite(self, query: str, months: Iterable[str], before: Files) -> Files:
        """The files when *months* are written anew from *query* and the others stay."""
        touched = set(months)
        others = tuple(file for file in before if file.part not in touched)
        return tuple(sorted(others + self._write(query, sorted(touched)), key=lambda file: file.part))

    def _months(self, query: str) -> list[str]:
        found = self._db.execute(f"SELECT DISTINCT {_MONTH} AS m FROM ({query}) ORDER BY m").fetchall()
        return [month for (month,) in found]

    def _write(self, query: str, months: Iterable[str]) -> Files:
        return tuple(filter(None, (self._write_month(query, month) for month in months)))

    def _write_month(self, query: str, month: str) -> LiveFile | None:
        start = text(f"{month}-01")
        within = f"occurred_at >= TIMESTAMP {start} AND occurred_at < TIMESTAMP {start} + INTERVAL 1 MONTH"
        path = self._next_path(month)
        self._db.execute(
            f"CREATE OR REPLACE TEMP TABLE tenure_month AS SELECT {_COLUMNS} FROM ({query}) WHERE {within}"
        )
        known = dict(self._db.execute(f"SELECT kind, {_FIRST_KNOWN} FROM tenure_month GROUP BY kind").fetchall())
        (rows,) = self._count(f"""
            COPY (SELECT {_COLUMNS}, {_DAYS} FROM tenure_month ORDER BY {_ORDER}) TO {text(path)} (FORMAT parquet,
            COMPRESSION zstd, ROW_GROUP_SIZE {_ROW_GROUP}, KV_METADATA {{{_NOTE}: {text(json.dumps(known))}}})""")
        self._db.execute("DROP TABLE tenure_month")
        return LiveFile(path.relative_to(self._root).as_posix(), rows, month, days=True) if rows else None

    def _scan(self, files: Iterable[LiveFile]) -> str:
        paths = [self._root / file.path for file in files]
        return parquet(paths) if paths else f"({ACTIVITY.sql_empty()})"

    def _count(self, query: str) -> tuple[int, ...]:
        (row,) = self._db.execute(query).fetchall()
        return tuple(row)


def view(root: Path, files: Files) -> str:
    """A SELECT of the rows of *files*, with the columns of `DAYS`: read where they are kept, else worked out."""
    kept = [root / file.path for file in files if file.days]
    other = [root / file.path for file in files if not file.days]
    parts = [
        f"SELECT {_COLUMNS}, {days} FROM {parquet(paths)}"
        for paths, days in ((kept, ", ".join(DAYS)), (other, _DAYS))
        if paths
    ]
    return " UNION ALL ".join(parts) or f"SELECT *, {_DAYS} FROM ({ACTIVITY.sql_empty()})"


def first_known(connection: duckdb.DuckDBPyConnection, paths: list[Path]) -> dict[str, dt.date]:
    """The first day on which each kind of activity was on record, from what is noted in the files of *paths*."""
    if not paths:
        return {}
    notes = {path: pl.read_parquet_metadata(path).get(_NOTE) for path in paths}
    known = [json.loads(note) for note in notes.values() if note]
    if silent := [path for path, note in notes.items() if not note]:
        rows = f"SELECT kind, {_FIRST_KNOWN} FROM {parquet(silent)} GROUP BY kind"
        known.append(dict(connection.execute(rows).fetchall()))
    first: dict[str, str] = {}
    for note in known:
        for kind, day in note.items():
            first[kind] = min(day, first.get(kind, day))
    return {kind: dt.date.fromisoformat(day) for kind, day in first.items()}
