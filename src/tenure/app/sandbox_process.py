"""The bundled iMIS sandbox as a process of its own: Tenure knows its address and an account, and nothing else."""

from __future__ import annotations

import os
import queue
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tenure.base.errors import TenureError

_READY = re.compile(r"listening on (http://\S+)")
_SECONDS_TO_BE_READY = 300


@contextmanager
def sandbox(arguments: list[str], password: str) -> Iterator[str]:
    """Run `imis-sandbox serve` with *arguments* for the length of the block, and give its address.

    Its accounts have the *password*, which goes by the environment, where no list of processes shows it.

    Raises:
        TenureError: The program is not there, or it ended or said nothing for five minutes.
    """
    command = [_program(), "serve", *arguments]
    process = subprocess.Popen(  # noqa: S603
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "IMIS_SANDBOX_PASSWORD": password},
    )
    try:
        yield _address(process)
    finally:
        _stop(process)


def _program() -> str:
    beside = Path(sys.executable).with_name("imis-sandbox.exe" if sys.platform == "win32" else "imis-sandbox")
    found = str(beside) if beside.exists() else shutil.which("imis-sandbox")
    if not found:
        raise TenureError("the program `imis-sandbox` is not installed", mend="install Tenure anew: `make install`")
    return found


def _address(process: subprocess.Popen[str]) -> str:
    """The address from the line that says the sandbox is ready; goes on reading, so that it never has to wait."""
    found: queue.Queue[str] = queue.Queue()
    said: list[str] = []
    threading.Thread(target=_listen, args=(process.stdout, found), daemon=True).start()
    threading.Thread(target=_keep, args=(process.stderr, said), daemon=True).start()
    until = time.monotonic() + _SECONDS_TO_BE_READY
    while time.monotonic() < until:
        try:
            return found.get(timeout=0.1)
        except queue.Empty:
            if process.poll() is not None:
                break
    last = f": {said[-1]}" if said else ""
    raise TenureError(f"the sandbox did not start{last}", mend="run `imis-sandbox serve` by itself to see why")


def _listen(stream: Iterator[str], found: queue.Queue[str]) -> None:
    for line in stream:
        ready = _READY.search(line)
        if ready:
            found.put(ready.group(1).rstrip("/"))


def _keep(stream: Iterator[str], said: list[str]) -> None:
    for line in stream:
        if line.strip():
            said[:] = [*said[-20:], line.strip()]


def _stop(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
