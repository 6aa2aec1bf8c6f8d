"""Features of any members on any days, from what was known on each day."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import singledispatch
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.features.activity import NEVER, Activity, Asked, Events, windows_of
from tenure.features.catalogue import FEATURES
from tenure.features.changes import Change, changes_of, load_changes
from tenure.features.definitions import (
    ActivePeople,
    ActiveWeeks,
    Count,
    Feature,
    InChapter,
    LastValue,
    Mean,
    Ratio,
    Recency,
    Share,
    Standing,
    Total,
    Trend,
)
from tenure.features.events import reading
from tenure.features.facts import CATEGORIES, facts, known_person
from tenure.features.kernel import WINDOWS
from tenure.features.rhythm import Rhythm, rhythm_of
from tenure.lake import Lake

_CHUNK_ROWS = 40_000
"""Rows that a thread takes at a time: the kernel's answers for them take about 20 MB."""

_MOST_THREADS = 8

NEVER_SINCE = 999.0
"""Days since the last of something that was never on record, at most."""


@dataclass(frozen=True)
class FeatureMatrix:
    """Features of some members on some days.

    Args:
        rows: The rows asked for, in their order, with what `tenure.membership.standing` says of them.
        names: Names of the columns of `x`.
        x: Shape (n_rows, n_features), float32; NaN where nothing is known.
        categories: Slow fields as text, one line per row.
    """

    rows: pl.DataFrame
    names: tuple[str, ...]
    x: NDArray[np.float32]
    categories: pl.DataFrame

    def column(self, name: str) -> NDArray[np.float32]:
        """One column by name."""
        return self.x[:, self.names.index(name)]

    def take(self, keep: NDArray[np.bool_]) -> FeatureMatrix:
        """The rows that *keep* marks."""
        return FeatureMatrix(self.rows.filter(keep), self.names, self.x[keep], self.categories.filter(keep))


def build(
    lake: Lake,
    standing: pl.DataFrame,
    *,
    features: tuple[Feature, ...] = FEATURES,
    progress: Callable[[float], None] | None = None,
) -> FeatureMatrix:
    """Compute *features* for every line of *standing*.

    Only what was recorded before the start of a line's `as_of` is used, whatever it says about when it happened.

    Args:
        lake: Where members and activity lie.
        standing: As `tenure.membership.standing` returns; any members, any days.
        features: Which; the catalogue by default.
        progress: Told the share done, 0 to 1.

    Returns:
        One row per line of *standing*, in its order.
    """
    rows = standing.sort("member", "as_of")
    x = np.empty((len(rows), len(features)), np.float32)
    text = rows.select("row", *(pl.lit(None, pl.String).alias(name) for name in CATEGORIES))
    if len(rows):
        members = lake.members().sort("member", "valid_from", maintain_order=True)
        work = _Work(features, rows, members, load_changes(lake), x)
        parts = []
        with ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_THREADS)) as pool:
            for done in work.through(lake, pool):
                parts.append(done.text)
                if progress:
                    progress(done.end / len(rows))
        text = pl.concat(parts)
    return _in_order_of(standing, rows, features, x, text)


class _Done(NamedTuple):
    """How many rows are done, and the slow fields of the last ones."""

    end: int
    text: pl.DataFrame


