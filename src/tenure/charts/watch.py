"""How near the nights came to a warning of drift, and where one was given."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from tenure.charts.figure import Column, Figure, Table
from tenure.charts.svg import Drawing, number, polyline
from tenure.charts.words import day, hundred_of

_WIDTH, _RIGHT, _TOP, _BASE = 540.0, 486.0, 28.0, 186.0


@dataclass(frozen=True)
class Watched:
    """What a night's watch found.

    Args:
        on: The day of the night.
        nearest: The group of signals that came nearest to its warning.
        reach: How far it moved, as a share of what a warning takes: 1 is the warning.
        is_alarm: Whether the watch gave a warning, of this group or another.
    """

    on: dt.date
    nearest: str
    reach: float
    is_alarm: bool


def watch(nights: Sequence[Watched], *, about: str, key: str = "watch") -> Figure:
    """Draw, night by night, how near the nearest signals came to their warning.

    Args:
        nights: By rising day, at least two.
        about: For the line under the finding.
        key: Unique on its page.
    """
    first, last = nights[0].on, nights[-1].on
    full = max(1.25, max(one.reach for one in nights) * 1.1)
    drawing = Drawing(
        _WIDTH, 226, key=key, title=f"Nearness to a warning of drift, {day(first)} to {day(last)}",
        reading=f"{finding(nights)}. {len(nights):,} nights; 100 is where the warning begins.",
    )  # fmt: skip
    for share in (0.5, 1.0):
        drawing.path(f"M0 {number(_y(share, full))}H540", "ref" if share == 1 else "grid")
    drawing.path(f"M0 {number(_BASE)}H540", "axis")
    places = [(_RIGHT * (one.on - first).days / max(1, (last - first).days), _y(one.reach, full)) for one in nights]
    drawing.path(polyline(places), "now")
    for one, (x, y) in zip(nights, places, strict=True):
        if one.is_alarm:
            drawing.path(f"M{number(x)} {number(y)}V{number(_BASE)}", "ref")
            drawing.circle(x, y, 5, "event")
    for share, words in ((0.5, "50"), (1.0, "100, warning from here")):
        drawing.text(0, _y(share, full) - 6, words, kind="halo")
    x, y = places[-1]
    drawing.circle(x, y, 5.5, "event" if nights[-1].is_alarm else "pt")
    drawing.text(x + 12, y + 5, str(hundred_of(nights[-1].reach)), kind="lead halo")
    drawing.text(0, 208, day(first))
    drawing.text(_RIGHT, 208, day(last, year=first.year != last.year), anchor="end")
    return Figure(key, finding(nights), about, drawing.finish(), _table(nights), "half")


def finding(nights: Sequence[Watched]) -> str:
    """Whether a warning stands, since when, or how near one came, as a sentence without a full stop."""
    last, year = nights[-1], nights[0].on.year != nights[-1].on.year
    if last.is_alarm:
        since = last.on
        for one in reversed(nights):
            if not one.is_alarm:
                break
            since = one.on
        return f"{last.nearest} moved farthest; warned since {day(since, year=year)}"
    warned = [one for one in nights if one.is_alarm]
    if warned:
        return (
            f"No warning now; the last was on {day(warned[-1].on, year=year)}, when {warned[-1].nearest} moved farthest"
        )
    most = max(nights, key=lambda one: one.reach)
    return f"No warning in {len(nights):,} nights; {most.nearest} came nearest, at {hundred_of(most.reach)} of 100"


def _y(share: float, full: float) -> float:
    return _BASE - (_BASE - _TOP) * share / full


def _table(nights: Sequence[Watched]) -> Table:
    columns = (
        Column("Night", False),
        Column("Nearest to its warning", False),
        Column("Of 100"),
        Column("Warning", False),
    )
    rows = tuple(
        (day(one.on), one.nearest, str(hundred_of(one.reach)), "Yes" if one.is_alarm else "No")
        for one in reversed(nights)
    )
    return Table("How near each night came to a warning, newest first", columns, rows)
