"""The charts of the Membership page, from the kept figures."""

from __future__ import annotations

import datetime as dt
from typing import Any

from tenure.charts import Cell, ClassDays, Figure, Horizon, class_days, dues, heat, movement, retention
from tenure.charts.movement import Month
from tenure.charts.retention import FEWEST, Line, Mark, compared, first_renewal
from tenure.insights.saying import if_none_renews
from tenure.membership.renewal_classes import FIRST_DAY
from tenure.web import place, words
from tenure.web.membership_scope import Shown
from tenure.web.renewal_class import at_stake, told

Body = dict[str, Any]

KEYS = ("class", "movement", "retention", "cohorts", "dues")
_COHORT_ROWS = 10
_ENOUGH = 30
"""Members of a cohort from which on it has a curve of its own."""


def standing(now: Body) -> str:
    """How many members there are and the net of the year, a sentence without a full stop."""
    return f"{words.plural(now['at_end'], 'member')}, net {words.change(now['net'])} in a year{in_grace(now)}"


def in_grace(now: Body) -> str:
    """What the net of the year comes to at least, since members in grace are in it; empty where there are none."""
    net: int = now["net"]
    least: int = now.get("net_at_least", net)  # not among figures that an older Tenure kept
    return f", {words.change(least)} {if_none_renews(net - least)}" if least < net else ""


def figures_of(shown: Shown) -> dict[str, Figure]:
    """The charts that there are numbers for."""
    makers = (class_figure, movement_figure, retention_figure, heat_figure, dues_figure)
    made = (make(shown) for make in makers)
    return {key: figure for key, figure in zip(KEYS, made, strict=True) if figure is not None}


def chosen_class(shown: Shown) -> int | None:
    """The place of the class that the address asks for, or of the one at stake; None where no class has members."""
    classes = shown.body["classes"]
    asked = next((i for i, one in enumerate(classes) if one["ends"].startswith(shown.asked.month or "-")), None)
    if asked is not None and (classes[asked]["due"] or classes[asked]["due_before"]):
        return asked
    stake = at_stake(classes)
    return None if stake is None else classes.index(stake)


def class_figure(shown: Shown) -> Figure | None:
    """The renewal class day by day; None before its first day is told, and where a line would be of single members."""
    at = chosen_class(shown)
    one = shown.body["classes"][at] if at is not None else None
    if one is None or one["due"] < FEWEST or not one["by_day"]:
        return None
    days = ClassDays(
        dt.date.fromisoformat(one["ends"]), FIRST_DAY, one["due"], one["due_before"],
        one["by_day"], one["by_day_before"], one["later"], one["later_due"],
    )  # fmt: skip
    about = (
        f"Share of the members whose terms end in {days.ends:%B} that was on record as renewed by the end of each day; "
        f"{words.count(days.due)} this year, {words.count(days.due_before)} last year. Solid: this year; dashed: last "
        f"year, up to the same day as it stood then, after it as it came. {_known(shown)}"
    )
    return class_days(days, finding=told(one).finding, about=about)


def movement_figure(shown: Shown) -> Figure | None:
    """Who came and who left."""
    rows = [Month(start=dt.date.fromisoformat(one["month"]), **{k: one[k] for k in _MOVED}) for one in _months(shown)]
    if not any(row.came + row.left + row.in_grace for row in rows):
        return None
    about = (
        "Members a month: new and, fainter, reinstated above the line; dropped and, fainter, died or moved below it. "
        f"Hatched: in grace, so not decided; do not compare these months. A lapse is dated by the end of the term. "
        f"{_known(shown)}"
    )
    return movement(rows, about=about)


_MOVED = ("joined", "reinstated", "dropped", "departed", "in_grace", "is_over")


def _months(shown: Shown) -> list[Body]:
    return list(shown.body["months"])


def lines_of(shown: Shown) -> tuple[Line, Line | None] | None:
    """The cohorts that are compared; everyone in one curve where either has too few. None where all have."""
    everyone, newer, older = (_line(one) for one in shown.body["cohorts"])
    if min(newer.members, older.members) >= _ENOUGH and min(newer.until, older.until) >= 1:
        return newer, older
    return (everyone, None) if everyone.until >= 1 else None


