"""Columns of what clients noted on a few rows out of very many: text, dates, numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from imis_sandbox.rest.columns import Column, Number, Text
from imis_sandbox.rest.zone import seconds_of
from imis_sandbox.world.store import Array

Notes = dict[int, dict[str, Any]]


def values(notes: Notes, name: str, rows: Array, none: Any) -> list[Any]:
    """What is noted on some rows, looking only at those that have notes."""
    found = [none] * len(rows)
    noted = np.fromiter(notes, np.int64, len(notes))
    for place in np.flatnonzero(np.isin(rows, noted)).tolist():
        kept = notes[int(rows[place])].get(name)
        found[place] = none if kept is None else kept
    return found


class NotedText(Text):
    """Text; empty where nothing is noted."""

    slow = False

    def __init__(self, name: str, notes: Notes) -> None:
        super().__init__(name, lambda rows: [str(text) for text in values(notes, name, rows, "")])


class NotedDate(Column):
    """A moment in the site's time; none where nothing is noted."""

    kind = "Date"

    def __init__(self, name: str, notes: Notes) -> None:
        super().__init__(name, lambda rows: np.array([_seconds(t) for t in values(notes, name, rows, None)], float))
        self._notes, self._noted_as = notes, name

    def render(self, rows: Array) -> list[Any]:
        return [_iso(text) for text in values(self._notes, self._noted_as, rows, None)]

    def parse(self, text: str) -> Any:
        return seconds_of(text)

    def empty(self, rows: Array) -> Array:
        return np.isnan(self.fetch(rows))


class NotedNumber(Number):
    """A number; none where nothing is noted."""

    def __init__(self, name: str, notes: Notes) -> None:
        super().__init__(name, lambda rows: np.array([_number(v) for v in values(notes, name, rows, None)], float))


def _seconds(text: Any) -> float:
    try:
        return seconds_of(str(text)) if text else float("nan")
    except ValueError:
        return float("nan")


def _iso(text: Any) -> str | None:
    """As iMIS prints it: with a time and without an offset."""
    second = _seconds(text)
    return None if second != second else str(np.datetime64(int(second), "s"))


def is_number(value: Any) -> bool:
    """Whether a value is empty or can be read as a number."""
    return value in (None, "") or _number(value) == _number(value)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")
