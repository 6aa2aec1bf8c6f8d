"""Who came and who left, month by month, and what is not decided yet."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from tenure.membership.contract import COMPETING
from tenure.membership.outcomes import LAPSED
from tenure.membership.renewal_classes import end_of_month
from tenure.membership.spells import RUNNING


@dataclass(frozen=True)
class Moved:
    """One month.

    Args:
        month: Its first day.
        joined: First spells that began.
        reinstated: Later spells that began.
        dropped: Lapses dated within, as far as they are known.
        departed: Deaths, mergers and transfers.
        in_grace: Terms that ended within and whose grace still runs: some will be dropped.
        is_over: Whether the month is.
    """

    month: dt.date
    joined: int
    reinstated: int
    dropped: int
    departed: int
    in_grace: int
    is_over: bool

    @property
    def net(self) -> int:
        """Joined and reinstated, less dropped and departed."""
        return self.joined + self.reinstated - self.dropped - self.departed

    @property
    def is_whole(self) -> bool:
        """Whether nothing is open any more, so that it may be compared with other months."""
        return self.is_over and not self.in_grace


def movement(spans: pl.DataFrame, *, as_of: dt.date, months: int = 13) -> list[Moved]:
    """The last *months* months up to that of the day before *as_of*, oldest first.

    Args:
        spans: As `tenure.membership.spells` returns, of *as_of*.
        as_of: The day, at its start.
        months: How many.
    """
    last = as_of - dt.timedelta(days=1)
    ends = [end_of_month(last, -back) for back in reversed(range(months))]
    began = _by_month(spans.filter(pl.col("began") < as_of), "began", pl.col("spell") == 0)
    ended = spans.filter(pl.col("ends") < as_of)
    lost = _by_month(ended, "ends", pl.col("outcome") == LAPSED)
    gone = _by_month(ended, "ends", pl.col("outcome").is_in(list(COMPETING)))
    open_ = _by_month(ended, "ends", pl.col("outcome") == RUNNING)
    return [
        Moved(
            month,
            joined=began.get((month, True), 0),
            reinstated=began.get((month, False), 0),
            dropped=lost.get((month, True), 0),
            departed=gone.get((month, True), 0),
            in_grace=open_.get((month, True), 0),
            is_over=end < as_of,
        )
        for end in ends
        for month in [end.replace(day=1)]
    ]


def _by_month(spans: pl.DataFrame, column: str, is_so: pl.Expr) -> dict[tuple[dt.date, bool], int]:
    found = spans.group_by(pl.col(column).dt.month_start().alias("month"), is_so.alias("is_so")).len()
    return {(month, bool(yes)): count for month, yes, count in found.iter_rows()}
