"""Processes that begin at once: each is forked from one that has imported what they all need."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

PATH = os.environ.get("PYTHONPATH")
"""Where modules come from; what is to find others must begin anew."""

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([
    "django.db.models", "httpx", "sklearn.linear_model", "tenure.app.night", "tenure.app.worker", "tenure.custody",
    "tenure.intake", "tenure.writeback.groups", "xgboost",
])  # fmt: skip


def tenure(arguments: Sequence[str], environment: Mapping[str, str], timeout: float) -> tuple[int, str, str]:
    """Call `tenure` with nobody at the terminal; its exit code, standard output and standard error.

    Raises:
        subprocess.TimeoutExpired: It took longer than *timeout* seconds, and was killed.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "out"), Path(folder, "err")
        process = PROCESSES.Process(target=_become, args=(list(arguments), dict(environment), str(out), str(err)))
        process.start()
        process.join(timeout)
        if process.is_alive():
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(["tenure", *arguments], timeout)
        assert process.exitcode is not None
        return process.exitcode, out.read_text(), err.read_text()


def _become(arguments: list[str], environment: dict[str, str], out: str, err: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    flags = os.O_WRONLY | os.O_CREAT
    for number, place, how in ((0, os.devnull, os.O_RDONLY), (1, out, flags), (2, err, flags)):
        os.dup2(os.open(place, how), number)
    sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", buffering=1, errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.argv = ["tenure", *arguments]
    from django.conf import settings
    from django.db import connections

    from tenure.app.cli import main

    try:
        sys.exit(main())
    finally:
        # As the end of an interpreter does, and that of a forked process does not: SQLite then puts its log away.
        if settings.configured:
            connections.close_all()
