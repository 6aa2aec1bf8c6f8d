"""A running sandbox as tests see it, and how clients write rows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

TODAY = "2026-03-02"


class Sandbox:
    """A running sandbox, and what tests ask of it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.control = httpx.Client(base_url=f"{url}/_sandbox", timeout=60)
        self.staff = self.signed_in("tenure")
        self.master = self.signed_in("administrator")

    def token(self, user: str, password: str = "sandbox") -> httpx.Response:
        form = {"grant_type": "password", "username": user, "password": password}
        return httpx.post(f"{self.url}/token", data=form, timeout=60)

    def signed_in(self, user: str) -> httpx.Client:
        token = self.token(user).json()["access_token"]
        return httpx.Client(base_url=self.url, headers={"Authorization": f"Bearer {token}"}, timeout=60)

    def query(self, name: str, **prompts: Any) -> dict[str, Any]:
        answer = self.staff.get("/api/query", params={"QueryName": f"$/Tenure/{name}", **prompts})
        answer.raise_for_status()
        return answer.json()

    def rows(self, name: str, **prompts: Any) -> list[dict[str, Any]]:
        """Every row of a query, page by page."""
        found: list[dict[str, Any]] = []
        offset = 0
        while True:
            page = self.query(name, Limit=500, Offset=offset, **prompts)
            found += page["Items"]["$values"]
            if not page["HasNext"]:
                return found
            offset = page["NextOffset"]

    def faults(self, seed: int = 1, **faults: Any) -> dict[str, Any]:
        answer = self.control.post("/faults", json={"seed": seed, "faults": faults})
        answer.raise_for_status()
        return answer.json()


def properties(entity: dict[str, Any]) -> dict[str, Any]:
    """The properties of a generic entity, unboxed; a value left out is None."""
    found = {}
    for entry in entity["Properties"]["$values"]:
        value = entry.get("Value")
        found[entry["Name"]] = value["$value"] if isinstance(value, dict) else value
    return found


def panel_row(panel: str, party: str, values: dict[str, Any], identity: bool = True) -> dict[str, Any]:
    """A row of a panel source as clients write it."""
    parent = {"EntityTypeName": "Party", "IdentityElements": {"$values": [party]}}
    entries = [{"Name": name, "Value": value} for name, value in values.items()]
    row: dict[str, Any] = {
        "$type": "Asi.Soa.Core.DataContracts.GenericEntityData, Asi.Contracts",
        "EntityTypeName": panel, "PrimaryParentEntityTypeName": "Party", "PrimaryParentIdentity": parent,
        "Properties": {"$values": entries},
    }  # fmt: skip
    if identity:
        row["Identity"] = {"EntityTypeName": panel, "IdentityElements": {"$values": [party]}}
    return row


def panel_definition(name: str, kind: str = "Single") -> dict[str, Any]:
    """The definition of a panel source with a score, a band and a date."""
    columns = [("PartyId", "String"), ("RiskScore", "Integer"), ("RiskBand", "String"), ("ScoredOn", "Date")]
    if kind == "Multi":
        columns.insert(1, ("Ordinal", "Integer"))
    entries = [{"Name": column, "PropertyTypeName": of, "IsIdentity": column == "PartyId"} for column, of in columns]
    return {
        "$type": "Asi.Soa.Core.DataContracts.BOEntityDefinitionData, Asi.Contracts", "EntityTypeName": name,
        "ObjectTypeName": kind, "PrimaryParentEntityTypeName": "Party", "Properties": {"$values": entries},
    }  # fmt: skip


@contextmanager
def serving(*options: str) -> Iterator[Sandbox]:
    """A sandbox of one's own, served by its command until the block is left."""
    command = [sys.executable, "-m", "imis_sandbox", "serve", "--port", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:"), line
        yield Sandbox(line.split()[-1])
    finally:
        process.terminate()
        process.wait(timeout=20)
