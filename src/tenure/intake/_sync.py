"""One sync: a source's tables judged, gated, and made the lake in one batch."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping

import polars as pl

from tenure.base.clock import Clock
from tenure.base.home import Home
from tenure.base.pseudonym import Pseudonyms
from tenure.base.settings import Settings
from tenure.base.tombstones import Tombstones
from tenure.intake import _departures, _quarantine, _store
from tenure.intake._drift import of_faults
from tenure.intake._gates import gate
from tenure.intake._judge import Verdict, judge
from tenure.intake._notices import notices
from tenure.intake._report import SyncReport, TableReport
from tenure.intake._rules import FUTURE
from tenure.intake._source import Delivery, Errand, FeedCount, Progress, Source, silent
from tenure.intake._staging import Stage
from tenure.lake import Batch, Change, Lake

HandUp = Callable[[tuple[tuple[int, str], ...], pl.DataFrame | None, bool, tuple[int, ...]], None]
"""Called as `hand_up(identities, contacts, contacts_whole, departed)` just before the lake changes."""


def sync(
    home: Home,
    settings: Settings,
    lake: Lake,
    *,
    clock: Clock,
    source: Source,
    progress: Progress = silent,
    hand_up: HandUp | None = None,
) -> SyncReport:
    """Bring what *source* has into the *lake*.

    Everything is checked first; bad rows are set aside and counted. Then the lake changes in one step, or not at all:
    whatever is raised here leaves it as it was.

    Args:
        home: Where the pseudonym key lies.
        settings: Its limits for bad input.
        lake: What the rows go into.
        clock: Gives the instant of the sync; rows recorded later are set aside.
        source: Where the rows come from.
        progress: Told of each step.
        hand_up: Given what the lake must not hold, before the lake changes, so that the ledger never knows less.

    Raises:
        UsageError: The settings name a source that is not there.
        BadInput: A file, table or column cannot be used.
        HeldBack: Too many rows are bad, a table or feed is of an unlikely size, or another sync is writing.
        SourceUnavailable, SourceRefused: The source did not answer, or said no.
    """
    at = clock()
    progress("looking at what changed")
    if source.unchanged(lake.watermarks, at):
        return SyncReport(source.name, lake.version, unchanged=True)
    resting = source.resting(lake.watermarks, at)
    if resting:
        return SyncReport(source.name, lake.version, unchanged=True, notices=(resting,))
    before = lake.version
    with lake.batch(source=source.name, at=at) as batch:
        errand = Errand(at, lake.watermarks, settings, home.root / "spool", progress)
        stage = _stage(batch, source.deliver(batch.connection, errand), home, at)
        verdicts = judge(stage, lake, progress)
        kept = lake.write_quarantine(at, _quarantine.for_the_record([verdict.bad for verdict in verdicts.values()]))
        gate(stage.delivery, verdicts, lake, settings.intake, people=len(stage.members_given()))
        departures = _departures.find(stage, lake, settings.intake.volume_gate)
        said = (*notices(stage, verdicts), *departures.notices())
        changes = _store.store(batch, stage, lake, at, progress)
        _departures.store(batch, departures, at)
        known, contacts = _store.identities(stage), _store.contacts(stage)
        whole = "contacts" not in stage.delivery.tables or stage.delivery.tables["contacts"].whole
        if hand_up is not None:
            hand_up(known, contacts, whole, departures.gone)
        _set_watermarks(batch, stage, source.name)
        if departures.back:
            # Their contacts went when they did, and may not have changed since: the next sync reads all.
            batch.set_watermark(f"{source.name}.contacts", "")
        version = batch.commit()
    source.close()
    return SyncReport(
        source=source.name,
        version=version,
        unchanged=version == before,
        tables={name: _table_report(verdict, changes.get(name)) for name, verdict in verdicts.items()},
        notices=said,
        warnings=tuple(_warnings(verdicts)),
        quarantine=kept,
        identities=known,
        contacts=contacts,
        contacts_whole=whole,
        feeds=_feeds(stage.delivery.feeds, lake),
        departed=departures.gone,
        returned=departures.back,
        drifts=tuple(told_drifts(stage.delivery, verdicts)),
        requests=stage.delivery.requests,
    )


def _stage(batch: Batch, delivery: Delivery, home: Home, at: dt.datetime) -> Stage:
    return Stage(batch.connection, delivery, Pseudonyms.of(home), at, Tombstones(home))


def told_drifts(delivery: Delivery, verdicts: Mapping[str, Verdict]) -> Iterator[dict[str, str]]:
    """How the form of what came has changed, and what followed from it."""
    drifts = [*delivery.drifts, *(one for v in verdicts.values() for one in of_faults(v.label, v.faults))]
    for one in drifts:
        yield {"place": one.place, "column": one.column, "change": one.change, "response": one.response}


def _feeds(feeds: tuple[FeedCount, ...], lake: Lake) -> dict[str, dict[str, int]]:
    """Per feed what the source has and what the lake has; the difference is what the mapping leaves out."""
    if not feeds:
        return {}
    with lake.connect() as db:
        kinds = dict(db.execute("SELECT kind, count(*) FROM activity GROUP BY kind").fetchall())
        members = db.execute("SELECT count(DISTINCT member) FROM members").fetchall()[0][0]
    has = {"members": members, "terms": lake.rows("terms")}
    told = {}
    for feed in feeds:
        told[feed.name] = {"source": feed.now, "read": feed.read}
        if feed.table in has or feed.kinds:
            told[feed.name]["lake"] = has.get(feed.table, sum(kinds.get(kind, 0) for kind in feed.kinds))
    return told


def _set_watermarks(batch: Batch, stage: Stage, source: str) -> None:
    for feed, value in stage.delivery.watermarks.items():
        batch.set_watermark(feed, value)
    # Rows from the future come of age: the day after, a source that did not change has news all the same.
    soonest = [
        stage.db.execute(
            f"SELECT min({column}) FROM staged_{name} WHERE reason = ?", [FUTURE.format(column)]
        ).fetchall()[0][0]
        for name, column in (("members", "valid_from"), ("terms", "recorded_at"), ("activity", "recorded_at"))
        if name in stage.delivery.tables
    ]
    known = [moment.replace(tzinfo=dt.UTC).isoformat() for moment in soonest if moment is not None]
    batch.set_watermark(f"{source}.future", min(known, default=""))


def _warnings(verdicts: Mapping[str, Verdict]) -> list[str]:
    return [_quarantine.warning(v.label, v.read, v.faults) for v in verdicts.values() if v.faults]


def _table_report(verdict: Verdict, change: Change | None) -> TableReport:
    done = change or Change(0)
    return TableReport(
        verdict.read, verdict.kept, verdict.repeated, done.new, done.changed, done.removed, verdict.faults
    )
