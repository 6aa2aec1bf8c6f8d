"""A finding, and how a check that cannot be made becomes one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tenure.app.house import House
from tenure.base.errors import TenureError

OK, NOTE, FAULT = "ok", "note", "fault"
AGAIN = "mend what it names, and look again"
"""What to do where an error has no mend of its own."""


@dataclass(frozen=True)
class Finding:
    """What one check found.

    Args:
        check: What was looked at.
        state: `ok`; `note`, which stops nothing; `fault`, which stops a night or loses something.
        words: What was found.
        mend: What to do about it; empty when all is well.
    """

    check: str
    state: str
    words: str
    mend: str = ""

    def __post_init__(self) -> None:
        if self.state != OK and not self.mend:
            raise ValueError(f"{self.check}: what is not well has a mend")


Check = Callable[[House], Iterable[Finding]]


def examine(house: House, checks: Iterable[tuple[str, Check]]) -> Iterator[Finding]:
    """The findings of *checks* in order; a check that cannot be made is a fault of its subject."""
    for subject, check in checks:
        try:
            yield from check(house)
        except TenureError as error:
            yield Finding(subject, FAULT, error.message, error.mend or AGAIN)
        except Exception as error:
            # The text of a foreign error may hold a row of data, so only its kind is told.
            kind = type(error).__name__
            yield Finding(subject, FAULT, f"could not be looked at ({kind})", "run `tenure run` and see its log")
