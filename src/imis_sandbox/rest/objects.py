"""The business objects (`Cs*` and the like) as sources."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.accounts import Account, Accounts
from imis_sandbox.rest.columns import Coded, Column, Day, Flag, Moment, Number, Text, Whole
from imis_sandbox.rest.contracts import change
from imis_sandbox.rest.queries import GENDERS
from imis_sandbox.rest.records import LOGGED, Records, changed_value
from imis_sandbox.rest.sources import Maker, Source, constant
from imis_sandbox.rest.zone import Zone, text_of
from imis_sandbox.world import catalog, names
from imis_sandbox.world.config import DAY
from imis_sandbox.world.state import NEVER, ORGANIZATION
from imis_sandbox.world.store import Array

TYPE_CODES = [kind.code for kind in catalog.TYPES]
_FORMER = catalog.TYPE["NM"]
_NAME = {
    "ID": "ID", "MemberType": "MEMBER_TYPE", "Category": "CATEGORY", "Status": "STATUS", "MajorKey": "MAJOR_KEY",
    "CompanyId": "CO_ID", "BillToID": "BT_ID", "FullName": "FULL_NAME", "FirstName": "FIRST_NAME",
    "LastName": "LAST_NAME", "Title": "TITLE", "Company": "COMPANY", "FunctionalTitle": "FUNCTIONAL_TITLE",
    "Email": "EMAIL", "WorkPhone": "WORK_PHONE", "City": "CITY", "StateProvince": "STATE_PROVINCE", "Zip": "ZIP",
    "Country": "COUNTRY", "Gender": "GENDER", "BirthDate": "BIRTH_DATE", "Chapter": "CHAPTER",
    "IsMember": "MEMBER_RECORD", "IsCompany": "COMPANY_RECORD", "JoinDate": "JOIN_DATE", "PaidThrough": "PAID_THRU",
    "SourceCode": "SOURCE_CODE", "MemberStatus": "MEMBER_STATUS", "MemberStatusDate": "MEMBER_STATUS_DATE",
    "PreviousMemberType": "PREVIOUS_MT", "MemberTypeChangeDate": "MT_CHANGE_DATE",
    "CompanyMemberType": "CO_MEMBER_TYPE", "ExcludeMail": "EXCLUDE_MAIL", "ExcludeDirectory": "EXCLUDE_DIRECTORY",
    "DateAdded": "DATE_ADDED", "LastUpdated": "LAST_UPDATED", "UpdatedBy": "UPDATED_BY",
}  # fmt: skip
"""Columns of `CsContact` by their names in the table `Name`."""


class Objects:
    """Makes the sources of business objects.

    Args:
        records: Of people.
        zone: The site's.
    """

    def __init__(self, records: Records, zone: Zone) -> None:
        self.records, self.zone, self.state = records, zone, records.state
        self.people = Maker(records, zone, lambda: self.state.people)

    def contacts(self) -> Source:
        """`CsContact`: what each contact's record says today."""
        return Source(
            "CsContact", self._contact_columns(), self.records.there, key=("ID",), party="ID",
            aliases={"partyid": "ID"},
        )  # fmt: skip

    def contacts_by_key(self) -> Source:
        """`NetContact`: the same by contact key."""
        key = self.people.text("ContactKey", self.records.key_of)
        columns = [key, *self._contact_columns()]
        return Source("NetContact", columns, self.records.there, key=("ContactKey",), party="ID")

    def basic_contacts(self) -> Source:
        """`CsContactBasic`: the most asked for columns of `CsContact`."""
        wanted = {
            "ID", "FirstName", "LastName", "FullName", "Company", "CompanyId", "IsCompany", "IsMember", "Email",
            "MemberType", "MajorKey", "Status", "LastUpdated",
        }  # fmt: skip
        columns = [column for column in self._contact_columns() if column.name in wanted]
        return Source("CsContactBasic", columns, self.records.there, key=("ID",), party="ID")

    def names(self) -> Source:
        """`Name`: the same by the columns of the database."""
        columns = [column for column in self._contact_columns() if column.name in _NAME]
        for column in columns:
            column.name = _NAME[column.name]
        return Source("Name", columns, self.records.there, key=("ID",), party="ID")

    def _contact_columns(self) -> list[Column]:
        people, records, state = self.people, self.records, self.state
        company = Flag("IsCompany", lambda rows: state.people["kind"][rows] == ORGANIZATION)
        member = Flag("IsMember", records.is_member)
        previous = Coded("PreviousMemberType", self._previous, lambda: TYPE_CODES)
        return [
            people.person("ID", None), people.kept("FirstName", "first_name"),
            people.kept("LastName", "last_name"), people.kept("FullName", "full_name"),
            people.text("Company", records.company), people.person("CompanyId", "org"), company, member,
            people.coded("MemberType", "type", lambda: TYPE_CODES), previous,
            people.day("MemberTypeChangeDate", "type_changed"), Text("MemberStatus", self._mini_status),
            people.day("MemberStatusDate", "type_changed"),
            Coded("CompanyMemberType", self._of_company, lambda: TYPE_CODES),
            constant("Status", "A"), constant("Category", ""),
            people.coded("Chapter", "chapter", lambda: state.chapters), people.day("JoinDate", "join"),
            Day("PaidThrough", records.paid_through), Day("RenewedThru", records.paid_through),
            Whole("RenewMonths", lambda rows: np.full(len(rows), 12)), people.person("BillToID", None),
            people.day("BirthDate", "birth"), people.coded("Gender", "gender", lambda: GENDERS),
            people.text("City", records.city), people.text("Zip", records.postal_code),
            people.coded("StateProvince", "state", lambda: names.STATES),
            people.coded("Country", "country", lambda: names.COUNTRIES), people.kept("Email", "email"),
            people.text("WorkPhone", records.phone), people.coded("FunctionalTitle", "title", lambda: names.TITLES),
            people.text("Title", records.title),
            people.text("MajorKey", records.id_of), constant("SourceCode", ""),
            Flag("ExcludeMail", lambda rows: state.people["email_ok"][rows] == 0),
            Flag("ExcludeDirectory", lambda rows: state.people["objects"][rows] == 1),
            people.moment("DateAdded", "created"), people.moment("LastUpdated", "updated"),
            people.text("UpdatedBy", records.last_writer),
        ]  # fmt: skip

    def _previous(self, rows: Array) -> Array:
        people = self.state.people
        return np.where(people["type_changed"][rows] == NEVER, -1, people["previous_type"][rows].astype(np.int64))

    def _of_company(self, rows: Array) -> Array:
        people = self.state.people
        owner = people["org"][rows]
        return np.where(owner >= 0, people["type"][np.maximum(owner, 0)].astype(np.int64), -1)

    def _mini_status(self, rows: Array) -> list[str | None]:
        people = self.state.people
        active = self.records.is_member(rows).tolist()
        renewed = (people["renewals"][rows] > 0).tolist()
        back = (people["type_changed"][rows] != NEVER).tolist()
        found: list[str | None] = []
        for is_active, has_renewed, changed in zip(active, renewed, back, strict=True):
            found.append("D" if not is_active else "R" if has_renewed else "S" if changed else "N")
        return found

    def finances(self) -> Source:
        """`CsNameFin`, under its database names."""
        people, records = self.people, self.records
        columns = [
            people.person("ID", None), Day("RENEWED_THRU", records.paid_through),
            Whole("RENEW_MONTHS", lambda rows: np.full(len(rows), 12)), people.person("BT_ID", None),
            people.day("JOIN_DATE", "join"), constant("TERMS_CODE", ""),
            Number("CREDIT_LIMIT", lambda rows: np.zeros(len(rows))),
        ]  # fmt: skip
        return Source("CsNameFin", columns, lambda: range(len(self.state.people)), key=("ID",), party="ID")

    def demographics(self) -> Source:
        """`Name_Demo`: the classic user-defined table, one row with every contact."""
        people = self.people
        columns = [
            people.person("PartyId", None), people.coded("INDUSTRY", "industry", lambda: names.INDUSTRIES),
            people.number("PROFILE_COMPLETENESS", "profile", 0.01), people.flag("SMS_ALLOWED", "sms_ok"),
            people.flag("PHONE_ALLOWED", "phone_ok"), people.flag("OBJECTS_TO_PROFILING", "objects"),
            people.day("DECEASED_ON", "deceased"), people.coded("TIME_ZONE", "zone", lambda: names.ZONES),
            people.coded("LANGUAGE", "language", lambda: names.LANGUAGES), constant("INTERESTS", ""),
        ]  # fmt: skip
        rows = lambda: range(len(self.state.people))  # noqa: E731
        return Source("Name_Demo", columns, rows, key=("PartyId",), party="PartyId", aliases={"id": "PartyId"})

    def user_data(self, accounts: Accounts) -> Source:
        """`UserData`: the last login only; there is no history of logins in iMIS."""
        people, records, state = self.people, self.records, self.state

        def account(row: int) -> Account | None:
            return accounts.accounts.get(records.user_name(row).lower()) if accounts.tried else None

        def locked(rows: Array) -> Array:
            return np.array([bool(found and found.locked) for found in map(account, rows.tolist())], bool)

        def failures(rows: Array) -> Array:
            return np.array([found.failures if found else 0 for found in map(account, rows.tolist())], np.int64)

        columns = [
            people.person("ID", None), people.kept("Username", "user_name"),
            people.moment("LastLoginDate", "login"), people.moment("LastActivityDate", "login"),
            people.moment("LastPasswordChangedDate", "created"),
            people.text("LastLockoutDate", lambda row: _lockout(account(row))), people.moment("CreatedOn", "created"),
            Flag("IsLockedOut", locked), Flag("IsDisabled", lambda rows: state.people["status"][rows] > 1),
            Flag("IsStaff", lambda rows: np.zeros(len(rows), bool)), Whole("FailedPasswordAttemptCount", failures),
        ]  # fmt: skip
        rows = lambda: np.flatnonzero(state.people["kind"] != ORGANIZATION)  # noqa: E731
        return Source("UserData", columns, rows, key=("ID",), party="ID")

    def events(self) -> Source:
        """`CsEvent`: gatherings, announced or held."""
        state = self.state

        def text(name: str, make: Callable[[Any], str | None]) -> Text:
            return Text(name, lambda rows: [make(state.events[row]) for row in np.asarray(rows).tolist()])

        def whole(name: str, make: Callable[[Any], int]) -> Whole:
            return Whole(
                name, lambda rows: np.array([make(state.events[row]) for row in np.asarray(rows).tolist()], int)
            )

        def moment(name: str, hour: int) -> Moment:
            return Moment(
                name,
                lambda rows: np.array(
                    [state.events[r].day * DAY + hour * 3600 for r in np.asarray(rows).tolist()], int
                ),
                self.zone,
            )

        columns: list[Column] = [
            text("EventCode", lambda e: e.code), text("Title", lambda e: e.title),
            text("MeetingType", lambda e: e.kind), moment("BeginDate", 15), moment("EndDate", 18),
            text("Status", lambda e: "A" if e.day >= state.today else "C"),
            text("Chapter", lambda e: state.chapters[e.chapter] if e.chapter >= 0 else ""),
            text("City", lambda e: "" if e.format == "online" else "Riverbend"), text("Format", lambda e: e.format),
            Number("StandardPrice", lambda rows: np.array([state.events[r].price for r in np.asarray(rows).tolist()])),
            whole("MaxRegistrants", lambda e: 0), whole("TotalRegistrants", lambda e: e.registrants),
            whole("TotalCancelations", lambda e: e.canceled),
        ]  # fmt: skip
        return Source("CsEvent", columns, self._known_events, key=("EventCode",), aliases={"eventid": "EventCode"})

    def _known_events(self) -> Array:
        state = self.state
        known = [e.number for e in state.events if e.announced < state.today and e.day >= state.start - 30]
        return np.array(known, dtype=np.int64)

    def subscriptions(self) -> Source:
        """`CsSubscriptions`: dues as they stand today, overwritten every cycle."""
        people, state = self.people, self.state

        def of_term(column: str) -> Callable[[Array], Array]:
            return lambda rows: self.records.term(column, rows)

        owed = Number("Balance", lambda rows: np.where(state.people["stage"][rows] > 0, of_term("dues")(rows), 0.0))
        status = Text("Status", lambda rows: ["A" if is_in else "I" for is_in in self.records.is_member(rows).tolist()])
        free = Flag("Complimentary", lambda rows: of_term("dues")(rows) == 0)
        columns: list[Column] = [
            people.person("ID", None),
            Coded("ProductCode", lambda rows: of_term("type")(rows).astype(int), _dues_codes),
            status,
            constant("ProductType", "DUES"),
            Day("BeginDate", of_term("begins")),
            Day("PaidThrough", of_term("ends")),
            Day("PaidBegin", of_term("begins")),
            Day(
                "LastPaidThrough",
                lambda rows: np.where(state.people["renewals"][rows] > 0, of_term("begins")(rows) - 1, -1),
            ),
            Day("BillDate", of_term("billed")),
            Day("BillBegin", of_term("begins")),
            Day("BillThrough", of_term("ends")),
            Number("BillAmount", of_term("dues")),
            Number("PaymentAmount", of_term("dues")),
            Day("PaymentDate", of_term("paid")),
            owed,
            Number("PreviousBalance", lambda rows: np.zeros(len(rows))),
            constant("CancelReason", ""),
            free,
            Whole("Copies", lambda rows: np.ones(len(rows), int)),
            people_whole(people, "PriorYears", "renewals"),
            Whole("RenewMonths", lambda rows: np.full(len(rows), 12)),
            people.person("BillToId", None),
        ]
        rows = self.records.payers
        return Source("CsSubscriptions", columns, rows, key=("ID", "ProductCode"), party="ID")


