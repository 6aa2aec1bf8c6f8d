"""Renewals by join cohort: a cell for each year of joining and each year of membership, its number in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tenure.charts.figure import Column, Figure, Table
from tenure.charts.svg import Drawing
from tenure.charts.words import count

FEW = 30
"""A share of fewer decisions is printed, and neither colored nor compared."""

_ROW, _HEAD, _NAME, _MEMBERS = 34.0, 30.0, 60.0, 60.0


@dataclass(frozen=True)
class Cell:
    """Renewals at the end of a year of membership: how many of how many, and whether all of them are decided."""

    joined: int
    year: int
    renewed: int
    decided: int
    whole: bool = True

    @property
    def share(self) -> float | None:
        return self.renewed / self.decided if self.decided else None

    @property
    def kind(self) -> str:
        """`open`, `few`, or one of `q1` to `q7` by the share."""
        if not self.whole:
            return "open"
        if self.is_few:
            return "few"
        return f"q{1 + sum((self.share or 0) >= step for step in (0.65, 0.72, 0.77, 0.82, 0.87, 0.92))}"

    @property
    def is_few(self) -> bool:
        """Whether it is of so few that a share would mislead."""
        return self.decided < FEW

    @property
    def words(self) -> str:
        """The share in 100; of few, how many of how many."""
        if self.share is None:
            return ""
        return f"{self.renewed} of {self.decided}" if self.is_few else f"{100 * self.share:.0f}"


def heat(cells: Sequence[Cell], *, about: str, key: str = "cohorts") -> Figure:
    """Draw the cells, oldest year of joining first.

    Args:
        cells: At least one, in which anything is decided.
        about: For the line under the finding.
        key: Unique on its page.
    """
    years = sorted({cell.joined for cell in cells})
    last = max(cell.year for cell in cells if cell.words)
    width = (760.0 - _NAME) / last
    drawing = Drawing(
        760, _HEAD + _ROW * len(years) + 4, key=key, title="Share of renewals by year of joining and of membership",
        reading=f"{finding(cells)}. Hatched cells are not finished.",
    )  # fmt: skip
    for year in range(1, last + 1):
        drawing.text(_NAME + width * (year - 0.5), 18, f"{_nth(year)}", anchor="middle")
    for row, joined in enumerate(years):
        drawing.text(0, _HEAD + _ROW * row + 21, str(joined))
    for cell in cells:
        x, y = _NAME + width * (cell.year - 1), _HEAD + _ROW * years.index(cell.joined)
        if not cell.words:
            continue
        drawing.rect(x + 1, y + 1, width - 2, _ROW - 2, cell.kind)
        kind = "on" if cell.kind in ("q6", "q7") else "lead" if cell.kind.startswith("q") else "minor"
        drawing.text(x + width / 2, y + 21, cell.words, kind=kind, anchor="middle")
    return Figure(key, finding(cells), about, drawing.finish(), _table(cells))


def finding(cells: Sequence[Cell]) -> str:
    """Which first renewals are the weakest and where they stand now, as a sentence without a full stop."""
    firsts = [cell for cell in cells if cell.year == 1 and cell.kind.startswith("q")]
    if len(firsts) < 2:
        return "Too few cohorts are finished to compare their first renewals"
    weak = min(firsts, key=lambda cell: cell.share or 0)
    strong = max(firsts, key=lambda cell: cell.share or 0)
    last = max(firsts, key=lambda cell: cell.joined)
    if round(100 * (strong.share or 0)) == round(100 * (weak.share or 0)):
        return f"First renewals have not moved: {weak.words} in 100 renew"
    if last is weak:
        return f"First renewals are at their weakest: {last.words} in 100 of those who joined in {last.joined}"
    if last is strong:
        return f"First renewals are at their best: {last.words} in 100 of {last.joined}, {weak.words} of {weak.joined}"
    return f"The weakest first renewal is that of {weak.joined}: {weak.words} in 100; of {last.joined}, {last.words}"


def _nth(year: int) -> str:
    return f"{year}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(year, 'th') }"


def _table(cells: Sequence[Cell]) -> Table:
    return Table(
        "Renewals by year of joining and year of membership",
        (
            Column("Joined", is_number=False), Column("Year of membership"), Column("Renewed"), Column("Decided"),
            Column("In 100"), Column("Finished", is_number=False),
        ),
        tuple(
            (
                str(cell.joined), str(cell.year), count(cell.renewed), count(cell.decided),
                "–" if cell.share is None else f"{100 * cell.share:.0f}",
                "yes" if cell.whole else "no, do not compare",
            )
            for cell in cells
        ),
    )  # fmt: skip
