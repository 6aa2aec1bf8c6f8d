"""The two ways to ask what time it is, so that nothing else reads the machine's clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

Clock = Callable[[], dt.datetime]
"""Gives the present instant, UTC and timezone-aware."""


def system_clock() -> dt.datetime:
    """The machine's clock, UTC and timezone-aware."""
    return dt.datetime.now(dt.UTC)


def start_of(day: dt.date) -> dt.datetime:
    """The instant that `as_of` *day* means: 00:00 UTC. What was known is what was recorded before it."""
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
