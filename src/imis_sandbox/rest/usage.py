"""The vendor's usage rules, watched: requests in flight, polls of the same thing, scans without a filter."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from imis_sandbox.rest import wire
from imis_sandbox.rest.dialect import RESERVED, Params

_HOUR = 3600.0


@dataclass
class Usage:
    """Counts requests and notes each breach once it happens.

    Args:
        clock: Seconds, of the real clock.
    """

    clock: Callable[[], float] = time.monotonic
    requests: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    breaches: list[wire.Json] = field(default_factory=list)
    in_flight: int = 0
    most_in_flight: int = 0
    _begun: list[float] = field(default_factory=list)
    _polled: dict[str, float] = field(default_factory=dict)

    def enter(self) -> None:
        """A request arrived."""
        self.in_flight += 1
        self._begun.append(self.clock())
        if self.in_flight > self.most_in_flight:
            self.most_in_flight = self.in_flight
            if self.in_flight > 1:
                self._note("parallel", f"{self.in_flight} requests in flight")

    def leave(self, method: str, status: int) -> None:
        """It was answered."""
        self.in_flight -= 1
        self.requests[method] += 1
        self.statuses[str(status)] += 1

    def looked(self, name: str, params: Params) -> None:
        """A list or query was asked for from its beginning: noted when the same was asked within the hour."""
        if any(key.lower() == "offset" and value not in ("", "0") for key, value in params):
            return
        address = name.lower() + "?" + "&".join(sorted(f"{k}={v}" for k, v in params if k.lower() not in _FREE))
        now, before = self.clock(), self._polled.get(address)
        self._polled[address] = now
        if before is not None and now - before < _HOUR:
            self._note("poll", f"{name} was asked for twice within the hour")

    def scanned(self, name: str, params: Params, total: int, offset: int) -> None:
        """A list was read: noted when it has no filter and goes beyond its first page."""
        filters = [key for key, value in params if key.lower() not in RESERVED and value]
        if not filters and offset > 0 and total > 500:
            self._note("scan", f"{name} is read without a filter")

    def report(self) -> wire.Json:
        """What was counted; `hour` is the number of requests of the last hour."""
        now = self.clock()
        self._begun = [moment for moment in self._begun if now - moment < _HOUR]
        return {
            "requests": sum(self.requests.values()),
            "by_method": dict(self.requests),
            "by_status": dict(self.statuses),
            "hour": len(self._begun),
            "most_in_flight": self.most_in_flight,
            "breaches": self.breaches,
        }

    def reset(self) -> None:
        """Count from nothing."""
        self.requests.clear()
        self.statuses.clear()
        self.breaches.clear()
        self._begun.clear()
        self._polled.clear()
        self.most_in_flight = self.in_flight

    def _note(self, rule: str, words: str) -> None:
        if len(self.breaches) < 1000 and {"rule": rule, "what": words} not in self.breaches[-20:]:
            self.breaches.append({"rule": rule, "what": words})


_FREE = {"offset", "limit"}
