"""A sandbox of 200 members, served by its own command, for the tests of the service."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from served_sandbox import TODAY, Sandbox, properties, serving


@pytest.fixture(scope="session")
def served() -> Iterator[Sandbox]:
    """One server for all tests of a worker."""
    with serving("--members", "200", "--seed", "7", "--today", TODAY) as sandbox:
        yield sandbox


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
