"""Who belonged to which organization, from when until when, as far as it was known on each day.

People are counted by what their records say of them: whom a record names as the payer, and whether the record itself
still stands. Somebody who moved on, died, was merged away, was deleted at the source or fell out of the list that the
organization is billed by is none of its people any more, though an old version of the record names it still.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from tenure.base.settings import Membership
from tenure.membership.standing import NEVER_KNOWN, grace_days, with_payers
from tenure.membership.terms import FOREVER, known_terms, terms_of

_NEVER = dt.datetime(9999, 1, 1)  # noqa: DTZ001
_LAST = ("deceased", "merged")
"""Ends of somebody's own term after which there is nobody left. A transfer is none: it may be to the organization."""

_RUNS, _LISTED, _FOR_GOOD = range(3)
"""Whether somebody's own terms say that they are over: they do not, the one billed to an organization is, all are."""

_INSTANT = pl.Datetime("us")
_SPAN = {"organization": pl.Int64(), "person": pl.Int64(), "since": _INSTANT, "until": _INSTANT}


def belonging(members: pl.DataFrame, terms: pl.DataFrame, departures: pl.DataFrame, rules: Membership) -> pl.DataFrame:
    """The stretches in which people were known to belong to an organization.

    Whoever has one with `since` < T ≤ `until` by the day, so that nothing recorded on T or later counts, belonged to
    the organization at the start of T.

    Args:
        members: All versions of all members.
        terms: All versions of all terms; only those of people with a payer are read.
        departures: `member`, `known_at`, `gone`: when it was seen that the source no longer has somebody, or has again.
        rules: Types that are billed to the organization, and their grace.

    Returns:
        `organization`, `person`, `since`, `until` (instants, UTC naive): sorted by the first two and `since`, apart
        from one another for each person. A first version of unknown age counts from the day of joining that it names,
        since nobody belonged before. A death ends it on its day, or where it became known later, then; an own term
        that ended by death or merger, likewise; a term that is billed to the organization, when its grace is over, or
        where it was ended, with it.
    """
    theirs = with_payers(members)
    theirs = theirs.filter((pl.col("organization") != pl.col("member")).any().over("member").fill_null(value=False))
    if theirs.is_empty():
        return pl.DataFrame(schema=_SPAN)
    who = theirs.select("member").unique()
    points = pl.concat(
        [_said(theirs), _away(departures.join(who, on="member", how="semi")), _over(terms, who, rules)],
        how="diagonal_relaxed",
    ).sort("member", "at", maintain_order=True)
    named = pl.when(pl.col("organization") != pl.col("member")).then("organization")
    told = (
        points.with_columns(pl.col("organization", "away", "over").forward_fill().over("member"))
        # A term tells of the organization that was named when it was entered, not of one that came later; one that was
        # entered before there was a record, of the first that was named.
        .with_columns(billed=pl.when("entered").then("organization").forward_fill().over("member"))
        .with_columns(pl.col("billed").fill_null(named.drop_nulls().first().over("member")))
        .with_columns(until=pl.col("at").shift(-1).over("member").fill_null(_NEVER))
    )
    over = (pl.col("over") == _FOR_GOOD) | ((pl.col("over") == _LISTED) & (pl.col("billed") == pl.col("organization")))
    here = (pl.col("organization") != pl.col("member")) & ~pl.col("away").fill_null(value=False)
    return (
        told.filter(here & ~over.fill_null(value=False) & (pl.col("at") < pl.col("until")))
        .select("organization", person="member", since="at", until="until")
        .sort("organization", "person", "since")
    )


