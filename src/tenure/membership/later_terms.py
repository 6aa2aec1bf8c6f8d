"""How long the terms after the running one are, and what one costs.

A running term need not be like those to come: a joiner pays for the 23 days until the common renewal day and by the
year from then on. What comes again is told by members whose terms did.
"""

from __future__ import annotations

import polars as pl

_MONTH = 31
"""Days of the longest term that is renewed at once: whoever bridges to another renewal day bridges more than these."""

_SOME = 0.05
"""Of the members of a type, the least share whose terms come again at a length for that length to be one of the type's;
less may be a handful of arrangements of their own."""


def kind_of(days: pl.Expr) -> pl.Expr:
    """Which terms are equally long: by the month from 28 days on, as months and years vary in days; else by the day."""
    return pl.when(days < 28).then(-days).otherwise((days / 30.4375).round().cast(pl.Int64))


def whole_months(began: pl.Expr, after: pl.Expr, before: pl.Expr) -> pl.Expr:
    """How many months of the calendar a term is, 0 where it is not of whole ones.

    Who paid for as many days before as now, from another day of the month on, pays by days: thirty of them look like a
    month in November.

    Args:
        began: The first day of the term.
        after: The first day after it, days given for free left out.
        before: The first day of the term before it, null where there is none.
    """
    months = 12 * (after.dt.year() - began.dt.year()) + after.dt.month().cast(pl.Int64) - began.dt.month()
    # Terms from the 29th on begin on the last day of a month that has no such day, as on 28 February.
    day = pl.max_horizontal(began.dt.day(), after.dt.day())
    is_whole = _falls_on(day, began) & _falls_on(day, after)
    # Others let a term from 29 February go on from 1 March where there is none.
    goes_over = (after.dt.day() == 1) & (after.dt.offset_by("-1d").dt.day() < began.dt.day())
    day = pl.max_horizontal(day, before.dt.day())
    by_days = (began - before == after - began) & ~(
        _falls_on(day, before) & _falls_on(day, began) & _falls_on(day, after)
    )
    months = pl.when(is_whole).then(months).when(goes_over).then(months - 1).otherwise(0)
    return pl.when(by_days.fill_null(value=False)).then(0).otherwise(months).cast(pl.Int64)


def _falls_on(day: pl.Expr, date: pl.Expr) -> pl.Expr:
    """Whether *date* is the *day* of its month, or the last of a month that has no such day."""
    return date.dt.day() == pl.min_horizontal(day, date.dt.month_end().dt.day())


def later_terms(stood: pl.DataFrame) -> pl.DataFrame:
    """Length and dues of the terms after the running one, as far as the record of the day tells.

    As long as the running one are they where it came again, or was renewed for a month or less, or where there is
    nothing to compare it with. A first term of its type, or one of a length of its own, says nothing of those to come:
    those are as long as terms of its kind are that came again with other members of the type; where its kind does
    not, as the type's usual ones are, and they cost what those do, since such a term is paid for in part.

    Args:
        stood: As `tenure.membership.standing` returns, of one day: all members who are active and have a renewal to
            come.

    Returns:
        In the same order `days` (at least 1), `dues` (of one term; null where not known) and `months`: of the calendar,
        where terms are of whole ones, and so end on the same day of the month whatever their days; else 0.
    """
    opens = (pl.col("terms_in_spell") == 1) | pl.col("type_changed").fill_null(value=False)
    again, day = pl.col("repeated_began"), pl.duration(days=1)
    after = pl.col("ends") + day - pl.col("extended") * day
    asked = (
        stood.select(
            "member_type", "repeated_days", pl.col("dues").cast(pl.Float64), opens=opens,
            own=(after - pl.col("starts_on")).dt.total_days(),
            months=whole_months(pl.col("starts_on"), after, pl.col("began_before")),
            repeated_months=whole_months(again, again + pl.col("repeated_days") * day, pl.col("repeated_before")),
        )
        .with_columns(
            pl.coalesce(f"repeated_{name}", pl.when(~pl.col("opens")).then(own)).alias(f"comes_{name}")
            for name, own in (("days", "own"), ("months", "months"))
        )
        .with_columns(kind=kind_of(pl.col("own")), again=kind_of(pl.col("comes_days")))
    )  # fmt: skip
    kinds = _kinds(asked)
    usual = kinds.unique("member_type", keep="first", maintain_order=True)
    known = asked.join(
        kinds.filter(pl.col("share") >= _SOME).select(
            "member_type", kind="again", kind_days="days", kind_months="months"
        ),
        on=["member_type", "kind"], how="left", maintain_order="left",
    ).join(
        usual.select("member_type", usual_days="days", usual_dues="dues", usual_months="months"),
        on="member_type", how="left", maintain_order="left",
    )  # fmt: skip
    as_now = (pl.col("kind") == pl.col("again")) | (~pl.col("opens") & (pl.col("own") <= _MONTH))
    unlike = ~as_now.fill_null(value=False) & pl.col("kind_days").is_null()
    days, months = (
        pl.when(as_now).then(own).otherwise(pl.coalesce(f"kind_{name}", f"usual_{name}", own))
        for name, own in (("days", "own"), ("months", "months"))
    )
    return known.select(
        days=days.clip(lower_bound=1),
        dues=pl.when(unlike).then(pl.coalesce("usual_dues", "dues")).otherwise("dues"),
        months=months,
    )


def _kinds(asked: pl.DataFrame) -> pl.DataFrame:
    """The lengths at which terms of each type come again: how many members', days and dues in their middle, and whole
    months, if most are of them; the most frequent first."""
    middle = pl.col("comes_days").quantile(0.5, "lower").cast(pl.Int64)
    return (
        asked.drop_nulls("again")
        .group_by("member_type", "again")
        .agg(
            members=pl.len(),
            days=middle,
            dues=pl.col("dues").filter(pl.col("kind") == pl.col("again")).median(),
            months=pl.col("comes_months").mode().min(),
        )
        .with_columns(share=pl.col("members") / pl.col("members").sum().over("member_type"))
        .sort("members", "days", "member_type", descending=True)
    )
