"""How long members stay, by when they joined: curves with their ranges, and the table that shares their columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tenure.charts.figure import Column, Figure, Table
from tenure.charts.svg import Drawing, Point, area, number, polyline
from tenure.charts.words import count, hundred_of, span

_WIDTH, _TOP, _BASE = 760.0, 22.0, 236.0
FEWEST = 10
"""A curve ends where fewer are followed."""

_MANY = 30
"""At least so many must be followed where a finding speaks of a year."""

_MONTHS = 12
_LETTER = 8.0
_CUT = 0.35
"""Above so low a share the vertical line may begin higher than at 0, and says so."""


@dataclass(frozen=True)
class Mark:
    """After so many years: members followed, lapsed, and out of sight; share still there with its range (0 to 1)."""

    year: int
    followed: int
    lapsed: int
    left: int
    stayed: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """One cohort: its name (such as `joined 2021–2025`), its curve by month (share, low, high) and its years."""

    name: str
    members: int
    steps: Sequence[tuple[float, float, float]]
    years: Sequence[Mark]

    @property
    def until(self) -> int:
        """The last year at which enough are followed."""
        return max((mark.year for mark in self.years if mark.followed >= FEWEST), default=0)


def retention(newer: Line, older: Line | None = None, *, about: str, key: str = "retention") -> Figure:
    """Draw the share still members by years since joining.

    Args:
        newer: The cohort that the reader wants to know of, or all.
        older: With what it is compared, if anything.
        about: For the line under the finding.
        key: Unique on its page.
    """
    lines = [line for line in (newer, older) if line is not None]
    last = max(1, *(line.until for line in lines))
    drawing = Drawing(
        _WIDTH, 270, key=key, title="Share still members, by years since joining", reading=_reading(newer, older)
    )
    low = min(step[1] for line in lines for step in line.steps[: line.until * _MONTHS + 1])
    bottom = 0.0 if low < _CUT else min(0.8, int(low * 10 - 0.5) / 10)
    _grid(drawing, last, bottom)
    for line, interval in reversed(list(zip(lines, ("iv", "iv2"), strict=False))):
        _interval(drawing, line, last, bottom, interval)
    for line, kind in reversed(list(zip(lines, ("now", "then"), strict=False))):
        _curve(drawing, line, last, bottom, kind)
    _names(drawing, lines, last, bottom)
    return Figure(key, finding(newer, older), about, drawing.finish(), _table(lines, last))


def finding(newer: Line, older: Line | None = None) -> str:
    """How the newer members stay beside the older ones, as a sentence without a full stop."""
    if older is None or not (shared := compared(newer, older)):
        marks = [mark for mark in newer.years if mark.year and mark.followed >= FEWEST]
        if not marks:
            return "Too few are followed long enough to tell how long members stay"
        mark = marks[min(len(marks), 5) - 1]
        return f"{hundred_of(mark.stayed)} of 100 remain after {_years(mark.year)}"
    mine, theirs = shared
    both = f"{hundred_of(mine.stayed)} of 100 remain after {_years(mine.year)}, {hundred_of(theirs.stayed)} before"
    if mine.low > theirs.high:
        return f"Newer members stay longer: {both}"
    if mine.high < theirs.low:
        return f"Newer members leave sooner: {both}"
    return f"Newer members stay about as long as older ones: {both}"


def compared(newer: Line, older: Line) -> tuple[Mark, Mark] | None:
    """Both cohorts at the last of the first five years at which enough of each are followed."""
    pairs = zip(newer.years, older.years, strict=False)
    enough = [pair for pair in pairs if 1 <= pair[0].year <= 5 and min(one.followed for one in pair) >= _MANY]
    return enough[-1] if enough else None


def first_renewal(line: Line) -> float | None:
    """The share that the first renewal costs; None where too few are followed."""
    mark = next((mark for mark in line.years if mark.year == 1), None)
    return None if mark is None or mark.followed < FEWEST else 1 - mark.stayed


def _years(number_of: int) -> str:
    named = ("", "one year", "two years", "three years", "four years", "five years")
    return named[number_of] if number_of < len(named) else f"{number_of} years"


def _x(month: float, last: int) -> float:
    return _WIDTH / (last + 1) * month / _MONTHS


def _y(share: float, bottom: float) -> float:
    return _BASE - (_BASE - _TOP) * (share - bottom) / (1 - bottom)


def _grid(drawing: Drawing, last: int, bottom: float) -> None:
    step = 0.2 if bottom < 0.6 else 0.1
    levels = [round(1 - step * i, 2) for i in range(6) if 1 - step * i > bottom + 0.02]
    for level in levels:
        y = _y(level, bottom)
        drawing.path(f"M0 {number(y)}H760", "grid")
        if level < 1:
            drawing.text(760, y - 5, f"{hundred_of(level)}", anchor="end")
    drawing.text(760, _TOP - 6, "100 still members", anchor="end")
    drawing.path("M0 236H760", "axis")
    for year in range(last + 1):
        x = _x(year * _MONTHS, last)
        drawing.path(f"M{number(x)} 236v5", "axis")
        words = "joined" if not year else f"{year} year{'s' if year > 1 else ''}" if year in (1, last) else str(year)
        drawing.text(x, 258, words, kind="" if year in (0, last) else "minor")
    if bottom:
        drawing.text(0, 230, f"the line begins at {hundred_of(bottom)}", kind="minor")


def _steps(line: Line, last: int, bottom: float, of: int) -> list[Point]:
    """A staircase: a share holds until the next month's."""
    values = [step[of] for step in line.steps[: min(line.until, last) * _MONTHS + 1]]
    points: list[Point] = []
    for month, value in enumerate(values):
        if points:
            points.append((_x(month, last), points[-1][1]))
        if not points or _y(value, bottom) != points[-1][1]:
            points.append((_x(month, last), _y(value, bottom)))
    return points


