"""The database of an iMIS: whether it answers, with what rights, and whether its tables have what is needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tenure.app.checks.finding import AGAIN, FAULT, NOTE, OK, Finding
from tenure.app.house import House
from tenure.app.password import SQL_VARIABLE, is_known
from tenure.app.source import open_database
from tenure.base.errors import TenureError

if TYPE_CHECKING:
    from tenure.imis.sql.client import SqlClient
    from tenure.intake import SqlMapping


def look(house: House) -> Iterator[Finding]:
    """Password, login, mapping, tables, columns, and that what is forbidden is forbidden."""
    from tenure.intake import read_sql_mapping

    if not is_known(house.home, "sql"):
        yield Finding("password", FAULT, "it is not set", f"set the environment variable {SQL_VARIABLE}")
        return
    yield Finding("password", OK, "is known")
    plan = read_sql_mapping(house.settings.source.mapping, house.home)
    yield Finding("mapping", OK, f"`{plan.name}` can be read")
    with open_database(house) as client:
        client.login()
        yield Finding("login", OK, f"{client.place} lets Tenure in")
        yield from _tables(house, client, plan)
        yield from _rights(client, plan)
        yield Finding("statements", OK, f"{client.statements} were needed to look at all this, each a SELECT")


def _tables(house: House, client: SqlClient, plan: SqlMapping) -> Iterator[Finding]:
    """Every feed of the mapping: its tables, its columns, and how many rows answer."""
    names = {table for question in plan.questions() for table in question.tables}
    shown = client.shown(plan.db_schema, names)
    others = client.tables(plan.db_schema) if any(not shown.has(name) for name in names) else []
    for table, name, feed in plan.feeds():
        try:
            shown.check(feed.question, others)
            rows = client.count(feed.question, shown, house.clock().replace(tzinfo=None))
        except TenureError as error:
            yield Finding(name, NOTE if feed.may_lack else FAULT, error.message, error.mend or AGAIN)
            continue
        news = "read anew each time"
        if feed.version and shown.has(feed.table, feed.version):
            news = f"new by {feed.version}"
        elif feed.by:
            news = f"new by {feed.by}"
        state = OK if rows or table not in ("members", "terms") else NOTE
        mend = "" if state == OK else "see whether the conditions of that feed in the mapping leave anything"
        yield Finding(name, state, f"{feed.table}: {rows:,} rows for {table}, {news}", mend)


def _rights(client: SqlClient, plan: SqlMapping) -> Iterator[Finding]:
    names = sorted({table for question in plan.questions() for table in question.tables})
    shown = client.shown(plan.db_schema, names)
    allowed = client.may_write(plan.db_schema, [name for name in names if shown.has(name)])
    if allowed:
        words = f"the login may change {', '.join(allowed[:6])}{' …' if len(allowed) > 6 else ''}; it need not"
        yield Finding("rights", NOTE, words, "use a login that may only SELECT; docs/sql.md has the statements")
    else:
        yield Finding("rights", OK, "the login can change nothing that Tenure reads")
