"""An iMIS database as a source: tables and views read page by page through a mapping; after the first time, news."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from tenure.base.errors import DamagedStore
from tenure.imis.sql import NoSuchTable, Question, Since
from tenure.intake._past import rebuild
from tenure.intake._shaping import given, select, taken, unknown_codes
from tenure.intake._source import Delivery, Errand, FeedCount
from tenure.intake._sql_mapping import SqlFeed, SqlMapping, SqlMembers, SqlPast

if TYPE_CHECKING:
    from tenure.imis.sql.client import SqlClient

_PLAN = "sql.plan"
_AT = "sql.at"


class SqlSource:
    """One database, read as its mapping says.

    Args:
        client: Talks to it.
        plan: The mapping.
    """

    name = "sql"

    def __init__(self, client: SqlClient, plan: SqlMapping) -> None:
        self._client, self._plan = client, plan

    def unchanged(self, watermarks: Mapping[str, str], at: dt.datetime) -> bool:
        """Never known without asking."""
        return False

    def resting(self, watermarks: Mapping[str, str], at: dt.datetime) -> str:
        """Never: it may be asked at any time."""
        return ""

    def deliver(self, db: duckdb.DuckDBPyConnection, errand: Errand) -> Delivery:
        """Read what is new in every feed of the mapping.

        Raises:
            SourceUnavailable, SourceRefused: As the client says.
            NoSuchTable, NoSuchColumn: The database lacks what the mapping names; nothing was read yet.
        """
        plan = hashlib.blake2b(f"{self._plan!r} {errand.zone}".encode(), digest_size=8).hexdigest()
        if errand.watermarks.get(_PLAN) != plan:
            # Another mapping, or the first time: what was read through the old one is read again.
            errand = replace(errand, watermarks={})
        reading = _Reading(self._client, self._plan, db, errand)
        reading.watermarks[_PLAN] = plan
        reading.watermarks[_AT] = errand.at.astimezone(errand.zone).date().isoformat()
        return reading.delivery()

    def close(self) -> None:
        """Nothing was kept."""


class _Reading:
    """One delivery on its way."""

    def __init__(self, client: SqlClient, plan: SqlMapping, db: duckdb.DuckDBPyConnection, errand: Errand) -> None:
        self._client, self._plan, self._db, self._errand = client, plan, db, errand
        self._now = errand.at.astimezone(errand.zone).replace(tzinfo=None)
        self.watermarks: dict[str, str] = {}
        self._notices: list[str] = []
        self._counts: list[FeedCount] = []

    def delivery(self) -> Delivery:
        """All feeds, read and shaped."""
        feeds = self._feeds()
        # What is being written while we read has a row version above this, however it is stamped.
        horizon = self._client.horizon()
        parts: dict[str, list[str]] = {}
        for place, (table, name, feed) in enumerate(feeds):
            relation = f"sql_{place}"
            self._read_feed(table, name, feed, relation, horizon)
            if isinstance(feed, SqlMembers) and feed.past is not None and "sql.members" not in self._errand.watermarks:
                self._add_past(feed, feed.past, relation)
            parts.setdefault(table, []).append(select(table, name, feed, relation, self._errand.zone))
            self._notices += unknown_codes(self._db, relation, feed)
        first = _PLAN not in self._errand.watermarks
        tables = {table: given(self._db, table, selects, "SQL", first=first) for table, selects in parts.items()}
        everybody = self._everybody()
        return Delivery(tables, self.watermarks, tuple(self._notices), tuple(self._counts), everybody)

    def _feeds(self) -> list[tuple[str, str, SqlFeed]]:
        """The feeds whose tables are there; all of it is checked before the first row is read."""
        questions = list(self._plan.questions())
        tables = {table for question in questions for table in question.tables}
        self._shown = self._client.shown(self._plan.db_schema, tables)
        lacking = [table for table in tables if not self._shown.has(table)]
        others = self._client.tables(self._plan.db_schema) if lacking else []
        feeds = []
        for table, name, feed in self._plan.feeds():
            try:
                self._shown.check(feed.question, others)
            except NoSuchTable as error:
                if not feed.may_lack or f"sql.{name}" in self._errand.watermarks:
                    raise
                self._notices.append(f"{name} is left out: {error.message}")
            else:
                feeds.append((table, name, feed))
        if self._plan.members.past is not None:
            self._shown.check(self._plan.members.past.question, others)
        return feeds

    def _read_feed(self, table: str, name: str, feed: SqlFeed, relation: str, horizon: int | None) -> None:
        """Put the new rows of a feed into *relation*, all columns text; remember how far it was read."""
        mark = f"sql.{name}"
        before = self._errand.watermarks.get(mark, "")
        since = self._since(mark, before)
        # Asked before the reading, so that a row that comes meanwhile is read and not counted, never the reverse.
        size = self._client.count(feed.question, self._shown, self._now) if table != "contacts" else None
        rows, version = self._read(name, feed.question, relation, since, size if since == Since() else None)
        newest = self._newest(feed, relation)
        versioned = bool(feed.version) and self._shown.has(feed.table, feed.version)
        if versioned and (version is not None or since.version is not None):
            highest = max(version or 0, since.version or 0)
            self.watermarks[mark] = f"version {highest if horizon is None else min(highest, horizon - 1)}"
        elif feed.by:
            self.watermarks[mark] = max(before, newest)
        else:
            self.watermarks[mark] = self.watermarks[_PLAN]
        if size is not None:
            self._count(table, name, feed, size, rows)

    def _since(self, mark: str, before: str) -> Since:
        """Where to go on; rows entered late are reached by going back a little where only a date tells news.

        Raises:
            DamagedStore: What is stored is neither a row version nor an instant of the past.
        """
        if not before or before == self.watermarks[_PLAN]:
            return Since()
        try:
            at = dt.datetime.fromisoformat(self._errand.watermarks.get(_AT, "1970-01-01"))
            if before.startswith("version "):
                return Since(version=int(before.removeprefix("version ")), at=at)
            stamp = dt.datetime.fromisoformat(before)
        except ValueError:
            stamp = self._now + dt.timedelta(days=2)
        if stamp > self._now + dt.timedelta(days=1):
            raise DamagedStore(
                f"the watermark `{mark}` in lake/manifest.json is {before[:32]!r}, which is no time in the past",
                mend=f"check the machine's clock; else remove `{_PLAN}` there, and the next sync reads all again",
            )
        # An hour more, since the hour in which the clocks go back is stamped twice.
        overlap = dt.timedelta(minutes=self._errand.settings.intake.overlap_minutes, hours=1)
        return Since(stamp=stamp - overlap, at=at)

    def _read(
        self, name: str, question: Question, relation: str, since: Since, total: int | None
    ) -> tuple[int, int | None]:
        """Put all that answers *question* into *relation*; gives how many rows, and the highest row version."""
        listed = ", ".join(f'"{column}" VARCHAR' for column in question.columns)
        # In memory: ids must not touch the disk.
        self._db.execute(f"CREATE TEMP TABLE {relation} ({listed})")
        count, version = 0, None
        words = f"reading {name.replace('.', ': ').replace('_', ' ')}"
        for page in self._client.pages(question, self._shown, since, self._now):
            frame = pl.DataFrame(page.columns, schema=dict.fromkeys(question.columns, pl.String))
            self._db.register("tenure_given", frame.to_arrow())
            self._db.execute(f"INSERT INTO {relation} SELECT * FROM tenure_given")
            self._db.unregister("tenure_given")
            count += page.height
            version = max(version or 0, page.version) if page.version is not None else version
            self._errand.progress(words, count, max(total, count) if total is not None else None)
        return count, version

    def _newest(self, feed: SqlFeed, relation: str) -> str:
        """The newest date among the rows of *relation* that does not lie ahead; empty when there is none."""
        if not feed.by:
            return ""
        query = f'SELECT max(left("{feed.by}", 19)) FROM {relation} WHERE "{feed.by}" <= ?'
        found = self._db.execute(query, [self._now.isoformat()]).fetchall()[0][0]
        return str(found or "")

    def _count(self, table: str, name: str, feed: SqlFeed, size: int, read: int) -> None:
        mark = f"sql.count.{name}"
        known = self._errand.watermarks.get(mark, "")
        kind = feed.columns.get("kind") if table == "activity" else None
        kinds = tuple(sorted({*kind.values.values(), *([kind.value] if kind.value else [])})) if kind else ()
        before = int(known) if known.isdigit() else None
        self._counts.append(FeedCount(name, feed.place, table, before, size, read, kinds))
        self.watermarks[mark] = str(size)

    def _everybody(self) -> str:
        """A table of the ids of everybody whom the database has."""
        feed = self._plan.members
        if "sql.members" not in self._errand.watermarks:
            own = "sql_0"
        else:
            needed = list(dict.fromkeys([feed.columns["member_id"].column, *feed.leave_out]))
            own = "sql_everybody_given"
            self._read("everybody", feed.asking(needed), own, Since(), None)
        ids = f'SELECT "{feed.columns["member_id"].column}" AS member_id FROM {own} WHERE {taken(feed)}'
        self._db.execute(f"CREATE TEMP TABLE sql_everybody AS {ids}")
        return "sql_everybody"

    def _add_past(self, feed: SqlFeed, past: SqlPast, relation: str) -> None:
        """Give members their versions, rebuilt from the log of changes; done when they are read for the first time."""
        heads = {name: source.column for name, source in feed.columns.items() if source.column}
        if "valid_from" not in heads or "member_id" not in heads:
            return
        self._read("members.past", past.question, "sql_past", Since(), None)
        told = {field: name for field, name in past.fields.items() if name in heads}
        members = self._frame(relation).unique(heads["member_id"], keep="last", maintain_order=True)
        # Only who has a date of last change can have versions before it.
        dated = members.filter(pl.col(heads["valid_from"]).is_not_null())
        versions = rebuild(
            dated.select(pl.col(column).alias(name) for name, column in heads.items()),
            _changes(self._frame("sql_past"), past, told),
        ).select(pl.col(name).alias(column) for name, column in heads.items())
        others = members.drop([column for column in heads.values() if column != heads["member_id"]])
        whole = versions.join(others, on=heads["member_id"], how="left").select(members.columns)
        self._db.register(
            "tenure_given", pl.concat([whole, members.join(dated, on=heads["member_id"], how="anti")]).to_arrow()
        )
        self._db.execute(f"CREATE OR REPLACE TEMP TABLE {relation} AS SELECT * FROM tenure_given")
        self._db.unregister("tenure_given")

    def _frame(self, relation: str) -> pl.DataFrame:
        return pl.DataFrame(pl.from_arrow(self._db.sql(f"FROM {relation}").to_arrow_table()))


def _changes(log: pl.DataFrame, past: SqlPast, told: Mapping[str, str]) -> pl.DataFrame:
    """`member_id`, `at`, `column` (of the contract) and `old` of the changes that a log tells in lines of text."""
    line = pl.col(past.text)
    return (
        log.select(
            member_id=past.member_id,
            at=past.at,
            column=line.str.extract(past.pattern, 1),
            old=line.str.extract(past.pattern, 2).str.strip_chars(),
        )
        .filter(pl.col("column").is_in(list(told)) & pl.col("at").is_not_null())
        .with_columns(pl.col("column").replace(told), old=pl.when(pl.col("old") != "").then("old"))
    )
