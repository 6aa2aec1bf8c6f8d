"""What comes up for renewal in the months ahead, and how much of it is expected to lapse."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from tenure.charts.figure import Column, Figure, Table
from tenure.charts.svg import Drawing, number
from tenure.charts.words import count

_BASE, _TOP, _WIDTH = 196.0, 28.0, 760.0


@dataclass(frozen=True)
class Month:
    """Renewals due in a month, and the sum of their chances of lapsing."""

    start: dt.date
    due: int
    expected: float


def months(rows: Sequence[Month], *, about: str, key: str = "months") -> Figure:
    """Draw renewals due by month, with those expected to lapse.

    Args:
        rows: At least one, by rising month.
        about: For the line under the finding.
        key: Unique on its page.
    """
    full = _round_up(max(row.due for row in rows))
    drawing = Drawing(
        _WIDTH, 224, key=key, title="Renewals due by month, and lapses expected among them", reading=_reading(rows)
    )
    for share in (0.5, 1.0):
        y = _BASE - (_BASE - _TOP) * share
        drawing.path(f"M0 {number(y)}H760", "grid")
        drawing.text(0, y - 5, f"{count(full * share)}{' members due' if share == 1 else ''}")
    drawing.path("M0 196H760", "axis")
    for i, row in enumerate(rows):
        _bar(drawing, row, i, len(rows), full)
    return Figure(key, finding(rows), about, drawing.finish(), _table(rows))


def finding(rows: Sequence[Month]) -> str:
    """Where most lapses are to be expected, as a sentence without a full stop."""
    worst = max(rows, key=lambda row: row.expected)
    return f"{worst.start:%B} is the month to mind: {count(worst.expected)} of {count(worst.due)} due may lapse"


def _bar(drawing: Drawing, row: Month, i: int, many: int, full: float) -> None:
    room = (_WIDTH - 90) / many
    x, width = 90 + room * i, min(room * 0.62, 44.0)
    due = (_BASE - _TOP) * row.due / full
    expected = (_BASE - _TOP) * row.expected / full
    drawing.rect(x, _BASE - due, width, due, "bar-soft")
    drawing.rect(x, _BASE - expected, width, expected, "bar")
    if row.expected >= 0.5:
        # Inside the light bar where there is room for it, else above.
        y = _BASE - (expected if due - expected > 18 else due) - 6
        drawing.text(x + width / 2, y, count(row.expected), kind="lead minor", anchor="middle")
    # Two names of three drop out where the room is narrow; the table has the years.
    drawing.text(x + width / 2, 216, f"{row.start:%b}", kind="minor" if i % 3 else "", anchor="middle")


def _round_up(value: float) -> float:
    """The next even number with one digit that counts, or two of which the second is 5; at least 10."""
    power = float(10 ** (len(str(max(10, int(value)))) - 1))
    return next(step * power for step in (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 10.0) if step * power >= value)


def _reading(rows: Sequence[Month]) -> str:
    due, expected = sum(row.due for row in rows), sum(row.expected for row in rows)
    return f"{finding(rows)}. In all {count(due)} due, {count(expected)} expected to lapse."


def _table(rows: Sequence[Month]) -> Table:
    return Table(
        "Renewals due by month",
        (Column("Month", is_number=False), Column("Due"), Column("May lapse"), Column("In 100")),
        tuple(
            (
                f"{row.start:%b} {row.start.year}",
                count(row.due),
                count(row.expected),
                str(round(100 * row.expected / row.due)) if row.due else "–",
            )
            for row in rows
        ),
    )
