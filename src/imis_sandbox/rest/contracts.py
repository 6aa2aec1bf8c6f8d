"""Rows of the world in the members that the vendor's contracts have, beside the columns that lists filter by."""

from __future__ import annotations

from typing import Any

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.records import Records
from imis_sandbox.rest.zone import text_of
from imis_sandbox.world import names
from imis_sandbox.world.config import DAY
from imis_sandbox.world.state import ORGANIZATION

CERTIFICATION = "Asi.Soa.Certification.DataContracts"
EVENT_TYPES = {"Delivered": 2, "Bounce": 4, "Open": 5, "Click": 6, "Unsubscribe": 8}
"""Numbers of the vendor's types of events of a message."""
_COLUMNS = {
    "MemberType": "Name.MEMBER_TYPE", "Chapter": "Name.CHAPTER", "Company": "Name.COMPANY",
    "FunctionalTitle": "Name.FUNCTIONAL_TITLE", "CompanyID": "Name.CO_ID", "StateProvince": "Name.STATE_PROVINCE",
    "FirstName": "Name.FIRST_NAME", "LastName": "Name.LAST_NAME", "Title": "Name.TITLE", "Email": "Name.EMAIL",
    "WorkPhone": "Name.WORK_PHONE", "City": "Name.CITY", "Zip": "Name.ZIP",
}  # fmt: skip
"""The columns of `Name` that a change of a contact is of, by what the change log calls them."""
MEMBERSHIP_RENEWAL, PROCESSED, CREDIT_CARD, FOR_MEMBERSHIP, PROCESSING_COMPLETE = 9, 3, 1, 1, 3
"""Numbers in the vendor's contracts: purpose of an invoice, status of a payment, type of an account and of an
instruction to pay, status of a message."""


def monetary(value: float) -> wire.Json:
    """A monetary amount in dollars."""
    currency = {"$type": wire.type_name(wire.CORE, "CurrencyData"), "CurrencyCode": "USD", "DecimalPositions": 2}
    kind = wire.type_name(wire.CORE, "MonetaryAmountData")
    return {"$type": kind, "Amount": value, "Currency": currency, "IsAmountDefined": True}


def updated(created: str | None, changed: str | None = None) -> wire.Json:
    """`UpdateInformation` of something that the site made."""
    info = {"CreatedBy": "SYSTEM", "CreatedOn": created, "UpdatedBy": "SYSTEM", "UpdatedOn": changed or created}
    kind = wire.type_name(wire.CORE, "EntityUpdateInformationData")
    return {"$type": kind, **{name: value for name, value in info.items() if value is not None}}


def status() -> wire.Json:
    """The status of a contact who is not gone."""
    kind = wire.type_name(wire.MEMBERSHIP, "PartyStatusData")
    return {"$type": kind, "PartyStatusId": "A", "Name": "Active", "Description": "Active"}


