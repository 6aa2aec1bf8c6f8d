"""From the shapes of iMIS JSON to plain values, and back."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

Row = dict[str, Any]

_ID_NAME = re.compile(
    r"^(id|key|seqn|sequence|majorkey)$|(?:[a-z0-9_])(ID|Id)$|_id$|[a-z0-9_](Key|KEY|Code|CODE)$|_KEY$|_CODE$",
)
_CASELESS = frozenset({"id", "seqn", "sequence"})

_CONTRACTS = "Asi.Soa.Core.DataContracts"


def is_id_name(name: str) -> bool:
    """Whether a property of this name holds an id, a key or a code: text even when it looks like a number."""
    return name.lower() in _CASELESS or _ID_NAME.search(name) is not None


def plain(value: Any) -> Any:
    """*value* without the type names that iMIS writes: boxed numbers unboxed, collections as lists."""
    if isinstance(value, dict):
        if "$value" in value:
            return value["$value"]
        if "$values" in value:
            return [plain(item) for item in value["$values"]]
        return {name: plain(item) for name, item in value.items() if name != "$type"}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value


def values_of(entity: Mapping[str, Any]) -> Row:
    """An entity as a flat row: the properties of a generic entity by name, or a typed entity's members.

    A property without a value is None. Ids are strings. The entries of a change log, whose properties are changes,
    keep them as a list.
    """
    properties = entity.get("Properties")
    listed = properties.get("$values") if isinstance(properties, dict) else None
    if isinstance(properties, dict) and listed is not None and all("Name" in item for item in listed):
        row = {item["Name"]: plain(item.get("Value")) for item in properties["$values"]}
    else:
        row = {name: plain(value) for name, value in entity.items() if name != "$type"}
    return with_text_ids(row)


def old_rows(items: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Rows of `api/iqa`: generic entities, whose counter column is dropped."""
    rows = [values_of(item) for item in items]
    for row in rows:
        row.pop("ResultRow", None)
    return rows


def new_rows(items: Sequence[Row], *, boxed: bool) -> list[Row]:
    """Rows of `api/query`, changed in place: no type names, ids as strings, boxed numbers unboxed if there are any."""
    for row in items:
        row.pop("$type", None)
    if boxed:
        items = [{name: plain(value) for name, value in row.items()} for row in items]
    ids = [name for name in items[0] if is_id_name(name)] if items else []
    for row in items:
        for name in ids:
            value = row.get(name)
            if type(value) is int:
                row[name] = str(value)
            elif value is not None and type(value) is not str:
                row[name] = as_text(value)
    return list(items)


def with_text_ids(row: Row) -> Row:
    """*row*, changed in place so that ids, keys and codes are strings."""
    for name, value in row.items():
        if isinstance(value, int | float) and not isinstance(value, bool) and is_id_name(name):
            row[name] = as_text(value)
    return row


def as_text(value: Any) -> str:
    """An id as a string: a whole number loses its `.0`, everything else stays to the letter."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def parameter(value: object) -> str:
    """A prompt's or filter's value as iMIS reads it: dates ISO without an offset, in the server's own time.

    Raises:
        ValueError: A time with an offset; the caller knows the server's time zone, this function does not.
    """
    if isinstance(value, dt.datetime):
        if value.tzinfo is not None:
            raise ValueError("give a time of the server's own clock, without an offset")
        return value.isoformat(timespec="seconds")
    if isinstance(value, dt.date):
        return f"{value.isoformat()}T00:00:00"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def boxed(value: object) -> Any:
    """*value* as it stands in a generic property: numbers and booleans boxed, text and dates bare."""
    if isinstance(value, bool):
        return {"$type": "System.Boolean", "$value": value}
    if isinstance(value, int):
        return {"$type": "System.Int32", "$value": value}
    if isinstance(value, Decimal | float):
        return {"$type": "System.Decimal", "$value": float(value)}
    if isinstance(value, dt.date):
        return parameter(value)
    return value


def collection(of: str, values: Iterable[Any]) -> Row:
    """A collection of iMIS; *of* is its type, with or without a namespace."""
    name = of if "." in of else f"{_CONTRACTS}.{of}, Asi.Contracts"
    return {"$type": name, "$values": list(values)}


def contract(name: str, **members: Any) -> Row:
    """An object of one of iMIS's core types, its type name first, as iMIS requires."""
    return {"$type": f"{_CONTRACTS}.{name}, Asi.Contracts", **members}


def identity(entity: str, *elements: str) -> Row:
    """The identity of one row of *entity*; its elements are always strings."""
    strings = "System.Collections.ObjectModel.Collection`1[[System.String, mscorlib]], mscorlib"
    return contract("IdentityData", EntityTypeName=entity, IdentityElements=collection(strings, elements))


def generic_entity(entity: str, member_id: str, values: Mapping[str, object], *, existing: bool) -> Row:
    """A row of a single-instance panel source of one contact, as POST and PUT want it: whole.

    Args:
        entity: The panel source.
        member_id: The contact's id, as given.
        values: Every property; None for empty.
        existing: Whether the row is there already, so that it has an identity.
    """
    properties = [
        contract("GenericPropertyData", Name=name, **({} if value is None else {"Value": boxed(value)}))
        for name, value in values.items()
    ]
    return contract(
        "GenericEntityData",
        EntityTypeName=entity,
        PrimaryParentEntityTypeName="Party",
        **({"Identity": identity(entity, member_id)} if existing else {}),
        PrimaryParentIdentity=identity("Party", member_id),
        Properties=collection("GenericPropertyDataCollection", properties),
    )
