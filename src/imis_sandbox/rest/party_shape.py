"""What clients write of a contact, brought into the contract's shape as a service of typed contracts does.

Clients write members in any case, lists bare, and leave inner types out; what is read back afterwards has the names
and types of the contract. Members that the contract does not have are dropped.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from imis_sandbox.rest import wire

_MEMBERS = (
    "PersonName", "PrimaryOrganization", "OrganizationName", "BirthDate", "Gender", "FunctionalTitle", "Addresses",
    "AlternateIds", "Emails", "Phones", "Salutations", "SocialNetworks", "CommunicationTypePreferences",
    "FinancialInformation", "AdditionalAttributes", "Status", "Name", "Sort", "SortIsOverridden", "WebsiteUrl",
    "Email", "Phone", "IsMarkedForDelete", "PrimaryClubPartyId",
)  # fmt: skip
_OBJECTS = {
    "PersonName": "PersonNameData", "PrimaryOrganization": "PrimaryOrganizationInformationData",
    "Status": "PartyStatusData", "FinancialInformation": "FinancialInformationData",
}  # fmt: skip
_LISTS = {
    "Emails": "EmailData", "Phones": "PhoneData", "Salutations": "PartySalutationData",
    "SocialNetworks": "PartySocialNetworkData", "AlternateIds": "AlternateIdData",
    "CommunicationTypePreferences": "PartyCommunicationTypePreferenceData",
}  # fmt: skip
_GENDERS = {"0": "M", "1": "F", "male": "M", "female": "F"}
"""The older contract's numbers and names, as codes."""
_FOLLOW = {"customertypedescription", "ismember", "joindate"}
"""Attributes that the record alone says: they follow from others, or are kept in it."""


def shaped(body: wire.Json) -> wire.Json:
    """The members of a body that a contact has, by their own names and types."""
    spelled = {name.lower(): name for name in _MEMBERS}
    found = {spelled[name.lower()]: value for name, value in body.items() if name.lower() in spelled}
    members = {name: _member(name, value) for name, value in found.items()}
    return {name: value for name, value in members.items() if value is not None}


def _member(name: str, value: Any) -> Any:
    if name in _OBJECTS:
        return _object(_OBJECTS[name], value)
    if name in _LISTS:
        namespace = wire.CORE if name == "AlternateIds" else wire.MEMBERSHIP
        return _list(_LISTS[name], _each(_LISTS[name], value, namespace), namespace)
    if name == "Addresses":
        return _list("FullAddressData", [_full_address(one) for one in _each("FullAddressData", value)])
    if name == "AdditionalAttributes":
        return wire.collection(wire.PROPERTIES, _each("GenericPropertyData", value, wire.CORE))
    if name == "BirthDate":
        day = day_of(value)
        return value if day is None else f"{day.isoformat()}T00:00:00"
    return gender(value) if name == "Gender" and value is not None else value


def day_of(value: Any) -> dt.date | None:
    """The day of a moment as clients write it; None when it is none."""
    try:
        return dt.date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def gender(value: Any) -> wire.Json:
    """A gender by its code, however it was written."""
    given = str(wire.member(value, "Code", "") if isinstance(value, dict) else value)
    code = _GENDERS.get(given.lower(), given)
    return {"$type": wire.type_name(wire.MEMBERSHIP, "GenderData"), **({"Code": code} if code else {})}


def _each(kind: str, value: Any, namespace: str = wire.MEMBERSHIP) -> list[wire.Json]:
    found = (_object(kind, one, namespace) for one in wire.values(value))
    return [one for one in found if one is not None]


def _object(kind: str, value: Any, namespace: str = wire.MEMBERSHIP) -> wire.Json | None:
    if not isinstance(value, dict):
        return None
    return {"$type": wire.type_name(namespace, kind), **{k: v for k, v in value.items() if k != "$type"}}


def _list(kind: str, values: list[Any], namespace: str = wire.MEMBERSHIP) -> wire.Json:
    return wire.collection(wire.type_name(namespace, f"{kind}Collection"), values)


def _full_address(whole: wire.Json) -> wire.Json:
    typed = _object("AddressData", wire.member(whole, "Address"))
    if typed is None:
        return whole
    lines = wire.member(typed, "AddressLines")
    rest = {name: part for name, part in typed.items() if name.lower() != "addresslines"}
    written = [line for line in wire.values(lines) if line is not None]
    others = {name: part for name, part in whole.items() if name.lower() != "address"}
    return {**others, "Address": {**rest, "AddressLines": _list("AddressLineData", written)}}


def beside(written: wire.Json, shown: wire.Json) -> wire.Json:
    """The attributes of a contact that were written otherwise than its record, by now, says."""
    says = wire.properties({"Properties": shown})
    kept = [
        one
        for one in wire.values(written)
        if str(wire.member(one, "Name", "")).lower() not in _FOLLOW
        and says.get(wire.member(one, "Name"), ...) != wire.unboxed(wire.member(one, "Value"))
    ]
    return wire.collection(wire.PROPERTIES, kept)


def joined(shown: wire.Json, kept: wire.Json) -> wire.Json:
    """What a record says, and what was written beside it."""
    written = {wire.member(one, "Name") for one in wire.values(kept)}
    record = [one for one in wire.values(shown) if one["Name"] not in written]
    return wire.collection(wire.PROPERTIES, [*record, *wire.values(kept)])


def full_address(lines: list[str], city: str, state: str, postal: str, country: str) -> str:
    """An address as it is printed, its lines parted as the vendor's samples part them."""
    return "\r".join([*filter(None, lines), f"{city}, {state} {postal}".strip(), country.upper()])
