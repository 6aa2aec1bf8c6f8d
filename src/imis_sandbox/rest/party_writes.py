"""What a contact's record, and with it every other entity, learns when a client writes the contact; and the change log.

What the association has columns for goes there, so that it goes on living from what was written; names and addresses
are kept beside. The rest stays with `Party`, which shows it as it was written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.party_shape import day_of, gender
from imis_sandbox.rest.queries import GENDERS
from imis_sandbox.rest.records import Records
from imis_sandbox.world import catalog, names
from imis_sandbox.world.billing import end_terms
from imis_sandbox.world.config import day_number
from imis_sandbox.world.state import ACTIVE, FIELDS, LAPSED

_FORMER = catalog.TYPE["NM"]


def learn(records: Records, row: int, body: wire.Json, user: str = "") -> None:
    """Take what a client wrote of a contact.

    Args:
        records: Whose.
        row: The contact's.
        body: As it was sent.
        user: In whose name the change log notes texts; empty for a new contact, whose texts are no changes.
    """
    before = records.told(row)
    _texts(records, row, body)
    if user:
        _note(records, row, before, user)
    first = len(records.state.changes)
    _columns(records, row, body)
    writer = user or records.created_by[row]
    records.changed_by.update(dict.fromkeys(range(first, len(records.state.changes)), writer))


def _texts(records: Records, row: int, body: wire.Json) -> None:
    name, employer = (wire.member(body, part) or {} for part in ("PersonName", "PrimaryOrganization"))
    emails, phones = (wire.values(wire.member(body, part, [])) for part in ("Emails", "Phones"))
    address = _address(body)
    records.learn(
        row,
        first=wire.member(name, "FirstName"),
        last=wire.member(name, "LastName"),
        name=wire.member(body, "OrganizationName") or wire.member(body, "Name"),
        email=wire.member(emails[0], "Address") if emails else wire.member(body, "Email"),
        phone=wire.member(phones[0], "Number") if phones else None,
        company=_other(wire.member(employer, "Name"), records.company(row)),
        title=_other(wire.member(employer, "Title"), records.title(row)),
        city=wire.member(address, "CityName"),
        postal=wire.member(address, "PostalCode"),
    )


def _other(written: object, said: str) -> Any:
    """What was written, unless the record says it anyway: employers and titles go on changing."""
    return None if written == said else written


def _address(body: wire.Json) -> wire.Json:
    listed = wire.values(wire.member(body, "Addresses", []))
    return (wire.member(listed[0], "Address") or {}) if listed and isinstance(listed[0], dict) else {}


def _note(records: Records, row: int, before: dict[str, str], user: str) -> None:
    """Enter each text that is another one now."""
    changes = records.state.changes
    for place, (field, now) in enumerate(records.told(row).items()):
        if now != before[field]:
            old, new = len(records.texts), len(records.texts) + 1
            records.texts += [before[field], now]
            [entry] = changes.append(
                1, recorded=records.state.flushed, who=row, field=len(FIELDS) + place, old=old, new=new
            )
            records.changed_by[int(entry)] = user


def _columns(records: Records, row: int, body: wire.Json) -> None:
    state, people, address = records.state, records.people, _address(body)
    born = day_of(wire.member(body, "BirthDate"))
    if born is not None:
        people["birth"][row] = day_number(born)
    code = _place(wire.member(gender(wire.member(body, "Gender") or ""), "Code") or None, GENDERS)
    if code is not None:
        people["gender"][row] = code
    country = _place(wire.member(address, "CountryCode"), names.COUNTRY_CODES)
    if country is None:
        country = _place(wire.member(address, "CountryName"), names.COUNTRIES)
    if country is not None:
        people["country"][row] = country
    where = _place(wire.member(address, "CountrySubEntityCode"), names.STATES)
    if where is not None and where != people["state"][row]:
        state.overwrite("StateProvince", row, where)
    _attributes(records, row, body)


def _place(text: object, among: Sequence[str]) -> int | None:
    return list(among).index(str(text)) if text in among else None


def _attributes(records: Records, row: int, body: wire.Json) -> None:
    listed = wire.values(wire.member(body, "AdditionalAttributes", []))
    given = {str(wire.member(one, "Name", "")).lower(): wire.member(one, "Value") for one in listed}
    joined = day_of(given.get("joindate"))
    if joined is not None:
        records.people["join"][row] = day_number(joined)
    code = catalog.TYPE.get(str(given.get("customertypecode")))
    if code is not None and code != records.people["type"][row]:
        _become(records, row, code)


def _become(records: Records, row: int, code: int) -> None:
    """Another member type; who is made a non-member has resigned today."""
    state, people = records.state, records.people
    if code == _FORMER and people["status"][row] == ACTIVE:
        if people["term"][row] >= 0:
            end_terms(state, np.array([row]), np.array([state.today]), "resigned", np.array([state.flushed]))
        people["status"][row] = LAPSED
    state.overwrite("MemberType", row, code)
