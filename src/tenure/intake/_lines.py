"""Whether every line of a CSV file came to something: a row, a part of a row, or a line that was set aside.

A quote that never closes takes the lines after it into one value, and a line may have no end. The reader gives up on
such a record, and in a large file, which it reads in several places at once, goes on behind it without a word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from tenure.base.errors import BadInput
from tenure.intake._source import Given

_BLANK = re.compile(rb"\n(?=\r?\n)")


@dataclass
class Lines:
    """Counts lines, and those of them that are blank, in blocks of a file that come in order."""

    count: int = 0
    blank: int = 0
    _tail: bytes = b""

    def add(self, block: bytes) -> None:
        """Count those that end in *block*."""
        seen = self._tail + block
        self.count += block.count(b"\n")
        if b"\n\n" in seen or b"\n\r\n" in seen:
            self.blank += len(_BLANK.findall(seen))
        self._tail = seen[-2:] if seen.endswith(b"\n\r") else seen[-1:]

    @property
    def with_words(self) -> int:
        """Lines that are not blank, one without an end included."""
        return self.count + (self._tail not in (b"", b"\n")) - self.blank


def require_every_line(db: duckdb.DuckDBPyConnection, given: Given) -> None:
    """Check that no line of the file behind `staged_TABLE` was lost.

    Raises:
        BadInput: Some are in no row; the message says how many.
    """
    rejected, within = _rejected(db, given)
    (last,) = db.execute(f'SELECT coalesce(max("row"), 0) FROM staged_{given.table}').fetchall()[0]
    if last + rejected >= given.lines:
        return
    # Few files have line breaks within values, or rows of erased members at their end; those are counted anew.
    inner = " + ".join(map(_breaks, given.all))
    counted = f"SELECT count(*), coalesce(sum({inner}), 0) FROM {given.relation}"
    rows, breaks = db.execute(counted).fetchall()[0]
    lost = given.lines - rows - int(breaks) - rejected - within
    if lost > 0:
        raise BadInput(
            f"{given.label}: {lost:,} of {given.lines:,} lines are in no row: "
            "a quote opens and never closes, or a line has no end",
            mend='write a quote within a value twice (""), and export the file again',
        )


def _breaks(column: str) -> str:
    """SQL for the line breaks within a value."""
    name = '"' + column.replace('"', '""') + '"'
    return f"coalesce(length({name}) - length(replace({name}, chr(10), '')), 0)"


def _rejected(db: duckdb.DuckDBPyConnection, given: Given) -> tuple[int, int]:
    """How many records were set aside, and how many line breaks lie within them."""
    exists = "SELECT count(*) FROM duckdb_tables() WHERE table_name = ?"
    if not given.rejects or not db.execute(exists, [given.rejects]).fetchall()[0][0]:
        return 0, 0
    records = f"SELECT trim(any_value(csv_line), chr(10)) AS text FROM {given.rejects} GROUP BY line"
    count, within = db.execute(f"SELECT count(*), coalesce(sum({_breaks('text')}), 0) FROM ({records})").fetchall()[0]
    return int(count), int(within)
