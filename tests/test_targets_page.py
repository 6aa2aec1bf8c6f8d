"""The page that says which test shows what names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_every_test_on_the_page_exists():
    page = (ROOT / "docs" / "targets.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", page))
    there = {
        name
        for path in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert len(named) > 60
    assert named <= there, named - there


def test_every_target_has_its_line():
    page = (ROOT / "docs" / "targets.md").read_text(encoding="utf-8")
    for family, count in {"IN": 9, "WB": 9, "HC": 8, "JB": 6, "ST": 4}.items():
        for number in range(1, count + 1):
            assert f"| {family}-{number} |" in page
    assert "| UX-2 |" in page
    assert "| PR-7 |" in page
