"""How many of those who come up for renewal are expected to lapse, month by month, with the ranges of that."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from tenure.charts.figure import Column, Figure, Table
from tenure.charts.svg import Drawing, number
from tenure.charts.words import count

_BASE, _TOP, _WIDTH, _LEFT = 196.0, 28.0, 760.0, 90.0

Span = tuple[int, int]


@dataclass(frozen=True)
class Month:
    """The renewals that come due in a month.

    Args:
        start: Its first day.
        due: Members whose term ends in it.
        expected: How many of them are expected to lapse: the sum of their chances.
        ranges: Within which numbers lapses come to lie 50, 80 and 95 times in 100, each wider than the one before.
        before: How many lapsed of those who were due in the same month last year; None where that is not known.
    """

    start: dt.date
    due: int
    expected: float
    ranges: tuple[Span, Span, Span]
    before: int | None = None

    @property
    def widest(self) -> Span:
        """The 95 % range."""
        return self.ranges[2]


def months(rows: Sequence[Month], *, about: str, key: str = "months") -> Figure:
    """Draw lapses expected by month as a fan, with last year's beside it.

    Args:
        rows: At least one, by rising month.
        about: For the line under the finding.
        key: Unique on its page.
    """
    full = _round_up(max(max(row.widest[1], row.before or 0, row.expected) for row in rows))
    drawing = Drawing(
        _WIDTH, 224, key=key, title="Lapses expected among renewals due, by month, with ranges", reading=_reading(rows)
    )
    for share in (0.5, 1.0):
        y = _y(full * share, full)
        drawing.path(f"M0 {number(y)}H760", "grid")
        drawing.text(0, y - 5, f"{count(full * share)}{' may lapse' if share == 1 else ''}")
    drawing.path("M0 196H760", "axis")
    for i, row in enumerate(rows):
        _fan(drawing, row, i, len(rows), full)
    return Figure(key, finding(rows), about, drawing.finish(), _table(rows))


def finding(rows: Sequence[Month]) -> str:
    """Where most lapses are to be expected, as a sentence without a full stop."""
    worst = max(rows, key=lambda row: row.expected)
    told = f"{count(worst.expected)} of {count(worst.due)} due may lapse"
    return f"{worst.start:%B} is the month to mind: {told}, 95 % range {_span(worst.widest)}"


def _y(value: float, full: float) -> float:
    return _BASE - (_BASE - _TOP) * value / full


def _fan(drawing: Drawing, row: Month, i: int, many: int, full: float) -> None:
    """Ranges differ in their form, not in color alone: a box, a wider one around it, a line with ends."""
    room = (_WIDTH - _LEFT) / many
    width = min(room * 0.4, 28.0)
    x = _LEFT + room * i + width / 2 + 8
    (low, high), top = row.widest, _y(row.widest[1], full)
    drawing.path(f"M{number(x)} {number(_y(low, full))}V{number(top)}", "whisk")
    for end in (low, high):
        drawing.path(f"M{number(x - 5)} {number(_y(end, full))}h10", "whisk")
    for (low, high), part, kind in zip(row.ranges[1::-1], (0.6, 1.0), ("bar-soft", "bar"), strict=True):
        height = max(1.0, (_BASE - _TOP) * (high - low) / full)
        drawing.rect(x - width * part / 2, _y(high, full), width * part, min(height, _BASE - _TOP), kind)
    drawing.circle(x, _y(row.expected, full), 3.5)
    if row.before is not None:
        _diamond(drawing, x + width / 2 + 9, _y(row.before, full))
    drawing.text(x, top - 7, count(row.expected), kind="lead minor halo", anchor="middle")
    # Two names of three drop out where the room is narrow; the table has the years.
    drawing.text(x, 216, f"{row.start:%b}", kind="minor" if i % 3 else "", anchor="middle")


def _diamond(drawing: Drawing, x: float, y: float) -> None:
    drawing.path(f"M{number(x)} {number(y - 6)}l5 6l-5 6l-5 -6Z", "event")


def _round_up(value: float) -> float:
    """The next even number with one digit that counts, or two of which the second is 5; at least 10."""
    power = float(10 ** (len(str(max(10, int(value)))) - 1))
    return next(step * power for step in (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0) if step * power >= value)


def _reading(rows: Sequence[Month]) -> str:
    due, expected = sum(row.due for row in rows), sum(row.expected for row in rows)
    told = f"{finding(rows)}. In all {count(due)} due, {count(expected)} expected to lapse."
    known = [row for row in rows if row.before is not None]
    if not known:
        return told
    within = sum(row.widest[0] <= (row.before or 0) <= row.widest[1] for row in known)
    return f"{told} Last year’s number lies within the 95 % range in {within} of {len(known)} months."


def _span(span: Span) -> str:
    return f"{count(span[0])}–{count(span[1])}"


def _table(rows: Sequence[Month]) -> Table:
    names = ("Due", "May lapse", "In 100", "50 % range", "80 % range", "95 % range", "Lapsed last year")
    return Table(
        "Renewals due by month, how many may lapse, and how many did a year before",
        (Column("Month", is_number=False), *(Column(name) for name in names)),
        tuple(
            (
                f"{row.start:%b} {row.start.year}",
                count(row.due),
                count(row.expected),
                str(round(100 * row.expected / row.due)) if row.due else "–",
                *(_span(span) for span in row.ranges),
                "–" if row.before is None else count(row.before),
            )
            for row in rows
        ),
    )
