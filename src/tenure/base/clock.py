"""The one way to ask what time it is, so that nothing else reads the machine's clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

Clock = Callable[[], dt.datetime]
"""Gives the present instant, UTC and timezone-aware."""


def system_clock() -> dt.datetime:
    """The machine's clock, UTC and timezone-aware."""
    return dt.datetime.now(dt.UTC)
