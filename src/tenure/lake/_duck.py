"""DuckDB, the lake's reader and sorter; nothing is ever kept in it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

MEMORY = "2GB"
"""What one connection may hold before it spills to disk."""


@dataclass(frozen=True)
class Sql:
    """Rows as a query on a batch's own connection; read more than once, so name a table where it is dear.

    Args:
        text: A SELECT (or FROM …) that gives the columns of the table it is for, by name.
    """

    text: str


def connect(
    database: Path | None = None, *, spill: Path | None = None, ordered: bool = False
) -> duckdb.DuckDBPyConnection:
    """A connection that works in UTC, in bounded memory, and loads nothing from the network.

    Args:
        database: A scratch file, or None for memory alone.
        spill: Where it may put what exceeds its memory.
        ordered: Rows come in the order in which they lie.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY,
        "threads": max(1, min(os.cpu_count() or 1, 8)),
        "preserve_insertion_order": ordered,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_unsigned_extensions": False,
        "enable_external_file_cache": False,  # what was erased from a file stays nowhere
    }
    if spill is not None:
        config["temp_directory"] = str(spill)
    return _in_utc(duckdb.connect(str(database) if database else ":memory:", config=config))


def another(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """One more connection to the same database, in a thousandth of the time that a database takes to start.

    Tables and views that are temporary, and what is registered, are its own; the memory is bounded for all together.
    """
    return _in_utc(connection.cursor())


def _in_utc(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def text(value: str | Path) -> str:
    """A literal for SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def parquet(paths: Iterable[Path]) -> str:
    """A FROM item over Parquet files."""
    return f"read_parquet([{', '.join(text(path) for path in paths)}], hive_partitioning = false)"
