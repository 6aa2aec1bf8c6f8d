"""Every mark that a prediction or the engine is held to: run the scripts that measure them, and write one page.

    python benchmarks/table.py                     # all rows, in their short form: about half an hour
    python benchmarks/table.py --full              # in the size that each mark speaks of: many hours
    python benchmarks/table.py --only engine       # one row anew
    python benchmarks/table.py --page              # nothing; only the page, from what was kept

What was measured is kept in `benchmarks/results.json`, one entry a row with its form, machine and day, and the page
`docs/benchmarks.md` is made from that alone. Rows on data that are not part of this repository are left as they are
unless --data names a folder that has `oulad` and `insurance_lapse`.
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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
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
        short: Script and arguments of the form that takes minutes; none where there is only one form.
        full: Those of the size that the mark speaks of.
        read: Turns what the script kept into figures by name.
        sizes: Says in words what was run, from the figures.
        data: Which folder of `--data` it needs.
    """

    name: str
    title: str
    marks: tuple[Mark, ...]
    full: tuple[str, ...]
    short: tuple[str, ...] = ()
    read: Callable[[Any], Figures] = dict
    sizes: str = ""
    data: str = ""


def worlds(found: list[Figures]) -> Figures:
    """The mean of each figure over worlds, the least of what is attained, and how many worlds."""
    mean = {name: statistics.fmean(one[name] for one in found) for name in found[0]}
    return {**mean, "worlds": len(found), "least": min(one["attained"] for one in found)}


def steady(found: list[Figures]) -> Figures:
    """The mean of each figure over worlds."""
    return {**{name: statistics.fmean(one[name] for one in found) for name in found[0]}, "worlds": len(found)}


