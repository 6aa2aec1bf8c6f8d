"""Who takes part most, of members of their own type: whom to ask to speak, to mentor or to bring others."""

from __future__ import annotations

import datetime as dt

import polars as pl

from tenure.features.activity import SENT_OR_BILLED
from tenure.insights.benefits import BENEFITS
from tenure.lake import Lake

YEAR_DAYS = 365
"""Days over which taking part is counted."""

SHARE = 20
"""One in so many of a type are those who take part most."""

LEAST_DAYS = 4
"""On fewer days of the year nobody takes part much, whatever the others do."""

_SCHEMA = pl.Schema(
    {"member": pl.Int64, "engaged_days": pl.Int32, "engaged_in": pl.String, "engaged_in_days": pl.Int32}
)

_DAYS = """
WITH acts AS (
    SELECT DISTINCT a.member, a.occurred_at::DATE AS day, b.name, b.place
    FROM activity a LEFT JOIN benefits b ON a.kind = b.kind
    WHERE a.kind NOT IN (SELECT kind FROM not_acts)
        AND a.occurred_at >= $since AND a.occurred_at < $as_of AND a.recorded_at < $as_of),
used AS (
    SELECT member, name, count(*) AS days, min(place) AS place FROM acts WHERE name IS NOT NULL GROUP BY member, name),
most AS (SELECT member, arg_max(name, days * 100 - place) AS name, max(days) AS days FROM used GROUP BY member)
SELECT acts.member, count(DISTINCT day) AS engaged_days, any_value(most.name) AS engaged_in,
    any_value(most.days) AS engaged_in_days
FROM acts LEFT JOIN most ON most.member = acts.member
GROUP BY acts.member"""


def most_engaged(lake: Lake, members: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """The twentieth of each member type who did something of their own accord on most days of the last year.

    What members do in answer to messages and bills counts for nothing, nor does what others do to them. Whoever took
    part on as many days as somebody beyond the twentieth is left out with them, and so is whoever took part on fewer
    than four. Of a type with fewer than twenty members nobody is told.

    Args:
        lake: Where activity lies.
        members: `member`, `member_type`; everyone among whom the twentieth is taken.
        as_of: Only what was recorded before it counts.

    Returns:
        `member`, `engaged_days` (of the last 365), `engaged_in` (the benefit that was used on most of them; null where
        none was) and `engaged_in_days`.
    """
    found = members.join(_days(lake, as_of), on="member", how="left", maintain_order="left")
    days = pl.col("engaged_days").fill_null(0)
    as_many = days.rank("max", descending=True).over("member_type")
    places = pl.len().over("member_type") // SHARE
    return found.filter((as_many <= places) & (days >= LEAST_DAYS)).select(list(_SCHEMA))


def _days(lake: Lake, as_of: dt.date) -> pl.DataFrame:
    """Of each member who did anything, on how many days, and what on most of them."""
    start = dt.datetime.combine(as_of, dt.time())
    kinds = [(kind, one.name, place) for place, one in enumerate(BENEFITS) for kind in one.kinds]
    benefits = pl.DataFrame(kinds, schema=["kind", "name", "place"], orient="row")
    with lake.connect() as connection:
        connection.register("not_acts", pl.DataFrame({"kind": sorted(SENT_OR_BILLED)}).to_arrow())
        connection.register("benefits", benefits.to_arrow())
        bounds = {"as_of": start, "since": start - dt.timedelta(days=YEAR_DAYS)}
        rows = connection.sql(_DAYS, params=bounds).to_arrow_table()
    return pl.DataFrame(pl.from_arrow(rows)).cast(_SCHEMA)
