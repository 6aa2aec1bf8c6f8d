"""What a language model was given today, counted on disk so that several processes share one budget."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tenure.base.clock import Clock, system_clock


@dataclass(frozen=True)
class Spending:
    """A file of one day, to which each taking and each giving back is a line.

    A line is appended in one write, and read again before it counts, so that of two processes that take the last of it
    at once at most one may use it.

    Args:
        folder: Where the files of the days lie.
        clock: Gives the present instant; a day is one of UTC.
        unit: What is counted: `tokens`, or `millionths` of the money in which prices are given.
    """

    folder: Path
    clock: Clock = system_clock
    unit: Literal["tokens", "millionths"] = "tokens"

    def used(self) -> int:
        """What was used today, with what is taken and not yet given back."""
        try:
            lines = self._file().read_text(encoding="ascii").split()
        except FileNotFoundError:
            return 0
        return sum(int(line) for line in lines if line.lstrip("-").isdigit())

    def take(self, amount: int, most: float) -> bool:
        """Set *amount* aside, unless that would make more than *most* in the day."""
        self._add(amount)
        if self.used() <= most:
            return True
        self._add(-amount)
        return False

    def settle(self, taken: int, used: int) -> None:
        """Count what was *used* in place of what was *taken*."""
        self._add(used - taken)

    def _add(self, amount: int) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._file(), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(handle, f"{amount}\n".encode("ascii"))
        finally:
            os.close(handle)

    def _file(self) -> Path:
        return self.folder / f"{self.clock():%Y-%m-%d}.{self.unit}"
