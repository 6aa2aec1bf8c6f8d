"""Terms of one member that share a day: the ones recorded first stand, a later one that contradicts them does not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import polars as pl

_NO_END = dt.date(9999, 12, 31)


def overlapping(terms: pl.DataFrame) -> set[str]:
    """The terms that contradict one recorded before them.

    Args:
        terms: Versions of terms: `term_id`, `member`, `starts_on`, `ends_on` (inclusive; null for lifetime),
            `recorded_at`, and `row`, which decides between terms recorded at one instant.

    Returns:
        Their `term_id`s. Only the last version of each term counts.
    """
    ordered = terms.sort("term_id", "recorded_at", "row")
    latest = ordered.group_by("term_id", maintain_order=True).agg(
        pl.col("member", "starts_on", "ends_on").last(),
        first_recorded=pl.col("recorded_at").first(),
        first_row=pl.col("row").first(),
    )
    lasting = latest.with_columns(pl.col("ends_on").fill_null(_NO_END)).filter(pl.col("ends_on") >= pl.col("starts_on"))
    suspects = lasting.filter(pl.col("member").is_in(_members_with_overlap(lasting).implode()))
    guilty: set[str] = set()
    for member in suspects.sort("first_recorded", "first_row").partition_by("member"):
        guilty.update(_contradicting(member.iter_rows(named=True)))
    return guilty


def _members_with_overlap(terms: pl.DataFrame) -> pl.Series:
    before = terms.sort("member", "starts_on", "ends_on").with_columns(
        covered=pl.col("ends_on").cum_max().shift(1).over("member")
    )
    return before.filter(pl.col("starts_on") <= pl.col("covered"))["member"].unique()


def _contradicting(terms: Iterable[dict[str, Any]]) -> Iterable[str]:
    standing: list[tuple[dt.date, dt.date]] = []
    for term in terms:
        starts, ends = term["starts_on"], term["ends_on"]
        if any(starts <= other_ends and other_starts <= ends for other_starts, other_ends in standing):
            yield term["term_id"]
        else:
            standing.append((starts, ends))
