"""The short form of `make torture`: some kills of whole nights, and of syncs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_some_kills_lose_and_double_nothing():
    program = Path(__file__).parents[2] / "benchmarks" / "torture.py"
    command = [sys.executable, str(program), "--kills", "4", "--members", "40", "--late", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "nothing lost, nothing doubled" in done.stdout
