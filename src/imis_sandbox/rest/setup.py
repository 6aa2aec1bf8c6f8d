"""Entities about the site itself: queries, users, the change log, messages sent."""

from __future__ import annotations

import uuid
from typing import Any

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.columns import Column, Numbered
from imis_sandbox.rest.contracts import PROCESSING_COMPLETE, References, updated
from imis_sandbox.rest.entities import Call, Tabled
from imis_sandbox.rest.ledger import typed
from imis_sandbox.rest.listed import Listed, Shelf
from imis_sandbox.rest.objects import change_data
from imis_sandbox.rest.records import LOGGED, Records, reference
from imis_sandbox.rest.sources import Maker, Source, constant
from imis_sandbox.rest.zone import Zone, text_of
from imis_sandbox.world import truth
from imis_sandbox.world.catalog import KIND
from imis_sandbox.world.config import DAY
from imis_sandbox.world.state import ORGANIZATION
from imis_sandbox.world.store import Array

_MEMBERSHIP_MAIL = {
    "$type": wire.type_name(wire.COMMUNICATIONS, "CommunicationTypeSummaryData"), "CommunicationTypeId": "Membership",
    "ReasonCode": "MEMBERSHIP", "CommunicationTypeDisplay": "Membership",
}  # fmt: skip


class User(Tabled):
    """`User`: logins of contacts.

    Args:
        records: Of people.
        zone: The site's.
    """

    def __init__(self, records: Records, zone: Zone) -> None:
        self._records = records
        people = Maker(records, zone, lambda: records.state.people)
        columns = [
            people.person("UserId", None), people.kept("UserName", "user_name"),
            people.moment("LastLoginDate", "login"),
        ]  # fmt: skip
        rows = lambda: np.flatnonzero(records.people["kind"] != ORGANIZATION)  # noqa: E731
        source = Source("User", columns, rows, key=("UserId",), aliases={"partyid": "UserId"})
        kind = wire.type_name(wire.MEMBERSHIP, "UserData")
        shape = References(records).user
        super().__init__(source, kind, lambda chosen: [shape(one) for one in typed(kind, source, chosen)])

    def execute(self, operation: str, arguments: list[Any], call: Call) -> Any:
        """FindByUserName."""
        if operation.lower() != "findbyusername" or not arguments:
            return super().execute(operation, arguments, call)
        party = self.party_of(str(arguments[0]))
        return self.get([party], call) if party else None

    def create(self, call: Call) -> wire.Json:
        whose = wire.member(wire.member(call.body, "Party") or {}, "PartyId", "")
        party = str(wire.member(call.body, "UserId", "") or whose)
        name = str(wire.member(call.body, "UserName", ""))
        row = self._records.row_of(party)
        if row < 0:
            raise wire.invalid(("UserId", "The contact does not exist."))
        taken = row in self._records.logins or bool(np.any(self._records.lowered("user_name") == name.lower()))
        if not name or taken:
            raise wire.Refusal(400, "DuplicateProviderUserKey")
        self._records.learn_login(row, name)
        return self.one(row)

    def party_of(self, name: str) -> str | None:
        """The contact whose login has that name, in any case."""
        rows = np.flatnonzero(self._records.lowered("user_name") == name.lower())
        rows = rows[self._records.people["kind"][rows] != ORGANIZATION]
        return self._records.id_of(int(rows[0])) if len(rows) else None


class ChangeLog(Tabled):
    """`ChangeLog`: what changed on contacts, in the order of entry.

    Args:
        records: Of people.
        zone: The site's.
    """

    def __init__(self, records: Records, zone: Zone) -> None:
        changes = Maker(records, zone, lambda: records.state.changes)
        columns: list[Column] = [
            Numbered("ChangeLogId"), changes.moment("CreatedOn", "recorded"), constant("EntityTypeName", "Party"),
            changes.person("PartyId", "who"),
            changes.text("UserId", lambda row: records.changed_by.get(row, "SYSTEM")),
            changes.coded("PropertyName", "field", lambda: LOGGED),
        ]  # fmt: skip
        aliases = {
            "identityentitytypename": "EntityTypeName", "changedate": "CreatedOn", "changedbyuserid": "UserId",
        }  # fmt: skip
        rows = lambda: range(len(records.state.changes))  # noqa: E731
        source = Source("ChangeLog", columns, rows, key=("ChangeLogId",), aliases=aliases)

        def build(rows: Array) -> list[wire.Json]:
            return [change_data(records, zone, row) for row in rows.tolist()]

        super().__init__(source, wire.type_name(wire.CORE, "ChangeLogData"), build)


