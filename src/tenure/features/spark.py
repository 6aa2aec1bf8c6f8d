"""The same kernel on Spark, for an association, or hundreds of them, that outgrows one machine.

Spark filters, brings all of a payer's events and rows together on one worker, and sorts them there; the kernel counts.
What comes back is one line per row, from which features are made as on one machine. Needs Spark 4.0 and Tenure's
`spark` extra on driver and workers, which must all be able to read the lake's files.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from tenure.features.activity import VOCABULARY, Activity, Asked, Counted, Events
from tenure.features.engine import Fill, Rows, counted
from tenure.features.events import belongings_in, chapter_programs, numbered, roles_of, since_of
from tenure.features.kernel import WINDOWS, Found
from tenure.features.rhythm import COLUMNS, Rhythm
from tenure.lake import Lake
from tenure.membership.contract import KINDS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_AT_ONCE = 200_000
"""Lines that a worker gives the kernel at a time, if no payer has more."""

_GIVEN_ON = 40_000
"""Rows of which features are made at a time."""

_FEED = (
    "payer BIGINT, event TINYINT, day INT, known INT, kind TINYINT, value FLOAT, person INT, chapter TINYINT, "
    "at BIGINT, began INT, began_before INT, organization TINYINT"
)
"""A payer's rows (event = 0), events (1) and the stretches in which people belonged to it (2), one line each; of a
stretch `day` is that after which and `known` the last at whose start `person` belonged."""

_EVENT = f"""
    CAST(1 AS TINYINT) AS event, unix_date(CAST(a.occurred_at AS DATE)) AS day,
    unix_date(CAST(greatest(a.occurred_at, a.recorded_at) AS DATE)) AS known,
    CAST(coalesce(nullif(array_position(array({", ".join(repr(kind) for kind in KINDS)}), a.kind), 0) - 1,
        {len(KINDS)}) AS TINYINT) AS kind,
    CAST(coalesce(a.value, double('nan')) AS FLOAT) AS value"""

_REST = """
    CAST(a.chapter_id IS NOT NULL OR a.program IS NOT NULL AS TINYINT) AS chapter,
    CAST(0 AS BIGINT) AS at, 0 AS began, 0 AS began_before,
    CAST(0 AS TINYINT) AS organization"""

_EVENTS = f"""
WITH a AS (
    SELECT acts.*, p.ref AS program FROM {{activity}} acts LEFT JOIN {{programs}} p ON p.ref = acts.ref
    WHERE occurred_at >= {{first}} AND occurred_at < {{last}} AND recorded_at < {{last}}
)
SELECT a.member AS payer, {_EVENT}, 0 AS person, {_REST} FROM a LEFT SEMI JOIN {{rows}} r ON r.payer = a.member
UNION ALL
SELECT r.payer, {_EVENT}, r.person_number AS person, {_REST} FROM a JOIN {{roles}} r ON r.person = a.member
    AND timestampdiff(MICROSECOND, TIMESTAMP_NTZ '1970-01-01', greatest(a.occurred_at, a.recorded_at)) >= r.since
    AND timestampdiff(MICROSECOND, TIMESTAMP_NTZ '1970-01-01', greatest(a.occurred_at, a.recorded_at)) < r.until"""


class OnSpark:
    """Counts on Spark's workers; see `tenure.features.engine.Engine`.

    Args:
        session: A `pyspark.sql.SparkSession`.
        lake: Where activity lies.
    """

    def __init__(self, session: SparkSession, lake: Lake) -> None:
        self._session, self._lake = session, lake

    def count(self, rows: Rows, asked: Callable[[NDArray[np.int32]], Asked], fill: Fill) -> Iterator[pl.DataFrame]:
        """As `Engine` says; what was counted for all rows comes to the driver before features are made of it."""
        since = since_of(self._lake)
        wanted = asked(since)
        names = [f"c{place}" for place in range(_width(wanted))]
        schema = f"at BIGINT, {', '.join(f'{name} FLOAT' for name in names)}"
        feed = self._feed(rows).repartition("payer").sortWithinPartitions("payer", "event", "day", "at")
        found = feed.mapInArrow(partial(_count_lines, asked=wanted, since=since), schema).toArrow()
        order = np.argsort(found["at"].to_numpy())
        table = np.empty((order.size, len(names)), np.float32)
        for place, name in enumerate(names):
            table[:, place] = found[name].to_numpy()[order]
        for begin in range(0, order.size, _GIVEN_ON):
            part = slice(begin, min(begin + _GIVEN_ON, order.size))
            yield fill(part, *_told(table[part], rows.day[part], wanted, since))

    def _feed(self, rows: Rows) -> DataFrame:
        first, last = (dt.date(1970, 1, 1) + dt.timedelta(days=int(d)) for d in (rows.day.min(), rows.day.max()))
        lines = self._session.createDataFrame(_lines_of(rows))
        activity = self._session.read.parquet(*map(str, self._lake.activity_files()))
        roles = roles_of(self._lake, np.unique(rows.frame["member"].to_numpy()))
        instants = roles.with_columns(pl.col("since", "until").dt.epoch("us"))
        events = self._session.sql(
            _EVENTS.replace("{first}", _instant(first - dt.timedelta(days=max(WINDOWS)))).replace(
                "{last}", _instant(last)
            ),
            activity=activity,
            rows=lines,
            programs=self._session.createDataFrame(chapter_programs(self._lake).to_frame().to_arrow()),
            roles=self._session.createDataFrame(instants.to_arrow()),
        )
        spans = _lines_of_belonging(numbered(rows.belonging, roles))
        return lines.unionByName(events).unionByName(self._session.createDataFrame(spans))


def _instant(day: dt.date) -> str:
    return f"TIMESTAMP_NTZ '{day} 00:00:00'"


def _lines_of(rows: Rows) -> pa.Table:
    n = len(rows.frame)
    nothing, small = np.zeros(n, np.int32), np.zeros(n, np.int8)
    return pa.table({
        "payer": rows.frame["member"].to_numpy(), "event": small, "day": rows.day, "known": nothing, "kind": small,
        "value": np.zeros(n, np.float32), "person": nothing, "chapter": small, "at": np.arange(n),
        "began": rows.began, "began_before": rows.began_before, "organization": rows.organization.astype(np.int8),
    })  # fmt: skip


def _lines_of_belonging(spans: pl.DataFrame) -> pa.Table:
    n = len(spans)
    nothing, small = np.zeros(n, np.int32), np.zeros(n, np.int8)
    person = spans["person_number"].to_numpy()
    return pa.table({
        "payer": spans["payer"].to_numpy(), "event": small + np.int8(2), "day": spans["since"].to_numpy(),
        "known": spans["until"].to_numpy(), "kind": small, "value": np.zeros(n, np.float32), "person": person,
        "chapter": small, "at": np.zeros(n, np.int64), "began": nothing, "began_before": nothing,
        "organization": small,
    })  # fmt: skip


def _count_lines(batches: Iterable[pa.RecordBatch], asked: Asked, since: NDArray[np.int32]) -> Iterator[pa.RecordBatch]:
    """What a worker does: lines sorted by payer in, one line of counts per row out."""
    for lines in _whole_payers(batches):
        at, table = _counted(lines, asked, since)
        if at.size:
            columns = [pa.array(at), *(pa.array(np.ascontiguousarray(column)) for column in table.T)]
            yield pa.RecordBatch.from_arrays(columns, ["at", *(f"c{place}" for place in range(table.shape[1]))])


def _whole_payers(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.Table]:
    """The lines in stretches that end between two payers."""
    held: list[pa.RecordBatch] = []
    for batch in batches:
        held.append(batch)
        if sum(b.num_rows for b in held) >= _AT_ONCE:
            table = pa.Table.from_batches(held)
            payer = table["payer"].to_numpy()
            cut = int(np.searchsorted(payer, payer[-1]))
            if cut:
                yield table.slice(0, cut)
                held = table.slice(cut).to_batches()
    if held:
        yield pa.Table.from_batches(held)


def _counted(lines: pa.Table, asked: Asked, since: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The numbers of the rows among *lines*, and what was counted for each."""
    given: dict[str, NDArray[Any]] = {name: lines[name].to_numpy() for name in lines.column_names}
    mine, theirs, spans = (
        {name: column[given["event"] == which] for name, column in given.items()} for which in range(3)
    )
    payers = np.unique(mine["payer"])
    edges = np.append(payers, np.iinfo(np.int64).max)
    people = np.ones(payers.size, np.int32)
    for part in (theirs, spans):
        np.maximum.at(people, np.searchsorted(payers, part["payer"]), part["person"] + 1)
    lines_of_spans = pl.DataFrame({
        "payer": spans["payer"], "person_number": spans["person"], "since": spans["day"], "until": spans["known"],
    })  # fmt: skip
    events = Events(
        VOCABULARY, since, payers, np.searchsorted(theirs["payer"], edges), theirs["day"], theirs["known"],
        theirs["kind"].astype(np.uint8), theirs["value"], theirs["person"], people, theirs["chapter"].astype(bool),
        belongings_in(lines_of_spans, payers),
    )  # fmt: skip
    own = (mine["day"], mine["began"], mine["began_before"], mine["organization"].astype(bool))
    rows = Rows(pl.DataFrame(), *own, pl.DataFrame())
    row_start, all_of_them = np.searchsorted(mine["payer"], edges), slice(0, mine["at"].size)
    activity, rhythm = counted(events, 0, payers.size, row_start, rows, all_of_them, asked)
    tables = [part.table.astype(np.float32) for part in _parts(activity)]
    return mine["at"], np.concatenate([*tables, *([rhythm.x] if asked.rhythm else [])], axis=1)


