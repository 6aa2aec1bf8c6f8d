"""Which share of a renewal class had renewed by each day, this year and last."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from tenure.charts.figure import Column, Figure, Table
from tenure.charts.svg import Anchor, Drawing, Point, number, polyline
from tenure.charts.words import count, day

_WIDTH, _RIGHT, _TOP, _BASE = 760.0, 640.0, 26.0, 232.0
_SHOWN_EVERY = 15
_ROOM = 140.0
"""What a label beside a line takes."""


@dataclass(frozen=True)
class ClassDays:
    """A class and that of the year before, by days around the last one of the month.

    Args:
        ends: That day, this year.
        first: The first day that is told, such as -90.
        due, due_before: Members of each.
        renewed, renewed_before: By the end of each day from *first* to the present one.
        later: Of the class of last year, by the end of each day after.
        later_due: Of how many.
    """

    ends: dt.date
    first: int
    due: int
    due_before: int
    renewed: Sequence[int]
    renewed_before: Sequence[int]
    later: Sequence[int]
    later_due: int

    @property
    def today(self) -> int:
        """The last day that is told of this year."""
        return self.first + len(self.renewed) - 1

    @property
    def last(self) -> int:
        """The last day of all."""
        return self.today + len(self.later)

    def share(self, on: int) -> float | None:
        """This year's on a day."""
        place = on - self.first
        return self.renewed[place] / self.due if self.due and 0 <= place < len(self.renewed) else None

    def share_before(self, on: int) -> float | None:
        """Last year's on a day: up to today as it stood then, after it as it came."""
        place = on - self.first
        if 0 <= place < len(self.renewed_before):
            return self.renewed_before[place] / self.due_before if self.due_before else None
        place -= len(self.renewed_before)
        return self.later[place] / self.later_due if self.later_due and 0 <= place < len(self.later) else None


def class_days(rows: ClassDays, *, finding: str, about: str, key: str = "class") -> Figure:
    """Draw both lines up to today, and last year's beyond it.

    Args:
        rows: With a day of this year at least.
        finding: What is to be said of it; who compares the two has the range of the change, too.
        about: For the line under the finding.
        key: Unique on its page.
    """
    drawing = Drawing(
        _WIDTH, 284, key=key, title="Share of the class that has renewed, by day", reading=_reading(rows, finding)
    )
    full = _full(rows)
    _grid(drawing, rows, full)
    _lines(drawing, rows, full)
    return Figure(key, finding, about, drawing.finish(), _table(rows))


def _full(rows: ClassDays) -> float:
    days = range(rows.first, rows.last + 1)
    most = max(share for on in days for share in (rows.share(on), rows.share_before(on)) if share is not None)
    return next((full for full in (0.1, 0.2, 0.5) if most <= full), 1.0)


def _x(rows: ClassDays, on: float) -> float:
    return _RIGHT * (on - rows.first) / max(1, rows.last - rows.first)


def _y(share: float, full: float) -> float:
    return _BASE - (_BASE - _TOP) * share / full


def _grid(drawing: Drawing, rows: ClassDays, full: float) -> None:
    for part in (0.25, 0.5, 0.75, 1.0) if full == 1.0 else (0.5, 1.0):
        y = _y(part * full, full)
        drawing.path(f"M0 {number(y)}H{number(_RIGHT)}", "grid")
        drawing.text(0, y - 5, f"{100 * part * full:.0f}{' % have renewed' if part == 1.0 else ''}")
    drawing.path(f"M0 {number(_BASE)}H{number(_RIGHT)}", "axis")
    for on in range(-90, 61, 30):
        if not rows.first <= on <= rows.last:
            continue
        x = _x(rows, on)
        drawing.path(f"M{number(x)} {number(_BASE)}v5", "axis")
        words = f"{rows.ends:%b} {rows.ends.day}" if on == 0 else f"{abs(on)} {'before' if on < 0 else 'after'}"
        anchor: Anchor = "start" if on == rows.first else "end" if on == rows.last else "middle"
        drawing.text(x, 254, words, kind="" if on == 0 else "minor", anchor=anchor)
    if rows.first < 0 < rows.last:
        x = _x(rows, 0)
        drawing.path(f"M{number(x)} {number(_TOP)}V{number(_BASE)}", "ref")
    drawing.text(0, 276, "days around the last one of the month in which terms end", kind="minor")


