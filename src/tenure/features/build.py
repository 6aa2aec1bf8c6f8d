"""Features of any members on any days, from what was known on each day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.base.settings import Membership
from tenure.features.activity import Activity, Asked
from tenure.features.catalogue import FEATURES
from tenure.features.changes import Change, changes_of, load_changes
from tenure.features.columns import fill_columns, plan_of
from tenure.features.definitions import Feature, Standing
from tenure.features.engine import Engine, Local, Rows
from tenure.features.facts import CATEGORIES, facts, known_person, slow_fields
from tenure.features.rhythm import COLUMNS as RHYTHM
from tenure.features.rhythm import Rhythm
from tenure.lake import Lake
from tenure.membership import belonging


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
    rules: Membership,
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
        rules: Those by which it was made; they say which terms are billed to the organization.
        features: Which; the catalogue by default.
        progress: Told the share done, 0 to 1.
        engine: What counts activity; this machine by default.

    Returns:
        One row per line of *standing*, in its order.
    """
    order = _order(standing)
    rows = standing if order is None else standing[order]
    work = _Work.on(lake, features, rows, rules)
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
    def on(cls, lake: Lake, features: tuple[Feature, ...], rows: pl.DataFrame, rules: Membership) -> _Work:
        members = lake.members().sort("member", "valid_from", maintain_order=True)
        x = np.empty((len(rows), len(features)), np.float32)
        spans = belonging(members, lake.terms(), lake.departures(), rules)
        return cls(features, Rows.of(rows, spans), members, load_changes(lake), x)

    def asked(self, since: NDArray[np.int32]) -> Asked:
        """What the features read of activity, found by computing them for no rows."""
        nobody, nothing = Activity.of_nobody(since), self.rows.frame.clear()
        self._fill_facts(nothing, nobody, Rhythm.of_nobody(), slice(0, 0))
        plan_of(self._counted, nobody)
        last = int(self.rows.day.max(initial=0))
        return Asked.by(nobody, last, rhythm=bool(self._facts.keys() & set(RHYTHM)))

    def fill(self, part: slice, activity: Activity, rhythm: Rhythm) -> pl.DataFrame:
        """Compute the columns of some rows; gives their slow fields."""
        rows = self.rows.frame[part]
        slow = slow_fields(self._versions(rows), rows)
        known = replace(activity, joined=_joined(rows, slow))
        fill_columns(plan_of(self._counted, known), known, self.rows.organization[part], self.x[part])
        self._fill_facts(rows, known, rhythm, part)
        return slow.select(rows["member_type"], *CATEGORIES[1:])

    @property
    def _facts(self) -> dict[str, int]:
        """The place of each fact that is asked for."""
        return {f.how.name: place for place, f in enumerate(self.features) if isinstance(f.how, Standing)}

    @property
    def _counted(self) -> dict[int, Feature]:
        """The other features, by place."""
        return {place: f for place, f in enumerate(self.features) if not isinstance(f.how, Standing)}

    def _versions(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The versions of the rows' members, and of those between them."""
        ids = self.members["member"]
        lowest = ids.search_sorted(rows["member"][0], "left") if len(rows) else 0
        highest = ids.search_sorted(rows["member"][-1], "right") if len(rows) else 0
        return self.members[lowest:highest]

    def _fill_facts(self, rows: pl.DataFrame, activity: Activity, rhythm: Rhythm, part: slice) -> None:
        if not self._facts:
            return
        person = known_person(self._versions(rows), rows)
        known = facts(rows, person, activity) | rhythm.columns() | changes_of(self.changes, rows, person, activity)
        alone = ~self.rows.organization[part]
        for name, place in self._facts.items():
            self.x[part, place] = known[name]
            if self.features[place].group == "people":
                self.x[part, place][alone] = np.nan


_OF_OLD = -1_000_000


def _joined(rows: pl.DataFrame, slow: pl.DataFrame) -> NDArray[np.int32]:
    """Day of joining, or of the first term on record where that is earlier; `_OF_OLD` where neither is known."""
    told = pl.concat([rows.select("first_term_on"), slow.select("join_date")], how="horizontal")
    first = told.select(pl.min_horizontal("first_term_on", "join_date").to_physical().fill_null(_OF_OLD))
    return first.to_series().to_numpy()
