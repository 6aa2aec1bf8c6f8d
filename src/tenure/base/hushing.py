"""Loggers of libraries that would say who somebody is: they say nothing, whatever level anybody sets."""

from __future__ import annotations

import logging

HTTP = ("httpx", "httpcore")
"""They log addresses, in which iMIS has ids, and headers."""


def hush(*names: str) -> None:
    """Let the loggers *names*, and those below them, say nothing."""
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [logging.NullHandler()], False
