"""A report on paper, and charts as pictures, by Typst: no browser, no fonts but its own are needed.

What a report says goes in as data and stays text, whatever it holds; the layout stands in `brief.typ`.
"""

from __future__ import annotations

import dataclasses
import json
import tempfile
from importlib import resources
from pathlib import Path

import typst

from tenure.briefing.brief import Brief, spoken
from tenure.charts import Figure

_DENSE = 144.0
_PAGE = "#set page(width: auto, height: auto, margin: 0pt)\n#image({}, width: 760pt)\n"


def as_pdf(brief: Brief, association: str) -> bytes:
    """The report as a PDF of A4 pages, with tags for screen readers.

    Args:
        brief: What it says.
        association: Its name, for the foot of each page.
    """
    with tempfile.TemporaryDirectory(prefix="tenure-brief-") as name:
        folder = Path(name)
        for figure in brief.figures():
            (folder / f"{figure.key}.svg").write_text(figure.standalone(), encoding="utf-8")
        (folder / "brief.json").write_text(json.dumps(_data(brief, association)), encoding="utf-8")
        source = resources.files("tenure.briefing").joinpath("brief.typ").read_bytes()
        (folder / "brief.typ").write_bytes(source)
        made: bytes = typst.compile(str(folder / "brief.typ"), root=name, format="pdf")
        return made


def as_png(figure: Figure) -> bytes:
    """A chart as a picture in the colors of print, 1,520 pixels wide, its letters as large as it bears."""
    with tempfile.TemporaryDirectory(prefix="tenure-chart-") as name:
        (Path(name) / "chart.svg").write_text(figure.standalone(large=True), encoding="utf-8")
        source = Path(name) / "chart.typ"
        source.write_text(_PAGE.format('"chart.svg"'), encoding="utf-8")
        made: bytes = typst.compile(str(source), root=name, format="png", ppi=_DENSE)
        return made


def _data(brief: Brief, association: str) -> dict[str, object]:
    told = dataclasses.asdict(brief) | {"day": f"{brief.day:%B} {brief.day.day}, {brief.day.year}"}
    for part, given in zip(told["parts"], brief.parts, strict=True):
        if given.figure is not None:
            part["figure"] |= {"spoken": spoken(given.figure), "units": given.figure.units}
    return told | {"association": association}
