"""An organization seen through its people: how many take part, how much, and who carried it.

Its page and the report of all organizations rest on the same, so that both name the same key person. Nothing is told of
what those do who object to being profiled.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

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


def objecting(versions: pl.DataFrame) -> set[int]:
    """Who objects to being profiled, by the newest of all *versions* of members, whichever day is told of."""
    newest = versions.sort("valid_from").unique("member", keep="last")
    return set(newest.filter(pl.col("objects_to_profiling").fill_null(value=False))["member"])


def roll_up(found: pl.DataFrame, objectors: Collection[int], *, as_of: dt.date) -> pl.DataFrame:
    """Breadth, depth and key person of each organization.

    The key person is whoever was active on most days of the year up to 90 days before *as_of*, also where that person
    has left since. All else is told of who belongs to the organization on that day.

    Args:
        found: As `taking_part` returns for *as_of*.
        objectors: Who objects to being profiled: they are among the people, and left out of all that people do.
        as_of: The day.

    Returns:
        One line per organization in *found*, sorted: `organization`, `people`, `objecting` (of them), `active_90`,
        `active_365` (people who acted), `days_365` (active days of all), `fell_silent` (people who acted in the year up
        to 90 days ago and not since); these four null where all people object. `key_person` (member, null where nobody
        acted), `key_person_days` (of that year up to 90 days ago), `of_days` (those of everybody, also of who has
        left), `key_person_silent_days` (since the key person's last act), `key_person_here` (bool: belongs still).
    """
    told = found.with_columns(objects=pl.col("member").is_in(list(objectors))).sort(
        "organization", "objects", "earlier", "member", descending=[False, False, True, False]
    )
    mine = pl.col("here") & ~pl.col("objects")
    carried = (pl.col("earlier").first() > 0) & ~pl.col("objects").first()
    first = {
        "key_person": pl.col("member").first(),
        "key_person_days": pl.col("earlier").first(),
        "of_days": pl.col("earlier").filter(~pl.col("objects")).sum(),
        "key_person_silent_days": (pl.lit(as_of) - pl.col("last").first()).dt.total_days(),
        "key_person_here": pl.col("here").first(),
    }
    some = mine.any() | ~pl.col("here").any()
    active = {
        "active_90": (mine & (pl.col("days") > pl.col("earlier"))).sum(),
        "active_365": (mine & (pl.col("days") > 0)).sum(),
        "days_365": pl.col("days").filter(mine).sum(),
        "fell_silent": (mine & (pl.col("earlier") > 0) & (pl.col("days") == pl.col("earlier"))).sum(),
    }
    return (
        told.group_by("organization", maintain_order=True)
        .agg(
            people=pl.col("here").sum(),
            objecting=(pl.col("here") & pl.col("objects")).sum(),
            **{name: pl.when(some).then(number) for name, number in active.items()},
            **{name: pl.when(carried).then(value) for name, value in first.items()},
        )
        .sort("organization")
    )
