"""What a report says, whatever form it takes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from tenure.charts import Figure, Table


@dataclass(frozen=True)
class Link:
    """Where more is told: its words, and the address of a staff page, such as `/queue/?view=mine`."""

    words: str
    path: str


@dataclass(frozen=True)
class Part:
    """A part of a report.

    Args:
        heading: What it is about, or what it finds.
        words: Paragraphs.
        table: Numbers or people, a row each.
        figure: A chart; its own table goes with it where pictures are not shown.
        link: The page that tells more.
    """

    heading: str
    words: tuple[str, ...] = ()
    table: Table | None = None
    figure: Figure | None = None
    link: Link | None = None


@dataclass(frozen=True)
class Brief:
    """A report to staff.

    Args:
        kind: `daily` or `weekly`.
        day: The day that it tells of.
        subject: For the head of an email; never a member's name.
        opening: What there is to do or to know, in a sentence.
        fresh: How old the data is.
        parts: In the order of reading.
    """

    kind: str
    day: dt.date
    subject: str
    opening: str
    fresh: str
    parts: tuple[Part, ...] = ()

    def figures(self) -> Iterator[Figure]:
        """Its charts, in the order of reading."""
        return (part.figure for part in self.parts if part.figure is not None)


def spoken(figure: Figure) -> str:
    """A chart in words, for those who do not see it: what it finds, and its numbers."""
    names = [column.name for column in figure.table.columns]
    rows = ("; ".join(_cells(names, row)) for row in figure.table.rows)
    return f"{figure.finding}. {'. '.join(rows)}."


def _cells(names: list[str], row: tuple[str, ...]) -> Iterator[str]:
    yield row[0]
    yield from (f"{name} {text}" for name, text in zip(names[1:], row[1:], strict=True) if text)
