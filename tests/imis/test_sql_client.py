"""What the client does when a database says no, is slow, or goes away; against a real PostgreSQL."""

from __future__ import annotations

import datetime as dt
import socket
from collections.abc import Iterator

import pymssql
import pytest
import sqlalchemy as sa

from sql_association import PASSWORD, Database, Databases, server
from tenure.base.errors import FAILED, USAGE, TenureError, UsageError
from tenure.imis.errors import (
    Busy,
    Failed,
    ImisRefused,
    LockedOut,
    NotAllowed,
    TooSlow,
    Unreachable,
    WrongCredentials,
)
from tenure.imis.sql import Condition, LoginRefused, NoSuchTable, Question, Since, WouldWrite
from tenure.imis.sql._failures import failure
from tenure.imis.sql.client import Rows, SqlClient
from tenure.imis.sql.errors import NoSuchColumn

NOW = dt.datetime(2025, 3, 1)
NAMES = Question("Name", ("ID", "MEMBER_TYPE", "LAST_UPDATED", "COMPANY_RECORD"), ("ID",), version="TIME_STAMP")


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with server() as address:
        yield Databases(address).new()


def read(client: SqlClient, question: Question = NAMES, since: Since | None = None) -> list[Rows]:
    return list(client.pages(question, client.shown("dbo", question.tables), since or Since(), NOW))


def test_pages_follow_the_key(database: Database):
    with SqlClient(database.url, PASSWORD, page_rows=10) as client:
        pages = read(client)
    ids = [own for page in pages for own in page.columns["ID"]]
    assert ids == sorted(ids)
    assert len(ids) == 31
    assert [page.height for page in pages] == [10, 10, 10, 1]
    assert pages[0].columns["LAST_UPDATED"][1] == "2023-05-01T11:00:00"
    assert pages[0].columns["COMPANY_RECORD"][:2] == ["true", "false"]


def test_rows_that_tie_come_together(database: Database):
    """A log without a key of its own loses no line at the end of a page."""
    log = Question("Name_Log", ("LOG_TEXT",), ("DATE_TIME", "ID"))
    with SqlClient(database.url, PASSWORD, page_rows=1) as client:
        assert sum(page.height for page in read(client, log)) == 4


def test_only_what_is_new_is_asked(database: Database):
    with SqlClient(database.url, PASSWORD) as client:
        (page,) = read(client)
        assert page.version is not None
        assert read(client, since=Since(version=page.version)) == []


def test_wrong_credentials_are_tried_once(database: Database):
    sent: list[str] = []
    with SqlClient(database.url, "wrong") as client:
        sa.event.listen(client._engine, "do_connect", lambda *_: sent.append("an attempt"))
        for _ in range(3):
            with pytest.raises(LoginRefused) as told:
                client.login()
    assert sent == ["an attempt"]
    assert "TENURE_SQL_PASSWORD" in told.value.mend
    assert isinstance(told.value, WrongCredentials)
    assert told.value.exit_code == FAILED


def test_a_database_that_is_not_there(database: Database):
    with SqlClient(database.url.replace("/first", "/second"), PASSWORD) as client, pytest.raises(LoginRefused):
        client.login()


def test_a_table_that_may_not_be_read_is_not_seen(database: Database):
    with SqlClient(database.url_for("stranger"), PASSWORD) as client:
        shown = client.shown("dbo", ["Name"])
        with pytest.raises(NoSuchTable, match="shows no table") as told:
            shown.check(NAMES, client.tables("dbo"))
    assert "SELECT" in told.value.mend


def test_permission_that_is_denied(database: Database):
    with SqlClient(database.url, PASSWORD) as owner, SqlClient(database.url_for("stranger"), PASSWORD) as client:
        shown = owner.shown("dbo", ["Name"])
        with pytest.raises(NotAllowed, match="reading Name"):
            list(client.pages(NAMES, shown, Since(), NOW))


def test_near_names_are_said(database: Database):
    with SqlClient(database.url, PASSWORD) as client:
        shown, tables = client.shown("dbo", ["Names", "Name"]), client.tables("dbo")
    with pytest.raises(NoSuchTable) as table:
        shown.check(Question("Names", ("ID",), ("ID",)), tables)
    assert "`Name` may be what" in table.value.mend
    with pytest.raises(NoSuchColumn) as column:
        shown.check(Question("Name", ("ID", "MEMBERTYPE"), ("ID",)), tables)
    assert "`MEMBER_TYPE` may be what `MEMBERTYPE`" in column.value.mend


