"""The tables and sentences of the Membership page."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
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
    """The tens between which all renewal rates lie, of those that are of enough members to be drawn."""
    shares = [
        part / whole for one in bodies for part, whole in (one["now"]["renewal"], one["before"]["renewal"]) if whole
    ]
    if not shares:
        return 0.0, 1.0
    low, high = int(min(shares) * 10) / 10, -int(-max(shares) * 10) / 10
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


@dataclass(frozen=True)
class Step:
    """One line of a reconciliation: a count, and what it is of."""

    words: str
    count: str
    note: str = ""
    is_sum: bool = False


_STANDINGS = (
    ("over", "Whose last paid term is over", "lapsed, and grace is over too"),
    ("never", "Without a paid term on record", "prospects, staff, people who are billed nowhere"),
    ("listed", "Billed to their organization", "counted with it, once"),
    ("gone", "Died, merged or transferred", ""),
    ("ahead", "Whose first term is yet to begin", ""),
)


def reconciled(shown: Shown, scored: int | None) -> list[Step]:
    """From the people that iMIS has to the members that are counted, and on to those with a score.

    Args:
        shown: The figures, of everyone or of a chapter.
        scored: How many have a score now; None where there are none or they are of another day.
    """
    people, source = shown.body.get("people"), shown.body["source"]
    return [] if people is None else list(_steps(shown, people, source, scored))


def source_words(source: Body) -> str:
    """What the source is called."""
    return {"imis": "iMIS", "sql": "the database"}.get(source["name"], "the source")


def fits(shown: Shown) -> str:
    """What the reconciliation comes to, a sentence without a full stop."""
    people, source = shown.body.get("people"), shown.body["source"]
    members = words.plural(shown.body["now"]["at_end"], "member")
    if people is None:
        return members
    has = people["source"] if shown.asked.chapter or "has" not in source else source["has"]
    return f"{members} among the {words.count(has)} people of {source_words(source)}"


def _steps(shown: Shown, people: Body, source: Body, scored: int | None) -> Iterator[Step]:
    where = source_words(source)
    has = None if shown.asked.chapter else source.get("has")
    if has is not None:
        on = words.short_day(dt.date.fromisoformat(source["on"]))
        yield Step(f"People that {where} has", words.count(has), f"in its members’ query, read on {on}", is_sum=True)
        aside = has - people["source"]
        if aside:
            note = "rows that were set aside, or people who left or came since"
            yield Step("Not on record on this day", words.change(-aside), note)
    else:
        yield Step(f"People on record from {where}", words.count(people["source"]), is_sum=True)
    for standing, title, note in _STANDINGS:
        if people.get(standing):
            yield Step(title, words.change(-people[standing]), note)
    if people["without_record"]:
        note = f"a paid term runs, and {where} has no record of the person any more"
        yield Step("Without a record", words.change(people["without_record"]), note)
    members = shown.body["now"]["at_end"]
    yield Step("Members", words.count(members), "a paid term or its grace runs", is_sum=True)
    if scored is not None:
        objecting, without = people["objecting"], people["without_record"]
        for apart, title in ((objecting, "Who object to being profiled"), (without, "Without a record")):
            if apart:
                yield Step(title, words.change(-apart))
        rest = scored - members + objecting + without
        if rest:
            yield Step("Otherwise", words.change(rest), "came, left or changed between the count and the scores")
        yield Step("Members with a score", words.count(scored), "as Today lists them", is_sum=True)