def _parts(activity: Activity) -> tuple[Counted, ...]:
    return (
        activity.counts, activity.sums, activity.last_day, activity.last_value, activity.weeks, activity.people,
        activity.in_chapter,
    )  # fmt: skip


def _keys(asked: Asked) -> tuple[tuple[tuple[int, ...], ...], ...]:
    """The cells of each part, in the order of `_parts`."""
    return asked.counts, asked.sums, asked.latest, asked.latest, asked.since, asked.since, asked.since


def _width(asked: Asked) -> int:
    return sum(map(len, _keys(asked))) + (len(COLUMNS) if asked.rhythm else 0)


def _told(
    table: NDArray[np.float32], day: NDArray[np.int32], asked: Asked, since: NDArray[np.int32]
) -> tuple[Activity, Rhythm]:
    """Back from a worker's lines."""
    ends = np.cumsum([len(keys) for keys in _keys(asked)]).tolist()
    found = Found._make(
        np.ascontiguousarray(table[:, begin:end], np.int32 if name == "last_day" else np.float32)
        for name, begin, end in zip(Found._fields, [0, *ends], ends, strict=False)
    )
    activity = Activity.of(found, day, asked, since)
    return activity, Rhythm(table[:, ends[-1] :]) if asked.rhythm else Rhythm.of_nobody()
