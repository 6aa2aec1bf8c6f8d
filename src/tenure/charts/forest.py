"""What contact by each playbook does, and in each of its bands: differences with their ranges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from tenure.charts.figure import Column, Figure, Table
from tenure.charts.svg import Drawing, number
from tenure.charts.words import count

_WIDTH, _MIDDLE, _REACH, _ROW, _TOP = 760.0, 380.0, 366.0, 48.0, 8.0
_LETTERS = 38


@dataclass(frozen=True)
class Compared:
    """Those whom a playbook wanted beside those whom the lot left out.

    Args:
        playbook: What staff call it.
        band: The band in which both were drawn; empty for all of them.
        treated, treated_kept: Members in the treated arm whose renewal is decided, and of them who renewed.
        control, control_kept: Likewise of those left out.
        points: By how many points of 100 more of the treated renewed.
        low, high: Its 95 % range.
    """

    playbook: str
    band: str
    treated: int
    treated_kept: int
    control: int
    control_kept: int
    points: float
    low: float
    high: float

    @property
    def name(self) -> str:
        """The playbook, or one of its bands."""
        return f"{self.playbook}, {self.band}" if self.band else self.playbook

    @property
    def is_apart(self) -> bool:
        """Whether the range holds no difference of 0."""
        return not self.low <= 0 <= self.high


def forest(rows: Sequence[Compared], *, about: str, key: str = "effects") -> Figure:
    """Draw each difference with its range around the line of no difference.

    Args:
        rows: Each playbook as a whole, and after it its bands; at least one.
        about: For the line under the finding.
        key: Unique on its page.
    """
    full = max(10.0, 10.0 * ceil(max(max(abs(row.low), abs(row.high)) for row in rows) / 10))
    base = _TOP + _ROW * len(rows)
    drawing = Drawing(
        _WIDTH, base + 32, key=key, title="Points of 100 by which more renew where a playbook wants them",
        reading=_reading(rows),
    )  # fmt: skip
    drawing.path(f"M{number(_MIDDLE)} {number(_TOP)}V{number(base)}", "ref")
    drawing.path(f"M0 {number(base)}H760", "axis")
    for i, row in enumerate(rows):
        _row(drawing, row, _TOP + _ROW * i, full)
    drawing.text(0, base + 22, f"−{full:.0f}: fewer renew")
    drawing.text(_MIDDLE, base + 22, "no difference", kind="minor", anchor="middle")
    drawing.text(_WIDTH, base + 22, f"+{full:.0f}: more renew", anchor="end")
    return Figure(key, finding(rows), about, drawing.finish(), _table(rows))


def finding(rows: Sequence[Compared]) -> str:
    """Which playbook differs most beyond chance, as a sentence without a full stop."""
    apart = [row for row in rows if not row.band and row.is_apart]
    if not apart:
        return "Of no playbook can it be told yet whether contact keeps members"
    most = max(apart, key=lambda row: abs(row.points))
    verb = "keeps" if most.points > 0 else "loses"
    others = f"; {len(apart) - 1} more differ{'s' if len(apart) == 2 else ''} beyond chance" if len(apart) > 1 else ""
    return f"“{most.playbook}” {verb} members: {_signed(most.points)} points{others}"


def _row(drawing: Drawing, row: Compared, y: float, full: float) -> None:
    """Its words, and beneath them the range: with a square for a playbook, with a dot for one of its bands."""
    at, left, right = (_MIDDLE + _REACH * value / full for value in (row.points, row.low, row.high))
    line, kind = y + 32, "halo" if row.band else "lead halo"
    drawing.path(
        f"M{number(left)} {number(line - 5)}v10M{number(right)} {number(line - 5)}v10"
        f"M{number(left)} {number(line)}H{number(right)}",
        "whisk",
    )
    if row.band:
        drawing.circle(at, line, 4.5)
    else:
        drawing.rect(at - 6, line - 6, 12, 12, "bar")
    named = row.name if len(row.name) <= _LETTERS else f"{row.name[: _LETTERS - 1].rstrip()}…"
    drawing.text(0, y + 18, named, kind=kind)
    drawing.text(
        _WIDTH - 60, y + 18, f"n {count(row.treated)} and {count(row.control)}", kind="minor halo", anchor="end"
    )
    drawing.text(_WIDTH, y + 18, _signed(row.points), kind=kind, anchor="end")


def _reading(rows: Sequence[Compared]) -> str:
    told = "; ".join(f"{row.name} {_signed(row.points)}, range {_range(row)}" for row in rows)
    return f"{finding(rows)}. {told[:1].upper()}{told[1:]}."


def _table(rows: Sequence[Compared]) -> Table:
    names = ("Points", "95 % from", "95 % to", "Wanted", "Of them renewed", "Left out", "Of them renewed")
    return Table(
        "By how many points of 100 more renew where a playbook wants them, than of those left out by lot",
        (Column("Playbook", is_number=False), Column("Band", is_number=False), *(Column(name) for name in names)),
        tuple(
            (
                row.playbook,
                row.band or "all",
                *(_signed(value) for value in (row.points, row.low, row.high)),
                *(count(value) for value in (row.treated, row.treated_kept, row.control, row.control_kept)),
            )
            for row in rows
        ),
    )


def _range(row: Compared) -> str:
    return f"{_signed(row.low)} to {_signed(row.high)}"


def _signed(points: float) -> str:
    return f"{points:+.1f}".replace("-", "−")
