"""A real PostgreSQL on this machine, for as long as tests need it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest


@contextmanager
def server(owner: str, password: str = "") -> Iterator[str]:
    """The host and port of a server, such as `127.0.0.1:5432`; skips the test where the machine has no PostgreSQL.

    Args:
        owner: The login that may do anything.
        password: Of that login; without one the server asks nobody for any.
    """
    programs = _programs()
    if programs is None:
        pytest.skip("there is no PostgreSQL on this machine (apt install postgresql)")
    # Not below pytest's own folder, which only its owner may enter.
    with tempfile.TemporaryDirectory(prefix="tenure-pg-") as name:
        Path(name, "password").write_text(password)
        if os.geteuid() == 0:
            for path in (name, f"{name}/password"):
                shutil.chown(path, "postgres", "postgres")
        data, address = f"{name}/data", f"127.0.0.1:{_free_port()}"
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": name}
        asks = ["-A", "scram-sha-256", f"--pwfile={name}/password"] if password else ["-A", "trust"]
        made = [f"{programs}/initdb", "-D", data, "-U", owner, *asks, "-E", "UTF8", "--no-sync"]
        subprocess.run(_as_nobody_special(made), check=True, **quiet)
        told = ["-p", address.partition(":")[2], "-k", name, "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        running = subprocess.Popen(_as_nobody_special([f"{programs}/postgres", "-D", data, *told]), **quiet)
        try:
            _wait_until_it_answers(f"postgresql://{owner}:{password}@{address}/postgres")
            yield address
        finally:
            running.send_signal(signal.SIGQUIT)
            running.wait(timeout=30)


def _programs() -> Path | None:
    """Where the machine's PostgreSQL keeps its programs."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    found = shutil.which("initdb")
    places = [*(path.parent for path in versions), *([Path(found).parent] if found else [])]
    return next((place for place in places if (place / "postgres").exists()), None)


def _as_nobody_special(command: list[str]) -> list[str]:
    """PostgreSQL refuses to run as root."""
    special = os.geteuid() == 0
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *command] if special else command


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(address: str) -> None:
    for _ in range(300):
        try:
            psycopg.connect(address).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("PostgreSQL did not begin to answer")
