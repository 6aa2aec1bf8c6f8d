"""What a page tells of a member's nights, a month of them in one file, so that a year is read in twelve places.

Nothing is known from these files alone. Each notes of which nights it was made, by their digests; where a night is
another since, or the file is not there or damaged, the nights themselves are read.
"""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Collection, Mapping
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tenure.base.home import write_atomically

COLUMNS = ("as_of", "risk_score", "band", "p_lapse_renewal", "p_low", "p_high", "p_payment")
"""What is kept of each night, as far as the night has it."""

_NOTE = b"nights"
_ROW_GROUP = 16_384  # sorted by member, so that one member's rows are found without reading the month

Digests = Mapping[dt.date, str]
"""By night, the digest of its file."""


def month_of(day: dt.date) -> str:
    """The month of *day*, such as `2025-03`."""
    return f"{day:%Y-%m}"


class Months:
    """The folder of months.

    Args:
        folder: Where the files lie; made when first written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, month: str, nights: Digests, member: int) -> pl.DataFrame | None:
        """What *member* had in the *nights*, all those of *month*, oldest first; None where the file does not say."""
        try:
            with pq.ParquetFile(self._path(month), page_checksum_verification=True) as file:
                if _noted(file) != nights:
                    return None
                found = file.read_row_groups(_groups_with(file, member), use_threads=False)
        except (OSError, ValueError, pa.ArrowException):
            return None
        own = found.filter(pc.equal(found["member"], member)).drop_columns("member")
        return pl.DataFrame(pl.from_arrow(own)).sort("as_of")

    def standing(self, month: str, nights: Digests) -> set[dt.date]:
        """Of *nights*, those of which the file of *month* was made as they are."""
        try:
            with pq.ParquetFile(self._path(month)) as file:
                noted = _noted(file)
        except (OSError, ValueError, pa.ArrowException):
            return set()
        return {day for day, digest in nights.items() if noted.get(day) == digest}

    def rows(self, month: str, nights: Collection[dt.date]) -> pl.DataFrame | None:
        """The rows of *nights* of *month*, of every member; None where the file is damaged or not there."""
        try:
            table = pq.read_table(self._path(month), page_checksum_verification=True, partitioning=None)
        except (OSError, ValueError, pa.ArrowException):
            return None
        return pl.DataFrame(pl.from_arrow(table)).filter(pl.col("as_of").is_in(list(nights)))

    def write(self, month: str, rows: pl.DataFrame, nights: Digests) -> None:
        """Let the file of *month* hold *rows* (`member` and any of `COLUMNS`), which are those of all its *nights*."""
        table = rows.sort("member", "as_of").to_arrow(compat_level=pl.CompatLevel.oldest())
        note = json.dumps({day.isoformat(): digest for day, digest in nights.items()})
        table, body = table.replace_schema_metadata({_NOTE: note}), io.BytesIO()
        pq.write_table(table, body, compression="zstd", row_group_size=_ROW_GROUP, write_page_checksum=True)
        self._folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self._path(month), body.getvalue())

    def drop(self, month: str) -> None:
        """Let there be no file of *month*."""
        self._path(month).unlink(missing_ok=True)

    def known(self) -> set[str]:
        """The months of which there is a file."""
        return {path.stem for path in self._folder.glob("????-??.parquet")}

    def _path(self, month: str) -> Path:
        return self._folder / f"{month}.parquet"


def _noted(file: pq.ParquetFile) -> dict[dt.date, str]:
    noted: dict[str, str] = json.loads((file.schema_arrow.metadata or {}).get(_NOTE, b"{}"))
    return {dt.date.fromisoformat(day): digest for day, digest in noted.items()}


def _groups_with(file: pq.ParquetFile, member: int) -> list[int]:
    """The row groups in which *member* may be."""
    found, place = [], file.schema_arrow.get_field_index("member")
    for group in range(file.metadata.num_row_groups):
        bounds = file.metadata.row_group(group).column(place).statistics
        if bounds is None or bounds.min <= member <= bounds.max:
            found.append(group)
    return found
