"""Events and their functions as documents, and who attended which."""

from __future__ import annotations

from typing import Any

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.columns import Column, Flag, Numbered, Text, Whole
from imis_sandbox.rest.contracts import event_summary, function_of, updated
from imis_sandbox.rest.entities import Entity, SourceEntity, Tabled
from imis_sandbox.rest.ledger import Latest, Subset, typed
from imis_sandbox.rest.listed import Documents, Shelf
from imis_sandbox.rest.records import Records
from imis_sandbox.rest.sources import Maker, Source, constant
from imis_sandbox.rest.zone import Zone, text_of
from imis_sandbox.world.config import DAY
from imis_sandbox.world.store import Array

_BEGINS, _ENDS = 54_000, 64_800
_OF_SUMMARY = (
    "$type", "EventId", "EventCode", "Name", "Description", "Category", "Status", "StartDateTime", "EndDateTime",
    "AdditionalAttributes",
)  # fmt: skip


class Gatherings:
    """Makes the entities about events.

    Args:
        records: Of people and events.
        zone: The site's.
    """

    def __init__(self, records: Records, zone: Zone) -> None:
        self._records, self._zone, self._state = records, zone, records.state
        self._made: tuple[int, int, list[wire.Json]] = (-1, -1, [])

    def entities(self) -> list[Entity]:
        """All of them."""
        event = Shelf("Event", "LCUD", wire.EVENTS, items=self.documents)
        summary = Shelf("EventSummary", "LD", wire.EVENTS, items=self.summaries)
        summary.kept = event.kept
        function = Shelf("EventFunction", "LCUD", wire.EVENTS, items=self.functions)
        kinds = [{"AttendanceTypeCode": kind, "Description": kind.title()} for kind in ("CONF", "WEBINAR", "CHAPTER")]
        codes = Shelf("AttendanceTypeRef", "L", wire.MEMBERSHIP, key="AttendanceTypeCode", items=_typed(kinds))
        return [
            event, summary, function, codes, self.attendance(), self.party_attendance(), self.function_objects(),
            self.registered_functions(),
        ]  # fmt: skip

    def documents(self) -> Documents:
        """Every event that was announced; what clients add to the list is kept beside them and never held."""
        state = self._state
        if self._made[:2] != (state.today, len(state.events)):
            kind = wire.type_name(wire.EVENTS, "EventData")
            made = [{"$type": kind, **self._event(state.events[number])} for number in self._known()]
            self._made = (state.today, len(state.events), made)
        return self._made[2]

    def _known(self) -> list[int]:
        state = self._state
        return [e.number for e in state.events if e.announced < state.today and e.day >= state.start - 30]

    def _event(self, event: Any) -> wire.Json:
        summary = {name: value for name, value in event_summary(event, self._state.today).items() if name != "$type"}
        function = function_of(event.code, event.title, summary["StartDateTime"], summary["EndDateTime"])
        option = {**function, "$type": wire.type_name(wire.EVENTS, "OptionEventFunctionData")}
        place = {"$type": wire.type_name(wire.MEMBERSHIP, "LocationPartyAddressData")}
        announced = text_of(np.array([event.announced * DAY]))[0]
        return {
            **summary, "Location": {**place, "Name": "" if event.format == "online" else "Riverbend"}, "Capacity": 0,
            "Functions": wire.collection(wire.type_name(wire.EVENTS, "EventFunctionDataCollection"), [function]),
            "RegistrationOptions": wire.collection(
                wire.type_name(wire.EVENTS, "OptionEventFunctionDataCollection"), [option]
            ),
            "UpdateInformation": updated(announced), "NumberOfRegistrants": event.registrants,
            "IsVirtual": event.format == "online",
        }  # fmt: skip

    def summaries(self) -> Documents:
        """The same events by the members of their summary."""
        kind = wire.type_name(wire.EVENTS, "EventSummaryData")
        return [{**{part: event[part] for part in _OF_SUMMARY}, "$type": kind} for event in self.documents()]

    def functions(self) -> Documents:
        """`EventFunction`: each event has one, the event itself."""
        return [event["Functions"]["$values"][0] for event in self.documents()]

    def attendance(self) -> Tabled:
        """`LegacyEventFunctionAttendance`: who came, entered when the list was typed in."""
        log = Maker(self._records, self._zone, lambda: self._state.logs["registrations"])
        columns: list[Column] = [
            Numbered("LegacyEventFunctionAttendanceId"), Text("EventId", self._codes),
            Text("EventFunctionId", lambda rows: [f"{code}/MAIN" for code in self._codes(rows)]),
            log.person("PartyId", "who"), Flag("HasAttended", lambda rows: np.ones(len(rows), bool)),
            log.moment("AttendedOn", "at"), log.moment("CreatedOn", "recorded"),
        ]  # fmt: skip
        rows = Subset(self._records, "registrations", ("event_attended",))
        source = Source(
            "LegacyEventFunctionAttendance", columns, rows, key=("LegacyEventFunctionAttendanceId",)
        )  # fmt: skip
        kind = wire.type_name(wire.EVENTS, "LegacyEventFunctionAttendanceData")
        return Tabled(source, kind, lambda chosen: [self._attended(one) for one in typed(kind, source, chosen)])

    def _attended(self, data: wire.Json) -> wire.Json:
        """`LegacyEventFunctionAttendanceData`."""
        row = self._records.row_of(data["PartyId"])
        names = ("full_name", "first_name", "last_name")
        full, given, family = (getattr(self._records, name)(row) for name in names)
        return {
            **data, "EventFunctionAttendanceId": str(data["LegacyEventFunctionAttendanceId"]),
            "FunctionId": data["EventFunctionId"], "RegistrantFullName": full, "RegistrantFirstName": given,
            "RegistrantLastName": family, "RegistrantOrganization": self._records.company(row),
        }  # fmt: skip

    def party_attendance(self) -> Tabled:
        """`PartyAttendance`: the same by contact, known from the vendor's migration tool alone."""
        log = Maker(self._records, self._zone, lambda: self._state.logs["registrations"])
        columns: list[Column] = [
            Numbered("PartyAttendanceId"), log.person("PartyId", "who"), Text("AttendanceTypeCode", self._types),
            log.moment("AttendanceDate", "at"), Text("Description", self._codes),
            Flag("IsCheckedIn", lambda rows: np.ones(len(rows), bool)),
        ]  # fmt: skip
        rows = Subset(self._records, "registrations", ("event_attended",))
        source = Source("PartyAttendance", columns, rows, key=("PartyAttendanceId",))
        kind = wire.type_name(f"{wire.MEMBERSHIP}.Groups", "PartyAttendanceData")
        return Tabled(source, kind, lambda chosen: typed(kind, source, chosen))

    def _types(self, rows: Array) -> list[str]:
        refs = self._state.logs["registrations"]["ref"][rows].tolist()
        return [self._state.events[ref].kind for ref in refs]

    def function_objects(self) -> SourceEntity:
        """`CsFunction`."""
        events = self._state.events

        def text(name: str, suffix: str) -> Text:
            return Text(name, lambda rows: [f"{events[row].code}{suffix}" for row in rows.tolist()])

        def moment(name: str, second: int) -> Text:
            return Text(name, lambda rows: text_of(np.array([events[r].day * DAY + second for r in rows.tolist()])))

        expected = Whole("ExpectedAttendance", lambda rows: np.array([events[r].registrants for r in rows.tolist()]))
        columns: list[Column] = [
            text("ProductCode", "/MAIN"), text("EventCode", ""), constant("FunctionCode", "MAIN"),
            Text("Title", lambda rows: [events[row].title for row in rows.tolist()]), moment("BeginDate", _BEGINS),
            moment("EndDate", _ENDS), constant("CeuType", ""), expected,
        ]  # fmt: skip
        rows = lambda: np.array(self._known(), np.int64)  # noqa: E731
        return SourceEntity(Source("CsFunction", columns, rows, key=("ProductCode",)))

    def registered_functions(self) -> SourceEntity:
        """`CsRegFunctions`: one line for each registration."""
        log = Maker(self._records, self._zone, lambda: self._state.logs["registrations"])
        columns: list[Column] = [
            log.sequence("OrderNumber"), Whole("LineNumber", lambda rows: np.ones(len(rows), int)),
            Text("ProductCode", lambda rows: [f"{code}/MAIN" for code in self._codes(rows)]),
            log.person("ShipToId", "who"), Whole("QuantityOrdered", lambda rows: np.ones(len(rows), int)),
        ]  # fmt: skip
        source = Source(
            "CsRegFunctions", columns, Latest(self._records), key=("OrderNumber", "LineNumber"), party="ShipToId",
            aliases={"id": "ShipToId"},
        )  # fmt: skip
        return SourceEntity(source)

    def _codes(self, rows: Array) -> list[str]:
        refs = self._state.logs["registrations"]["ref"][rows].tolist()
        return [self._state.events[ref].code for ref in refs]


def _typed(rows: list[wire.Json]) -> list[wire.Json]:
    kind = wire.type_name(wire.MEMBERSHIP, "AttendanceTypeRefData")
    return [{"$type": kind, **row} for row in rows]