@dataclass(frozen=True)
class _Work:
    """What is to be computed: *features* of *rows*, by member and day, into *x*."""

    features: tuple[Feature, ...]
    rows: pl.DataFrame
    members: pl.DataFrame
    changes: list[Change]
    x: NDArray[np.float32]

    def through(self, lake: Lake, pool: ThreadPoolExecutor) -> Iterator[_Done]:
        """All of it, part by part in order."""
        day = self.rows["as_of"].to_physical().to_numpy()
        payers, starts = _starts(self.rows["member"].to_numpy())
        with reading(lake, payers, int(day.min()), int(day.max())) as reader:
            asked = self._asked(reader.since)
            for first, end in reader.parts:
                events, own = reader.read(first, end), starts[first : end + 1]

                def count(chunk: tuple[int, int], events: Events = events, own: NDArray[np.int64] = own) -> _Done:
                    begin, stop = own[chunk[0]], own[chunk[1]]
                    row_start = own[chunk[0] : chunk[1] + 1] - begin
                    part = slice(begin, stop)
                    activity = windows_of(events, *chunk, row_start, day[part], asked)
                    rhythm = _rhythm(events, *chunk, row_start, self.rows[part], day[part])
                    return _Done(int(stop), self._fill(part, activity, rhythm))

                yield from pool.map(count, _chunks(own))

    def _asked(self, since: NDArray[np.int32]) -> Asked:
        """What the features read of activity, found by computing them for no rows."""
        nobody, nothing = Activity.of_nobody(since), self.rows.clear()
        self._columns(nothing, nobody, Rhythm.of_nobody(), self._person(nothing), self.x[:0])
        return Asked.by(nobody)

    def _fill(self, part: slice, activity: Activity, rhythm: Rhythm) -> pl.DataFrame:
        """Compute the columns of some rows; gives their slow fields."""
        rows = self.rows[part]
        person = self._person(rows)
        self._columns(rows, activity, rhythm, person, self.x[part])
        return rows.select("row", "member_type").with_columns(person.select(CATEGORIES[1:]))

    def _person(self, rows: pl.DataFrame) -> pl.DataFrame:
        """What was known of each row's member, in the order of the rows."""
        ids = self.members["member"]
        lowest = ids.search_sorted(rows["member"][0], "left") if len(rows) else 0
        highest = ids.search_sorted(rows["member"][-1], "right") if len(rows) else 0
        found = known_person(self.members[lowest:highest], rows.select("row", "member", "as_of"))
        return rows.select("row").join(found, on="row", how="left", maintain_order="left")

    def _columns(
        self,
        rows: pl.DataFrame,
        activity: Activity,
        rhythm: Rhythm,
        person: pl.DataFrame,
        out: NDArray[np.float32],
    ) -> None:
        known = facts(rows, person, activity) | rhythm.columns() | changes_of(self.changes, rows, person, activity)
        _columns(self.features, activity, known, rows, out)


def _in_order_of(
    standing: pl.DataFrame,
    rows: pl.DataFrame,
    features: tuple[Feature, ...],
    x: NDArray[np.float32],
    text: pl.DataFrame,
) -> FeatureMatrix:
    place = rows.select("row").with_row_index("at")
    at = standing.select("row").join(place, on="row", how="left", maintain_order="left")["at"].to_numpy()
    return FeatureMatrix(standing, tuple(f.name for f in features), x[at], text[at].drop("row"))