class References:
    """Contacts as other contracts refer to them.

    Args:
        records: Of people.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self._stamp, self._events = (-1, -1), dict[str, wire.Json]()

    def event(self, code: str) -> wire.Json:
        """An event: the members of `EventSummaryData`."""
        state = self._records.state
        if self._stamp != (state.today, len(state.events)):
            self._stamp = (state.today, len(state.events))
            self._events = {event.code: event_summary(event, state.today) for event in state.events}
        return self._events[code]

    def reference(self, party: str, kind: str = "PartyReferenceData") -> wire.Json:
        """Who it is: the members of `PartyReferenceData`; the bare id where nobody has it."""
        records, row = self._records, self._records.row_of(party)
        named = {"$type": wire.type_name(wire.MEMBERSHIP, kind), "PartyId": party, "Id": party}
        if row < 0:
            return named
        return {
            **named, "UniformId": records.key_of(row), "Status": status(), "Name": records.full_name(row),
            "Sort": records.sort_name(row), "IsMarkedForDelete": False,
        }  # fmt: skip

    def summary(self, party: str) -> wire.Json:
        """Who it is and where: the members of `PartySummaryData`."""
        records, row = self._records, self._records.row_of(party)
        found = self.reference(party, "PartySummaryData")
        if row < 0:
            return found
        people = records.people
        where = {
            "CityName": records.city(row), "CountryName": names.COUNTRIES[int(people["country"][row])],
            "CountrySubEntityName": names.STATES[int(people["state"][row])], "Email": records.email(row),
            "Phone": records.phone(row),
        }  # fmt: skip
        organization = {"IsOrganization": True} if people["kind"][row] == ORGANIZATION else {}
        return {**found, **where, **organization}

    def invoice(self, data: wire.Json) -> wire.Json:
        """`InvoiceSummaryData`: money as amounts, contacts as summaries."""
        whole, owed = data["InvoiceAmount"], data["Balance"]
        found = {
            **data, "InvoiceNumber": data["InvoiceId"], "BillToParty": self.summary(data["BillToPartyId"]),
            "SoldToParty": self.summary(data["SoldToPartyId"]), "InvoicePurpose": MEMBERSHIP_RENEWAL,
            "InvoiceAmount": monetary(whole), "OriginalInvoiceAmount": monetary(whole),
            "PaymentAmount": monetary(round(whole - owed, 2)), "Balance": monetary(owed),
        }  # fmt: skip
        if "SummaryData" in data["$type"]:
            return found
        return {**found, "Lines": wire.collection(wire.type_name(wire.COMMERCE, "InvoiceLineDataCollection"), [])}

    def payment(self, data: wire.Json) -> wire.Json:
        """`PaymentSummaryData`."""
        return {
            **data, "PayorParty": self.summary(data["PayorPartyId"]), "PaymentDate": data["TransactionDate"],
            "Amount": monetary(data["Amount"]), "Status": PROCESSED, "PaymentMethodId": "VISA", "CurrencyCode": "USD",
        }  # fmt: skip

    def receipt(self, data: wire.Json) -> wire.Json:
        """`ReceiptData`: one for each payment."""
        number = {"ReceiptId": data["PaymentId"], "ReceiptNumber": data["PaymentId"]}
        paid = {"IssuedToPartyId": data["PayorPartyId"], "IssuedOn": data["TransactionDate"], "ReceiptStatus": 3}
        return {**data, **number, **paid, "Amount": monetary(data["Amount"])}

    def recipient(self, data: wire.Json) -> wire.Json:
        """`CommunicationLogRecipientData`."""
        row, log = self._records.row_of(data["ContactId"]), "CommunicationLogSummaryData"
        return {
            **data, "Party": self.reference(data["ContactId"]), "Address": self._records.email(row),
            "CommunicationLog": {
                "$type": wire.type_name(wire.COMMUNICATIONS, log), "CommunicationLogId": data["CommunicationLogId"],
            },
            "UpdateInformation": updated(data["CreatedOn"]),
        }  # fmt: skip

    def account(self, data: wire.Json) -> wire.Json:
        """`AutoPayAccountData`: a card on file."""
        payer = {
            "PayerId": data["PartyId"],
            "PayerName": self._records.full_name(self._records.row_of(data["PartyId"])),
        }
        return {
            **data, "Status": "A", "PaymentTokenExpirationDate": data.get("ExpirationDate"),
            "PaymentMethodSummary": f"{data['PaymentMethodId']} *{data['Last4']}", "AccountType": CREDIT_CARD,
            "Payer": {"$type": wire.type_name(wire.COMMERCE, "AccountPayerInformationData"), **payer},
        }  # fmt: skip

    def instruction(self, data: wire.Json) -> wire.Json:
        """`AutoPayInstructionData`: to pay the dues each year."""
        return {
            **data, "InstructionId": data["AutoPayInstructionId"], "InstructionType": FOR_MEMBERSHIP, "Status": "A",
            "Customer": self.reference(data["PartyId"]), "AutoPayAccountId": data["AutoPayInstructionId"],
        }  # fmt: skip

    def user(self, data: wire.Json) -> wire.Json:
        """`UserData`."""
        return {**data, "Party": self.summary(data["UserId"])}

    def learner(self, data: wire.Json) -> wire.Json:
        """`CertificationProgramRegistrationData`; its status as a number."""
        program = {"CertificationProgramId": data["CertificationProgramId"]}
        kind = wire.type_name(CERTIFICATION, "CertificationProgramSummaryData")
        done = data["RegistrationStatusCode"] == "C"
        return {
            **data, "Party": self.reference(data["PartyId"]), "Program": {"$type": kind, **program},
            "Status": 2 if done else 4,
        }  # fmt: skip

    def registration(self, data: wire.Json) -> wire.Json:
        """`EventRegistrationSummaryData`, and the functions where the contract is the whole one."""
        found = {
            **data, "Registrant": self.summary(data["PartyId"]), "Event": self.event(data["EventId"]),
            "RegisteredByPartyId": data["PartyId"], "BillToPartyId": data["PartyId"],
        }  # fmt: skip
        if "SummaryData" in data["$type"]:
            return found
        kind = wire.type_name(wire.EVENTS, "EventFunctionRegistrationData")
        entry = {"$type": kind, "EventFunction": function_of(data["EventId"], "Registration")}
        whole = wire.type_name(wire.EVENTS, "EventFunctionRegistrationDataCollection")
        return {**found, "Functions": wire.collection(whole, [entry])}


def sent(data: wire.Json) -> wire.Json:
    """`CommunicationLogEventData`: what became of a message."""
    return {
        **data, "CommunicationLogEventId": str(data["CommunicationLogEventKey"]),
        "EventType": EVENT_TYPES.get(data["EventTypeCode"], 0), "UpdateInformation": updated(data["CreatedOn"]),
    }  # fmt: skip


def event_summary(event: Any, today: int) -> wire.Json:
    """`EventSummaryData`; every event is from three to six in the afternoon."""
    begins, ends = text_of(np.array([event.day * DAY + 54_000, event.day * DAY + 64_800]))
    category = {"$type": wire.type_name(wire.EVENTS, "EventCategoryData"), "EventCategoryId": event.kind}
    return {
        "$type": wire.type_name(wire.EVENTS, "EventSummaryData"), "EventId": event.code, "EventCode": event.code,
        "Name": event.title, "Description": "", "Category": {**category, "Name": event.kind},
        "Status": "A" if event.day >= today else "C", "StartDateTime": begins, "EndDateTime": ends,
        "AdditionalAttributes": wire.collection(wire.PROPERTIES, []),
    }  # fmt: skip


def function_of(code: str, title: str, begins: str | None = None, ends: str | None = None) -> wire.Json:
    """The one function that an event has, which is also its registration option."""
    times = {"StartDateTime": begins, "EndDateTime": ends} if begins else {}
    category = {"$type": wire.type_name(wire.EVENTS, "EventFunctionCategoryData"), "EventFunctionCategoryId": "REG"}
    return {
        "$type": wire.type_name(wire.EVENTS, "EventFunctionData"), "EventFunctionId": f"{code}/MAIN",
        "EventFunctionCode": "MAIN", "EventId": code, "Name": title, "IsEventRegistrationOption": True,
        "Category": {**category, "Name": "REG"}, **times,
    }  # fmt: skip


def change(party: str, moment: str, entry: wire.Json, user: str) -> wire.Json:
    """The members of `ChangeLogData` for one change of a contact."""
    column = _COLUMNS.get(entry["PropertyName"], f"Name_Demo.{entry['PropertyName']}")
    told = {"PropertyName": column, "OriginalValue": entry["OriginalValue"]}
    one = {"$type": wire.type_name(wire.CORE, "ChangePropertyData"), **told, "NewValue": entry["CurrentValue"]}
    return {
        "ActionType": 1, "ChangeDate": moment, "ChangedByUserId": user, "Description": entry["PropertyName"],
        "Identity": wire.identity("Party", [party]),
        "Changes": wire.collection(wire.type_name(wire.CORE, "ChangePropertyDataCollection"), [one]),
    }  # fmt: skip
