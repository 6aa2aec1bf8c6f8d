"""Looking at the database of an iMIS, and the mapping that follows from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from tenure.base.errors import SourceRefused
from tenure.imis.errors import ColumnsMissing
from tenure.imis.sql import NoSuchTable
from tenure.intake._sql_mapping import SqlFeed, SqlMapping
from tenure.intake.wizard._names import are_codes
from tenure.intake.wizard._proposal import ABSENT, AS_USUAL, DIFFERS, FeedFound, Proposal, toml_key

if TYPE_CHECKING:
    from tenure.imis.sql._statements import Shown
    from tenure.imis.sql.client import SqlClient

_CODES = (("Activity", "ACTIVITY_TYPE"), ("Name", "MEMBER_TYPE"))


def survey_database(
    client: SqlClient, plan: SqlMapping, *, now: dt.datetime, told: Callable[[str], None] = lambda _: None
) -> Proposal:
    """Look at a database: tables, columns, numbers of rows and codes, by SELECT alone.

    Args:
        client: Talks to it.
        plan: The mapping that ships.
        now: The present instant in the server's own time.
        told: Told in words what is looked at.

    Raises:
        SourceUnavailable: It did not answer.
    """
    client.login()
    tables = {table for question in plan.questions() for table in question.tables}
    shown = client.shown(plan.db_schema, tables)
    others = client.tables(plan.db_schema) if any(not shown.has(table) for table in tables) else []
    feeds = []
    for table, name, feed in plan.feeds():
        told(name)
        feeds.append(_feed(client, shown, others, table, name, feed, now))
    notes, extra = _types(client, shown, plan)
    return Proposal(f"the database {client.place}", "sql", tuple(feeds), notes, client.statements, extra)


def _feed(
    client: SqlClient, shown: Shown, others: list[str], table: str, name: str, feed: SqlFeed, now: dt.datetime
) -> FeedFound:
    needed = table in ("members", "terms")
    try:
        shown.check(feed.question, others)
        rows = client.count(feed.question, shown, now)
    except NoSuchTable as error:
        without = () if needed or feed.may_lack else (name,)
        return FeedFound(name, ABSENT, error.message, without=without, hints=(error.mend,))
    except ColumnsMissing as error:
        return _less(client, shown, name, feed, error, now, needed=needed)
    except SourceRefused as error:
        return FeedFound(name, ABSENT, error.message, without=() if needed else (name,), hints=(error.mend,))
    return FeedFound(name, AS_USUAL, f"{feed.table}: {rows:,} rows")


def _less(
    client: SqlClient, shown: Shown, name: str, feed: SqlFeed, error: ColumnsMissing, now: dt.datetime, *, needed: bool
) -> FeedFound:
    """A feed whose table lacks columns: without those that can be spared, or without the feed."""
    missing = {column.lower() for column in error.columns}
    gone = [
        own for own, source in feed.columns.items()
        if {column.rpartition(".")[2].lower() for column in source.named} & missing
    ]  # fmt: skip
    rest = feed.model_copy(update={"columns": {own: one for own, one in feed.columns.items() if own not in gone}})
    try:
        shown.check(rest.question)
        rows = client.count(rest.question, shown, now)
    except SourceRefused:
        return FeedFound(name, ABSENT, error.message, without=() if needed else (name,), hints=(error.mend,))
    words = f"{feed.table}: {rows:,} rows, without {', '.join(gone)}"
    return FeedFound(name, DIFFERS, words, without=tuple(f"{name}.columns.{own}" for own in gone), hints=(error.mend,))


def _types(client: SqlClient, shown: Shown, plan: SqlMapping) -> tuple[tuple[str, ...], tuple[str, ...]]:
    notes: list[str] = []
    lines: list[str] = []
    for table, column in _CODES:
        if not shown.has(table, column):
            continue
        counts = client.codes(shown, table, column)
        if not are_codes(set(counts)):
            continue
        if table == "Name":
            notes.append("member types: " + _listed(counts))
            continue
        known = set(_known(plan, table, column))
        strange = {code: rows for code, rows in counts.items() if code not in known}
        if strange:
            notes.append(f"activity types without a kind yet: {_listed(strange)}; give them one in the file")
            lines += ["# Types of activity that have no kind yet. Take the `# ` away where one is given;"]
            lines += ["# the words are those of docs/files.md.", "# [activity.activities.columns.kind.values]"]
            lines += [f'# {toml_key(code)} = "…"     # {rows:,} rows' for code, rows in strange.items()]
    return tuple(notes), tuple(lines)


def _known(plan: SqlMapping, table: str, column: str) -> Iterator[str]:
    """The codes of a column that some feed is about, or leaves out on purpose."""
    for _, _, feed in plan.feeds():
        if feed.table != table:
            continue
        wanted = feed.where.get(column)
        yield from (*wanted.one_of, *wanted.none_of) if wanted else ()
        kind = feed.columns.get("kind")
        if kind is not None and kind.column == column:
            yield from (*kind.values, *feed.ignore)


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{code} {rows:,}" for code, rows in counts.items())
