"""`Party`, `Person` and `Organization`."""

from __future__ import annotations

import copy
import math
import time
from typing import Any

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.columns import Column, Flag
from imis_sandbox.rest.contracts import status
from imis_sandbox.rest.dialect import cut, numbers, window
from imis_sandbox.rest.entities import Call, Entity
from imis_sandbox.rest.listed import shape_of
from imis_sandbox.rest.party_shape import beside, full_address, gender, joined, shaped
from imis_sandbox.rest.party_writes import learn
from imis_sandbox.rest.queries import GENDERS
from imis_sandbox.rest.records import Records
from imis_sandbox.rest.sources import Maker, Source
from imis_sandbox.rest.zone import Zone, moment_text
from imis_sandbox.world import catalog, names
from imis_sandbox.world.config import DAY
from imis_sandbox.world.state import ORGANIZATION
from imis_sandbox.world.store import Array

_TYPE = wire.MEMBERSHIP
_ALIASES = {
    "customertype": "CustomerTypeCode", "cityname": "City", "primaryemail": "Email",
    "countrysubentityname": "CountrySubEntityCode",
    "updateinformation.updatedon": "UpdatedOn", "personname.firstname": "FirstName",
    "personname.lastname": "LastName",
}  # fmt: skip


def typed(name: str, **members: Any) -> wire.Json:
    """An object of the membership contracts, its `$type` first; null members are left out."""
    return {"$type": wire.type_name(_TYPE, name), **{key: value for key, value in members.items() if value is not None}}


