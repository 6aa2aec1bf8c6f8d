"""An organization seen through its people: how many take part, how much, and who carried it."""

from __future__ import annotations

import datetime as dt

import polars as pl

_RECENT, _YEAR = 90, 365


def roll_up(people: pl.DataFrame, acts: pl.DataFrame, *, as_of: dt.date) -> pl.DataFrame:
    """Breadth, depth and key person of each organization.

    The key person is whoever was active on most days of the year up to 90 days before *as_of*, so that a key person who
    has left is still named. An organization of whose people nobody acted has a line too.

    Args:
        people: `organization`, `member`: who acts for whom on that day.
        acts: `member`, `day` (date): what people did of their own accord, known before *as_of*.
        as_of: The day; only acts before it count.

    Returns:
        One line per organization, sorted: `organization`, `people`, `active_90`, `active_365` (people who acted),
        `days_365` (active days of all), `key_person` (member, null where nobody acted), `key_person_days` (of that year
        up to 90 days ago), `key_person_silent_days` (since the key person's last act), `fell_silent` (people who acted
        in the year up to 90 days ago and not since).
    """
    recent, year = (as_of - dt.timedelta(days=days) for days in (_RECENT, _YEAR))
    seen = acts.filter(pl.col("day").is_between(year, as_of, closed="left")).unique(["member", "day"])
    each = (
        people.unique(["organization", "member"])
        .join(
            seen.group_by("member").agg(
                days=pl.len(),
                earlier=(pl.col("day") < recent).sum(),
                lately=(pl.col("day") >= recent).sum(),
                last=pl.col("day").max(),
            ),
            on="member",
            how="left",
        )
        .with_columns(pl.col("days", "earlier", "lately").fill_null(0))
        .sort("organization", "earlier", "member", descending=[False, True, False])
    )
    carried = pl.col("earlier").first() > 0
    return (
        each.group_by("organization", maintain_order=True)
        .agg(
            people=pl.len(),
            active_90=(pl.col("lately") > 0).sum(),
            active_365=(pl.col("days") > 0).sum(),
            days_365=pl.col("days").sum(),
            key_person=pl.when(carried).then(pl.col("member").first()),
            key_person_days=pl.when(carried).then(pl.col("earlier").first()),
            key_person_silent_days=pl.when(carried).then((pl.lit(as_of) - pl.col("last").first()).dt.total_days()),
            fell_silent=((pl.col("earlier") > 0) & (pl.col("lately") == 0)).sum(),
        )
        .sort("organization")
    )
