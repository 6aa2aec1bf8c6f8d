"""How many of those who lapse does one reach from the top of the list?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tenure.charts.figure import Column, Figure, Table
from tenure.charts.svg import Drawing, number, polyline
from tenure.charts.words import hundred_of

_WIDTH, _BASE, _TOP = 540.0, 300.0, 24.0
_RIGHT_FROM = 0.55
"""Share beyond which the words of the mark stand left of it."""


@dataclass(frozen=True)
class Gain:
    """Shares from 0 to 1: called from the top, of lapsers caught, caught by the points score, and at best possible."""

    share: float
    caught: float
    points_caught: float | None = None
    ideal: float | None = None


def gains(
    rows: Sequence[Gain], *, about: str, capacity: float = 0.10, calls: int | None = None, key: str = "gains"
) -> Figure:
    """Draw the share of lapsers reached by the share of members called.

    Args:
        rows: By rising share, at least one.
        about: Of how many decisions, for the line under the finding.
        capacity: The share that is marked and that the finding speaks of.
        calls: How many calls a month that share comes to, where it is the staff's capacity.
        key: Unique on its page.
    """
    rows = [Gain(0, 0, 0, 0), *(row for row in rows if row.share > 0)]
    at = min(rows[1:], key=lambda row: abs(row.share - capacity))
    drawing = Drawing(
        _WIDTH,
        330,
        key=key,
        title="Share of those who lapsed that is reached, by share of members called",
        reading=f"{finding(at, calls)}. Calling at random would reach {hundred_of(at.share)} %.",
    )
    _grid(drawing)
    _lines(drawing, rows, at, calls)
    return Figure(key, finding(at, calls), about, drawing.finish(), _table(rows[1:], at), "half")


def finding(at: Gain, calls: int | None = None) -> str:
    """What the marked share reaches, as a sentence without a full stop."""
    who = f"Calling the top {hundred_of(at.share)} %" if calls is None else f"Your {calls:,} calls a month"
    reached = f"{'reaches' if calls is None else 'reach'} {hundred_of(at.caught)} % of those who lapse"
    words = f"{who} {reached}"
    if at.points_caught is None:
        return words
    return f"{words}; a points score, {hundred_of(at.points_caught)} %"


def _at(share: float, caught: float) -> tuple[float, float]:
    return _WIDTH * share, _BASE - (_BASE - _TOP) * caught


def _grid(drawing: Drawing) -> None:
    for percent in (25, 50, 75, 100):
        y = _at(0, percent / 100)[1]
        drawing.path(f"M0 {number(y)}H540", "grid")
        drawing.text(0, y - 5, "100 % of those who lapse" if percent == 100 else str(percent))
    drawing.path(polyline([_at(0, 0), _at(1, 1)]), "ref")
    drawing.path("M0 300H540", "axis")
    drawing.text(0, 318, "0")
    for percent in (25, 50):  # 75 would run into the unit
        drawing.text(_WIDTH * percent / 100, 318, str(percent), anchor="middle")
    drawing.text(_WIDTH, 318, "100 % of members", anchor="end")


def _lines(drawing: Drawing, rows: Sequence[Gain], at: Gain, calls: int | None) -> None:
    points = [(row.share, row.points_caught) for row in rows if row.points_caught is not None]
    if len(points) > 1:
        drawing.path(polyline(_at(share, caught) for share, caught in points), "then")
    drawing.path(polyline(_at(row.share, row.caught) for row in rows), "now")
    if len(points) > 1:
        share, caught = min(points, key=lambda row: abs(row[0] - 0.35))
        x, y = _at(share, caught)
        if caught > next(row.caught for row in rows if row.share == share):
            drawing.text(x - 8, y - 8, "points score", kind="halo", anchor="end")
        else:
            drawing.text(x + 8, y + 16, "points score", kind="halo")
    x, y = _at(0.72, 0.72)
    drawing.text(x + 10, y + 22, "at random", kind="halo")
    x, y = _at(at.share, at.caught)
    drawing.path(f"M{number(x)} 300V{number(y)}", "rule")
    drawing.circle(x, y, 5.5)
    who = f"top {hundred_of(at.share)} % reaches" if calls is None else f"{calls:,} calls a month reach"
    words, is_right = f"{who} {hundred_of(at.caught)} %", at.share <= _RIGHT_FROM
    drawing.text(
        x + (10 if is_right else -10), _BASE - 9, words, kind="lead halo", anchor="start" if is_right else "end"
    )


def _table(rows: Sequence[Gain], at: Gain) -> Table:
    names = ("Called, %", "Lapsers reached, %", "By the points score", "At best possible")
    return Table(
        "Share of those who lapsed that is reached",
        tuple(Column(name) for name in names),
        tuple(
            (_percent(row.share), _percent(row.caught), _percent(row.points_caught), _percent(row.ideal))
            for row in rows
            if row is at or row.share <= 0.301 or round(row.share * 100) % 10 == 0
        ),
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else str(hundred_of(share))
