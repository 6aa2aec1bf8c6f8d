"""Scores on disk: one Parquet file a night, replaced in one step."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import polars as pl

from tenure.base.errors import DamagedStore
from tenure.base.home import write_atomically

_ROW_GROUP = 2_048  # sorted by member, so that one member's row is found without reading the night


class Nights:
    """The folder of scored nights.

    Args:
        folder: Where the files lie; made when first written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def write(self, as_of: dt.date, frame: pl.DataFrame) -> None:
        """Store the scores of one night, in place of what that night had."""
        body = io.BytesIO()
        with_day = frame.with_columns(pl.lit(as_of).cast(pl.Date).alias("as_of"))
        with_day.sort("member").write_parquet(body, compression="zstd", row_group_size=_ROW_GROUP)
        path = self._path(as_of)
        if not path.exists() or path.read_bytes() != body.getvalue():
            write_atomically(path, body.getvalue())

    def dates(self) -> list[dt.date]:
        """The nights that have scores, oldest first."""
        return sorted(dt.date.fromisoformat(path.stem) for path in self._folder.glob("????-??-??.parquet"))

    def read(self, as_of: dt.date | None = None) -> pl.DataFrame | None:
        """The scores of *as_of*, or of the latest night; None when there are none."""
        known = self.dates()
        day = as_of or (known[-1] if known else None)
        return _read(self._path(day)) if day in known and day is not None else None

    def history(self, member: int) -> pl.DataFrame:
        """Every night's scores of one *member*, oldest first; without columns when there are none."""
        nights = [_read(self._path(day), member) for day in self.dates()]
        found = [night for night in nights if night.height]
        return pl.concat(found, how="diagonal_relaxed").sort("as_of") if found else pl.DataFrame()

    def _path(self, as_of: dt.date) -> Path:
        return self._folder / f"{as_of.isoformat()}.parquet"


def _read(path: Path, member: int | None = None) -> pl.DataFrame:
    try:
        scan = pl.scan_parquet(path, hive_partitioning=False)
        return (scan if member is None else scan.filter(pl.col("member") == member)).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DamagedStore(f"{path} cannot be read", mend="delete it and score that night again") from error
