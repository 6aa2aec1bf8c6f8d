"""Members who now work for a listed competitor of the association and take part less than before.

A sensitive guess about a person. It is made only where the association has written down what it is for
(`outreach.displacement_purpose`) and whom it regards as competitors; it ends in an alert to the director, and is never
a feature of the risk model nor a fact of a draft.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import polars as pl

from tenure.base.settings import Settings
from tenure.features.activity import SENT_OR_BILLED
from tenure.insights.employers import named_in, same
from tenure.lake import Lake

YEAR, LATELY, FEWEST_DAYS, DROP = 365, 90, 4, 0.5
"""Days looked back for the change; the latest days, held against the year before them; the fewest active days of that
year from which a drop can be told; and to which share of the earlier pace it must have fallen."""

SCHEMA = {
    "member": pl.Int64(), "competitor": pl.String(), "changed_on": pl.Date(), "by": pl.String(),
    "days_before": pl.Int32(), "days_lately": pl.Int32(), "displaced": pl.Boolean(),
}  # fmt: skip

_DAYS = """
SELECT a.member,
    count(DISTINCT occurred_at::DATE) FILTER (occurred_at < $lately)::INTEGER AS days_before,
    count(DISTINCT occurred_at::DATE) FILTER (occurred_at >= $lately)::INTEGER AS days_lately
FROM activity a SEMI JOIN asked ON asked.member = a.member
WHERE kind NOT IN (SELECT kind FROM not_acts)
    AND occurred_at >= $since AND occurred_at < $as_of AND recorded_at < $as_of
GROUP BY a.member"""


def displacement_of(lake: Lake, settings: Settings, members: pl.Series, as_of: dt.date) -> pl.DataFrame:
    """Which of *members* changed to a listed competitor within a year, from what was recorded before *as_of*.

    By the employer's name, alike enough (`tenure.insights.employers`), or by a job title that holds the competitor's.
    The record must have said something else before: today's values of a plain export have no past and tell no change.
    Displaced are those of them who were active on at most half as many days lately as the year before lets expect.

    Args:
        lake: Where records and activity lie.
        settings: The association's own; without a purpose, or without competitors, the answer is empty.
        members: Pseudonyms of those asked about.
        as_of: The day, at its start.

    Returns:
        One line per member who changed, sorted: `member`, `competitor` (as the settings name it), `changed_on` (the day
        on which the record first said so), `by` (`employer` or `job title`), `days_before` and `days_lately` (own
        active days of the 365 days up to 90 days ago, and since), `displaced`.
    """
    outreach = settings.outreach
    if not outreach.displacement_purpose.strip() or not outreach.competitors:
        return pl.DataFrame(schema=SCHEMA)
    changed = _changed(_versions(lake, members, as_of), outreach.competitors, as_of)
    if changed.is_empty():
        return pl.DataFrame(schema=SCHEMA)
    before, lately = (pl.col(name).fill_null(0) for name in ("days_before", "days_lately"))
    dropped = (before >= FEWEST_DAYS) & (lately <= DROP * before * LATELY / YEAR)
    return (
        changed.join(_days(lake, changed, as_of), on="member", how="left")
        .with_columns(days_before=before, days_lately=lately, displaced=dropped)
        .select(pl.col(name).cast(kind) for name, kind in SCHEMA.items())
        .sort("member")
    )


def _versions(lake: Lake, members: pl.Series, as_of: dt.date) -> pl.DataFrame:
    """Known versions of those asked about, oldest first; plain ones, which say nothing of a past, left out."""
    known = lake.members().filter(
        pl.col("member").is_in(members.implode())
        & (pl.col("valid_from") < dt.datetime.combine(as_of, dt.time()))
        & ~pl.col("plain").fill_null(value=False)
    )
    return known.select("member", "valid_from", "employer", "job_title").sort("member", "valid_from")


def _changed(versions: pl.DataFrame, competitors: tuple[str, ...], as_of: dt.date) -> pl.DataFrame:
    """Who came to a competitor within a year and is there still: by the employer, else by the title."""
    since = as_of - dt.timedelta(days=YEAR)
    found = [
        _came(versions, "employer", lambda name: same(name, competitors), since).with_columns(by=pl.lit("employer")),
        _came(versions, "job_title", lambda text: named_in(text, competitors), since).with_columns(
            by=pl.lit("job title")
        ),
    ]
    return pl.concat(found).unique("member", keep="first", maintain_order=True)


def _came(versions: pl.DataFrame, column: str, named: Callable[[str], str | None], since: dt.date) -> pl.DataFrame:
    """Whose last version names a competitor in *column*, and since when, if a version of before did not."""
    texts = versions[column].drop_nulls().unique()
    meant = pl.DataFrame(
        {column: texts, "competitor": [named(text) for text in texts]}, schema_overrides={"competitor": pl.String}
    )
    told = versions.join(meant, on=column, how="left", maintain_order="left").with_columns(
        same_as_last=pl.col("competitor").eq_missing(pl.col("competitor").last().over("member"))
    )
    stretch = told.with_columns(
        stretch=pl.col("same_as_last").reverse().cum_min().reverse().over("member")  # the unbroken end of the versions
    )
    began = stretch.group_by("member", maintain_order=True).agg(
        pl.col("competitor").last(),
        changed_on=pl.col("valid_from").filter("stretch").first().dt.date(),
        anew=~pl.col("stretch").all(),
    )
    return began.filter(pl.col("competitor").is_not_null() & pl.col("anew") & (pl.col("changed_on") >= since)).drop(
        "anew"
    )


def _days(lake: Lake, changed: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Own active days of each, of the year up to 90 days ago and since."""
    start = dt.datetime.combine(as_of, dt.time())
    lately = start - dt.timedelta(days=LATELY)
    bounds = {"as_of": start, "lately": lately, "since": lately - dt.timedelta(days=YEAR)}
    with lake.connect() as connection:
        connection.register("asked", changed.select("member").to_arrow())
        connection.register("not_acts", pl.DataFrame({"kind": sorted(SENT_OR_BILLED)}).to_arrow())
        rows = connection.sql(_DAYS, params=bounds).to_arrow_table()
    return pl.DataFrame(pl.from_arrow(rows))
