"""Events as the kernel takes them: per payer, in order, on both clocks, with a person's acts rolled up to who pays.

DuckDB reads the columns; the lake is sorted by member within each month, and months follow one another, so putting the
events of each payer together is one stable counting sort and no comparison. Payers are read part by part, so that what
is in memory does not grow with the association.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numba as nb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.features.activity import NEVER, VOCABULARY, Events
from tenure.features.kernel import WINDOWS, Belongings
from tenure.lake import Lake
from tenure.membership.contract import KINDS

_AT_ONCE = 12_000_000
"""Events in memory at a time: with what it takes to sort them, some 400 MB."""

_EPOCH = dt.date(1970, 1, 1)
_EVENT = np.dtype(
    [("day", np.int32), ("known", np.int32), ("value", np.float32), ("kind", np.uint8), ("chapter", np.bool_)],
    align=True,
)
"""An event's numbers side by side: each is put where its payer's lie, which costs one trip to memory and not five."""

_OTHER = len(KINDS)
_ITSELF = np.zeros(0, np.int32)
"""In place of who did it, where that is the payer alone."""

_COLUMNS = f"""
    a.day_number AS day, a.known_number AS known,
    coalesce(enum_code(try_cast(a.kind AS vocabulary)), {_OTHER})::UTINYINT AS kind,
    coalesce(a.value::FLOAT, 'nan'::FLOAT) AS value, ({{in_chapter}})::UTINYINT AS chapter"""

_IN_CHAPTER = "a.chapter_id IS NOT NULL"
_IN_CHAPTER_BY_PROGRAM = f"{_IN_CHAPTER} OR coalesce(a.ref IN (SELECT ref FROM chapter_programs), false)"

_WITHIN = "a.day_number >= {first} AND a.known_number < {last}"

_OWN = f"""
SELECT a.member AS payer, {_COLUMNS} FROM near a
WHERE {_WITHIN} AND a.member BETWEEN {{lowest}} AND {{highest}}"""

_FOR_OTHERS = f"""
SELECT r.payer, r.person_number AS person, {_COLUMNS} FROM near a
JOIN roles r ON r.person = a.member AND greatest(a.occurred_at, a.recorded_at) >= r.since
    AND greatest(a.occurred_at, a.recorded_at) < r.until
