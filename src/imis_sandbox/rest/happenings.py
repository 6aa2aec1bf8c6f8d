"""What changed, as (entity, action, identity): by a client's write, and while the association lived on."""

from __future__ import annotations

from typing import Any

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.records import Records
from imis_sandbox.world.catalog import KIND

Change = tuple[str, str, str]
_ACTIONS = {"POST": "Created", "PUT": "Updated", "DELETE": "Deleted"}
_STATUS = {"event_registered": "Created", "event_cancelled": "Updated", "event_attended": "Updated"}


def of_write(method: str, entity: str, identity: str | None, body: Any) -> list[Change]:
    """The change that a successful write made."""
    named = identity_of(entity, body) or identity
    entity = "Party" if entity in ("Person", "Organization") else entity
    return [(entity, _ACTIONS[method], named)] if named and method in _ACTIONS else []


def identity_of(entity: str, body: Any) -> str | None:
    """The identity of an entity that was answered."""
    if not isinstance(body, dict):
        return None
    elements = wire.values(wire.member(wire.member(body, "Identity") or {}, "IdentityElements", []))
    if elements:
        return "|".join(str(element) for element in elements)
    name = "PartyId" if entity in ("Person", "Organization") else f"{entity}Id"
    found = wire.member(body, name)
    return None if found is None else str(found)


class Mark:
    """How far the association's records had come.

    Args:
        records: Whose.
    """

    def __init__(self, records: Records) -> None:
        state = records.state
        self._records, self._state = records, state
        self._people, self._changes = len(state.people), len(state.changes)
        self._rows = {family: len(state.logs[family]) for family in ("activities", "registrations")}
        self._events = {event.number for event in state.events if event.announced < state.today}

    def since(self) -> list[Change]:
        """What changed after the mark was set."""
        return [*self._parties(), *self._activities(), *self._registrations(), *self._announced()]

    def _parties(self) -> list[Change]:
        state, name = self._state, self._records.id_of
        new = [("Party", "Created", name(row)) for row in range(self._people, len(state.people))]
        touched = np.unique(state.changes["who"][self._changes :]).tolist()
        return new + [("Party", "Updated", name(row)) for row in touched if row < self._people]

    def _activities(self) -> list[Change]:
        first, last = self._rows["activities"], len(self._state.logs["activities"])
        return [("Activity", "Created", str(row + 1)) for row in range(first, last)]

    def _registrations(self) -> list[Change]:
        log = self._state.logs["registrations"]
        first = self._rows["registrations"]
        found: list[Change] = []
        kinds = {KIND[kind]: action for kind, action in _STATUS.items()}
        rows = zip(log["kind"][first:].tolist(), log["ref"][first:].tolist(), log["who"][first:].tolist(), strict=True)
        for kind, event, who in rows:
            if kind in kinds:
                code = self._state.events[event].code
                found.append(("EventRegistration", kinds[kind], f"{code}-{self._records.id_of(who)}"))
        return found

    def _announced(self) -> list[Change]:
        state = self._state
        fresh = [e for e in state.events if e.announced < state.today and e.number not in self._events]
        return [("Event", "Created", event.code) for event in fresh]