class Party(Entity):
    """People and organizations, or the half that *kind* names.

    Args:
        name: `Party`, `Person` or `Organization`.
        records: Of people.
        zone: The site's.
        edits: What PUT and POST changed, by row; shared by the three.
    """

    def __init__(self, name: str, records: Records, zone: Zone, edits: dict[int, wire.Json]) -> None:
        super().__init__(name)
        self.records, self.zone, self.state = records, zone, records.state
        self._edits = edits
        self.source = self._source()

    def _source(self) -> Source:
        people = Maker(self.records, self.zone, lambda: self.state.people)
        records = self.records
        columns: list[Column] = [
            people.person("PartyId", None), people.person("Id", None), people.kept("Name", "full_name"),
            people.text("UniformId", records.key_of), people.kept("FirstName", "first_name"),
            people.kept("LastName", "last_name"), people.kept("Email", "email"),
            people.text("Phone", records.phone), people.text("OrganizationName", records.company),
            people.day("BirthDate", "birth"), people.coded("CustomerTypeCode", "type", lambda: _CODES),
            people.moment("UpdatedOn", "updated"), people.moment("CreatedOn", "created"),
            people.text("UpdatedBy", records.last_writer),
            Flag("IsMember", lambda rows: records.is_member(rows)),
            Flag("IsOrganization", lambda rows: self.state.people["kind"][rows] == ORGANIZATION),
            people.text("Status", lambda row: "A"), people.text("City", records.city),
            people.text("PostalCode", records.postal_code), people.text("Sort", records.sort_name),
            people.coded("CountrySubEntityCode", "state", lambda: names.STATES),
            people.coded("CountryName", "country", lambda: names.COUNTRIES),
        ]  # fmt: skip
        return Source(self.name, columns, self._rows, key=("PartyId",), aliases=_ALIASES)

    def _rows(self) -> Any:
        rows = self.records.there()
        if self.name == "Party":
            return rows
        return rows[(self.state.people["kind"][rows] == ORGANIZATION) == (self.name == "Organization")]

    def page(self, call: Call) -> wire.Json:
        rows = self.source.select(call.params)
        moment = time.monotonic() - call.stale if call.stale else math.inf
        if call.stale:
            rows = self._there_at(numbers(rows), moment)
        offset, limit = window(call.params)
        items = [self._as_of(row, moment) for row in cut(rows, offset, limit).tolist()]
        item = {"Person": "PersonData", "Organization": "OrganizationData"}.get(self.name, "PartyData")
        return wire.page(wire.type_name(_TYPE, item), items, offset=offset, limit=limit, total=len(rows))

    def _there_at(self, rows: Array, moment: float) -> Array:
        """The rows without those that were made after a moment, as a list out of a cache has them."""
        fresh = [row for row, (at, before) in self.records.written.items() if at > moment and not before]
        return rows[~np.isin(rows, fresh)]

    def _as_of(self, row: int, moment: float) -> wire.Json:
        """What such a list says of a row."""
        at, before = self.records.written.get(row, (-math.inf, {}))
        return before if at > moment else self._data(row)

    def get(self, elements: list[str], call: Call) -> wire.Json:
        return self._data(self._row(elements))

    def one(self, row: int) -> wire.Json:
        """The person or organization of a row."""
        return self._data(row)

    def update(self, elements: list[str], call: Call) -> wire.Json:
        row = self._row(elements)
        before = self._data(row)
        learn(self.records, row, call.body, call.user.upper())
        self._edit(row, call.body, before)
        self.state.people["updated"][row] = self.state.flushed
        self.records.updated_by[row] = self.state.flushed, call.user.upper()
        return self._data(row)

    def _edit(self, row: int, body: wire.Json, before: wire.Json) -> None:
        """Keep what a client wrote otherwise than it stood there, where the record does not say so now; the rest goes
        on living."""
        self.records.written[row] = time.monotonic(), before
        now = self._data(row)
        changed = {
            name: value for name, value in shaped(body).items() if value not in (before.get(name), now.get(name))
        }
        if "AdditionalAttributes" in changed:
            changed["AdditionalAttributes"] = beside(changed["AdditionalAttributes"], now["AdditionalAttributes"])
        self._edits[row] = {**self._edits.get(row, {}), **changed}
        if "PersonName" in changed:
            self._edits[row]["PersonName"].setdefault("FullName", self.records.full_name(row))

    def create(self, call: Call) -> wire.Json:
        errors = self.validate(call)
        if errors:
            raise wire.invalid(*errors)
        company = "organization" in str(call.body.get("$type", "")).lower() or self.name == "Organization"
        row = self._add(company)
        self.records.created_by[row] = call.user.upper()
        self.records.updated_by[row] = self.state.flushed, call.user.upper()
        learn(self.records, row, call.body)
        self._edit(row, call.body, {})
        return self._data(row)

    def remove(self, elements: list[str], call: Call) -> None:
        self.records.delete(self._row(elements))

    def validate(self, call: Call) -> list[tuple[str, str]]:
        person = wire.member(call.body, "PersonName") or {}
        name = wire.member(person, "LastName") or wire.member(call.body, "OrganizationName")
        return [] if name or wire.member(call.body, "Name") else [("LastName", "A name is required.")]

    def changelog(self, elements: list[str], call: Call) -> wire.Json:
        row = self._found(elements)
        mine = np.flatnonzero(self.state.changes["who"] == (-1 if row is None else row))
        offset, limit = window(call.params)
        from imis_sandbox.rest.objects import change_data

        items = [change_data(self.records, self.zone, int(number)) for number in mine[offset : offset + limit]]
        return wire.page(wire.type_name(wire.CORE, "ChangeLogData"), items, offset=offset, limit=limit, total=len(mine))

    def metadata(self) -> wire.Json:
        rows = self._rows()
        shape = {**self._data(int(rows[0])), **self._data(int(rows[-1]))} if len(rows) else {"PartyId": ""}
        return shape_of(self.name, shape, "PartyId")

    def _add(self, company: bool) -> int:
        now = self.state.flushed
        former = catalog.TYPE["NM"]
        people = self.state.people
        number = int(people["number"].max()) + 3
        return int(
            people.append(
                1, number=number, type=former, previous_type=former, kind=int(company), status=1, join=now // DAY,
                created=now, updated=now, birth=-1_000_000,
            )[0]
        )  # fmt: skip

    def _found(self, elements: list[str]) -> int | None:
        """A row by its id or its key."""
        row = self.source.find(elements)
        if row is None and len(elements) == 1 and len(elements[0]) == 36:
            found = self.records.row_of_key(elements[0])
            row = found if found >= 0 else None
        return row

    def _row(self, elements: list[str]) -> int:
        row = self._found(elements)
        if row is None:
            raise wire.not_found(f"{self.name} {'|'.join(elements)} was not found.")
        return row

    def _data(self, row: int) -> wire.Json:
        organization = self.state.people["kind"][row] == ORGANIZATION
        made = self._organization(row) if organization else self._person(row)
        if row not in self._edits:
            return made
        edits = copy.deepcopy(self._edits[row])
        if "AdditionalAttributes" in edits:
            edits["AdditionalAttributes"] = joined(made["AdditionalAttributes"], edits["AdditionalAttributes"])
        return {**made, **edits}

    def _common(self, row: int) -> dict[str, Any]:
        records = self.records
        party = records.id_of(row)
        identity = {"$type": wire.type_name(wire.CORE, "AlternateIdData"), "Id": party, "IdType": "MajorKey"}
        return {
            "PartyId": party, "Id": party, "UniformId": records.key_of(row),
            "Status": status(), "Name": records.full_name(row), "Sort": records.sort_name(row),
            "IsMarkedForDelete": False, "Addresses": self._addresses(row),
            "AlternateIds": wire.collection(wire.type_name(wire.CORE, "AlternateIdDataCollection"), [identity]),
            "Emails": self._emails(row), "FinancialInformation": typed("FinancialInformationData"),
            "Phones": self._phones(row), "Salutations": _none("PartySalutation"),
            "SocialNetworks": _none("PartySocialNetwork"),
            "CommunicationTypePreferences": _none("PartyCommunicationTypePreference"),
            "UpdateInformation": self._updates(row), "AdditionalAttributes": self._attributes(row),
        }  # fmt: skip

    def _person(self, row: int) -> wire.Json:
        records, people = self.records, self.state.people
        name = typed(
            "PersonNameData", FirstName=records.first_name(row), LastName=records.last_name(row),
            InformalName=records.first_name(row), FullName=records.full_name(row),
        )  # fmt: skip
        owner = int(people["org"][row])
        employer = typed(
            "PrimaryOrganizationInformationData", OrganizationPartyId=records.id_of(owner) if owner >= 0 else None,
            Name=records.company(row), Title=records.title(row),
        )  # fmt: skip
        born = int(people["birth"][row])
        birth = moment_text(born * DAY) if born > -200_000 and born != -1 else None
        code = GENDERS[int(people["gender"][row])]
        return typed(
            "PersonData", **self._common(row), PersonName=name, PrimaryOrganization=employer, BirthDate=birth,
            Gender=gender(code),
        )  # fmt: skip

    def _organization(self, row: int) -> wire.Json:
        return typed("OrganizationData", **self._common(row), OrganizationName=self.records.full_name(row))

    def _addresses(self, row: int) -> wire.Json:
        people, party = self.state.people, self.records.id_of(row)
        state, country = names.STATES[int(people["state"][row])], names.COUNTRIES[int(people["country"][row])]
        city, postal = self.records.city(row), self.records.postal_code(row)
        lines = [f"{100 + int(people['number'][row]) % 900} Main Street"]
        printed = full_address(lines, city, state, postal, country)
        address = typed(
            "AddressData", AddressId=party,
            AddressLines=wire.collection(wire.type_name(_TYPE, "AddressLineDataCollection"), lines), CityName=city,
            CountryCode=names.COUNTRY_CODES[int(people["country"][row])], CountryName=country,
            CountrySubEntityCode=state, CountrySubEntityName=state, FullAddress=printed, PostalCode=postal,
            VerificationStatus=0,
        )  # fmt: skip
        full = typed(
            "FullAddressData", AdditionalLines=_none("AddressLine"), Address=address, AddresseeText=printed,
            AddressPurpose="Address", CommunicationPreferences=_PREFERRED, Email=self.records.email(row),
            FullAddressId=party, Phone=self.records.phone(row), DisplayName=self.records.full_name(row),
        )  # fmt: skip
        return wire.collection(wire.type_name(_TYPE, "FullAddressDataCollection"), [full])

    def _emails(self, row: int) -> wire.Json:
        email = typed("EmailData", Address=self.records.email(row), EmailType="_Primary", IsPrimary=True)
        return wire.collection(wire.type_name(_TYPE, "EmailDataCollection"), [email])

    def _phones(self, row: int) -> wire.Json:
        phone = typed("PhoneData", Number=self.records.phone(row), PhoneType="Mobile")
        return wire.collection(wire.type_name(_TYPE, "PhoneDataCollection"), [phone])

    def _updates(self, row: int) -> wire.Json:
        people = self.state.people
        created, updated = (self.zone.text(int(people[column][row])) for column in ("created", "updated"))
        info = {"CreatedBy": self.records.created_by.get(row, "SYSTEM"), "CreatedOn": created}
        return {
            "$type": wire.type_name(wire.CORE, "EntityUpdateInformationData"), **info,
            "UpdatedBy": self.records.last_writer(row), "UpdatedOn": updated,
        }  # fmt: skip

    def _attributes(self, row: int) -> wire.Json:
        people = self.state.people
        kind = catalog.TYPES[int(people["type"][row])]
        entries = [
            wire.prop("CustomerTypeCode", kind.code),
            wire.prop("CustomerTypeDescription", kind.title),
            wire.prop("IsMember", bool(self.records.is_member(np.array([row]))[0])),
            wire.prop("JoinDate", moment_text(int(people["join"][row]) * DAY)),
        ]
        return wire.collection(wire.PROPERTIES, entries)


def _none(name: str) -> wire.Json:
    """An empty collection of a contract."""
    return wire.collection(wire.type_name(_TYPE, f"{name}DataCollection"), [])


_CODES = [kind.code for kind in catalog.TYPES]
_PREFERRED = wire.collection(
    wire.type_name(_TYPE, "CommunicationPreferenceDataCollection"),
    [typed("CommunicationPreferenceData", Reason=reason) for reason in ("default", "mail", "bill", "ship")],
)
"""What the one address that a contact has is used for."""