def _interval(drawing: Drawing, line: Line, last: int, bottom: float, kind: str) -> None:
    upper, lower = _steps(line, last, bottom, 2), _steps(line, last, bottom, 1)
    if len(upper) > 1:
        drawing.path(area(upper, lower), kind)


def _curve(drawing: Drawing, line: Line, last: int, bottom: float, kind: str) -> None:
    points = _steps(line, last, bottom, 0)
    if len(points) > 1:
        drawing.path(polyline(points), kind)


def _names(drawing: Drawing, lines: Sequence[Line], last: int, bottom: float) -> None:
    """The names at the ends of the lines: right of the end where there is room, else above it."""
    for line in lines:
        if not line.until:
            continue
        x, y = _steps(line, last, bottom, 0)[-1]
        kind = "lead halo" if line is lines[0] else "halo"
        if x + 10 + _LETTER * len(line.name) < _WIDTH:
            drawing.text(x + 10, y - 6, line.name, kind=kind)
        else:
            drawing.text(max(x, _LETTER * len(line.name)), y - 20, line.name, kind=kind, anchor="end")


def _reading(newer: Line, older: Line | None) -> str:
    words = f"{finding(newer, older)}."
    for line in (newer, older):
        mark = next((m for m in reversed(line.years) if m.year and m.followed >= FEWEST), None) if line else None
        if line is not None and mark is not None:
            words += (
                f" {line.name[:1].upper()}{line.name[1:]}: {hundred_of(mark.stayed)} in 100 after {_years(mark.year)}, "
                f"range {span(mark.low, mark.high)}."
            )
    return words


def _table(lines: Sequence[Line], last: int) -> Table:
    names = ("Years", "Followed", "Lapsed", "Out of sight", "In 100 still members", "95 % range")
    return Table(
        "Share still members, by years since joining",
        (Column("Joined", is_number=False), *(Column(name) for name in names)),
        tuple(
            (
                line.name,
                str(mark.year),
                *(count(value) for value in (mark.followed, mark.lapsed, mark.left)),
                str(hundred_of(mark.stayed)),
                span(mark.low, mark.high),
            )
            for line in lines
            for mark in line.years
            if mark.year <= min(line.until, last)
        ),
    )
