"""IQAs: the ones a site administrator installed in `$/Tenure`, switched on for REST."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from imis_sandbox.rest import wire
from imis_sandbox.rest.columns import Coded, Column, Flag, Number, Text
from imis_sandbox.rest.dialect import DEFAULT_LIMIT, Params, Rows, condition, cut, narrow, window
from imis_sandbox.rest.programs import Programs, program_changes
from imis_sandbox.rest.records import LOGGED, Records, changed_value, reference
from imis_sandbox.rest.sources import Maker, Source
from imis_sandbox.rest.zone import Zone
from imis_sandbox.world import catalog, names
from imis_sandbox.world.catalog import KINDS, SOURCE_CODES
from imis_sandbox.world.state import ENDED_BY, ORGANIZATION
from imis_sandbox.world.store import Array

CODES = [SOURCE_CODES[kind] for kind in KINDS]
GENDERS = ["", "F", "M", "X"]


@dataclass
class Query:
    """One IQA.

    Args:
        path: As `$/Folder/Name`.
        source: Its columns are those of the query, in order.
        prompts: (alias, column, operator) of each prompted filter, all optional, in filter order.
        available: Whether it is switched on for REST.
    """

    path: str
    source: Source
    prompts: tuple[tuple[str, str, str], ...]
    available: bool = True
    number: int = 59

    @property
    def key(self) -> str:
        """Its document version key."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, self.path.lower()))

    def select(self, given: dict[str, str]) -> Rows:
        """Rows for prompts given by alias or by property name; an empty or missing one asks for all."""
        filters = []
        for alias, column, usual in self.prompts:
            value = given.get(alias.lower(), given.get(column.lower(), ""))
            if value.strip():
                filters.append(condition(self.source.need(column), value, usual))
        return narrow(self.source.rows(), filters)


def named(params: Params) -> dict[str, str]:
    """The prompts of `api/query`, by name in lower case."""
    return {name.lower(): value for name, value in params}


def positional(query: Query, params: Params) -> dict[str, str]:
    """The prompts of `api/iqa`, by position."""
    given = [value for name, value in params if name.lower() == "parameter"]
    return {alias.lower(): value for (alias, _, _), value in zip(query.prompts, given, strict=False)}


def flat_page(query: Query, params: Params, rows: Rows) -> wire.Json:
    """An answer of `api/query`."""
    offset, limit = window(params)
    chosen = cut(rows, offset, limit)
    columns = query.source.columns
    rendered = [_plain(column, column.render(chosen)) for column in columns]
    keys = ["$type", *(column.name for column in columns)]
    kind = ["System.Dynamic.ExpandoObject, System.Core"] * len(chosen)
    items = [dict(zip(keys, values, strict=True)) for values in zip(kind, *rendered, strict=True)]
    return wire.query_page(items, offset=offset, limit=limit, total=len(rows))


def _plain(column: Column, values: list[Any]) -> list[Any]:
    """Ids that look numeric turn into numbers; ones with leading zeros stay as they are (a guess)."""
    if not column.identifier:
        return values
    return [int(text) if text.isdecimal() and str(int(text)) == text else text for text in values]


def generic_page(query: Query, params: Params, rows: Rows) -> wire.Json:
    """An answer of `api/iqa`."""
    offset, limit = window(params)
    chosen = cut(rows, offset, limit)
    columns = query.source.columns
    rendered = [column.render(chosen) for column in columns]
    items = []
    for place, row in enumerate(zip(*rendered, strict=True), start=offset + 1):
        props = [wire.prop("ResultRow", str(place))]
        props += [wire.prop(column.name, value, column.boxed) for column, value in zip(columns, row, strict=True)]
        entity = {"$type": wire.GENERIC, "EntityTypeName": str(query.number)}
        items.append({**entity, "Properties": wire.collection(wire.PROPERTIES, props)})
    return wire.page(wire.GENERIC, items, offset=offset, limit=limit, total=len(rows))