def _lockout(account: Account | None) -> str | None:
    return text_of(np.array([int(account.locked_at)]))[0] if account and account.locked else None


def people_whole(people: Maker, name: str, column: str) -> Whole:
    """A whole number from the columns of people."""
    return Whole(name, people.get(column))


def _dues_codes() -> list[str]:
    return [f"DUES_{code}" for code in TYPE_CODES]


def change_data(records: Records, zone: Zone, number: int) -> wire.Json:
    """One entry of the change log of a party."""
    changes = records.state.changes
    place = int(changes["field"][number])
    user = records.changed_by.get(number, "SYSTEM")
    moment = text_of(zone.local(changes["recorded"][[number]]))[0]
    entry = {
        "$type": wire.type_name(wire.CORE, "ChangePropertyData"), "PropertyName": LOGGED[place],
        "OriginalValue": changed_value(records, place, int(changes["old"][number])),
        "CurrentValue": changed_value(records, place, int(changes["new"][number])),
    }  # fmt: skip
    party = records.id_of(int(changes["who"][number]))
    return {
        "$type": wire.type_name(wire.CORE, "ChangeLogData"), **change(party, moment, entry, user),
        "ChangeLogId": str(number + 1), "CreatedOn": moment, "EntityTypeName": "Party", "PartyId": party,
        "UserId": user,
        "Properties": wire.collection(wire.type_name(wire.CORE, "ChangePropertyDataCollection"), [entry]),
    }  # fmt: skip
