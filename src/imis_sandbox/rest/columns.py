"""Columns of the world as the dialect sees them: comparable, filterable, printable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from imis_sandbox.rest.zone import Zone, seconds_of, text_of
from imis_sandbox.world.config import DAY
from imis_sandbox.world.store import Array

Fetch = Callable[[Array], Array]


class Column:
    """One property of a source.

    Args:
        name: As clients write it; they may write it in any case.
        fetch: Gives the comparable values of some rows.
    """

    kind = "String"
    boxed: str | None = None
    slow = False
    """Whether a filter has to make every value first."""

    def __init__(self, name: str, fetch: Fetch) -> None:
        self.name = name
        self.fetch = fetch
        self.identifier = False
        self.ascending = False

    def render(self, rows: Array) -> list[Any]:
        """JSON values of some rows."""
        return list(self.fetch(rows).tolist())

    def parse(self, text: str) -> Any:
        """A value in a filter, comparable with what `fetch` gives; raises ValueError."""
        return text

    def empty(self, rows: Array) -> Array:
        """Which rows have no value."""
        return np.array([value in ("", None) for value in self.render(rows)], bool)

    def texts(self, rows: Array) -> list[str]:
        """Values in lower case, for the operators that look inside text."""
        return ["" if value is None else str(value).lower() for value in self.render(rows)]

    def keys(self, rows: Array) -> Array:
        """What rows are sorted by."""
        return np.array(self.texts(rows)) if self.kind == "String" else self.fetch(rows)

    def compare(self, rows: Array, test: Callable[[Any, Any], Array], value: Any) -> Array:
        """`test(values, value)` for some rows, false where there is no value."""
        return np.asarray(test(self.fetch(rows), value)) & ~self.empty(rows)

    def among(self, rows: Array, wanted: Sequence[Any]) -> Array:
        """Which rows have one of the wanted values."""
        return np.isin(self.fetch(rows), np.asarray(list(wanted)))


class Text(Column):
    """Text made for each row on demand; compared without regard to case, as the database does."""

    slow = True

    def __init__(self, name: str, make: Callable[[Array], Sequence[str | None]]) -> None:
        super().__init__(name, lambda rows: np.array([(text or "").lower() for text in make(rows)], dtype=object))
        self._make = make

    def render(self, rows: Array) -> list[Any]:
        return list(self._make(rows))

    def parse(self, text: str) -> Any:
        return text.lower()

    def compare(self, rows: Array, test: Callable[[Any, Any], Array], value: Any) -> Array:
        return np.asarray(test(self.fetch(rows), value)).astype(bool)

    def among(self, rows: Array, wanted: Sequence[Any]) -> Array:
        chosen = set(wanted)
        return np.array([text in chosen for text in self.fetch(rows)], bool)


class Kept(Text):
    """Text about people that seldom changes, so that a filter need not spell everybody's anew.

    Args:
        make: Gives the texts of some rows.
        lowered: Gives those of all rows, in lower case.
    """

    slow = False

    def __init__(self, name: str, make: Callable[[Array], Sequence[str | None]], lowered: Callable[[], Array]) -> None:
        super().__init__(name, make)
        self.fetch = lambda rows: lowered()[rows]

    def texts(self, rows: Array) -> list[str]:
        return list(self.fetch(rows).tolist())


class Numbered(Column):
    """An identity that is the row's own number, as text."""

    def __init__(self, name: str) -> None:
        super().__init__(name, lambda rows: np.asarray(rows) + 1)

    def render(self, rows: Array) -> list[Any]:
        return [str(number) for number in self.fetch(rows).tolist()]

    def parse(self, text: str) -> Any:
        return int(text) if text.isdecimal() and not text.startswith("0") else -1

    def keys(self, rows: Array) -> Array:
        return np.asarray(rows)

    def empty(self, rows: Array) -> Array:
        return np.zeros(len(rows), bool)


class Coded(Column):
    """Text from a short vocabulary; compared by code."""

    def __init__(self, name: str, codes: Fetch, vocabulary: Callable[[], Sequence[str | None]]) -> None:
        super().__init__(name, codes)
        self._vocabulary = vocabulary

    def render(self, rows: Array) -> list[Any]:
        words = self._vocabulary()
        return [words[code] if code >= 0 else "" for code in self.fetch(rows).tolist()]

    def parse(self, text: str) -> Any:
        return text.lower()

    def compare(self, rows: Array, test: Callable[[Any, Any], Array], value: Any) -> Array:
        words = np.array([(word or "").lower() for word in self._vocabulary()] + [""], dtype=object)
        return np.asarray(test(words, value)).astype(bool)[self.fetch(rows)]

    def among(self, rows: Array, wanted: Sequence[Any]) -> Array:
        chosen = set(wanted)
        hits = np.array([(word or "").lower() in chosen for word in self._vocabulary()] + ["" in chosen], bool)
        return np.asarray(hits[self.fetch(rows)])

    def texts(self, rows: Array) -> list[str]:
        return [str(word).lower() for word in self.render(rows)]


