"""How far whole months lay off from what was said of them: what the estimates of their members share."""

from __future__ import annotations

from typing import Any

import polars as pl

FROM_DAYS = (0, 76)
"""Near and far: a month is told by what was found about as far ahead. The farthest landmarks lie half a year ahead."""


def shared_by_lead(days: pl.DataFrame) -> list[dict[str, Any]]:
    """How far the log-odds of all members of a month were off together, near and far from the renewal.

    Of the members who were open so many days ahead, with chances p, lapses are expected to number the sum of p and to
    vary by V, the sum of p (1 − p), where each decides alone. Where the log-odds of a whole month are off by the same,
    of standard deviation t, they vary by V + t² V²; t is found from all months by moments (DerSimonian and Laird),
    with what the model is off on the whole in it.

    Args:
        days: Landmarks that were foretold: `as_of`, `ends`, `p`, `lapsed`.

    Returns:
        By rising `from_days` those of `FROM_DAYS` of which there are any: how many `months`, and `shared`, t.
    """
    p, ahead = pl.col("p"), (pl.col("ends") - pl.col("as_of")).dt.total_days()
    cells = (
        days.group_by(pl.col("ends").dt.truncate("1mo").alias("month"), ahead.alias("ahead"), maintain_order=True)
        .agg(off=(pl.col("lapsed") - p).sum(), chance=(p * (1 - p)).sum())
        .filter(pl.col("chance") > 0)
    )
    told = []
    for begins, until in zip(FROM_DAYS, (*FROM_DAYS[1:], None), strict=True):
        here = cells.filter((pl.col("ahead") >= begins) & (True if until is None else pl.col("ahead") < until))
        if here.height:
            told.append({"from_days": begins, "months": here["month"].n_unique(), "shared": _shared(here)})
    return told


def _shared(cells: pl.DataFrame) -> float:
    """By moments; 0 where months lie no further off than chance alone takes them."""
    beyond = float((cells["off"] ** 2 / cells["chance"]).sum()) - cells.height
    return float(max(0.0, beyond / float(cells["chance"].sum())) ** 0.5)
