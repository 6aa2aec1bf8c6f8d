"""Entities that are lists of documents: ones that the site makes, and shelves on which it keeps what clients write."""

from __future__ import annotations

import operator
import uuid
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.columns import Column
from imis_sandbox.rest.dialect import RESERVED, Params, arrange, condition, cut, narrow, ordering, window
from imis_sandbox.rest.entities import Call, Entity
from imis_sandbox.rest.known import OPERATIONS
from imis_sandbox.rest.zone import seconds_of
from imis_sandbox.world.store import Array

_SPACE = uuid.UUID("0f1d8a52-6f0e-4a7e-9a55-0f4b5b6f3a10")
Documents = Sequence[wire.Json]


class Member(Column):
    """One member of some documents, compared as what it is there: a number, a date, or text in any case.

    Args:
        name: The member, in any case; a dot leads into an object.
        items: The documents.
    """

    def __init__(self, name: str, items: Documents) -> None:
        super().__init__(name, lambda rows: np.array([self._value(row) for row in rows.tolist()], dtype=object))
        self._items = items

    def _value(self, row: int) -> Any:
        found: Any = self._items[row]
        for part in self.name.split("."):
            found = wire.member(found, part) if isinstance(found, dict) else None
        return wire.unboxed(found)

    def compare(self, rows: Array, test: Callable[[Any, Any], Any], value: Any) -> Array:
        return np.array([_compared(cell, test, value) for cell in self.fetch(rows).tolist()], bool)

    def among(self, rows: Array, wanted: Sequence[Any]) -> Array:
        found = np.zeros(len(rows), bool)
        for value in wanted:
            found |= self.compare(rows, operator.eq, value)
        return found

    def keys(self, rows: Array) -> Array:
        cells = [_sorted_by(cell) for cell in self.fetch(rows).tolist()]
        places = {cell: place for place, cell in enumerate(sorted(set(cells)))}
        return np.array([places[cell] for cell in cells])


def _sorted_by(cell: Any) -> tuple[int, float, str]:
    number = isinstance(cell, int | float)
    return (0, float(cell), "") if number else (1, 0.0, "" if cell is None else str(cell).lower())


def _compared(cell: Any, test: Callable[[Any, Any], Any], text: str) -> bool:
    try:
        if isinstance(cell, int | float) and not isinstance(cell, bool):
            return bool(test(float(cell), float(text)))
        if isinstance(cell, str) and cell[4:5] == cell[7:8] == "-" and "T" in cell:
            return bool(test(seconds_of(cell), seconds_of(text)))
    except ValueError:
        return False
    return bool(test("" if cell is None else str(cell).lower(), text.lower()))


def chosen(items: Documents, params: Params, aliases: dict[str, str] | None = None) -> list[wire.Json]:
    """The documents that the parameters ask for, in their order; *aliases* lead a name (lower case) to a member."""
    lead = aliases or {}

    def member(name: str) -> Member:
        return Member(lead.get(name.lower(), name), items)

    filters = [condition(member(name), value) for name, value in params if name.lower() not in RESERVED]
    order = [(member(name), descending) for name, descending in ordering(params)]
    rows = arrange(narrow(range(len(items)), filters), [*order])
    return [items[row] for row in cut(rows, 0, len(items)).tolist()]


class Listed(Entity):
    """An entity that is a short list of documents, found by one member.

    Args:
        name: As in the address.
        key: The member that identifies an item.
        items: The list, or what makes it anew.
        namespace: Of the contract, for a list that is empty.
    """

    aliases: dict[str, str] = {}  # noqa: RUF012 - never changed

    def __init__(
        self, name: str, key: str, items: Documents | Callable[[], Documents], namespace: str = wire.CORE
    ) -> None:
        super().__init__(name)
        self.key, self._made = key, items
        self.kind = wire.type_name(namespace, f"{name}Data")

    def items(self) -> Documents:
        """The list as it is now."""
        return self._made() if callable(self._made) else self._made

    def page(self, call: Call) -> wire.Json:
        found = chosen(self.items(), call.params, self.aliases)
        offset, limit = window(call.params)
        kind = found[0]["$type"] if found else self.kind
        return wire.page(kind, found[offset : offset + limit], offset=offset, limit=limit, total=len(found))

    def get(self, elements: list[str], call: Call) -> wire.Json:
        for item in self.items():
            if str(wire.member(item, self.key)).lower() == elements[0].strip().lower():
                return item
        raise wire.not_found(f"{self.name} {'|'.join(elements)} was not found.")

    def metadata(self) -> wire.Json:
        items = self.items()
        return shape_of(self.name, items[0] if items else {self.key: ""}, self.key)


