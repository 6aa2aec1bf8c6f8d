"""What the service says of people: ids, names, addresses; made from columns on demand and kept."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import numpy as np

from imis_sandbox.world import catalog, names
from imis_sandbox.world.association import Association
from imis_sandbox.world.billing import end_terms
from imis_sandbox.world.catalog import KIND
from imis_sandbox.world.config import DAY, date_of
from imis_sandbox.world.people import company_name
from imis_sandbox.world.state import ACTIVE, FIELDS, MERGED, ORGANIZATION
from imis_sandbox.world.store import Array


class Records:
    """People of an association as iMIS would print them.

    Args:
        association: Whose people they are.
    """

    def __init__(self, association: Association) -> None:
        self.association = association
        self.state = association.state
        self._ids: list[str] = []
        self._rows: dict[str, int] = {}
        self._keys: dict[str, int] = {}
        self._ranks = np.empty(0, np.int64)
        self.given: dict[int, dict[str, str]] = {}
        """What clients wrote of contacts, by row: first, last, name, email, phone, company, title, city, postal."""
        self.texts: list[str] = []
        """Old and new values of what clients changed, as the change log refers to them."""
        self.changed_by: dict[int, str] = {}
        """Who made a change, by its row in the change log; all others are the site's own."""
        self.created_by: dict[int, str] = {}
        self.updated_by: dict[int, tuple[int, str]] = {}
        """Who wrote a contact last, and the second at which."""
        self.written: dict[int, tuple[float, dict[str, Any]]] = {}
        """When clients wrote a contact last, by row, seconds of a clock that only goes forward; and how it stood
        before, nothing for a new one."""
        self.deleted: dict[int, int] = {}
        """Contacts that an administrator deleted, and the second at which."""
        self.logins: dict[int, str] = {}
        """User names that clients made, by row; everybody else's is the email address."""
        self._lowered: dict[str, tuple[tuple[int, int], Array]] = {}
        self._learned = 0
        self._seats: tuple[tuple[int, int], Array] = ((-1, -1), np.empty(0, np.int64))

    @property
    def people(self) -> Any:
        """The columns of people."""
        return self.state.people

    def refresh(self) -> None:
        """Learn the ids of those who joined meanwhile."""
        fresh = np.arange(len(self._ids), len(self.people))
        numbers, styles = self.people["number"][fresh].tolist(), self.people["style"][fresh].tolist()
        for number, style in zip(numbers, styles, strict=True):
            self._ids.append(("{}", "00{}", "AX{}", "C{}")[style].format(number))
            self._rows[self._ids[-1]] = len(self._ids) - 1

    def ids(self) -> list[str]:
        """The ids of all people, by row."""
        if len(self._ids) < len(self.people):
            self.refresh()
        return self._ids

    def ranks(self) -> Array:
        """The place of each person's id in the order of ids, and at the end -1 for nobody."""
        ids = self.ids()
        if len(self._ranks) != len(ids) + 1:
            self._ranks = np.full(len(ids) + 1, -1)
            self._ranks[np.argsort(np.array([text.lower() for text in ids]), kind="stable")] = np.arange(len(ids))
        return self._ranks

    def id_of(self, row: int) -> str:
        """The id of one."""
        return self.ids()[row]

    def row_of(self, identity: str) -> int:
        """The row of an id, -1 when there is none; ids keep their case and zeros."""
        self.ids()
        return self._rows.get(identity.strip(), -1)

    def key_of(self, row: int) -> str:
        """The contact key, a GUID."""
        digest = hashlib.blake2b(f"{self.state.config.seed}/{row}".encode(), digest_size=16).hexdigest()
        return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:]}"

    def row_of_key(self, key: str) -> int:
        """The row of a contact key, -1 when there is none."""
        if len(self._keys) < len(self.people):
            self._keys = {self.key_of(row): row for row in range(len(self.people))}
        return self._keys.get(key.strip().lower(), -1)

    def first_name(self, row: int) -> str:
        """Given name; empty for an organization."""
        if row in self.given and "first" in self.given[row]:
            return self.given[row]["first"]
        people = self.people
        if people["kind"][row] == ORGANIZATION:
            return ""
        pool = names.WOMEN if people["gender"][row] == 1 or (people["gender"][row] != 2 and row % 2) else names.MEN
        return pool[int(people["first"][row]) % len(pool)]

    def last_name(self, row: int) -> str:
        """Family name; empty for an organization."""
        if row in self.given and "last" in self.given[row]:
            return self.given[row]["last"]
        people = self.people
        return "" if people["kind"][row] == ORGANIZATION else names.FAMILY[int(people["last"][row])]

    def full_name(self, row: int) -> str:
        """Name as printed."""
        if self.people["kind"][row] == ORGANIZATION:
            return self.given.get(row, {}).get("name") or company_name(self.state, row)
        return f"{self.first_name(row)} {self.last_name(row)}"

    def sort_name(self, row: int) -> str:
        """Name as sorted."""
        if self.people["kind"][row] == ORGANIZATION:
            return self.full_name(row).upper()
        return f"{self.last_name(row)}, {self.first_name(row)}".upper()

    def learn(self, row: int, **given: object) -> None:
        """Take what a client wrote of a contact."""
        self._learned += 1
        self.given.setdefault(row, {}).update(
            {name: str(value) for name, value in given.items() if value and isinstance(value, (str, int, float))}
        )

    def lowered(self, what: str) -> Array:
        """A name or address of everybody, in lower case: the name of a method here."""
        stamp = (len(self.people), self._learned)
        known = self._lowered.get(what)
        if known is None or known[0] != stamp:
            make = getattr(self, what)
            texts = np.array([make(row).lower() for row in range(len(self.people))], dtype=object)
            known = self._lowered[what] = (stamp, texts)
        return known[1]

    def told(self, row: int) -> dict[str, str]:
        """The texts of a contact whose changes the change log tells, by their names there."""
        return {field: getattr(self, make)(row) for field, make in TOLD.items()}

    def last_writer(self, row: int) -> str:
        """Who changed a contact last."""
        moment, user = self.updated_by.get(row, (-1, ""))
        return user if moment == self.people["updated"][row] else "SYSTEM"

    def title(self, row: int) -> str:
        """What somebody is at their employer."""
        return self.given.get(row, {}).get("title") or names.TITLES[int(self.people["title"][row])]

    def company(self, row: int) -> str:
        """Employer, or the organization's own name."""
        if self.people["kind"][row] == ORGANIZATION:
            return self.full_name(row)
        if row in self.given and "company" in self.given[row]:
            return self.given[row]["company"]
        return self.state.employers[int(self.people["employer"][row])]

    def email(self, row: int) -> str:
        """Address at a reserved domain."""
        if row in self.given and "email" in self.given[row]:
            return self.given[row]["email"]
        number = int(self.people["number"][row])
        if self.people["kind"][row] == ORGANIZATION:
            return f"office.{number}@example.org"
        return f"{self.first_name(row)}.{self.last_name(row)}.{number}@example.org".lower()

    def user_name(self, row: int) -> str:
        """What a contact signs in with."""
        return self.logins.get(row) or self.email(row)

    def learn_login(self, row: int, name: str) -> None:
        """Take the user name that a client made for a contact."""
        self.logins[row] = name
        self._learned += 1

    def phone(self, row: int) -> str:
        """Number from the range kept for fiction."""
        if row in self.given and "phone" in self.given[row]:
            return self.given[row]["phone"]
        number = int(self.people["number"][row])
        return f"({200 + number % 700}) 555-{100 + number % 100:04d}"

    def is_member(self, rows: Array) -> Array:
        """Whose record says today that they are a member, organizations' people included."""
        return np.asarray(self.people["type"][rows] != _FORMER)

    def is_gone(self, rows: Array) -> Array:
        """Whose record was deleted, or merged into another and the office knows it."""
        merged = (self.people["status"][rows] == MERGED) & (self.people["type"][rows] == _FORMER)
        return np.asarray(merged | np.isin(rows, list(self.deleted))) if self.deleted else np.asarray(merged)

    def undeleted(self) -> range | Array:
        """The rows of the contacts that no administrator deleted; what merged of itself is among them."""
        rows = range(len(self.people))
        return rows if not self.deleted else np.setdiff1d(rows, list(self.deleted))

    def there(self) -> Array:
        """The rows of the contacts that are not gone."""
        rows = np.arange(len(self.people))
        return rows[~self.is_gone(rows)]

    def delete(self, row: int) -> None:
        """Take a contact out; a running term ends as in a merger, which is nobody's decision to lapse."""
        state = self.state
        self.deleted[row] = state.flushed
        if state.people["status"][row] == ACTIVE:
            if state.people["term"][row] >= 0:
                end_terms(state, np.array([row]), np.array([state.today]), "merged", np.array([state.flushed]))
            state.people["status"][row] = MERGED

    def seated_since(self, rows: Array) -> Array:
        """The day on which each took their seat on a committee; that of joining if it was long ago."""
        log = self.state.logs["activities"]
        if self._seats[0] != (len(log), len(self.people)):
            taken = np.flatnonzero(log["kind"] == KIND["committee_joined"])
            since = self.people["join"].astype(np.int64)
            since[log["who"][taken]] = log["at"][taken].astype(np.int64) // DAY
            self._seats = ((len(log), len(self.people)), since)
        return self._seats[1][rows]

    def city(self, row: int) -> str:
        """Where the address is."""
        if "city" in self.given.get(row, {}):
            return self.given[row]["city"]
        return names.PLACES[int(self.people["number"][row]) % len(names.PLACES)].replace("-", " ")

    def postal_code(self, row: int) -> str:
        """Of the address."""
        return self.given.get(row, {}).get("postal") or f"{10_000 + row % 80_000}"

    def term(self, column: str, rows: Array) -> Array:
        """What the term that was entered last says of each payer."""
        return np.asarray(self.state.versions[column][np.maximum(self.people["version"][rows], 0)])

    def paid_through(self, rows: Array) -> Array:
        """Paid-through day as entered; for an organization's person that of the organization."""
        owner = self.people["org"][rows]
        payer = np.where(owner >= 0, owner, rows)
        return np.where(self.people["version"][payer] >= 0, self.term("ends", payer), -1)

    def payers(self) -> Array:
        """Who has a term that the office has entered."""
        return np.flatnonzero(self.people["version"] >= 0)


