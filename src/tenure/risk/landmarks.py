"""Which member on which day a model learns from, is judged on, or scores; and what became of each.

A landmark is a day before (or in the grace after) a renewal came due. Its features are what was known on that day;
its label is what had become known of the renewal by the day on which the label is read.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from tenure.base.settings import Membership
from tenure.features import FeatureMatrix, build
from tenure.lake import Lake
from tenure.membership import LAPSED, RENEWED, decisions, standing

LANDMARKS = (90, 60, 30, 0)
"""Days before the end of a term on which every past decision is predicted anew."""

JUDGED = (180, *LANDMARKS)
"""Days before the end *as it was known on the day* on which predictions are judged and calibrated. Days counted back
from an end that a resignation brought forward are known only afterwards: they would gather those about to leave."""

MOST_DRAWS = 3
"""How many days from each stratum a decision gives at most, where there are few decisions."""

_ROOM = 1.75
"""Rows of all draws together, beside the most of one."""

_STRATA = ((-1000, -1), (0, 10), (11, 30), (31, 60), (61, 90), (91, 180), (181, 365))
"""Ranges of days before the end, from each of which a decision gives one row to learn from; negative is in grace."""


def landmark_days(found: pl.DataFrame, *, seed: int, most_rows: int) -> pl.DataFrame:
    """One day from each stratum for every decision, drawn by *seed*; and anew where there is room for more.

    Which day it is makes a model that learns from one draw say what it would not from another. So of an association
    that is not large up to `MOST_DRAWS` are made.

    Args:
        found: As `tenure.membership.decisions` returns, with `scheduled` (see `scheduled`).
        seed: Fixes the draw.
        most_rows: About how many rows a draw has at most; beyond it each decision gives fewer days, since two decisions
            teach more than two days of one. All draws together have three quarters as many again at most. Days
            after the member left are drawn too, since none may go by what came later; they teach nothing and take no
            room.

    Returns:
        `member`, `as_of` (date), distinct, sorted; and for each draw a column (`draw_0` and so on), whether the day
        is in it.
    """
    rng = np.random.default_rng(seed)
    share = min(1.0, most_rows / max(1, len(found) * len(_STRATA)))
    first, there = _drawn(found, share, rng)
    count = int(np.clip(_ROOM * most_rows // max(1, there), 1, MOST_DRAWS))
    drawn = [first, *(_drawn(found, share, rng)[0] for _ in range(count - 1))]
    drawn = [days.with_columns(pl.lit(value=True).alias(f"draw_{number}")) for number, days in enumerate(drawn)]
    together = pl.concat(drawn, how="diagonal").group_by("member", "as_of").agg(pl.exclude("member", "as_of").any())
    return together.with_columns(pl.selectors.starts_with("draw_").fill_null(value=False)).sort("member", "as_of")


def _drawn(found: pl.DataFrame, share: float, rng: np.random.Generator) -> tuple[pl.DataFrame, int]:
    """A day from each stratum for a *share* of the decisions, drawn stratum by stratum; and on how many of them the
    member was still there."""
    ends, over = (found[name].cast(pl.Int32).to_numpy() for name in ("scheduled", "ends_on"))
    grace = found["grace"].to_numpy()
    starts = found["starts_on"].cast(pl.Int32).to_numpy()
    parts, there = [], 0
    for least, most_days in _STRATA:
        low = np.maximum(-grace, least) if least < 0 else np.full(ends.size, least)
        before = low + np.floor(rng.random(ends.size) * (most_days - low + 1)).astype(np.int64)
        day = ends - before
        inside = (day > starts) & (low <= most_days) & (rng.random(ends.size) < share)
        there += int((inside & (day <= over + grace)).sum())
        parts.append(
            pl.DataFrame({"member": found["member"].to_numpy()[inside], "as_of": day[inside].astype(np.int32)})
        )
    return pl.concat(parts).with_columns(pl.col("as_of").cast(pl.Date)).unique(), there


def scheduled(found: pl.DataFrame, terms: pl.DataFrame) -> pl.DataFrame:
    """*found* with `scheduled`: when each term was to end by its first version, or later where it was made longer.

    Args:
        found: As `tenure.membership.decisions` returns.
        terms: All versions.
    """
    first = terms.sort("recorded_at").group_by("term_id").agg(pl.col("ends_on").first().alias("scheduled"))
    joined = found.join(first, on="term_id", how="left", maintain_order="left")
    return joined.with_columns(scheduled=pl.max_horizontal("ends_on", "scheduled"))


def fixed_landmarks(found: pl.DataFrame, *, after: dt.date) -> pl.DataFrame:
    """The days of `LANDMARKS` before each end, and of `JUDGED` before each scheduled end, of every mature decision.

    Args:
        found: As `scheduled` returns.
        after: Only decisions that ended after this day.

    Returns:
        `member`, `as_of`, `term_id`, `ends_on`, `grace`, `lapsed` (0 or 1): distinct, sorted.
    """
    mature = found.filter(pl.col("outcome").is_in([RENEWED, LAPSED]) & (pl.col("ends_on") > after))
    parts = [
        mature.join(pl.DataFrame({"before": list(days)}), how="cross").with_columns(
            as_of=pl.col(end) - pl.duration(days=pl.col("before"))
        )
        for end, days in (("ends_on", LANDMARKS), ("scheduled", JUDGED))
    ]
    return (
        pl.concat(parts)
        .with_columns(lapsed=(pl.col("outcome") == LAPSED).cast(pl.Int8))
        .filter((pl.col("as_of") >= pl.col("starts_on")) & (pl.col("as_of") <= pl.col("ends_on")))
        .select("member", "as_of", "term_id", "ends_on", "grace", "lapsed")
        .unique()
        .sort("member", "as_of")
    )


def stand(terms: pl.DataFrame, members: pl.DataFrame, days: pl.DataFrame, rules: Membership) -> pl.DataFrame:
    """Where each of *days*' members stood, those only who were active and had a renewal to come.

    Args:
        terms: All versions.
        members: All versions.
        days: `member`, `as_of`, distinct.
        rules: The association's own.
    """
    rows = days.select("member", "as_of").with_row_index("row")
    found = standing(terms, members, rows, rules)
    return found.filter(pl.col("active") & ~pl.col("lifetime") & ~pl.col("complimentary"))


_AS_NOW, _HALF, _ROWS = 0.8, 0.5, 20
"""A month is like the last year when four in five signals are known of at least half as many members as now; one of few
rows cannot tell."""


def recorded_since(matrix: FeatureMatrix, as_of: dt.date) -> dt.date | None:
    """Since when members' days are known about as they are now.

    A feed that began midway leaves signals unknown before. What a model foretold without them says little of one that
    has them.

    Args:
        matrix: Features of days up to *as_of*.
        as_of: The day.

    Returns:
        First day of the first month in which four in five of the signals of the last year are known; None where nothing
        is known of the last year.
    """
    months, at = np.unique(matrix.rows["as_of"].to_numpy().astype("datetime64[M]"), return_inverse=True)
    order = np.argsort(at, kind="stable")
    starts = np.searchsorted(at[order], np.arange(months.size))
    known = np.add.reduceat(~np.isnan(matrix.x[order]), starts, axis=0, dtype=np.int64)
    rows = np.bincount(at)
    lately = months > np.datetime64(as_of - dt.timedelta(days=365), "M")
    now = known[lately].sum(axis=0) / max(1, rows[lately].sum())
    signals = now > 0
    if not signals.any():
        return None
    share = known[:, signals] / rows[:, None]
    alike = ((share >= _HALF * now[signals]).mean(axis=1) >= _AS_NOW) & (rows >= _ROWS)
    first: dt.date | None = months[alike.argmax()].astype("datetime64[D]").astype(object) if alike.any() else None
    return first


_SAMPLE = 3_000


def members_on(lake: Lake, rules: Membership, days: list[dt.date]) -> FeatureMatrix:
    """Features of members who stood before a renewal on each of *days*: some 3,000 of them, the same ones each day."""
    terms, members = lake.terms(), lake.members()
    everyone = terms["member"].unique().sort()
    part = max(1, round(len(everyone) / _SAMPLE))
    chosen = everyone.filter(everyone % part == 0)
    pairs = chosen.to_frame("member").join(pl.DataFrame({"as_of": days}, schema={"as_of": pl.Date}), how="cross")
    stood = stand(terms.filter(pl.col("member").is_in(chosen.to_list())), members, pairs, rules)
    return build(lake, stood, rules)


def objectors(members: pl.DataFrame, as_of: dt.date) -> pl.Series:
    """Members who had objected to profiling by *as_of*: they teach nothing either."""
    known = members.filter(pl.col("valid_from") < pl.lit(as_of).cast(pl.Datetime("us"))).sort("valid_from")
    latest = known.group_by("member").agg(pl.col("objects_to_profiling").last())
    return latest.filter(pl.col("objects_to_profiling").fill_null(value=False))["member"]


def labels(
    stood: pl.DataFrame, terms: pl.DataFrame, members: pl.DataFrame, rules: Membership, *, as_of: dt.date
) -> pl.DataFrame:
    """What was known on *as_of* of the renewal that each line of *stood* was heading for.

    A line is labelled when its term's end, both as known on the line's own day and as known on *as_of*, plus grace,
    lies before *as_of*. (A resignation brings the end forward; without the first condition the early leavers of a
    class would be labelled before its renewers and make it look worse than it is.)

    Returns:
        In the order of *stood*: `lapsed` (1, 0, or null where there is no label), `left_on` (date on which the term
        ended after all).
    """
    found = decisions(terms, members, rules, as_of=as_of).select("term_id", "outcome", "ends_on")
    joined = stood.select("term_id", "ends", "grace", day="as_of").join(
        found, on="term_id", how="left", maintain_order="left"
    )
    mature = (pl.col("ends") + pl.duration(days=pl.col("grace")) < as_of) & (pl.col("day") < as_of)
    return joined.select(
        lapsed=pl.when(mature & (pl.col("outcome") == LAPSED))
        .then(1)
        .when(mature & (pl.col("outcome") == RENEWED))
        .then(0),
        left_on="ends_on",
    )
