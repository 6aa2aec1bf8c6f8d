"""A running sandbox: its address, its faults, and what it counted."""

from __future__ import annotations

from typing import Any

import httpx


class Sandbox:
    """A running sandbox: its address, and its faults."""

    def __init__(self, url: str) -> None:
        self.url = url

    def control(self, method: str, name: str, body: dict[str, Any] | None = None) -> Any:
        answer = httpx.request(method, f"{self.url}/_sandbox/{name}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json()

    def faults(self, **faults: Any) -> None:
        """Switch on *faults* and nothing else."""
        self.control("POST", "faults", {"seed": 11, "faults": faults})
