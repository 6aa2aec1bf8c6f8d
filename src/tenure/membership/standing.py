"""Where each member stood on a day, from what was known on it: running term, spell, grace, kind of membership.

Everything here answers for pairs of member and day, so that one night (every member, one day) and training (each
member on the days before past renewals) go the same way and cannot drift apart.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from tenure.base.settings import Membership
from tenure.membership.contract import COMPETING
from tenure.membership.later_terms import kind_of
from tenure.membership.terms import free_of_charge, known_terms

NEVER_KNOWN = dt.datetime(1970, 1, 1)  # noqa: DTZ001
"""`valid_from` of a plain export's first version: today's values, of unknown age. UTC, naive as in the lake."""


def grace_days(member_type: str, rules: Membership) -> pl.Expr:
    """Grace days of each row by the column called *member_type*."""
    default = rules.grace_days.get("default", 30)
    special = {key: days for key, days in rules.grace_days.items() if key != "default"}
    if not special:
        return pl.lit(default, dtype=pl.Int64)
    return pl.col(member_type).replace_strict(special, default=default, return_dtype=pl.Int64)


def chains(known: pl.DataFrame, rules: Membership) -> pl.DataFrame:
    """Mark where a spell begins among each row's terms.

    A term continues the spell when it was paid by the last day of the grace of the one before it.

    Args:
        known: As `tenure.membership.terms.known_terms` returns.
        rules: Grace by member type.

    Returns:
        *known* with `grace` (days), `spell` (0, 1, … within the row), `previous_ends` (latest end before this term,
        null for the first) and `place` (0, 1, … within the spell).
    """
    with_grace = known.with_columns(grace=grace_days("member_type", rules))
    before = with_grace.with_columns(
        previous_ends=pl.col("ends").cum_max().shift(1).over("row"),
        previous_grace=pl.col("grace").shift(1).over("row"),
    )
    overdue = pl.col("paid") > pl.col("previous_ends") + pl.duration(days=pl.col("previous_grace"))
    return (
        before.with_columns(spell=overdue.fill_null(value=False).cast(pl.Int32).cum_sum().over("row"))
        .with_columns(place=pl.int_range(pl.len(), dtype=pl.Int32).over("row", "spell"))
        .drop("previous_grace")
    )


def standing(terms: pl.DataFrame, members: pl.DataFrame, rows: pl.DataFrame, rules: Membership) -> pl.DataFrame:
    """Where each row's member stood on its day.

    Args:
        terms: All versions of all terms.
        members: All versions of all members.
        rows: `row` (int, unique), `member`, `as_of` (date).
        rules: Grace, lifetime and complimentary types.

    Returns:
        One line per row whose member had any term known by then, sorted by `row`:
        `term_id`, `member_type`, `starts_on`, `ends` (date; FOREVER for lifetime), `renewal_due_on` (date, null for
        lifetime), `grace` (days), `spell_began` (date), `terms_in_spell`, `spells` (1 and more), `dues`,
        `previous_dues`, `type_changed` (against the term before, null in the first), `upgrades`, `downgrades` (changes
        of type to higher or lower dues, over all terms), `billed_on`, `due_on`, `paid` (date), `paid_early` (days by
        which the running term was paid before the end of the one before it, null in the first), `paid_early_mean` and
        `paid_in_grace` (mean of the same over the spell, and share that was negative), `paid_late_mean` (mean days
        from due to paid over all terms), `repeated_days` (of the spell's terms of the running one's type, the length of
        the last that was as long as the one before it, without days given for free; null where none was),
        `repeated_began` and `repeated_before` (start of that term, and of the one before it), `began_before` (start of
        the term of the spell before the running one, null in the first), `cycle_began` and `previous_cycle_began`
        (start of the term of the spell that holds the day, and of the one before it; null where there is none),
        `extended` (days that the running term was made longer for free), `auto_renew`,
        `installments`, `resigned` (bool), `gone` (bool: death, merger, transfer or objection known), `lifetime`,
        `complimentary`, `list_billed` (bool: the term is billed to the organization that pays for the person),
        `in_grace`, `active` (bool).
    """
    walked = chains(known_terms(terms, rows, rules), rules)
    return (
        _summary(walked)
        .join(_person_known(members, rows), on="row", how="left")
        .with_columns(*_verdicts(rules))
        .with_columns(
            active=((pl.col("as_of") - pl.col("ends")).dt.total_days() <= pl.col("grace"))
            & ~pl.col("gone")
            & ~pl.col("list_billed")
        )
        .sort("row")
    )


def _summary(walked: pl.DataFrame) -> pl.DataFrame:
    """The running term of each row and the spell around it."""
    days = (pl.col("ends") - pl.col("starts_on")).dt.total_days() + 1 - pl.col("extended")
    running = walked.with_columns(
        spells=pl.col("spell").max().over("row") + 1,
        spell_began=pl.col("starts_on").min().over("row", "spell"),
        first_term_on=pl.col("starts_on").min().over("row"),
        previous_dues=pl.col("dues").shift(1).over("row", "spell"),
        began_before=pl.col("starts_on").shift(1).over("row", "spell"),
        type_changed=pl.col("member_type") != pl.col("member_type").shift(1).over("row", "spell"),
        paid_early=pl.when(pl.col("place") > 0).then((pl.col("previous_ends") - pl.col("paid")).dt.total_days()),
        days=days,
        repeats=kind_of(days) == kind_of(days).shift(1).over("row", "spell"),
    )
    last = running.group_by("row", maintain_order=True).last()
    return (
        last.select(
            "row", "member", "as_of", "spell", "term_id", "member_type", "starts_on", "ends",
            pl.col("ends_on").alias("renewal_due_on"), "grace", "spell_began", "first_term_on",
            (pl.col("place") + 1).alias("terms_in_spell"), "spells", "dues", "previous_dues", "billed_on", "due_on",
            "paid", "extended", "began_before", "type_changed", "paid_early", "auto_renew", "installments", "ended_by",
        )
        .join(_habits(running), on="row", how="left")
        .join(_cycles(running), on=["row", "spell"], how="left")
        .drop("spell")
    )  # fmt: skip


def _habits(running: pl.DataFrame) -> pl.DataFrame:
    """How the terms known by each row's day were paid, and how they moved between types."""
    moved = pl.col("type_changed") & (pl.col("dues") != pl.col("previous_dues"))
    up = pl.col("dues") > pl.col("previous_dues")
    current = pl.col("spell") == pl.col("spells") - 1
    of_its_type = ~pl.col("type_changed") & (pl.col("member_type") == pl.col("member_type").last())
    again = current & of_its_type & pl.col("repeats")
    return running.group_by("row").agg(
        upgrades=(moved & up).sum(),
        downgrades=(moved & ~up).sum(),
        paid_early_mean=pl.col("paid_early").filter(current).mean(),
        paid_in_grace=(pl.col("paid_early").filter(current) < 0).mean(),
        paid_late_mean=(pl.col("paid") - pl.col("due_on")).dt.total_days().mean(),
        repeated_days=pl.col("days").filter(again).last(),
        repeated_began=pl.col("starts_on").filter(again).last(),
        repeated_before=pl.col("began_before").filter(again).last(),
    )


