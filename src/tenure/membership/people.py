"""Who everyone was on a day, by the newest version of their record that was known then, and how they count."""

from __future__ import annotations

import datetime as dt

import polars as pl

from tenure.base.settings import Membership
from tenure.membership.contract import COMPETING
from tenure.membership.numbers import there
from tenure.membership.standing import with_payers

COUNTED = "counted"
LISTED = "listed"
GONE = "gone"
NEVER = "never"
AHEAD = "ahead"
OVER = "over"
STANDINGS = (COUNTED, LISTED, GONE, NEVER, AHEAD, OVER)
"""How a person of the source stands to the number of members; each stands in one way."""


def people_on(members: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """One row per member, of the newest version with `valid_from` before the start of *as_of* (UTC).

    Returns:
        `member`, `member_type`, `chapter_id` (empty for none), `organization`, `join_date`, `deceased_on`, `objects`
        (to being profiled).
    """
    known = with_payers(members).filter(pl.col("valid_from") < pl.lit(as_of).cast(pl.Datetime("us")))
    newest = known.sort("member", "valid_from").unique("member", keep="last", maintain_order=True)
    return newest.select(
        "member",
        "member_type",
        pl.col("chapter_id").fill_null(""),
        "organization",
        "join_date",
        "deceased_on",
        objects=pl.col("objects_to_profiling").fill_null(value=False),
    )


def with_people(frame: pl.DataFrame, people: pl.DataFrame) -> pl.DataFrame:
    """*frame* (with `member`) with `chapter_id` and `join_date` of *people*; who has no record has no chapter."""
    known = people.select("member", "chapter_id", "join_date")
    return frame.join(known, on="member", how="left", maintain_order="left").with_columns(
        pl.col("chapter_id").fill_null("")
    )


def headcount(people: pl.DataFrame, spans: pl.DataFrame, rules: Membership, *, as_of: dt.date) -> pl.DataFrame:
    """How each person of the source stands to the number of members, so that the two counts can be reconciled.

    Args:
        people: As `people_on` returns, of those whom the source still has.
        spans: As `tenure.membership.spells` returns, of the same day.
        rules: Which types are billed to their organization.
        as_of: The day, at its start.

    Returns:
        `member`, `chapter_id`, `objects`, `standing` (one of `STANDINGS`): `counted` as a member; `listed`, so billed
        to the organization that is counted for them; `gone` (death, merger, transfer); `never` had a paid term;
        `ahead`, so the first term is yet to begin; `over`, the last one is.
    """
    counted = spans.filter(there(as_of)).select("member").unique()
    last = spans.sort("member", "spell").group_by("member", maintain_order=True).last()
    listed = pl.col("member_type").is_in(list(rules.list_billed_types)) & pl.col("organization").is_not_null()
    gone = pl.col("outcome").is_in(list(COMPETING)) | (pl.col("deceased_on") < as_of)
    return (
        people.join(last.select("member", "outcome", "began"), on="member", how="left")
        .join(counted.with_columns(counted=pl.lit(value=True)), on="member", how="left")
        .select(
            "member",
            "chapter_id",
            "objects",
            standing=pl.when(pl.col("counted").fill_null(value=False))
            .then(pl.lit(COUNTED))
            .when(listed.fill_null(value=False))
            .then(pl.lit(LISTED))
            .when(gone.fill_null(value=False))
            .then(pl.lit(GONE))
            .when(pl.col("began").is_null())
            .then(pl.lit(NEVER))
            .when(pl.col("began") >= as_of)
            .then(pl.lit(AHEAD))
            .otherwise(pl.lit(OVER)),
        )
    )