def _line(one: Body) -> Line:
    name = f"joined {one['first']}–{one['last']}" if one["first"] else "all who joined"
    return Line(name, one["members"], one["steps"], [Mark(**mark) for mark in one["years"]])


def retention_figure(shown: Shown) -> Figure | None:
    """How long members stay."""
    lines = lines_of(shown)
    if lines is None:
        return None
    followed = sum(line.members for line in lines if line is not None)
    about = (
        "Share still members by years since joining, with 95 % ranges (Kaplan–Meier); "
        f"{words.plural(followed, 'member')} followed. A lapse is dated by the end of the term. A curve ends where "
        f"fewer than {FEWEST} are followed. {_known(shown)}"
    )
    return retention(*lines, about=about)


def takeaways(shown: Shown) -> list[str]:
    """What to take from the curves, in up to three sentences."""
    lines = lines_of(shown)
    if lines is None:
        return []
    newer, older = lines
    said, cost = [], first_renewal(newer)
    if cost is not None:
        before = first_renewal(older) if older else None
        then = f", {words.in_hundred(before)} before" if before is not None else ""
        said.append(f"The first renewal costs {words.in_hundred(cost)} of 100{then}")
    shared = compared(newer, older) if older else None
    if shared is not None:
        mine, theirs = shared
        apart = mine.low > theirs.high or mine.high < theirs.low
        gap = abs(round(100 * (mine.stayed - theirs.stayed)))
        years = words.plural(mine.year, "year")
        said.append(
            f"The gap of {gap} at {years} is larger than chance: the ranges do not touch" if apart
            else f"The gap of {gap} at {years} may be chance: the ranges touch"
        )  # fmt: skip
    return said


def but(shown: Shown) -> str:
    """What speaks against taking the newer curve at its word."""
    lines = lines_of(shown)
    if lines is None:
        return ""
    young = lines[0].years[1].left if len(lines[0].years) > 1 else 0
    if not young:
        return ""
    many = words.count(lines[0].members)
    return f"But {words.count(young)} of {many} have not met their first renewal yet, or left sight before it"


def cells_of(shown: Shown) -> list[Cell]:
    """The heat map's cells, of the last years of joining."""
    rows = shown.body["renewals"]
    years = sorted({one["joined"] for one in rows})[-_COHORT_ROWS:]
    return [
        Cell(one["joined"], one["year"], one["renewed"], one["decided"], one["whole"])
        for one in rows
        if one["joined"] in years
    ]


def heat_figure(shown: Shown) -> Figure | None:
    """Renewals by year of joining and of membership."""
    cells = cells_of(shown)
    if not any(cell.decided for cell in cells):
        return None
    decided = words.plural(sum(cell.decided for cell in cells), "decided renewal")
    about = (
        "Renewals in 100 that were decided, by year of joining and year of membership that they end; "
        f"{decided}. {_known(shown)}"
    )
    return heat(cells, about=about)


def dues_figure(shown: Shown) -> Figure | None:
    """What is due, and what of it is at risk."""
    rows = [
        Horizon(
            one["horizon"], one["members"], one["in_grace"], one["lapses"], one["lapses_low"], one["lapses_high"],
            one["due"], one["expected_loss"], one["low"], one["high"],
        )
        for one in shown.dues
    ]  # fmt: skip
    if not rows or not rows[-1].due:
        return None
    unknown, last = max(one["unknown"] for one in shown.dues), rows[-1]
    without = f"; of {words.count(unknown)} the dues are not known" if unknown else ""
    about = (
        "Faint: dues of the members whose term ends within so many days or who are in grace; strong: the sum of dues × "
        f"the probability of not renewing. {words.plural(last.members, 'member')}, {words.count(last.in_grace)} of "
        f"them in grace{without}. The range holds nine outcomes in ten, by chance alone. Scores of "
        f"{words.day(dt.date.fromisoformat(shown.dues_as_of))}"
    )
    return dues(rows, about=about, money=place.settings().association.currency)


def _known(shown: Shown) -> str:
    return f"As on record before {words.day(dt.date.fromisoformat(shown.body['as_of']))}"
