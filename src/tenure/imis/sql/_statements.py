"""From a `Question` to one SELECT with named columns, in SQLAlchemy Core; the dialect renders it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from tenure.base.errors import UsageError
from tenure.imis.sql._names import check_column, check_table
from tenure.imis.sql._question import Condition, Question, Since
from tenure.imis.sql.errors import NoSuchColumn, NoSuchTable

_CATALOG = sa.table(
    sa.quoted_name("COLUMNS", quote=False),
    *(
        sa.column(sa.quoted_name(name, quote=False))
        for name in ("TABLE_SCHEMA", "TABLE_NAME", "COLUMN_NAME", "DATA_TYPE")
    ),
    schema=sa.quoted_name("INFORMATION_SCHEMA", quote=False),
)

_WHOLE = sa.BigInteger()
_INSTANT = sa.DateTime()
_TYPES: dict[str, Any] = {
    "bit": sa.Boolean(), "boolean": sa.Boolean(), "date": sa.Date(), "uuid": sa.Uuid(), "uniqueidentifier": sa.Uuid(),
    "tinyint": _WHOLE, "smallint": _WHOLE, "int": _WHOLE, "integer": _WHOLE, "bigint": _WHOLE,
    "numeric": sa.Numeric(), "decimal": sa.Numeric(), "money": sa.Numeric(), "smallmoney": sa.Numeric(),
    "float": sa.Float(), "real": sa.Float(), "double precision": sa.Float(), "timestamp without time zone": _INSTANT,
    "datetime": _INSTANT, "smalldatetime": _INSTANT, "datetime2": _INSTANT, "rowversion": sa.BINARY(8),
    "timestamp": sa.BINARY(8), "datetimeoffset": sa.DateTime(timezone=True),
    "timestamp with time zone": sa.DateTime(timezone=True),
}  # fmt: skip
"""By what a database calls it; SQL Server's `timestamp` is its row version. What is not here is text."""


def column_types(schema: str, tables: Sequence[str]) -> sa.Select[Any]:
    """The columns of *tables*, and their types."""
    c = _CATALOG.c
    chosen = sa.select(c.TABLE_NAME, c.COLUMN_NAME, c.DATA_TYPE)
    return chosen.where(c.TABLE_SCHEMA.in_([schema]), c.TABLE_NAME.in_(tables)).order_by(c.TABLE_NAME, c.COLUMN_NAME)


def table_names(schema: str) -> sa.Select[Any]:
    """All tables and views that the account can see."""
    return sa.select(_CATALOG.c.TABLE_NAME).where(_CATALOG.c.TABLE_SCHEMA.in_([schema])).distinct()


def code_counts(schema: str, table: str, column: str) -> sa.Select[Any]:
    """How often each value stands in a column of codes, the most frequent first; two hundred at most."""
    code: sa.ColumnClause[Any] = sa.column(check_column(column))
    rows = sa.func.count().label("n")
    source = sa.table(check_table(table), code, schema=schema)
    return sa.select(code, rows).select_from(source).group_by(code).order_by(rows.desc()).limit(200)


def oldest_open_version() -> sa.Select[Any]:
    """SQL Server's lowest row version that a change still being written may bear."""
    return sa.select(sa.cast(sa.func.min_active_rowversion(), sa.BigInteger))


def rights_to_write(dialect: str, schema: str, tables: Sequence[str]) -> sa.Select[Any]:
    """One row: for each of *tables* 1 where the account may change it."""
    kinds = ("INSERT", "UPDATE", "DELETE")
    if dialect == "mssql":
        asked = [
            [sa.func.has_perms_by_name(f"{schema}.{table}", "OBJECT", kind) == 1 for kind in kinds] for table in tables
        ]
    else:
        asked = [[sa.func.has_table_privilege(f'"{schema}"."{table}"', ", ".join(kinds))] for table in tables]
    return sa.select(*(sa.case((sa.or_(*rights), 1), else_=0).label(f"r{i}") for i, rights in enumerate(asked)))


@dataclass(frozen=True)
class Shown:
    """What a database shows of itself.

    Args:
        schema: Which part of it.
        columns: Type by column, by table; as they are written there.
    """

    schema: str
    columns: Mapping[str, Mapping[str, str]]

    def table(self, name: str) -> str:
        """The table as it is written there. Raises KeyError."""
        return next(found for found in self.columns if found.lower() == name.lower()) if self.has(name) else name

    def has(self, table: str, column: str = "") -> bool:
        """Whether there is such a table, and in it such a column."""
        found = {name.lower(): columns for name, columns in self.columns.items()}.get(table.lower())
        return found is not None and (not column or column.lower() in {name.lower() for name in found})

    def check(self, question: Question, tables: Sequence[str] = ()) -> None:
        """Check that all that *question* names is there.

        Raises:
            NoSuchTable, NoSuchColumn: It is not; the nearest names are said.
        """
        for table in question.tables:
            if not self.has(table):
                raise NoSuchTable(table, self.schema, tables)
        for table in question.tables:
            wanted = dict.fromkeys(name for at, name in question.named() if at == table)
            found = self.columns[self.table(table)]
            missing = [name for name in wanted if not self.has(table, name)]
            if missing:
                raise NoSuchColumn(f"{self.schema}.{table}", missing, found)


