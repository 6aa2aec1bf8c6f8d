"""Bad rows set aside: counted by reason, kept by number, and held against the limit."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import polars as pl

from tenure.base.errors import HeldBack
from tenure.intake._report import Fault
from tenure.intake._rules import MALFORMED, MENDS, REPEATED, RULES
from tenure.intake._source import Given

_SHOWN = 5
_KEPT = 100_000


def bad_rows(db: duckdb.DuckDBPyConnection, given: Given) -> pl.DataFrame:
    """`table`, `row` (from 1 after the header) and `reason` of every row set aside, in order of row."""
    query = f'SELECT "row"::BIGINT, reason FROM staged_{given.table} WHERE reason IS NOT NULL AND reason <> ?'
    judged = db.execute(query, [REPEATED]).fetchall()
    lines = _malformed(db, given)
    listed = [(_with_malformed(row, lines), reason) for row, reason in judged] + [(line, MALFORMED) for line in lines]
    frame = pl.DataFrame(listed, schema={"row": pl.Int64, "reason": pl.String}, orient="row")
    return frame.select(pl.lit(given.table).alias("table"), "row", "reason").sort("row")


def repeats(db: duckdb.DuckDBPyConnection, table: str) -> int:
    """How many rows were there more than once, word for word."""
    query = f"SELECT count(*) FROM staged_{table} WHERE reason = ?"
    return int(db.execute(query, [REPEATED]).fetchall()[0][0])


def faults(bad: pl.DataFrame, table: str) -> tuple[Fault, ...]:
    """Bad rows by reason, the commonest first."""
    mends = {rule.words: rule.mend for rule in RULES[table]} | MENDS
    counted = bad.group_by("reason").agg(pl.len().alias("count"), pl.col("row").sort().head(_SHOWN))
    return tuple(
        Fault(reason, count, tuple(rows), mends.get(reason, _mend_of_value(reason)))
        for reason, count, rows in counted.sort(["count", "reason"], descending=[True, False]).iter_rows()
    )


def hold_back(label: str, read: int, found: Sequence[Fault], limit: float, standing: int = 0) -> None:
    """Stop the night when too large a share of a table is bad.

    Args:
        label: What the table is called.
        read: Rows that came.
        found: What is wrong with some of them.
        limit: The largest share that may be bad.
        standing: Rows of the table that the lake has and that did not come again.

    Raises:
        HeldBack: More than *limit* of the rows are bad.
    """
    bad = sum(fault.count for fault in found)
    if bad <= limit * (read + standing):
        return
    raise HeldBack(
        f"{label}: {bad:,} of {read:,} rows ({bad / read:.1%}) cannot be used, and `intake.quarantine_limit` allows "
        f"{limit:.0%}; nothing was taken over. {'; '.join(map(str, found))}",
        mend="; ".join(dict.fromkeys(fault.mend for fault in found if fault.mend)),
    )


def warning(label: str, read: int, found: Sequence[Fault]) -> str:
    """One line about bad rows that the limit allows."""
    bad = sum(fault.count for fault in found)
    return f"{label}: {bad:,} of {read:,} rows were set aside: {'; '.join(map(str, found))}"


def for_the_record(bad: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """What is kept on disk about a sync's bad rows: no value of any of them."""
    parts = [frame.head(_KEPT) for frame in bad if frame.height]
    return pl.concat(parts) if parts else pl.DataFrame()


def _mend_of_value(reason: str) -> str:
    if reason.startswith("no value"):
        return "every row needs a value there"
    return "write times as 2025-03-31T09:30:00Z, dates as 2025-03-31, numbers as 1234.5, flags as true or false"


def _malformed(db: duckdb.DuckDBPyConnection, given: Given) -> list[int]:
    """The numbers of lines that DuckDB could not cut into columns."""
    exists = "SELECT count(*) FROM duckdb_tables() WHERE table_name = ?"
    if not given.rejects or not db.execute(exists, [given.rejects]).fetchall()[0][0]:
        return []
    lines = db.execute(f"SELECT DISTINCT line FROM {given.rejects} ORDER BY line").fetchall()
    return [int(line) - 1 for (line,) in lines]


def _with_malformed(row: int, lines: Sequence[int]) -> int:
    """The number of a row in the file, where lines that could not be read were not counted."""
    for line in lines:
        if line > row:
            break
        row += 1
    return row