def _starts(members: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    payers, first = np.unique(members, return_index=True)
    return payers, np.append(first, members.size).astype(np.int64)


def _chunks(starts: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Ranges of payers of about `_CHUNK_ROWS` rows each."""
    edges = [0]
    while edges[-1] < starts.size - 1:
        end = int(np.searchsorted(starts, starts[edges[-1]] + _CHUNK_ROWS, side="right")) - 1
        edges.append(min(max(end, edges[-1] + 1), starts.size - 1))
    return list(itertools.pairwise(edges))


def _rhythm(
    events: Events, first: int, end: int, row_start: NDArray[np.int64], rows: pl.DataFrame, day: NDArray[np.int32]
) -> Rhythm:
    began, before = (
        rows[name].cast(pl.Int32).fill_null(int(NEVER)).to_numpy().astype(np.int32)
        for name in ("cycle_began", "previous_cycle_began")
    )
    people = (rows["record_type"] == "organization").to_numpy()
    return rhythm_of(events, first, end, row_start, day, began, before, people)


def _columns(
    features: tuple[Feature, ...],
    activity: Activity,
    known: dict[str, NDArray[np.float32]],
    standing: pl.DataFrame,
    out: NDArray[np.float32],
) -> None:
    """Fill *out*, shape (n_rows, n_features)."""
    # An individual has no people whose breadth could say anything.
    alone = (standing["record_type"] != "organization").to_numpy()
    for place, feature in enumerate(features):
        how = feature.how
        out[:, place] = known[how.name] if isinstance(how, Standing) else compute(how, activity)
    breadth = np.array([feature.group == "people" for feature in features])
    out[np.ix_(alone, breadth)] = np.nan


@singledispatch
def compute(how: object, activity: Activity) -> NDArray[np.float32]:
    """One column from what was counted."""
    raise TypeError(f"no way to compute {type(how).__name__}")


@compute.register
def _(how: Count, activity: Activity) -> NDArray[np.float32]:
    found = activity.counts.over(activity.codes(how.kinds), WINDOWS.index(how.days))
    return _where_recorded(found, activity, how.kinds, how.days)


@compute.register
def _(how: Total, activity: Activity) -> NDArray[np.float32]:
    found = activity.sums.over(activity.codes(how.kinds), WINDOWS.index(how.days))
    return _where_recorded(found, activity, how.kinds, how.days)


@compute.register
def _(how: Mean, activity: Activity) -> NDArray[np.float32]:
    codes, window = activity.codes(how.kinds), WINDOWS.index(how.days)
    total = activity.sums.over(codes, window)
    # Events that came without a value are no zeros.
    told = (total != 0) | ~np.isnan(activity.last_value[:, codes]).all(axis=1)
    return np.where(told, _ratio(total, activity.counts.over(codes, window)), np.float32(np.nan))


@compute.register
def _(how: Ratio, activity: Activity) -> NDArray[np.float32]:
    window = WINDOWS.index(how.days)
    part = activity.counts.over(activity.codes(how.part), window)
    found = _ratio(part, activity.counts.over(activity.codes(how.whole), window))
    return _where_recorded(found, activity, how.part, how.days)


@compute.register
def _(how: Recency, activity: Activity) -> NDArray[np.float32]:
    codes = activity.codes(how.kinds)
    latest = activity.last_day[:, codes].max(axis=1)
    began = activity.since[codes].min()
    gap = np.where(latest >= 0, activity.day - latest, np.float32(NEVER_SINCE)).astype(np.float32)
    return np.where(began < activity.day, np.minimum(gap, NEVER_SINCE), np.nan).astype(np.float32)


@compute.register
def _(how: LastValue, activity: Activity) -> NDArray[np.float32]:
    return activity.last_value[:, activity.codes((how.kind,))[0]]


@compute.register
def _(how: Share, activity: Activity) -> NDArray[np.float32]:
    return np.minimum(compute(Ratio(how.part, how.whole, how.days), activity), np.float32(1))


@compute.register
def _(how: Trend, activity: Activity) -> NDArray[np.float32]:
    codes, longer = activity.codes(how.kinds), 365 if how.days < 365 else 730
    recent = activity.counts.over(codes, WINDOWS.index(how.days))
    both = activity.counts.over(codes, WINDOWS.index(longer))
    now, before = recent / how.days, (both - recent) / (longer - how.days)
    total = now + before
    share = np.where(total > 0, (now - before) / np.where(total > 0, total, 1), np.nan)
    return _where_recorded(share.astype(np.float32), activity, how.kinds, longer)


@compute.register
def _(how: ActiveWeeks, activity: Activity) -> NDArray[np.float32]:
    return _after(activity.weeks[:, WINDOWS.index(how.days)], activity, int(activity.since.min()), how.days)


@compute.register
def _(how: ActivePeople, activity: Activity) -> NDArray[np.float32]:
    return _after(activity.people[:, WINDOWS.index(how.days)], activity, int(activity.since.min()), how.days)


@compute.register
def _(how: InChapter, activity: Activity) -> NDArray[np.float32]:
    return _after(activity.in_chapter[:, WINDOWS.index(how.days)], activity, int(activity.since.min()), how.days)


def _ratio(part: NDArray[np.float32], whole: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan).astype(np.float32)


def _where_recorded(
    found: NDArray[np.float32], activity: Activity, kinds: tuple[str, ...], days: int
) -> NDArray[np.float32]:
    """Nothing counted while nothing was being recorded is not a zero."""
    return _after(found, activity, int(activity.since[activity.codes(kinds)].min(initial=NEVER)), days)


def _after(found: NDArray[np.float32], activity: Activity, began: int, days: int) -> NDArray[np.float32]:
    """NaN on days when less than half the window had been recorded."""
    return np.where(activity.day - began >= days / 2, found, np.float32(np.nan))