def _lines(drawing: Drawing, rows: ClassDays, full: float) -> None:
    days = range(rows.first, rows.last + 1)
    before = [(_x(rows, on), _y(share, full)) for on in days if (share := rows.share_before(on)) is not None]
    now = [(_x(rows, on), _y(share, full)) for on in days if (share := rows.share(on)) is not None]
    if len(before) > 1:
        drawing.path(polyline(before), "then")
        drawing.text(_RIGHT + 10, before[-1][1] + 4, f"{rows.ends.year - 1}", kind="halo")
    if not now:
        return
    drawing.path(polyline(now), "now")
    x, y = now[-1]
    drawing.path(f"M{number(x)} {number(_TOP)}V{number(_BASE)}", "ref")
    drawing.circle(x, y, 5.5)
    _labels(drawing, rows, full, (x, y))


def _labels(drawing: Drawing, rows: ClassDays, full: float, end: Point) -> None:
    """This year's share at its dot, last year's on the same day at its line.

    Lines only rise: what is to the left and above, or to the right and below, runs into none. So the upper one stands
    before the day where there is room for it, and the lower one after it.
    """
    x, y = end
    before_it: tuple[float, Anchor] = (x - 10, "end")
    after_it: tuple[float, Anchor] = (x + 10, "start")
    upper = before_it if x > _ROOM else after_it
    lower = before_it if x > _RIGHT - _ROOM else after_it
    share, before = rows.share(rows.today), rows.share_before(rows.today)
    words = f"{100 * (share or 0):.1f} % this year"
    if before is None:
        drawing.text(upper[0], y - 8, words, kind="lead halo", anchor=upper[1])
        return
    other = _y(before, full)
    apart = 17.0
    up = y <= other
    mine = min(y - 8, other - apart) if up else max(y + 18, other + apart)
    theirs = other + 18 if up else other - 8
    (ours, at), (before_ours, before_at) = (upper, lower) if up else (lower, upper)
    drawing.text(ours, min(mine, _BASE - 6), words, kind="lead halo", anchor=at)
    if ours != before_ours or abs(min(mine, _BASE - 6) - min(theirs, _BASE - 6)) >= apart:
        last = f"{100 * before:.1f} % in {rows.ends.year - 1}"
        drawing.text(before_ours, min(theirs, _BASE - 6), last, kind="halo minor", anchor=before_at)


def _reading(rows: ClassDays, finding: str) -> str:
    share, before = rows.share(rows.today), rows.share_before(rows.today)
    on = day(rows.ends + dt.timedelta(days=rows.today))
    words = f"{finding}. By {on} {100 * (share or 0):.1f} % of {count(rows.due)} had renewed"
    if before is not None:
        words += f", {100 * before:.1f} % of {count(rows.due_before)} by the same day of the year before"
    final = rows.share_before(rows.last) if rows.later else None
    return f"{words}." if final is None else f"{words}; {100 * final:.1f} % of that class did in the end."


def _table(rows: ClassDays) -> Table:
    shown = sorted({*range(rows.first, rows.last + 1, _SHOWN_EVERY), rows.today, rows.last})
    return Table(
        f"Share of the {rows.ends:%B} class that had renewed, by day",
        (
            Column("Day", is_number=False),
            Column(f"{rows.ends.year}: renewed"),
            Column("in 100"),
            Column(f"{rows.ends.year - 1}, in 100"),
        ),
        tuple(_cells(rows, on) for on in shown),
    )


def _cells(rows: ClassDays, on: int) -> tuple[str, ...]:
    share, before = rows.share(on), rows.share_before(on)
    date = day(rows.ends + dt.timedelta(days=on), year=False)
    return (
        f"{date}, {abs(on)} days {'before' if on < 0 else 'after'}" if on else f"{date}, the last day",
        "–" if share is None else count(rows.renewed[on - rows.first]),
        "–" if share is None else f"{100 * share:.1f}",
        "–" if before is None else f"{100 * before:.1f}",
    )
