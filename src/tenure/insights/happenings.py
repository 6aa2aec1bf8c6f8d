"""What lately befell members that somebody may want to answer: a missed event, a failed payment, a card that runs out,
how soon a new member did a first thing, and who fell silent."""

from __future__ import annotations

import datetime as dt

import polars as pl

from tenure.features.activity import SENT_OR_BILLED
from tenure.lake import Lake

NEWS_DAYS = 7
"""Days for which a missed event is news, counted from when it was recorded."""

SILENT_DAYS = 90
"""Days without anything of their own accord after which members who had been active have fallen silent."""

_ACTIVE_DAYS = 4
"""On so many days of the year before one must have done something to have been active."""

_LOOKED_BACK = 365
"""Days after which neither a failed payment nor an expired card waits for an answer any more."""

_LATELY = """
SELECT member,
    arg_max(coalesce(ref, strftime(occurred_at, '%Y-%m-%d')), occurred_at)
        FILTER (kind = 'event_no_show' AND recorded_at >= $news) AS no_show,
    max(occurred_at) FILTER (kind = 'payment_failed') AS failed,
    max(occurred_at) FILTER (kind = 'card_expiring') AS card,
    max(occurred_at) FILTER (kind = 'payment') AS paid
FROM activity
WHERE kind IN ('event_no_show', 'payment_failed', 'card_expiring', 'payment')
    AND occurred_at >= $since AND occurred_at < $as_of AND recorded_at < $as_of
GROUP BY member"""

_FIRST_ACT = """
SELECT j.member, min(a.occurred_at)::DATE AS day
FROM joined j JOIN activity a ON a.member = j.member AND a.occurred_at >= j.joined_on
WHERE a.kind NOT IN (SELECT kind FROM not_acts) AND a.occurred_at < $as_of AND a.recorded_at < $as_of
    AND a.occurred_at >= $since
GROUP BY j.member"""


_FELL_SILENT = """
WITH acts AS (
    SELECT member, occurred_at::DATE AS day FROM activity
    WHERE kind NOT IN (SELECT kind FROM not_acts)
        AND occurred_at >= $since AND occurred_at < $as_of AND recorded_at < $as_of)
SELECT member, max(day) AS fell_silent_on FROM acts GROUP BY member
HAVING max(day) < $silent AND count(DISTINCT day) >= $active AND (SELECT max(day) FROM acts) >= $silent"""


def lately(lake: Lake, as_of: dt.date) -> pl.DataFrame:
    """What waits for an answer, as it was known on *as_of*.

    Returns:
        One line per member of whom anything is known: `member`, `no_show` (ref of the last event that the member
        missed and that was recorded so within the last 7 days; its day where the record names no event), `failed_on`
        and `card_on` (days of the last failed payment and of the last notice that the card runs out, of the last
        year and followed by no payment in the activity), each null without one.
    """
    start = dt.datetime.combine(as_of, dt.time())
    bounds = {"as_of": start, "since": start - dt.timedelta(days=_LOOKED_BACK)}
    with lake.connect() as connection:
        given = bounds | {"news": start - dt.timedelta(days=NEWS_DAYS)}
        rows = connection.sql(_LATELY, params=given).to_arrow_table()
    found = pl.DataFrame(pl.from_arrow(rows))
    answered = pl.col("paid").fill_null(dt.datetime(1970, 1, 1))  # noqa: DTZ001  the lake's instants are naive UTC
    return found.select(
        "member",
        pl.col("no_show").cast(pl.String),
        *(
            pl.when(pl.col(name) > answered).then(pl.col(name).cast(pl.Date)).alias(f"{name}_on")
            for name in ("failed", "card")
        ),
    )


def span_of_acts(lake: Lake, as_of: dt.date) -> tuple[dt.date | None, dt.date | None]:
    """The first and the last day on which anybody did anything of their own accord, as it was known on *as_of*."""
    query = """
        SELECT min(occurred_at)::DATE, max(occurred_at)::DATE FROM activity
        WHERE occurred_at < $1 AND recorded_at < $1 AND NOT list_contains($2, kind)"""
    with lake.connect() as connection:
        row = connection.execute(query, [as_of, sorted(SENT_OR_BILLED)]).fetchone()
    return row or (None, None)


def first_acts(lake: Lake, joined: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Days from joining to the first thing that each member did of their own accord.

    Args:
        lake: Where activity lies.
        joined: `member`, `joined_on` (date).
        as_of: Only what was recorded before it counts.

    Returns:
        `member`, `days`; without those who have done nothing yet.
    """
    if joined.is_empty():
        return pl.DataFrame(schema={"member": pl.Int64, "days": pl.Int32})
    bounds = {
        "as_of": dt.datetime.combine(as_of, dt.time()),
        "since": dt.datetime.combine(joined.select(pl.col("joined_on").min()).item(), dt.time()),
    }
    with lake.connect() as connection:
        connection.register("joined", joined.select("member", "joined_on").to_arrow())
        connection.register("not_acts", pl.DataFrame({"kind": sorted(SENT_OR_BILLED)}).to_arrow())
        rows = connection.sql(_FIRST_ACT, params=bounds).to_arrow_table()
    first = pl.DataFrame(pl.from_arrow(rows))
    return first.join(joined, on="member").select(
        "member", (pl.col("day") - pl.col("joined_on")).dt.total_days().cast(pl.Int32).alias("days")
    )


def fell_silent(lake: Lake, as_of: dt.date) -> pl.DataFrame:
    """Who was active, and has done nothing of their own accord for `SILENT_DAYS`.

    Active is who did something on four days or more of the year before those. Where nobody did anything lately,
    records are missing, and nobody is told to have fallen silent.

    Args:
        lake: Where activity lies.
        as_of: Only what was recorded before it counts.

    Returns:
        `member`, `fell_silent_on` (the last day on which they did something).
    """
    start = dt.datetime.combine(as_of, dt.time())
    silent = start - dt.timedelta(days=SILENT_DAYS)
    bounds = {"as_of": start, "silent": silent, "since": silent - dt.timedelta(days=_LOOKED_BACK)}
    with lake.connect() as connection:
        connection.register("not_acts", pl.DataFrame({"kind": sorted(SENT_OR_BILLED)}).to_arrow())
        rows = connection.sql(_FELL_SILENT, params=bounds | {"active": _ACTIVE_DAYS}).to_arrow_table()
    return pl.DataFrame(pl.from_arrow(rows))
