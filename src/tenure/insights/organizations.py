"""An organization seen through its people: how many take part, how much, and who carried it."""

from __future__ import annotations

import datetime as dt

import polars as pl

from tenure.membership import belonged_on

_RECENT, _YEAR = 90, 365


def taking_part(spans: pl.DataFrame, acts: pl.DataFrame, *, as_of: dt.date) -> pl.DataFrame:
    """How each person of organizations took part in the year before *as_of*.

    Whoever has left since is told of too, marked as such, so that a key person who has gone is still named.

    Args:
        spans: As `tenure.membership.belonging` returns.
        acts: `member`, `occurred_at`, `recorded_at` (instants, UTC naive): what people did of their own accord. What
            somebody did counts while they were known to belong, by when it was known.
        as_of: The day; only acts that occurred and were recorded before it count.

    Returns:
        `organization`, `member`, `here` (bool: belongs to it on that day), `days` (active days of the year), `earlier`
        (those up to 90 days ago), `last` (date; null without any): one line for each who belongs, or acted in the year;
        sorted by organization, then `days`, most first.
    """
    recent, year = (as_of - dt.timedelta(days=days) for days in (_RECENT, _YEAR))
    start = pl.lit(as_of).cast(pl.Datetime("us"))
    known = pl.max_horizontal("occurred_at", "recorded_at")
    day = pl.col("occurred_at").dt.date()
    found = (
        acts.filter((known < start) & (day >= year))
        .join(spans, left_on="member", right_on="person")
        .filter((known >= pl.col("since")) & (known < pl.col("until")))
        .select("organization", "member", day=day)
        .unique()
        .group_by("organization", "member")
        .agg(days=pl.len(), earlier=(pl.col("day") < recent).sum(), last=pl.col("day").max())
    )
    here = belonged_on(spans, as_of).with_columns(here=pl.lit(value=True))
    return (
        here.join(found, on=["organization", "member"], how="full", coalesce=True)
        .with_columns(pl.col("here").fill_null(value=False), pl.col("days", "earlier").fill_null(0))
        .sort("organization", "days", "member", descending=[False, True, False])
        .select("organization", "member", "here", "days", "earlier", "last")
    )


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
