"""When members make up their minds, by when those renewed who did.

Whoever has not paid late in grace is mostly one who has decided against it, and no call changes that. How many are
still open on a day is told by the association's own renewals: of those who renewed, the share who had not yet done so
then. It is taken to be the same of those who lapse, whose day of deciding no record shows.
"""

from __future__ import annotations

import polars as pl

from tenure.membership.outcomes import RENEWED

LEAST = 30
"""Renewals below which nothing is told."""

_FIRST, _LAST = -90, 365
"""Days from the end of a term between which renewals are counted."""


def still_open(decided: pl.DataFrame) -> dict[int, float]:
    """Share of members who have not decided yet, by days left in the term (negative ones have passed since).

    Args:
        decided: Decisions as `tenure.membership.decisions` gives them; those that renew by themselves are left out.

    Returns:
        From 90 days before the end to the last renewal, each day; before and after the first and the last of them it
        is what it is there. Empty where fewer than `LEAST` renewals are known.
    """
    chosen = decided.filter((pl.col("outcome") == RENEWED) & ~pl.col("auto_renew").fill_null(value=False))
    late = (chosen["renewed_on"] - chosen["ends_on"]).dt.total_days().drop_nulls()
    days = late.filter(late.is_between(_FIRST, _LAST))
    if len(days) < LEAST:
        return {}
    # Half a renewal is added at the end, so that nobody is taken for decided beyond doubt.
    return {-day: (float((days > day).sum()) + 0.5) / (len(days) + 0.5) for day in range(_FIRST, int(days.max()) + 1)}  # type: ignore[arg-type]
