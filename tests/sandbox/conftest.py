"""A sandbox of 200 members, served by its own command, for the tests of the service."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from served_sandbox import TODAY, Sandbox, properties


@pytest.fixture(scope="session")
def served() -> Iterator[Sandbox]:
    """One server for all tests of a worker."""
    command = [sys.executable, "-m", "imis_sandbox", "serve", "--port", "0", "--members", "200", "--seed", "7"]
    process = subprocess.Popen([*command, "--today", TODAY], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:"), line
        yield Sandbox(line.split()[-1])
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture
def sandbox(served: Sandbox) -> Iterator[Sandbox]:
    """The server, its faults off before and after."""
    served.control.delete("/faults")
    yield served
    served.control.delete("/faults")


@pytest.fixture
def somebody(sandbox: Sandbox) -> str:
    """The id of an individual."""
    found = sandbox.staff.get("/api/CsContact", params={"IsMember": "true", "IsCompany": "false", "Limit": 1})
    return str(properties(found.json()["Items"]["$values"][0])["ID"])
