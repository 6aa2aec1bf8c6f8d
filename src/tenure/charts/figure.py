"""What every chart is made of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Column:
    """A column of a figure's table; numbers stand to the right."""

    name: str
    is_number: bool = True


@dataclass(frozen=True)
class Table:
    """The numbers of a figure, as a reader wants to see them; the first column names the row."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The places of the columns that hold numbers."""
        return tuple(i for i, column in enumerate(self.columns) if column.is_number)


@dataclass(frozen=True)
class Figure:
    """A chart.

    Args:
        key: Unique on its page.
        finding: What it shows, as a sentence without a full stop: the heading.
        about: What is drawn, its unit, of how many, of which day.
        svg: The picture; colors by class.
        table: The same numbers.
        size: The room it is drawn for: 360, 540 or 760 units wide.
    """

    key: str
    finding: str
    about: str
    svg: str
    table: Table
    size: Literal["narrow", "half", "wide"] = "wide"

    @property
    def units(self) -> int:
        """How wide it is drawn, in units: those of its text, so that a picture is shown as wide and no wider."""
        return {"narrow": 360, "half": 540, "wide": 760}[self.size]

    def standalone(self, *, large: bool = False) -> str:
        """The picture as a file of its own, in the colors of print.

        Args:
            large: With the larger letters that a page gives it where it is shown less wide than it is drawn.
        """
        head, _, rest = self.svg.partition(">")
        style = _PRINT + _LARGE if large else _PRINT
        return f"{head}><style>{style}</style>{HATCH if _HATCHED.search(rest) else ''}{rest}"


HATCH = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<path class="hatch" d="M0 0V6"/></pattern></defs>'
)
"""What the classes `iv2` and `open` are filled with; a page has it once."""

_HATCHED = re.compile(r'class="(iv2|open)"')


_PRINT = """
text{font-family:'Segoe UI',Roboto,'Helvetica Neue',Arial,'Liberation Sans','DejaVu Sans',sans-serif;
font-size:13px;fill:#4a524f}.lead{fill:#1a1f1d;font-weight:600}
.halo{paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}
.grid{stroke:#e3e4de}.axis{stroke:#7d847f;fill:none}.ref{stroke:#616965;stroke-dasharray:2 3;fill:none}
.rule{stroke:#1a1f1d}.now{fill:none;stroke:#0d5a5f;stroke-width:2.5;stroke-linejoin:round}
.then{fill:none;stroke:#6f7773;stroke-width:2;stroke-dasharray:5 4}.iv{fill:#dfecea}
.whisk{stroke:#0d5a5f;stroke-width:1.5;fill:none}.bar-soft{fill:#bcd8d6}.bar{fill:#0d5a5f}
.bar-then{fill:#6f7773}.bar-then-soft{fill:#c3c8c5}.iv2,.open{fill:url(#hatch)}.hatch{stroke:#6f7773;opacity:.5}
.few{fill:#f1f1ec}.q1{fill:#eef4f3}.q2{fill:#d5e6e4}.q3{fill:#b6d5d3}.q4{fill:#93c1bf}.q5{fill:#6caaa9}
.q6{fill:#287275}.q7{fill:#0d5054}text.on{fill:#fff;font-weight:600}
.pt{fill:#0d5a5f;stroke:#fff;stroke-width:1.5}.event{fill:#1a1f1d;stroke:#fff;stroke-width:1.5}
""".replace("\n", "")

_LARGE = "text{font-size:16px}"
"""More, and labels would run into each other or into what they name."""
