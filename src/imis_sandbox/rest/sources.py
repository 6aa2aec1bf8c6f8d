"""Tables of columns: what business objects and IQAs read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.columns import Coded, Column, Day, Fetch, Flag, Kept, Moment, Number, Person, Text, Whole
from imis_sandbox.rest.dialect import RESERVED, Filter, Params, Rows, arrange, condition, narrow, ordering
from imis_sandbox.rest.records import Records
from imis_sandbox.rest.zone import Zone
from imis_sandbox.world.store import Array


class Source:
    """Named columns over the rows of something.

    Args:
        name: As in the address.
        columns: In order.
        rows: Gives the rows that are there now.
        key: Names of the columns that identify a row.
        party: Name of the column with the contact, None when rows have none.
        aliases: Other names (lower case) that clients use for a column.
        standing: False leaves rows out that a filter names by key (never so here).
    """

    def __init__(
        self,
        name: str,
        columns: Iterable[Column],
        rows: Callable[[], Rows],
        *,
        key: tuple[str, ...],
        party: str | None = None,
        parent: str = "Party",
        aliases: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self.columns = list(columns)
        self.rows = rows
        self.key, self.party, self.parent = key, party, parent
        self._by_name = {column.name.lower(): column for column in self.columns}
        for alias, target in (aliases or {}).items():
            self._by_name.setdefault(alias, self._by_name[target.lower()])

    def column(self, name: str) -> Column | None:
        """A column by its name in any case."""
        return self._by_name.get(name.strip().lower())

    def need(self, name: str) -> Column:
        """A column by its name in any case; 400 when there is none (a guess)."""
        column = self.column(name)
        if column is None:
            raise wire.Refusal(400, f"In the query, {name} is not a known property name.")
        return column

    def select(self, params: Params) -> Rows:
        """The rows that the parameters ask for, in their order."""
        filters = [condition(self.need(name), value) for name, value in params if name.lower() not in RESERVED]
        return self.chosen(filters, params)

    def chosen(self, filters: list[Filter], params: Params) -> Rows:
        """The rows that meet the filters, in the order that the parameters ask for."""
        order = [(self.need(name), descending) for name, descending in ordering(params)]
        return arrange(narrow(self.rows(), filters), order)

    def find(self, elements: list[str]) -> int | None:
        """The row of an identity, None when there is none; 400 when it has the wrong number of elements."""
        if len(elements) != len(self.key):
            raise wire.Refusal(400, "ArgumentFault: Incorrect number of identity elements.")
        filters = [Filter(self.need(name), "eq", (value,)) for name, value in zip(self.key, elements, strict=True)]
        try:
            found = narrow(self.rows(), filters)
        except wire.Refusal:
            return None
        return int(found[0]) if len(found) else None

    def table(self, rows: Array) -> list[dict[str, Any]]:
        """Rows as plain dictionaries."""
        names = [column.name for column in self.columns]
        rendered = [column.render(rows) for column in self.columns]
        return [dict(zip(names, values, strict=True)) for values in zip(*rendered, strict=True)]

    def generic(self, rows: Array) -> list[wire.Json]:
        """Rows as generic entities."""
        kinds = [(column.name, column.boxed) for column in self.columns]
        rendered = [column.render(rows) for column in self.columns]
        places = [self.columns.index(self.need(name)) for name in self.key]
        party = self.columns.index(self.need(self.party)) if self.party else None
        found = []
        for row in zip(*rendered, strict=True):
            props = [wire.prop(name, value, box) for (name, box), value in zip(kinds, row, strict=True)]
            elements = [str(row[place]) for place in places]
            found.append(wire.generic(self.name, elements, props, None if party is None else row[party], self.parent))
        return found


class Maker:
    """Makes columns over one set of numpy columns.

    Args:
        records: For ids.
        zone: The site's.
        data: Gives the columns anew at each call, since they grow.
    """

    def __init__(self, records: Records, zone: Zone, data: Callable[[], Any]) -> None:
        self.records, self.zone, self.data = records, zone, data

    def get(self, column: str) -> Fetch:
        """Fetches a numpy column as it is."""
        return lambda rows: self.data()[column][rows]

    def coded(self, name: str, column: str, words: Callable[[], Any]) -> Coded:
        return Coded(name, lambda rows: self.data()[column][rows].astype(np.int64), words)

    def person(self, name: str, column: str | None) -> Person:
        """A contact; *column* None is the row itself."""
        fetch: Fetch = (lambda rows: np.asarray(rows)) if column is None else self.get(column)
        return Person(name, fetch, self.records.id_of, self.records.row_of, self.records.ranks)

    def day(self, name: str, column: str) -> Day:
        return Day(name, self.get(column))

    def moment(self, name: str, column: str) -> Moment:
        made = Moment(name, self.get(column), self.zone)
        made.ascending = column == "recorded"
        return made

    def flag(self, name: str, column: str) -> Flag:
        return Flag(name, self.get(column))

    def number(self, name: str, column: str, scale: float = 1.0, places: int = 2) -> Number:
        return Number(name, lambda rows: self.data()[column][rows] * scale, places)

    def text(self, name: str, make: Callable[[int], str | None]) -> Text:
        """Text made row by row."""
        return Text(name, lambda rows: [make(row) for row in np.asarray(rows).tolist()])

    def kept(self, name: str, what: str) -> Kept:
        """A name or address of people, that `Records.lowered` keeps."""
        make = getattr(self.records, what)
        return Kept(
            name, lambda rows: [make(row) for row in np.asarray(rows).tolist()], lambda: self.records.lowered(what)
        )

    def sequence(self, name: str) -> Whole:
        """The row's own number, from 1."""
        column = Whole(name, lambda rows: np.asarray(rows) + 1)
        column.ascending = True
        return column


def constant(name: str, value: str) -> Text:
    """A column that says the same of every row."""
    return Text(name, lambda rows: [value] * len(rows))