class CommunicationLog(Listed):
    """`CommunicationLog` and its summary: campaigns, and messages noted by POST, each of which is contact by staff.

    Args:
        name: Which of the two.
        records: Of people.
        zone: The site's.
        sent: What was posted; shared by the two, as is the next.
        edits: What was put, by id.
    """

    guarded = False
    aliases = {"contactid": "PartyId"}  # noqa: RUF012 - never changed

    def __init__(
        self, name: str, records: Records, zone: Zone, sent: list[wire.Json], edits: dict[str, wire.Json]
    ) -> None:
        super().__init__(name, "CommunicationLogId", self._entries, wire.COMMUNICATIONS)
        self._records, self._zone, self._sent = records, zone, sent
        self._campaigns: list[wire.Json] = []
        self._read = 0
        self._edits = edits

    def _entries(self) -> list[wire.Json]:
        every = [*self._sent_campaigns(), *self._sent]
        return [{**entry, **self._edits.get(entry["CommunicationLogId"], {})} for entry in every]

    def _sent_campaigns(self) -> list[wire.Json]:
        """A campaign for each reference in the log of messages, by when it first went out."""
        log = self._records.state.logs["email"]
        fresh = np.arange(self._read, len(log))
        self._read = len(log)
        rows = fresh[log["kind"][fresh] == KIND["email_sent"]]
        refs, first = np.unique(log["ref"][rows], return_index=True)
        known = {entry["CommunicationLogId"] for entry in self._campaigns}
        for ref, row in zip(refs.tolist(), rows[first].tolist(), strict=True):
            key = reference(self._records, "email_sent", ref)
            if key not in known:
                self._campaigns.append(self._entry(key, f"Campaign {ref}", int(log["at"][row])))
        return self._campaigns

    def _entry(self, key: str, subject: str, second: int, party: str | None = None) -> wire.Json:
        created = text_of(self._zone.local(np.array([second])))[0]
        return {
            "$type": self.kind, "CommunicationLogId": key, "Status": PROCESSING_COMPLETE, "Subject": subject,
            "SourceProcess": "Communication", "CommunicationType": _MEMBERSHIP_MAIL,
            "UpdateInformation": updated(created), "CommunicationTypeId": "Membership", "CreatedOn": created,
            **({"PartyId": party} if party else {}),
        }  # fmt: skip

    def update(self, elements: list[str], call: Call) -> wire.Json:
        if self.name != "CommunicationLog":
            raise wire.no_operation(self.name, "Update")
        before = self.get(elements, call)
        given = {name: value for name, value in call.body.items() if name not in ("$type", "CommunicationLogId")}
        self._edits.setdefault(before["CommunicationLogId"], {}).update(given)
        return {**before, **given}

    def create(self, call: Call) -> wire.Json:
        if self.name != "CommunicationLog":
            raise wire.no_operation(self.name, "Add")
        party = str(wire.member(call.body, "PartyId", "") or wire.member(call.body, "ContactId", ""))
        row = self._records.row_of(party)
        if row < 0:
            raise wire.invalid(("PartyId", "The contact does not exist."))
        state = self._records.state
        truth.reach(state, row, state.flushed // DAY, truth.LETTER)
        subject = str(wire.member(call.body, "Subject", ""))
        entry = self._entry(str(uuid.uuid4()), subject, state.flushed, party)
        self._sent.append(entry)
        return entry


class Message(Shelf):
    """`Message`: POST sends an email, which is contact by staff with each contact among its recipients.

    Args:
        records: Of people.
    """

    guarded = False

    def __init__(self, records: Records) -> None:
        super().__init__("Message", "C", wire.COMMUNICATIONS)
        self._records = records

    def create(self, call: Call) -> wire.Json:
        made = super().create(call)
        sent = {text.lower() for part in ("To", "Cc", "Bcc") for text in _addresses(wire.member(call.body, part))}
        rows = np.flatnonzero(np.isin(self._records.lowered("email").astype(str), sorted(sent)))
        truth.reach(self._records.state, rows, self._records.state.flushed // DAY, truth.LETTER)
        return made


def _addresses(data: Any) -> list[str]:
    """Every text with an @ in it, however deep."""
    if isinstance(data, str):
        return [data] if "@" in data else []
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else []
    return [text for value in inner for text in _addresses(value)]
