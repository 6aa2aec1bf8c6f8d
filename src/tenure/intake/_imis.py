"""iMIS as a source: queries and entities read page by page through a mapping; after the first time, what is new."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl

from tenure.base.errors import DamagedStore
from tenure.imis import ImisClient, Row, require_columns
from tenure.imis import Progress as PageProgress
from tenure.intake import _spool
from tenure.intake._mapping import Feed, From, Past
from tenure.intake._mapping import Mapping as Plan
from tenure.intake._past import rebuild
from tenure.intake._source import Delivery, Errand, Given
from tenure.intake._spool import FeedSpool
from tenure.membership.contract import TABLES


class ImisSource:
    """One iMIS, read as its mapping says.

    Args:
        client: Talks to it.
        plan: The mapping.
    """

    name = "imis"

    def __init__(self, client: ImisClient, plan: Plan) -> None:
        self._client, self._plan = client, plan
        self._spool: Path | None = None

    def unchanged(self, watermarks: Mapping[str, str], at: dt.datetime) -> bool:
        """Never known without asking."""
        return False

    def deliver(self, db: duckdb.DuckDBPyConnection, errand: Errand) -> Delivery:
        """Read what is new in every feed of the mapping.

        Raises:
            SourceUnavailable, SourceRefused: As the client says; what was read is kept for the next attempt.
            ColumnsMissing: A query lacks a column that the mapping names.
        """
        self._spool = errand.spool
        plan = hashlib.blake2b(f"{self._plan!r} {errand.zone}".encode(), digest_size=8).hexdigest()
        if errand.watermarks.get("imis.plan") != plan:
            # Another mapping, or the first time: what was read through the old one is read again.
            errand = replace(errand, watermarks={})
        reading = _Reading(self._client, errand)
        reading.watermarks["imis.plan"] = plan
        parts: dict[str, list[str]] = {}
        for table, name, feed in self._plan.feeds():
            rows = reading.feed(name, feed)
            if table == "members" and self._plan.members.past is not None:
                rows = reading.with_past(feed, self._plan.members.past, rows)
            relation = f"imis_{len(parts)}_{sum(map(len, parts.values()))}"
            db.register("tenure_given", rows.to_arrow())
            db.execute(f"CREATE TEMP TABLE {relation} AS SELECT * FROM tenure_given")
            db.unregister("tenure_given")
            parts.setdefault(table, []).append(_select(table, name, feed, relation, errand))
            reading.report_codes(db, relation, feed)
        tables = {table: _given(db, table, selects, errand) for table, selects in parts.items()}
        return Delivery(tables, reading.watermarks, tuple(reading.notices))

    def close(self) -> None:
        """Everything was stored: forget the pages."""
        if self._spool is not None:
            _spool.clear(self._spool)


class _Reading:
    """One delivery on its way."""

    def __init__(self, client: ImisClient, errand: Errand) -> None:
        self._client, self._errand = client, errand
        self.watermarks: dict[str, str] = {}
        self.notices: list[str] = []

    def feed(self, name: str, feed: Feed) -> pl.DataFrame:
        """The new rows of a feed, all columns text; remembers how far it was read."""
        mark = f"imis.{name}"
        before = self._mark(mark)
        prompts = {feed.since: self._since(before)} if feed.since and before else {}
        rows, began = self._read(name, feed.place, feed.wanted, prompts, entity=feed.entity, order_by=feed.order_by)
        if feed.by:
            # A row that changed behind our back while pages were turned bears a stamp from after the beginning.
            self.watermarks[mark] = max(before, _newest(rows, feed.by, began))
        return rows

    def _mark(self, mark: str) -> str:
        """How far a feed was read; empty for not at all.

        Raises:
            DamagedStore: What is stored is no instant, or lies ahead of the clock, so that rows would be passed over.
        """
        before = self._errand.watermarks.get(mark, "")
        try:
            ahead = before and dt.datetime.fromisoformat(before) > self._server_now() + dt.timedelta(days=1)
        except ValueError:
            ahead = True
        if ahead:
            raise DamagedStore(
                f"the watermark `{mark}` in lake/manifest.json is {before[:32]!r}, which is no time in the past",
                mend="check the machine's clock; else remove `imis.plan` there, and the next sync reads all again",
            )
        return before

    def with_past(self, feed: Feed, past: Past, rows: pl.DataFrame) -> pl.DataFrame:
        """Members with versions rebuilt from the log of changes, when they are read for the first time."""
        dated = "valid_from" in feed.columns and feed.columns["valid_from"].column == feed.by
        if "imis.members" in self._errand.watermarks or rows.is_empty() or not dated:
            return rows
        wanted = [past.member_id, past.at, past.field, past.old]
        log, _ = self._read("members.past", past.query, wanted, {})
        told = {field: name for field, name in past.fields.items() if name in feed.columns}
        changes = (
            log.select(member_id=past.member_id, at=past.at, column=past.field, old=past.old)
            .filter(pl.col("column").is_in(list(told)) & pl.col("at").is_not_null())
            .with_columns(pl.col("column").replace(told))
        )
        named = {name: source.column for name, source in feed.columns.items() if source.column}
        latest = rows.sort(feed.by, maintain_order=True).unique(named["member_id"], keep="last")
        rebuilt = rebuild(latest.select(pl.col(column).alias(name) for name, column in named.items()), changes)
        return rebuilt.select(pl.col(name).alias(column) for name, column in named.items())

    def report_codes(self, db: duckdb.DuckDBPyConnection, relation: str, feed: Feed) -> None:
        """Say which codes the mapping doesn't know."""
        kind = feed.columns.get("kind")
        if kind is None or not kind.values:
            return
        known = [*kind.values, *feed.ignore]
        found = db.execute(
            f'SELECT "{kind.column}", count(*) FROM {relation} WHERE NOT list_contains(?, "{kind.column}") '
            "GROUP BY ALL ORDER BY 2 DESC, 1",
            [known],
        ).fetchall()
        if found:
            listed = ", ".join(f"{code} ({count:,})" for code, count in found[:8])
            rows = sum(count for _, count in found)
            self.notices.append(f"{feed.place}: {rows:,} rows have codes that the mapping does not name: {listed}")

    def _read(
        self,
        name: str,
        place: str,
        wanted: list[str],
        prompts: dict[str, str],
        *,
        entity: str = "",
        order_by: str = "",
    ) -> tuple[pl.DataFrame, str]:
        """All rows that answer a question, and when reading them began, in the server's own time."""
        question = f"{place} {sorted(prompts.items())}"
        folder = self._errand.spool / name
        spool = FeedSpool(folder, wanted, question, self._server_time(), kept=name != "contacts")
        start = self._resume(spool, place, prompts, entity, order_by)
        position, total = start, 0
        for offset, rows, told in self._pages(place, prompts, entity, order_by, start):
            require_columns(place, rows[0].keys(), wanted)
            spool.add(offset, spool.frame_of(rows))
            position, total = position + len(rows), told or 0
            self._errand.progress(f"reading {name.replace('.', ': ').replace('_', ' ')}", position, total or None)
        frame = spool.frame()
        if total > frame.height:
            self.notices.append(f"{place}: iMIS speaks of {total:,} rows and gave {frame.height:,}")
        return frame, spool.began

    def _resume(self, spool: FeedSpool, place: str, prompts: dict[str, str], entity: str, order_by: str) -> int:
        """Where to go on: after what an earlier attempt read, if the list still stands where it stood."""
        earlier = spool.resumption()
        if earlier is None:
            return 0
        for _, rows, _ in self._pages(place, prompts, entity, order_by, earlier.offset):
            again = spool.frame_of(rows)
            if again.head(earlier.last.height).equals(earlier.last):
                return earlier.offset + earlier.last.height
            break
        spool.forget()
        return 0

    def _pages(
        self, place: str, prompts: dict[str, str], entity: str, order_by: str, start: int
    ) -> Iterator[tuple[int, list[Row], int | None]]:
        """Pages with the row that each begins at and the total that iMIS speaks of."""
        seen: list[PageProgress] = []
        pages = (
            self._client.entities(entity, None, order_by or (), start=start, on_page=seen.append)
            if entity
            else self._client.query(place, prompts, start=start, on_page=seen.append)
        )
        begins = start
        for rows in pages:
            yield begins, rows, seen[-1].total
            begins = seen[-1].offset

    def _since(self, before: str) -> str:
        """The instant to ask from: a little before the newest row known, for rows that were entered late."""
        stamp, day = dt.datetime.fromisoformat(before), dt.timedelta(days=1)
        overlap = dt.timedelta(minutes=self._errand.settings.intake.overlap_minutes)
        offsets = [(stamp + shift).replace(tzinfo=self._errand.zone).utcoffset() for shift in (-day, day)]
        if offsets[0] != offsets[1]:
            # When the clocks go back, an hour is stamped twice, and its second half looks older than its first.
            overlap += dt.timedelta(hours=1)
        return (stamp - overlap).isoformat(timespec="seconds")

    def _server_time(self) -> str:
        """The instant of the sync in the server's own time."""
        return self._server_now().isoformat(timespec="seconds")

    def _server_now(self) -> dt.datetime:
        return self._errand.at.astimezone(self._errand.zone).replace(tzinfo=None)


