"""Groups and their members; committees are groups called `COMMITTEE/{CODE}`."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.contracts import References
from imis_sandbox.rest.dialect import RESERVED, window
from imis_sandbox.rest.entities import Call, Entity
from imis_sandbox.rest.listed import chosen
from imis_sandbox.rest.records import Records
from imis_sandbox.rest.zone import text_of
from imis_sandbox.world import catalog
from imis_sandbox.world.config import DAY
from imis_sandbox.world.state import NEVER

MEMBER_ROLE = "29aae912-660e-4c53-b884-ad9ee27dee0c"
_SPACE = uuid.UUID("6f1c2f0a-52cb-4b0e-9c51-0a6d6a3f8b11")


@dataclass
class Membership:
    """One contact in one group."""

    key: str
    group: str
    party: str
    joined: str
    active: bool = True
    details: list[str] = field(default_factory=list)


class Groups:
    """The site's groups and who is in them.

    Args:
        records: Of people; seats on committees are theirs.
    """

    def __init__(self, records: Records) -> None:
        self.records, self.references = records, References(records)
        self.named = {f"COMMITTEE/{code}": f"{code.title()} Committee" for code in catalog.COMMITTEES}
        self.members: dict[str, Membership] = {}
        self.wipes = False

    def find(self, group: str | None, party: str | None) -> list[Membership]:
        """Memberships of a group, of a contact, or all."""
        everyone = [*self.members.values(), *self._seats(party)]
        return [
            m for m in everyone if (not group or m.group.lower() == group.lower()) and (not party or m.party == party)
        ]

    def key_of(self, group: str) -> str | None:
        """The id of a group as it is spelled, None when there is no such group."""
        return next((key for key in self.named if key.lower() == group.strip().lower()), None)

    def of_key(self, key: str) -> Membership:
        """One membership; 404 when there is none."""
        found = self.members.get(key) or next((seat for seat in self._seats(None) if seat.key == key), None)
        if found is None:
            raise wire.not_found(f"GroupMember {key} was not found.")
        return found

    def add(self, group: str, party: str) -> Membership:
        """Put a contact into a group; with `wipes` on, a seat on a committee costs the contact the other seats."""
        if self.wipes and group.upper().startswith("COMMITTEE/"):
            self.members = {k: m for k, m in self.members.items() if m.party != party or not m.group.startswith("COMM")}
            self.records.people["committee"][self.records.row_of(party)] = NEVER
        key = str(uuid.uuid5(_SPACE, f"{group}/{party}/{len(self.members)}"))
        today = text_of(np.array([self.records.state.today * DAY]))[0]
        self.members[key] = Membership(key, group, party, today, details=[str(uuid.uuid5(_SPACE, key))])
        return self.members[key]

    def empty(self, group: str) -> bool:
        """Take every contact out of a group."""
        for member in self.find(group, None):
            if self.members.pop(member.key, None) is None:
                self.records.people["committee"][self.records.row_of(member.party)] = NEVER
        return True

    def _seats(self, party: str | None) -> list[Membership]:
        people = self.records.people
        rows = np.flatnonzero(people["committee"] != NEVER).tolist()
        if party:
            row = self.records.row_of(party)
            rows = [row] if row >= 0 and people["committee"][row] != NEVER else []
        joined = text_of(self.records.seated_since(np.array(rows, np.int64)) * DAY)
        return [self._seat(row, since) for row, since in zip(rows, joined, strict=True)]

    def _seat(self, row: int, joined: str) -> Membership:
        people = self.records.people
        group = f"COMMITTEE/{catalog.COMMITTEES[int(people['committee'][row])]}"
        party = self.records.id_of(row)
        key, detail = _seat_keys(group, party)
        return Membership(key, group, party, joined, details=[detail])


@lru_cache(maxsize=100_000)
def _seat_keys(group: str, party: str) -> tuple[str, str]:
    """The ids of a seat and of its one detail."""
    key = str(uuid.uuid5(_SPACE, f"{group}/{party}"))
    return key, str(uuid.uuid5(_SPACE, key))


_MEMBERS = ("GroupMemberId", "Group", "Party", "JoinDate", "IsActive", "MembershipDetails")
_PLAIN = RESERVED - {"orderby"} | {"groupid", "partyid"}
_LEADS = {"groupid": "Group.GroupId", "partyid": "Party.PartyId", "groupname": "Group.Name"}


def _page(kind: str, found: list[wire.Json], call: Call) -> wire.Json:
    offset, limit = window(call.params)
    return wire.page(_type(kind), found[offset : offset + limit], offset=offset, limit=limit, total=len(found))


def _refuse_unknown(entity: str, members: tuple[str, ...], call: Call) -> None:
    """400 for a filter on what a membership does not have (a guess)."""
    known = RESERVED | set(_LEADS) | {name.lower() for name in members}
    for name, _ in call.params:
        if name.lower().split(".")[0] not in known:
            raise wire.Refusal(400, f"In the query, {name} is not a known property name.")


def _value(call: Call, *names: str) -> str | None:
    """What a filter by equality asks for; None when it asks for more, which is then filtered afterwards."""
    found = next((value for key, value in call.params if key.lower() in names), None)
    plain = found.removeprefix("eq:") if found else ""
    return plain if plain and ":" not in plain and "|" not in plain else None


def _type(name: str) -> str:
    return wire.type_name(wire.MEMBERSHIP, name)


def described(entity: str, members: tuple[str, ...], key: str) -> wire.Json:
    """The metadata of an entity whose members are all text."""
    kind = wire.type_name(wire.CORE, "PropertyTypeData")
    entries = [
        {"$type": kind, "Name": name, "PropertyTypeName": "String", "IsIdentity": name == key} for name in members
    ]
    return {
        "$type": wire.type_name(wire.CORE, "EntityDefinitionData"),
        "EntityTypeName": entity,
        "Properties": wire.collection(wire.type_name(wire.CORE, "EntityPropertyDefinitionCollection"), entries),
    }


class Group(Entity):
    """`Group` and `GroupSummary`.

    Args:
        name: Which of the two.
        groups: The site's.
    """

    guarded = False

    def __init__(self, name: str, groups: Groups) -> None:
        super().__init__(name)
        self._groups = groups

    def page(self, call: Call) -> wire.Json:
        found = chosen([self._data(key) for key in self._groups.named], call.params)
        return _page(f"{self.name}Data", found, call)

    def get(self, elements: list[str], call: Call) -> wire.Json:
        key = self._groups.key_of(elements[0])
        if key is None:
            raise wire.not_found(f"Group {elements[0]} was not found.")
        return self._data(key)

    def create(self, call: Call) -> wire.Json:
        if self.name != "Group":
            raise wire.no_operation(self.name, "Add")
        name = str(wire.member(call.body, "Name", ""))
        if not name:
            raise wire.invalid(("Name", "A name is required."))
        key = str(wire.member(call.body, "GroupId") or uuid.uuid5(_SPACE, f"group/{name}/{len(self._groups.named)}"))
        if key in self._groups.named:
            raise wire.Refusal(409, f"Group {key} already exists.")
        self._groups.named[key] = name
        return self._data(key)

    def metadata(self) -> wire.Json:
        return described(self.name, ("GroupId", "Name", "Description"), "GroupId")

    def _data(self, key: str) -> wire.Json:
        kind = "GroupData" if self.name == "Group" else "GroupSummaryData"
        committee = key.startswith("COMMITTEE/")
        return {
            "$type": _type(kind), "GroupId": key, "Name": self._groups.named[key], "Description": "",
            "GroupClass": {"$type": _type("GroupClassSummaryData"), "Name": "Committee" if committee else "Public"},
        }  # fmt: skip


class GroupMember(Entity):
    """`GroupMember` and its summary: no DELETE, and POST is not idempotent.

    Args:
        name: Which of the two; the summary is only read.
        groups: The site's.
    """

    guarded = False

    def __init__(self, name: str, groups: Groups) -> None:
        super().__init__(name)
        self._groups = groups

    def page(self, call: Call) -> wire.Json:
        group, party = _value(call, "groupid", "group.groupid"), _value(call, "partyid", "party.partyid")
        _refuse_unknown(self.name, _MEMBERS, call)
        found = self._groups.find(group, party)
        if any(name.lower() not in _PLAIN or ":" in value or "|" in value for name, value in call.params):
            every = chosen([self._data(member) for member in found], call.params, _LEADS)
            return _page(f"{self.name}Data", every, call)
        offset, limit = window(call.params)
        items = [self._data(member) for member in found[offset : offset + limit]]
        return wire.page(_type(f"{self.name}Data"), items, offset=offset, limit=limit, total=len(found))

    def get(self, elements: list[str], call: Call) -> wire.Json:
        return self._data(self._groups.of_key(elements[0]))

    def create(self, call: Call) -> wire.Json:
        self._offer("Add")
        wanted = str(wire.member(wire.member(call.body, "Group") or {}, "GroupId", ""))
        group = self._groups.key_of(wanted)
        party = str(wire.member(wire.member(call.body, "Party") or {}, "PartyId", ""))
        if group is None:
            raise wire.invalid(("GroupId", "The group does not exist."))
        if self._groups.records.row_of(party) < 0:
            raise wire.invalid(("PartyId", "The contact does not exist."))
        return self._data(self._groups.add(group, party))

    def update(self, elements: list[str], call: Call) -> wire.Json:
        self._offer("Update")
        member = self._groups.of_key(elements[0])
        member.active = bool(wire.member(call.body, "IsActive", True))
        if not wire.values(wire.member(call.body, "MembershipDetails", ["kept"])) or not member.active:
            self._groups.members.pop(member.key, None)
        return self._data(member)

    def execute(self, operation: str, arguments: list[Any], call: Call) -> Any:
        """FindRelationships, of which there are none, and CancelAllActiveAndFutureGroupMembers."""
        name, group = operation.lower(), self._groups.key_of(str(arguments[0])) if arguments else None
        if name == "findrelationships":
            return wire.collection(_type("GroupMemberDataCollection"), [])
        if name != "cancelallactiveandfuturegroupmembers" or not arguments:
            return super().execute(operation, arguments, call)
        return self._groups.empty(group) if group else None

    def metadata(self) -> wire.Json:
        return described(self.name, _MEMBERS, "GroupMemberId")

    def _offer(self, operation: str) -> None:
        if self.name != "GroupMember":
            raise wire.no_operation(self.name, operation)

    def _data(self, member: Membership) -> wire.Json:
        return {
            "$type": _type(f"{self.name}Data"),
            "GroupMemberId": member.key,
            "Group": {"$type": _type("GroupSummaryData"), "GroupId": member.group, "Name": self._name(member)},
            "Party": self._groups.references.summary(member.party),
            "JoinDate": member.joined,
            "IsActive": member.active,
            "MembershipDetails": wire.collection(_type("GroupMemberDetailDataCollection"), details_of(member)),
        }

    def _name(self, member: Membership) -> str:
        return self._groups.named.get(member.group, member.group)


def details_of(member: Membership) -> list[Any]:
    """The details of a membership: one for each role."""
    role = {"$type": _type("GroupRoleData"), "RoleId": MEMBER_ROLE, "Description": "Member", "Name": "Member"}
    return [
        {
            "$type": _type("GroupMemberDetailData"), "GroupMemberDetailId": detail, "GroupMemberId": member.key,
            "EffectiveDate": member.joined, "IsActive": member.active, "Role": role,
        }
        for detail in member.details
    ]  # fmt: skip


class GroupMemberDetail(Entity):
    """`GroupMemberDetail`: its DELETE takes a contact out of a group.

    Args:
        groups: The site's.
    """

    guarded = False

    def __init__(self, groups: Groups) -> None:
        super().__init__("GroupMemberDetail")
        self._groups = groups

    def get(self, elements: list[str], call: Call) -> wire.Json:
        member = self._member(elements[0])
        return next(d for d in details_of(member) if d["GroupMemberDetailId"] == elements[0])

    def update(self, elements: list[str], call: Call) -> wire.Json:
        """Takes a contact out when the detail is no longer active; its other members are kept as they are."""
        found = self.get(elements, call)
        if wire.member(call.body, "IsActive") is False:
            self.remove(elements, call)
            return {**found, "IsActive": False}
        return found

    def remove(self, elements: list[str], call: Call) -> None:
        member = self._member(elements[0])
        member.details.remove(elements[0])
        if not member.details:
            self._groups.members.pop(member.key, None)

    def page(self, call: Call) -> wire.Json:
        found = self._groups.find(_value(call, "groupid"), _value(call, "partyid"))
        details = [detail for member in found for detail in details_of(member)]
        rest = [(name, value) for name, value in call.params if name.lower() not in ("groupid", "partyid")]
        _refuse_unknown(self.name, ("GroupMemberDetailId", "GroupMemberId", "EffectiveDate", "IsActive", "Role"), call)
        return _page("GroupMemberDetailData", chosen(details, rest), call)

    def metadata(self) -> wire.Json:
        members = ("GroupMemberDetailId", "GroupMemberId", "EffectiveDate", "IsActive", "Role")
        return described(self.name, members, "GroupMemberDetailId")

    def _member(self, detail: str) -> Membership:
        found = next((member for member in self._groups.find(None, None) if detail in member.details), None)
        if found is None:
            raise wire.not_found(f"GroupMemberDetail {detail} was not found.")
        return found
