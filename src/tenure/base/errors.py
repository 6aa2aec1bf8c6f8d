"""Every error that Tenure raises on purpose.

    TenureError                 1  failed
    ├── Stopped                 0  somebody asked the command to end
    ├── UsageError              2  the command or the settings are wrong
    ├── HeldBack                3  a gate stopped the night; yesterday's scores stay
    │   └── BelowDataFloor      3  too few decisions to learn from
    ├── BadInput                1  what a source gave cannot be used
    ├── SourceUnavailable       1  a source did not answer; trying again may help
    ├── SourceRefused           1  a source said no; trying again will not help
    ├── Overtaken               1  somebody acted first, or what was looked at has changed since
    ├── NotAllowed              1  the role of whoever asks does not include it
    └── DamagedStore            1  a file of ours is not what we wrote

The number is the exit code of a command that ends with the error. A message says what is wrong and where; `mend`
says what to do about it. Neither ever holds a person's data: counts, column names, table names and file names only.
"""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

DONE = 0
FAILED = 1
USAGE = 2
HELD_BACK = 3
PARTLY_DONE = 4


class TenureError(Exception):
    """Something went wrong that a person can do something about.

    Args:
        message: What is wrong, and where (command, file, table, column, address).
        mend: What to do about it, as an instruction; empty where nothing can be said.
    """

    exit_code: ClassVar[int] = FAILED
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.message}\n\nhint: {self.mend}" if self.mend else self.message


class Stopped(TenureError):
    """Somebody asked the command to end before it was through; the next one goes on."""

    exit_code = DONE


class UsageError(TenureError):
    """The command line or the settings file asks for something that cannot be."""

    exit_code = USAGE


class HeldBack(TenureError):
    """A gate stopped the night before anything was replaced; yesterday's scores stay."""

    exit_code = HELD_BACK


class BelowDataFloor(HeldBack):
    """Too few lapses or renewals are known to learn from."""


class BadInput(TenureError):
    """What a source gave cannot be used, and nothing of it was kept."""


class SourceUnavailable(TenureError):
    """A source did not answer, or answered that it is busy."""

    retryable = True


class SourceRefused(TenureError):
    """A source answered no: wrong credentials, no right, no such thing."""


class Overtaken(TenureError):
    """Somebody acted first, or what was looked at is not what it was; nothing was done.

    Args:
        message, mend: As for every error.
        by: The sign-in name of whoever acted; empty where nobody did.
        at: When, UTC.
    """

    def __init__(self, message: str, *, mend: str = "", by: str = "", at: dt.datetime | None = None) -> None:
        super().__init__(message, mend=mend)
        self.by = by
        self.at = at


class NotAllowed(TenureError):
    """The role of whoever asks does not include what was asked; nothing was done."""


class DamagedStore(TenureError):
    """A file in the home directory is not as Tenure wrote it."""
