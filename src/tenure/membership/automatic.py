"""Automatic renewal: who is enrolled, who came to it and who ended it, and the payments that were declined."""

from __future__ import annotations

import datetime as dt

import polars as pl

from tenure.membership.numbers import there

BEGAN, CAME, ENDED, KEPT, WITHOUT = "began", "came", "ended", "kept", "without"
DECLINED_DAYS = 90


def enrolled_on(spans: pl.DataFrame, found: pl.DataFrame, day: dt.date) -> pl.DataFrame:
    """The spells of members on *day* whose term comes up for renewal, with `auto_renew` of the term that runs.

    Args:
        spans: As `tenure.membership.spells` returns, of *day*.
        found: As `tenure.membership.decisions` returns, of *day*.
        day: The day, at its start.
    """
    last = found.sort("member", "ends_on").unique(["member", "spell"], keep="last")
    here = spans.filter(there(day)).join(last.select("member", "spell", "auto_renew"), on=["member", "spell"])
    return here.filter(pl.col("auto_renew").is_not_null())


def turned(now: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """*now* with `turn`: enrolled since (`began`), enrolled and no member before (`came`), `ended`, `kept`, `without`.

    Args:
        now, before: As `enrolled_on` returns, of two days.
    """
    earlier = before.group_by("member").agg(was=pl.col("auto_renew").last())
    is_so, was = pl.col("auto_renew"), pl.col("was")
    turn = (
        pl.when(is_so & was.is_null()).then(pl.lit(CAME))
        .when(is_so & ~was).then(pl.lit(BEGAN))
        .when(is_so).then(pl.lit(KEPT))
        .when(was.fill_null(value=False)).then(pl.lit(ENDED))
        .otherwise(pl.lit(WITHOUT))
    )  # fmt: skip
    return now.join(earlier, on="member", how="left", maintain_order="left").with_columns(turn=turn)


def declines(
    spans: pl.DataFrame, activity: pl.DataFrame, terms: pl.DataFrame, *, as_of: dt.date, days: int = DECLINED_DAYS
) -> pl.DataFrame:
    """Members whose payment was declined in the *days* days before *as_of*, with whether it was `recovered`.

    Recovered is who paid from the last decline on, as was on record before *as_of*.

    Args:
        spans: As `tenure.membership.spells` returns; a member stands in the type of the last of them.
        activity: `member`, `kind`, `occurred_at`, `recorded_at`.
        terms: All versions of all terms.
        as_of: The day, at its start.
        days: How far back.
    """
    at = pl.lit(as_of).cast(pl.Datetime("us"))
    known = activity.filter((pl.col("recorded_at") < at) & (pl.col("occurred_at") < at))
    failed = known.filter((pl.col("kind") == "payment_failed") & (pl.col("occurred_at") >= at - pl.duration(days=days)))
    last = failed.group_by("member").agg(declined_at=pl.col("occurred_at").max())
    paid = known.filter(pl.col("kind") == "payment").select("member", at="occurred_at")
    fees = terms.filter((pl.col("recorded_at") < at) & (pl.col("paid_on") < as_of)).select(
        "member", at=pl.col("paid_on").cast(pl.Datetime("us")) + pl.duration(hours=24, microseconds=-1)
    )
    after = pl.concat([paid, fees]).join(last, on="member").filter(pl.col("at") >= pl.col("declined_at"))
    people = spans.sort("member", "spell").unique("member", keep="last", maintain_order=True)
    return people.join(last, on="member").with_columns(recovered=pl.col("member").is_in(after["member"].implode()))
