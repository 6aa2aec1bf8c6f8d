"""Panel sources (user-defined tables) and the definitions that make them."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.columns import Column
from imis_sandbox.rest.dialect import RESERVED, Filter, Params, arrange, condition, narrow, ordering, window
from imis_sandbox.rest.entities import Call, Entity
from imis_sandbox.rest.records import Records
from imis_sandbox.rest.zone import seconds_of
from imis_sandbox.world.store import Array

_ID_NAMES = {"partyid", "id", "contactkey"}
_ORDINAL_NAMES = {"ordinal", "seqn"}
_KINDS = {
    "string": "String", "nvarchar": "String", "varchar": "String", "text": "String", "int32": "Integer",
    "integer": "Integer", "int": "Integer", "decimal": "Decimal", "numeric": "Decimal", "double": "Decimal",
    "float": "Decimal", "monetary": "Decimal", "money": "Decimal", "boolean": "Boolean", "bool": "Boolean",
    "bit": "Boolean", "date": "Date", "datetime": "Date",
}  # fmt: skip
_BOXES = {"Integer": "System.Int32", "Decimal": "System.Decimal", "Boolean": "System.Boolean"}


@dataclass(frozen=True)
class Property:
    """One property of a panel source; *length* bounds text, *own* says that it identifies a row."""

    name: str
    kind: str
    length: int | None = None
    required: bool = False
    own: bool = False


def property_of(data: wire.Json) -> Property:
    """A property from its definition; spellings vary between versions, so several are read."""
    extended = wire.member(data, "ExtendedPropertyInformation") or {}
    spelled = wire.member(data, "PropertyTypeName") or wire.member(extended, "DbDataType") or wire.member(data, "$type")
    word = str(spelled or "String").split(",")[0].split(".")[-1].lower()
    word = word.removeprefix("propertytype").removesuffix("data")
    kind = _KINDS.get(word.split("(")[0], "String")
    length = wire.member(data, "MaxLength") or wire.member(extended, "MaxLength")
    required, own = (bool(wire.member(data, name)) for name in ("Required", "IsIdentity"))
    return Property(str(wire.member(data, "Name", "")), kind, int(length) if length else None, required, own)


class _Cells(Column):
    """One property of the stored rows, for filters."""

    def __init__(self, prop: Property, rows: list[dict[str, Any]]) -> None:
        super().__init__(prop.name, lambda chosen: np.array([self._key(row) for row in chosen.tolist()], dtype=object))
        self.kind, self._rows = prop.kind, rows

    def _key(self, row: int) -> Any:
        value = self._rows[row].get(self.name)
        if self.kind == "String":
            return str(value or "").lower()
        if self.kind == "Date":
            return seconds_of(value) if value else float("nan")
        return float("nan") if value is None else float(value)

    def render(self, rows: Array) -> list[Any]:
        return [self._rows[row].get(self.name) for row in rows.tolist()]

    def parse(self, text: str) -> Any:
        if self.kind == "Boolean":
            return float(text.lower() in ("true", "1"))
        return text.lower() if self.kind == "String" else seconds_of(text) if self.kind == "Date" else float(text)

    def compare(self, rows: Array, test: Any, value: Any) -> Array:
        return np.array([bool(test(cell, value)) for cell in self.fetch(rows).tolist()], bool)

    def among(self, rows: Array, wanted: Any) -> Array:
        return np.array([cell in set(wanted) for cell in self.fetch(rows).tolist()], bool)


class Panel(Entity):
    """A panel source: one row per contact (single) or several (multi).

    Args:
        definition: As posted.
        records: For knowing whether a contact exists.
    """

    guarded = False

    def __init__(self, definition: wire.Json, records: Records) -> None:
        super().__init__(str(wire.member(definition, "EntityTypeName", "")))
        self.records = records
        self.readable = True
        self._rows: dict[tuple[str, ...], dict[str, Any]] = {}
        self._replaced: dict[tuple[str, ...], tuple[float, dict[str, Any] | None]] = {}
        self.redefine(definition)

    @property
    def rows(self) -> dict[tuple[str, ...], dict[str, Any]]:
        """What is stored, by identity."""
        self._learn()
        return self._rows

    def _learn(self) -> None:
        """Take in what the site itself enters; nothing, for a source that clients installed."""

    def redefine(self, definition: wire.Json) -> None:
        """Take another definition; rows keep what they hold."""
        self.definition = {"$type": wire.type_name(wire.CORE, "BOEntityDefinitionData"), **definition}
        self.parent = str(wire.member(definition, "PrimaryParentEntityTypeName") or "Party")
        self.multi = str(wire.member(definition, "ObjectTypeName", "Single")).lower() == "multi"
        found = [property_of(entry) for entry in wire.values(wire.member(definition, "Properties", []))]
        named = [entry for entry in found if entry.name]
        usual = "PartyId" if self.parent.lower() == "party" else "ID"
        self.id_name = next((p.name for p in named if p.name.lower() in _ID_NAMES), usual)
        self.ordinal_name = next((p.name for p in named if p.name.lower() in _ORDINAL_NAMES), "Ordinal")
        ordinal = [Property(self.ordinal_name, "Integer")] if self.multi else []
        self.identity = [Property(self.id_name, "String"), *ordinal]
        skip = _ID_NAMES | _ORDINAL_NAMES
        self.properties = [entry for entry in named if entry.name.lower() not in skip]

    def page(self, call: Call) -> wire.Json:
        if call.stale:
            return self._as_of(time.monotonic() - call.stale).page(replace(call, stale=0.0))
        offset, limit = window(call.params)
        if not any(name.lower() not in RESERVED - {"orderby"} for name, _ in call.params):
            keys = list(islice(self.rows, offset, offset + limit))
            total = len(self.rows)
        else:
            every = self._filtered(call.params)
            keys, total = every[offset : offset + limit], len(every)
        items = [self._generic(key) for key in keys]
        return wire.page(wire.GENERIC, items, offset=offset, limit=limit, total=total)

    def get(self, elements: list[str], call: Call) -> wire.Json:
        return self._generic(self._key(elements))

    def create(self, call: Call) -> wire.Json:
        party = self._party(call.body)
        given = wire.properties(call.body)
        self._check(party, given)
        key: tuple[str, ...] = (party,)
        if self.multi:
            key = (party, str(self._next_ordinal(party)))
        elif key in self.rows:
            raise wire.Refusal(409, f"{self.name} {party} already exists.")
        self._put(key, self._kept(given))
        return self._generic(key)

    def update(self, elements: list[str], call: Call) -> wire.Json:
        key = self._key(elements)
        given = wire.properties(call.body)
        self._check(key[0], given)
        self._put(key, {**self.rows[key], **self._kept(given)})
        return self._generic(key)

    def remove(self, elements: list[str], call: Call) -> None:
        del self.rows[self._key(elements)]

    def validate(self, call: Call) -> list[tuple[str, str]]:
        return self._errors(self._party(call.body), wire.properties(call.body))

    def metadata(self) -> wire.Json:
        entries = [
            {"$type": wire.type_name(wire.CORE, "PropertyTypeData"), "Name": entry.name, "PropertyTypeName": entry.kind}
            for entry in self._all()
        ]
        return {
            "$type": wire.type_name(wire.CORE, "EntityDefinitionData"),
            "EntityTypeName": self.name,
            "ObjectTypeName": "Multi" if self.multi else "Single",
            "PrimaryParentEntityTypeName": self.parent,
            "Properties": wire.collection(wire.type_name(wire.CORE, "EntityPropertyDefinitionCollection"), entries),
        }

    def _put(self, key: tuple[str, ...], row: dict[str, Any]) -> None:
        self._replaced[key] = (time.monotonic(), self.rows.get(key))
        self.rows[key] = row

    def _as_of(self, moment: float) -> Panel:
        """This panel without the writes after a moment."""
        older = type(self)(self.definition, self.records)
        older._rows = dict(self.rows)
        for key, (written, before) in self._replaced.items():
            if written > moment and before is None:
                older.rows.pop(key, None)
            elif written > moment and before is not None:
                older.rows[key] = before
        return older

    def _all(self) -> list[Property]:
        return [*self.identity, *self.properties]

    def _filtered(self, params: Params) -> list[tuple[str, ...]]:
        keys = list(self.rows)
        cells = [self._flat(key) for key in keys]
        columns = {entry.name.lower(): _Cells(entry, cells) for entry in self._all()}
        whose = columns.get(self.id_name.lower())
        columns |= {name: whose for name in _ID_NAMES if whose is not None}
        filters: list[Filter] = []
        for name, value in params:
            if name.lower() not in RESERVED:
                filters.append(condition(self._need(columns, name), value))
        order = [(self._need(columns, name), descending) for name, descending in ordering(params)]
        chosen = arrange(narrow(range(len(keys)), filters), order)
        return [keys[row] for row in chosen]

    def _need(self, columns: dict[str, _Cells], name: str) -> _Cells:
        if name.lower() not in columns:
            raise wire.Refusal(400, f"In the query, {name} is not a known property name.")
        return columns[name.lower()]

    def _flat(self, key: tuple[str, ...]) -> dict[str, Any]:
        identity = {entry.name: stored(entry, text) for entry, text in zip(self.identity, key, strict=True)}
        return {**identity, **self.rows[key]}

    def _generic(self, key: tuple[str, ...]) -> wire.Json:
        flat = self._flat(key)
        props = [wire.prop(entry.name, flat.get(entry.name), _BOXES.get(entry.kind)) for entry in self._all()]
        return wire.generic(self.name, list(key), props, key[0], self.parent)

    def _key(self, elements: list[str]) -> tuple[str, ...]:
        if len(elements) != len(self.identity):
            raise wire.Refusal(400, "ArgumentFault: Incorrect number of identity elements.")
        key = tuple(elements)
        if key not in self.rows:
            raise wire.not_found(f"{self.name} {'|'.join(elements)} was not found.")
        return key

    def _party(self, body: wire.Json) -> str:
        parent = wire.member(body, "PrimaryParentIdentity") or wire.member(body, "Identity") or {}
        elements = wire.values(wire.member(parent, "IdentityElements", []))
        if elements:
            return str(elements[0])
        given = wire.properties(body)
        return next((str(value) for name, value in given.items() if name.lower() in _ID_NAMES and value), "")

    def _next_ordinal(self, party: str) -> int:
        return max((int(key[1]) for key in self.rows if key[0] == party), default=0) + 1

    def _check(self, party: str, given: dict[str, Any]) -> None:
        errors = self._errors(party, given)
        if errors:
            raise wire.invalid(*errors)

    def _errors(self, party: str, given: dict[str, Any]) -> list[tuple[str, str]]:
        known = {entry.name.lower(): entry for entry in self.properties}
        errors = self._unknown_parent(party)
        for name, value in given.items():
            entry = known.get(name.lower())
            if entry is None and name.lower() not in _ID_NAMES | _ORDINAL_NAMES:
                errors.append((name, f"{name} is not a property of {self.name}."))
            elif entry is not None and value is not None and not fits(entry, value):
                errors.append((name, f"{name} is not a valid {entry.kind.lower()}."))
        return errors

    def _unknown_parent(self, party: str) -> list[tuple[str, str]]:
        """That a row's contact, or event, is not there; of other parents only that one is named."""
        if self.parent.lower() == "event":
            there = any(event.code == party.upper() for event in self.records.state.events)
        else:
            there = bool(party) if self.parent.lower() != "party" else self.records.row_of(party) >= 0
        what = "contact" if self.parent.lower() == "party" else self.parent.lower()
        return [] if there else [(self.id_name, f"The {what} does not exist.")]

    def _kept(self, given: dict[str, Any]) -> dict[str, Any]:
        known = {entry.name.lower(): entry for entry in self.properties}
        kept = {}
        for name, value in given.items():
            if name.lower() in known:
                entry = known[name.lower()]
                kept[entry.name] = stored(entry, value)
        return kept


def fits(entry: Property, value: Any) -> bool:
    """Whether a property can hold a value."""
    if entry.kind == "String":
        text = isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool))
        return text and (entry.length is None or len(str(value)) <= entry.length)
    if entry.kind == "Boolean":
        return isinstance(value, bool)
    try:
        if entry.kind == "Date":
            seconds_of(str(value))
        else:
            float(value)
    except (TypeError, ValueError):
        return False
    return entry.kind != "Integer" or float(value) == int(float(value))


def stored(entry: Property, value: Any) -> Any:
    """A value as the database keeps it."""
    if value is None or entry.kind == "Boolean":
        return value
    if entry.kind == "String":
        return str(value)
    if entry.kind == "Date":
        text = str(value)
        return f"{text}T00:00:00" if len(text) == 10 else text[:19]
    return int(float(value)) if entry.kind == "Integer" else float(value)
