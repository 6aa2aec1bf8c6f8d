"""From what is usual for a kind of member to the score of one: how many points go with each reason."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from tenure.charts.figure import Column, Figure, Table
from tenure.charts.marks import Effect, full_scale
from tenure.charts.svg import Drawing, number

_WIDTH, _LEFT, _LINE, _GAP = 760.0, 480.0, 17.0, 12.0
_LETTERS = 58
_KINDS = {"base": "bar-then-soft", "up": "bar", "down": "bar-soft", "sum": "bar-then"}


@dataclass(frozen=True)
class Signal:
    """A row of a waterfall: what it is, more about it, and by how many points of 100 it moves the score."""

    text: str
    detail: str
    points: float


@dataclass(frozen=True)
class Way:
    """The way from what is usual to a score.

    Args:
        whose: Of whom the first is the average, such as `the average REG member`.
        usual: Points of 100 at which they stand.
        signals: What leads from there to the score, the rest as the last one.
        score: Points of 100 at which this member stands.
    """

    whose: str
    usual: float
    signals: Sequence[Signal]
    score: float

    @property
    def finding(self) -> str:
        """How far the member stands from what is usual and what goes with most of it, without a full stop."""
        apart, whose = round(self.score) - round(self.usual), self.whose[0].lower() + self.whose[1:]
        if not apart:
            return f"As {whose}"
        far = f"{abs(apart)} point{'' if abs(apart) == 1 else 's'} {'above' if apart > 0 else 'below'} {whose}"
        most = max(self.signals[:-1], key=lambda one: one.points, default=None)
        if apart < 0 or most is None or most.points < 1:
            return far
        return f"{far}; most go with “{most.text}”"

    @property
    def bars(self) -> list[Effect]:
        """One bar per row: what is usual, each signal from where the one before it ended, and the score."""
        bars, at = [Effect(0, self.usual, "base")], self.usual
        for one in self.signals:
            bars.append(Effect(at, at + one.points, "up" if one.points >= 0 else "down"))
            at += one.points
        return [*bars, Effect(0, self.score, "sum")]

    @property
    def rows(self) -> tuple[tuple[str, str, str], ...]:
        """What stands in each row: words, more about them, and points."""
        signals = ((one.text, one.detail, _signed(one.points)) for one in self.signals)
        whose = self.whose[0].upper() + self.whose[1:]
        first, last = (whose, "what is usual", f"{self.usual:.0f}"), ("This member", "", f"{self.score:.0f}")
        return (first, *signals, last)


def waterfall(way: Way, *, about: str, key: str = "reasons") -> Figure:
    """Draw the *way* as a picture of its own; on a page it is a table with a bar in each row.

    Args:
        way: From what is usual to the score.
        about: What is drawn and of which day, for the line under the finding.
        key: Unique on its page.
    """
    told = [
        (textwrap.wrap(f"{text}; {detail}" if detail else text, _LETTERS) or [""], points)
        for text, detail, points in way.rows
    ]
    height = sum(_LINE * len(lines) + _GAP for lines, _ in told) + 6
    reading = ". ".join(f"{' '.join(lines)}: {points}" for lines, points in told)
    drawing = Drawing(_WIDTH, height, key=key, title="Points that lead from what is usual to the score",
                      reading=f"{way.finding}. {reading}.")  # fmt: skip
    full, y = full_scale(way.bars), 4.0
    for (lines, points), bar in zip(told, way.bars, strict=True):
        _row(drawing, lines, points, bar, y, full)
        y += _LINE * len(lines) + _GAP
    rows = tuple((f"{text}; {detail}" if detail else text, points) for text, detail, points in way.rows)
    table = Table("What stands behind the score, in points of 100", (Column("Signal", False), Column("Points")), rows)
    return Figure(key, way.finding, about, drawing.finish(), table)


def _row(drawing: Drawing, lines: Sequence[str], points: str, bar: Effect, y: float, full: float) -> None:
    kind = "lead" if bar.kind == "sum" else ""
    for i, line in enumerate(lines):
        drawing.text(0, y + 13 + _LINE * i, line, kind=kind)
    drawing.text(_LEFT - 14, y + 13, points, kind=kind, anchor="end")
    left, right = sorted(_LEFT + (_WIDTH - _LEFT) * end / full for end in (bar.begins, bar.ends))
    drawing.rect(left, y + 1, max(right - left, 1.0), 14, _KINDS[bar.kind])
    if bar.kind != "sum":
        x = _LEFT + (_WIDTH - _LEFT) * bar.ends / full
        drawing.path(f"M{number(x)} {number(y + 1)}v{number(_LINE * len(lines) + _GAP + 14)}", "grid")


def _signed(points: float) -> str:
    """Whole points, and a tenth where there is no whole one: a reason is given for something."""
    told = f"{points:+.0f}" if round(points) else f"{points:+.1f}" if abs(points) >= 0.05 else "0"
    return told.replace("-", "−")
