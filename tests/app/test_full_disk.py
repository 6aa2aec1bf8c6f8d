"""The short form of the second half of `make torture`: the disk is filled in the middle of nights."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ALONE = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]


def can_mount(place: Path) -> bool:
    """Whether this account may have a small file system of its own."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    return bool(shutil.which("unshare")) and subprocess.run([*ALONE, *mount], capture_output=True).returncode == 0


def test_a_disk_that_fills_up_in_the_middle_of_a_night_harms_nothing(tmp_path: Path):
    if not can_mount(tmp_path):
        pytest.skip("this account may mount no file system, so a full disk is not tested")
    program = Path(__file__).parents[2] / "benchmarks" / "full_disk.py"

    done = subprocess.run([sys.executable, str(program), "--points", "3"], capture_output=True, text=True, timeout=280)

    assert done.returncode == 0, done.stderr[-3000:]
    assert "nothing harmed" in done.stdout