@dataclass(frozen=True)
class Page:
    """One statement and what its columns are.

    Args:
        statement: The SELECT.
        wanted: How many of its columns are those of the question; the key's follow, then the row version if any.
        keys: How many the key has.
        versioned: Whether the row version is last.
    """

    statement: sa.Select[Any]
    wanted: int
    keys: int
    versioned: bool


@dataclass(frozen=True)
class Writer:
    """Writes the statements of one question.

    Args:
        question: What is asked.
        shown: What the database shows; must have passed `Shown.check`.
        now: The instant of the sync in the server's own time.
    """

    question: Question
    shown: Shown
    now: dt.datetime

    @property
    def versioned(self) -> bool:
        """Whether the table has the row version that was named."""
        return bool(self.question.version) and self.shown.has(*self.question.split(self.question.version))

    def page(self, since: Since, after: Sequence[Any], rows: int) -> Page:
        """The SELECT of *rows* rows, those that tie with the last included.

        Args:
            since: What is known already.
            after: The key of the last row of the page before; empty for the first page.
        """
        question = self.question
        tables = self._tables()
        chosen = [self._selected(tables, name).label(f"c{place}") for place, name in enumerate(question.columns)]
        keys = [self._column(tables, name) for name in question.key]
        chosen += [key.label(f"k{place}") for place, key in enumerate(keys)]
        if self.versioned:
            chosen.append(self._summed(self._number(self._version(tables)), question.version, "max").label("version"))
        statement = sa.select(*chosen).select_from(self._joined(tables)).where(*self._conditions(tables))
        statement = statement.where(*(key.is_not(None) for key in keys))
        if after:
            statement = statement.where(_beyond(keys, after))
        statement = self._only_new(statement, tables, since)
        if question.totals:
            statement = statement.group_by(*keys)
        statement = statement.order_by(*keys).fetch(rows, with_ties=True)
        return Page(statement, len(question.columns), len(keys), self.versioned)

    def count(self) -> sa.Select[Any]:
        """The SELECT that counts all rows, old and new."""
        tables = self._tables()
        keys = [self._column(tables, name) for name in self.question.key]
        rows = sa.select(*(key.label(f"k{place}") for place, key in enumerate(keys)))
        rows = rows.select_from(self._joined(tables)).where(*self._conditions(tables))
        rows = rows.where(*(key.is_not(None) for key in keys))
        grouped = rows.group_by(*keys) if self.question.totals else rows
        return sa.select(sa.func.count()).select_from(grouped.subquery("counted"))

    def _tables(self) -> dict[str, sa.TableClause]:
        named = dict.fromkeys(self.question.named())
        if self.versioned:
            named |= dict.fromkeys([self.question.split(self.question.version)])
        return {
            table: sa.table(
                self.shown.table(table),
                *(self._typed(at, name) for at, name in named if at == table),
                schema=self.shown.schema or None,
            )
            for table in self.question.tables
        }

    def _typed(self, table: str, name: str) -> sa.ColumnClause[Any]:
        columns = self.shown.columns[self.shown.table(table)]
        written = next(found for found in columns if found.lower() == check_column(name).lower())
        return sa.column(written, _TYPES.get(columns[written].lower(), sa.Unicode()))

    def _column(self, tables: Mapping[str, sa.TableClause], name: str) -> sa.ColumnClause[Any]:
        table, bare = self.question.split(name)
        return next(column for column in tables[table].c if column.name.lower() == bare.lower())

    def _version(self, tables: Mapping[str, sa.TableClause]) -> sa.ColumnClause[Any]:
        return self._column(tables, self.question.version)

    def _number(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        return sa.cast(column, sa.BigInteger) if isinstance(column.type, sa.BINARY) else column

    def _selected(self, tables: Mapping[str, sa.TableClause], name: str) -> sa.ColumnElement[Any]:
        return self._summed(self._column(tables, name), name, "")

    def _summed(self, column: sa.ColumnElement[Any], name: str, otherwise: str) -> sa.ColumnElement[Any]:
        if not self.question.totals or name in self.question.key:
            return column
        total = self.question.totals.get(name, otherwise) or "max"
        if total == "sum":
            return sa.func.sum(column)
        return sa.func.min(column) if total == "min" else sa.func.max(column)

    def _joined(self, tables: Mapping[str, sa.TableClause]) -> sa.FromClause:
        whole: sa.FromClause = tables[self.question.table]
        for join in self.question.joins:
            here = tables[join.table]
            equal = [
                self._column(tables, f"{join.table}.{own}") == self._column(tables, other)
                for own, other in join.on.items()
            ]
            whole = whole.join(here, sa.and_(*equal), isouter=join.optional)
        return whole

    def _conditions(self, tables: Mapping[str, sa.TableClause]) -> list[sa.ColumnElement[bool]]:
        return [
            part
            for name, condition in self.question.where.items()
            for part in self._condition(self._column(tables, name), condition)
        ]

    def _condition(self, column: sa.ColumnClause[Any], wanted: Condition) -> list[sa.ColumnElement[bool]]:
        parts: list[sa.ColumnElement[bool]] = []
        if wanted.one_of:
            parts.append(column.in_([_value(column, text) for text in wanted.one_of]))
        if wanted.none_of:
            kept = column.not_in([_value(column, text) for text in wanted.none_of])
            parts.append(sa.or_(column.is_(None), kept))
        if wanted.like:
            parts.append(column.like(wanted.like))
        if wanted.unlike:
            parts.append(sa.or_(column.is_(None), column.not_like(wanted.unlike)))
        if wanted.given is not None:
            there: sa.ColumnElement[bool] = column.is_not(None)
            if isinstance(column.type, sa.Unicode):
                there = sa.and_(there, column != "")
            parts.append(there if wanted.given else sa.not_(there))
        if wanted.past:
            parts.append(column <= _bound(column, self.now))
        return parts

    def _only_new(
        self, statement: sa.Select[Any], tables: Mapping[str, sa.TableClause], since: Since
    ) -> sa.Select[Any]:
        news = self._news(tables, since)
        if news is None:
            return statement
        if self.question.totals:
            return statement.having(news)
        return statement.where(sa.or_(news, *self._come_of_age(tables, since)))

    def _news(self, tables: Mapping[str, sa.TableClause], since: Since) -> sa.ColumnElement[bool] | None:
        """What is true of rows that are new or changed; None where all are wanted."""
        grouped = bool(self.question.totals)
        if self.versioned and since.version is not None:
            version, mark = self._version(tables), sa.cast(sa.literal(since.version, sa.BigInteger), sa.BigInteger)
            if grouped:
                return sa.func.max(self._number(version)) > mark
            # Compared as what it is, so that an index on the row version can be used.
            return version > (sa.cast(mark, sa.BINARY(8)) if isinstance(version.type, sa.BINARY) else mark)
        if not self.versioned and since.stamp is not None and self.question.by:
            by = self._column(tables, self.question.by)
            return (sa.func.max(by) if grouped else by) >= _bound(by, since.stamp)
        return None

    def _come_of_age(self, tables: Mapping[str, sa.TableClause], since: Since) -> list[sa.ColumnElement[bool]]:
        if since.at is None:
            return []
        dates = [self._column(tables, name) for name, wanted in self.question.where.items() if wanted.past]
        return [date > _bound(date, since.at) for date in dates]


def _beyond(keys: Sequence[sa.ColumnElement[Any]], after: Sequence[Any]) -> sa.ColumnElement[bool]:
    """Rows whose key comes after *after*, column by column: SQL Server cannot compare rows."""
    bounds = [_bound(key, value) for key, value in zip(keys, after, strict=True)]
    return sa.or_(
        *(
            sa.and_(*(keys[i] == bounds[i] for i in range(place)), keys[place] > bounds[place])
            for place in range(len(keys))
        )
    )


def _bound(column: sa.ColumnElement[Any], value: Any) -> sa.ColumnElement[Any]:
    """*value* as a parameter; an instant is cast, since SQL Server's own is coarser than the one that came back."""
    bound = sa.literal(value, column.type)
    return sa.cast(bound, column.type) if isinstance(column.type, sa.DateTime) else bound


def _value(column: sa.ColumnClause[Any], text: str) -> Any:
    """What a mapping writes as text, as the column's type has it."""
    if isinstance(column.type, sa.Boolean):
        return text.lower() in ("true", "1", "yes")
    try:
        if isinstance(column.type, sa.BigInteger):
            return int(text)
        return Decimal(text) if isinstance(column.type, sa.Numeric) else text
    except (ValueError, ArithmeticError) as error:
        raise UsageError(
            f"a condition in the mapping compares the number `{column.name}` with {text[:20]!r}",
            mend="write a number there",
        ) from error
