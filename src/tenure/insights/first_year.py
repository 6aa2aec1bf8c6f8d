"""First-year members: what it has meant, in past years, to have done nothing for the first three months."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

import polars as pl

from tenure.insights.happenings import first_acts, span_of_acts
from tenure.lake import Lake
from tenure.risk.report import ENOUGH, once

SILENT_DAYS = 90
_LATELY = 30
"""Days in which somebody must have done something, for the silence of others to be known."""


def known_since(lake: Lake, as_of: dt.date) -> dt.date | None:
    """The first day on which anybody did anything of their own accord, as far as is on record.

    Who joined from then on and of whom nothing is on record has done nothing. Of others that is not known, and of
    nobody where nothing of the kind was recorded in the last 30 days before *as_of*: None.
    """
    first, last = span_of_acts(lake, as_of)
    return first if last is not None and (as_of - last).days <= _LATELY else None


@dataclass(frozen=True)
class Part:
    """First renewals of one kind: how many were decided, and how many of them lapsed."""

    decided: int
    lapsed: int


def silent_in_past_years(lake: Lake, decisions: pl.DataFrame, as_of: dt.date) -> dict[str, Any] | None:
    """First renewals of those who had done nothing in their first 90 days, beside those of all others.

    Who joined before anything that members do of their own accord is on record is left out: nothing known is not
    nothing done.

    Args:
        lake: Where activity and terms lie.
        decisions: Past decisions, as `Registry.decisions` gives.
        as_of: Only what was recorded before it counts.

    Returns:
        `days`, and `silent` and `others` with `decided` and `lapsed` each; None where either has too few to tell.
    """
    start = dt.datetime.combine(as_of, dt.time())
    known = lake.terms().filter(pl.col("recorded_at") < start)
    firsts = known.group_by("member").agg(joined_on=pl.col("starts_on").min(), ends_on=pl.col("ends_on").min())
    begun, _ = span_of_acts(lake, as_of)
    if begun is None:
        return None
    first = once(decisions).join(firsts, on=["member", "ends_on"]).filter(pl.col("joined_on") >= begun)
    acts = first_acts(lake, first.select("member", "joined_on"), as_of)
    days = first.join(acts, on="member", how="left").with_columns(
        silent=(pl.col("days") > SILENT_DAYS).fill_null(value=True)
    )
    silent, others = _part(days.filter("silent")), _part(days.filter(~pl.col("silent")))
    if min(silent.decided, others.decided) < ENOUGH:
        return None
    return {"days": SILENT_DAYS, "silent": asdict(silent), "others": asdict(others)}


def _part(rows: pl.DataFrame) -> Part:
    return Part(rows.height, int(rows["lapsed"].sum()))
