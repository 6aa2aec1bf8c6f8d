"""Writes SVG: shapes with classes, text escaped, numbers to a tenth of a unit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

Anchor = Literal["start", "middle", "end"]
Point = tuple[float, float]


def number(value: float) -> str:
    """*value* to a tenth, without a needless zero."""
    text = f"{value:.1f}"
    return text[:-2] if text.endswith(".0") else text


def polyline(points: Iterable[Point]) -> str:
    """The path data of a line through *points*."""
    return "".join(f"{'L' if i else 'M'}{number(x)} {number(y)}" for i, (x, y) in enumerate(points))


def area(upper: Sequence[Point], lower: Sequence[Point]) -> str:
    """The path data of the ground between two lines."""
    return f"{polyline([*upper, *reversed(lower)])}Z"


class Drawing:
    """An SVG in the making.

    Args:
        width, height: Of its view box; it scales to the room that it gets.
        key: Unique on its page; the ids of the title and the description begin with it.
        title: What it shows.
        reading: What is to be seen, for those who do not see it.
    """

    def __init__(self, width: float, height: float, *, key: str, title: str, reading: str) -> None:
        self._head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {number(width)} {number(height)}" role="img" '
            f'aria-labelledby="{key}-t {key}-d"><title id="{key}-t">{escape(title)}</title>'
            f'<desc id="{key}-d">{escape(reading)}</desc>'
        )
        self._parts: list[str] = []

    def path(self, data: str, kind: str) -> None:
        """A line or an area of the class *kind*."""
        self._parts.append(f'<path class={quoteattr(kind)} d="{data}"/>')

    def circle(self, x: float, y: float, radius: float, kind: str = "pt") -> None:
        """A dot of the class *kind*."""
        self._parts.append(f'<circle class={quoteattr(kind)} cx="{number(x)}" cy="{number(y)}" r="{number(radius)}"/>')

    def rect(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        """A bar of the class *kind*."""
        self._parts.append(
            f'<rect class={quoteattr(kind)} x="{number(x)}" y="{number(y)}" '
            f'width="{number(width)}" height="{number(height)}"/>'
        )

    def text(self, x: float, y: float, words: str, *, kind: str = "", anchor: Anchor = "start") -> None:
        """Words of the class *kind* at a place."""
        classes = f" class={quoteattr(kind)}" if kind else ""
        anchored = "" if anchor == "start" else f' text-anchor="{anchor}"'
        self._parts.append(f'<text{classes} x="{number(x)}" y="{number(y)}"{anchored}>{escape(words)}</text>')

    def finish(self) -> str:
        """The whole of it."""
        return f"{self._head}{''.join(self._parts)}</svg>"
