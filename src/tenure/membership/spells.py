"""Spells: a payer's unbroken stretches of paid terms, each with how it began and how it ended."""

from __future__ import annotations

import datetime as dt

import polars as pl

from tenure.base.settings import Membership
from tenure.membership.contract import COMPETING
from tenure.membership.outcomes import LAPSED, decisions
from tenure.membership.standing import chains, with_payers
from tenure.membership.terms import FOREVER, known_terms

RUNNING = "running"


def spells(
    terms: pl.DataFrame,
    members: pl.DataFrame,
    rules: Membership,
    *,
    as_of: dt.date,
    found: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Every spell as it was known on *as_of*.

    People whose terms are billed to their organization have none of their own.

    Args:
        terms: All versions of all terms; only those recorded before *as_of* are used.
        members: All versions of all members; likewise.
        rules: The association's own.
        as_of: The day, at its start.
        found: `tenure.membership.decisions` of the same, where the caller has it already.

    Returns:
        One line per payer and spell, sorted by both: `member`, `spell` (0 for the first), `member_type` (of the last
        term), `began`, `first_ends` (end of the first term) and `ends` (dates; `FOREVER` for lifetime), `grace`
        (days), `terms`, `dues` (of the last term), `outcome` (of its end: `lapsed`, `deceased`, `transferred`,
        `merged`, or `running`). Who died is a member until that day, whatever the term.
    """
    rows = terms.select("member").unique().sort("member").with_row_index("row").with_columns(as_of=pl.lit(as_of))
    walked = chains(known_terms(terms, rows, rules), rules)
    latest = with_payers(members).filter(pl.col("valid_from") < pl.lit(as_of).cast(pl.Datetime("us")))
    people = latest.sort("valid_from").group_by("member").agg(pl.col("organization", "deceased_on").last())
    listed = pl.col("member_type").is_in(list(rules.list_billed_types)) & pl.col("organization").is_not_null()
    ends = [LAPSED, *COMPETING]
    found = decisions(terms, members, rules, as_of=as_of) if found is None else found
    decided = found.select("term_id", "outcome")
    return (
        walked.join(people, on="member", how="left")
        .filter(~listed.fill_null(value=False))
        .group_by("member", "spell", maintain_order=True)
        .agg(
            pl.col("member_type", "grace", "dues", "term_id", "deceased_on").last(),
            began=pl.col("starts_on").min(),
            first_ends=pl.col("ends").first(),
            ends=pl.col("ends").max(),
            terms=pl.len(),
        )
        .join(decided, on="term_id", how="left")
        .with_columns(outcome=_how_it_ended(ends, as_of))
        .with_columns(died=_has_died(as_of))
        .with_columns(
            ends=pl.when("died").then("deceased_on").otherwise("ends"),
            outcome=pl.when("died").then(pl.lit("deceased")).otherwise("outcome"),
        )
        .select("member", "spell", "member_type", "began", "first_ends", "ends", "grace", "terms", "dues", "outcome")
        .sort("member", "spell")
    )


def _how_it_ended(ends: list[str], as_of: dt.date) -> pl.Expr:
    """Complimentary terms have no renewal to decide; such a membership is over when its days are."""
    decided = pl.when(pl.col("outcome").is_in(ends)).then(pl.col("outcome"))
    days_are_over = pl.col("ends") + pl.duration(days=pl.col("grace")) < pl.lit(as_of)
    over = pl.when((pl.col("ends") < FOREVER) & days_are_over).then(pl.lit(LAPSED))
    return pl.coalesce(decided, over, pl.lit(RUNNING))


def _has_died(as_of: dt.date) -> pl.Expr:
    """Whether a spell that would still run ended by a death."""
    died = (pl.col("deceased_on") < pl.lit(as_of)) & (pl.col("deceased_on") >= pl.col("began"))
    return (died & (pl.col("outcome") == RUNNING) & (pl.col("deceased_on") <= pl.col("ends"))).fill_null(value=False)
