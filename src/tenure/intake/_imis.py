"""iMIS as a source: queries and entities read page by page through a mapping; after the first time, what is new."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl

from tenure.base.errors import DamagedStore
from tenure.imis import ImisClient, Row, require_columns
from tenure.imis import Progress as PageProgress
from tenure.intake import _spool
from tenure.intake._drift import Drift, Filling, of_codes, of_columns, of_objects
from tenure.intake._mapping import Feed, Past
from tenure.intake._mapping import Mapping as Plan
from tenure.intake._newest import Newest, newest_of, newest_stamp, not_before
from tenure.intake._past import rebuild, single_changes
from tenure.intake._shaping import given, select, taken, unknown_codes
from tenure.intake._source import Delivery, Errand, FeedCount
from tenure.intake._spool import FeedSpool

_AT = "imis.at"
_EVERYBODY = "imis.everybody"
_SIZES = "imis.sizes"
_WEEK = dt.timedelta(days=6, hours=12)
_TOLERANCE = 0.01
"""Smaller losses of rows than this share are taken for ordinary deletions."""


class ImisSource:
    """One iMIS, read as its mapping says.

    Args:
        client: Talks to it.
        plan: The mapping.
        rest: After a sync that went through, iMIS is left alone for so long.
    """

    name = "imis"

    def __init__(self, client: ImisClient, plan: Plan, *, rest: dt.timedelta = dt.timedelta(0)) -> None:
        self._client, self._plan, self._rest = client, plan, rest
        self._spool: Path | None = None

    def unchanged(self, watermarks: Mapping[str, str], at: dt.datetime) -> bool:
        """Never known without asking."""
        return False

    def resting(self, watermarks: Mapping[str, str], at: dt.datetime) -> str:
        """Whether the last sync by this mapping that went through is too short ago; one that was stopped may go on."""
        last, _, mapping = watermarks.get(_AT, "").partition(" ")
        since = at - dt.datetime.fromisoformat(last) if last and mapping == _digest(self._plan) else None
        if since is None or not dt.timedelta(0) <= since < self._rest:
            return ""
        minutes = since.total_seconds() / 60
        return f"iMIS was read {minutes:,.0f} minutes ago and is asked once in {self._rest.total_seconds() / 60:,.0f}"

    def deliver(self, db: duckdb.DuckDBPyConnection, errand: Errand) -> Delivery:
        """Read what is new in every feed of the mapping.

        Raises:
            SourceUnavailable, SourceRefused: As the client says; what was read is kept for the next attempt.
            ColumnsMissing: A query lacks a column that the mapping names.
        """
        self._spool = errand.spool
        plan = _digest(self._plan, errand.zone)
        if errand.watermarks.get("imis.plan") != plan:
            # Another mapping, or the first time: what was read through the old one is read again.
            errand = replace(errand, watermarks={})
        reading = _Reading(self._client, errand)
        reading.watermarks["imis.plan"] = plan
        reading.watermarks[_AT] = f"{errand.at.isoformat(timespec='seconds')} {_digest(self._plan)}"
        parts: dict[str, list[str]] = {}
        everybody = ""
        for table, name, feed in self._plan.feeds():
            rows = reading.feed(table, name, feed)
            if table == "members":
                everybody = reading.everybody(db, feed, rows)
            if table == "members" and self._plan.members.past is not None:
                rows = reading.with_past(feed, self._plan.members.past, rows)
            relation = f"imis_{len(parts)}_{sum(map(len, parts.values()))}"
            db.register("tenure_given", rows.to_arrow())
            db.execute(f"CREATE TEMP TABLE {relation} AS SELECT * FROM tenure_given")
            db.unregister("tenure_given")
            parts.setdefault(table, []).append(select(table, name, feed, relation, errand.zone))
            codes = unknown_codes(db, relation, feed)
            reading.drifts += of_codes(feed.place, feed.columns["kind"].column, codes) if codes else ()
            reading.notices += codes
        first = "imis.plan" not in errand.watermarks
        tables = {table: given(db, table, selects, "iMIS", first=first) for table, selects in parts.items()}
        notices = (*reading.notices, *(drift.words for drift in reading.drifts if drift.change != "new code"))
        return Delivery(
            tables, reading.watermarks, notices, tuple(reading.counts), everybody, drifts=tuple(reading.drifts),
            requests=self._client.requests_used,
        )  # fmt: skip

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
        self.counts: list[FeedCount] = []
        self.drifts: list[Drift] = []
        self._total = 0
        self._given: tuple[str, ...] = ()
        self._sizes_are_due = self._a_week_ago(_SIZES)
        self.watermarks[_SIZES] = self._server_time() if self._sizes_are_due else errand.watermarks[_SIZES]

    def feed(self, table: str, name: str, feed: Feed) -> pl.DataFrame:
        """The new rows of a feed, all columns text; remembers how far it was read, and how large it is."""
        mark = f"imis.{name}"
        before = self._mark(mark)
        since = self._since(before) if feed.since and before else ""
        known = Newest.noted(self._errand.watermarks.get(f"imis.newest.{name}", "")) if since else Newest()
        prompts = {feed.since: min(since, known.since or since)} if since else {}
        given, began = self._read(name, feed.place, feed.wanted, prompts, entity=feed.entity, order_by=feed.order_by)
        rows = not_before(given, feed.by, since) if since else given
        self._note_form(name, feed, rows)
        # A row that comes after the reading is counted before it is read, which is the next night.
        whole = self._total or rows.height
        size = self._size(table, name, feed, known.stand_in(given, feed.by)) if since else whole
        counted = self._count(table, name, feed, size, rows.height)
        if feed.by:
            # A row that changed behind our back while pages were turned bears a stamp from after the beginning.
            newest = max(before, newest_stamp(rows, feed.by, began))
            self.watermarks[mark] = before if counted is not None and _lost_some(counted) else newest
        if feed.since and table != "contacts":
            self._note_newest(name, feed, given)
        return rows

    def _note_newest(self, name: str, feed: Feed, given: pl.DataFrame) -> None:
        """Note the newest rows: a fifth of a page, so that what a night brings fits into the same request."""
        mark = self.watermarks.get(f"imis.{name}")
        if mark:
            few = max(1, self._client.page_size // 5)
            self.watermarks[f"imis.newest.{name}"] = str(newest_of(given, feed.by, few, self._since(mark)))

    def _note_form(self, name: str, feed: Feed, rows: pl.DataFrame) -> None:
        """Note which columns a feed gives, and which of them always have values.

        Raises:
            HeldBack: One that always had values has none any more.
        """
        mark, before = f"imis.columns.{name}", self._errand.watermarks
        given = json.dumps(sorted(self._given)) if self._given else before.get(mark, "")
        if before.get(mark) and self._given:
            self.drifts += of_columns(feed.place, json.loads(before[mark]), self._given, feed.wanted)
        self.watermarks[mark] = given
        own = {column: source.column for column, source in feed.columns.items() if source.column}
        filling = Filling(before.get(f"imis.filled.{name}", ""), own)
        filling.check(feed.place, rows)
        self.watermarks[f"imis.filled.{name}"] = filling.text

    def _size(self, table: str, name: str, feed: Feed, stands: bool) -> int | None:
        """How many rows the feed has in all: one request, or as many as it had while its newest rows *stand*.

        Asked all the same once a week, and each night for members, whose number tells that some are gone.
        """
        if table == "contacts":
            return None
        known = self._errand.watermarks.get(f"imis.count.{name}", "")
        if stands and known.isdigit() and table != "members" and not self._sizes_are_due:
            return int(known)
        return self._client.count(feed.entity) if feed.entity else self._client.count_query(feed.query)

    def _count(self, table: str, name: str, feed: Feed, size: int | None, read: int) -> FeedCount | None:
        """Note how large the feed is, and what is odd about it."""
        if size is None:
            return None
        mark = f"imis.count.{name}"
        known = self._errand.watermarks.get(mark, "")
        kind = feed.columns.get("kind") if table == "activity" else None
        kinds = tuple(sorted({*kind.values.values(), *([kind.value] if kind.value else [])})) if kind else ()
        counted = FeedCount(name, feed.place, table, int(known) if known.isdigit() else None, size, read, kinds)
        self.counts.append(counted)
        self.watermarks[mark] = str(size)
        if counted.before is not None and size - counted.before > read:
            self.notices.append(
                f"{feed.place}: iMIS has {size - counted.before:,} rows more than before and gave {read:,} new ones; "
                "the others bear earlier stamps. Remove `imis.plan` in lake/manifest.json to read all again"
            )
        if _lost_some(counted):
            self.notices.append(
                f"{feed.place}: iMIS has {size:,} rows where it had {counted.before:,}; the next sync asks from the "
                "same moment as this one, so that nothing is passed over"
            )
        return counted

    def everybody(self, db: duckdb.DuckDBPyConnection, feed: Feed, rows: pl.DataFrame) -> str:
        """A table of the ids of everybody whom iMIS has: once a week, and when there are fewer; empty otherwise."""
        own = feed.columns["member_id"].column
        partial = bool(self._errand.watermarks.get("imis.members") and feed.since)
        if partial and not self._everybody_is_due():
            self.watermarks[_EVERYBODY] = self._errand.watermarks.get(_EVERYBODY, "")
            return ""
        if partial:
            needed = list(dict.fromkeys([own, *feed.leave_out]))
            # Everybody was changed since 1970: the list is asked for by its filter, as the vendor's rules want it.
            since = {feed.since: "1970-01-01T00:00:00"}
            rows, _ = self._read(
                "members.everybody", feed.place, needed, since, entity=feed.entity, order_by=feed.order_by
            )
        count = next((one.now for one in self.counts if one.table == "members"), 0)
        here = rows[own].n_unique()
        if here < (1 - _TOLERANCE) * count:
            self.notices.append(f"{feed.place}: gave {here:,} of {count:,} members, too few to tell who has gone")
            return ""
        self.watermarks[_EVERYBODY] = self._server_time()
        db.register("tenure_given", rows.to_arrow())
        ids = f'SELECT "{own}" AS member_id FROM tenure_given WHERE {taken(feed)}'
        db.execute(f"CREATE TEMP TABLE imis_everybody AS {ids}")
        db.unregister("tenure_given")
        return "imis_everybody"

    def _everybody_is_due(self) -> bool:
        """Whether a week has passed, or members have become fewer."""
        counted = next((one for one in self.counts if one.table == "members"), None)
        fewer = counted is not None and counted.before is not None and counted.now < counted.before
        return fewer or self._a_week_ago(_EVERYBODY)

    def _a_week_ago(self, mark: str) -> bool:
        """Whether a week has passed since what *mark* tells, or it never was."""
        asked = self._errand.watermarks.get(mark, "")
        return not asked or dt.datetime.fromisoformat(asked) < self._server_now() - _WEEK

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
        log, _ = self._read("members.past", past.place, wanted, {}, entity=past.entity, order_by=past.at)
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
        # Entries of the change log become several rows each, so that rows do not tell where its pages begin.
        kept = name != "contacts" and not (name == "members.past" and entity)
        spool = FeedSpool(folder, wanted, question, self._server_time(), kept=kept)
        start = self._resume(spool, place, prompts, entity, order_by)
        position, total = start, 0
        self._given = ()
        for offset, page, told in self._pages(place, prompts, entity, order_by, start):
            rows = single_changes(page) if name == "members.past" else page
            if not rows:
                continue
            require_columns(place, rows[0].keys(), wanted)
            self._given = self._given or tuple(rows[0])
            spool.add(offset, spool.frame_of(rows))
            position, total = position + len(page), told or 0
            words = f"reading {name.replace('.', ': ').replace('_', ' ')}, request {self._client.requests_used:,}"
            self._errand.progress(words, position, total or None)
        frame = spool.frame()
        self.drifts += of_objects(place, spool.nested)
        self._total = total
        if total > max(position, frame.height):
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
        filters = {name: ("ge", since) for name, since in prompts.items()}
        pages = (
            self._client.entities(entity, filters, order_by or (), start=start, on_page=seen.append)
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


def _digest(*told: object) -> str:
    return hashlib.blake2b(" ".join(map(repr, told)).encode(), digest_size=8).hexdigest()


def _lost_some(counted: FeedCount) -> bool:
    return counted.before is not None and counted.now < (1 - _TOLERANCE) * counted.before
