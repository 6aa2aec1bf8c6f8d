"""What can be asked of a database, as data: no SQL is written outside this package."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from tenure.base.errors import UsageError
from tenure.imis.sql._names import check_column, check_table

Total = Literal["sum", "min", "max"]


@dataclass(frozen=True)
class Condition:
    """What a column must be like; all that is said must hold.

    Args:
        one_of: It is one of these.
        none_of: It is none of these, or null.
        like, unlike: It is like this pattern of SQL (`%` for anything), or unlike it or null.
        given: It has a value (not null, not blank), or has none.
        past: It is a date that lies behind the sync.
    """

    one_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    like: str = ""
    unlike: str = ""
    given: bool | None = None
    past: bool = False


@dataclass(frozen=True)
class Join:
    """A further table, of which each row of the first has at most one.

    Args:
        table: Its name.
        on: By its column, the column of a table named before that it equals.
        optional: Rows without a partner stay, with nulls.
    """

    table: str
    on: Mapping[str, str]
    optional: bool = False


@dataclass(frozen=True)
class Since:
    """Where to go on: rows of a higher row version, or else with a date from *stamp* on.

    Args:
        version, stamp: Which of the two serves depends on what the table has.
        at: When the last reading was: rows that lay ahead of it and now lie behind are news too.
    """

    version: int | None = None
    stamp: dt.datetime | None = None
    at: dt.datetime | None = None


@dataclass(frozen=True)
class Question:
    """Rows of one table and what is joined to it.

    Columns are written `COLUMN` for the first table and `Table.COLUMN` for a joined one.

    Args:
        table: The first table.
        columns: What is wanted.
        key: What rows are ordered by; rows that tie come together.
        joins: Further tables.
        where: Conditions by column.
        totals: When there are any: rows are grouped by *key*, and each other column is summed up so.
        version: The row version of the first table, if it may have one.
        by: The date by which rows are new, where there is no row version.

    Raises:
        UsageError: A name cannot be one, or must not be asked for.
    """

    table: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    joins: tuple[Join, ...] = ()
    where: Mapping[str, Condition] = field(default_factory=dict)
    totals: Mapping[str, Total] = field(default_factory=dict)
    version: str = ""
    by: str = ""

    def __post_init__(self) -> None:
        for table in self.tables:
            check_table(table)
        for table, column in self.named():
            check_column(column)
            if table not in self.tables:
                raise UsageError(
                    f"`{table[:60]}.{column}` is of a table that `{self.table}` is not joined to",
                    mend="name the table in `joins`, or mend the column's name",
                )

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of its tables, the first one first."""
        return (self.table, *(join.table for join in self.joins))

    def split(self, column: str) -> tuple[str, str]:
        """Table and bare name of *column*."""
        table, _, name = column.rpartition(".")
        return table or self.table, name

    def named(self) -> Iterator[tuple[str, str]]:
        """Table and bare name of every column that it needs; the row version is not counted, since it may lack."""
        yield from map(self.split, (*self.columns, *self.key, *self.where, *self.totals))
        if self.by:
            yield self.split(self.by)
        for join in self.joins:
            for own, other in join.on.items():
                yield join.table, own
                yield self.split(other)
