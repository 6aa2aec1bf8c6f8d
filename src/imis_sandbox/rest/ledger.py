"""What moves: gatherings and registrations, dues and money, messages: business objects and typed entities over logs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.columns import Column, Day, Flag, Number, Numbered, Text, Whole
from imis_sandbox.rest.contracts import References, monetary, sent
from imis_sandbox.rest.entities import Entity, SourceEntity, Tabled
from imis_sandbox.rest.records import Records, reference
from imis_sandbox.rest.sources import Maker, Source, constant
from imis_sandbox.rest.zone import Zone
from imis_sandbox.world import catalog
from imis_sandbox.world.billing import LEAD
from imis_sandbox.world.catalog import KIND, KINDS, SOURCE_CODES
from imis_sandbox.world.config import DAY
from imis_sandbox.world.state import NEVER
from imis_sandbox.world.store import Array

CODES = [SOURCE_CODES[kind] for kind in KINDS]
_STATUS = {
    "event_registered": "Registered",
    "event_cancelled": "Cancelled",
    "event_attended": "Attended",
    "event_no_show": "NoShow",
}
_ACTIVE = {"event_registered": 1, "event_cancelled": 4, "event_attended": 1, "event_no_show": 1}
"""The status of a registration as a number of the vendor's: 1 is registered, 4 is canceled."""


class Subset:
    """The rows of a log that are of some kinds, kept until the log grows."""

    def __init__(self, records: Records, family: str, kinds: tuple[str, ...]) -> None:
        self._state, self._family = records.state, family
        self._kinds = np.array([KIND[kind] for kind in kinds])
        self._seen, self._rows = -1, np.empty(0, np.int64)

    def __call__(self) -> Array:
        log = self._state.logs[self._family]
        if len(log) != self._seen:
            self._seen, self._rows = len(log), np.flatnonzero(np.isin(log["kind"], self._kinds))
        return self._rows


