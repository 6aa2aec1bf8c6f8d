"""Rates of a year, and a renewal class, by type or chapter: this year's beside last year's."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from tenure.charts import dumbbell
from tenure.web import words
from tenure.web.membership_scope import Shown
from tenure.web.renewal_class import Change, points_words

Body = dict[str, Any]

FORMULAS = (
    ("Renewal rate", "renewals ÷ members whose term ended and whose grace is over; who has years left is not in it"),
    ("First-year rate", "the same, for first terms of members who never lapsed"),
    ("Retention rate", "(members at the end − new members) ÷ members at the start"),
)
_RATES = ("renewal", "first_year", "retention")
_TOTAL = {"type": "All types", "chapter": "All chapters"}


@dataclass(frozen=True)
class RateRow:
    """A type or chapter with its rates of a year beside those of the year before.

    Args:
        name: As shown.
        link: The address that tells of it alone; empty for the total.
        renewal, first_year, retention: This year's numbers beside last year's.
        undecided: Renewals that came due and are open.
        picture: Both renewal rates on one line.
    """

    name: str
    link: str
    renewal: Change
    first_year: Change
    retention: Change
    undecided: int
    picture: str

    @property
    def points(self) -> str:
        return points_words(self.renewal)

    @property
    def others(self) -> tuple[Change, Change]:
        """The rates beside the renewal rate."""
        return self.first_year, self.retention


def rate_rows(shown: Shown, link: Any) -> list[RateRow]:
    """One row per type or chapter and, where there is more than one, the total last.

    Args:
        shown: The figures.
        link: Gives the address of a type or chapter by its key.
    """
    rows = [(one["key"], link(one["key"]), one) for one in shown.rows]
    if len(rows) != 1 or not shown.rows:
        rows.append((_TOTAL[shown.asked.by], "", shown.body))
    low, high = scale_of([one for *_, one in rows])
    return [_rate_row(name, address, one, low, high) for name, address, one in rows]


def scale_of(bodies: list[Body]) -> tuple[float, float]:
    """The tens between which all renewal rates lie, as shares: what a picture of one may show."""
    shares = [
        part / whole for one in bodies for part, whole in (one["now"]["renewal"], one["before"]["renewal"]) if whole
    ]
    if not shares:
        return 0.0, 1.0
    low, high = math.floor(10 * min(shares)) / 10, math.ceil(10 * max(shares)) / 10
    return (low, high) if high > low else (max(0.0, low - 0.1), min(1.0, low + 0.1))


def _rate_row(name: str, link: str, one: Body, low: float, high: float) -> RateRow:
    changes = {rate: Change(*one["now"][rate], *one["before"][rate]) for rate in _RATES}
    renewal = changes["renewal"]
    picture = dumbbell(renewal.now, renewal.before, low, high)
    return RateRow(name, link, **changes, undecided=one["now"]["undecided"], picture=picture)


def rates_finding(rows: list[RateRow]) -> str:
    """What the rates of a year come to beside the year before, a sentence without a full stop."""
    total = rows[-1].renewal
    named = rows[:-1] if len(rows) > 1 else []
    moved = [row for row in named if row.renewal.verdict in ("ahead", "behind")]
    if total.now is None:
        return "No renewal was decided in the year"
    said = f"{words.percent(total.now)} renewed"
    if total.is_few:
        return f"{said}, {total.renewed:,} of {total.due:,}: too few to compare with the year before"
    change = {
        "ahead": f"{abs(total.points or 0):.1f} points more than the year before",
        "behind": f"{abs(total.points or 0):.1f} points fewer than the year before",
        "alike": f"as in the year before, {words.percent(total.before)}, within chance",
    }[total.verdict]
    if not moved:
        return f"{said}, {change}"
    apart = ", ".join(f"{row.name} {'rose' if row.renewal.verdict == 'ahead' else 'fell'}" for row in moved[:3])
    return f"{said}, {change}; {apart}"


@dataclass(frozen=True)
class ClassRow:
    """A type, a chapter, or those in their first year, within a renewal class."""

    name: str
    link: str
    change: Change
    picture: str
    is_total: bool = False

    @property
    def points(self) -> str:
        return points_words(self.change)


def class_rows(shown: Shown, place: int, link: Any) -> list[ClassRow]:
    """The renewal class number *place* by type or chapter, those in their first year, and all of it."""
    whole = shown.body["classes"][place]
    rows = [_class_row(one["key"], link(one["key"]), Change(*_order(one["classes"][place]))) for one in shown.rows]
    first = Change(*_order(whole["first"]))
    total = Change(whole["renewed"], whole["due"], whole["renewed_before"], whole["due_before"])
    rows.append(_class_row("In their first year", "", first))
    if len(shown.rows) != 1:
        rows.append(_class_row("All of the class", "", total, is_total=True))
    return [row for row in rows if row.change.due or row.change.due_before]


def _class_row(name: str, link: str, change: Change, *, is_total: bool = False) -> ClassRow:
    return ClassRow(name, link, change, dumbbell(change.now, change.before, 0, 1), is_total)


def _order(counts: list[int]) -> tuple[int, int, int, int]:
    due, renewed, due_before, renewed_before = counts
    return renewed, due, renewed_before, due_before
