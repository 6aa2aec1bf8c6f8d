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


def whole_months() -> pl.Expr:
    """How many months of the calendar the running term is, 0 where it is not of whole ones.

    Who paid for as many days before as now, from another day of the month on, pays by days: thirty of them look like a
    month in November.
    """
    after = pl.col("ends") + pl.duration(days=1) - pl.duration(days=pl.col("extended"))
    length = (after - pl.col("starts_on")).dt.total_days()
    months = (length / 30.4375).round().cast(pl.Int64)
    span = pl.concat_str(pl.max_horizontal(months, pl.lit(1)).cast(pl.String), pl.lit("mo"))
    # The last days of a month have no like in each: a year from 29 February ends on the 27th or the 28th.
    slack = pl.when(pl.col("starts_on").dt.day() > 28).then(3).otherwise(0)
    whole = (months >= 1) & ((pl.col("starts_on").dt.offset_by(span) - after).dt.total_days().abs() <= slack)
    before, began = pl.col("previous_cycle_began"), pl.col("cycle_began")
    by_days = ((began - before).dt.total_days() == length) & (before.dt.offset_by(span) != began) & (slack == 0)
    return pl.when(whole & ~by_days.fill_null(value=False)).then(months).otherwise(0)


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
    asked = (
        stood.select(
            "member_type", "repeated_days", pl.col("dues").cast(pl.Float64), opens=opens,
            own=(pl.col("ends") - pl.col("starts_on")).dt.total_days() + 1 - pl.col("extended"), months=whole_months(),
        )
        .with_columns(comes=pl.coalesce("repeated_days", pl.when(~pl.col("opens")).then("own")))
        .with_columns(kind=kind_of(pl.col("own")), again=kind_of(pl.col("comes")))
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
    middle = pl.col("comes").quantile(0.5, "lower").cast(pl.Int64)
    return (
        asked.drop_nulls("again")
        .group_by("member_type", "again")
        .agg(
            members=pl.len(),
            days=middle,
            dues=pl.col("dues").filter(pl.col("kind") == pl.col("again")).median(),
            months=pl.col("months").filter(pl.col("kind") == pl.col("again")).mode().min(),
        )
        .with_columns(share=pl.col("members") / pl.col("members").sum().over("member_type"))
        .sort("members", "days", "member_type", descending=True)
    )
