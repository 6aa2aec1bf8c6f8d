"""The manifest: the one small file that says which Parquet files are the lake."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from tenure.base.errors import DamagedStore
from tenure.base.home import write_atomically

FORMAT = 2
_READ = (1, FORMAT)
"""Format 1 did not say which files have days."""

_LOG_LENGTH = 400
_MEND = "restore the lake from a backup, or delete its folder: the next sync builds it again from the source"


@dataclass(frozen=True)
class LiveFile:
    """One Parquet file that belongs to the lake.

    Args:
        path: Below the lake's root, with forward slashes.
        rows: How many rows it holds.
        part: The month (`2025-03`) for activity, else empty.
        days: Whether it has the columns of `tenure.lake._activity.DAYS`.
    """

    path: str
    rows: int
    part: str = ""
    days: bool = False


@dataclass(frozen=True)
class Manifest:
    """What the lake is at one version.

    Args:
        version: Counts the batches that changed rows.
        tables: The live files by table.
        watermarks: How far each feed of the source was read; the source alone knows what the text means.
        retired: Files that the last batch replaced; kept for readers that are still at them, until the next one.
        log: One entry per batch, newest last.
    """

    version: int = 0
    tables: dict[str, tuple[LiveFile, ...]] = field(default_factory=dict)
    watermarks: dict[str, str] = field(default_factory=dict)
    retired: tuple[str, ...] = ()
    log: tuple[dict[str, Any], ...] = ()

    def files(self, table: str) -> tuple[LiveFile, ...]:
        """The live files of *table*."""
        return self.tables.get(table, ())

    def paths(self) -> set[str]:
        """Every live file's path."""
        return {file.path for files in self.tables.values() for file in files}

    def rows(self, table: str) -> int:
        """How many rows *table* has."""
        return sum(file.rows for file in self.files(table))

    def succeed(self, tables: dict[str, tuple[LiveFile, ...]], entry: dict[str, Any]) -> Manifest:
        """The next version, with some *tables* replaced and a log *entry* added."""
        after = replace(self, version=self.version + 1, tables={**self.tables, **tables})
        retired = tuple(sorted(self.paths() - after.paths()))
        return replace(after, retired=retired, log=(*self.log, entry)[-_LOG_LENGTH:])

    def store(self, path: Path) -> None:
        """Replace the file at *path* in one step."""
        body = {
            "format": FORMAT,
            "version": self.version,
            "tables": {t: [[f.path, f.rows, f.part, f.days] for f in files] for t, files in self.tables.items()},
            "watermarks": self.watermarks,
            "retired": list(self.retired),
            "log": list(self.log),
        }
        write_atomically(path, json.dumps(body, indent=1).encode())

    @classmethod
    def load(cls, path: Path) -> Manifest:
        """Read the file at *path*; none is an empty lake.

        Raises:
            DamagedStore: It is not a manifest of ours.
        """
        try:
            text = path.read_bytes()
        except FileNotFoundError:
            return cls()
        return cls.parse(text, path)

    @classmethod
    def parse(cls, text: bytes, path: Path) -> Manifest:
        """What *text* says; *path* is for messages. Errors as of `load`."""
        try:
            return _said(text)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DamagedStore(f"{path} is not a manifest of the lake", mend=_MEND) from error

    @classmethod
    def _of(cls, body: dict[str, Any]) -> Manifest:
        if body["format"] not in _READ:
            raise DamagedStore(
                f"the lake's manifest has format {body['format']}; this Tenure reads formats 1 to {FORMAT}",
                mend="use the Tenure that wrote it, or a newer one",
            )
        return cls(
            version=int(body["version"]),
            tables={t: tuple(LiveFile(*row) for row in files) for t, files in body["tables"].items()},
            watermarks={str(k): str(v) for k, v in body["watermarks"].items()},
            retired=tuple(body["retired"]),
            log=tuple(body["log"]),
        )


@lru_cache(maxsize=2)
def _said(text: bytes) -> Manifest:
    """A page asks the lake for several things, each of which reads the manifest: the same text says the same."""
    return Manifest._of(json.loads(text))