def _newest(rows: pl.DataFrame, by: str, limit: str) -> str:
    """The newest stamp among *rows* that is no newer than *limit*; empty when there is none."""
    stamps = rows.select(pl.col(by).str.slice(0, 19).alias("at")).filter(
        pl.col("at").str.contains(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$") & (pl.col("at") <= limit)
    )
    return str(stamps["at"].max() or "")


def _given(db: duckdb.DuckDBPyConnection, table: str, selects: list[str], errand: Errand) -> Given:
    union = " UNION ALL BY NAME ".join(selects)
    db.execute(f'CREATE TEMP TABLE given_{table} AS SELECT *, row_number() OVER () AS "row" FROM ({union})')
    described = db.execute(f"DESCRIBE given_{table}").fetchall()
    columns = {row[0]: row[1] for row in described if row[0] != "row"}
    # Versions of members are only ever added to: what Tenure saw on its nights, iMIS no longer knows.
    whole = table != "members" and ("imis.plan" not in errand.watermarks or table == "program_changes")
    return Given(table, f"given_{table}", columns, f"iMIS {table.replace('_', ' ')}", whole=whole, paged=True)


def _select(table: str, name: str, feed: Feed, relation: str, errand: Errand) -> str:
    columns = [f'{_column(table, column, source, errand)} AS "{column}"' for column, source in feed.columns.items()]
    if table == "activity":
        # Keys are counted per query in iMIS, so that they need the query's name to tell rows apart.
        key = feed.columns["activity_id"].column
        columns += [f"{_rule(feed, columns)} AS recorded_at"] if feed.recorded_after else []
        columns[list(feed.columns).index("activity_id")] = f'{_literal(name + ":")} || "{key}" AS activity_id'
    return f"SELECT {', '.join(columns)} FROM {relation} WHERE {_wanted(feed)}"


def _rule(feed: Feed, columns: list[str]) -> str:
    """SQL for the instant at which a thing becomes known, by the mapping's rule for its kind."""
    kind, occurred = (
        columns[list(feed.columns).index(name)].removesuffix(f' AS "{name}"') for name in ("kind", "occurred_at")
    )
    days = {name: after for name, after in feed.recorded_after.items() if name != "default"}
    cases = " ".join(f"WHEN {_literal(name)} THEN {after}" for name, after in days.items())
    wait = feed.recorded_after.get("default", 0.0)
    after = f"CASE ({kind}) {cases} ELSE {wait} END" if cases else str(wait)
    return f"(TRY_CAST(({occurred}) AS TIMESTAMP) + to_seconds(({after}) * 86400))::VARCHAR"


def _wanted(feed: Feed) -> str:
    conditions = [f'"{column}" IS DISTINCT FROM {_literal(value)}' for column, value in feed.leave_out.items()]
    kind = feed.columns.get("kind")
    if kind is not None and kind.values:
        conditions.append(f'"{kind.column}" IN ({", ".join(map(_literal, kind.values))})')
    return " AND ".join(conditions) or "true"


def _column(table: str, name: str, source: From, errand: Errand) -> str:
    if not source.column:
        return _literal(source.value)
    column = f'"{source.column}"'
    if source.values:
        cases = " ".join(f"WHEN {_literal(code)} THEN {_literal(word)}" for code, word in source.values.items())
        return f"CASE {column} {cases} END"
    if source.take == "year":
        return f"left({column}, 4)"
    if TABLES[table].column(name).type == "timestamp":
        return _in_utc(column, str(errand.zone))
    return column


def _in_utc(column: str, zone: str) -> str:
    """SQL that turns a text in the server's own time into one in UTC; what is no time stays as it is."""
    if zone == "UTC":
        return column
    local = f"TRY_CAST({column} AS TIMESTAMP)"
    moved = f"make_timestamp(epoch_us({local} AT TIME ZONE {_literal(zone)}))"
    return f"CASE WHEN {local} IS NULL OR {column} LIKE '1970-01-01%' THEN {column} ELSE {moved}::VARCHAR END"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