WHERE {_WITHIN} AND r.payer BETWEEN {{lowest}} AND {{highest}} ORDER BY a.occurred_at"""


class _Room:
    """Memory for the events of one part after another: to touch new memory costs more than to fill it."""

    def __init__(self) -> None:
        self._held = np.empty(0, _EVENT)

    def take(self, n: int) -> NDArray[Any]:
        """Room for *n* events, where those taken before may lie."""
        if self._held.size < n:
            self._held = np.empty(n, _EVENT)
        return self._held[:n]


@dataclass(frozen=True)
class Reader:
    """Reads the events of some payers that can matter for some days; get one by `reading`.

    Args:
        payers: Distinct, ascending.
        since: Of each kind, the first day at whose end any record of it was known.
        parts: Ranges of payers, by place, to be read one after the other.
    """

    payers: NDArray[np.int64]
    since: NDArray[np.int32]
    parts: list[tuple[int, int]]
    _connection: Any
    _roles: pl.DataFrame
    _numbered: pl.DataFrame
    _first: int
    _last: int
    _in_chapter: str
    _room: _Room

    def read(self, first: int, end: int) -> Events:
        """The events of the payers *first* to *end* − 1, each for its doer and for who pays for the doer.

        A person's act counts for the organization that was known to pay for the person when the act became known.
        The events lie where those of the last reading lay: be done with one part before reading the next.
        """
        payers = self.payers[first:end]
        lowest, highest = int(payers[0]), int(payers[-1])
        # Plain numbers in the text: as parameters they made the same scan a third slower.
        bounds = {"lowest": lowest, "highest": highest, "first": self._first, "last": self._last}
        mine = self._roles.filter(pl.col("payer").is_between(lowest, highest))
        batches = deque(self._batches(_OWN, bounds))
        if len(mine):
            batches += self._batches(_FOR_OTHERS, bounds)
        per_payer = np.zeros(payers.size + 1, np.int64)
        places = [_places(batch["payer"], payers, per_payer[1:]) for batch in batches]
        start = np.cumsum(per_payer)
        n = int(start[-1])
        held = self._room.take(n)
        events = Events(
            VOCABULARY, self.since, payers, start, held["day"], held["known"], held["kind"], held["value"],
            np.zeros(n, np.int32), _people(payers, mine), held["chapter"],
            belongings_in(self._numbered, payers),
        )  # fmt: skip
        columns = (events.day, events.known, events.kind, events.value, events.person, events.chapter)
        following = start[:-1].copy()
        for place in places:
            batch = batches.popleft()  # so that what has been put away does not lie about twice
            given = (batch[name] for name in ("day", "known", "kind", "value", "chapter"))
            _put(place, following, *given, batch.get("person", _ITSELF), *columns)
        _by_day(start, *columns)
        return events

    def _batches(self, query: str, bounds: dict[str, Any]) -> list[dict[str, NDArray[Any]]]:
        table = self._connection.sql(query.format(in_chapter=self._in_chapter, **bounds)).to_arrow_table()
        return [{name: batch.column(name).to_numpy() for name in batch.schema.names} for batch in table.to_batches()]


@contextmanager
def reading(lake: Lake, payers: NDArray[np.int64], first: int, last: int, belonging: pl.DataFrame) -> Iterator[Reader]:
    """Open a reader of the events that can matter for the days *first* to *last*.

    Args:
        lake: Where activity lies.
        payers: Distinct, ascending.
        first: Earliest day asked about, counted from 1970-01-01.
        last: Latest day asked about; only what was recorded before it is read.
        belonging: As `tenure.membership.belonging` returns.
    """
    begin = first - max(WINDOWS)
    near = [_EPOCH + dt.timedelta(days=day) for day in (begin, last)]
    rows = lake.rows_between(*near)
    n_parts = max(1, min(-(-rows // _AT_ONCE), payers.size))
    edges = np.linspace(0, payers.size, n_parts + 1).astype(int).tolist()
    with lake.connect(ordered=True) as con:
        con.execute(f"CREATE TEMP VIEW near AS {lake.activity_between(*near)}")
        con.execute(f"CREATE TEMP TYPE vocabulary AS ENUM ({', '.join(repr(kind) for kind in KINDS)})")
        roles = roles_of(lake, payers)
        con.register("roles", roles.to_arrow())
        programs = chapter_programs(lake)
        con.register("chapter_programs", programs.to_frame().to_arrow())
        in_chapter = _IN_CHAPTER_BY_PROGRAM if len(programs) else _IN_CHAPTER  # else the column `ref` is not even read
        yield Reader(
            payers, since_of(lake), list(itertools.pairwise(edges)), con, roles, numbered(belonging, roles), begin,
            last, in_chapter, _Room(),
        )  # fmt: skip


def chapter_programs(lake: Lake) -> pl.Series:
    """`ref` of each program of a chapter: what is done with it is done in a chapter, whether the record says so."""
    return lake.programs().filter(pl.col("chapter_id").is_not_null())["ref"].drop_nulls().unique().sort()


def since_of(lake: Lake) -> NDArray[np.int32]:
    """Of each kind of the vocabulary, the first day at whose end anything of it was known; `NEVER` where none was."""
    since = np.full(len(VOCABULARY), NEVER, np.int32)
    for kind, day in lake.first_known().items():
        code = KINDS.index(kind) if kind in KINDS else _OTHER
        since[code] = min(since[code], (day - _EPOCH).days)
    return since


def roles_of(lake: Lake, payers: NDArray[np.int64]) -> pl.DataFrame:
    """Who paid for whom, from when until when, as it was known: `payer`, `person`, `since`, `until`; and the
    `person_number` of the person within the payer, from 1, since 0 is the payer itself."""
    never = dt.datetime(9999, 1, 1)  # noqa: DTZ001
    with lake.connect() as con:
        found = con.sql("SELECT member, valid_from, organization FROM members").to_arrow_table()
    versions = pl.DataFrame(pl.from_arrow(found))
    if versions["organization"].is_null().all():
        versions = versions.clear()
    return (
        versions.sort("member", "valid_from")
        .with_columns(until=pl.col("valid_from").shift(-1).over("member").fill_null(never))
        .filter(pl.col("organization").is_not_null() & (pl.col("organization") != pl.col("member")))
        .join(pl.DataFrame({"organization": payers}), on="organization", how="semi")
        .select(payer="organization", person="member", since="valid_from", until="until")
        .with_columns(person_number=pl.col("person").rank("dense").over("payer").cast(pl.Int32))
        .sort("payer")
    )


def numbered(belonging: pl.DataFrame, roles: pl.DataFrame) -> pl.DataFrame:
    """*belonging* by day, with the numbers that people have in *roles*: `payer`, `person_number`, `since`, `until`.

    The days are counted from 1970-01-01: whoever has a line with `since` < day ≤ `until` belonged at the day's start.
    """
    numbers = roles.select("payer", "person", "person_number").unique()
    return (
        belonging.join(numbers, left_on=["organization", "person"], right_on=["payer", "person"], how="inner")
        .select(payer="organization", person_number="person_number", since="since", until="until")
        .with_columns(pl.col("since", "until").dt.epoch("d").cast(pl.Int32))
        .sort("payer", "person_number", "since")
    )


def belongings_in(lines: pl.DataFrame, payers: NDArray[np.int64]) -> Belongings:
    """Of the *lines* that `numbered` made, those of *payers*, which are ascending."""
    mine = lines.filter(pl.col("payer").is_in(pl.Series(payers).implode()))
    start = np.searchsorted(mine["payer"].to_numpy(), np.append(payers, np.iinfo(np.int64).max))
    return Belongings(start.astype(np.int64), *(mine[name].to_numpy() for name in ("person_number", "since", "until")))


def _people(payers: NDArray[np.int64], roles: pl.DataFrame) -> NDArray[np.int32]:
    """How many people act for each payer, itself included."""
    people = np.ones(payers.size, np.int32)
    counted = roles.group_by("payer").agg(n=pl.col("person_number").max())
    people[np.searchsorted(payers, counted["payer"].to_numpy())] += counted["n"].to_numpy()
    return people


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _places(members: NDArray[np.int64], payers: NDArray[np.int64], per_payer: NDArray[np.int64]) -> NDArray[np.int32]:
    """Place of each member among the payers, −1 for others; quick where the members ascend for long stretches.

    Adds to *per_payer* how often each payer came.
    """
    found, at = np.empty(members.size, np.int32), 0
    for event in range(members.size):
        member = members[event]
        if at < payers.size and payers[at] == member:
            found[event] = at
            per_payer[at] += 1
            continue
        if at < payers.size and payers[at] < member:
            at += 1
            steps = 0
            while at < payers.size and payers[at] < member and steps < 16:
                at += 1
                steps += 1
        if at == payers.size or payers[at] < member or (at > 0 and payers[at - 1] >= member):
            at = np.searchsorted(payers, member)
        found[event] = -1
        if at < payers.size and payers[at] == member:
            found[event] = at
            per_payer[at] += 1
    return found


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _put(
    place: NDArray[np.int32],
    following: NDArray[np.int64],
    day: NDArray[np.int32],
    known: NDArray[np.int32],
    kind: NDArray[np.uint8],
    value: NDArray[np.float32],
    chapter: NDArray[np.uint8],
    person: NDArray[np.int32],
    to_day: NDArray[np.int32],
    to_known: NDArray[np.int32],
    to_kind: NDArray[np.uint8],
    to_value: NDArray[np.float32],
    to_person: NDArray[np.int32],
    to_chapter: NDArray[np.bool_],
) -> None:
    """Put each event behind those that its payer has already; *following* is where each payer's next one goes."""
    for event in range(place.size):
        payer = place[event]
        if payer < 0:
            continue
        to = following[payer]
        following[payer] += 1
        to_day[to], to_known[to], to_kind[to] = day[event], known[event], kind[event]
        to_value[to], to_chapter[to] = value[event], chapter[event] > 0
        if person.size:
            to_person[to] = person[event]


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _by_day(
    start: NDArray[np.int64],
    day: NDArray[np.int32],
    known: NDArray[np.int32],
    kind: NDArray[np.uint8],
    value: NDArray[np.float32],
    person: NDArray[np.int32],
    chapter: NDArray[np.bool_],
) -> None:
    """Sort by day within those payers whose events do not lie so already: who has people, and batches out of order."""
    for payer in range(start.size - 1):
        begin, end = start[payer], start[payer + 1]
        for event in range(begin + 1, end):
            if day[event] < day[event - 1]:
                order = begin + np.argsort(day[begin:end], kind="mergesort")
                day[begin:end], known[begin:end], kind[begin:end] = day[order], known[order], kind[order]
                value[begin:end], person[begin:end], chapter[begin:end] = value[order], person[order], chapter[order]
                break
