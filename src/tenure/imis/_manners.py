"""How Tenure behaves towards an iMIS that others depend on: a budget per hour, few retries, and rest after failures."""

from __future__ import annotations

import datetime as dt
import email.utils
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from tenure.base.clock import Clock, system_clock
from tenure.imis.errors import CircuitOpen

ATTEMPTS = 3
"""Most attempts of one call, the first included."""

LONGEST_WAIT = 15 * 60.0
"""Seconds. When iMIS asks for more, the night stops and says so rather than sleep."""

_BURST_SHARE = 1 / 6
_HOUR = 3600.0


@dataclass(frozen=True)
class Timekeeping:
    """The three ways in which the client meets time, all replaceable.

    Args:
        clock: The present instant; only `Retry-After` dates need it.
        ticks: Seconds on a clock that never goes back; budgets and rests are counted by it.
        sleep: Waits so many seconds.
    """

    clock: Clock = system_clock
    ticks: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass
class HourlyBudget:
    """A token bucket that never lets more than *per_hour* requests through in any hour.

    A sixth of the hour's budget may be spent at once, so that an ordinary night isn't slowed; the rest flows evenly.

    Args:
        per_hour: Requests an hour; 0 for no limit.
        time: Where ticks and sleep come from.
    """

    per_hour: int
    time: Timekeeping = field(default_factory=Timekeeping)

    def __post_init__(self) -> None:
        self._burst = max(1.0, self.per_hour * _BURST_SHARE)
        self._rate = max(self.per_hour - self._burst, self.per_hour * 0.5) / _HOUR
        self._level = self._burst
        self._filled_at = self.time.ticks()

    def spend(self) -> float:
        """Take one request, waiting until there is one to take. Returns the seconds waited."""
        if not self.per_hour:
            return 0.0
        self._refill()
        waited = max(0.0, (1.0 - self._level) / self._rate)
        if waited:
            self.time.sleep(waited)
            self._refill()
        self._level -= 1.0
        return waited

    def _refill(self) -> None:
        now = self.time.ticks()
        self._level = min(self._burst, self._level + (now - self._filled_at) * self._rate)
        self._filled_at = now


_budgets: dict[tuple[str, int, Timekeeping], HourlyBudget] = {}


def budget_of(server: str, per_hour: int, time: Timekeeping) -> HourlyBudget:
    """The one budget of *server* in this process, so that two clients together keep to it as well."""
    return _budgets.setdefault((server, per_hour, time), HourlyBudget(per_hour, time))


@dataclass
class RetryBudget:
    """Retries over all calls: at most one for every ten calls, after a small reserve.

    Without it, an outage turns every call into three and meets a struggling server with a threefold load.
    """

    share: float = 0.10
    reserve: int = 10
    calls: int = 0
    retries: int = 0

    def call(self) -> None:
        """Count one logical call."""
        self.calls += 1

    def take(self) -> bool:
        """Whether one more retry may be made; if so, it is counted."""
        allowed = self.retries < max(self.reserve, self.share * self.calls)
        self.retries += allowed
        return allowed


@dataclass
class CircuitBreaker:
    """Stops calling after *threshold* failures in a row, then lets a single probe through after a rest.

    Each probe that fails doubles the rest, from *rest* seconds up to *longest_rest*.
    """

    ticks: Callable[[], float] = time.monotonic
    threshold: int = 5
    rest: float = 30.0
    longest_rest: float = 300.0
    failures: int = 0
    _open_until: float | None = None
    _next_rest: float = 0.0

    @property
    def state(self) -> str:
        """`closed` (all is well), `open` (resting) or `half open` (the next call is a probe)."""
        if self._open_until is None:
            return "closed"
        return "open" if self.ticks() < self._open_until else "half open"

    def admit(self) -> None:
        """Let a call through.

        Raises:
            CircuitOpen: The rest isn't over; nothing was sent.
        """
        if self.state != "open":
            return
        assert self._open_until is not None
        left = self._open_until - self.ticks()
        raise CircuitOpen(
            f"iMIS failed {self.failures} times in a row, so Tenure leaves it alone for another {left:.0f} s",
            mend="see whether iMIS is up; the next night, or `tenure run`, goes on where this one stopped",
            seconds=left,
        )

    def succeeded(self) -> None:
        """iMIS answered."""
        self.failures, self._open_until, self._next_rest = 0, None, 0.0

    def failed(self) -> None:
        """iMIS did not answer, or with an error of its own."""
        self.failures += 1
        if self.failures >= self.threshold:
            self._next_rest = min(self.longest_rest, self._next_rest * 2 or self.rest)
            self._open_until = self.ticks() + self._next_rest


def retry_after(value: str | None, now: dt.datetime) -> float | None:
    """Seconds that a `Retry-After` header asks for: a number, an HTTP date, or None if it says nothing sensible."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text) if len(text) < 15 else float("inf")
    try:
        when = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=dt.UTC)
    left = (when - now).total_seconds()
    return left if left > 0 else None


def backoff(attempt: int) -> float:
    """Seconds to wait before attempt number *attempt* (2, 3) when iMIS doesn't say."""
    return float(0.5 * 2 ** (attempt - 2))
