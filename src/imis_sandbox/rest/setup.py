"""Entities about the site itself: queries, panel sources, users, types, look-up tables, the change log."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.dialect import window
from imis_sandbox.rest.entities import Call, Entity, Tabled
from imis_sandbox.rest.groups import MEMBER_ROLE
from imis_sandbox.rest.known import UNMODELED
from imis_sandbox.rest.ledger import typed
from imis_sandbox.rest.objects import change_data
from imis_sandbox.rest.panels import Panel
from imis_sandbox.rest.queries import Catalog, Query, definition
from imis_sandbox.rest.records import Records
from imis_sandbox.rest.sources import Maker, Source
from imis_sandbox.rest.zone import Zone, text_of
from imis_sandbox.world import catalog, names
from imis_sandbox.world.catalog import FAMILIES, SOURCE_CODES
from imis_sandbox.world.config import DAY
from imis_sandbox.world.state import ORGANIZATION


class Listed(Entity):
    """An entity that is a short list of dictionaries, found by one member.

    Args:
        name: As in the address.
        key: The member that identifies an item.
        items: The list.
    """

    def __init__(self, name: str, key: str, items: list[wire.Json]) -> None:
        super().__init__(name)
        self._key, self._items = key, items

    def items(self) -> list[wire.Json]:
        """The list as it is now."""
        return self._items

    def page(self, call: Call) -> wire.Json:
        offset, limit = window(call.params)
        wanted = [(k.lower(), v.removeprefix("eq:").lower()) for k, v in call.params if k.lower() not in _PAGING]
        chosen = [item for item in self.items() if all(_says(item, name, value) for name, value in wanted)]
        kind = chosen[0]["$type"] if chosen else wire.type_name(wire.CORE, f"{self.name}Data")
        return wire.page(kind, chosen[offset : offset + limit], offset=offset, limit=limit, total=len(chosen))

    def get(self, elements: list[str], call: Call) -> wire.Json:
        for item in self.items():
            if str(item[self._key]).lower() == elements[0].lower():
                return item
        raise wire.not_found(f"{self.name} {elements[0]} was not found.")

    def metadata(self) -> wire.Json:
        items = self.items()
        return shape_of(self.name, items[0] if items else {self._key: ""}, self._key)


def shape_of(name: str, item: wire.Json, key: str) -> wire.Json:
    """The metadata of an entity, read off one of its items."""
    kinds = {bool: "Boolean", int: "Integer", float: "Decimal"}
    entries = [
        {
            "$type": wire.type_name(wire.CORE, "PropertyTypeData"),
            "Name": member,
            "PropertyTypeName": kinds.get(type(value), "String"),
            "IsIdentity": member == key,
        }
        for member, value in item.items()
        if member != "$type"
    ]
    return {
        "$type": wire.type_name(wire.CORE, "EntityDefinitionData"),
        "EntityTypeName": name,
        "Properties": wire.collection(wire.type_name(wire.CORE, "EntityPropertyDefinitionCollection"), entries),
    }


def small_lists() -> list[Listed]:
    """Set-up lists that clients look into before they write."""
    purposes = [("Address", True), ("Home", False), ("Work", False)]
    tables: dict[str, tuple[str, list[wire.Json]]] = {
        "AddressPurpose": (
            "AddressPurposeId",
            [{"AddressPurposeId": name, "Name": name, "IsDefaultAddress": usual} for name, usual in purposes],
        ),
        "Country": ("CountryCode", [{"CountryCode": name, "CountryName": name} for name in names.COUNTRIES]),
        "PartyStatus": ("PartyStatusId", [{"PartyStatusId": "A", "Name": "Active", "Description": "Active"}]),
        "Role": ("RoleId", [{"RoleId": MEMBER_ROLE, "Name": "Member"}]),
        "EventCategory": (
            "EventCategoryId",
            [{"EventCategoryId": k, "Name": k} for k in ("CONF", "WEBINAR", "CHAPTER")],
        ),
    }
    found = []
    for name, (key, items) in tables.items():
        kind = wire.type_name(wire.MEMBERSHIP, f"{name}Data")
        found.append(Listed(name, key, [{"$type": kind, **item} for item in items]))
    return found


def unmodeled() -> list[Listed]:
    """An empty list for each entity that is known and not modeled."""
    return [Listed(name, f"{name}Id", []) for name in sorted(UNMODELED)]


_PAGING = {"limit", "offset", "orderby"}


def _says(item: wire.Json, name: str, value: str) -> bool:
    return str(wire.member(item, name, "")).lower() == value


def activity_types() -> Listed:
    """`LegacyActivityType`."""
    kind = wire.type_name(wire.MEMBERSHIP, "LegacyActivityTypeData")
    codes = [SOURCE_CODES[name] for name in FAMILIES["activities"]]
    items = [{"$type": kind, "ActivityTypeCode": code, "Description": code.title()} for code in codes]
    return Listed("LegacyActivityType", "ActivityTypeCode", items)


def customer_types() -> Listed:
    """`LegacyCustomerType`: the member types."""
    kind = wire.type_name(wire.MEMBERSHIP, "LegacyCustomerTypeData")
    items = [
        {
            "$type": kind, "CustomerTypeCode": one.code, "Description": one.title, "IsMember": one.code != "NM",
            "IsCompany": one.company,
        }
        for one in catalog.TYPES
    ]  # fmt: skip
    return Listed("LegacyCustomerType", "CustomerTypeCode", items)


def look_ups(records: Records) -> Listed:
    """`GenTable`: look-up lists, by `TableName`."""
    kind = wire.type_name(wire.CORE, "GenTableData")
    chapters = zip(records.state.chapters, catalog.CHAPTER_NAMES, strict=False)
    rows = [("CHAPTER", code, name) for code, name in chapters]
    rows += [("INDUSTRY", name.upper()[:15], name) for name in names.INDUSTRIES]
    items = [{"$type": kind, "TableName": t, "Code": code, "Description": name} for t, code, name in rows]
    return Listed("GenTable", "Code", items)


class PanelSources(Listed):
    """`PanelSourceSummary`: what panel sources there are.

    Args:
        panels: The site's.
    """

    def __init__(self, panels: dict[str, Panel]) -> None:
        super().__init__("PanelSourceSummary", "Name", [])
        self._panels = panels

    def items(self) -> list[wire.Json]:
        kind = wire.type_name(wire.CORE, "PanelSourceSummaryData")
        return [
            {"$type": kind, "Name": panel.name, "ObjectTypeName": "Multi" if panel.multi else "Single"}
            for panel in self._panels.values()
        ]


class QueryDefinition(Entity):
    """`QueryDefinition`: `_execute` FindByPath, FindById, GetRestAccess, SetRestAccess.

    Args:
        queries: The site's.
    """

    def __init__(self, queries: Catalog) -> None:
        super().__init__("QueryDefinition")
        self._queries = queries

    def get(self, elements: list[str], call: Call) -> wire.Json:
        return definition(self._query(elements[0]))

    def execute(self, operation: str, arguments: list[Any], call: Call) -> Any:
        name, path = operation.lower(), str(arguments[0]) if arguments else ""
        if name in ("findbypath", "findbyid"):
            return definition(self._query(path))
        if name == "getrestaccess":
            return self._query(path).available
        if name == "setrestaccess":
            if not call.master:
                raise wire.forbidden("change queries")
            self._query(path).available = bool(arguments[1]) if len(arguments) > 1 else True
            return True
        raise wire.no_operation(self.name, operation)

    def _query(self, path: str) -> Query:
        query = self._queries.find(path)
        if query is None:
            raise wire.not_found(f"Query: {path} not found.")
        return query


class User(Tabled):
    """`User`: logins of contacts.

    Args:
        records: Of people.
        zone: The site's.
    """

    def __init__(self, records: Records, zone: Zone) -> None:
        self._records = records
        self._made: dict[str, str] = {}
        people = Maker(records, zone, lambda: records.state.people)
        columns = [
            people.person("UserId", None), people.text("UserName", self._user_name),
            people.moment("LastLoginDate", "login"),
        ]  # fmt: skip
        rows = lambda: np.flatnonzero(records.people["kind"] != ORGANIZATION)  # noqa: E731
        source = Source("User", columns, rows, key=("UserId",), aliases={"partyid": "UserId"})
        kind = wire.type_name(wire.MEMBERSHIP, "UserData")
        super().__init__(source, kind, lambda chosen: typed(kind, source, chosen))

    def create(self, call: Call) -> wire.Json:
        party = str(wire.member(call.body, "UserId", ""))
        name = str(wire.member(call.body, "UserName", ""))
        row = self._records.row_of(party)
        if row < 0:
            raise wire.invalid(("UserId", "The contact does not exist."))
        if party in self._made or name.lower() in {made.lower() for made in self._made.values()}:
            raise wire.Refusal(400, "DuplicateProviderUserKey")
        self._made[party] = name
        return self.one(row)

    def _user_name(self, row: int) -> str:
        return self._made.get(self._records.id_of(row)) or self._records.email(row)


class ChangeLog(Entity):
    """`ChangeLog`: what changed on contacts, oldest first; `PartyId` filters.

    Args:
        records: Of people.
        zone: The site's.
    """

    def __init__(self, records: Records, zone: Zone) -> None:
        super().__init__("ChangeLog")
        self._records, self._zone = records, zone

    def page(self, call: Call) -> wire.Json:
        changes = self._records.state.changes
        rows: Any = range(len(changes))
        party = next((v.removeprefix("eq:") for k, v in call.params if k.lower() == "partyid"), None)
        if party is not None:
            rows = (changes["who"] == self._records.row_of(party)).nonzero()[0].tolist()
        offset, limit = window(call.params)
        items = [change_data(self._records, self._zone, int(row)) for row in rows[offset : offset + limit]]
        kind = wire.type_name(wire.CORE, "ChangeLogData")
        return wire.page(kind, items, offset=offset, limit=limit, total=len(rows))

    def get(self, elements: list[str], call: Call) -> wire.Json:
        text = elements[0]
        if not text.isdecimal() or not 0 < int(text) <= len(self._records.state.changes):
            raise wire.not_found(f"ChangeLog {text} was not found.")
        return change_data(self._records, self._zone, int(text) - 1)

    def metadata(self) -> wire.Json:
        item = {"ChangeLogId": "", "CreatedOn": "", "EntityTypeName": "", "PartyId": "", "UserId": ""}
        return shape_of(self.name, item, "ChangeLogId")


class CommunicationLog(Listed):
    """`CommunicationLog`: messages sent; POST notes one and so is contact by staff.

    Args:
        records: Of people.
    """

    guarded = False

    def __init__(self, records: Records) -> None:
        super().__init__("CommunicationLog", "CommunicationLogId", [])
        self._records = records

    def page(self, call: Call) -> wire.Json:
        if not [key for key, _ in call.params if key.lower() not in _PAGING]:
            raise wire.Refusal(400, "ArgumentFault: A filter is required.")
        return super().page(call)

    def create(self, call: Call) -> wire.Json:
        party = str(wire.member(call.body, "PartyId", "") or wire.member(call.body, "ContactId", ""))
        row = self._records.row_of(party)
        if row < 0:
            raise wire.invalid(("PartyId", "The contact does not exist."))
        state = self._records.state
        state.people["contacted"][row] = state.flushed // DAY
        kind = wire.type_name(wire.COMMUNICATIONS, "CommunicationLogData")
        entry = {
            "$type": kind, "CommunicationLogId": str(uuid.uuid4()), "PartyId": party,
            "Subject": str(wire.member(call.body, "Subject", "")), "CreatedOn": _now(state.flushed),
        }  # fmt: skip
        self._items.append(entry)
        return entry


def _now(second: int) -> str:
    return text_of(np.array([second]))[0]