def test_a_statement_has_a_deadline(database: Database):
    with SqlClient(database.url, PASSWORD, timeout=0.3) as client:
        client.login()
        with pytest.raises(TooSlow, match=r"within 0\.3 seconds"):
            client._once(sa.select(sa.func.pg_sleep(5)), "sleeping")


@pytest.mark.parametrize(
    "text", ["INSERT INTO x VALUES (1)", "UPDATE x SET a = 1", "SELECT 1; DROP TABLE x", "SET x = 1"]
)
def test_nothing_but_a_question_is_sent(database: Database, text: str):
    with SqlClient(database.url, PASSWORD) as client:
        client.login()
        with pytest.raises(WouldWrite):
            client._connection.exec_driver_sql(text)


def test_the_session_itself_is_read_only(database: Database):
    """Even a function that writes, called from a SELECT by a login that may, changes nothing."""
    with SqlClient(database.url_for("owner"), PASSWORD) as client, pytest.raises(TenureError):
        client._once(sa.select(sa.func.nextval("dbo.versions")), "counting up")


def test_rights_to_write_are_found(database: Database):
    with SqlClient(database.url, PASSWORD) as reader, SqlClient(database.url_for("owner"), PASSWORD) as owner:
        assert reader.may_write("dbo", ["Name", "Trans"]) == []
        assert owner.may_write("dbo", ["Name", "Trans"]) == ["Name", "Trans"]


def test_a_lost_connection_is_made_again(database: Database):
    """A reading that was cut goes on at the page it was at: nothing lost, nothing doubled."""
    waits: list[float] = []
    with SqlClient(database.url, PASSWORD, page_rows=10, sleep=waits.append) as client:
        ids: list[str | None] = []
        for number, page in enumerate(client.pages(NAMES, client.shown("dbo", ["Name"]), Since(), NOW)):
            ids += page.columns["ID"]
            if number == 0:
                database.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'reader'")
    assert len(ids) == len(set(ids)) == 31
    assert waits == [1.0]


def test_nobody_there():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for url in (f"postgresql://reader@127.0.0.1:{port}/x", f"mssql://reader@127.0.0.1:{port}/x"):
        with SqlClient(url, "secret", timeout=2) as client, pytest.raises(Unreachable) as told:
            client.login()
        assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mssql+pymssql://a:b@host/db", "holds a password"),
        ("https://host/db", "https"),
        ("mysql://a@host/db", "mysql"),
        ("mssql://host/db", "no username"),
        ("mssql://a@host", "no database"),
        ("nothing", "not the address"),
    ],
)
def test_addresses_that_cannot_be(url: str, words: str):
    with pytest.raises(UsageError, match=words):
        SqlClient(url, "")


@pytest.mark.parametrize("driver", ["mssql+pytds", "mssql+pyodbc", "mssql+nonsense"])
def test_a_driver_that_is_not_installed(driver: str):
    with pytest.raises(UsageError, match="not installed") as told:
        SqlClient(f"{driver}://a@host/db", "")
    assert "tenure[sqlserver]" in told.value.mend
    assert told.value.exit_code == USAGE


def _by_sql_server(number: int, words: str) -> pymssql.Error:
    return pymssql.OperationalError(number, words.encode())


@pytest.mark.parametrize(
    ("number", "kind"),
    [(18456, LoginRefused), (4060, LoginRefused), (229, NotAllowed), (208, ImisRefused), (1205, Busy), (1222, Busy),
     (20003, TooSlow), (20009, Unreachable), (20047, Unreachable), (50000, Failed)],
)  # fmt: skip
def test_what_sql_server_says_is_told_apart(number: int, kind: type[TenureError]):
    error = _by_sql_server(number, "Something about 'ada@example.org'DB-Lib error message 20018, severity 14")
    told = failure(error, "host/iMIS", "reading Name", 60)
    assert isinstance(told, kind)
    assert told.mend
    assert "ada" not in str(told)


def test_a_refused_login_is_told_from_a_lost_connection():
    """SQL Server's driver says both at once."""
    error = _by_sql_server(20002, "Login failed for user 'x'. (18456) Adaptive Server connection failed")
    assert isinstance(failure(error, "host/iMIS", "signing in", 60), LoginRefused)
    assert not issubclass(LoginRefused, LockedOut)


def test_a_condition_of_the_wrong_kind_is_pointed_out(database: Database):
    wrong = Question("Activity", ("ID",), ("SEQN",), where={"SEQN": Condition(one_of=("many",))})
    with SqlClient(database.url, PASSWORD) as client, pytest.raises(UsageError, match="`SEQN`"):
        read(client, wrong)
