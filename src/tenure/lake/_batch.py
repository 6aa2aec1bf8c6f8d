"""A batch: files written aside, and one replaced manifest that makes all of them the lake."""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

import duckdb
import polars as pl
import pyarrow as pa

from tenure.lake import _activity
from tenure.lake._duck import Sql, connect
from tenure.lake._lock import WriterLock
from tenure.lake._manifest import LiveFile, Manifest
from tenure.lake._shape import SHAPES, Shape

_ROW_GROUP = 16_384
"""Most tables are sorted by member, so that one member's rows are found without reading those of all."""

Rows: TypeAlias = pl.DataFrame | pa.Table | Sql


@dataclass(frozen=True)
class Change:
    """What a batch did to one table.

    Args:
        rows: Rows in the table afterwards.
        new: Rows whose key was not there before.
        changed: Rows whose key was there with other values.
        removed: Rows whose key is no longer there.
    """

    rows: int
    new: int = 0
    changed: int = 0
    removed: int = 0

    @property
    def any(self) -> bool:
        """Whether the table is another than before."""
        return bool(self.new or self.changed or self.removed)


class Batch:
    """Changes to the lake that become visible together, or not at all.

    Get one from `Lake.batch()` and use it in a `with` block; without `commit()` nothing has happened.
    """

    def __init__(self, root: Path, *, source: str, at: dt.datetime, checkpoint: Callable[[str], None]) -> None:
        self._root, self._source, self._at, self._checkpoint = root, source, at, checkpoint
        self._lock = WriterLock(root / ".lock")
        try:
            self._before = Manifest.load(root / "manifest.json")
            sweep(root, self._before)
        except BaseException:
            self._lock.release()
            raise
        self._after: dict[str, tuple[LiveFile, ...]] = {}
        self._watermarks = dict(self._before.watermarks)
        self.changes: dict[str, Change] = {}
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._written = 0

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """A scratch DuckDB of this batch's own, for `Sql`; it spills to disk and is gone when the batch ends."""
        if self._connection is None:
            scratch = self._root / "staging"
            scratch.mkdir(exist_ok=True)
            self._connection = connect(scratch / "work.duckdb", spill=scratch / "spill")
        return self._connection

    def replace(self, table: str, rows: Rows) -> Change:
        """Make *rows* the whole of *table*; keys must be unique among them."""
        if table == "activity":
            return self._activity(rows, whole=True)
        shape = SHAPES[table]
        return self._store(shape, self._frame(shape, rows))

    def upsert(self, table: str, rows: Rows) -> Change:
        """Add *rows*, each in place of the row of the same key if there is one."""
        if table == "activity":
            return self._activity(rows, whole=False)
        shape = SHAPES[table]
        both = pl.concat([self.current(table), self._frame(shape, rows)])
        return self._store(shape, both.unique(subset=list(shape.key), keep="last", maintain_order=True))

    def add_versions(self, table: str, rows: Rows) -> Change:
        """Add versions of records; a version that is there already is taken once."""
        return self.upsert(table, rows)

    def without(self, members: Collection[int]) -> int:
        """Take away everything about *members* (pseudonyms); how many rows that are."""
        gone = pl.DataFrame({"member": list(members)}, schema={"member": pl.Int64})
        theirs = pl.col("member").is_in(gone["member"].implode())
        removed = self._activity_without(gone).removed
        for name, shape in SHAPES.items():
            if name != "activity" and "member" in shape.columns:
                rest = self.current(name).filter(~theirs)
                if "organization" in rest.columns:
                    of_them = pl.col("organization").is_in(gone["member"].implode())
                    rest = rest.with_columns(organization=pl.when(~of_them).then("organization"))
                removed += self.replace(name, rest).removed
        return removed

    def current(self, table: str) -> pl.DataFrame:
        """The rows of a small *table* as this batch would leave them."""
        files = self._after.get(table, self._before.files(table))
        return read_frame(self._root, SHAPES[table], files)

    def set_watermark(self, feed: str, value: str) -> None:
        """Say how far *feed* has been read; stored with the rows or not at all."""
        self._watermarks[feed] = value

    def commit(self, *, keep_replaced: bool = True) -> int:
        """Make everything visible; gives the lake's version, which is a new one only if some row changed.

        Args:
            keep_replaced: Leave the files that were replaced for readers that are still at them, until the next batch.
                Without it no file of before stays, also of the batch before; a page that is being made may fail.
        """
        if any(change.any for change in self.changes.values()):
            self._checkpoint("files written")
            entry = {
                "version": self._before.version + 1,
                "source": self._source,
                "at": self._at.astimezone(dt.UTC).isoformat(),
                "tables": {table: asdict(change) for table, change in self.changes.items()},
            }
            after = replace(self._before.succeed(self._after, entry), watermarks=self._watermarks)
        else:
            after = replace(self._before, watermarks=self._watermarks)
        if not keep_replaced:
            after = replace(after, retired=())
        if after != self._before:
            after.store(self._root / "manifest.json")
            self._checkpoint("manifest replaced")
        self._before, self._after = after, {}
        return after.version

    def __enter__(self) -> Batch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._connection is not None:
                self._connection.close()
            # By what is on disk: whoever was interrupted just after the manifest was replaced must not lose its files.
            sweep(self._root, Manifest.load(self._root / "manifest.json"))
        finally:
            self._lock.release()

    def _frame(self, shape: Shape, rows: Rows) -> pl.DataFrame:
        if isinstance(rows, Sql):
            rows = self.connection.sql(rows.text).to_arrow_table()
        if isinstance(rows, pa.Table):
            rows = pl.DataFrame(pl.from_arrow(rows))
        return shape.conform(rows)

    def _store(self, shape: Shape, frame: pl.DataFrame) -> Change:
        change = compare(shape, self.current(shape.name), frame)
        if change.any:
            path = self._next_path(shape.name)
            ordered = frame.sort(shape.order, nulls_last=True)
            ordered.write_parquet(path, compression="zstd", row_group_size=_ROW_GROUP)
            _sync_to_disk(path)
            self._after[shape.name] = (LiveFile(self._relative(path), frame.height),)
        return self._note(shape.name, change)

    def _activity(self, rows: Rows, *, whole: bool) -> Change:
        incoming = rows if isinstance(rows, Sql) else self._register(rows)
        before = self._after.get("activity", self._before.files("activity"))
        write = _activity.Writer(self.connection, self._root, lambda month: self._next_path("activity", month))
        after, counts = write.replace(incoming, before) if whole else write.upsert(incoming, before)
        for file in set(after) - set(before):
            _sync_to_disk(self._root / file.path)
        self._after["activity"] = after
        return self._note("activity", Change(sum(file.rows for file in after), *counts))

    def _activity_without(self, gone: pl.DataFrame) -> Change:
        before = self._after.get("activity", self._before.files("activity"))
        self.connection.register("tenure_gone", gone.to_arrow())
        write = _activity.Writer(self.connection, self._root, lambda month: self._next_path("activity", month))
        after, counts = write.without(Sql("SELECT member FROM tenure_gone"), before)
        for file in set(after) - set(before):
            _sync_to_disk(self._root / file.path)
        self._after["activity"] = after
        return self._note("activity", Change(sum(file.rows for file in after), *counts))

    def _register(self, rows: pl.DataFrame | pa.Table) -> Sql:
        frame = rows if isinstance(rows, pl.DataFrame) else pl.DataFrame(pl.from_arrow(rows))
        self.connection.register("tenure_given", SHAPES["activity"].conform(frame).to_arrow())
        return Sql("SELECT * FROM tenure_given")

    def _note(self, table: str, change: Change) -> Change:
        first = self.changes.get(table, Change(0))
        total = Change(
            change.rows, first.new + change.new, first.changed + change.changed, first.removed + change.removed
        )
        self.changes[table] = total
        return change

    def _next_path(self, table: str, part: str = "") -> Path:
        self._written += 1
        name = "-".join(filter(None, (part, f"v{self._before.version + 1:06d}", f"{self._written:04d}")))
        path = self._root / "tables" / table / f"{name}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()


