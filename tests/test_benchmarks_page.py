"""The page of what is measured says what was kept, no more and no less."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def table() -> ModuleType:
    """`benchmarks/table.py`, which lies in no package."""
    spec = importlib.util.spec_from_file_location("table", ROOT / "benchmarks" / "table.py")
    assert spec is not None
    assert spec.loader is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules["table"] = found  # dataclasses look their module up there
    spec.loader.exec_module(found)
    return found


def test_the_page_is_made_from_what_was_kept(table: ModuleType):
    kept = json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8"))

    assert (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8") == table.page(kept)


def test_every_row_runs_a_script_that_is_there_and_every_kept_row_is_one_of_them(table: ModuleType):
    kept = json.loads((ROOT / "benchmarks" / "results.json").read_text(encoding="utf-8"))

    for row in table.ROWS:
        for form in filter(None, (row.short, row.full)):
            assert (ROOT / "benchmarks" / form.split()[0]).is_file(), row.name
            assert "--json" in (ROOT / "benchmarks" / form.split()[0]).read_text(encoding="utf-8")
    assert set(kept) <= {row.name for row in table.ROWS}
    assert all(entry["form"] in ("short", "full") for entry in kept.values())


def test_a_mark_says_whether_it_is_met_or_by_how_much_it_is_missed(table: ModuleType):
    most, least = table.Mark("a", "a", most=3.0, unit=" ×"), table.Mark("b", "b", least=0.9)

    assert (most.words(), least.words()) == ("≤ 3.00 ×", "≥ 0.90")
    assert (most.verdict(3.0), most.verdict(3.25)) == ("met", "missed by 0.25 ×")
    assert (least.verdict(0.95), least.verdict(0.8)) == ("met", "missed by 0.10")


def test_a_row_that_was_not_measured_says_so(table: ModuleType):
    nothing = {"form": "short", "measured_on": "2026-01-01", "machine": "one", "load": 1, "figures": {}}

    assert table.page({"engine": nothing}).count("not measured") == sum(len(row.marks) for row in table.ROWS)
