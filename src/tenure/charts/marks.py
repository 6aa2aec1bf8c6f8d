"""The small pictures of a list: they repeat words that stand beside them, so they are hidden from screen readers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from tenure.charts.svg import number


def strip(chance: float, low: float, high: float, *, band: str, usual: float | None = None) -> str:
    """A line from 0 to 100 with the range, the estimate and, as a tick, what is usual.

    Args:
        chance, low, high, usual: From 0 to 1.
        band: The class of the dot: `high`, `medium`, `low` or `new`.
    """
    x, left, right = _strip_x(chance), _strip_x(low), _strip_x(high)
    tick = f'<path class="base" d="M{number(_strip_x(usual))} 1V11"/>' if usual is not None else ""
    return (
        '<svg class="strip" viewBox="0 0 120 12" aria-hidden="true"><path class="axis" d="M4 6H116"/>'
        f'{tick}<path class="iv" d="M{number(left)} 6H{number(right)}"/>'
        f'<circle class="{_band(band)}" cx="{number(x)}" cy="6" r="4"/></svg>'
    )


def hundred(many: int, *, band: str = "high", of: int = 100) -> str:
    """A square for each of a hundred, or of fewer, *many* of them filled."""
    of = max(1, min(100, of))
    many = max(0, min(of, many))
    squares = "".join(
        f'<rect class="{"on" if i < many else "off"}" x="{1 + 10 * (i % 10)}" y="{1 + 10 * (i // 10)}" '
        'width="7" height="7" rx="1"/>'
        for i in range(of)
    )
    return (
        f'<svg class="squares {_band(band)}" viewBox="0 0 100 100" role="img" '
        f'aria-label="{many} of {of} squares filled">{squares}</svg>'
    )


@dataclass(frozen=True)
class Effect:
    """One step of a waterfall, in points of 100: where it begins and ends, and what it is."""

    begins: float
    ends: float
    kind: Literal["base", "up", "down", "sum"]


def effects(rows: Sequence[Effect], *, full: float | None = None) -> list[str]:
    """The bars of a waterfall, one picture per row of its table.

    Args:
        rows: In order; each begins where the one before it ended.
        full: The points at the right edge; by default the next ten above the longest reach.
    """
    full = full or full_scale(rows)
    pictures = []
    for row in rows:
        left, right = sorted((160 * row.begins / full, 160 * row.ends / full))
        link = "" if row.kind == "sum" else f'<path class="link" d="M{number(160 * row.ends / full)} 0V16"/>'
        pictures.append(
            '<svg class="effect" viewBox="0 0 160 16" preserveAspectRatio="none" aria-hidden="true">'
            f'{link}<rect class="{row.kind}" x="{number(left)}" y="2" width="{number(max(right - left, 1))}" '
            'height="12"/></svg>'
        )
    return pictures


def interval(at: float, low: float, high: float, *, reach: float) -> str:
    """A difference with its interval on a line from -*reach* to *reach*; a dotted line stands at no difference."""
    x, left, right = (120 + 112 * max(-1.0, min(1.0, value / reach)) for value in (at, low, high))
    return (
        '<svg class="interval" viewBox="0 0 240 24" aria-hidden="true"><path class="grid" d="M4 16H236"/>'
        '<path class="ref" d="M120 4V20"/>'
        f'<path class="whisker" d="M{number(left)} 12V20M{number(right)} 12V20M{number(left)} 16H{number(right)}"/>'
        f'<circle class="this" cx="{number(x)}" cy="16" r="4"/></svg>'
    )


def dumbbell(now: float | None, before: float | None, low: float, high: float) -> str:
    """A line from *low* to *high* with a dot for this year's share and a tick for last year's; either may be missing.

    Args:
        now, before: Shares from 0 to 1.
        low, high: The ends of the line, in the same unit; all lines of a table share them.
    """
    places = [None if share is None else _between(share, low, high) for share in (now, before)]
    parts = ['<path class="grid" d="M0 8H200"/>']
    if None not in places:
        left, right = sorted(place for place in places if place is not None)
        parts.append(f'<path class="gap" d="M{number(left)} 8H{number(right)}"/>')
    if places[1] is not None:
        parts.append(f'<path class="prior" d="M{number(places[1])} 2V14"/>')
    if places[0] is not None:
        parts.append(f'<circle class="this" cx="{number(places[0])}" cy="8" r="5"/>')
    return f'<svg class="dumb" viewBox="0 0 200 16" aria-hidden="true">{"".join(parts)}</svg>'


def _between(share: float, low: float, high: float) -> float:
    return 6 + 188 * min(1.0, max(0.0, (share - low) / ((high - low) or 1.0)))


def full_scale(rows: Sequence[Effect]) -> float:
    """The right edge that a waterfall of *rows* needs, in points."""
    reach = max((max(row.begins, row.ends) for row in rows), default=0)
    return min(100.0, max(20.0, -(-reach // 10) * 10))


def _strip_x(chance: float) -> float:
    return 4 + 112 * min(1.0, max(0.0, chance))


def _band(band: str) -> str:
    return band if band in ("high", "medium", "low") else "new"
