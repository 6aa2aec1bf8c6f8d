"""Features of any members on any days, from what was known on each day."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from functools import singledispatch

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.features.activity import NEVER, Activity, Events, load, windows_of
from tenure.features.catalogue import FEATURES
from tenure.features.changes import changes_of, load_changes
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
from tenure.features.facts import CATEGORIES, facts, known_person
from tenure.features.kernel import WINDOWS
from tenure.features.rhythm import Rhythm, rhythm_of
from tenure.lake import Lake

_CHUNK_ROWS = 40_000
"""Rows counted at a time: the kernel's answers for them take about 80 MB."""

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
    members = lake.members()
    day = (rows["as_of"] - dt.date(1970, 1, 1)).dt.total_days().to_numpy().astype(np.int32)
    payers, starts = _starts(rows["member"].to_numpy())
    x = np.empty((len(rows), len(features)), np.float32)
    categories = []
    if len(rows):
        changes = load_changes(lake)
        events = load(lake, payers, int(day.min()), int(day.max()))
        for first, end in _chunks(starts):
            part = slice(starts[first], starts[end])
            activity = windows_of(events, first, end, starts[first : end + 1] - starts[first], day[part])
            rhythm = _rhythm(events, first, end, starts, rows[part], day[part])
            person = known_person(members, rows[part].select("row", "member", "as_of"))
            person = rows[part].select("row").join(person, on="row", how="left", maintain_order="left")
            known = (
                facts(rows[part], person, activity)
                | rhythm.columns()
                | changes_of(changes, rows[part], person, activity)
            )
            x[part] = _columns(features, activity, known, rows[part])
            categories.append(rows[part].select("row", "member_type").with_columns(person.select(CATEGORIES[1:])))
            if progress:
                progress(float(starts[end]) / len(rows))
    text = (
        pl.concat(categories)
        if categories
        else rows.select("row", *(pl.lit(None, pl.String).alias(c) for c in CATEGORIES))
    )
    return _in_order_of(standing, rows, features, x, text)


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
    events: Events, first: int, end: int, starts: NDArray[np.int64], rows: pl.DataFrame, day: NDArray[np.int32]
) -> Rhythm:
    began, before = (
        rows[name].cast(pl.Int32).fill_null(int(NEVER)).to_numpy().astype(np.int32)
        for name in ("cycle_began", "previous_cycle_began")
    )
    people = (rows["record_type"] == "organization").to_numpy()
    return rhythm_of(events, first, end, starts[first : end + 1] - starts[first], day, began, before, people)


def _columns(
    features: tuple[Feature, ...], activity: Activity, known: dict[str, NDArray[np.float32]], standing: pl.DataFrame
) -> NDArray[np.float32]:
    # An individual has no people whose breadth could say anything.
    alone = (standing["record_type"] != "organization").to_numpy()
    out = np.empty((activity.day.size, len(features)), np.float32)
    for place, feature in enumerate(features):
        how = feature.how
        out[:, place] = known[how.name] if isinstance(how, Standing) else compute(how, activity)
    breadth = np.array([feature.group == "people" for feature in features])
    out[np.ix_(alone, breadth)] = np.nan
    return out


@singledispatch
def compute(how: object, activity: Activity) -> NDArray[np.float32]:
    """One column from what was counted."""
    raise TypeError(f"no way to compute {type(how).__name__}")


@compute.register
def _(how: Count, activity: Activity) -> NDArray[np.float32]:
    found = activity.counts[:, activity.codes(how.kinds), WINDOWS.index(how.days)].sum(axis=1)
    return _where_recorded(found, activity, how.kinds, how.days)


@compute.register
def _(how: Total, activity: Activity) -> NDArray[np.float32]:
    found = activity.sums[:, activity.codes(how.kinds), WINDOWS.index(how.days)].sum(axis=1)
    return _where_recorded(found, activity, how.kinds, how.days)


@compute.register
def _(how: Mean, activity: Activity) -> NDArray[np.float32]:
    codes, window = activity.codes(how.kinds), WINDOWS.index(how.days)
    total = activity.sums[:, codes, window].sum(axis=1)
    # Events that came without a value are no zeros.
    told = (total != 0) | ~np.isnan(activity.last_value[:, codes]).all(axis=1)
    return np.where(told, _ratio(total, activity.counts[:, codes, window].sum(axis=1)), np.float32(np.nan))


@compute.register
def _(how: Ratio, activity: Activity) -> NDArray[np.float32]:
    window = WINDOWS.index(how.days)
    part = activity.counts[:, activity.codes(how.part), window].sum(axis=1)
    found = _ratio(part, activity.counts[:, activity.codes(how.whole), window].sum(axis=1))
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
    recent = activity.counts[:, codes, WINDOWS.index(how.days)].sum(axis=1)
    both = activity.counts[:, codes, WINDOWS.index(longer)].sum(axis=1)
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
