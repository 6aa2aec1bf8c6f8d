"""Envelopes, boxed values and error bodies, to the letter."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

CORE = "Asi.Soa.Core.DataContracts"
MEMBERSHIP = "Asi.Soa.Membership.DataContracts"
COMMERCE = "Asi.Soa.Commerce.DataContracts"
COMMUNICATIONS = "Asi.Soa.Communications.DataContracts"
EVENTS = "Asi.Soa.Events.DataContracts"
GENERIC = f"{CORE}.GenericEntityData, Asi.Contracts"
PROPERTY = f"{CORE}.GenericPropertyData, Asi.Contracts"
PROPERTIES = f"{CORE}.GenericPropertyDataCollection, Asi.Contracts"
IDENTITY = f"{CORE}.IdentityData, Asi.Contracts"
STRINGS = "System.Collections.ObjectModel.Collection`1[[System.String, mscorlib]], mscorlib"
VALIDATION = f"{CORE}.ValidationResultsData, Asi.Contracts"
_RESULTS = f"{CORE}.ValidationResultDataCollection, Asi.Contracts"
_RESULT = f"{CORE}.ValidationResultData, Asi.Contracts"

Json = dict[str, Any]


@lru_cache(maxsize=1024)
def type_name(namespace: str, name: str) -> str:
    """The `$type` of a contract."""
    return f"{namespace}.{name}, Asi.Contracts"


def collection(kind: str, values: list[Any]) -> Json:
    """A typed collection."""
    return {"$type": kind, "$values": values}


def page(item: str, rows: list[Any], *, offset: int, limit: int, total: int) -> Json:
    """The envelope of a list of `item` (a `$type`)."""
    return _envelope(
        f"{CORE}.PagedResult`1[[{item}]], Asi.Contracts",
        f"System.Collections.Generic.List`1[[{item}]], mscorlib",
        rows, offset, limit, total,
    )  # fmt: skip


def query_page(rows: list[Any], *, offset: int, limit: int, total: int) -> Json:
    """The envelope of `api/query`, whose result is not generic."""
    kind = "System.Collections.Generic.List`1[[System.Object, mscorlib]], mscorlib"
    return _envelope(f"{CORE}.PagedResult, Asi.Contracts", kind, rows, offset, limit, total)


def _envelope(kind: str, items: str, rows: list[Any], offset: int, limit: int, total: int) -> Json:
    more = offset + len(rows) < total and len(rows) > 0
    return {
        "$type": kind,
        "Items": collection(items, rows),
        "Offset": offset,
        "Limit": limit,
        "Count": len(rows),
        "TotalCount": total,
        "NextPageLink": None,
        "HasNext": more,
        "NextOffset": offset + len(rows) if more else 0,
    }


def boxed(value: Any, kind: str | None = None) -> Any:
    """A value in an object-typed slot: numbers and booleans carry their type."""
    if value is None or isinstance(value, str | dict):
        return value
    if isinstance(value, bool):
        return {"$type": "System.Boolean", "$value": value}
    if kind is None:
        kind = "System.Int32" if isinstance(value, int) else "System.Decimal"
    return {"$type": kind, "$value": value}


def unboxed(value: Any) -> Any:
    """The inverse of `boxed`."""
    return value.get("$value") if isinstance(value, dict) and "$value" in value else value


def prop(name: str, value: Any, kind: str | None = None) -> Json:
    """One property of a generic entity; null leaves `Value` out."""
    if value is None:
        return {"$type": PROPERTY, "Name": name}
    return {"$type": PROPERTY, "Name": name, "Value": boxed(value, kind)}


def identity(entity: str, elements: list[str]) -> Json:
    """An identity; its elements are always strings."""
    return {"$type": IDENTITY, "EntityTypeName": entity, "IdentityElements": collection(STRINGS, elements)}


def nobody(entity: str) -> Json:
    """The identity of a parent that there is none of."""
    return {"$type": IDENTITY, "EntityTypeName": entity}


def generic(entity: str, elements: list[str], props: list[Json], party: str | None, parent: str = "Party") -> Json:
    """A generic entity; *party* is the identity of its parent, None for one that stands alone."""
    data: Json = {"$type": GENERIC, "EntityTypeName": entity}
    data["PrimaryParentEntityTypeName"] = parent if party is not None else "Standalone"
    data["Identity"] = identity(entity, elements)
    if party is not None:
        data["PrimaryParentIdentity"] = identity(parent, [party])
    data["Properties"] = collection(PROPERTIES, props)
    return data


def member(data: Any, name: str, default: Any = None) -> Any:
    """A member of an object by its name in any case; *default* also for what is no object."""
    if not isinstance(data, dict):
        return default
    if name in data:
        return data[name]
    wanted = name.lower()
    return next((value for key, value in data.items() if key.lower() == wanted), default)


def values(data: Any) -> list[Any]:
    """The elements of a collection, or of a bare list."""
    if isinstance(data, dict):
        data = member(data, "$values", [])
    return list(data) if isinstance(data, list) else []


def properties(data: Json) -> dict[str, Any]:
    """The properties of a generic entity, unboxed, by name; a value left out is None."""
    found = {}
    for entry in values(member(data, "Properties", [])):
        if isinstance(entry, dict):
            found[str(member(entry, "Name", ""))] = unboxed(member(entry, "Value"))
    return found


def service_response(result: Any) -> Json:
    """What `_execute` answers. What an operation did not find is a success to HTTP, with the status in the envelope."""
    kind = "System.Boolean, mscorlib" if isinstance(result, bool) else "System.Object, mscorlib"
    if isinstance(result, dict):
        kind = str(result.get("$type") or kind)
    envelope = {"$type": f"{CORE}.ServiceResponse`1[[{kind}]], Asi.Contracts", "Result": result}
    if result is None:
        return {**envelope, "Message": "NotFound", "StatusCode": 5}
    return {**envelope, "IsSuccessStatusCode": True, "Message": "Success"}


def validation(errors: list[tuple[str, str]]) -> Json:
    """The results of a validation: (property, message) each. `PropertyName` says again what `FieldName` does."""
    entries = [
        {"$type": _RESULT, "FieldName": name, "Message": message, "PropertyName": name} for name, message in errors
    ]
    return {
        "$type": VALIDATION,
        "Errors": collection(_RESULTS, entries),
        "Warnings": collection(_RESULTS, []),
        "Summary": " ".join(message for _, message in errors),
    }


class Refusal(Exception):
    """An answer other than success.

    Args:
        status: Of HTTP.
        body: JSON when it is an object, plain text when it is a string.
    """

    def __init__(self, status: int, body: Json | str = "") -> None:
        super().__init__(status)
        self.status = status
        self.body = body


def denied() -> Refusal:
    """401."""
    message = "Authorization has been denied for this request."
    return Refusal(401, {"$type": "System.Web.Http.HttpError, System.Web.Http", "Message": message})


def forbidden(what: str) -> Refusal:
    """403; the wording is a guess."""
    return Refusal(403, f"You do not have permission to {what}.")


def not_found(what: str = "") -> Refusal:
    """404."""
    return Refusal(404, what)


def no_service(entity: str) -> Refusal:
    """501 for an entity without a service; the wording is a guess."""
    return Refusal(501, f"Service not implemented: {entity}")


def no_operation(entity: str, operation: str) -> Refusal:
    """501 for a verb that an entity does not offer; the wording is a guess."""
    return Refusal(501, f"Operation not implemented: {operation} on {entity}")


def invalid(*errors: tuple[str, str]) -> Refusal:
    """400 with validation results."""
    return Refusal(400, validation(list(errors)))
