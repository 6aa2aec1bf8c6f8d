"""From features and slow fields to the columns that a learner takes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.features import CATEGORIES, FeatureMatrix

_MOST_LEVELS = 16
_FEWEST_ROWS = 50
"""A level of a slow field gets a column of its own if it is among the most frequent and not rarer than this."""

DAYS = "days_to_renewal"
"""The feature that tells near from far: what others say of a renewal goes by it, and so does calibration."""

ALWAYS = "member_type"
"""The slow field whose frequent levels all have a column: dues and benefits go by it."""

SURELY = 3.0
"""Standard errors by which the members of a level of the others have to differ: of sixty levels in which nothing is to
be found one goes that far in one association of six."""


@dataclass(frozen=True)
class Encoding:
    """Which columns a model takes, in order.

    Args:
        features: Names of the features.
        levels: For each slow field, the levels that have a column of their own.
    """

    features: tuple[str, ...]
    levels: dict[str, tuple[str, ...]]

    @classmethod
    def learn(cls, matrix: FeatureMatrix, y: NDArray[np.float64]) -> Encoding:
        """Take every feature that ever varies, and the levels of the slow fields that are frequent and tell something.

        Args:
            matrix: Landmarks to learn from.
            y: 1 lapsed, 0 renewed.
        """
        varied = [name for name in matrix.names if _varies(matrix.column(name))]
        levels = {field: _frequent(matrix.categories[field]) for field in CATEGORIES}
        return cls(tuple(varied), {field: _telling(field, known, matrix, y) for field, known in levels.items()})

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns: features, then `field=level`."""
        return (*self.features, *(f"{field}={level}" for field, known in self.levels.items() for level in known))

    @property
    def days(self) -> int | None:
        """Which column holds the days to the end of the term; None where none does."""
        return self.features.index(DAYS) if DAYS in self.features else None

    def encode(self, matrix: FeatureMatrix) -> NDArray[np.float32]:
        """The columns of *matrix*, shape (n_rows, n_columns)."""
        places = [matrix.names.index(name) for name in self.features]
        flags = [
            (matrix.categories[field] == level).fill_null(value=False).to_numpy()
            for field, known in self.levels.items()
            for level in known
        ]
        numbers = matrix.x[:, places]
        return np.column_stack([numbers, *flags]).astype(np.float32, copy=False) if flags else numbers

    def as_json(self) -> dict[str, Any]:
        """For the manifest."""
        return asdict(self)

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> Encoding:
        """Back from the manifest."""
        return cls(tuple(given["features"]), {field: tuple(known) for field, known in given["levels"].items()})


def _telling(field: str, levels: tuple[str, ...], matrix: FeatureMatrix, y: NDArray[np.float64]) -> tuple[str, ...]:
    """Those *levels* whose members surely lapsed more, or less, often than others; of member types, all.

    Where dozens of industries, regions and countries all have a column, trees find by them the few members who left,
    and foretell the next renewal worse.
    """
    if field == ALWAYS or not levels:
        return levels
    known = pl.DataFrame(
        {
            "member": matrix.rows["member"],
            "term": matrix.rows["term_id"],
            "level": matrix.categories[field],
            "more": y - y.mean(),
        }
    )
    # The renewals of one member are alike, and days of one renewal are the same: each member counts once.
    each = (
        known.group_by("member", "term", "level")
        .agg(pl.col("more").first())
        .group_by("member", "level")
        .agg(pl.col("more").sum())
    )
    more = each.group_by("level").agg(errors=pl.col("more").sum() / (pl.col("more") ** 2).sum().sqrt())
    surely = set(more.filter(pl.col("errors").abs() > SURELY)["level"].drop_nulls().to_list())
    return tuple(level for level in levels if level in surely)


def _varies(column: NDArray[np.float32]) -> bool:
    known = column[~np.isnan(column)]
    return known.size > 0 and bool((known != known[0]).any() or known.size < column.size)


def by_frequency(column: pl.Series, *, least: int = 1) -> list[str]:
    """The values that at least so many rows have, most frequent first; of equally frequent ones, the first by name.

    Their order among the rows says nothing, and would make another model of the same record.
    """
    counted = column.drop_nulls().value_counts().filter(pl.col("count") >= least)
    return [str(level) for level in counted.sort(-pl.col("count").cast(pl.Int64), column.name)[column.name]]


def _frequent(column: pl.Series) -> tuple[str, ...]:
    levels = by_frequency(column, least=_FEWEST_ROWS)[:_MOST_LEVELS]
    return tuple(sorted(levels)) if len(levels) > 1 else ()
