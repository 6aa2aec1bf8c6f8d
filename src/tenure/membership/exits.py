"""How each renewal ended, with lapses told apart: decided by the member, or by a payment that failed."""

from __future__ import annotations

import polars as pl

from tenure.membership.outcomes import LAPSED

VOLUNTARY = "voluntary"
PAYMENT_FAILURE = "payment failure"

TROUBLES = ("payment_failed", "card_expiring", "plan_missed")
"""Kinds of activity that tell of a payment that could not be taken."""

_BEFORE = 60
"""Days before the end of a term from which a failed payment or an expiring card can have ended it."""
_ENGAGED = 90
"""Days before the end of a term in which an act of the member's own shows that staying was meant."""


def with_exits(found: pl.DataFrame, troubles: pl.DataFrame, acts: pl.DataFrame) -> pl.DataFrame:
    """Add `exit` to decisions: as `outcome`, but a lapse is `voluntary` or a `payment failure`.

    A lapse counts as a payment failure where the source says so, and else only where the term renewed by itself, nobody
    resigned, a payment failed or a card ran out from 60 days before the end until grace was over, and the member had
    taken part in the 90 days before the end. All else is voluntary, a member who went silent and whose card then
    failed included.

    Args:
        found: As `tenure.membership.decisions` returns.
        troubles: `member`, `day` (date) of activity of the kinds `TROUBLES`.
        acts: `member`, `day` of what members did of their own accord.
    """
    keyed = found.with_row_index("at")
    ends = pl.col("ends_on")
    failed = _within(keyed, troubles, ends - pl.duration(days=_BEFORE), ends + pl.duration(days=pl.col("grace")))
    engaged = _within(keyed, acts, ends - pl.duration(days=_ENGAGED), ends)
    meant = pl.col("auto_renew").fill_null(value=False) & ~pl.col("resigned")
    seen = meant & pl.col("at").is_in(failed.implode()) & pl.col("at").is_in(engaged.implode())
    told = pl.when(seen | pl.col("unpaid")).then(pl.lit(PAYMENT_FAILURE)).otherwise(pl.lit(VOLUNTARY))
    exit_ = pl.when(pl.col("outcome") == LAPSED).then(told).otherwise(pl.col("outcome"))
    return keyed.with_columns(exit=exit_).drop("at")


def _within(keyed: pl.DataFrame, events: pl.DataFrame, first: pl.Expr, last: pl.Expr) -> pl.Series:
    """Lines that have an event between two days, both included."""
    joined = keyed.select("at", "member", first=first, last=last).join(events, on="member")
    return joined.filter(pl.col("day").is_between("first", "last"))["at"].unique()
