"""Chapters and how much their members take part; and who no longer does, though active elsewhere.

Counted are days on which somebody did something of their own accord, in the primary chapter (by the record of the act
or by its program) or elsewhere. Nothing of what was sent, billed or opened counts.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import polars as pl

from tenure.features.activity import SENT_OR_BILLED
from tenure.insights.shares import interval
from tenure.lake import Lake

YEAR, LATELY, STILL_ACTIVE = 365, 180, 90
"""Days: looked at; of them, the latest that are held against the rest; within which something is done elsewhere."""

FEWEST_DAYS, FEWEST_OCCASIONS = 2, 2
"""Chapter days before from which staying away is a change; and days on which others met lately, to stay away from."""

_MEETING = ("event_attended", "committee_meeting", "committee_led", "volunteer_completed")

_OWN = f"""
CREATE TEMP TABLE own AS
SELECT a.member, p.chapter_id AS primary_chapter, a.occurred_at::DATE AS day,
    bool_or(coalesce(coalesce(a.chapter_id, g.chapter_id) = p.chapter_id, false)) AS in_chapter,
    bool_or(coalesce(a.chapter_id, g.chapter_id) IS DISTINCT FROM p.chapter_id) AS elsewhere,
    bool_or(coalesce(a.chapter_id, g.chapter_id) = p.chapter_id AND a.kind IN {_MEETING}) AS meeting
FROM activity a JOIN people p USING (member)
LEFT JOIN (SELECT ref, any_value(chapter_id) AS chapter_id FROM programs GROUP BY ref) g ON g.ref = a.ref
WHERE a.kind NOT IN (SELECT kind FROM not_acts)
    AND a.occurred_at >= $year AND a.occurred_at < $as_of AND a.recorded_at < $as_of
GROUP BY a.member, p.chapter_id, a.occurred_at::DATE"""

_MEMBERS = """
SELECT member, count(*)::INTEGER AS days,
    count(*) FILTER (in_chapter AND day < $lately)::INTEGER AS chapter_days_before,
    count(*) FILTER (in_chapter AND day >= $lately)::INTEGER AS chapter_days_lately,
    count(*) FILTER (elsewhere AND day >= $still)::INTEGER AS elsewhere_days_lately
FROM own GROUP BY member"""

_OCCASIONS = """
SELECT primary_chapter AS chapter_id, count(DISTINCT day)::INTEGER AS occasions
FROM own WHERE meeting AND day >= $lately GROUP BY primary_chapter"""


@dataclass(frozen=True)
class Chapters:
    """How much members take part in their chapters.

    Args:
        members: One line per member of a chapter, sorted: `member`, `chapter_id`, `days` (own active days of a year),
            `chapter_days_before` and `chapter_days_lately` (of them in the chapter, up to and in the last 180 days),
            `elsewhere_days_lately` (not in the chapter, in the last 90), `score` (0 to 100: how many in a hundred of
            all members of chapters were active on fewer days), `drifts`.
        chapters: One line per chapter, the most drifting first: `chapter_id`, `members`, `took_part_before` and
            `took_part_lately` (members with a chapter day), `share`, `low`, `high` (share who took part in the year,
            with a 95 % interval), `score` (mean of its members', 50 being as usual), `occasions` (days lately on which
            the chapter met), `drifting`.
    """

    members: pl.DataFrame
    chapters: pl.DataFrame


def chapters_of(lake: Lake, people: pl.DataFrame, as_of: dt.date) -> Chapters:
    """How much *people* take part in their chapters, from what was recorded before *as_of*.

    Whoever took part in the chapter on two days and more in the earlier half of a year, on none in the last 180 days
    though the chapter met on two and more, and did something elsewhere in the last 90, drifts. Who moved to another
    chapter does not: only days in the present one count.

    Args:
        lake: Where activity and programs lie.
        people: `member`, `chapter_id` (primary, as known on that day); those without one are left out.
        as_of: The day, at its start.
    """
    known = people.select("member", "chapter_id").drop_nulls().unique("member").sort("member")
    seen, occasions = _counted(lake, known, as_of)
    members = (
        known.join(seen, on="member", how="left")
        .with_columns(pl.selectors.integer().exclude("member").fill_null(0))
        .join(occasions, on="chapter_id", how="left")
        .with_columns(drifts=_drifts(), score=_score())
        .sort("member")
    )
    return Chapters(members.drop("occasions"), _by_chapter(members))


def _counted(lake: Lake, people: pl.DataFrame, as_of: dt.date) -> tuple[pl.DataFrame, pl.DataFrame]:
    start = dt.datetime.combine(as_of, dt.time())
    year, lately, still = (start - dt.timedelta(days=days) for days in (YEAR, LATELY, STILL_ACTIVE))
    with lake.connect() as connection:
        connection.register("people", people.to_arrow())
        connection.register("not_acts", pl.DataFrame({"kind": sorted(SENT_OR_BILLED)}).to_arrow())
        connection.execute(_OWN, {"as_of": start, "year": year})
        seen = connection.sql(_MEMBERS, params={"lately": lately, "still": still}).to_arrow_table()
        occasions = connection.sql(_OCCASIONS, params={"lately": lately}).to_arrow_table()
    return pl.DataFrame(pl.from_arrow(seen)), pl.DataFrame(pl.from_arrow(occasions))


def _drifts() -> pl.Expr:
    came = pl.col("chapter_days_before") >= FEWEST_DAYS
    stays_away = (pl.col("chapter_days_lately") == 0) & (pl.col("occasions").fill_null(0) >= FEWEST_OCCASIONS)
    return came & stays_away & (pl.col("elsewhere_days_lately") > 0)


def _score() -> pl.Expr:
    fewer = pl.col("days").rank("min") - 1
    return (100 * fewer / pl.len()).round().cast(pl.Int32)


def _by_chapter(members: pl.DataFrame) -> pl.DataFrame:
    before, lately = (pl.col(f"chapter_days_{when}") > 0 for when in ("before", "lately"))
    found = members.group_by("chapter_id").agg(
        members=pl.len(),
        took_part_before=before.sum(),
        took_part_lately=lately.sum(),
        took_part=(before | lately).sum(),
        score=pl.col("score").mean().round(1),
        occasions=pl.col("occasions").first().fill_null(0),
        drifting=pl.col("drifts").sum(),
    )
    ends = [interval(part, whole) for part, whole in found.select("took_part", "members").iter_rows()]
    return (
        found.with_columns(
            share=pl.col("took_part") / pl.col("members"),
            low=pl.Series([low for low, _ in ends], dtype=pl.Float64),
            high=pl.Series([high for _, high in ends], dtype=pl.Float64),
        )
        .select(
            "chapter_id", "members", "took_part_before", "took_part_lately", "share", "low", "high", "score",
            "occasions", "drifting",
        )
        .sort(pl.col("drifting") / pl.col("members"), pl.col("chapter_id"), descending=[True, False])
    )  # fmt: skip
