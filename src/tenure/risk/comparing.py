"""Two makings of one night's scores, held against each other column by column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from tenure.risk.score import SCHEMA

CLOSE = 1e-9
"""Within this two probabilities are the same."""

CLOSE_POINTS = 100 * CLOSE

_PROBABILITIES = ("p_lapse_30", "p_lapse_60", "p_lapse_90", "p_lapse_renewal", "p_low", "p_high")
_RANK = "risk_rank"
# What is usual for a type is the mean of all who were scored then, also of those who were erased since; it follows from
# the probabilities, which are compared.
_LEFT_OUT = ("member", "as_of", "usual")


@dataclass(frozen=True)
class Difference:
    """One column in which two makings differ.

    Args:
        column: Its name.
        members: How many members it differs for.
        greatest: The greatest difference: of probabilities and ranks from 0 to 1, of points and `risk_score` in
            points, of dates in days, of dues in the association's currency; None of words, or where one side is
            always empty.
    """

    column: str
    members: int
    greatest: float | None

    @property
    def words(self) -> str:
        """As part of a sentence, such as `p_low of 3 members, by up to 0.02`."""
        whom = f"{self.column} of {self.members:,} member{'' if self.members == 1 else 's'}"
        if self.greatest is None:
            return whom
        days = SCHEMA.get(self.column) == pl.Date()
        return f"{whom}, by up to {self.greatest:.3g}" + (f" day{'' if self.greatest == 1 else 's'}" if days else "")


@dataclass(frozen=True)
class Compared:
    """What came of it, about the members that both have.

    Args:
        members: How many these are.
        same: Of them, those in whom no column differs.
        farthest: The greatest difference of a probability of lapsing, or of its interval.
        columns: Those that differ, in the order of the score's row.
    """

    members: int
    same: int
    farthest: float
    columns: tuple[Difference, ...]


def compare(kept: pl.DataFrame, anew: pl.DataFrame) -> Compared:
    """Hold the scores *anew* against those that were *kept*, in every column that both have but `usual`.

    Ranks are held against each other as places among the members that both have: somebody who was erased since moves
    the ranks of others and says nothing against them.

    Args:
        kept: As `tenure.lake.Lake.scores` gives; an older night may have fewer columns.
        anew: As `tenure.risk.score.score` gives.
    """
    both = kept.join(anew, on="member", how="inner", suffix=" anew")
    names = [name for name in kept.columns if name not in _LEFT_OUT and f"{name} anew" in both.columns]
    if not both.height:
        return Compared(0, 0, 0.0, ())
    sizes, differs = {}, {}
    for name in names:
        sizes[name], differs[name] = _held(name, both[name], both[f"{name} anew"])
    apart = pl.DataFrame(differs)
    found = [Difference(name, int(apart[name].sum()), _greatest(sizes[name])) for name in names if apart[name].any()]
    farthest = max((_greatest(sizes[name]) or 0.0 for name in _PROBABILITIES if name in sizes), default=0.0)
    same = both.height - int(apart.select(pl.any_horizontal(pl.all())).to_series().sum())
    return Compared(both.height, same, farthest, tuple(found))


def _held(name: str, one: pl.Series, other: pl.Series) -> tuple[pl.Series, pl.Series]:
    """By how much two columns differ, null where that has no size, and in which rows they do."""
    if name == _RANK:
        one, other = ((series.rank("min") - 1) / max(len(series), 1) for series in (one, other))
    if one.dtype.is_float():
        one, other = one.fill_nan(None), other.fill_nan(None)
    differs = one.ne_missing(other)
    if one.dtype == pl.Date and other.dtype == pl.Date:
        return (one - other).dt.total_days().abs().cast(pl.Float64), differs
    if not one.dtype.is_numeric() or not other.dtype.is_numeric():
        return pl.Series(name, [None] * len(one), dtype=pl.Float64), differs
    size = (one.cast(pl.Float64) - other.cast(pl.Float64)).abs()
    near = CLOSE_POINTS if name.endswith("_points") else CLOSE
    return size, differs & (size > near).fill_null(value=True)


def _greatest(size: pl.Series) -> float | None:
    found: Any = size.max()
    return None if found is None else float(found)