def one_row(row: wire.Json, *, old: bool) -> wire.Json:
    """The answer of a query with a single row, as `api/iqa` (*old*) or `api/query` gives it."""
    if not old:
        flat = {"$type": "System.Dynamic.ExpandoObject, System.Core", **row}
        return wire.query_page([flat], offset=0, limit=DEFAULT_LIMIT, total=1)
    props = [wire.prop("ResultRow", "1"), *(wire.prop(name, value) for name, value in row.items())]
    entity = {"$type": wire.GENERIC, "EntityTypeName": "58", "Properties": wire.collection(wire.PROPERTIES, props)}
    return wire.page(wire.GENERIC, [entity], offset=0, limit=DEFAULT_LIMIT, total=1)


class Catalog:
    """The site's queries by path."""

    def __init__(self, queries: list[Query]) -> None:
        self._queries = {query.path.lower(): query for query in queries}

    def all(self) -> list[Query]:
        """Every query."""
        return list(self._queries.values())

    def find(self, path: str) -> Query | None:
        """A query, switched on or not; the path in any case."""
        return self._queries.get(path.strip().rstrip("/").lower())

    def of_key(self, key: str) -> Query:
        """A query that REST may see, by its document version key; 404 when there is none."""
        query = self.by_key(key)
        if query is None or not query.available:
            raise wire.not_found(f"Query: {key} not found.")
        return query

    def by_key(self, key: str) -> Query | None:
        """A query, switched on or not, by its document version key, here made from its path."""
        return next((query for query in self._queries.values() if query.key == key.strip().lower()), None)

    def need(self, path: str) -> Query:
        """A query that REST may see; 404 otherwise, whatever the cause."""
        query = self.find(path)
        if query is None or not query.available:
            raise wire.not_found(f"Query: {path} not found.")
        return query


def installed(records: Records, zone: Zone) -> Catalog:
    """The queries of a fresh site."""
    made = _Shelf(records, zone)
    queries = [
        *made.of_people(), made.changes(), made.terms(), made.activities(), made.emails(), made.web(),
        made.registrations(), made.money(), made.program_changes(), made.programs(),
    ]  # fmt: skip
    for number, query in enumerate(queries, start=59):
        query.number = number
    queries.append(made.by_last_name())
    hidden = Query("$/Tenure/NotPublished", queries[0].source, queries[0].prompts, available=False)
    return Catalog([*queries, hidden])


