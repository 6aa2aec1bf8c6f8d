"""What an association offers its members, and which of it those who left had used, against those who renewed."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from tenure.base.settings import Settings
from tenure.insights.evidence import by_actor
from tenure.insights.shares import difference
from tenure.lake import Lake
from tenure.membership import LAPSED, RENEWED, decisions

YEAR = 365


class Benefit(NamedTuple):
    """A kind of benefit.

    Args:
        name: As a sentence says it.
        kinds: The kinds of activity that use it.
        program: How a single program of it is named, with `{title}` or `{the}` (the title with its article).
    """

    name: str
    kinds: tuple[str, ...]
    program: str


BENEFITS = (
    Benefit("events", ("event_attended",), "{the}"),
    Benefit("committee work", ("committee_meeting", "committee_led"), "{the} committee"),
    Benefit("volunteering", ("volunteer_completed",), "volunteering"),
    Benefit("courses", ("learning_started", "learning_completed"), "the course {title}"),
    Benefit("the resource library", ("resource_download",), "{the}"),
    Benefit("the member community", ("community_post", "community_comment"), "the member community"),
    Benefit("the career center", ("career_center_used",), "the career center"),
)
"""In the order in which equals stand."""


def use_before(lake: Lake, ends: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """Which benefits members used in the last two years before an end.

    Args:
        lake: Where activity lies.
        ends: `row` (unique), `member`, `ends` (date).
        as_of: Only what was recorded before it counts.

    Returns:
        One line per row of *ends* in which any was used, with, for each benefit by its place in `BENEFITS`, `final_0` …
        (used in the 365 days up to the end) and `before_0` … (in the 365 days before those).
    """
    final = f"a.occurred_at > e.ends - INTERVAL {YEAR} DAY"
    columns = ", ".join(
        f"bool_or(a.kind IN {_listed(benefit.kinds)} AND {when}{final}) AS {name}_{place}"
        for place, benefit in enumerate(BENEFITS)
        for name, when in (("final", ""), ("before", "NOT "))
    )
    kinds = _listed(tuple(kind for benefit in BENEFITS for kind in benefit.kinds))
    # An end is a day, and its evening still belongs to it.
    query = f"""
        SELECT e.row, {columns}
        FROM activity a
        JOIN ends e ON a.member = e.person
            AND greatest(a.occurred_at, a.recorded_at) >= e.since AND greatest(a.occurred_at, a.recorded_at) < e.until
        WHERE a.kind IN {kinds} AND a.occurred_at < $as_of AND a.recorded_at < $as_of AND a.occurred_at >= $since
            AND a.occurred_at < e.ends + INTERVAL 1 DAY AND a.occurred_at > e.ends - INTERVAL {2 * YEAR} DAY
        GROUP BY e.row"""
    if ends.is_empty():
        return pl.DataFrame(schema={"row": pl.UInt32} | dict.fromkeys(_columns(), pl.Boolean))
    first = ends.select(pl.col("ends").min()).item() - dt.timedelta(days=2 * YEAR)
    bounds = {"as_of": dt.datetime.combine(as_of, dt.time()), "since": dt.datetime.combine(first, dt.time())}
    with lake.connect() as connection:
        connection.register("ends", by_actor(lake, ends.select("row", "member", "ends")).to_arrow())
        found = connection.sql(query, params=bounds).to_arrow_table()
    return pl.DataFrame(pl.from_arrow(found)).cast({"row": ends.schema["row"]})


def _columns() -> list[str]:
    return [f"{name}_{place}" for name in ("final", "before") for place in range(len(BENEFITS))]


def _listed(kinds: tuple[str, ...]) -> str:
    return "(" + ", ".join(f"'{kind}'" for kind in kinds) + ")"


@dataclass(frozen=True)
class Lost:
    """One benefit among those who left and those who renewed.

    Args:
        benefit: Its name.
        left: Members who left.
        left_used: Of them, those who used it in their last year.
        left_stopped: Of them, those who used it in the year before that, and not in their last.
        renewed: Members who renewed.
        renewed_used: As above.
        renewed_stopped: As above.
        gap: By how much the share who used it is lower among those who left: low and high end of a 95 % range.
        stopped_gap: By how much the share who stopped is higher among those who left: likewise.
        is_recorded: Whether anybody ever was recorded to have used it; else nothing known is not nothing used.
    """

    benefit: str
    left: int
    left_used: int
    left_stopped: int
    renewed: int
    renewed_used: int
    renewed_stopped: int
    gap: tuple[float, float]
    stopped_gap: tuple[float, float]
    is_recorded: bool = True

    @property
    def loses(self) -> bool:
        """Whether those who left had stopped using it more often, beyond what chance explains."""
        return self.stopped_gap[0] > 0


def benefits_lost(lake: Lake, settings: Settings, as_of: dt.date) -> list[Lost]:
    """Each benefit among the renewals that were decided in the year before *as_of*, the one that loses most first.

    It says what went before leaving and is no proof of what would keep anybody.

    Args:
        lake: Where terms and activity lie.
        settings: The association's own.
        as_of: The day, at its start.
    """
    terms = _not_long_over(lake.terms(), as_of)
    found = decisions(terms, lake.members_and_absences(), settings.membership, as_of=as_of).filter(
        pl.col("outcome").is_in([LAPSED, RENEWED]) & (pl.col("ends_on") >= as_of - dt.timedelta(days=YEAR))
    )
    ends = found.select("member", "outcome", ends="ends_on").with_row_index("row")
    used = ends.join(use_before(lake, ends, as_of), on="row", how="left").with_columns(
        pl.col(*_columns()).fill_null(value=False)
    )
    recorded = _recorded(lake, as_of)
    lost = [_lost(place, used, is_recorded=place in recorded) for place in range(len(BENEFITS))]
    return sorted(lost, key=lambda one: -one.stopped_gap[0])


def _recorded(lake: Lake, as_of: dt.date) -> set[int]:
    """The places in `BENEFITS` of those that anybody was recorded to have used before *as_of*."""
    with lake.connect() as connection:
        rows = connection.execute("SELECT DISTINCT kind FROM activity WHERE recorded_at < $1", [as_of]).fetchall()
    kinds = {kind for (kind,) in rows}
    return {place for place, benefit in enumerate(BENEFITS) if kinds.intersection(benefit.kinds)}


def _not_long_over(terms: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """All versions of the terms of which one has no end, or one in the last two years: others decide nothing lately."""
    lasting = pl.col("ends_on").is_null() | (pl.col("ends_on") >= as_of - dt.timedelta(days=2 * YEAR))
    return terms.join(terms.filter(lasting).select("term_id").unique(), on="term_id", how="semi")


def _lost(place: int, used: pl.DataFrame, *, is_recorded: bool) -> Lost:
    final, before = pl.col(f"final_{place}"), pl.col(f"before_{place}")
    counts = {}
    for outcome in (LAPSED, RENEWED):
        those = used.filter(pl.col("outcome") == outcome)
        counts[outcome] = those.select(
            pl.len(), final.sum().alias("used"), (before & ~final).sum().alias("stopped")
        ).row(0)
    (left, left_used, left_stopped), (renewed, renewed_used, renewed_stopped) = counts[LAPSED], counts[RENEWED]
    return Lost(
        BENEFITS[place].name, left, left_used, left_stopped, renewed, renewed_used, renewed_stopped,
        gap=difference(renewed_used, renewed, left_used, left),
        stopped_gap=difference(left_stopped, left, renewed_stopped, renewed),
        is_recorded=is_recorded,
    )  # fmt: skip
