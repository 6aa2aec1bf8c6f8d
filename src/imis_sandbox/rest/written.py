"""Rows of the world that administrators write over: kept beside the world, which goes on as it was."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.dialect import cut, numbers, window
from imis_sandbox.rest.entities import Call, Entity, Tabled
from imis_sandbox.rest.listed import chosen
from imis_sandbox.world.store import Array

_SPACE = uuid.UUID("5b7f5f0e-3a57-4c39-8a4e-5a2f0d6a9c01")
VERBS = {
    "Address": "UD", "AutoPayAccount": "UD", "AutoPayInstruction": "CUD", "CertificationProgramRegistration": "CUD",
    "CommunicationLogEvent": "CD", "CommunicationLogRecipient": "CUD", "CommunicationLogRecipientSummary": "CU",
    "EngagementScore": "U", "ExperienceUnit": "U", "FullAddress": "CUD", "LegacyEventFunctionAttendance": "U",
    "LegacySubscription": "U", "Payment": "CU", "PaymentSummary": "UD", "Subscription": "U",
}  # fmt: skip
"""What the vendor's collection offers beside reading, of entities over the world: C adds, U updates, D deletes."""


def writable(entity: Entity) -> Entity:
    """The entity itself, or with its writes where it has any."""
    if isinstance(entity, Tabled) and entity.name in VERBS:
        return Written(entity, VERBS[entity.name])
    return entity


class Written(Entity):
    """A typed entity over the world whose rows may be added to, replaced and taken away.

    What is added comes after the rows of the world in a list, whatever its order.

    Args:
        rows: The entity to read.
        verbs: Some of the letters C, U and D.
    """

    def __init__(self, rows: Tabled, verbs: str) -> None:
        super().__init__(rows.name)
        self._rows, self._verbs = rows, verbs
        self._key = rows.source.key[-1]
        self._edits: dict[int, wire.Json | None] = {}
        self._added: dict[str, wire.Json] = {}

    def page(self, call: Call) -> wire.Json:
        rows = self._left(numbers(self._rows.source.select(call.params)))
        added = chosen(list(self._added.values()), call.params)
        offset, limit = window(call.params)
        chosen_rows = cut(rows, offset, limit)
        items = [self._edits.get(row) or item for row, item in self._paired(chosen_rows)]
        behind = max(0, offset - len(rows))
        items += added[behind : behind + limit - len(items)]
        return wire.page(self._rows.item, items, offset=offset, limit=limit, total=len(rows) + len(added))

    def _paired(self, rows: Array) -> list[tuple[int, wire.Json]]:
        return list(zip(rows.tolist(), self._rows.items(rows), strict=True))

    def _left(self, rows: Array) -> Array:
        gone = [row for row, kept in self._edits.items() if kept is None]
        return rows[~np.isin(rows, gone)] if gone else rows

    def get(self, elements: list[str], call: Call) -> wire.Json:
        added = self._added.get(elements[-1].lower())
        if added is not None:
            return added
        row = self._row(elements)
        return self._edits.get(row) or self._rows.one(row)

    def _row(self, elements: list[str]) -> int:
        row = self._rows.row(elements)
        if row in self._edits and self._edits[row] is None:
            raise wire.not_found(f"{self.name} {'|'.join(elements)} was not found.")
        return row

    def create(self, call: Call) -> wire.Json:
        self._check("C", "Add", call)
        key = str(wire.member(call.body, self._key) or uuid.uuid5(_SPACE, f"{self.name}/{len(self._added)}"))
        if key.lower() in self._added or self._rows.source.find([key] * len(self._rows.source.key)) is not None:
            raise wire.Refusal(409, f"{self.name} {key} already exists.")
        self._added[key.lower()] = {"$type": self._rows.item, **call.body, self._key: key}
        return self._added[key.lower()]

    def update(self, elements: list[str], call: Call) -> wire.Json:
        self._check("U", "Update", call)
        before = self.get(elements, call)
        identity = {name: before[name] for name in self._rows.source.key if name in before}
        after = {"$type": self._rows.item, **call.body, **identity}
        if elements[-1].lower() in self._added:
            self._added[elements[-1].lower()] = after
        else:
            self._edits[self._row(elements)] = after
        return after

    def remove(self, elements: list[str], call: Call) -> None:
        if "D" not in self._verbs:
            raise wire.no_operation(self.name, "Delete")
        if self._added.pop(elements[-1].lower(), None) is None:
            self._edits[self._row(elements)] = None

    def _check(self, verb: str, operation: str, call: Call) -> None:
        if verb not in self._verbs:
            raise wire.no_operation(self.name, operation)
        if not call.body:
            raise wire.invalid((self._key, "An entity is required."))

    def validate(self, call: Call) -> list[tuple[str, str]]:
        return [] if call.body else [(self._key, "An entity is required.")]

    def execute(self, operation: str, arguments: list[Any], call: Call) -> Any:
        return self._rows.execute(operation, arguments, call)

    def metadata(self) -> wire.Json:
        return self._rows.metadata()
