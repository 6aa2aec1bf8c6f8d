"""What became of each past renewal, as it was known on a day: renewed, lapsed, an outcome of its own, or open."""

from __future__ import annotations

import datetime as dt

import polars as pl

from tenure.base.settings import Membership
from tenure.membership.contract import COMPETING, UNPAID
from tenure.membership.standing import chains, with_payers
from tenure.membership.terms import FOREVER, free_of_charge, known_terms

RENEWED = "renewed"
LAPSED = "lapsed"
PENDING = "pending"


def decisions(terms: pl.DataFrame, members: pl.DataFrame, rules: Membership, *, as_of: dt.date) -> pl.DataFrame:
    """Every renewal that came due, with its outcome.

    A term is renewed when a next term of the same payer was paid by the end of grace, lapsed when none was and grace
    has run out (`as_of` > `ends_on` + grace); until then it is pending, whichever way it seems to go, so that early
    payers do not make a young class look loyal. Death, merger and transfer are outcomes of their own. Lifetime and
    complimentary terms have no renewal to decide; nor has a term that is billed to the organization which pays for
    the person, whose exit is one lapse and not forty. Nor is it known what became of a member whom the source
    no longer has: a term whose grace had not run out by then stays pending, and is no lapse.

    Args:
        terms: All versions of all terms; only those recorded before *as_of* are used.
        members: All versions of all members; likewise. With `away_from` and `away_until` (instants, UTC naive), when
            the source was last seen without a member, and with it again.
        rules: Grace, lifetime and complimentary types.
        as_of: The day on which the labels are read, at its start.

    Returns:
        One line per renewal, sorted by member and end: `member`, `term_id`, `member_type`, `starts_on`, `ends_on`
        (date), `extended` (days given for free, included in `ends_on`), `grace` (days), `dues`, `auto_renew`, `spell`
        (0, 1, … by member), `terms_in_spell`, `outcome` (`renewed`, `lapsed`, `deceased`, `transferred`,
        `merged`, `pending`), `resigned` and `unpaid` (bool: the source says that the term ended by a payment that
        failed), `renewed_on` (date paid, null unless renewed) and `renewal_known_at`
        (instant at which the next term first was recorded, UTC naive, null unless renewed).
    """
    rows = terms.select("member").unique().sort("member").with_row_index("row").with_columns(as_of=pl.lit(as_of))
    walked = chains(known_terms(terms, rows, rules), rules)
    following = walked.with_columns(
        next_spell=pl.col("spell").shift(-1).over("row"),
        next_paid=pl.col("paid").shift(-1).over("row"),
        next_known=pl.col("first_recorded").shift(-1).over("row"),
        next_ends=pl.col("ends").shift(-1).over("row"),
    )
    renewed = (pl.col("next_spell") == pl.col("spell")).fill_null(value=False)
    last_day = pl.col("ends_on") + pl.duration(days=pl.col("grace"))
    outcome = (
        pl.when(pl.lit(as_of) <= last_day)
        .then(pl.lit(PENDING))
        .when(pl.col("ended_by").is_in(list(COMPETING)))
        .then(pl.col("ended_by"))
        .when(renewed)
        .then(pl.lit(RENEWED))
        .when(pl.col("deceased_on").is_not_null() & (pl.col("deceased_on") <= last_day))
        .then(pl.lit("deceased"))
        .when(pl.col("away_from").dt.date() <= last_day)
        .then(pl.lit(PENDING))
        .otherwise(pl.lit(LAPSED))
    )
    listed = pl.col("member_type").is_in(list(rules.list_billed_types)) & pl.col("organization").is_not_null()
    return (
        following.join(_latest(members, as_of), on="member", how="left")
        .join(away_on(members, as_of), on="member", how="left")
        .filter((pl.col("ends") < FOREVER) & ~free_of_charge(rules) & ~listed)
        .with_columns(outcome=outcome, renewed=renewed)
        .select(
            "member", "term_id", "member_type", "starts_on", "ends_on", "extended", "grace", "dues", "auto_renew",
            "spell", (pl.col("place") + 1).alias("terms_in_spell"), "outcome",
            (pl.col("ended_by") == "resigned").fill_null(value=False).alias("resigned"),
            (pl.col("ended_by") == UNPAID).fill_null(value=False).alias("unpaid"),
            pl.when("renewed").then("next_paid").alias("renewed_on"),
            pl.when("renewed").then("next_known").alias("renewal_known_at"),
        )
        .sort("member", "ends_on")
    )  # fmt: skip


def _latest(members: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    known = with_payers(members).filter(pl.col("valid_from") < pl.lit(as_of).cast(pl.Datetime("us")))
    return known.sort("valid_from").group_by("member").agg(pl.col("deceased_on", "organization").last())


def require_absences(members: pl.DataFrame) -> None:
    """Refuse *members* that do not say whom the source no longer has: each of those would count as a lapse.

    Raises:
        ValueError: There is no `away_from`, as in what `Lake.members` returns.
    """
    if "away_from" not in members.columns:
        raise ValueError("the members have no `away_from`: give those of `Lake.members_and_absences`")


def away_on(members: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Who of *members* was known on *as_of* to be away from the source (`member`), and since when (`away_from`)."""
    if "away_from" not in members.columns:
        return pl.DataFrame(schema={"member": pl.Int64, "away_from": pl.Datetime("us")})
    at = pl.lit(as_of).cast(pl.Datetime("us"))
    away = (pl.col("away_from") < at) & (pl.col("away_until").is_null() | (pl.col("away_until") >= at))
    return members.filter(away).select("member", "away_from").unique("member")