class Ledger:
    """Makes the entities over logs.

    Args:
        records: Of people.
        zone: The site's.
    """

    def __init__(self, records: Records, zone: Zone) -> None:
        self.records, self.zone, self.state = records, zone, records.state
        self.references = References(records)

    def entities(self) -> list[Entity]:
        """All of them."""
        return [
            *self.money(), *self.messages(), self.volunteers(), self.gifts(), self.expired(),
            self.committee_members(), self.registration_objects(),
            self.subscriptions(), self.scores(), self.score_objects(),
        ]  # fmt: skip

    def _maker(self, family: str) -> Maker:
        return Maker(self.records, self.zone, lambda: self.state.logs[family])

    def _reference(self, family: str, name: str) -> Text:
        def spelled(row: int) -> str:
            log = self.state.logs[family]
            return reference(self.records, KINDS[int(log["kind"][row])], int(log["ref"][row]))

        return self._maker(family).text(name, spelled)

    def volunteers(self) -> SourceEntity:
        """`VolunteerHistory`."""
        log = self._maker("activities")
        hours = Number("Hours", lambda rows: np.full(len(rows), 3.0))
        columns: list[Column] = [
            log.person("ID", "who"), log.sequence("Ordinal"), log.moment("Date", "at"),
            self._reference("activities", "Event"), hours, constant("Notes", ""), constant("Approved", "Y"),
        ]  # fmt: skip
        rows = Subset(self.records, "activities", ("volunteer_completed",))
        return SourceEntity(Source("VolunteerHistory", columns, rows, key=("ID", "Ordinal"), party="ID"))

    def gifts(self) -> SourceEntity:
        """`GiftReport`: gifts one by one."""
        log = self._maker("activities")
        columns: list[Column] = [
            log.sequence("GiftKey"),
            log.person("ID", "who"),
            log.moment("GiftDate", "at"),
            log.number("Amount", "value"),
        ]
        rows = Subset(self.records, "activities", ("gift",))
        return SourceEntity(Source("GiftReport", columns, rows, key=("GiftKey",), party="ID"))

    def expired(self) -> SourceEntity:
        """`ExpiredMemberUpdateDetailLog`: who was dropped, and from what."""
        former, log = catalog.TYPE["NM"], Maker(self.records, self.zone, lambda: self.state.changes)
        types = [kind.code for kind in catalog.TYPES]
        columns: list[Column] = [
            Whole("RunNumber", lambda rows: (self.state.changes["recorded"][rows] // DAY).astype(np.int64)),
            log.sequence("RunItemNumber"), log.person("ID", "who"), constant("PreviousStatus", "A"),
            constant("CurrentStatus", "A"), log.coded("PreviousMemberType", "old", lambda: types),
            log.coded("CurrentMemberType", "new", lambda: types), log.moment("RunDate", "recorded"),
        ]  # fmt: skip

        def rows() -> Array:
            changes = self.state.changes
            return np.flatnonzero((changes["field"] == 0) & (changes["new"] == former))

        key = ("RunNumber", "RunItemNumber")
        return SourceEntity(Source("ExpiredMemberUpdateDetailLog", columns, rows, key=key, party="ID"))

    def committee_members(self) -> SourceEntity:
        """`CsCommitteeMember`: seats that are taken today, and no others."""
        people = Maker(self.records, self.zone, lambda: self.state.people)
        position = Text("Position", lambda rows: ["CHAIR" if lead else "MEMBER" for lead in self._leads(rows)])
        columns: list[Column] = [
            people.person("ID", None), people.coded("CommitteeProductCode", "committee", _committee_codes),
            people.coded("CommitteeName", "committee", lambda: [code.title() for code in catalog.COMMITTEES]),
            constant("CommitteeGroup", ""), position,
            Whole("PositionRank", lambda rows: np.where(self.state.people["leads"][rows] == 1, 1, 9)),
            Day("TermStart", self.records.seated_since), Day("TermEnd", lambda rows: np.full(len(rows), -1)),
            constant("Status", "A"),
        ]  # fmt: skip
        rows = lambda: np.flatnonzero(self.state.people["committee"] != NEVER)  # noqa: E731
        key = ("ID", "CommitteeProductCode")
        return SourceEntity(Source("CsCommitteeMember", columns, rows, key=key, party="ID"))

    def _leads(self, rows: Array) -> list[int]:
        return list(self.state.people["leads"][rows].tolist())

    def money(self) -> list[Entity]:
        """`Invoice`, `InvoiceSummary`, `Payment`, `PaymentSummary`."""
        return [
            self._moneyed("Invoice", "InvoiceData", ("invoice_issued",), "InvoiceId", "InvoiceDate", "InvoiceAmount"),
            self._moneyed(
                "InvoiceSummary", "InvoiceSummaryData", ("invoice_issued",), "InvoiceId", "InvoiceDate", "InvoiceAmount"
            ),
            self.payments(),
            self._moneyed(
                "PaymentSummary", "PaymentSummaryData", ("payment",), "PaymentId", "TransactionDate", "Amount"
            ),
        ]

    def payments(self) -> Tabled:
        """`Payment`."""
        return self._moneyed("Payment", "PaymentData", ("payment",), "PaymentId", "TransactionDate", "Amount")

    def _moneyed(self, name: str, data: str, kinds: tuple[str, ...], key: str, when: str, amount: str) -> Tabled:
        log = self._maker("money")
        columns: list[Column] = [
            Numbered(key),
            log.person("BillToPartyId", "who"),
            log.person("PayorPartyId", "who"),
            log.moment(when, "at"),
            log.number(amount, "value"),
            self._reference("money", "Description"),
            *(self._owed(amount) if kinds == ("invoice_issued",) else ()),
        ]
        source = Source(
            name, columns, Subset(self.records, "money", kinds), key=(key,), party="BillToPartyId",
            aliases={"partyid": "BillToPartyId"},
        )  # fmt: skip
        kind = wire.type_name(wire.COMMERCE, data)
        shape = self.references.invoice if amount == "InvoiceAmount" else self.references.payment
        return Tabled(source, kind, lambda rows: [shape(one) for one in typed(kind, source, rows)])

    def _owed(self, amount: str) -> list[Column]:
        """What invoices say beside their amount; one is paid once a payment refers to it."""
        log, paid = self._maker("money"), Subset(self.records, "money", ("payment",))

        def balance(rows: Array) -> Array:
            money = self.state.logs["money"]
            settled = np.isin(money["ref"][rows], money["ref"][paid()])
            return np.where(settled, 0.0, money["value"][rows])

        due = Day("DueDate", lambda rows: self.state.logs["money"]["at"][rows] // DAY + LEAD)
        return [log.person("SoldToPartyId", "who"), due, Number("Balance", balance), constant("InvoiceType", "DUES")]

    def messages(self) -> list[Entity]:
        """`InteractionLogEvent`, `CommunicationLogRecipient`, `CommunicationLogEvent`."""
        log = self._maker("email")
        agent = Text(
            "UserAgent", lambda rows: [_agent(mark) for mark in self.state.logs["email"]["mark"][rows].tolist()]
        )
        columns: list[Column] = [
            Numbered("CommunicationLogEventKey"), log.person("ContactId", "who"),
            self._reference("email", "CommunicationLogKey"), log.coded("EventTypeCode", "kind", lambda: CODES),
            log.coded("EventTypeName", "kind", lambda: CODES), log.moment("EventDateTime", "at"),
            constant("EventReason", ""), constant("Ip", ""), agent, log.moment("CreatedOn", "recorded"),
        ]  # fmt: skip
        rows = lambda: range(len(self.state.logs["email"]))  # noqa: E731
        events = Source(
            "InteractionLogEvent", columns, rows, key=("CommunicationLogEventKey",), party="ContactId",
            aliases={"id": "ContactId"},
        )  # fmt: skip
        kind = wire.type_name(wire.COMMUNICATIONS, "CommunicationLogEventData")
        named = Source("CommunicationLogEvent", columns, rows, key=("CommunicationLogEventKey",))
        told = Tabled(named, kind, lambda chosen: [sent(one) for one in typed(kind, named, chosen)])
        return [SourceEntity(events), told]

    def registrations(self) -> Tabled:
        """`EventRegistration`: `{EVENTCODE}-{PARTYID}`, active or canceled as was ruled last."""
        log, latest = self._maker("registrations"), Latest(self.records)
        status = Whole("Status", lambda rows: np.array([_ACTIVE[KINDS[k]] for k in latest.kinds(rows)], int))
        columns: list[Column] = [
            log.text("EventRegistrationId", self._registration_id), self._reference("registrations", "EventId"),
            log.person("PartyId", "who"), status, log.moment("RegistrationDate", "at"),
        ]  # fmt: skip
        source = Source(
            "EventRegistration", columns, latest, key=("EventRegistrationId",), aliases={"id": "EventRegistrationId"}
        )
        kind = wire.type_name(wire.EVENTS, "EventRegistrationData")
        shape = self.references.registration
        return Tabled(source, kind, lambda rows: [shape(one) for one in typed(kind, source, rows)])

    def registration_objects(self) -> SourceEntity:
        """`CsRegistration`: the order of each registrant."""
        log, latest = self._maker("registrations"), Latest(self.records)
        status = Text("Status", lambda rows: [_STATUS[KINDS[k]][0] for k in latest.kinds(rows)])
        columns: list[Column] = [
            log.sequence("OrderNumber"), self._reference("registrations", "EventCode"), log.person("ShipToId", "who"),
            log.person("BillToId", "who"), constant("RegistrantClass", "MEM"), status, log.moment("OrderDate", "at"),
            Number("TotalCharges", self._prices), Number("TotalPayments", self._prices),
            Number("Balance", lambda rows: np.zeros(len(rows))),
        ]  # fmt: skip
        source = Source(
            "CsRegistration", columns, latest, key=("OrderNumber",), party="ShipToId", aliases={"id": "ShipToId"}
        )
        return SourceEntity(source)

    def _prices(self, rows: Array) -> Array:
        refs = self.state.logs["registrations"]["ref"][rows].tolist()
        return np.array([self.state.events[ref].price for ref in refs])

    def _registration_id(self, row: int) -> str:
        log = self.state.logs["registrations"]
        code = self.state.events[int(log["ref"][row])].code
        return f"{code}-{self.records.id_of(int(log['who'][row]))}"

    def subscriptions(self) -> Tabled:
        """`Subscription`: dues as they stand today, by contact and product."""
        people, state = Maker(self.records, self.zone, lambda: self.state.people), self.state

        def term(column: str) -> Callable[[Array], Array]:
            return lambda rows: self.records.term(column, rows)

        item = Text("ItemId", lambda rows: [f"DUES_{catalog.TYPES[t].code}" for t in term("type")(rows).tolist()])
        columns: list[Column] = [
            people.person("PartyId", None),
            item,
            Text("Status", lambda rows: ["A" if is_in else "I" for is_in in self.records.is_member(rows).tolist()]),
            constant("ProductType", "DUES"),
            Day("BeginDate", term("begins")),
            Day("PaidThru", term("ends")),
            Day("BillDate", term("billed")),
            Number("BilledAmount", term("dues")),
            Number("PaymentAmount", term("dues")),
            Day("PaymentDate", term("paid")),
            Day("ContinuousSince", lambda rows: state.people["join"][rows]),
            Whole("RenewMonths", lambda rows: np.full(len(rows), 12)),
            people.person("BillToPartyId", None),
            Day("BillBegin", term("begins")),
            Day("BillThrough", term("ends")),
            Number("Balance", lambda rows: np.where(state.people["stage"][rows] > 0, term("dues")(rows), 0.0)),
            Whole("Copies", lambda rows: np.ones(len(rows), int)),
            Flag("IsComplimentary", lambda rows: term("dues")(rows) == 0),
            Flag("IsMemberComponent", lambda rows: np.ones(len(rows), bool)),
            people.moment("LastUpdated", "updated"),
        ]
        rows = self.records.payers
        source = Source("Subscription", columns, rows, key=("PartyId", "ItemId"))
        kind = wire.type_name(wire.COMMERCE, "SubscriptionData")
        money = {"BilledAmount", "PaymentAmount", "Balance"}
        return Tabled(source, kind, lambda chosen: [_enum(d) for d in typed(kind, source, chosen, money=money)])

    def _score(self, rows: Array) -> Array:
        """The association's own engagement score: points for lately using, attending and taking part."""
        people = self.state.people
        return np.asarray(np.round(4 * people["web"][rows] + 20 * people["event"][rows] + 15 * people["part"][rows]))

    def _score_columns(self, contact: str) -> list[Column]:
        people = Maker(self.records, self.zone, lambda: self.state.people)
        return [
            people.text("ContactKey", self.records.key_of), constant("EngagementScoreKey", "DEFAULT"),
            people.person(contact, None), Number("Score", self._score),
        ]  # fmt: skip

    def scores(self) -> Tabled:
        """`EngagementScore`."""
        source = Source("EngagementScore", self._score_columns("PartyId"), self._members, key=("PartyId",))
        kind = wire.type_name(wire.COMMUNICATIONS, "EngagementScoreData")
        return Tabled(source, kind, lambda rows: typed(kind, source, rows))

    def score_objects(self) -> SourceEntity:
        """`EngagementScoreCurrentData`."""
        source = Source(
            "EngagementScoreCurrentData", self._score_columns("IMISID"), self._members, key=("IMISID",), party="IMISID",
            aliases={"id": "IMISID"},
        )  # fmt: skip
        return SourceEntity(source)

    def _members(self) -> Array:
        return np.flatnonzero(self.state.people["status"] == 0)


class Latest:
    """For each registration, its first row; and the kind of the last row about it."""

    def __init__(self, records: Records) -> None:
        self._subset = Subset(records, "registrations", tuple(_STATUS))
        self._state, self._seen = records.state, -1
        self._first, self._last = np.empty(0, np.int64), np.empty(0, np.int64)

    def __call__(self) -> Array:
        rows = self._subset()
        if len(rows) != self._seen:
            self._seen = len(rows)
            log = self._state.logs["registrations"]
            keys = log["ref"][rows].astype(np.int64) << 32 | log["who"][rows]
            _, first = np.unique(keys, return_index=True)
            _, last = np.unique(keys[::-1], return_index=True)
            order = np.argsort(first)
            self._first, self._last = rows[first[order]], rows[len(rows) - 1 - last[order]]
        return self._first

    def kinds(self, rows: Array) -> list[int]:
        """The kind that ruled last, of registrations given by their first row."""
        place = np.searchsorted(self._first, rows)
        return list(self._state.logs["registrations"]["kind"][self._last[place]].tolist())


def typed(kind: str, source: Source, rows: Array, money: set[str] | None = None) -> list[wire.Json]:
    """Rows as typed contracts: null members left out, amounts as monetary objects."""
    found = []
    for row in source.table(rows):
        data: wire.Json = {"$type": kind}
        for name, value in row.items():
            if value is not None:
                data[name] = monetary(value) if money and name in money else value
        found.append(data)
    return found


def _enum(data: wire.Json) -> wire.Json:
    """The filter takes the letter, the object carries the number; and the item as an object."""
    code = data["ItemId"]
    item = {"$type": wire.type_name(wire.COMMERCE, "ItemSummaryData"), "ItemId": code, "ItemCode": code}
    of = wire.type_name(wire.COMMERCE, "ItemClassSummaryData")
    return {
        **data,
        "Status": 0 if data.get("Status") == "A" else 1,
        "Item": {**item, "Name": code, "ItemClass": {"$type": of, "ItemClassId": "DUES", "Name": "Dues"}},
    }


def _agent(mark: int) -> str:
    return "Mozilla/5.0 (mail privacy proxy)" if mark else ""


def _committee_codes() -> list[str]:
    return [f"COMMITTEE/{code}" for code in catalog.COMMITTEES]
