"""What comes in, fortnight by fortnight: a change of a feed shows here weeks before it shows in windows of a year.

The last fortnight is held against those of two years before it, kind by kind. How far a quiet fortnight strays is read
from those, so that kinds with a season, such as a yearly mailing, and small ones are given more room.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import polars as pl

from tenure.lake import Lake
from tenure.risk.learners import Floats

_FORTNIGHT = 14
_PAST = 52
_FEWEST = 8
"""Fortnights of the past without which nothing can be said to be unusual."""

_SMALL = 20.0
"""Rows of a fortnight that are chance: they are added to both sides of a ratio."""

_LEAST = {"rows": 0.35, "delay": 0.7, "dues": 0.25}
"""Logarithm of a ratio below which no change matters: two fifths of the rows, double delay, a quarter of the dues."""

_FARTHER, _BEYOND = 5.0, 1.75
"""So many standard deviations of the past, and so many times its farthest stray, lie within what is usual."""


def inflow(lake: Lake, as_of: dt.date) -> list[dict[str, Any]]:
    """Hold the fortnight before *as_of* against those of two years before, by what was recorded before *as_of*.

    Returns:
        For each kind of activity, the delay with which activity is recorded, and the dues of new terms: `what`, `name`,
        `now`, `usual` (the median of the past), `low` and `high` (its range), `new` (nothing of it came before), and
        `alarm`. Nothing where the record is too short.
    """
    begun = as_of - dt.timedelta(days=_FORTNIGHT * (_PAST + 1))
    activity = _grouped(lake, _ACTIVITY, as_of, begun)
    terms = _grouped(lake, _TERMS, as_of, begun)
    whole = activity.group_by("ago").agg(pl.col("n").sum(), pl.col("total").sum())
    past = int((whole["ago"] > 0).sum())
    found = []
    if past >= _FEWEST:
        found += [_of_kind(str(kind), rows, past) for (kind,), rows in activity.group_by("kind", maintain_order=True)]
        found += [_judged("delay", "", _means(whole), 1.0)]
    if (terms["ago"] > 0).sum() >= _FEWEST and (terms["ago"] == 0).any():
        found.append(_judged("dues", "", _means(terms), 0.01))
    return sorted((one for one in found if one), key=lambda one: (one["what"], one["name"]))


_ACTIVITY = """
    SELECT kind, ($1::DATE - recorded_at::DATE - 1) // $3 AS ago, count(*) AS n,
           sum(greatest(date_diff('day', occurred_at, recorded_at), 0))::DOUBLE AS total
    FROM activity WHERE recorded_at < $1 AND recorded_at >= $2 GROUP BY ALL
"""
_TERMS = """
    SELECT 'term' AS kind, ($1::DATE - recorded_at::DATE - 1) // $3 AS ago, count(*) AS n, sum(dues)::DOUBLE AS total
    FROM terms WHERE recorded_at < $1 AND recorded_at >= $2 AND dues > 0 GROUP BY ALL
"""


def _grouped(lake: Lake, query: str, as_of: dt.date, begun: dt.date) -> pl.DataFrame:
    """How many fortnights ago (`ago`) how many rows (`n`) of each `kind` came, and the `total` of what they measure."""
    with lake.connect() as con:
        found = con.execute(query, [as_of, begun, _FORTNIGHT]).fetchall()
    schema = {"kind": pl.String, "ago": pl.Int64, "n": pl.Int64, "total": pl.Float64}
    return pl.DataFrame(found, schema=schema, orient="row").sort("kind", "ago")


def _of_kind(kind: str, rows: pl.DataFrame, past: int) -> dict[str, Any] | None:
    """Rows of one kind: of a feed that began midway, only the fortnights since then count."""
    oldest = int(rows["ago"].max())  # type: ignore[arg-type]
    counts = np.zeros(min(oldest, past) + 1)
    for ago, n in rows.select("ago", "n").iter_rows():
        if ago < counts.size:
            counts[ago] = n
    if oldest == 0:
        counts = np.append(counts, np.zeros(past))
    elif counts.size <= _FEWEST:
        return None
    return _judged("rows", kind, counts, _SMALL)


def _means(rows: pl.DataFrame) -> Floats:
    """The mean of each fortnight, the last one first; those without any row are left out."""
    return np.asarray(rows.sort("ago").select(pl.col("total") / pl.col("n")).to_series().to_numpy(), np.float64)


def _judged(what: str, name: str, values: Floats, small: float) -> dict[str, Any]:
    """Whether the first of *values* lies farther from the middle of the others than any of them does, by far."""
    logs = np.log(values + small)
    middle = float(np.median(logs[1:]))
    strays = np.abs(logs[1:] - middle)
    room = max(_LEAST[what], _BEYOND * float(strays.max()), _FARTHER * float(strays.std()))
    past = values[1:]
    return {
        "what": what, "name": name, "now": float(values[0]), "usual": float(np.median(past)),
        "low": float(past.min()), "high": float(past.max()), "new": bool(not past.any()),
        "alarm": bool(abs(float(logs[0]) - middle) > room),
    }  # fmt: skip


def words_of(one: dict[str, Any]) -> str:
    """An alarm in words."""
    if one["what"] == "delay":
        return f"what happens is recorded {one['now']:,.1f} days later, where {one['usual']:,.1f} were usual"
    if one["what"] == "dues":
        return (
            f"dues of terms entered in the last fortnight are {one['now']:,.0f}, where {one['usual']:,.0f} were usual"
        )
    name = one["name"].replace("_", " ")
    if one["new"]:
        return f"{one['now']:,.0f} rows of the kind {name} came in the last fortnight, and none in two years before"
    return (
        f"{one['now']:,.0f} rows of the kind {name} came in the last fortnight, where {one['low']:,.0f} to "
        f"{one['high']:,.0f} were usual"
    )
