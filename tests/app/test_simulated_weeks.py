"""The short form of a simulated year: playbooks, a manager with few hours, members who respond by their own truth."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

YEAR = Path(__file__).parents[2] / "benchmarks" / "simulated_year.py"


@pytest.mark.slow
def test_two_weeks_with_playbooks_reach_members_within_the_hours(tmp_path: Path):
    out = tmp_path / "year.json"
    size = ["--members", "220", "--weeks", "2", "--hours", "3", "--seeds", "5", "--policies", "tenure,oracle"]

    done = subprocess.run([sys.executable, str(YEAR), *size, "--json", str(out)], capture_output=True, text=True)

    assert done.returncode == 0, done.stderr[-2_000:]
    told = json.loads(out.read_text())["5"]
    tenure, oracle = told["tenure"], told["oracle"]
    assert tenure["talks"] + tenure["letters"] > 0
    assert 0 < tenure["minutes"] <= 2 * 3 * 60
    assert 0 < oracle["minutes"] <= 2 * 3 * 60
    assert tenure["kept"] < 2 * oracle["kept"], "nobody does much better than the one who knows the truth"
    assert "| 5 | tenure |" in done.stdout
