"""One member's score over time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from tenure.charts.figure import Column, Figure, Table
from tenure.charts.svg import Drawing, area, number, polyline
from tenure.charts.words import day, hundred_of, span

_LEFT, _RIGHT, _TOP, _BASE = 0.0, 692.0, 34.0, 226.0
_LANE, _AXIS = 244.0, 260.0
_LETTER = 7.0
_WORDS = 170.0


@dataclass(frozen=True)
class Scored:
    """The score of one day: chance and 90 % range from 0 to 1, and its band."""

    on: dt.date
    chance: float
    low: float
    high: float
    band: str = ""


@dataclass(frozen=True)
class Event:
    """What happened on a day, in two or three words."""

    on: dt.date
    words: str


def history(
    scores: Sequence[Scored],
    *,
    events: Sequence[Event] = (),
    thresholds: tuple[float, float] = (0.20, 0.50),
    about: str = "",
    key: str = "history",
) -> Figure:
    """Draw a member's score over time, with its range, the bands' thresholds and what happened.

    Args:
        scores: By rising day, at least two.
        events: Of the time between the first and the last score; others are left out.
        thresholds: From which chance on a member is medium and high.
        about: For the line under the finding.
        key: Unique on its page.
    """
    first, last = scores[0].on, scores[-1].on
    full = _full_scale(scores)
    events = [event for event in sorted(events, key=lambda e: e.on) if first <= event.on <= last]
    drawing = Drawing(
        760,
        284,
        key=key,
        title=f"Chance of not renewing, {day(first)} to {day(last)}",
        reading=_reading(scores, events),
    )
    _grid(drawing, full, thresholds)
    _line(drawing, scores, full)
    _levels(drawing, scores, full, thresholds)
    _lane(drawing, scores, events, full)
    _months(drawing, first, last)
    return Figure(key, finding(scores), about, drawing.finish(), _table(scores, events))


def finding(scores: Sequence[Scored]) -> str:
    """How the score moved, as a sentence without a full stop."""
    last = scores[-1]
    month = [s for s in scores if (last.on - s.on).days <= 120] or [scores[0]]
    since = min(month[:-1] or scores[:1], key=lambda s: s.on)
    move = hundred_of(last.chance) - hundred_of(since.chance)
    if abs(move) < 5:
        return f"Risk has stood near {hundred_of(last.chance)} in 100 since {_since(since.on, last.on)}"
    verb = "rose" if move > 0 else "fell"
    return (
        f"Risk {verb} from {hundred_of(since.chance)} to {hundred_of(last.chance)} in 100 "
        f"since {_since(since.on, last.on)}"
    )


def _since(on: dt.date, last: dt.date) -> str:
    if (last - on).days < 45:
        return day(on, year=False)
    return f"{on:%B}" if (last - on).days < 300 else f"{on:%B} {on.year}"


def _full_scale(scores: Sequence[Scored]) -> float:
    return min(1.0, max(0.3, -(-max(s.high for s in scores) * 100 // 10) / 10))


def _y(chance: float, full: float) -> float:
    return _BASE - (_BASE - _TOP) * chance / full


def _x(on: dt.date, first: dt.date, last: dt.date) -> float:
    return _LEFT + (_RIGHT - _LEFT) * (on - first).days / max(1, (last - first).days)


def _grid(drawing: Drawing, full: float, thresholds: tuple[float, float]) -> None:
    for chance in (full, *thresholds):
        if chance == full or _y(chance, full) > _TOP + 20:
            drawing.path(f"M0 {number(_y(chance, full))}H760", "grid")
    drawing.path(f"M0 {number(_BASE)}H760M0 {number(_AXIS)}H760", "axis")


def _levels(drawing: Drawing, scores: Sequence[Scored], full: float, thresholds: tuple[float, float]) -> None:
    """Words on the grid lines, drawn over the interval so that they can be read."""
    drawing.text(0, _TOP - 6, f"{hundred_of(full)} in 100", kind="halo")
    first, last = scores[0].on, scores[-1].on
    beside = [_y(s.chance, full) for s in scores if _x(s.on, first, last) < _WORDS]
    for chance, band in zip(thresholds, ("medium", "high"), strict=True):
        y = _y(chance, full)
        # The scores must not strike the words out, which stand beneath their line then.
        is_struck = min(beside) < y + 2 and max(beside) > y - 22
        if y > _TOP + 20:
            drawing.text(0, y + 16 if is_struck else y - 6, f"{hundred_of(chance)}, {band} from here", kind="halo")


def _line(drawing: Drawing, scores: Sequence[Scored], full: float) -> None:
    first, last = scores[0].on, scores[-1].on
    places = [_x(s.on, first, last) for s in scores]
    upper = [(x, _y(s.high, full)) for x, s in zip(places, scores, strict=True)]
    lower = [(x, _y(s.low, full)) for x, s in zip(places, scores, strict=True)]
    drawing.path(area(upper, lower), "iv")
    drawing.path(polyline((x, _y(s.chance, full)) for x, s in zip(places, scores, strict=True)), "now")
    end = scores[-1]
    drawing.circle(places[-1], _y(end.chance, full), 5.5)
    drawing.text(704, _y(end.chance, full) + 5, str(hundred_of(end.chance)), kind="lead halo")
    drawing.text(704, _y(end.chance, full) + 22, span(end.low, end.high), kind="minor halo")


def _lane(drawing: Drawing, scores: Sequence[Scored], events: Sequence[Event], full: float) -> None:
    """Markers beneath the plot; a label goes right of its marker, else left of it, else only into the table."""
    first, last = scores[0].on, scores[-1].on
    places = [_x(event.on, first, last) for event in events]
    taken = -20.0
    for i, (event, x) in enumerate(zip(events, places, strict=True)):
        y = _y(_chance_on(scores, event.on), full)
        drawing.path(f"M{number(x)} {number(y)}V238", "ref")
        drawing.circle(x, y, 4)
        drawing.circle(x, _LANE, 4.5, "event")
        width = _LETTER * len(event.words) + 16
        following = places[i + 1] if i + 1 < len(places) else 760.0
        if x + width < following:
            drawing.text(x + 9, _LANE + 4.5, event.words, kind="minor")
            taken = x + width
        elif x - width > taken:
            drawing.text(x - 9, _LANE + 4.5, event.words, kind="minor", anchor="end")
            taken = x
        else:
            taken = x


def _chance_on(scores: Sequence[Scored], on: dt.date) -> float:
    """Where the line stands on a day: between two scores, on the straight line that is drawn from one to the other."""
    before = next(s for s in reversed(scores) if s.on <= on)
    after = next((s for s in scores if s.on > on), before)
    way = (on - before.on).days / max(1, (after.on - before.on).days)
    return before.chance + way * (after.chance - before.chance)


def _months(drawing: Drawing, first: dt.date, last: dt.date) -> None:
    """Ticks at the starts of months, no more than seven of them."""
    if (last - first).days < 62:
        drawing.text(0, 278, day(first))
        drawing.text(_RIGHT, 278, day(last, year=False), anchor="end")
        return
    starts = [dt.date(year, month, 1) for year in range(first.year, last.year + 1) for month in range(1, 13)]
    starts = [start for start in starts if first <= start <= last]
    step = max(1, -(-len(starts) // 6))
    step = next(s for s in (1, 2, 3, 6, 12, 24, 60) if s >= step)
    shown = [start for start in starts if (start.month - 1 + 12 * start.year) % step == 0]
    for i, start in enumerate(shown):
        x = _x(start, first, last)
        named = f"{start:%b} {start.year}" if i == 0 or start.month <= step else f"{start:%b}"
        drawing.path(f"M{number(x)} {number(_AXIS)}v5", "axis")
        drawing.text(x, 278, named)


def _reading(scores: Sequence[Scored], events: Sequence[Event]) -> str:
    last = scores[-1]
    lowest = min(scores, key=lambda s: s.chance)
    words = (
        f"{finding(scores)}. Lowest {hundred_of(lowest.chance)} on {day(lowest.on)}; "
        f"now {hundred_of(last.chance)}, range {span(last.low, last.high)}."
    )
    happened = ", ".join(f"{event.words.lower()} on {day(event.on)}" for event in events)
    return f"{words} Markers: {happened}." if happened else words


def _table(scores: Sequence[Scored], events: Sequence[Event]) -> Table:
    """At most thirty rows: the first, the last, and evenly between, with each event at the next score shown."""
    step = max(1, -(-len(scores) // 30))
    shown = [s for i, s in enumerate(reversed(scores)) if i % step == 0 or i == len(scores) - 1][::-1]
    rows = []
    before = dt.date.min
    for s in shown:
        happened = "; ".join(event.words for event in events if before < event.on <= s.on)
        rows.append((day(s.on), str(hundred_of(s.chance)), span(s.low, s.high), s.band.capitalize(), happened))
        before = s.on
    return Table(
        "Chance of not renewing, in 100, with its 90 % range",
        (
            Column("Date", is_number=False),
            Column("Chance"),
            Column("Range"),
            Column("Band", is_number=False),
            Column("What happened", is_number=False),
        ),
        tuple(rows),
    )
