"""How memberships ended: said so, a payment that failed, let it run out; and the ends that are no lapses."""

from __future__ import annotations

import datetime as dt

import polars as pl

from tenure.membership.contract import COMPETING
from tenure.membership.exits import PAYMENT_FAILURE, with_exits
from tenure.membership.outcomes import LAPSED

RESIGNED, PAYMENT, REMOVED, UNSAID = "resigned", "payment", "removed", "unsaid"
APART = ("deceased", "merged", "transferred", REMOVED)
"""Ends that are not counted among lapses."""
LAPSES = (RESIGNED, PAYMENT, UNSAID)


def ways_out(
    spans: pl.DataFrame,
    found: pl.DataFrame,
    away: pl.DataFrame,
    troubles: pl.DataFrame,
    acts: pl.DataFrame,
    *,
    since: dt.date,
    until: dt.date,
) -> pl.DataFrame:
    """The spells that ended from *since* to before *until*, with the `way` in which: one of `LAPSES` or of `APART`.

    `removed` is whom the source no longer had before grace was over and of whom nothing else is on record; what became
    of the membership is not known, so it is no lapse.

    Args:
        spans: As `tenure.membership.spells` returns, of *until*.
        found: As `tenure.membership.decisions` returns, of *until*.
        away: `member`, `away_from` of whom the source was known on *until* to have no more.
        troubles: `member`, `day` of payments that could not be taken, as known on *until*.
        acts: `member`, `day` of what members did of their own accord, as known on *until*.
        since: First day.
        until: The day after the last one.
    """
    within = pl.col("ends").is_between(since, until, closed="left")
    ended = spans.filter(within & pl.col("outcome").is_in([LAPSED, *COMPETING]))
    told = with_exits(found.filter(pl.col("outcome") == LAPSED), troubles, acts).sort("member", "ends_on")
    last = told.unique(["member", "spell"], keep="last").select("member", "spell", "exit", "resigned")
    gone = pl.col("away_from").dt.date() <= pl.col("ends") + pl.duration(days=pl.col("grace"))
    way = (
        pl.when(pl.col("outcome") != LAPSED)
        .then("outcome")
        .when(pl.col("resigned").fill_null(value=False))
        .then(pl.lit(RESIGNED))
        .when((pl.col("exit") == PAYMENT_FAILURE).fill_null(value=False))
        .then(pl.lit(PAYMENT))
        .when(gone.fill_null(value=False))
        .then(pl.lit(REMOVED))
        .otherwise(pl.lit(UNSAID))
    )
    return (
        ended.join(last, on=["member", "spell"], how="left", maintain_order="left")
        .join(away.select("member", "away_from"), on="member", how="left", maintain_order="left")
        .with_columns(way=way)
        .drop("exit", "resigned", "away_from")
    )
