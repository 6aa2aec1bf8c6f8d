"""How the form of what a source gives moves away from what it was, and what follows from each way in which it can.

`evolve`: the night goes on, and says so. `quarantine`: the rows concerned are left out and counted, the others are
taken. `freeze`: nothing is taken over until somebody has looked, and yesterday's scores stay.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from tenure.base.errors import HeldBack
from tenure.intake._report import Fault

EVOLVE, QUARANTINE, FREEZE = "evolve", "quarantine", "freeze"
RESPONSES = {
    "new column": EVOLVE,
    "unused column lost": EVOLVE,
    "key repeated": EVOLVE,
    "new code": QUARANTINE,
    "type changed": QUARANTINE,
    "object in place of a value": QUARANTINE,
    "column lost": FREEZE,
    "column renamed": FREEZE,
    "values vanished": FREEZE,
    "empty page that promises more": FREEZE,
    "web page in place of JSON": FREEZE,
    "JSON cut short": FREEZE,
    "wrong charset": FREEZE,
}
"""What follows from each change of form, by name."""

_ENOUGH_ROWS = 50
_ALWAYS = 0.95
_LATER = {"paid_on", "ended_by", "deceased_on"}
"""Columns that are empty at first by their nature, and say nothing when a night's rows have none."""


@dataclass(frozen=True)
class Drift:
    """One change of form.

    Args:
        place: The query, table or file.
        change: One of `RESPONSES`.
        column: Which column, as the place or the contract calls it.
        words: The same for people.
    """

    place: str
    change: str
    column: str
    words: str

    @property
    def response(self) -> str:
        """`evolve`, `quarantine` or `freeze`."""
        return RESPONSES[self.change]


def of_columns(place: str, before: Collection[str], now: Collection[str], used: Collection[str]) -> Iterator[Drift]:
    """Columns that came, and such as went without being missed; *used* are those that the mapping names."""
    for column in sorted(set(now) - set(before)):
        words = f"{place} has a new column `{column}`, which the mapping does not use"
        yield Drift(place, "new column", column, words)
    for column in sorted(set(before) - set(now) - set(used)):
        yield Drift(place, "unused column lost", column, f"{place} no longer has `{column}`, which nothing uses")


def of_objects(place: str, columns: Iterable[str]) -> Iterator[Drift]:
    """Objects or lists where a value was; they are left out, and a row that needs the value is set aside."""
    for column in sorted(columns):
        words = f"{place} gives objects in place of values in `{column}`; they are left out"
        yield Drift(place, "object in place of a value", column, words)


def of_faults(label: str, faults: Iterable[Fault]) -> Iterator[Drift]:
    """Values that are no longer of their column's type; their rows were set aside."""
    for fault in faults:
        if told := re.match(r"`(\w+)` is not ", fault.reason):
            yield Drift(label, "type changed", told[1], f"{label}: {fault}")


def of_codes(place: str, column: str, words: Iterable[str]) -> Iterator[Drift]:
    """Codes that the mapping does not name; their rows were left out."""
    for told in words:
        yield Drift(place, "new code", column, told)


class Filling:
    """Which columns of a feed have always had values, so that their vanishing is noticed.

    Args:
        known: As `text` gave it after an earlier reading; empty for none.
        columns: By column of the contract, the place's own.
    """

    def __init__(self, known: str, columns: Mapping[str, str]) -> None:
        self._always: set[str] = set(json.loads(known)) if known else set()
        self._watched = {own: name for name, own in columns.items() if name not in _LATER}

    @property
    def text(self) -> str:
        """What to remember."""
        return json.dumps(sorted(self._always))

    def check(self, place: str, rows: pl.DataFrame) -> None:
        """Compare *rows*, all text, with what is known, and learn from them; a few rows say nothing.

        Raises:
            HeldBack: A column that always had values has none.
        """
        if rows.height < _ENOUGH_ROWS:
            return
        given = [own for own in self._watched if own in rows.columns]
        shares = rows.select((pl.col(own).str.strip_chars() != "").fill_null(value=False).mean() for own in given)
        filled: dict[str, float] = dict(zip(given, shares.row(0), strict=True))
        gone = sorted(own for own in self._always & set(filled) if filled[own] == 0.0)
        if gone:
            listed = ", ".join(f"`{own}`" for own in gone)
            raise HeldBack(
                f"{place}: {listed} always had values and has none in {rows.height:,} rows; nothing was taken over",
                mend="run the query inside iMIS: a join or a right may be lost. If the column is meant to be empty "
                "from now on, take it out of the mapping",
            )
        self._always = (self._always & {own for own in filled if filled[own] > 0}) | (self._always - set(filled))
        self._always |= {own for own, share in filled.items() if share >= _ALWAYS}
