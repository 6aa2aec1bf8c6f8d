"""Every statement that is ever rendered, as SQL Server would get it: parsed, and looked through."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from sqlalchemy.dialects.mssql import pymssql
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlglot import exp

from tenure import intake
from tenure.base.errors import UsageError
from tenure.base.home import Home
from tenure.imis.sql import Condition, Join, Question, Since, is_secret
from tenure.imis.sql._statements import (
    Shown,
    Writer,
    column_types,
    oldest_open_version,
    rights_to_write,
    table_names,
)

NOW = dt.datetime(2025, 3, 1, 2)
PLAN = intake.read_sql_mapping("sql", Home(Path("unused")))
QUESTIONS = list(PLAN.questions())
SECRETS = [
    *("CC_NUMBER", "CC_EXPIRE", "cc_authorize", "CreditCardNumber", "CARD_NUMBER", "SecurityCode", "CSC", "SSN"),
    *("ENCRYPT_CC_NUMBER", "ENCRYPT_CSC", "PASSWORD", "Name.PASSWORD", "PasswordHash", "PasswordSalt"),
    "PASSWORD_ANSWER",
]
EVERYTHING = (
    Question(
        "Name",
        ("ID", "Other.VALUE"),
        ("LAST_UPDATED", "ID"),
        joins=(Join("Other", {"ID": "ID"}, optional=True),),
        where={
            "ID": Condition(none_of=("1",), like="0%", unlike="9%", given=True),
            "COMPANY_RECORD": Condition(one_of=("true",)),
            "BIRTH_DATE": Condition(given=False, past=True),
        },
        version="TIME_STAMP",
        by="LAST_UPDATED",
    ),
)


def type_of(column: str) -> str:
    """What SQL Server calls the type of a column of that name."""
    if column == "TIME_STAMP":
        return "timestamp"
    if "DATE" in column or column.endswith(("Date", "DateTime", "PAID_THRU", "PAID_BEGIN")):
        return "datetime"
    if column.endswith("Key"):
        return "uniqueidentifier"
    if column in ("COMPANY_RECORD", "EXCLUDE_MAIL", "COMPLIMENTARY"):
        return "bit"
    return "int" if column in ("SEQN", "MONTHS_PAID", "TRANS_NUMBER") else "nvarchar"


def shown_by_sql_server(question: Question, *, versioned: bool) -> Shown:
    columns: dict[str, dict[str, str]] = {table: {} for table in question.tables}
    for table, name in question.named():
        columns[table][name] = type_of(name)
    if versioned and question.version:
        columns[question.table][question.version] = "timestamp"
    return Shown("dbo", columns)


def statements(question: Question) -> list[Any]:
    """Every form that a question takes: first and later pages, whole and incremental, by version and by date."""
    found = []
    for versioned in (True, False):
        writer = Writer(question, shown_by_sql_server(question, versioned=versioned), NOW)
        after = tuple(NOW if type_of(name) == "datetime" else 7 for name in question.key)
        for since in (Since(), Since(version=9, stamp=NOW, at=NOW)):
            found += [writer.page(since, (), 500).statement, writer.page(since, after, 500).statement]
        found.append(writer.count())
    return found


def rendered(statement: Any, dialect: Any) -> str:
    text = str(statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True}))
    text = text.replace("::UUID", "")  # as PostgreSQL is told the type of a parameter
    return re.sub(r"%\((\w+)\)s|:(\w+)", lambda found: f"@{found[1] or found[2]}", text)


@pytest.mark.parametrize("question", [*QUESTIONS, *EVERYTHING], ids=lambda question: question.table)
def test_sql_server_can_parse_every_statement(question: Question):
    for statement in statements(question):
        text = rendered(statement, pymssql.dialect())
        (parsed,) = sqlglot.parse(text, dialect="tsql", error_level=sqlglot.ErrorLevel.RAISE)
        assert isinstance(parsed, exp.Select)
        assert not list(
            parsed.find_all(exp.Insert, exp.Update, exp.Delete, exp.Drop, exp.Create, exp.Into, exp.Command)
        )
        assert "LIMIT" not in text
        assert "TOP 500 WITH TIES" in text or "count(*)" in text


@pytest.mark.parametrize("dialect", [pymssql.dialect(), PGDialect()], ids=["mssql", "postgresql"])
def test_every_column_is_named_and_none_is_secret(dialect: Any):
    for question in (*QUESTIONS, *EVERYTHING):
        for statement in statements(question):
            text = rendered(statement, dialect)
            parsed = sqlglot.parse_one(text, dialect="tsql" if dialect.name == "mssql" else "postgres")
            assert not [star for star in parsed.find_all(exp.Star) if not isinstance(star.parent, exp.Count)]
            assert not [column.name for column in parsed.find_all(exp.Column) if is_secret(column.name)]
            assert all(column.table for column in parsed.find_all(exp.Column) if column.name not in ("counted",))


def test_pages_come_in_the_order_of_the_key():
    for question in QUESTIONS:
        for statement in statements(question):
            parsed = sqlglot.parse_one(rendered(statement, pymssql.dialect()), dialect="tsql")
            order = (
                [column.name for column in parsed.args["order"].find_all(exp.Column)] if "order" in parsed.args else []
            )
            assert order in ([name.rpartition(".")[2] for name in question.key], []), question.table


def test_the_catalog_is_asked_in_words_both_understand():
    own = (oldest_open_version(), rights_to_write("mssql", "dbo", ["Name", "Trans"]))
    for statement in own:
        assert isinstance(sqlglot.parse_one(rendered(statement, pymssql.dialect()), dialect="tsql"), exp.Select)
    for statement in (column_types("dbo", ["Name"]), table_names("dbo")):
        assert "FROM [INFORMATION_SCHEMA].COLUMNS" in rendered(statement, pymssql.dialect())
        sqlglot.parse_one(rendered(statement, pymssql.dialect()), dialect="tsql")


def test_a_row_version_is_compared_as_what_it_is():
    """Else SQL Server could use no index on it."""
    question = next(question for question in QUESTIONS if question.table == "Name" and question.version)
    writer = Writer(question, shown_by_sql_server(question, versioned=True), NOW)
    text = rendered(writer.page(Since(version=9), (), 5).statement, pymssql.dialect())
    assert "[TIME_STAMP] > CAST(CAST(@param_2 AS BIGINT) AS BINARY(8))" in text


@pytest.mark.parametrize("column", SECRETS)
def test_cards_and_passwords_cannot_be_named(column: str):
    for place in ("columns", "key", "where", "by", "join"):
        with pytest.raises(UsageError, match="never asks"):
            Question(
                "Trans",
                (column,) if place == "columns" else ("ST_ID",),
                (column,) if place == "key" else ("ST_ID",),
                joins=(Join("Name", {"ID": column if place == "join" else "ST_ID"}),),
                where={column: Condition(given=True)} if place == "where" else {},
                by=column if place == "by" else "",
            )


@pytest.mark.parametrize("column", ["ID", "PAID_THRU", "SUB_LINE_NUMBER", "ACCRUAL", "ACCOUNT", "DISCARDED", "PASSED"])
def test_ordinary_columns_can_be_named(column: str):
    assert not is_secret(column)


@pytest.mark.parametrize("name", ['ID"', "ID]", "a b", "*", "", "dbo.Name.ID", "ID; DROP TABLE Name", "1D"])
def test_a_name_cannot_smuggle_anything(name: str):
    with pytest.raises(UsageError):
        Question("Name", (name,), ("ID",))
    with pytest.raises(UsageError):
        Question(name or '"', ("ID",), ("ID",))
