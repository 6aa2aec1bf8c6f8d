"""`Activity`: what members did and what staff do for them, tasks included."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.columns import Column
from imis_sandbox.rest.entities import Call, SourceEntity
from imis_sandbox.rest.noted import NotedDate, NotedNumber, NotedText, Notes, is_number
from imis_sandbox.rest.records import Records, reference
from imis_sandbox.rest.sources import Maker, Source, constant
from imis_sandbox.rest.zone import Zone, seconds_of
from imis_sandbox.world import catalog, truth
from imis_sandbox.world.catalog import KIND, KINDS, SOURCE_CODES
from imis_sandbox.world.config import DAY

TYPES = {SOURCE_CODES[kind]: kind for kind in catalog.FAMILIES["activities"]}
CONTACT = {"CALL", "LETTER", "RETENTION", "OFFER"}
"""Types that stand for contact by staff: as soon as they are entered without a follow-up date, or completed."""
_DETAILS = (
    "EFFECTIVE_DATE", "THRU_DATE", "OTHER_CODE", "DESCRIPTION", "SOURCE_CODE", "CATEGORY", "ACTION_CODES",
    "TICKLER_DATE", "NOTE", "NOTE_2", "STATUS_CODE", "CAMPAIGN_CODE", "UF_1", "UF_2", "UF_3", "UF_6", "UF_7",
)  # fmt: skip
_NUMBERS = ("QUANTITY", "UNITS", "UF_4", "UF_5")


def noted(name: str, notes: Notes) -> Column:
    """The column of what clients noted under a name."""
    if name in _NUMBERS:
        return NotedNumber(name, notes)
    is_date = name.endswith("_DATE") or name in ("UF_6", "UF_7")
    return NotedDate(name, notes) if is_date else NotedText(name, notes)


_NAMES = {
    "SEQN": "Sequence", "PartyId": "ID", "ACTIVITY_TYPE": "ActivityType", "TRANSACTION_DATE": "TransactionDate",
    "EFFECTIVE_DATE": "EffectiveDate", "THRU_DATE": "ThruDate", "TICKLER_DATE": "ReminderDate", "NOTE_2": "FollowUp",
    "NOTE": "Note", "PRODUCT_CODE": "ProductCode", "OTHER_CODE": "OtherCode", "DESCRIPTION": "Description",
    "SOURCE_CODE": "SourceCode", "SOURCE_SYSTEM": "SourceSystem", "QUANTITY": "Quantity", "AMOUNT": "Amount",
    "CATEGORY": "Category", "UNITS": "Units", "STATUS_CODE": "StatusCode", "CAMPAIGN_CODE": "CampaignCode",
    "ACTION_CODES": "ActionCodes", "UF_1": "UserField1", "UF_2": "UserField2", "UF_3": "UserField3",
    "UF_4": "UserField4", "UF_5": "UserField5", "UF_6": "UserField6", "UF_7": "UserField7",
    "DATE_ENTERED": "DateAdded",
}  # fmt: skip
"""The business object's names of the table's columns."""


class Activity(SourceEntity):
    """The entity `Activity`; a posted row is entered at the association's now.

    Args:
        records: Of people.
        zone: The site's.
    """

    guarded = False

    def __init__(self, records: Records, zone: Zone) -> None:
        self.records, self.zone, self.state = records, zone, records.state
        self._details: Notes = {}
        super().__init__(self._source())

    def _source(self) -> Source:
        log = Maker(self.records, self.zone, lambda: self.state.logs["activities"])
        codes = [SOURCE_CODES[kind] for kind in KINDS]
        columns: list[Column] = [
            log.sequence("SEQN"),
            log.person("PartyId", "who"),
            log.coded("ACTIVITY_TYPE", "kind", lambda: codes),
            log.moment("TRANSACTION_DATE", "at"),
            log.text("PRODUCT_CODE", self._product),
            log.number("AMOUNT", "value"),
            constant("SOURCE_SYSTEM", "SANDBOX"),
            log.moment("DATE_ENTERED", "recorded"),
            *(noted(name, self._details) for name in (*_DETAILS, *_NUMBERS)),
        ]
        rows = lambda: range(len(self.state.logs["activities"]))  # noqa: E731
        return Source("Activity", columns, rows, key=("SEQN",), party="PartyId", aliases={"id": "PartyId"})

    def business_object(self) -> SourceEntity:
        """`CsActivity`: the same rows under the names of the business object."""
        columns = []
        for theirs, name in _NAMES.items():
            column = copy.copy(self.source.need(theirs))
            column.name = name
            columns.append(column)
        rows = lambda: range(len(self.state.logs["activities"]))  # noqa: E731
        return SourceEntity(Source("CsActivity", columns, rows, key=("Sequence",), party="ID"))

    def _product(self, row: int) -> str:
        log = self.state.logs["activities"]
        return self._details.get(row, {}).get("PRODUCT_CODE") or reference(
            self.records, KINDS[int(log["kind"][row])], int(log["ref"][row])
        )

    def create(self, call: Call) -> wire.Json:
        given = self._given(call)
        self._refuse_invalid(given)
        kind = TYPES[str(given["ACTIVITY_TYPE"]).upper()]
        at = self._moment(given.get("TRANSACTION_DATE"))
        amount = given.get("AMOUNT")
        row = int(
            self.state.logs["activities"].append(
                1, who=self.records.row_of(str(given["PARTYID"])), kind=KIND[kind], at=at, recorded=self.state.flushed,
                value=np.nan if amount in (None, "") else float(amount),
            )[0]
        )  # fmt: skip
        self._keep(row, given)
        return self.one(row)

    def update(self, elements: list[str], call: Call) -> wire.Json:
        row = self.row(elements)
        self._keep(row, {name.upper(): value for name, value in wire.properties(call.body).items()})
        return self.one(row)

    def remove(self, elements: list[str], call: Call) -> None:
        raise wire.no_operation(self.name, "Delete")

    def validate(self, call: Call) -> list[tuple[str, str]]:
        return self._errors(self._given(call))

    def metadata(self) -> wire.Json:
        raise wire.no_service("metadata/Activity")

    def _given(self, call: Call) -> dict[str, Any]:
        given = {name.upper(): value for name, value in wire.properties(call.body).items()}
        given.setdefault("PARTYID", given.get("ID") or self._parent(call.body))
        return given

    def _parent(self, body: wire.Json) -> str:
        parent = wire.member(body, "PrimaryParentIdentity") or {}
        return str(next(iter(wire.values(wire.member(parent, "IdentityElements", []))), ""))

    def _refuse_invalid(self, given: dict[str, Any]) -> None:
        errors = self._errors(given)
        if errors:
            raise wire.invalid(*errors)

    def _errors(self, given: dict[str, Any]) -> list[tuple[str, str]]:
        errors = []
        code = str(given.get("ACTIVITY_TYPE") or "").upper()
        if not code:
            errors.append(("ACTIVITY_TYPE", "Activity type is required."))
        elif code not in TYPES:
            errors.append(("ACTIVITY_TYPE", f"Activity type {code} does not exist."))
        errors += [(name, f"{name} could not be read.") for name in _DATES if not _readable(given.get(name))]
        errors += [(name, f"{name} is no number.") for name in ("AMOUNT", *_NUMBERS) if not is_number(given.get(name))]
        if self.records.row_of(str(given.get("PARTYID") or "")) < 0:
            errors.append(("PartyId", "The contact does not exist."))
        return errors

    def _moment(self, text: Any) -> int:
        try:
            return int(self.zone.utc(seconds_of(str(text)))) if text else self.state.flushed
        except ValueError:
            raise wire.invalid(("TRANSACTION_DATE", "The date could not be read.")) from None

    def _keep(self, row: int, given: dict[str, Any]) -> None:
        kept = self._details.setdefault(row, {})
        for name in (*_DETAILS, *_NUMBERS, "PRODUCT_CODE"):
            if name in given:
                kept[name] = given[name]
        log = self.state.logs["activities"]
        if SOURCE_CODES[KINDS[int(log["kind"][row])]] in CONTACT | {"TASK"}:
            self._contact(row, kept)

    def _contact(self, row: int, kept: dict[str, Any]) -> None:
        """Staff reached the member: at once, or when the task is done."""
        log = self.state.logs["activities"]
        done = str(kept.get("STATUS_CODE") or "").upper() in ("C", "COMPLETE", "COMPLETED", "DONE")
        code = SOURCE_CODES[KINDS[int(log["kind"][row])]]
        if done or (code != "TASK" and not kept.get("TICKLER_DATE")):
            strength = truth.LETTER if code == "LETTER" else truth.TALK
            truth.reach(self.state, int(log["who"][row]), self.state.flushed // DAY, strength)


_DATES = ("TRANSACTION_DATE", "EFFECTIVE_DATE", "THRU_DATE", "TICKLER_DATE", "UF_6", "UF_7")


def _readable(text: Any) -> bool:
    try:
        return not text or seconds_of(str(text)) is not None
    except ValueError:
        return False
