"""Terms as they were known on a day: the ruling version of each, what counts as paid, and free extensions."""

from __future__ import annotations

import datetime as dt

import polars as pl

from tenure.base.settings import FreeExtension, Membership

FOREVER = dt.date(9999, 12, 31)
"""Stands for the end of a lifetime term."""

_SLACK_DAYS = 7
"""A granted term may be a little longer than what was declared, as when it runs to the end of a month."""


def free_of_charge(rules: Membership) -> pl.Expr:
    """Whether a term costs nothing, and so has no renewal to decide."""
    return (pl.col("dues") == 0).fill_null(value=False) | pl.col("member_type").is_in(
        [*rules.complimentary_types, *rules.lifetime_types]
    )


def terms_of(terms: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
    """All versions of each term that ever was one of *members*' (`member`), those of others who had it included.

    What `known_terms` needs to tell whose a term was on which day.
    """
    return terms.join(terms.join(members, on="member", how="semi"), on="term_id", how="semi", maintain_order="left")


def known_terms(terms: pl.DataFrame, rows: pl.DataFrame, rules: Membership) -> pl.DataFrame:
    """Each row's terms as they were known on its day.

    Args:
        terms: All versions of all terms, columns of the contract with `member` for `member_id`.
        rows: `row` (int, unique), `member`, `as_of` (date): which member on which day.
        rules: Whether billing comes before payment, and which extensions were given.

    Returns:
        One line per row and term: `row`, `as_of` and the columns of the version with the latest `recorded_at`
        before the start of `as_of` (00:00 UTC), if that one names the row's member: a term that went from one record
        to another, as where two of one person were put together, was the one's until then and is the other's since,
        from its first version on. With `ends` (date; `FOREVER` for lifetime), `paid` (date): `paid_on`,
        or where that is null the day on which the term first was recorded, `first_recorded` (instant at which it was
        first known as a paid term) and `extended` (days given for free, which `ends_on` and `ends` include). Sorted by
        row, then start. With accrual, a term that was billed but not paid is no term yet.
    """
    known = (
        rows.lazy()
        .join(_of_each_holder(terms).lazy(), on="member", how="inner")
        .filter(pl.col("recorded_at") < pl.col("as_of").cast(pl.Datetime("us")))
        .sort("row", "term_id", "recorded_at")
        .with_columns(*_first_seen(rules))
        .unique(["row", "term_id"], keep="last", maintain_order=True)
        .filter((pl.col("holder") == pl.col("member")) & _is_paid(rules))
        .drop("holder")
        .with_columns(
            paid=pl.coalesce("paid_on", pl.col("first_recorded").dt.date()),
            ends=pl.col("ends_on").fill_null(FOREVER),
        )
        # A term taken back before it began (refunded, or resigned on its first day) is no term.
        .filter(pl.col("ends") >= pl.col("starts_on"))
        .sort("row", "starts_on", "ends", "term_id")
    )
    return _extended(known, rules).drop("first_ends").collect()


def _of_each_holder(terms: pl.DataFrame) -> pl.DataFrame:
    """Every version with its `holder`, the member that it names; of a term that has had several, for each of them as
    `member`."""
    held = terms.select("term_id", "member").unique()
    moved = held.filter(pl.col("term_id").is_duplicated())
    told = terms.with_columns(holder="member")
    if moved.is_empty():
        return told
    kept, shared = (told.join(moved, on="term_id", how=how) for how in ("anti", "semi"))
    return pl.concat([kept, shared.drop("member").join(moved, on="term_id").select(told.columns)])


def _first_seen(rules: Membership) -> list[pl.Expr]:
    """When each term first was recorded, as a paid one where billing comes first; and the end it then had."""
    over = ("row", "term_id")
    first = pl.col("recorded_at").first().over(over)
    if rules.accrual:
        paid = pl.when(pl.col("paid_on").is_not_null()).then(pl.col("recorded_at"))
        first = pl.coalesce(paid.min().over(over), first)
    return [first.alias("first_recorded"), pl.col("ends_on").first().over(over).alias("first_ends")]


def _is_paid(rules: Membership) -> pl.Expr:
    if not rules.accrual:
        return pl.lit(value=True)
    return pl.col("paid_on").is_not_null() | pl.col("ends_on").is_null() | free_of_charge(rules)


def _extended(known: pl.LazyFrame, rules: Membership) -> pl.LazyFrame:
    """Read every declared extension as what it is: a later end of the same term."""
    known = known.with_columns(extended=pl.lit(0, dtype=pl.Int64))
    for extension in rules.free_extensions:
        known = _READ[extension.recorded](known, extension)
    return known


def _concerns(extension: FreeExtension, ends: pl.Expr) -> pl.Expr:
    """Terms of its types that ended within its stretch, on days that knew of it."""
    of_type = pl.col("member_type").is_in(list(extension.types)) if extension.types else pl.lit(value=True)
    within = ends.is_between(extension.since, extension.until)
    return (of_type & within & (pl.col("as_of") > extension.since)).fill_null(value=False)


def _moved(known: pl.LazyFrame, extension: FreeExtension) -> pl.LazyFrame:
    """The record shows the later end already; say how much of it was given."""
    given = (pl.col("ends_on") - pl.col("first_ends")).dt.total_days()
    concerned = _concerns(extension, pl.col("first_ends")) & (given > 0)
    days = pl.when(concerned).then(pl.min_horizontal(given, pl.lit(extension.days)))
    return known.with_columns(extended=pl.col("extended") + days.fill_null(0))


def _granted(known: pl.LazyFrame, extension: FreeExtension) -> pl.LazyFrame:
    """A short term without dues after a paid one is the last stretch of that one, and no renewal."""
    length = (pl.col("ends") - pl.col("starts_on")).dt.total_days() + 1
    free = pl.col("dues").fill_null(0) == 0
    short = length <= extension.days + _SLACK_DAYS
    before = pl.col("starts_on") - pl.duration(days=1)
    return (
        known.with_columns(grant=free & short & _concerns(extension, before))
        .with_columns(paid_term=(~pl.col("grant")).cast(pl.Int32).cum_sum().over("row"))
        .with_columns(reached=pl.col("ends").max().over("row", "paid_term"))
        .filter(~pl.col("grant") | (pl.col("paid_term") == 0))
        .with_columns(more=pl.when(~pl.col("grant")).then((pl.col("reached") - pl.col("ends")).dt.total_days()))
        .with_columns(_later("ends"), _later("ends_on"), extended=pl.col("extended") + pl.col("more").fill_null(0))
        .drop("grant", "paid_term", "reached", "more")
    )


def _later(name: str) -> pl.Expr:
    return pl.when(pl.col("more") > 0).then(pl.col("reached")).otherwise(pl.col(name)).alias(name)


def _unrecorded(known: pl.LazyFrame, extension: FreeExtension) -> pl.LazyFrame:
    """The record still shows the old end; the days are added."""
    more = pl.when(_concerns(extension, pl.col("ends_on"))).then(extension.days).otherwise(0)
    added = pl.duration(days=pl.col("more"))
    return (
        known.with_columns(more=more.cast(pl.Int64))
        .with_columns(
            ends_on=pl.col("ends_on") + added,
            ends=pl.when(pl.col("ends_on").is_not_null()).then(pl.col("ends") + added).otherwise("ends"),
            extended=pl.col("extended") + pl.col("more"),
        )
        .drop("more")
    )


_READ = {"ends_moved": _moved, "granted_term": _granted, "not_recorded": _unrecorded}