_FORMER = catalog.TYPE["NM"]
TOLD = {
    "FirstName": "first_name", "LastName": "last_name", "Company": "company", "Title": "title", "Email": "email",
    "WorkPhone": "phone", "City": "city", "Zip": "postal_code",
}  # fmt: skip
"""Texts that clients change, by their names in the change log, and what makes them here."""
LOGGED = (*FIELDS, *TOLD)
DOCUMENT_IDS = [f"DOC-{number:03d}" for number in range(catalog.DOCUMENTS)]
PAGES = [f"/page/{number}" for number in range(60)]


def reference(records: Records, kind: str, code: int) -> str:
    """What a row of activity is about: event, document, committee, campaign, invoice or ticket."""
    if code < 0:
        return ""
    if kind.startswith(("event_", "session_")):
        return records.state.events[code].code
    if kind.startswith("email_"):
        return f"CMP-{code:04d}"
    if kind.startswith("committee_"):
        return f"COMMITTEE/{catalog.COMMITTEES[code]}"
    if kind in ("learning_started", "learning_completed", "volunteer_assigned", "volunteer_completed"):
        return catalog.COURSES[code] if kind.startswith("learning") else f"VOL-{code:02d}"
    if kind == "resource_download":
        return DOCUMENT_IDS[code]
    if kind == "page_view":
        return PAGES[code]
    return f"TKT-{code:06d}" if kind.startswith("ticket") else f"INV-{code:07d}"


def changed_value(records: Records, number: int, code: int) -> str:
    """A value in the change log, as text; *number* is the field's among `LOGGED`."""
    state, field = records.state, LOGGED[number]
    if number >= len(FIELDS):
        return records.texts[code]
    if field == "MemberType":
        return catalog.TYPES[code].code
    if field == "Chapter":
        return state.chapters[code]
    if field == "Company":
        return state.employers[code]
    if field == "FunctionalTitle":
        return names.TITLES[code]
    if field == "StateProvince":
        return names.STATES[code]
    if field == "CompanyID":
        return records.id_of(code) if code >= 0 else ""
    if field == "DeceasedOn":
        return dt.date.isoformat(date_of(code)) if code >= 0 else ""
    if field == "EmailAllowed":
        return "True" if code else "False"
    return f"{code / 100:.2f}"