class _Shelf:
    def __init__(self, records: Records, zone: Zone) -> None:
        self.records, self.zone, self.state = records, zone, records.state

    def maker(self, data: Callable[[], Any]) -> Maker:
        return Maker(self.records, self.zone, data)

    def of_people(self) -> list[Query]:
        people = self.maker(lambda: self.state.people)
        rows = self.records.undeleted
        updated = people.moment("LastUpdated", "updated")
        prompt = (("UpdatedSince", "LastUpdated", "ge"),)
        members = Source("CsContact", [*member_columns(people), updated], rows, key=("ID",), party="ID")
        contacts = Source("CsContactBasic", [*contact_columns(people), updated], rows, key=("ID",), party="ID")
        return [Query("$/Tenure/Members", members, prompt), Query("$/Tenure/Contacts", contacts, prompt)]

    def by_last_name(self) -> Query:
        """A query that every site has."""
        people, records = self.maker(lambda: self.state.people), self.records
        columns: list[Column] = [
            people.person("ID", None), people.kept("FullName", "full_name"),
            people.kept("LastName", "last_name"), people.text("Company", records.company),
            people.kept("Email", "email"),
        ]  # fmt: skip
        source = Source("CsContact", columns, lambda: range(len(self.state.people)), key=("ID",), party="ID")
        return Query("$/Common/Queries/Search/Contact/Last Name", source, (("Last Name", "LastName", "eq"),))

    def changes(self) -> Query:
        log = self.maker(lambda: self.state.changes)
        columns = [
            log.sequence("ChangeKey"), log.person("ID", "who"), log.moment("ChangedOn", "recorded"),
            log.coded("Field", "field", lambda: LOGGED), self._value("OldValue", "old"), self._value("NewValue", "new"),
        ]  # fmt: skip
        return self._query("MemberChanges", columns, lambda: self.state.changes, "ChangedSince", "ChangedOn")

    def _value(self, name: str, column: str) -> Text:
        def make(rows: Array) -> list[str | None]:
            changes = self.state.changes
            fields, codes = changes["field"][rows].tolist(), changes[column][rows].tolist()
            return [changed_value(self.records, f, code) for f, code in zip(fields, codes, strict=True)]

        return Text(name, make)

    def terms(self) -> Query:
        log = self.maker(lambda: self.state.versions)
        columns = [
            log.text("TermKey", lambda row: f"T{int(self.state.versions['term'][row]):07d}"),
            log.person("ID", "who"), log.coded("MemberType", "type", lambda: [t.code for t in catalog.TYPES]),
            log.day("BeginDate", "begins"), log.day("PaidThrough", "ends"), log.number("Dues", "dues"),
            log.day("BillDate", "billed"), log.day("DueDate", "due"), log.day("PaymentDate", "paid"),
            log.flag("AutoRenew", "auto"), log.flag("Installments", "plan"),
            log.coded("EndedBy", "ended_by", lambda: ENDED_BY), log.moment("DateEntered", "recorded"),
        ]  # fmt: skip
        return self._query("Terms", columns, lambda: self.state.versions, "EnteredSince", "DateEntered")

    def activities(self) -> Query:
        log = self._log("activities")
        columns = [
            log.sequence("Sequence"), log.person("ID", "who"), log.coded("ActivityType", "kind", lambda: CODES),
            log.moment("TransactionDate", "at"), log.moment("DateEntered", "recorded"), log.number("Amount", "value"),
            self._reference("activities", "ProductCode"), self._chapter("activities"),
        ]  # fmt: skip
        return self._query("Activities", columns, lambda: self.state.logs["activities"], "EnteredSince", "DateEntered")

    def emails(self) -> Query:
        log = self._log("email")
        columns = [
            log.sequence("EventKey"), log.person("ID", "who"), log.coded("EventTypeCode", "kind", lambda: CODES),
            log.moment("EventDateTime", "at"), self._reference("email", "CommunicationKey"),
            log.flag("MachineOpen", "mark"), log.moment("CreatedOn", "recorded"),
        ]  # fmt: skip
        return self._query("EmailEvents", columns, lambda: self.state.logs["email"], "CreatedSince", "CreatedOn")

    def web(self) -> Query:
        log = self._log("web")
        columns = [
            log.sequence("LogKey"), log.person("ID", "who"), log.coded("ActionCode", "kind", lambda: CODES),
            log.moment("VisitedOn", "at"), log.number("Minutes", "value"), self._reference("web", "Reference"),
            log.moment("RecordedOn", "recorded"),
        ]  # fmt: skip
        return self._query("WebActivity", columns, lambda: self.state.logs["web"], "RecordedSince", "RecordedOn")

    def registrations(self) -> Query:
        log = self._log("registrations")
        columns = [
            log.sequence("RegistrationKey"),
            log.person("ID", "who"),
            self._reference("registrations", "EventCode"),
            log.coded("StatusCode", "kind", lambda: CODES),
            log.moment("StatusDate", "at"),
            log.number("Score", "value"),
            self._chapter("registrations"),
            log.moment("DateEntered", "recorded"),
        ]
        rows = lambda: self.state.logs["registrations"]  # noqa: E731
        return self._query("Registrations", columns, rows, "EnteredSince", "DateEntered")

    def money(self) -> Query:
        log = self._log("money")
        columns = [
            log.sequence("MoneyKey"), log.person("ID", "who"), log.coded("KindCode", "kind", lambda: CODES),
            log.moment("MoneyDate", "at"), log.number("Amount", "value"), self._reference("money", "Reference"),
            log.moment("DateEntered", "recorded"),
        ]  # fmt: skip
        return self._query("Money", columns, lambda: self.state.logs["money"], "EnteredSince", "DateEntered")

    def program_changes(self) -> Query:
        changes = program_changes(self.records)
        columns: list[Column] = [
            Text("ChangedOn", lambda rows: [f"{changes[row][0]}T00:00:00" for row in rows.tolist()]),
            Text("Change", lambda rows: [changes[row][1] for row in rows.tolist()]),
            Text("Scope", lambda rows: [changes[row][2] for row in rows.tolist()]),
        ]
        known: Callable[[], Rows] = lambda: range(len(changes))  # noqa: E731
        source = Source("ProgramChanges", columns, known, key=("ChangedOn", "Change"))
        return Query("$/Tenure/ProgramChanges", source, (("ChangedSince", "ChangedOn", "ge"),))

    def programs(self) -> Query:
        """Events, courses, committees and benefits: what rows of activity refer to."""
        found = Programs(self.records)
        texts = [Text(name, found.column(name)) for name in ("Ref", "Kind", "Title", "StartsAt", "Chapter", "Format")]
        price = Number("Price", lambda rows: np.array([found.rows()[row]["Price"] for row in rows.tolist()], float))
        source = Source("Programs", [*texts, price], lambda: range(len(found.rows())), key=("Ref",))
        return Query("$/Tenure/Programs", source, (("Kind", "Kind", "eq"),))

    def _log(self, family: str) -> Maker:
        return self.maker(lambda: self.state.logs[family])

    def _reference(self, family: str, name: str) -> Text:
        def make(rows: Array) -> list[str | None]:
            log = self.state.logs[family]
            kinds, codes = log["kind"][rows].tolist(), log["ref"][rows].tolist()
            return [reference(self.records, KINDS[k], code) for k, code in zip(kinds, codes, strict=True)]

        return Text(name, make)

    def _chapter(self, family: str) -> Coded:
        return self._log(family).coded("Chapter", "chapter", lambda: self.state.chapters)

    def _query(self, name: str, columns: list[Column], log: Callable[[], Any], prompt: str, column: str) -> Query:
        source = Source(name, columns, lambda: range(len(log())), key=(columns[0].name,))
        return Query(f"$/Tenure/{name}", source, ((prompt, column, "ge"),))