class Shelf(Listed):
    """A list that clients add to, change and delete from, as far as the entity offers it.

    Nothing is made of what is kept here: a cart stays a cart, an order is never shipped.

    Args:
        name: As in the address.
        verbs: Some of the letters L, C, U and D.
        namespace: Of the contract.
        key: The member that identifies an item; `{name}Id` by default, that of the whole thing for a summary.
        items: What the site makes of itself.
        asks: Parameters (lower case), one of which a list must have.
    """

    def __init__(
        self,
        name: str,
        verbs: str,
        namespace: str,
        *,
        key: str = "",
        items: Documents | Callable[[], Documents] = (),
        asks: tuple[str, ...] = (),
    ) -> None:
        super().__init__(name, key or f"{name.removesuffix('Summary')}Id", items, namespace)
        self._verbs, self._asks = verbs, asks
        self.kept: dict[str, wire.Json | None] = {}
        """What clients wrote, by key in lower case; None for what they deleted."""

    def items(self) -> Documents:
        made = super().items()
        if not self.kept:
            return made
        ours = {str(item[self.key]).lower(): item for item in made}
        return [item for item in {**ours, **self.kept}.values() if item is not None]

    def page(self, call: Call) -> wire.Json:
        self._offer("L", "Find")
        if self._asks and not any(name.lower() in self._asks for name, _ in call.params):
            raise wire.Refusal(400, f"ArgumentFault: {self.name} is found by id or path.")
        return super().page(call)

    def get(self, elements: list[str], call: Call) -> wire.Json:
        self._offer("L", "FindById")
        return super().get(elements, call)

    def create(self, call: Call) -> wire.Json:
        self._offer("C", "Add")
        if not call.body:
            raise wire.invalid((self.key, "An entity is required."))
        given = str(wire.member(call.body, self.key) or "")
        key = given or str(uuid.uuid5(_SPACE, f"{self.name}/{len(self.kept)}"))
        if given and any(str(item[self.key]).lower() == key.lower() for item in self.items()):
            raise wire.Refusal(409, f"{self.name} {key} already exists.")
        return self._keep(key, call.body)

    def update(self, elements: list[str], call: Call) -> wire.Json:
        self._offer("U", "Update")
        before = super().get(elements, call)
        if not call.body:
            raise wire.invalid((self.key, "An entity is required."))
        return self._keep(str(before[self.key]), call.body)

    def remove(self, elements: list[str], call: Call) -> None:
        self._offer("D", "Delete")
        found = super().get(elements, call)
        self.kept[str(found[self.key]).lower()] = None

    def validate(self, call: Call) -> list[tuple[str, str]]:
        return [] if call.body else [(self.key, "An entity is required.")]

    def execute(self, operation: str, arguments: list[Any], call: Call) -> Any:
        """The operation that clients ask of this shelf, if any: what it is about comes back as it was."""
        if self.name == "PartyImage" and operation.lower() == "getprofilevirtualfile":
            return None  # nobody has a picture
        if operation.lower() != OPERATIONS.get(self.name, "").lower() or not operation:
            return super().execute(operation, arguments, call)
        if not call.master:
            raise wire.forbidden(f"do {operation} on {self.name}")
        if arguments:
            return arguments[0]
        parts = (part for name, part in call.body.items() if name.lower() != "parameters")
        return next((part for part in parts if isinstance(part, dict)), True)

    def _offer(self, verb: str, operation: str) -> None:
        if verb not in self._verbs:
            raise wire.no_operation(self.name, operation)

    def _keep(self, key: str, body: wire.Json) -> wire.Json:
        rest = {name: value for name, value in body.items() if name.lower() not in ("$type", self.key.lower())}
        kept = {"$type": str(body.get("$type") or self.kind), self.key: key, **rest}
        self.kept[key.lower()] = kept
        return kept


_KINDS = {bool: "Boolean", int: "Integer", float: "Decimal"}


def shape_of(name: str, item: wire.Json, key: str) -> wire.Json:
    """The metadata of an entity, read off one of its items; objects and collections are described within."""
    entries = [_described(member, value, key) for member, value in item.items() if member != "$type"]
    return {
        "$type": wire.type_name(wire.CORE, "EntityDefinitionData"),
        "EntityTypeName": name,
        "Properties": wire.collection(wire.type_name(wire.CORE, "EntityPropertyDefinitionCollection"), entries),
    }


def _described(name: str, value: Any, key: str = "") -> wire.Json:
    entry: wire.Json = {"$type": wire.type_name(wire.CORE, "PropertyTypeData"), "Name": name}
    entry["PropertyTypeName"] = _KINDS.get(type(value), "String")
    if isinstance(value, str) and value[4:5] == value[7:8] == "-" and value[10:11] == "T":
        entry["PropertyTypeName"] = "Date"
    if isinstance(value, dict):
        entry |= _nested(value)
    return {**entry, "IsIdentity": True} if name == key else entry


def _nested(value: wire.Json) -> wire.Json:
    """How a nested contract, a collection of them, or a collection of generic properties is described."""
    kind = str(value.get("$type", "")).split(",")[0].rpartition(".")[2]
    items = wire.values(value)
    if kind == "MonetaryAmountData":
        return {"PropertyTypeName": "Monetary"}
    if kind == "GenericPropertyDataCollection":
        within = [_described(one["Name"], wire.unboxed(one.get("Value"))) for one in items]
        return {"PropertyTypeName": kind, "GenericPropertyDefinitions": {"$values": within}}
    if "$values" in value:
        first = items[0] if items else ""
        return {"PropertyTypeName": "EntityDefinitionData", "ItemEntityPropertyDefinition": _described("item", first)}
    return {"PropertyTypeName": "EntityDefinitionData", "EntityDefinition": shape_of(kind, value, "")}