ROWS = (
    Row(
        "tenfold",
        "Gain over the constant, due within 90 days, against the same learner on ten times the members",
        (
            Mark("share of the gain with ten times the members", "of_tenfold", least=0.90),
            Mark("share of what is attainable", "attained", least=0.80),
        ),
        ("known_truth.py", "--members", "20000", "--seeds", "5", "--tenfold"),
        ("known_truth.py", "--members", "2000", "--seeds", "5", "--tenfold"),
        worlds,
        "{members:,.0f} members against ten times as many, {worlds} worlds",
    ),
    Row(
        "attained",
        "The same at 20,000 members, five years",
        (
            Mark("share of what is attainable", "attained", least=0.80),
            Mark("90 % interval holds the truth, at least", "covered", least=0.88),
            Mark("90 % interval holds the truth, at most", "covered", most=0.92),
            Mark("the same, least tenth by risk", "covered_least", least=0.80),
        ),
        ("known_truth.py", "--members", "20000", "--seeds", "5"),
        ("known_truth.py", "--members", "20000", "--seeds", "1"),
        worlds,
        "{members:,.0f} members, {worlds} worlds",
    ),
    Row(
        "attained-small",
        "The same at 2,000 members",
        (Mark("share of what is attainable", "attained", least=0.60),),
        ("known_truth.py", "--members", "2000", "--seeds", "5"),
        ("known_truth.py", "--members", "2000", "--seeds", "2"),
        worlds,
        "{members:,.0f} members, {worlds} worlds",
    ),
    Row(
        "reasons-stable",
        "The same first reason by two models, each taught by half of the members",
        (Mark("share of members", "same", least=0.80), Mark("shown as sure", "sure", least=0.80)),
        ("reason_stability.py", "--members", "2000", "--seeds", "5"),
        ("reason_stability.py", "--members", "2000", "--seeds", "2"),
        steady,
        "{members:,.0f} members, {worlds} worlds",
    ),
    Row(
        "horizons",
        "Log loss above the truth, in 1/1000 nat",
        (
            Mark("within 30 days", "above_30", most=1.2),
            Mark("within 60 days", "above_60", most=1.8),
            Mark("within 90 days", "above_90", most=2.3),
        ),
        ("horizon_truth.py", "--rows", "180000"),
        sizes="{rows:,} rows",
    ),
    Row(
        "oulad",
        "OULAD: taught by 2013, told on day 60 of 2014",
        (
            Mark("log loss, 30 days", "loss_30", most=0.1421, digits=4),
            Mark("log loss, 60 days", "loss_60", most=0.2258, digits=4),
            Mark("log loss, 90 days", "loss_90", most=0.2905, digits=4),
            Mark("log loss, to the end", "loss_end", most=0.4030, digits=4),
            Mark("AUC, 30 days", "auc_30", least=0.713, digits=3),
        ),
        ("registers.py", "--oulad", "{data}"),
        data="oulad",
    ),
    Row(
        "insurance",
        "Two books of lapses",
        (
            Mark("log loss, motor, Europe", "loss_motor", most=0.3651, digits=4),
            Mark("log loss, lives, United States", "loss_lives", most=0.3427, digits=4),
        ),
        ("registers.py", "--insurance", "{data}"),
        data="insurance_lapse",
    ),
    Row(
        "engine",
        "Features, beside scans of the same rows",
        (
            Mark("one day, over one grouped scan", "one_day", most=3.0, unit=" ×"),
            Mark("36 days, over one grouped scan", "many_days", most=1.2, unit=" ×"),
            Mark("36 days, faster than the best SQL", "faster_than_rings", least=15.0, digits=1, unit=" ×"),
            Mark("ten times the events take", "growth", most=12.0, digits=1, unit=" ×"),
        ),
        ("engine.py", "--members", "20000", "--members", "200000"),
        ("engine.py", "--members", "4000", "--members", "40000"),
        sizes="{members:,.0f} members",
    ),
    Row(
        "reasons-speed",
        "Top three reasons, over the library's exact contributions",
        (Mark("faster", "faster", least=8.0, digits=1, unit=" ×"),),
        ("reasons_speed.py", "--rows", "50000"),
        ("reasons_speed.py", "--rows", "10000"),
        sizes="{rows:,} members, scaled to a million",
    ),
    Row(
        "night",
        "A whole night without training, over scan and one booster's predictions",
        (Mark("over both", "over", most=30.0, digits=1, unit=" ×"),),
        ("whole_night.py", "--members", "200000"),
        ("whole_night.py", "--members", "20000"),
        sizes="{members:,} members, {events:,} events",
    ),
    Row(
        "first-run",
        "A first whole run from files",
        (Mark("minutes", "minutes", most=6.0, digits=1), Mark("GiB held at most", "peak", most=4.0, digits=1)),
        ("first_run.py", "--members", "20000", "--events-per-year", "110"),
        ("first_run.py", "--members", "2000", "--events-per-year", "110"),
        sizes="{members:,} members, {events:,} rows",
    ),
)


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
    script, *rest = (part.format(data=folder) for part in form)
    with tempfile.TemporaryDirectory() as temporary:
        kept = Path(temporary, "figures.json")
        subprocess.run([sys.executable, HERE / script, *rest, "--json", kept], check=True)
        return row.read(json.loads(kept.read_text()))


def kept_so_far() -> dict[str, Figures]:
    """Every row that was measured, by name."""
    found: dict[str, Figures] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else {}
    return found


def keep(row: Row, figures: Figures, *, full: bool) -> None:
    """Put a row's figures in the place of those that were kept."""
    wanted = {mark.figure for mark in row.marks} | {"members", "worlds", "rows", "events", "least"}
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
            figures: Figures | None = row.read(json.loads(given.kept.read_text()))
        else:
            figures = run(row, full=given.full, data=given.data)
        if figures is not None:
            keep(row, figures, full=given.full)
            PAGE.write_text(page(kept_so_far()), encoding="utf-8")
    PAGE.write_text(page(kept_so_far()), encoding="utf-8")


if __name__ == "__main__":
    main()
