"""Did as many lapse as the scores said?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tenure.charts.figure import Column, Figure, Table
from tenure.charts.svg import Drawing, number, polyline
from tenure.charts.words import count, hundred_of, span

_WIDTH, _BASE, _TOP = 540.0, 300.0, 24.0
_BARS_BASE, _BARS_HEIGHT = 372.0, 40.0


_NO_MATTER = 0.02
"""Two in a hundred: with very many renewals chance no longer hides such a gap, but it changes no decision."""


@dataclass(frozen=True)
class Bin:
    """Decisions scored about alike: mean prediction, share that lapsed with its 95 % range (0 to 1), how many."""

    predicted: float
    observed: float
    low: float
    high: float
    n: int

    @property
    def agrees(self) -> bool:
        """Whether the prediction lies in the range of what was observed, or so near that nobody would act otherwise."""
        return self.low <= self.predicted <= self.high or abs(self.predicted - self.observed) < _NO_MATTER


def calibration(bins: Sequence[Bin], *, about: str, key: str = "calibration") -> Figure:
    """Draw observed against scored chance, with ranges, the line of agreement and how many are in each group.

    Args:
        bins: At least one, by rising prediction.
        about: What was tested on what, for the line under the finding.
        key: Unique on its page.
    """
    bins = sorted(bins, key=lambda b: b.predicted)
    full = _full_scale(bins)
    drawing = Drawing(_WIDTH, 400, key=key, title="Observed lapses against scored chance", reading=_reading(bins))
    _grid(drawing, full)
    _points(drawing, bins, full)
    _bars(drawing, bins, full)
    return Figure(key, finding(bins), about, drawing.finish(), _table(bins), "half")


def finding(bins: Sequence[Bin]) -> str:
    """Where scores can be taken at their word, as a sentence without a full stop."""
    off = [b for b in bins if not b.agrees]
    if not off:
        return "Scores can be taken at their word: each group lapsed as scored"
    if len(off) > len(bins) / 2:
        way = "high" if sum(b.predicted > b.observed for b in off) > len(off) / 2 else "low"
        return f"Scores run {way} in {len(off)} of {len(bins)} groups; rank by them, do not quote them"
    top = next((i for i, b in enumerate(bins) if all(not c.agrees for c in bins[i:])), None)
    if top and len(off) == len(bins) - top:
        way = "high" if bins[-1].predicted > bins[-1].observed else "low"
        return f"Scores hold up to {hundred_of(bins[top - 1].predicted)}, then run {way}"
    return f"{len(bins) - len(off)} of {len(bins)} groups lapsed as scored, within chance or 2 in 100"


def _full_scale(bins: Sequence[Bin]) -> float:
    highest = max(max(b.predicted, b.high) for b in bins)
    return min(1.0, max(0.2, -(-highest * 100 // 10) / 10))


def _x(chance: float, full: float) -> float:
    return _WIDTH * chance / full


def _y(chance: float, full: float) -> float:
    return _BASE - (_BASE - _TOP) * chance / full


def _steps(full: float) -> list[float]:
    step = 0.05 if full <= 0.2 else 0.1 if full <= 0.4 else 0.2
    return [round(step * i, 2) for i in range(1, int(full / step + 1e-9) + 1)]


def _grid(drawing: Drawing, full: float) -> None:
    steps = _steps(full)
    for chance in steps:
        y = _y(chance, full)
        drawing.path(f"M0 {number(y)}H540", "grid")
        unit = " of 100 lapsed" if chance == steps[-1] else ""
        drawing.text(0, y - 5, f"{hundred_of(chance)}{unit}")
    drawing.path(polyline([(0, _BASE), (_WIDTH, _TOP)]), "ref")
    drawing.path("M0 300H540M0 372H540", "axis")
    for chance in steps:
        if chance < full:
            drawing.text(_x(chance, full), 317, f"{hundred_of(chance)}", anchor="middle")
    drawing.text(0, 394, "scored chance, in 100")


def _points(drawing: Drawing, bins: Sequence[Bin], full: float) -> None:
    for b in bins:
        x = _x(b.predicted, full)
        drawing.path(f"M{number(x)} {number(_y(b.low, full))}V{number(_y(b.high, full))}", "whisk")
        drawing.circle(x, _y(b.observed, full), 4.5)
    last = bins[-1]
    words = f"scored {hundred_of(last.predicted)}, {hundred_of(last.observed)} lapsed"
    right = min(_x(last.predicted, full) + 60, _WIDTH)
    left = right - 8 * len(words)
    # Beneath the whiskers that the words would cross.
    beneath = max(_y(b.low, full) for b in bins if _x(b.predicted, full) > left)
    low = min(beneath + 20, _BASE - 8)
    drawing.text(right, low, words, kind="lead halo", anchor="end")
    # Where no whisker is near, nor those words.
    spots = (0.25, 0.35, 0.45, 0.55, 0.65, 0.75, 0.85)
    apart = [s for s in spots if _x(full * s, full) < left or abs(_y(full * s, full) - 10 - low) > 20]
    free = max(apart, key=lambda s: min(abs(s - 0.06 - b.predicted / full) for b in bins))
    drawing.text(_x(full * free, full), _y(full * free, full) - 10, "as scored", kind="halo", anchor="end")


def _bars(drawing: Drawing, bins: Sequence[Bin], full: float) -> None:
    places = [_x(b.predicted, full) for b in bins]
    gaps = [after - before for before, after in pairwise(places)]
    width = max(2.0, min([18.0, *(0.85 * gap for gap in gaps)]))
    most = max(b.n for b in bins)
    for b, x in zip(bins, places, strict=True):
        height = max(1.0, _BARS_HEIGHT * b.n / most) if b.n else 0.0
        drawing.rect(max(0.0, x - width / 2), _BARS_BASE - height, width, height, "bar-soft")
    drawing.text(_WIDTH, 394, f"decisions in each group, up to {count(most)}", kind="minor", anchor="end")


def _reading(bins: Sequence[Bin]) -> str:
    groups = "; ".join(
        f"of {count(b.n)} scored about {hundred_of(b.predicted)}, {hundred_of(b.observed)} in 100 lapsed "
        f"(range {span(b.low, b.high)})"
        for b in (bins[0], bins[len(bins) // 2], bins[-1])
    )
    return f"{len(bins)} groups of decisions by scored chance: {groups}."


def _table(bins: Sequence[Bin]) -> Table:
    columns = ("Scored, in 100", "Decisions", "Lapsed, in 100", "95 % range")
    return Table(
        "Groups of past decisions by scored chance",
        tuple(Column(name) for name in columns),
        tuple((_tenth(b.predicted), count(b.n), _tenth(b.observed), f"{_tenth(b.low)}–{_tenth(b.high)}") for b in bins),
    )


def _tenth(chance: float) -> str:
    """Small chances need a tenth to be told apart."""
    return f"{chance * 100:.1f}" if chance < 0.1 else str(hundred_of(chance))
