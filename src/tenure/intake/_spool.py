"""Pages kept on disk while a source is read, so that a night that was killed goes on where it stopped.

What is here is not the lake: nothing reads it but the next attempt, and it goes when the batch was stored. It may
hold source ids, so its folder is for this account alone; contact details are never put here.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tenure.base.home import write_atomically

_ROWS_AT_ONCE = 20_000
_SECONDS = 3.0


def text_of(value: Any) -> str | None:
    """A JSON value as text; None for null, and for an object or list, which is no value."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


@dataclass(frozen=True)
class Resumption:
    """How far an earlier attempt came.

    Args:
        offset: Where its last page began.
        last: The rows of that page, to see whether the list still stands where it stood.
    """

    offset: int
    last: pl.DataFrame


class FeedSpool:
    """The pages of one feed.

    Args:
        folder: Its own.
        columns: The columns that are kept.
        question: What was asked (query and prompts); an earlier attempt that asked otherwise is forgotten.
        began: When this attempt began (text that sorts); an earlier attempt that is gone on with began earlier.
        kept: False to keep nothing on disk.
    """

    def __init__(self, folder: Path, columns: list[str], question: str, began: str, *, kept: bool = True) -> None:
        self._folder, self._columns, self._kept = folder, columns, kept
        self.began = began
        self.nested: set[str] = set()
        self._waiting: list[tuple[int, pl.DataFrame]] = []
        self._frames: list[pl.DataFrame] = []
        self._saved_at = time.monotonic()
        if kept:
            self._prepare(question)

    def resumption(self) -> Resumption | None:
        """Where an earlier attempt of the same question stopped, if there was one."""
        parts = self._parts()
        if not self._kept or not parts:
            return None
        last = pl.read_parquet(parts[-1])
        begins = int(last["page"][-1])
        return Resumption(begins, last.filter(pl.col("page") == begins).drop("page"))

    def frame_of(self, rows: list[dict[str, Any]]) -> pl.DataFrame:
        """A page's rows as text; columns that hold objects or lists are noted in `nested`."""
        for name in self._columns:
            if name not in self.nested and any(isinstance(row.get(name), dict | list) for row in rows):
                self.nested.add(name)
        return pl.DataFrame(
            {name: [text_of(row.get(name)) for row in rows] for name in self._columns},
            schema=dict.fromkeys(self._columns, pl.String),
        )

    def add(self, offset: int, page: pl.DataFrame) -> None:
        """Keep the page that began at row *offset*."""
        self._waiting.append((offset, page))
        waited = time.monotonic() - self._saved_at > _SECONDS
        if waited or sum(frame.height for _, frame in self._waiting) >= _ROWS_AT_ONCE:
            self.save()

    def save(self) -> None:
        """Put what is waiting on disk."""
        if not self._waiting:
            return
        whole = pl.concat([page.with_columns(page=pl.lit(offset, dtype=pl.Int64)) for offset, page in self._waiting])
        if self._kept:
            self._write(self._waiting[0][0], whole)
        else:
            self._frames.append(whole)
        self._waiting, self._saved_at = [], time.monotonic()

    def forget(self) -> None:
        """Begin from nothing."""
        for path in self._parts():
            path.unlink()
        self._waiting, self._frames = [], []

    def frame(self) -> pl.DataFrame:
        """All rows, in the order in which they came."""
        self.save()
        frames = [pl.read_parquet(path) for path in self._parts()] if self._kept else self._frames
        empty = pl.DataFrame(schema=dict.fromkeys(self._columns, pl.String))
        return pl.concat([empty, *(frame.drop("page") for frame in frames)])

    def _parts(self) -> list[Path]:
        return sorted(self._folder.glob("part-*.parquet"))

    def _write(self, offset: int, frame: pl.DataFrame) -> None:
        path = self._folder / f"part-{len(self._parts()):06d}-{offset:012d}.parquet"
        aside = path.with_suffix(".new")
        frame.write_parquet(aside, compression="lz4")
        aside.replace(path)

    def _prepare(self, question: str) -> None:
        self._folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder.mkdir(exist_ok=True, mode=0o700)
        asked = self._folder / "question.json"
        known = {"question": question, "columns": self._columns}
        before = _read(asked)
        began = before.pop("began", None)
        if began is not None and before == known:
            self.began = began
            return
        self.forget()
        write_atomically(asked, json.dumps(known | {"began": self.began}).encode(), mode=0o600)


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def clear(folder: Path) -> None:
    """Forget every feed."""
    shutil.rmtree(folder, ignore_errors=True)
