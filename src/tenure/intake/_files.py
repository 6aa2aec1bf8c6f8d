"""A folder of files as a source: `TABLE.parquet` or `TABLE.csv` for each table of the contract."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from tenure.base.errors import BadInput, UsageError
from tenure.intake._bytes import fingerprint, require_utf8
from tenure.intake._columns import check_columns
from tenure.intake._source import Delivery, Errand, Given
from tenure.membership.contract import TABLES

RULES = "2"
"""Counted up when intake judges rows otherwise than before, so that unchanged files are read once more."""

_DELIMITERS = (",", ";", "\t")
_LONGEST_HEADER = 1 << 20
_MOST_COLUMNS = 2000


class FilesSource:
    """A folder in the contract's form.

    Args:
        path: The folder.
    """

    name = "files"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = ""

    def unchanged(self, watermarks: Mapping[str, str], at: dt.datetime) -> bool:
        """Whether every file's content is what the lake was made from, and no row of it has come of age since."""
        if watermarks.get("files") != self._fingerprint():
            return False
        until = watermarks.get("files.future", "")
        return not until or at < dt.datetime.fromisoformat(until)

    def resting(self, watermarks: Mapping[str, str], at: dt.datetime) -> str:
        """Never: it may be asked at any time."""
        return ""

    def deliver(self, db: duckdb.DuckDBPyConnection, errand: Errand) -> Delivery:
        """Offer each file as a view; nothing but headers is read yet.

        Raises:
            UsageError: There is no such folder.
            BadInput: A needed file or column is missing, or a file is not what its name says.
        """
        notices: list[str] = []
        tables: dict[str, Given] = {}
        for name, path in self._files().items():
            errand.progress(f"looking at {path.name}")
            found = _open_csv(db, name, path) if path.suffix == ".csv" else _open_parquet(db, name, path)
            columns = check_columns(TABLES[name], found.columns, path.name, notices)
            tables[name] = Given(
                name, found.relation, columns, path.name,
                rejects=found.rejects, lines=found.lines, all=tuple(found.columns),
            )  # fmt: skip
        return Delivery(tables, {"files": self._fingerprint()}, tuple(notices))

    def close(self) -> None:
        """Nothing was kept."""

    def _files(self) -> dict[str, Path]:
        if not self._path.is_dir():
            raise UsageError(f"there is no folder {self._path}", mend="mend `source.path` in tenure.toml")
        found: dict[str, Path] = {}
        for name, table in TABLES.items():
            here = [path for end in ("parquet", "csv") if (path := self._path / f"{name}.{end}").is_file()]
            if len(here) > 1:
                raise BadInput(f"{self._path} holds both {here[0].name} and {here[1].name}", mend="keep one of them")
            if table.required and not here:
                raise self._missing(name)
            if here:
                found[name] = here[0]
        return found

    def _missing(self, name: str) -> BadInput:
        there = sorted(path.name for path in self._path.iterdir() if path.suffix in (".csv", ".parquet"))
        listed = f"; it holds {', '.join(there[:12])}" if there else "; it holds no CSV or Parquet file"
        return BadInput(
            f"{self._path} has neither {name}.parquet nor {name}.csv{listed}",
            mend=f"export {name} into that folder; docs/files.md lists its columns",
        )

    def _fingerprint(self) -> str:
        # Taken once, before the rows are read: a file that changes meanwhile looks changed to the next sync.
        self._seen = self._seen or self._digest()
        return self._seen

    def _digest(self) -> str:
        digest = hashlib.blake2b(RULES.encode(), digest_size=16)
        for name, path in self._files().items():
            digest.update(f"|{name}{path.suffix}:{fingerprint(path)}".encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class _Found:
    relation: str
    columns: dict[str, str]
    rejects: str = ""
    lines: int = 0


def _open_parquet(db: duckdb.DuckDBPyConnection, name: str, path: Path) -> _Found:
    scan = f"read_parquet({_literal(path)}, file_row_number = true, hive_partitioning = false)"
    try:
        described = db.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
    except duckdb.Error:
        raise BadInput(
            f"{path.name} ({path.stat().st_size:,} bytes) is not a whole Parquet file",
            mend="it was cut short or is still being written; export it again and compare the sizes",
        ) from None
    columns = {row[0]: row[1] for row in described if row[0] != "file_row_number"}
    db.execute(f'CREATE TEMP VIEW given_{name} AS SELECT *, file_row_number + 1 AS "row" FROM {scan}')
    return _Found(f"given_{name}", columns)


def _open_csv(db: duckdb.DuckDBPyConnection, name: str, path: Path) -> _Found:
    lines = require_utf8(path)
    header, delimiter = _header(path)
    types = ", ".join(f"{_literal(column)}: 'VARCHAR'" for column in header)
    db.execute(f"""
        CREATE TEMP VIEW given_{name} AS SELECT *, row_number() OVER () AS "row" FROM read_csv(
            {_literal(path)}, header = true, auto_detect = false, delim = {_literal(delimiter)}, quote = '"',
            escape = '"', columns = {{{types}}}, store_rejects = true, rejects_table = 'rejects_{name}',
            rejects_scan = 'rejects_scan_{name}', rejects_limit = 0)""")
    return _Found(f"given_{name}", dict.fromkeys(header, "VARCHAR"), f"rejects_{name}", max(lines - 1, 0))


def _header(path: Path) -> tuple[list[str], str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        line = file.readline(_LONGEST_HEADER)
    delimiter = max(_DELIMITERS, key=line.count)
    if len(line) >= _LONGEST_HEADER or line.count(delimiter) >= _MOST_COLUMNS:
        raise BadInput(
            f"{path.name}: the first line has {_MOST_COLUMNS:,} columns or more, or no end",
            mend="export it again with one header line and then one line a row",
        )
    if not line.strip():
        raise BadInput(f"{path.name} is empty: it has no header", mend="export it again with a header line")
    header = [name.strip() for name in next(csv.reader([line], delimiter=delimiter))]
    twice = sorted(name for name, count in Counter(header).items() if count > 1)
    if twice or "" in header:
        raise BadInput(
            f"{path.name}: the header has {f'`{twice[0]}` twice' if twice and twice[0] else 'a column without a name'}",
            mend="give every column one name of its own",
        )
    return header, delimiter


def _literal(value: str | Path) -> str:
    return "'" + str(value).replace("'", "''") + "'"
