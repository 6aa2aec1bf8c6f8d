"""Twenty ways in which a world stops being as a model learnt it, each from one day on.

Each changes what was recorded from that day on, as a change of the site, of a feed, of an export or of the members
would; what came before stays.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from tenure.lake import Lake

Change = Callable[[pl.DataFrame], pl.DataFrame]


def same(rows: pl.DataFrame) -> pl.DataFrame:
    return rows


@dataclass(frozen=True)
class Drift:
    """A change of the rows recorded since a day; of all rows of members, whose versions carry no such day.

    Args:
        name: In words.
        activity: Of activity.
        terms: Of terms.
        members: Of members.
    """

    name: str
    activity: Change = same
    terms: Change = same
    members: Change = same


def copies(*kinds: str, times: int) -> Change:
    def more(rows: pl.DataFrame) -> pl.DataFrame:
        some = rows.filter(pl.col("kind").is_in(kinds)) if kinds else rows
        again = [some.with_columns(activity_key=-pl.col("activity_key") * times - copy) for copy in range(1, times)]
        return pl.concat([rows, *again])

    return more


def without(*kinds: str, share: float = 1.0) -> Change:
    def less(rows: pl.DataFrame) -> pl.DataFrame:
        hit = pl.col("kind").is_in(kinds) if kinds else pl.lit(value=True)
        chance = (pl.col("activity_key").hash(7) % 1000) / 1000.0
        return rows.filter(~(hit & (chance < share)))

    return less


def recoded(kind: str, to: str) -> Change:
    return lambda rows: rows.with_columns(kind=pl.when(pl.col("kind") == kind).then(pl.lit(to)).otherwise("kind"))


def flood(kind: str) -> Change:
    """As many rows of a new kind as there are of all others."""

    def more(rows: pl.DataFrame) -> pl.DataFrame:
        return pl.concat([rows, rows.with_columns(kind=pl.lit(kind), activity_key=-1 - pl.col("activity_key"))])

    return more


def column(name: str, value: pl.Expr) -> Change:
    return lambda rows: rows.with_columns(value.alias(name)) if name in rows.columns else rows


def dated_back(rows: pl.DataFrame) -> pl.DataFrame:
    """An import that gives everything the day before it came in."""
    return rows.with_columns(occurred_at=pl.col("occurred_at") - pl.duration(days=120))


DRIFTS: tuple[Drift, ...] = (
    Drift("logins are counted thrice", activity=copies("login", times=3)),
    Drift("everything is sent twice", activity=copies(times=2)),
    Drift("posts are counted six times", activity=copies("community_post", times=6)),
    Drift("attendance is counted six times", activity=copies("event_attended", times=6)),
    Drift("downloads are counted six times", activity=copies("resource_download", times=6)),
    Drift("logins stopped coming", activity=without("login")),
    Drift("attendance stopped coming", activity=without("event_attended")),
    Drift("posts stopped coming", activity=without("community_post")),
    Drift("downloads stopped coming", activity=without("resource_download")),
    Drift("nothing came any more", activity=without()),
    Drift("half of the rows are lost", activity=without(share=0.5)),
    Drift("two in three logins are lost", activity=without("login", share=0.67)),
    Drift("logins come as pages viewed", activity=recoded("login", "page_view")),
    Drift("attendance comes as registrations", activity=recoded("event_attended", "event_registered")),
    Drift("posts come as something else", activity=recoded("community_post", "other")),
    Drift("a flood of tickets", activity=flood("ticket_opened")),
    Drift("a flood of failed payments", activity=flood("payment_failed")),
    Drift("an import dates everything back", activity=dated_back),
    Drift("renewals come with doubled dues", terms=column("dues", pl.col("dues") * 2)),
    Drift("the chapter is no more exported", members=column("chapter_id", pl.lit(None, pl.String))),
)


def drifted(source: Lake, root: Path, drift: Drift, *, since: dt.date, at: dt.date) -> Lake:
    """A copy of *source* that went through *drift* since *since*, as it was at the start of *at*."""
    first = pl.lit(since).cast(pl.Datetime("us"))
    with source.connect() as con:
        activity = pl.DataFrame(pl.from_arrow(con.sql("SELECT * FROM activity").to_arrow_table()))
    lake = Lake.open(root)
    with lake.batch(source="test", at=dt.datetime.combine(at, dt.time(), tzinfo=dt.UTC)) as batch:
        batch.replace("members", drift.members(source.members()))
        for name, table, change in (("terms", source.terms(), drift.terms), ("activity", activity, drift.activity)):
            recent = pl.col("recorded_at") >= first
            batch.replace(name, pl.concat([table.filter(~recent), change(table.filter(recent))]))
        batch.commit()
    return lake
