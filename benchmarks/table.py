"""Every mark that a prediction or the engine is held to: run the scripts that measure them, and write one page.

    python benchmarks/table.py                     # all rows, in their short form: about half an hour
    python benchmarks/table.py --full              # in the size that each mark speaks of: many hours
    python benchmarks/table.py --only engine       # one row anew
    python benchmarks/table.py --page              # nothing; only the page, from what was kept

Rows and their marks are in `benchmarks/marks.toml`. What was measured is kept in `benchmarks/results.json`, one entry a
row with its form, machine and day, and the page `docs/benchmarks.md` is made from those two. Rows on data that are not
part of this repository are left as they are unless --data names a folder that has `oulad` and `insurance_lapse`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MARKS = HERE / "marks.toml"
RESULTS = HERE / "results.json"
PAGE = HERE.parent / "docs" / "benchmarks.md"
Figures = dict[str, Any]


@dataclass(frozen=True)
class Mark:
    """One number that a row is held to.

    Args:
        what: What it is.
        figure: Its name among the row's figures.
        most: The mark: no more than this; or
        least: no less than this.
        digits: After the point.
        unit: Behind the number.
    """

    what: str
    figure: str
    most: float | None = None
    least: float | None = None
    digits: int = 2
    unit: str = ""

    def words(self) -> str:
        """The mark as a reader knows it."""
        return f"≤ {self.told(self.most)}" if self.most is not None else f"≥ {self.told(self.least or 0.0)}"

    def told(self, number: float) -> str:
        """*number* in the mark's digits and unit."""
        return f"{number:,.{self.digits}f}{self.unit}"

    def verdict(self, measured: float) -> str:
        """Met, or missed by how much."""
        over = measured - self.most if self.most is not None else (self.least or 0.0) - measured
        return "met" if over <= 0 else f"missed by {self.told(over)}"


@dataclass(frozen=True)
class Row:
    """One row of the table, or several marks of one run.

    Args:
        name: For `--only`.
        title: What is measured.
        marks: What it is held to.
        full: Script and arguments, in the size that the marks speak of.
        short: Those of the form that takes minutes; empty where there is only one form.
        sizes: Says in words what was run, from the figures.
        data: Which folder of `--data` it needs.
    """

    name: str
    title: str
    marks: tuple[Mark, ...]
    full: str
    short: str = ""
    sizes: str = ""
    data: str = ""


def read_rows() -> tuple[Row, ...]:
    """The rows of `marks.toml`, in its order."""
    told = tomllib.loads(MARKS.read_text(encoding="utf-8"))["rows"]
    return tuple(Row(**{**one, "marks": tuple(Mark(**mark) for mark in one["marks"])}) for one in told)


ROWS = read_rows()


def figures_of(kept: Any) -> Figures:
    """What a script kept: figures by name, or those of each world, of which the mean counts."""
    if isinstance(kept, dict):
        return kept
    known = [name for name in kept[0] if all(name in one for one in kept)]
    return {**{name: statistics.fmean(one[name] for one in kept) for name in known}, "worlds": len(kept)}


def machine() -> str:
    """What it ran on, in a few words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return f"{os.cpu_count()} processors ({platform.machine()}), {memory:.0f} GiB, Python {platform.python_version()}"


def run(row: Row, *, full: bool, data: Path | None) -> Figures | None:
    """What a row's script found; None where its data are not there."""
    folder = data / row.data if data and row.data else None
    if row.data and (folder is None or not folder.is_dir()):
        print(f"{row.name}: left as it is; --data names no folder with {row.data}")
        return None
    form = row.full if full or not row.short else row.short
    script, *rest = (part.format(data=folder) for part in form.split())
    with tempfile.TemporaryDirectory() as temporary:
        kept = Path(temporary, "figures.json")
        subprocess.run([sys.executable, HERE / script, *rest, "--json", kept], check=True)
        return figures_of(json.loads(kept.read_text()))


def kept_so_far() -> dict[str, Figures]:
    """Every row that was measured, by name."""
    found: dict[str, Figures] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    return found


def keep(row: Row, figures: Figures, *, full: bool) -> None:
    """Put a row's figures in the place of those that were kept."""
    wanted = {mark.figure for mark in row.marks} | {"members", "worlds", "rows", "events"}
    entry = {
        "form": "full" if full or not row.short else "short",
        "measured_on": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": machine(),
        "load": round(os.getloadavg()[2]),
        "figures": {name: number for name, number in figures.items() if name in wanted},
    }
    text = json.dumps({**kept_so_far(), row.name: entry}, indent=1, sort_keys=True)
    RESULTS.write_text(text + "\n", encoding="utf-8")


HEAD = """# What is measured against which mark

Made by `make benchmarks` (`python benchmarks/table.py`) from `benchmarks/results.json`; a test keeps it so. *Full* is
the size that the mark speaks of; *short* is a smaller one, and says little about the full one where costs or gains grow
otherwise than in proportion. Ratios are taken within one run on one machine; minutes and GiB are that machine's. *Load*
is how many processes wanted a processor meanwhile, the run's own included: beyond the processors there are, minutes say
little.

| row | | mark | measured | | form | measured on | load |
|---|---|--:|--:|---|---|---|--:|
"""


def page(results: dict[str, Figures]) -> str:
    """The whole page, as Markdown."""
    lines = [line for row in ROWS for line in _lines(row, results.get(row.name))]
    machines = sorted({entry["machine"] for entry in results.values()})
    return HEAD + "\n".join(lines) + "\n\nMeasured on: " + "; ".join(machines) + ".\n"


def _lines(row: Row, entry: Figures | None) -> Iterator[str]:
    for place, mark in enumerate(row.marks):
        title = f"**{row.title}** (`{row.name}`)" if place == 0 else ""
        measured = entry["figures"].get(mark.figure) if entry else None
        if entry is None or measured is None:
            yield f"| {title} | {mark.what} | {mark.words()} | | not measured | | | |"
            continue
        size = row.sizes.format(**entry["figures"]) if row.sizes else ""
        form = entry["form"] + (f": {size}" if size else "")
        cells = (
            title,
            mark.what,
            mark.words(),
            mark.told(measured),
            mark.verdict(measured),
            form,
            entry["measured_on"],
            str(entry["load"]),
        )
        yield f"| {' | '.join(cells)} |"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--only", action="append", choices=[row.name for row in ROWS], help="this row; may be repeated")
    words.add_argument("--full", action="store_true", help="in the size that the mark speaks of")
    words.add_argument("--data", type=Path, help="folder of data that are not part of this repository")
    words.add_argument("--from", dest="kept", type=Path, help="with one --only: figures that its script kept already")
    words.add_argument("--page", action="store_true", help="measure nothing")
    given = words.parse_args()
    for row in ROWS:
        if given.page or (given.only and row.name not in given.only):
            continue
        if given.kept:
            figures: Figures | None = figures_of(json.loads(given.kept.read_text()))
        else:
            figures = run(row, full=given.full, data=given.data)
        if figures is not None:
            keep(row, figures, full=given.full)
            PAGE.write_text(page(kept_so_far()), encoding="utf-8")
    PAGE.write_text(page(kept_so_far()), encoding="utf-8")


if __name__ == "__main__":
    main()
