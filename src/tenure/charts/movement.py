"""Who came and who left, month by month, and the net of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from tenure.charts.figure import Column, Figure, Table
from tenure.charts.svg import Drawing, number
from tenure.charts.words import count

_WIDTH, _TOP, _BOTTOM, _LEFT = 760.0, 40.0, 236.0, 76.0


@dataclass(frozen=True)
class Month:
    """Members who came and left in a month; *in_grace*: terms that ended in it and may still be renewed."""

    start: dt.date
    joined: int
    reinstated: int
    dropped: int
    departed: int
    in_grace: int = 0
    is_over: bool = True

    @property
    def came(self) -> int:
        return self.joined + self.reinstated

    @property
    def left(self) -> int:
        return self.dropped + self.departed

    @property
    def net(self) -> int:
        return self.came - self.left

    @property
    def is_whole(self) -> bool:
        """Whether nothing of it is open."""
        return self.is_over and not self.in_grace


def movement(rows: Sequence[Month], *, about: str, key: str = "movement") -> Figure:
    """Draw who came above the line and who left below it; what is open is hatched.

    Args:
        rows: By rising month, at least one.
        about: For the line under the finding.
        key: Unique on its page.
    """
    drawing = Drawing(_WIDTH, 284, key=key, title="Members who came and who left, by month", reading=_reading(rows))
    up = max(max(row.came for row in rows), 1)
    down = max(max(row.left + row.in_grace for row in rows), 1)
    unit = (_BOTTOM - _TOP) / (up + down)
    zero = _TOP + unit * up
    drawing.text(0, zero - 8, "came")
    drawing.text(0, zero + 18, "left")
    room = (_WIDTH - _LEFT) / len(rows)
    for i, row in enumerate(rows):
        _bar(drawing, row, _LEFT + room * i, room, zero, unit, i)
    drawing.path(f"M0 {number(zero)}H760", "axis")
    drawing.text(0, 14, "net", kind="minor")
    return Figure(key, finding(rows), about, drawing.finish(), _table(rows))


def finding(rows: Sequence[Month]) -> str:
    """What the months that are decided come to, as a sentence without a full stop."""
    whole = [row for row in rows if row.is_whole]
    if not whole:
        return "No month is decided yet: grace still runs in all of them"
    net = sum(row.net for row in whole)
    came, left = sum(row.came for row in whole), sum(row.left for row in whole)
    months = f"{len(whole)} decided months" if len(whole) > 1 else f"{whole[0].start:%B}"
    if not net:
        return f"As many came as left in {months}: {count(came)}"
    more = "came than left" if net > 0 else "left than came"
    return f"{count(abs(net))} more {more} in {months}: {count(came)} came, {count(left)} left"


def _bar(drawing: Drawing, row: Month, x: float, room: float, zero: float, unit: float, i: int) -> None:
    width = min(room * 0.62, 40.0)
    drawing.rect(x, zero - unit * row.joined, width, unit * row.joined, "bar")
    drawing.rect(x, zero - unit * row.came, width, unit * row.reinstated, "bar-soft")
    drawing.rect(x, zero, width, unit * row.dropped, "bar-then")
    drawing.rect(x, zero + unit * row.dropped, width, unit * row.departed, "bar-then-soft")
    if row.in_grace:
        drawing.rect(x, zero + unit * row.left, width, unit * row.in_grace, "iv2")
    net, kind = (_signed(row.net), "lead minor") if row.is_whole else ("open", "minor")
    drawing.text(x + width / 2, 14, net, kind=kind, anchor="middle")
    words = f"{row.start:%b}" if row.start.month > 1 and i else f"{row.start:%b %y}"
    drawing.text(x + width / 2, 262, words, kind="minor" if i % 3 else "", anchor="middle")


def _signed(value: int) -> str:
    return f"{value:+,}".replace("-", "−") if value else "0"


def _reading(rows: Sequence[Month]) -> str:
    open_ = [row for row in rows if not row.is_whole]
    words = f"{finding(rows)}."
    if not open_:
        return words
    names = " and ".join(f"{row.start:%B}" for row in open_[-2:])
    return f"{words} {names}: not decided, {count(sum(row.in_grace for row in open_))} members are in grace."


def _table(rows: Sequence[Month]) -> Table:
    names = ("New", "Reinstated", "Dropped", "Died or moved", "Net", "In grace")
    return Table(
        "Members who came and who left, by month",
        (Column("Month", is_number=False), *(Column(name) for name in names)),
        tuple(
            (
                f"{row.start:%b %Y}",
                *(count(value) for value in (row.joined, row.reinstated, row.dropped, row.departed)),
                _signed(row.net) if row.is_whole else f"{_signed(row.net)} so far",
                count(row.in_grace),
            )
            for row in rows
        ),
    )
