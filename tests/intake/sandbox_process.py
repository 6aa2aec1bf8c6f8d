"""The bundled iMIS sandbox as a process of its own, spoken to over HTTP alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PASSWORD = "sandbox"
TODAY = "2025-03-01"
_PROGRAM = Path(sys.executable).with_name("imis-sandbox")


def world(members: int) -> list[str]:
    """The options that make one and the same association."""
    return ["--members", str(members), "--seed", "7", "--today", TODAY]


def exported_to(folder: Path, members: int = 60) -> None:
    """Put the association that `serving()` serves into a folder of files."""
    subprocess.run([str(_PROGRAM), "export", "--out", str(folder), *world(members)], check=True, capture_output=True)


@contextmanager
def serving(*options: str, members: int = 60) -> Iterator[str]:
    """The address of a sandbox that serves for the length of the block."""
    command = [str(_PROGRAM), "serve", "--port", "0", *world(members), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on "), line
        yield line.split()[-1]
    finally:
        process.terminate()
        process.wait(timeout=20)
        assert process.stdout is not None
        process.stdout.close()
