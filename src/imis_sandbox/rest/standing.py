"""What stands about people beside their records: addresses, cards on file."""

from __future__ import annotations

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.accounts import Accounts
from imis_sandbox.rest.autopay import Automatic
from imis_sandbox.rest.columns import Column, Day, Flag, Number, Text
from imis_sandbox.rest.contracts import References
from imis_sandbox.rest.entities import Entity, Tabled
from imis_sandbox.rest.ledger import typed
from imis_sandbox.rest.listed import Documents, Shelf
from imis_sandbox.rest.party import Party
from imis_sandbox.rest.records import Records
from imis_sandbox.rest.sources import Maker, Source, constant
from imis_sandbox.rest.users import UserSecurity
from imis_sandbox.rest.zone import Zone, text_of
from imis_sandbox.world.people import DUES
from imis_sandbox.world.store import Array


class Standing:
    """Makes these entities.

    Args:
        records: Of people.
        zone: The site's.
        party: Knows everybody's address.
        accounts: Of staff.
    """

    def __init__(self, records: Records, zone: Zone, party: Party, accounts: Accounts) -> None:
        self._records, self._zone, self._party, self._state = records, zone, party, records.state
        self._accounts = accounts
        self._people = Maker(records, zone, lambda: records.state.people)

    def entities(self) -> list[Entity]:
        """All of them."""
        return [
            self._addresses("Address"), self._addresses("FullAddress"), self._automatic("AutoPayAccount"),
            self._automatic("AutoPayInstruction"), self._renewals(), self._deleted(),
            UserSecurity(self._records, self._accounts),
        ]  # fmt: skip

    def _addresses(self, name: str) -> Tabled:
        people, key = self._people, f"{name}Id"
        columns: list[Column] = [people.person(key, None), people.person("PartyId", None)]
        source = Source(name, columns, lambda: range(len(self._state.people)), key=(key,))

        def build(rows: Array) -> list[wire.Json]:
            return [self._address(name, key, row) for row in rows.tolist()]

        return Tabled(source, wire.type_name(wire.MEMBERSHIP, f"{name}Data"), build)

    def _address(self, name: str, key: str, row: int) -> wire.Json:
        full = wire.values(self._party.one(row)["Addresses"])
        given = full[0] if full and isinstance(full[0], dict) else {}
        if name == "Address":
            given = wire.member(given, "Address") or {}
        rest = {part: value for part, value in given.items() if part != "$type"}
        party = self._records.id_of(row)
        return {"$type": wire.type_name(wire.MEMBERSHIP, f"{name}Data"), **rest, key: party, "PartyId": party}

    def _deleted(self) -> Shelf:
        """`PartyDeleteLog`: contacts that were deleted, or merged into another."""

        def made() -> Documents:
            everybody = np.arange(len(self._state.people))
            return [self._deletion(row) for row in everybody[self._records.is_gone(everybody)].tolist()]

        return Shelf("PartyDeleteLog", "LCU", wire.CORE, items=made)

    def _deletion(self, row: int) -> wire.Json:
        second = self._records.deleted.get(row, int(self._state.people["updated"][row]))
        moment = text_of(self._zone.local(np.array([second])))[0]
        party = self._records.id_of(row)
        kind = wire.type_name(wire.CORE, "PartyDeleteLogData")
        noted = {"PartyDeleteLogId": party, "PartyId": party, "Status": 3, "CreatedOn": moment, "DeletedOn": moment}
        return {"$type": kind, **noted}

    def _automatic(self, name: str) -> Tabled:
        """Cards on file; only the last digits and the month in which they expire are known."""
        people, key = self._people, f"{name}Id"
        columns: list[Column] = [
            people.person(key, None), people.person("PartyId", None), people.day("ExpirationDate", "card"),
            Text("Last4", lambda rows: [f"{row * 37 % 10_000:04d}" for row in rows.tolist()]),
            constant("PaymentMethodId", "VISA"),
            Flag("IsExpired", lambda rows: self._state.people["card"][rows] < self._state.today),
        ]  # fmt: skip
        source = Source(name, columns, self._payers, key=(key,))
        kind, people_of = wire.type_name(wire.COMMERCE, f"{name}Data"), References(self._records)
        shape = people_of.account if name == "AutoPayAccount" else people_of.instruction
        return Automatic(source, kind, lambda rows: [shape(one) for one in typed(kind, source, rows)], self._records)

    def _payers(self) -> Array:
        return np.flatnonzero((self._state.people["auto"] == 1) & (self._state.people["status"] == 0))

    def _renewals(self) -> Tabled:
        """`vPartyRenewalBillingInformation`: what those who pay automatically will be charged, and when."""
        people, state = self._people, self._state
        columns: list[Column] = [
            people.person("PartyId", None), Day("PaidThrough", self._records.paid_through),
            Number("BillAmount", lambda rows: DUES[state.people["type"][rows]]),
            people.day("CardExpirationDate", "card"),
        ]  # fmt: skip
        source = Source("vPartyRenewalBillingInformation", columns, self._payers, key=("PartyId",))
        kind = wire.type_name(wire.COMMERCE, "vPartyRenewalBillingInformationData")
        return Tabled(source, kind, lambda rows: typed(kind, source, rows, money={"BillAmount"}))
