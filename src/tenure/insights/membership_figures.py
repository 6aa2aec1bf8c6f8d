"""What the Membership page says, for everyone, each member type, each chapter, and each type of each chapter.

Reckoned from the record alone and as it was known on a day; what scores add, `dues_by_scope`, is apart from it, since
it is there on other nights. Everything is plain values, fit to be kept as JSON.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from tenure.base.settings import Membership
from tenure.insights.dues import DuesAtRisk, dues_at_risk
from tenure.insights.membership_totals import Happened, Told, Totals
from tenure.membership import (
    Cohort,
    Numbers,
    cohort,
    decisions,
    end_of_month,
    headcount,
    movement,
    people_on,
    renewal_classes,
    renewals_by_cohort,
    spells,
    with_joining,
    with_people,
)
from tenure.membership.numbers import a_year_before, numbers_of
from tenure.membership.outcomes import LAPSED, PENDING, RENEWED
from tenure.membership.people import COUNTED

Body = dict[str, Any]

COUNTS = (
    "at_start", "joined", "reinstated", "dropped", "departed", "net", "net_at_least", "at_end", "in_grace",
    "newly_in_grace", "undecided",
)  # fmt: skip
RATES = ("renewal", "first_year", "with_rejoiners", "retention", "unbroken")
CLASSES_AROUND = range(-3, 3)
"""Which renewal classes are told: of the months around that of the day."""

CURVE_YEARS = 10
_BAND = 5
_MONTHS = np.round(np.arange(12 * CURVE_YEARS + 1) * 365.25 / 12).astype(np.int64)
"""Days of membership, month by month."""


class Scope(NamedTuple):
    """Whom figures are about; empty for all."""

    chapter: str = ""
    member_type: str = ""


@dataclass(frozen=True)
class _Known:
    """What was known on a day, of one scope or of all."""

    spans: pl.DataFrame
    found: pl.DataFrame
    people: pl.DataFrame

    @classmethod
    def on(cls, terms: pl.DataFrame, members: pl.DataFrame, rules: Membership, as_of: dt.date) -> _Known:
        people = people_on(members, as_of)
        found = decisions(terms, members, rules, as_of=as_of)
        spans = spells(terms, members, rules, as_of=as_of, found=found)
        here, decided = (with_joining(with_people(frame, people), spans) for frame in (spans, found))
        return cls(here, decided, people)

    def of(self, scope: Scope) -> _Known:
        """The same for *scope* alone."""
        own = pl.lit(value=True)
        if scope.chapter:
            own &= pl.col("chapter_id") == scope.chapter
        if scope.member_type:
            own &= pl.col("member_type") == scope.member_type
        return _Known(self.spans.filter(own), self.found.filter(own), self.people.filter(own))


def figures_by_scope(
    terms: pl.DataFrame,
    members: pl.DataFrame,
    rules: Membership,
    *,
    as_of: dt.date,
    gone: list[int] | None = None,
    happened: Happened | None = None,
) -> dict[Scope, Body]:
    """The figures of the year up to *as_of*, beside those of the year before as they stood on the same day of it.

    Args:
        terms: All versions of all terms.
        members: All versions of all members.
        rules: The association's own.
        as_of: The day: only what was recorded before its start is used.
        gone: Members whom the source no longer has.
        happened: Payments, what members did, and whom the source was seen without; none by default.

    Returns:
        Everyone, then each type, chapter, and type of a chapter, by name. A member stands in the type of the last
        term and in the chapter of the record.
    """
    now = _Known.on(terms, members, rules, as_of)
    before = _Known.on(terms, members, rules, a_year_before(as_of))
    counted = headcount(
        now.people.filter(~pl.col("member").is_in(gone or [])), now.spans.drop("chapter_id"), rules, as_of=as_of
    )
    was = a_year_before(as_of)
    told_now, told_before = Told(now.spans, now.found, as_of), Told(before.spans, before.found, was)
    totals = Totals(told_now, told_before, terms, happened or Happened.nothing())
    bodies = {}
    for scope in _scopes(now.spans):
        bodies[scope] = _figures(now.of(scope), before.of(scope), scope, as_of) | {"totals": totals.of(scope)}
        if not scope.member_type:
            bodies[scope]["people"] = _people(counted, scope, bodies[scope])
    for scope, body in bodies.items():
        body["types"] = [_row(bodies[one], one.member_type) for one in bodies if _is_type_of(one, scope)]
        body["chapters"] = [_row(bodies[one], one.chapter) for one in bodies if _is_chapter_of(one, scope)]
    return bodies


def dues_by_scope(scores: pl.DataFrame, day: dt.date) -> dict[Scope, list[Body]]:
    """Dues at risk by scope and horizon, from the scores of *day*."""
    due = due_rows(scores)
    chapters = sorted(set(due["chapter_id"].fill_null("")) - {""})
    return {
        scope: rows
        for chapter in ["", *chapters]
        for scope, rows in _dues_of(due.filter(pl.col("chapter_id") == chapter) if chapter else due, day, chapter)
    }


def due_rows(scores: pl.DataFrame) -> pl.DataFrame:
    """Those of *scores* who have dues to pay and a day on which they are due."""
    free = pl.col("standing").is_in(["lifetime", "complimentary"])
    return scores.filter(pl.col("renewal_due_on").is_not_null() & ~free)


def dues_of(due: pl.DataFrame, day: dt.date) -> list[DuesAtRisk]:
    """Everyone first, then each type; of those whom `due_rows` returns."""
    return dues_at_risk(
        due["p_lapse_renewal"].to_numpy(),
        due["dues"].cast(pl.Float64).fill_null(np.nan).to_numpy(),
        (due["renewal_due_on"] - day).dt.total_days().cast(pl.Float64).to_numpy(),
        due["member_type"],
    )


def _dues_of(due: pl.DataFrame, day: dt.date, chapter: str) -> Iterator[tuple[Scope, list[Body]]]:
    rows: dict[Scope, list[Body]] = {}
    for one in dues_of(due, day):
        rows.setdefault(Scope(chapter, one.member_type), []).append(asdict(one))
    yield from rows.items()


def _scopes(spans: pl.DataFrame) -> list[Scope]:
    pairs = sorted(spans.select("chapter_id", "member_type").unique().iter_rows())
    types, chapters = sorted({kind for _, kind in pairs}), sorted({chapter for chapter, _ in pairs} - {""})
    ones = [Scope(), *(Scope("", kind) for kind in types), *(Scope(chapter) for chapter in chapters)]
    return [*ones, *(Scope(*pair) for pair in pairs if pair[0])]


def _is_type_of(one: Scope, scope: Scope) -> bool:
    return one.chapter == scope.chapter and one.member_type != "" and scope.member_type in ("", one.member_type)


def _is_chapter_of(one: Scope, scope: Scope) -> bool:
    return one.member_type == scope.member_type and one.chapter != "" and scope.chapter in ("", one.chapter)


def _figures(now: _Known, before: _Known, scope: Scope, as_of: dt.date) -> Body:
    since = a_year_before(as_of)
    return {
        "as_of": as_of.isoformat(),
        "since": since.isoformat(),
        "now": _numbers(now, scope, since, as_of),
        "before": _numbers(before, scope, a_year_before(since), since),
        "classes": _classes(now, before, as_of),
        "ended": _ended(now.found, since, as_of),
        "months": [vars(one) | {"month": one.month.isoformat()} for one in movement(now.spans, as_of=as_of)],
        "cohorts": [_cohort(one) for one in _cohorts(now.spans, as_of)],
        "renewals": [vars(one) | {"whole": one.is_whole} for one in renewals_by_cohort(now.found, as_of=as_of)],
    }


def _numbers(known: _Known, scope: Scope, since: dt.date, until: dt.date) -> Body:
    within = known.found.filter(pl.col("ends_on").is_between(since, until, closed="left"))
    return told(numbers_of(scope.member_type, known.spans, within, since, until))


def told(found: Numbers) -> Body:
    """The counts of *found*, and of each rate its two numbers."""
    rates = {name: [getattr(found, name).part, getattr(found, name).whole] for name in RATES}
    return {name: getattr(found, name) for name in COUNTS} | rates


def _classes(now: _Known, before: _Known, as_of: dt.date) -> list[Body]:
    ends = [end_of_month(as_of, step) for step in CLASSES_AROUND]
    found = renewal_classes(now.found, before.found, ends=ends, as_of=as_of)
    return [vars(one) | {"ends": one.ends.isoformat()} for one in found]


def _ended(found: pl.DataFrame, since: dt.date, until: dt.date) -> list[Body]:
    """What became of the terms that ended from *since* until *until*, by month, the first from *since* on.

    Open are those whose grace runs; who was gone from the source before it was over is no lapse.
    """
    decided = pl.col("outcome").is_in([RENEWED, LAPSED, PENDING])
    in_grace = pl.col("ends_on") + pl.duration(days=pl.col("grace")) >= until
    months = (
        found.filter(decided & pl.col("ends_on").is_between(since, until, closed="left"))
        .group_by(month=pl.col("ends_on").dt.truncate("1mo"))
        .agg(due=pl.len(), lapsed=(pl.col("outcome") == LAPSED).sum(), open=in_grace.sum())
        .sort("month")
    )
    return [row | {"month": row["month"].isoformat()} for row in months.iter_rows(named=True)]


def _cohorts(spans: pl.DataFrame, as_of: dt.date) -> Iterator[Cohort]:
    """All who joined, those of the last five years and those of the five before."""
    year = (as_of - dt.timedelta(days=1)).year
    yield cohort(spans, 0, year, as_of=as_of, years=CURVE_YEARS)
    yield cohort(spans, year - _BAND + 1, year, as_of=as_of, years=CURVE_YEARS)
    yield cohort(spans, year - 2 * _BAND + 1, year - _BAND, as_of=as_of, years=CURVE_YEARS)


def _cohort(found: Cohort) -> Body:
    """The curve month by month."""
    steps = found.curve.ranges_at(_MONTHS)
    return {
        "first": found.first,
        "last": found.last,
        "members": found.members,
        "years": [vars(one) for one in found.years],
        "steps": steps.round(4).tolist(),
    }


def _people(counted: pl.DataFrame, scope: Scope, body: Body) -> Body:
    own = counted.filter(pl.col("chapter_id") == scope.chapter) if scope.chapter else counted
    standings = dict(own.group_by("standing").len().iter_rows())
    total = own.height
    counted_here = standings.get(COUNTED, 0)
    objecting = own.filter((pl.col("standing") == COUNTED) & pl.col("objects")).height
    without = body["now"]["at_end"] - counted_here
    return {"source": total, **standings, "without_record": without, "objecting": objecting}


def _row(body: Body, key: str) -> Body:
    short = ("due", "renewed", "due_before", "renewed_before")
    classes = [[one[name] for name in short] for one in body["classes"]]
    return {"key": key, "now": body["now"], "before": body["before"], "classes": classes}