def people_known(spans: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """How many people belonged to each row's member on its day.

    Args:
        spans: As `belonging` returns.
        rows: `row` (int, unique), `member`, `as_of` (date).

    Returns:
        `row`, `people`: one line per row.
    """
    found = rows.select("row", "member", "as_of").join(spans, left_on="member", right_on="organization")
    counted = found.filter(_holds(pl.col("as_of"))).group_by("row").agg(people=pl.col("person").n_unique())
    return (
        rows.select("row")
        .join(counted, on="row", how="left", maintain_order="left")
        .with_columns(pl.col("people").fill_null(0))
    )


def belonged_on(spans: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Who belonged to whom at the start of *as_of*: `organization`, `member`; *spans* as `belonging` returns them."""
    return spans.filter(_holds(pl.lit(as_of))).select("organization", member="person")


def _holds(day: pl.Expr) -> pl.Expr:
    """Whether a stretch holds the start of *day*: what ended during a day is over at the start of the next."""
    return (pl.col("since").dt.date() < day) & (pl.col("until").dt.date() >= day)


def _said(versions: pl.DataFrame) -> pl.DataFrame:
    """From when on a record named whom as the payer; the member itself where it named nobody, or nobody was left."""
    ordered = versions.sort("member", "valid_from").with_columns(
        following=pl.col("valid_from").shift(-1).over("member").fill_null(_NEVER)
    )
    joined = pl.col("join_date").cast(_INSTANT)
    since = pl.when(pl.col("valid_from") <= NEVER_KNOWN).then(pl.max_horizontal("valid_from", joined))
    named = ordered.select(
        "member",
        "following",
        "deceased_on",
        at=pl.coalesce(since, "valid_from"),
        organization=pl.coalesce("organization", "member"),
    )
    died = pl.max_horizontal("at", pl.col("deceased_on").cast(_INSTANT))
    deaths = named.drop_nulls("deceased_on").with_columns(at=died, organization=pl.col("member"))
    return pl.concat([named, deaths]).filter(pl.col("at") < pl.col("following")).select("member", "at", "organization")


def _away(departures: pl.DataFrame) -> pl.DataFrame:
    return departures.select("member", at="known_at", away="gone")


def _over(terms: pl.DataFrame, who: pl.DataFrame, rules: Membership) -> pl.DataFrame:
    """When somebody's own terms, as they were known from one day to the next, said that they are over, and when not.

    Returns:
        `member`, `at`, `over` (one of `_RUNS`, `_LISTED`, `_FOR_GOOD`), `entered` (true where a term was recorded).
    """
    theirs = terms_of(terms, who)
    if theirs.is_empty():
        return pl.DataFrame(schema={"member": pl.Int64, "at": _INSTANT, "over": pl.Int32, "entered": pl.Boolean})
    told = theirs.join(theirs.select("term_id", whose="member").unique(), on="term_id").drop("member")
    days = told.group_by(member="whose", day=pl.col("recorded_at").dt.date()).agg(at=pl.col("recorded_at").max())
    rows = (
        days.join(who, on="member", how="semi")
        .sort("member", "day")
        .with_row_index("row")
        .with_columns(as_of=pl.col("day") + pl.duration(days=1))
    )
    last = known_terms(theirs, rows.select("row", "member", "as_of"), rules).group_by("row", maintain_order=True).last()
    said = (
        rows.join(last.select("row", "member_type", "ends", "ended_by"), on="row", how="left")
        .with_columns(grace=grace_days("member_type", rules), next_day=pl.col("day").shift(-1).over("member"))
        .with_columns(over=_how_over(rules))
        .with_columns(over_on=_over_on())
        .sort("row")
    )
    reached = (pl.col("over_on") <= pl.col("day")).fill_null(value=False)
    now = said.select("member", "at", over=pl.when(reached).then("over").otherwise(_RUNS), entered=pl.lit(value=True))
    before_next = (pl.col("over_on") < pl.col("next_day")).fill_null(value=True)
    later = said.drop_nulls("over_on").filter(~reached & before_next)
    return pl.concat([
        now, later.select("member", at=pl.col("over_on").cast(_INSTANT), over="over", entered=pl.lit(value=False)),
    ])  # fmt: skip


def _how_over(rules: Membership) -> pl.Expr:
    """In which way the last of the terms comes to be over; null for one that tells nothing, and one for life."""
    listed = pl.col("member_type").is_in(list(rules.list_billed_types)) & (pl.col("ends") < FOREVER)
    return (
        pl.when(pl.col("ended_by").is_in([*_LAST]))
        .then(pl.lit(_FOR_GOOD, pl.Int32))
        .when(listed)
        .then(pl.lit(_LISTED, pl.Int32))
    )


def _over_on() -> pl.Expr:
    """The last day on which the last of the terms still counts: of its grace, unless it was ended."""
    last = pl.when(pl.col("ended_by").is_null()).then(pl.col("ends") + pl.duration(days=pl.col("grace")))
    return pl.when(pl.col("over").is_not_null()).then(pl.coalesce(last, "ends"))