class Person(Column):
    """A reference to a contact by its id; -1 is nobody.

    Args:
        id_of: The id of a row of the people.
        row_of: The row of an id, -1 when there is none.
        ranks: The place of each row's id among all, and last of all that of nobody.
    """

    def __init__(
        self,
        name: str,
        fetch: Fetch,
        id_of: Callable[[int], str],
        row_of: Callable[[str], int],
        ranks: Callable[[], Array],
    ) -> None:
        super().__init__(name, fetch)
        self._id_of, self._row_of, self._ranks = id_of, row_of, ranks
        self.identifier = True

    def render(self, rows: Array) -> list[Any]:
        return [self._id_of(row) if row >= 0 else "" for row in self.fetch(rows).tolist()]

    def parse(self, text: str) -> Any:
        row = self._row_of(text)
        return row if row >= 0 else -2

    def keys(self, rows: Array) -> Array:
        return self._ranks()[self.fetch(rows)]

    def empty(self, rows: Array) -> Array:
        return self.fetch(rows) < 0


class Number(Column):
    """A number; NaN is no value."""

    kind = "Decimal"

    def __init__(self, name: str, fetch: Fetch, places: int = 2, boxed: str = "System.Decimal") -> None:
        super().__init__(name, fetch)
        self._places = places
        self.boxed = boxed

    def render(self, rows: Array) -> list[Any]:
        return [None if v != v else round(v, self._places) for v in self.fetch(rows).astype(np.float64).tolist()]

    def parse(self, text: str) -> Any:
        return float(text)

    def empty(self, rows: Array) -> Array:
        return np.isnan(self.fetch(rows).astype(np.float64))


class Whole(Column):
    """A whole number; *never* is no value."""

    kind = "Integer"
    boxed = "System.Int32"

    def __init__(self, name: str, fetch: Fetch, never: int | None = None) -> None:
        super().__init__(name, fetch)
        self._never = never

    def render(self, rows: Array) -> list[Any]:
        return [None if value == self._never else value for value in self.fetch(rows).tolist()]

    def parse(self, text: str) -> Any:
        return int(text)

    def empty(self, rows: Array) -> Array:
        values = self.fetch(rows)
        return np.zeros(len(rows), bool) if self._never is None else np.asarray(values == self._never)


class Flag(Column):
    """A boolean."""

    kind = "Boolean"
    boxed = "System.Boolean"

    def render(self, rows: Array) -> list[Any]:
        return [bool(value) for value in self.fetch(rows).tolist()]

    def parse(self, text: str) -> Any:
        if text.lower() not in {"true", "false", "1", "0"}:
            raise ValueError(text)
        return text.lower() in {"true", "1"}

    def empty(self, rows: Array) -> Array:
        return np.zeros(len(rows), bool)


class Day(Column):
    """A date without a time, from day numbers; numbers below -200,000 and -1 are no date."""

    kind = "Date"

    def render(self, rows: Array) -> list[Any]:
        days, none = self.fetch(rows).astype(np.int64), self.empty(rows)
        texts = text_of(np.where(none, 0, days) * DAY)
        return [None if missing else text for text, missing in zip(texts, none.tolist(), strict=True)]

    def parse(self, text: str) -> Any:
        return seconds_of(text) / DAY

    def empty(self, rows: Array) -> Array:
        days = self.fetch(rows)
        return np.asarray((days == -1) | (days < -200_000))


class Moment(Column):
    """A moment in the site's time, from seconds of UTC; 0 is none."""

    kind = "Date"

    def __init__(self, name: str, fetch: Fetch, zone: Zone) -> None:
        super().__init__(name, fetch)
        self._zone = zone

    def render(self, rows: Array) -> list[Any]:
        seconds = self.fetch(rows)
        texts = text_of(self._zone.local(seconds))
        return [text if second else None for text, second in zip(texts, seconds.tolist(), strict=True)]

    def parse(self, text: str) -> Any:
        return self._zone.utc(seconds_of(text))

    def empty(self, rows: Array) -> Array:
        return np.asarray(self.fetch(rows) == 0)