def compare(shape: Shape, before: pl.DataFrame, after: pl.DataFrame) -> Change:
    """How *after* differs from *before*, row by key."""
    key = list(shape.key)
    after_keys, before_keys = after.select(key), before.select(key)
    new = after_keys.join(before_keys, on=key, how="anti", nulls_equal=True).height
    removed = before_keys.join(after_keys, on=key, how="anti", nulls_equal=True).height
    same = after.join(before, on=list(shape.columns), how="semi", nulls_equal=True).height
    return Change(after.height, new, after.height - new - same, removed)


def read_frame(root: Path, shape: Shape, files: tuple[LiveFile, ...]) -> pl.DataFrame:
    """The rows of some of the lake's files."""
    frames = [shape.conform(pl.read_parquet(root / file.path, hive_partitioning=False)) for file in files]
    return pl.concat(frames) if frames else shape.empty()


def sweep(root: Path, manifest: Manifest) -> None:
    """Remove what a killed or ended batch left: scratch files, and files that no manifest names any more."""
    shutil.rmtree(root / "staging", ignore_errors=True)
    keep = manifest.paths() | set(manifest.retired)
    for path in (root / "tables").glob("*/*"):
        if path.relative_to(root).as_posix() not in keep:
            path.unlink(missing_ok=True)


def _sync_to_disk(path: Path) -> None:
    """Wait until *path* is on the disk, so that the manifest never names a file that a power cut took."""
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
