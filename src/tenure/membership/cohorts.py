"""Join cohorts: how long those who joined in the same years stay, and which of their renewals are the weak ones."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.membership.outcomes import LAPSED, PENDING, RENEWED
from tenure.membership.survival import Curve, retention_curve

SLIP = 31
"""Days between joining and the first term on record that still are one and the same beginning."""

_YEAR = 365.25
Days = NDArray[np.int64]


@dataclass(frozen=True)
class Anniversary:
    """A cohort when so many years of membership are over and the renewal at their end is decided.

    Args:
        year: How many.
        followed: Members in sight who are further on.
        lapsed: How many had lapsed by then.
        left: How many had left sight by then without a lapse: young members, and the dead, merged and transferred.
        stayed: Share of the cohort still there.
        low, high: Its 95 % range.
    """

    year: int
    followed: int
    lapsed: int
    left: int
    stayed: float
    low: float
    high: float


@dataclass(frozen=True)
class Cohort:
    """Members who joined from one year to another.

    Args:
        first, last: Years of joining, both included.
        members: How many are followed.
        curve: By days since joining.
        years: From 0 on.
    """

    first: int
    last: int
    members: int
    curve: Curve
    years: tuple[Anniversary, ...]


@dataclass(frozen=True)
class Renewals:
    """The renewals of one cohort at the end of one year of membership.

    Args:
        joined: Year of joining.
        year: Of membership, from 1.
        renewed: How many renewed.
        decided: Out of how many.
        open: How many may still come: undecided ones of this and of earlier years of membership.
    """

    joined: int
    year: int
    renewed: int
    decided: int
    open: int

    @property
    def is_whole(self) -> bool:
        """Whether so few are open, at most one in twenty, that the share may be compared with others."""
        return self.decided > 0 and 20 * self.open <= self.decided + self.open


def with_joining(frame: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """*frame* with `joined` (date): when the member joined by the record, or where the first term that is known began
    no more than a month later, or before, when that began.

    Args:
        frame: With `member` and `join_date`.
        spans: As `tenure.membership.spells` returns.
    """
    first = spans.filter(pl.col("spell") == 0).select("member", first_began="began")
    earlier = pl.col("join_date") < pl.col("first_began") - pl.duration(days=SLIP)
    joined = pl.when(earlier).then("join_date").otherwise("first_began")
    return frame.join(first, on="member", how="left", maintain_order="left").with_columns(
        joined=pl.coalesce(joined, "first_began")
    )


def cohort(spans: pl.DataFrame, first: int, last: int, *, as_of: dt.date, years: int = 10) -> Cohort:
    """Who joined from the year *first* to the year *last*: how long the first membership lasted.

    Who joined before the record begins is followed from the end of the first term that is known: of that term many
    records have the lapses alone, since they begin with what was last known of everyone. Death, merger and transfer
    end the view without a lapse; a return begins another membership and is not in it.

    Args:
        spans: As `tenure.membership.spells` returns, with `joined`.
        first, last: Years of joining.
        as_of: The day on which *spans* were read.
        years: Up to how many years of membership are counted.
    """
    mine = spans.filter((pl.col("spell") == 0) & pl.col("joined").dt.year().is_between(first, last))
    early = pl.col("joined") < pl.col("began")
    mine = mine.filter((pl.col("began") < as_of) & (~early | (pl.col("terms") > 1)))
    seen = pl.when(early).then((pl.col("first_ends") - pl.col("joined")).dt.total_days() + 1).otherwise(0)
    end = pl.min_horizontal("ends", pl.lit(as_of - dt.timedelta(days=1)))
    table = mine.select(
        length=(end - pl.col("joined")).dt.total_days() + 1,
        lapsed=(pl.col("outcome") == LAPSED) & (pl.col("ends") < as_of),
        seen_from=seen,
    ).filter(pl.col("length") > pl.col("seen_from"))
    length, lapsed, seen_from = (table[name].to_numpy() for name in ("length", "lapsed", "seen_from"))
    curve = retention_curve(length, lapsed, seen_from, confidence=0.95)
    return Cohort(first, last, len(table), curve, _marks(curve, years, length, lapsed, seen_from))


def _marks(
    curve: Curve, years: int, length: Days, lapsed: NDArray[np.bool_], seen_from: Days
) -> tuple[Anniversary, ...]:
    """All anniversaries in one look, since there are many cohorts and few members in most."""
    days = np.array([day_of(year) for year in range(years + 1)])
    over = length[:, None] <= days
    followed = ((seen_from[:, None] <= days) & ~over).sum(axis=0).tolist()
    gone, lapsed_by = over.sum(axis=0), (lapsed[:, None] & over).sum(axis=0)
    counts = zip(followed, lapsed_by.tolist(), (gone - lapsed_by).tolist(), curve.ranges_at(days).tolist(), strict=True)
    return tuple(Anniversary(year, *more, *ranges) for year, (*more, ranges) in enumerate(counts))


def day_of(year: int) -> int:
    """The day of membership on which *year* years are over and the renewal at their end is decided.

    Terms that end a little early or late, as at the end of a month, belong to the year that they close.
    """
    return round(year * _YEAR) + (SLIP if year else 0)


def renewals_by_cohort(found: pl.DataFrame, *, as_of: dt.date, most: int = 10) -> list[Renewals]:
    """Renewals by year of joining and year of membership, each sorted; cells that nobody has come to are left out.

    Args:
        found: As `tenure.membership.decisions` returns, with `joined`; renewals of later memberships are left out, and
            so is the first one on record of who joined before it, as in `cohort`.
        as_of: The day on which it was read.
        most: Up to which year of membership.
    """
    open_ = (pl.col("outcome") == PENDING) & (pl.col("ends_on") + pl.duration(days=pl.col("grace")) >= as_of)
    year = ((pl.col("ends_on") - pl.col("joined")).dt.total_days() / _YEAR).round().cast(pl.Int64).clip(lower_bound=1)
    first, early = (pl.col("spell") == 0) & pl.col("joined").is_not_null(), pl.col("joined") < pl.col("first_began")
    cells = (
        found.filter(first & (~early | (pl.col("terms_in_spell") > 1)))
        .group_by(joined=pl.col("joined").dt.year(), year=year)
        .agg(
            renewed=(pl.col("outcome") == RENEWED).sum(),
            lapsed=(pl.col("outcome") == LAPSED).sum(),
            open=open_.sum(),
        )
        .sort("joined", "year")
        .with_columns(pl.col("open").cum_sum().over("joined"))
        .filter((pl.col("year") <= most) & (pl.col("renewed") + pl.col("lapsed") + pl.col("open") > 0))
    )
    return [
        Renewals(one["joined"], one["year"], one["renewed"], one["renewed"] + one["lapsed"], one["open"])
        for one in cells.iter_rows(named=True)
    ]
