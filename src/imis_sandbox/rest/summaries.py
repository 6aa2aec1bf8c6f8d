"""Summaries: shorter contracts over what other entities serve in full, and registering by `_execute`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.columns import Column, Flag, Numbered
from imis_sandbox.rest.contracts import References
from imis_sandbox.rest.entities import Call, Entity, Tabled
from imis_sandbox.rest.ledger import Ledger, Subset, typed
from imis_sandbox.rest.records import Records, reference
from imis_sandbox.rest.sources import Maker, Source, constant
from imis_sandbox.rest.zone import Zone
from imis_sandbox.world.catalog import KIND


def summaries(records: Records, zone: Zone) -> list[Entity]:
    """All of them."""
    ledger = Ledger(records, zone)
    return [
        parties(records, zone),
        renamed(ledger.registrations(), "EventRegistrationSummary", wire.EVENTS, ledger.references.registration),
        renamed(ledger.subscriptions(), "LegacySubscription", wire.COMMERCE),
        renamed(ledger.subscriptions(), "LegacyPartyMembership", wire.COMMERCE),
        renamed(ledger.payments(), "Receipt", wire.COMMERCE, ledger.references.receipt),
        recipients(records, zone, "CommunicationLogRecipient"),
        recipients(records, zone, "CommunicationLogRecipientSummary"),
        Registrations(ledger.registrations(), records),
    ]


Shape = Callable[[wire.Json], wire.Json]


def _table(source: Source, kind: str, shape: Shape = lambda data: data) -> Tabled:
    return Tabled(source, kind, lambda rows: [shape(one) for one in typed(kind, source, rows)])


def renamed(entity: Tabled, name: str, namespace: str, shape: Shape = lambda data: data) -> Tabled:
    """The same rows under the name of a summary."""
    old = entity.source
    source = Source(name, old.columns, old.rows, key=old.key)
    return _table(source, wire.type_name(namespace, f"{name}Data"), shape)


def parties(records: Records, zone: Zone) -> Tabled:
    """`PartySummary`."""
    people = Maker(records, zone, lambda: records.state.people)
    columns: list[Column] = [
        people.person("PartyId", None), people.person("Id", None), people.kept("Name", "full_name"),
        people.text("SortName", records.sort_name), people.kept("FirstName", "first_name"),
        people.kept("LastName", "last_name"), people.kept("Email", "email"),
        people.text("OrganizationName", records.company), Flag("IsMember", records.is_member),
    ]  # fmt: skip
    source = Source("PartySummary", columns, records.there, key=("PartyId",))
    kind, who = wire.type_name(wire.MEMBERSHIP, "PartySummaryData"), References(records)
    return _table(source, kind, lambda data: {**data, **who.summary(data["PartyId"])})


def recipients(records: Records, zone: Zone, name: str) -> Tabled:
    """`CommunicationLogRecipient`: who was sent what."""
    log = Maker(records, zone, lambda: records.state.logs["email"])

    def campaign(row: int) -> str:
        return reference(records, "email_sent", int(records.state.logs["email"]["ref"][row]))

    columns: list[Column] = [
        Numbered("CommunicationLogRecipientId"), log.text("CommunicationLogId", campaign),
        log.person("ContactId", "who"), constant("MessageType", "Email"), log.moment("CreatedOn", "recorded"),
    ]  # fmt: skip
    source = Source(
        name,
        columns,
        Subset(records, "email", ("email_sent",)),
        key=("CommunicationLogRecipientId",),
        aliases={"partyid": "ContactId"},
    )
    return _table(source, wire.type_name(wire.COMMUNICATIONS, f"{name}Data"), References(records).recipient)


class Registrations(Tabled):
    """`EventRegistration`, with the operations RegisterEvent and CancelEventRegistration.

    Args:
        served: What serves its rows.
        records: Of people and events.
    """

    guarded = False

    def __init__(self, served: Tabled, records: Records) -> None:
        super().__init__(served.source, served.item, served.items)
        self._records, self._state = records, records.state
        self._references = References(records)

    def get(self, elements: list[str], call: Call) -> wire.Json:
        """A registration; for one that nobody made, event and contact without a status, which is that of nobody."""
        try:
            return super().get(elements, call)
        except wire.Refusal as refusal:
            event, _, party = elements[0].rpartition("-")
            if refusal.status != 404 or self._event(event) < 0 or self._records.row_of(party) < 0:
                raise
            named = {"EventRegistrationId": f"{event.upper()}-{party}", "EventId": event.upper(), "PartyId": party}
            return self._references.registration({"$type": self.item, **named})

    def update(self, elements: list[str], call: Call) -> wire.Json:
        row = self.row(elements)
        status = str(wire.unboxed(wire.member(call.body, "Status"))).lower()
        if status in ("3", "4", "5") or status.startswith("cancel"):
            self._enter("event_cancelled", *self._of(elements[0]))
        return self.one(row)

    def execute(self, operation: str, arguments: list[Any], call: Call) -> Any:
        kinds = {"registerevent": "event_registered", "canceleventregistration": "event_cancelled"}
        if operation.lower() == "findeventregistrationids" and arguments:
            return self._ids([str(one) for one in arguments])
        kind = kinds.get(operation.lower())
        if kind is None:
            return super().execute(operation, arguments, call)
        event, party = self._asked([call.body, *arguments])
        return self._enter(kind, event, party)

    def _ids(self, wanted: list[str]) -> wire.Json:
        """The ids of an event's registrations, or a contact's, or both's."""
        named = [("EventId" if self._event(text) >= 0 else "PartyId", text) for text in wanted]
        rows = np.asarray(self.source.select(named))
        return wire.collection(wire.STRINGS, self.source.need("EventRegistrationId").render(rows))

    def _enter(self, kind: str, event: int, party: int) -> wire.Json:
        log, now = self._state.logs["registrations"], self._state.flushed
        chapter = self._state.events[event].chapter
        log.append(1, who=party, kind=KIND[kind], at=now, recorded=now, ref=event, chapter=chapter)
        code = self._state.events[event].code
        return self.one(self.row([f"{code}-{self._records.id_of(party)}"]))

    def _asked(self, arguments: list[Any]) -> tuple[int, int]:
        """The event and the person of a request: by the id of the registration, or however deep they stand in it."""
        by_id = next((text for text in arguments if isinstance(text, str) and "-" in text), None)
        if by_id is not None:
            return self._of(by_id)
        found = _members(arguments, {"eventid", "eventcode", "partyid", "registrantid"})
        code = str(found.get("eventid") or found.get("eventcode") or "")
        return self._checked(code, str(found.get("registrantid") or found.get("partyid") or ""))

    def _of(self, registration: str) -> tuple[int, int]:
        event, _, party = registration.rpartition("-")
        return self._checked(event, party)

    def _checked(self, code: str, identity: str) -> tuple[int, int]:
        event, party = self._event(code), self._records.row_of(identity)
        if event < 0 or party < 0:
            raise wire.invalid(("EventId" if event < 0 else "PartyId", "The event or the contact does not exist."))
        return event, party

    def _event(self, code: str) -> int:
        return next((e.number for e in self._state.events if e.code == code.upper()), -1)


def _members(data: Any, wanted: set[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else []
    for value in inner:
        found |= _members(value, wanted)
    if isinstance(data, dict):
        found |= {k.lower(): v for k, v in data.items() if k.lower() in wanted and isinstance(v, str | int)}
    return found
