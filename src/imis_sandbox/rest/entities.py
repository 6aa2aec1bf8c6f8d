"""What answers under `api/{name}`: the verbs of an entity, and business objects over a source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.dialect import Params, cut, window
from imis_sandbox.rest.faults import Fault
from imis_sandbox.rest.sources import Source
from imis_sandbox.world.store import Array


@dataclass
class Call:
    """One authorized request.

    Args:
        user: Who asks.
        master: Whether the account may do everything.
        params: Of the address, in order.
        body: Of the request, `{}` when there is none.
        stale: Seconds of writes that a list is not to know, by a fault.
        late: What keeps rows of a query from being told yet.
        party: The contact who asks; empty for staff.
    """

    user: str
    master: bool
    params: Params = ()
    body: wire.Json = field(default_factory=dict)
    stale: float = 0.0
    late: Fault | None = None
    party: str = ""


class Entity:
    """An entity that exists but offers nothing; subclasses offer verbs.

    Args:
        name: As in the address.
        guarded: Whether only a master account may write to it.
    """

    guarded = True

    def __init__(self, name: str) -> None:
        self.name = name

    def page(self, call: Call) -> wire.Json:
        """`GET api/X`."""
        raise wire.no_operation(self.name, "Find")

    def get(self, elements: list[str], call: Call) -> wire.Json:
        """`GET api/X/{id}`."""
        raise wire.no_operation(self.name, "FindById")

    def create(self, call: Call) -> wire.Json:
        """`POST api/X`."""
        raise wire.no_operation(self.name, "Add")

    def update(self, elements: list[str], call: Call) -> wire.Json:
        """`PUT api/X/{id}`."""
        raise wire.no_operation(self.name, "Update")

    def remove(self, elements: list[str], call: Call) -> None:
        """`DELETE api/X/{id}`."""
        raise wire.no_operation(self.name, "Delete")

    def validate(self, call: Call) -> list[tuple[str, str]]:
        """`POST api/X/_validate`: (property, message) of each error; none where nothing is checked."""
        return []

    def execute(self, operation: str, arguments: list[Any], call: Call) -> Any:
        """`POST api/X/_execute`."""
        if not operation:
            raise wire.Refusal(400, "ArgumentFault: OperationName is required.")
        raise wire.no_operation(self.name, operation)

    def changelog(self, elements: list[str], call: Call) -> wire.Json:
        """`GET api/X/{id}/changelog`: empty where no changes are kept."""
        offset, limit = window(call.params)
        return wire.page(wire.type_name(wire.CORE, "ChangeLogData"), [], offset=offset, limit=limit, total=0)

    def metadata(self) -> wire.Json:
        """`GET api/metadata/X`."""
        raise wire.no_operation(self.name, "metadata")


class Tabled(Entity):
    """An entity over a source: lists, filters, finds.

    Args:
        source: Its rows and columns.
        item: The `$type` of its lists' items.
        build: Makes the entities of some rows; generic entities by default.
    """

    def __init__(
        self, source: Source, item: str = wire.GENERIC, build: Callable[[Array], list[wire.Json]] | None = None
    ) -> None:
        super().__init__(source.name)
        self.source = source
        self.item = item
        self._build = build or source.generic

    def items(self, rows: Array) -> list[wire.Json]:
        """The entities of some rows."""
        return self._build(rows)

    def page(self, call: Call) -> wire.Json:
        rows = self.source.select(call.params)
        offset, limit = window(call.params)
        items = self.items(cut(rows, offset, limit))
        return wire.page(self.item, items, offset=offset, limit=limit, total=len(rows))

    def get(self, elements: list[str], call: Call) -> wire.Json:
        return self.one(self.row(elements))

    def metadata(self) -> wire.Json:
        return entity_definition(self.source)

    def row(self, elements: list[str]) -> int:
        """The row of an identity; 404 when there is none."""
        row = self.source.find(elements)
        if row is None:
            raise wire.not_found(f"{self.name} {'|'.join(elements)} was not found.")
        return row

    def one(self, row: int) -> wire.Json:
        """The entity of one row."""
        return self.items(np.array([row]))[0]


class SourceEntity(Tabled):
    """A business object: `GenericEntityData` over a source; PUT keeps what it is given on top of the world.

    Args:
        source: Its rows and columns.
        writable: Whether a master account may PUT.
    """

    def __init__(self, source: Source, *, writable: bool = False) -> None:
        super().__init__(source)
        self._writable = writable
        self._edits: dict[int, dict[str, Any]] = {}

    def items(self, rows: Array) -> list[wire.Json]:
        items = super().items(rows)
        if not self._edits:
            return items
        return [self._edited(row, item) for row, item in zip(rows.tolist(), items, strict=True)]

    def update(self, elements: list[str], call: Call) -> wire.Json:
        if not self._writable:
            raise wire.no_operation(self.name, "Update")
        row = self.row(elements)
        kept = self._edits.setdefault(row, {})
        for name, value in wire.properties(call.body).items():
            if self.source.column(name) is not None:
                kept[name] = value
        return self.one(row)

    def _edited(self, row: int, item: wire.Json) -> wire.Json:
        kept = self._edits.get(row)
        if kept:
            entries = item["Properties"]["$values"]
            entries[:] = [
                wire.prop(entry["Name"], kept[entry["Name"]]) if entry["Name"] in kept else entry for entry in entries
            ]
        return item


def entity_definition(source: Source) -> wire.Json:
    """The metadata of a source."""
    entries = [
        {
            "$type": wire.type_name(wire.CORE, "PropertyTypeData"), "Name": column.name, "Caption": column.name,
            "PropertyTypeName": column.kind, "Visible": True, "IsIdentity": column.name in source.key,
        }
        for column in source.columns
    ]  # fmt: skip
    return {
        "$type": wire.type_name(wire.CORE, "EntityDefinitionData"),
        "EntityTypeName": source.name,
        "ObjectTypeName": "Single" if len(source.key) == 1 else "Multi",
        "Properties": wire.collection(wire.type_name(wire.CORE, "EntityPropertyDefinitionCollection"), entries),
    }