def _cycles(running: pl.DataFrame) -> pl.DataFrame:
    """Start of the term that holds each row's day, and of the one before it, by row and spell."""
    begun = running.filter(pl.col("starts_on") <= pl.col("as_of")).select("row", "spell", "starts_on").unique()
    starts = begun.sort("row", "spell", "starts_on").group_by("row", "spell", maintain_order=True)
    return starts.agg(
        cycle_began=pl.col("starts_on").last(),
        previous_cycle_began=pl.when(pl.len() > 1).then(pl.col("starts_on").get(-2, null_on_oob=True)),
    )


def _person_known(members: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """What was known of each row's member as a person: death and objection."""
    known = (
        rows.lazy()
        .join(
            with_payers(members)
            .lazy()
            .select("member", "valid_from", "record_type", "organization", "objects_to_profiling", "deceased_on"),
            on="member",
        )
        .filter(pl.col("valid_from") < pl.col("as_of").cast(pl.Datetime("us")))
        .sort("row", "valid_from")
        .unique("row", keep="last", maintain_order=True)
    )
    # A plain export says when a member died but not when that became known; the day itself stands for it.
    died = pl.col("deceased_on").is_not_null() & (pl.col("deceased_on") < pl.col("as_of"))
    return known.select(
        "row",
        "record_type",
        "organization",
        died.fill_null(value=False).alias("died"),
        pl.col("objects_to_profiling").fill_null(value=False).alias("objects"),
    ).collect()


def with_payers(members: pl.DataFrame) -> pl.DataFrame:
    """*members* with the column `organization`, null where the source never names one."""
    return members if "organization" in members.columns else members.with_columns(organization=pl.lit(None, pl.Int64))


def _verdicts(rules: Membership) -> list[pl.Expr]:
    lifetime = pl.col("renewal_due_on").is_null() | pl.col("member_type").is_in(list(rules.lifetime_types))
    competing = pl.col("ended_by").is_in(list(COMPETING)).fill_null(value=False)
    gone = competing | pl.col("died").fill_null(value=False) | pl.col("objects").fill_null(value=False)
    days_past = (pl.col("as_of") - pl.col("ends")).dt.total_days()
    listed = pl.col("member_type").is_in(list(rules.list_billed_types)) & pl.col("organization").is_not_null()
    return [
        lifetime.alias("lifetime"),
        (free_of_charge(rules) & ~lifetime).alias("complimentary"),
        listed.fill_null(value=False).alias("list_billed"),
        gone.alias("gone"),
        pl.col("objects").fill_null(value=False),
        pl.col("record_type").fill_null("individual"),
        (pl.col("ended_by") == "resigned").fill_null(value=False).alias("resigned"),
        ((days_past > 0) & (days_past <= pl.col("grace"))).alias("in_grace"),
    ]
