"""The client: reads tables and views of one database, page by page, and never writes."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from tenure.base.errors import TenureError
from tenure.imis.errors import Busy, PagingBroken, Unreachable
from tenure.imis.sql._drivers import address_of, engine_of
from tenure.imis.sql._failures import failure
from tenure.imis.sql._question import Question, Since
from tenure.imis.sql._statements import (
    Page,
    Shown,
    Writer,
    code_counts,
    column_types,
    oldest_open_version,
    rights_to_write,
    table_names,
)
from tenure.imis.sql._texts import texts
from tenure.imis.sql.errors import LoginRefused

_PATIENCE = (1.0, 5.0)
"""Seconds to wait before the second and third attempt at a page."""


def checked_url(url: str) -> str:
    """*url*, if it is the address of a database that can be read.

    Raises:
        UsageError: It is none, holds a password, or lacks a host, login or database.
    """
    address_of(url)
    return url


@dataclass(frozen=True)
class Rows:
    """A page of an answer.

    Args:
        columns: Values as text, by column as the question names it.
        height: How many rows.
        version: The highest row version among them, if the table has one.
    """

    columns: dict[str, list[str | None]]
    height: int
    version: int | None


class SqlClient:
    """Reads one database as one login. Nothing is sent before the first question; one statement runs at a time.

    Args:
        url: SQLAlchemy's address of it, without a password.
        password: Of a login that may SELECT and nothing else.
        timeout: Seconds after which one statement is given up.
        page_rows: Rows a statement.
        sleep: Waits, for tests.

    Raises:
        UsageError: The address cannot be one, or its driver is not installed.
    """

    def __init__(
        self,
        url: str,
        password: str,
        *,
        timeout: float = 60.0,
        page_rows: int = 20_000,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._address = address_of(url)
        self._engine = engine_of(self._address, password, timeout)
        self._timeout, self._page_rows, self._sleep = timeout, page_rows, sleep
        self._connection: sa.Connection | None = None
        self._refused: LoginRefused | None = None
        self.statements = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def place(self) -> str:
        """Host and database."""
        return self._address.place

    def close(self) -> None:
        """Close the connection; the client can be used again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except SQLAlchemyError:
                connection.invalidate()

    def login(self) -> None:
        """Connect, and nothing else.

        Raises:
            LoginRefused: Name, password or database are wrong; a second call does not try again.
            Unreachable: Nothing answers.
        """
        self._connected("signing in")

    def shown(self, schema: str, tables: Collection[str]) -> Shown:
        """The columns that the account can see of *tables*."""
        found: dict[str, dict[str, str]] = {}
        statement = column_types(schema, sorted(tables))
        for table, column, kind in self._ask(statement, "reading the names of columns"):
            found.setdefault(str(table), {})[str(column)] = str(kind)
        return Shown(schema, found)

    def tables(self, schema: str) -> list[str]:
        """All tables and views that the account can see."""
        return sorted(str(row[0]) for row in self._ask(table_names(schema), "reading the names of tables"))

    def horizon(self) -> int | None:
        """The row version below which nothing is still being written; None where the database cannot say."""
        if self._address.dialect != "mssql":
            return None
        return int(self._ask(oldest_open_version(), "reading the row version")[0][0])

    def may_write(self, schema: str, tables: Collection[str]) -> list[str]:
        """Those of *tables* (some) that the account may change, which it should not."""
        statement = rights_to_write(self._address.dialect, schema, list(tables))
        answer = self._ask(statement, "reading its own rights")[0]
        return [table for table, allowed in zip(tables, answer, strict=True) if allowed]

    def pages(self, question: Question, shown: Shown, since: Since, now: dt.datetime) -> Iterator[Rows]:
        """The rows that answer *question*, in the order of its key.

        Args:
            question: What is asked.
            shown: What the database has.
            since: What is known already.
            now: The instant of the sync in the server's own time.

        Raises:
            NotAllowed, TooSlow, CannotRead, Unreachable: As they say; a page is tried again where that may help.
            PagingBroken: The database gives the same page again and again.
        """
        writer, after, full = Writer(question, shown, now), (), True
        while full:
            page = writer.page(since, after, self._page_rows)
            rows = self._ask(page.statement, f"reading {question.table}")
            full = len(rows) >= self._page_rows
            if rows:
                last = tuple(rows[-1][page.wanted : page.wanted + page.keys])
                if last == after:
                    raise PagingBroken(
                        f"the database {self.place} gives the same rows of {question.table} again",
                        mend="name columns in `key` that tell its rows apart",
                    )
                after = last
                yield _rows(question, page, rows)

    def count(self, question: Question, shown: Shown, now: dt.datetime) -> int:
        """How many rows answer *question*, old and new."""
        statement = Writer(question, shown, now).count()
        return int(self._ask(statement, f"counting {question.table}")[0][0])

    def codes(self, shown: Shown, table: str, column: str) -> dict[str, int]:
        """How often each code stands in *column* of *table*, the most frequent first; blanks are left out."""
        statement = code_counts(shown.schema, shown.table(table), column)
        found = self._ask(statement, f"counting the codes of {table}")
        return {str(code).strip(): int(rows) for code, rows in found if str(code or "").strip()}

    def _ask(self, statement: sa.Select[Any], doing: str) -> Sequence[sa.Row[Any]]:
        for wait in (*_PATIENCE, None):
            try:
                return self._once(statement, doing)
            except (Unreachable, Busy):
                # Each page begins after a key, so that asking again loses and doubles nothing.
                if wait is None or not self.statements:
                    raise
                self.close()
                self._sleep(wait)
        raise AssertionError("the last attempt returns or raises")

    def _once(self, statement: sa.Select[Any], doing: str) -> Sequence[sa.Row[Any]]:
        connection = self._connected(doing)
        self.statements += 1
        try:
            rows = connection.execute(statement).all()
            # Nothing is held between two pages: no lock, and no snapshot that the server has to keep.
            connection.rollback()
        except TenureError:
            raise
        except Exception as error:
            trouble = failure(error, self.place, doing, self._timeout)
            raise trouble from None
        return rows

    def _connected(self, doing: str) -> sa.Connection:
        if self._refused is not None:
            raise self._refused
        if self._connection is None:
            try:
                self._connection = self._engine.connect()
            except TenureError:
                raise
            except Exception as error:
                trouble = failure(error, self.place, doing, self._timeout)
                self._refused = trouble if isinstance(trouble, LoginRefused) else None
                raise trouble from None
        return self._connection


def _rows(question: Question, page: Page, rows: Sequence[sa.Row[Any]]) -> Rows:
    columns = list(zip(*rows, strict=True))
    version = max((int(value) for value in columns[-1] if value is not None), default=None) if page.versioned else None
    wanted = zip(question.columns, columns[: page.wanted], strict=True)
    return Rows({name: texts(values) for name, values in wanted}, len(rows), version)