def member_columns(people: Maker) -> list[Column]:
    """What the query of members says, but for when it was last changed."""
    records, state = people.records, people.records.state
    return [
        people.person("ID", None),
        Flag("IsCompany", lambda rows: people.data()["kind"][rows] == ORGANIZATION),
        people.person("CompanyID", "org"),
        people.coded("MemberType", "type", lambda: [kind.code for kind in catalog.TYPES]),
        people.day("JoinDate", "join"),
        people.coded("Chapter", "chapter", lambda: state.chapters),
        people.coded("Industry", "industry", lambda: names.INDUSTRIES),
        people.coded("StateProvince", "state", lambda: names.STATES),
        people.coded("Country", "country", lambda: names.COUNTRIES),
        people.text("Company", records.company),
        people.coded("FunctionalTitle", "title", lambda: names.TITLES),
        people.day("BirthDate", "birth"),
        people.coded("Gender", "gender", lambda: GENDERS),
        people.number("ProfileCompleteness", "profile", 0.01),
        people.flag("EmailAllowed", "email_ok"),
        people.flag("SmsAllowed", "sms_ok"),
        people.flag("PhoneAllowed", "phone_ok"),
        people.flag("ObjectsToProfiling", "objects"),
        people.day("DeceasedOn", "deceased"),
    ]


def contact_columns(people: Maker) -> list[Column]:
    """What the query of contacts says, but for when it was last changed."""
    records = people.records
    return [
        people.person("ID", None),
        people.kept("FirstName", "first_name"),
        people.text("LastName", lambda row: records.last_name(row) or records.full_name(row)),
        people.kept("Email", "email"),
        people.text("Phone", records.phone),
        people.coded("TimeZone", "zone", lambda: names.ZONES),
        people.coded("Language", "language", lambda: names.LANGUAGES),
    ]
