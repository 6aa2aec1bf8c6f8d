"""Dues that come due in the weeks ahead, and how much of them can be expected not to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tenure.charts.figure import Column, Figure, Table
from tenure.charts.svg import Drawing, number
from tenure.charts.words import amount, count

_WIDTH, _LEFT, _RIGHT, _ROW = 540.0, 78.0, 470.0, 52.0


@dataclass(frozen=True)
class Horizon:
    """Members due within so many days or in grace, their dues, and what is expected of both; ranges hold 90 in 100."""

    days: int
    members: int
    in_grace: int
    lapses: float
    lapses_low: float
    lapses_high: float
    due: float
    at_risk: float
    low: float
    high: float


def dues(rows: Sequence[Horizon], *, about: str, money: str = "", key: str = "dues") -> Figure:
    """Draw what is due within each horizon, and what of it is at risk.

    Args:
        rows: By rising horizon, at least one with dues.
        about: For the line under the finding.
        money: The sign before amounts.
        key: Unique on its page.
    """
    full = max(row.due for row in rows) or 1.0
    drawing = Drawing(
        _WIDTH, 26 + _ROW * len(rows) + 24, key=key, title="Dues that come due, and dues at risk",
        reading=_reading(rows, money),
    )  # fmt: skip
    for i, row in enumerate(rows):
        _bar(drawing, row, 22 + _ROW * i, full, money)
    drawing.path(f"M78 12V{number(26 + _ROW * len(rows))}", "axis")
    drawing.text(_LEFT, 26 + _ROW * len(rows) + 18, "strong: at risk, with its 90 % range; faint: due", kind="minor")
    return Figure(key, finding(rows, money), about, drawing.finish(), _table(rows, money), "half")


def finding(rows: Sequence[Horizon], money: str = "") -> str:
    """How much of the dues of the longest horizon is at risk, as a sentence without a full stop."""
    row = max(rows, key=lambda one: one.days)
    if not row.due:
        return f"No dues are due within {row.days} days"
    share = 100 * row.at_risk / row.due
    return f"{amount(row.at_risk, money)} of {amount(row.due, money)} due in {row.days} days is at risk, {share:.0f} %"


def _bar(drawing: Drawing, row: Horizon, y: float, full: float, money: str) -> None:
    def x(value: float) -> float:
        return _LEFT + (_RIGHT - _LEFT) * value / full

    drawing.text(0, y + 15, f"{row.days} days")
    drawing.rect(_LEFT, y, x(row.due) - _LEFT, 22, "bar-soft")
    drawing.rect(_LEFT, y, x(row.at_risk) - _LEFT, 22, "bar")
    drawing.path(f"M{number(x(row.low))} {number(y + 30)}H{number(x(row.high))}", "whisk")
    drawing.path(f"M{number(x(row.low))} {number(y + 26)}v8M{number(x(row.high))} {number(y + 26)}v8", "whisk")
    drawing.text(x(row.due) + 8, y + 15, _short(row.due, money), kind="halo")
    drawing.text(max(x(row.high), x(row.at_risk)) + 8, y + 38, _short(row.at_risk, money), kind="lead halo")


def _short(value: float, money: str) -> str:
    """An amount in a narrow place: `$171 k`, `$1.06 m`."""
    if value >= 1e6:
        return f"{money}{value / 1e6:.2f} m"
    return f"{money}{value / 1e3:.0f} k" if value >= 1e4 else f"{money}{value:,.0f}"


def _reading(rows: Sequence[Horizon], money: str) -> str:
    told = "; ".join(
        f"within {row.days} days {count(row.members)} members, {amount(row.due, money)} due, "
        f"{amount(row.at_risk, money)} at risk (range {amount(row.low, money)} to {amount(row.high, money)})"
        for row in rows
    )
    return f"{finding(rows, money)}. {told[:1].upper()}{told[1:]}."


def _table(rows: Sequence[Horizon], money: str) -> Table:
    unit = f", {money.strip()}" if money.strip() else ""
    names = ("Members", "May lapse", "Range", f"Due{unit}", f"At risk{unit}", "Range of it")
    return Table(
        "Members due, dues due and dues at risk, by days ahead",
        (Column("Within", is_number=False), *(Column(name) for name in names)),
        tuple(
            (
                f"{row.days} days",
                count(row.members),
                count(row.lapses),
                f"{count(row.lapses_low)}–{count(row.lapses_high)}",
                count(row.due),
                count(row.at_risk),
                f"{count(row.low)}–{count(row.high)}",
            )
            for row in rows
        ),
    )
