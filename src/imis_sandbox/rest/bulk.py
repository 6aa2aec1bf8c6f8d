"""`_addMultiple`, `_bulkInsert`, `_bulkUpdate` and `_query`: known from the vendor's client alone, so their details are
guesses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from imis_sandbox.rest import wire
from imis_sandbox.rest.entities import Call, Entity
from imis_sandbox.rest.happenings import identity_of

OPERATIONS = ("_addmultiple", "_bulkinsert", "_bulkupdate")
_LIST = "System.Collections.Generic.List`1[[System.Object, mscorlib]], mscorlib"


def written(entity: Entity, operation: str, call: Call) -> wire.Json:
    """Add or update each entity of the body; all are checked before the first is touched.

    Raises:
        wire.Refusal: 400 with the errors of all of them; what one raises later leaves those before it in place.
    """
    calls = [replace(call, body=body) for body in wire.values(call.body) if isinstance(body, dict)]
    if not calls:
        raise wire.Refusal(400, "ArgumentFault: A list of entities is required.")
    errors = [error for one in calls for error in entity.validate(one)]
    if errors:
        raise wire.invalid(*errors)
    if operation == "_bulkupdate":
        return wire.collection(_LIST, [entity.update(_elements(entity, one.body), one) for one in calls])
    return wire.collection(_LIST, [entity.create(one) for one in calls])


def _elements(entity: Entity, body: wire.Json) -> list[str]:
    identity = identity_of(entity.name, body)
    if identity is None:
        raise wire.Refusal(400, "ArgumentFault: Requested entity has no Id.")
    return identity.split("|")


def queried(entity: Entity, call: Call) -> wire.Json:
    """The page that a query in the body asks for, as the address of a list would."""
    params = [(name, str(wire.member(call.body, name))) for name in ("Offset", "Limit") if wire.member(call.body, name)]
    for criterion in wire.values(wire.member(call.body, "Filters", [])):
        params.append((str(wire.member(criterion, "PropertyName", "")), _criterion(criterion)))
    for field in wire.values(wire.member(call.body, "SortFields", [])):
        falling = str(wire.member(field, "SortOrder", "")).lower() in ("1", "descending")
        params.append(("OrderBy", f"{wire.member(field, 'PropertyName')}{':Descending' if falling else ''}"))
    return entity.page(replace(call, params=params, body={}))


def _criterion(criterion: Any) -> str:
    values = "|".join(str(wire.unboxed(value)) for value in wire.values(wire.member(criterion, "Values", [])))
    return f"{wire.member(criterion, 'Operation', 'Equal')}:{values}"
