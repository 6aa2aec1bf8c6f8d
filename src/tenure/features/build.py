"""Features of any members on any days, from what was known on each day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import singledispatch

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.features.activity import NEVER, Activity, Asked
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
from tenure.features.engine import Engine, Local, Rows
from tenure.features.facts import CATEGORIES, facts, known_person
from tenure.features.kernel import WINDOWS
from tenure.features.rhythm import COLUMNS as RHYTHM
from tenure.features.rhythm import Rhythm
from tenure.lake import Lake

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
    engine: Engine | None = None,
) -> FeatureMatrix:
    """Compute *features* for every line of *standing*.

    Only what was recorded before the start of a line's `as_of` is used, whatever it says about when it happened.

    Args:
        lake: Where members and activity lie.
        standing: As `tenure.membership.standing` returns; any members, any days.
        features: Which; the catalogue by default.
        progress: Told the share done, 0 to 1.
        engine: What counts activity; this machine by default.

    Returns:
        One row per line of *standing*, in its order.
    """
    order = _order(standing)
    rows = standing if order is None else standing[order]
    work = _Work.on(lake, features, rows)
    text, done = [], 0
    if len(rows):
        for part in (engine or Local(lake)).count(work.rows, work.asked, work.fill):
            text.append(part)
            done += len(part)
            if progress:
                progress(done / len(rows))
    slow = pl.concat(text) if text else pl.DataFrame(schema=dict.fromkeys(CATEGORIES, pl.String))
    names = tuple(feature.name for feature in features)
    if order is None:
        return FeatureMatrix(standing, names, work.x, slow)
    back = np.empty_like(order)
    back[order] = np.arange(order.size)
    return FeatureMatrix(standing, names, work.x[back], slow[back])


def _order(standing: pl.DataFrame) -> NDArray[np.int64] | None:
    """The order by member and day; None where the lines stand so already."""
    member, day = standing["member"].to_numpy(), standing["as_of"].to_physical().to_numpy()
    same = member[1:] == member[:-1]
    if ((member[1:] > member[:-1]) | (same & (day[1:] >= day[:-1]))).all():
        return None
    return np.lexsort((day, member))


@dataclass(frozen=True)
class _Work:
    """What is to be computed: *features* of *rows*, by member and day, into *x*."""

    features: tuple[Feature, ...]
    rows: Rows
    members: pl.DataFrame
    changes: list[Change]
    x: NDArray[np.float32]

    @classmethod
    def on(cls, lake: Lake, features: tuple[Feature, ...], rows: pl.DataFrame) -> _Work:
        members = lake.members().sort("member", "valid_from", maintain_order=True)
        x = np.empty((len(rows), len(features)), np.float32)
        return cls(features, Rows.of(rows), members, load_changes(lake), x)

    def asked(self, since: NDArray[np.int32]) -> Asked:
        """What the features read of activity, found by computing them for no rows."""
        nobody, nothing = Activity.of_nobody(since), self.rows.frame.clear()
        self._columns(nothing, nobody, Rhythm.of_nobody(), self._person(nothing), self.x[:0])
        return Asked.by(nobody, rhythm=bool(self._facts & set(RHYTHM)))

    def fill(self, part: slice, activity: Activity, rhythm: Rhythm) -> pl.DataFrame:
        """Compute the columns of some rows; gives their slow fields."""
        rows = self.rows.frame[part]
        person = self._person(rows)
        self._columns(rows, replace(activity, joined=_joined(rows, person)), rhythm, person, self.x[part])
        return person.select(rows["member_type"], *CATEGORIES[1:])

    @property
    def _facts(self) -> set[str]:
        return {feature.how.name for feature in self.features if isinstance(feature.how, Standing)}

    def _person(self, rows: pl.DataFrame) -> pl.DataFrame:
        """What was known of each row's member, in the order of the rows."""
        ids = self.members["member"]
        lowest = ids.search_sorted(rows["member"][0], "left") if len(rows) else 0
        highest = ids.search_sorted(rows["member"][-1], "right") if len(rows) else 0
        return known_person(self.members[lowest:highest], rows)

    def _columns(
        self, rows: pl.DataFrame, activity: Activity, rhythm: Rhythm, person: pl.DataFrame, out: NDArray[np.float32]
    ) -> None:
        known: dict[str, NDArray[np.float32]] = {}
        if self._facts:
            known = facts(rows, person, activity) | rhythm.columns() | changes_of(self.changes, rows, person, activity)
        _columns(self.features, activity, known, rows, out)


_OF_OLD = -1_000_000


def _joined(rows: pl.DataFrame, person: pl.DataFrame) -> NDArray[np.int32]:
    """Day of joining, or of the first term on record where that is earlier; `_OF_OLD` where neither is known."""
    told = pl.concat([rows.select("first_term_on"), person.select("join_date")], how="horizontal")
    first = told.select(pl.min_horizontal("first_term_on", "join_date").to_physical().fill_null(_OF_OLD))
    return first.to_series().to_numpy()


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
        if feature.group == "people":
            out[alone, place] = np.nan


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
    """NaN on days when less than half the window had been recorded, but for members who joined since it was."""
    if activity.day.min(initial=NEVER) - began >= days / 2:
        return found
    told = activity.day - began >= days / 2
    if activity.joined is not None:
        told |= activity.joined >= began
    return np.where(told, found, np.float32(np.nan))
