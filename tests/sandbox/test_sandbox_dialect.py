"""Lists, filters, order, paging, ids and errors of the REST dialect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from served_sandbox import Sandbox, properties

GENERIC = "Asi.Soa.Core.DataContracts.GenericEntityData, Asi.Contracts"


def contacts(sandbox: Sandbox, **params: Any) -> list[dict[str, Any]]:
    answer = sandbox.staff.get("/api/CsContact", params={"Limit": 500, **params})
    assert answer.status_code == 200, answer.text
    return [properties(item) for item in answer.json()["Items"]["$values"]]


def test_the_envelope_of_generic_entities_is_exact(sandbox: Sandbox) -> None:
    page = sandbox.staff.get("/api/CsContact", params={"Limit": 2}).json()
    assert list(page) == [
        "$type", "Items", "Offset", "Limit", "Count", "TotalCount", "NextPageLink", "HasNext", "NextOffset",
    ]  # fmt: skip
    assert page["$type"] == f"Asi.Soa.Core.DataContracts.PagedResult`1[[{GENERIC}]], Asi.Contracts"
    assert page["Items"]["$type"] == f"System.Collections.Generic.List`1[[{GENERIC}]], mscorlib"
    first = page["Items"]["$values"][0]
    assert next(iter(first)) == "$type"
    assert first["$type"] == GENERIC
    assert all(isinstance(element, str) for element in first["Identity"]["IdentityElements"]["$values"])


def test_pages_join_up_and_the_last_one_says_so(sandbox: Sandbox) -> None:
    seen: list[str] = []
    offset, page = 0, {"HasNext": True}
    while page["HasNext"]:
        page = sandbox.staff.get("/api/CsContact", params={"Offset": offset, "OrderBy": "ID"}).json()
        assert page["Limit"] == 100
        seen += [properties(item)["ID"] for item in page["Items"]["$values"]]
        assert not page["HasNext"] or page["NextOffset"] == offset + page["Count"]
        offset = page["NextOffset"]
    assert page["NextOffset"] == 0
    assert page["NextPageLink"] is None
    assert len(seen) == len(set(seen)) == page["TotalCount"]
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("limit", "effective"),
    [
        ("5000", 500), ("nonsense", 100), ("0", 100), ("7", 7), ("", 100), ("-3", 100), ("2.5", 100), ("1_0", 100),
        ("99999999999", 100), (" 9 ", 9), ("0x10", 100),
    ],
)  # fmt: skip
def test_limits_are_cut_and_defaulted(sandbox: Sandbox, limit: str, effective: int) -> None:
    assert sandbox.staff.get("/api/Activity", params={"limit": limit}).json()["Limit"] == effective


def test_an_empty_list_echoes_the_limit(sandbox: Sandbox) -> None:
    page = sandbox.staff.get("/api/CsContact", params={"ID": "nobody", "Limit": 9}).json()
    assert page["Items"]["$values"] == []
    assert (page["Count"], page["TotalCount"], page["HasNext"], page["NextOffset"], page["Limit"]) == (
        0,
        0,
        False,
        0,
        9,
    )


def test_operators_select_what_they_say(sandbox: Sandbox) -> None:
    everybody = contacts(sandbox)
    regular = [row for row in everybody if row["MemberType"] == "REG"]
    assert contacts(sandbox, MemberType="REG") == regular
    assert contacts(sandbox, MemberType="eq:reg") == regular
    assert contacts(sandbox, membertype="==:REG") == regular
    assert len(contacts(sandbox, MemberType="ne:REG")) == len(everybody) - len(regular)
    both = [row for row in everybody if row["MemberType"] in ("REG", "STU")]
    assert contacts(sandbox, MemberType="in:REG|STU") == both
    late = [row for row in everybody if row["JoinDate"] >= "2024-01-01"]
    assert contacts(sandbox, JoinDate="ge:2024-01-01") == late
    spring = [row for row in everybody if "2024-01-01" <= row["JoinDate"][:10] <= "2024-06-30"]
    assert contacts(sandbox, JoinDate="between:2024-01-01|2024-06-30") == spring
    assert contacts(sandbox, LastName="startsWith:a") == [r for r in everybody if r["LastName"].startswith("A")]
    assert contacts(sandbox, LastName="contains:an") == [r for r in everybody if "an" in r["LastName"].lower()]
    assert contacts(sandbox, LastName="!contain:an") == [r for r in everybody if "an" not in r["LastName"].lower()]
    assert contacts(sandbox, BirthDate="isEmpty") == [r for r in everybody if r["BirthDate"] is None]
    assert contacts(sandbox, IsCompany="true") == [r for r in everybody if r["IsCompany"]]


SPELLINGS = {
    "eq": ("eq:{0}", "==:{0}", "Equal:{0}", "{0}", "EQUAL:{0}"), "ne": ("ne:{0}", "!=:{0}", "NotEqual:{0}"),
    "gt": ("gt:{0}", ">:{0}", "GreaterThan:{0}"), "ge": ("ge:{0}", ">=:{0}", "GreaterThanOrEqual:{0}"),
    "lt": ("lt:{0}", "<:{0}", "LessThan:{0}"), "le": ("le:{0}", "<=:{0}", "LessThanOrEqual:{0}"),
    "between": ("between:{0}|{1}", "Between:{0}|{1}"), "in": ("in:{0}|{1}", "In:{0}|{1}", "{0}|{1}"),
    "startswith": ("startsWith:{0}", "STARTSWITH:{0}"), "endswith": ("endsWith:{0}", "EndsWith:{0}"),
    "contains": ("contains:{0}", "Contains:{0}"), "notcontain": ("notContain:{0}", "!contain:{0}"),
}  # fmt: skip
MEANINGS: dict[str, Callable[[str, str, str], bool]] = {
    "eq": lambda cell, a, b: cell == a, "ne": lambda cell, a, b: cell != a, "gt": lambda cell, a, b: cell > a,
    "ge": lambda cell, a, b: cell >= a, "lt": lambda cell, a, b: cell < a, "le": lambda cell, a, b: cell <= a,
    "between": lambda cell, a, b: a <= cell <= b, "in": lambda cell, a, b: cell in (a, b),
    "startswith": lambda cell, a, b: cell.startswith(a), "endswith": lambda cell, a, b: cell.endswith(a),
    "contains": lambda cell, a, b: a in cell, "notcontain": lambda cell, a, b: a not in cell,
}  # fmt: skip


@pytest.mark.parametrize("entity", ["CsContact", "Item"])
def test_every_spelling_of_every_operator_means_what_it_says(sandbox: Sandbox, entity: str) -> None:
    column, low, high = ("MemberType", "INT", "STU") if entity == "CsContact" else ("ItemId", "CRS04", "DUES_LIFE")
    rows = sandbox.staff.get(f"/api/{entity}?Limit=500").json()["Items"]["$values"]
    every = [str(properties(row)[column] if "Properties" in row else row[column]) for row in rows]
    for operator, spellings in SPELLINGS.items():
        wanted = [cell for cell in every if MEANINGS[operator](cell, low, high)]
        for spelling in spellings:
            params = {"Limit": 500, column: spelling.format(low, high)}
            found = sandbox.staff.get(f"/api/{entity}", params=params).json()["Items"]["$values"]
            cells = [str(properties(row)[column] if "Properties" in row else row[column]) for row in found]
            assert cells == wanted, spelling


def test_empty_and_true_come_in_every_spelling(sandbox: Sandbox) -> None:
    everybody = contacts(sandbox)
    for spelling in ("isEmpty:", "empty:", "isEmpty", "IsEmpty"):
        assert contacts(sandbox, BirthDate=spelling) == [r for r in everybody if r["BirthDate"] is None]
    for spelling in ("notEmpty:", "!empty:", "notEmpty"):
        assert contacts(sandbox, BirthDate=spelling) == [r for r in everybody if r["BirthDate"] is not None]
    for spelling in ("true:", "IsTrue:", "true", "eq:true", "1"):
        assert contacts(sandbox, IsCompany=spelling) == [r for r in everybody if r["IsCompany"]]
    for spelling in ("false:", "IsFalse:", "false", "ne:true"):
        assert contacts(sandbox, IsCompany=spelling) == [r for r in everybody if not r["IsCompany"]]


def test_an_offset_beyond_the_end_is_an_empty_last_page(sandbox: Sandbox) -> None:
    page = sandbox.staff.get("/api/CsContact?Offset=100000&Limit=50").json()
    assert (page["Items"]["$values"], page["Count"], page["HasNext"], page["NextOffset"]) == ([], 0, False, 0)
    assert page["TotalCount"] > 0


def test_filters_are_joined_by_and_even_on_one_property(sandbox: Sandbox) -> None:
    found = sandbox.staff.get("/api/CsContact?Limit=500&JoinDate=ge:2023-01-01&JoinDate=lt:2024-01-01").json()
    years = {properties(item)["JoinDate"][:4] for item in found["Items"]["$values"]}
    assert years == {"2023"}


@pytest.mark.parametrize("order", ["MemberType,LastName:Descending", "MemberType|LastName:desc"])
def test_order_takes_several_keys_with_either_separator(sandbox: Sandbox, order: str) -> None:
    rows = contacts(sandbox, OrderBy=order)
    pairs = [(row["MemberType"].lower(), row["LastName"].lower()) for row in rows]
    assert pairs == sorted(sorted(pairs, key=lambda pair: pair[1], reverse=True), key=lambda pair: pair[0])


def test_addresses_are_tolerant_of_case_and_slashes(sandbox: Sandbox, somebody: str) -> None:
    plain = sandbox.staff.get(f"/api/CsContact/{somebody}").json()
    for address in (
        f"/api//cscontact/{somebody}/", f"/API/CSCONTACT/{somebody}", f"/api/CsContact?EntityId={somebody}",
        f"/api/CsContact/~{somebody}", f"/api/CsContact/%7E{somebody}",
    ):  # fmt: skip
        assert sandbox.staff.get(address).json() == plain


def test_composite_ids_come_plain_encoded_and_as_a_parameter(sandbox: Sandbox) -> None:
    item = sandbox.staff.get("/api/CsSubscriptions?Limit=1").json()["Items"]["$values"][0]
    party, product = item["Identity"]["IdentityElements"]["$values"]
    for address in (f"/~{party}|{product}", f"/%7E{party}%7C{product}", f"?EntityId=%7E{party}%7C{product}"):
        assert sandbox.staff.get(f"/api/CsSubscriptions{address}").json() == item
    wrong = sandbox.staff.get(f"/api/CsSubscriptions/{party}")
    assert wrong.status_code == 400
    assert "Incorrect number of identity element" in wrong.text


def test_ids_keep_zeros_and_letters_and_are_numbers_only_in_queries(sandbox: Sandbox) -> None:
    ids = [properties(i)["ID"] for i in sandbox.staff.get("/api/CsContact?Limit=500").json()["Items"]["$values"]]
    assert any(text.startswith("00") for text in ids)
    assert any(not text.isdecimal() for text in ids)
    assert len({text.lstrip("0") for text in ids}) == len(ids)
    of_query = [row["ID"] for row in sandbox.rows("Members")]
    assert any(isinstance(found, int) for found in of_query)
    assert [str(found) for found in of_query if str(found) in ids] == ids


def test_verbs_and_entities_that_are_not_there(sandbox: Sandbox, somebody: str) -> None:
    assert sandbox.staff.get("/api/NoSuchThing").status_code == 404
    assert sandbox.staff.get("/api/CsContact/nobody").status_code == 404
    assert sandbox.master.post("/api/CsContact", json={}).status_code == 501
    assert sandbox.master.delete("/api/GroupMember/1").status_code == 501
    assert sandbox.staff.get("/api/metadata/Activity").status_code == 501
    assert sandbox.staff.patch(f"/api/Party/{somebody}", json={}).status_code == 501
    assert sandbox.staff.get("/api/CsContact?NoSuchColumn=1").status_code == 400
    assert sandbox.staff.get("/api/CsContact?JoinDate=ge:soon").status_code == 400


def test_the_integration_account_may_not_touch_contacts_or_money(sandbox: Sandbox, somebody: str) -> None:
    person = sandbox.staff.get(f"/api/Party/{somebody}").json()
    assert sandbox.staff.put(f"/api/Party/{somebody}", json=person).status_code == 403
    assert sandbox.staff.put(f"/api/CsNameFin/{somebody}", json={}).status_code == 403
    assert sandbox.staff.post("/api/Invoice", json={}).status_code == 403
    assert sandbox.master.put(f"/api/Party/{somebody}", json=person).status_code == 201


def test_metadata_names_the_columns(sandbox: Sandbox) -> None:
    found = sandbox.staff.get("/api//metadata/cscontact/").json()
    kinds = {entry["Name"]: entry["PropertyTypeName"] for entry in found["Properties"]["$values"]}
    assert kinds["ID"] == "String"
    assert kinds["JoinDate"] == "Date"
    assert kinds["IsMember"] == "Boolean"


def test_metadata_of_contracts_describe_what_is_nested(sandbox: Sandbox) -> None:
    found = sandbox.staff.get("/api/metadata/Person").json()
    entries = {entry["Name"]: entry for entry in found["Properties"]["$values"]}
    assert entries["PartyId"]["IsIdentity"] is True
    name = entries["PersonName"]
    assert name["PropertyTypeName"] == "EntityDefinitionData"
    assert "FirstName" in {one["Name"] for one in name["EntityDefinition"]["Properties"]["$values"]}
    attributes = {one["Name"]: one for one in entries["AdditionalAttributes"]["GenericPropertyDefinitions"]["$values"]}
    assert attributes["IsMember"]["PropertyTypeName"] == "Boolean"
    assert attributes["JoinDate"]["PropertyTypeName"] == "Date"
    emails = entries["Emails"]["ItemEntityPropertyDefinition"]["EntityDefinition"]
    assert "Address" in {one["Name"] for one in emails["Properties"]["$values"]}


def test_the_typed_entities_answer_by_list_and_by_id(sandbox: Sandbox) -> None:
    for entity, key in (
        ("Party", "PartyId"), ("Person", "PartyId"), ("Organization", "PartyId"), ("Event", "EventId"),
        ("EventRegistration", "EventRegistrationId"), ("Invoice", "InvoiceId"), ("Payment", "PaymentId"),
        ("EngagementScore", "PartyId"), ("GroupMember", "GroupMemberId"), ("LegacyActivityType", "ActivityTypeCode"),
    ):  # fmt: skip
        page = sandbox.staff.get(f"/api/{entity}?Limit=1").json()
        item = page["Items"]["$values"][0]
        assert next(iter(item)) == "$type"
        assert sandbox.staff.get(f"/api/{entity}/{item[key]}").json() == item
    paid = sandbox.staff.get("/api/Payment?Limit=1").json()["Items"]["$values"][0]["Amount"]
    assert paid["Currency"]["CurrencyCode"] == "USD"


def test_every_entity_answers_a_list_its_metadata_and_a_permission(sandbox: Sandbox) -> None:
    for entity in [
        "Party",
        "PartySummary",
        "Person",
        "Organization",
        "CsContact",
        "CsContactBasic",
        "NetContact",
        "CsNameFin",
        "Name_Demo",
        "Name_CEU",
        "UserData",
        "User",
        "CsEvent",
        "Event",
        "EventSummary",
        "EventRegistration",
        "EventRegistrationSummary",
        "CsRegistration",
        "CsSubscriptions",
        "Subscription",
        "CsActivity",
        "VolunteerHistory",
        "GiftReport",
        "ExpiredMemberUpdateDetailLog",
        "CsCommitteeMember",
        "Invoice",
        "InvoiceSummary",
        "Payment",
        "PaymentSummary",
        "InteractionLogEvent",
        "CommunicationLogEvent",
        "CommunicationLogRecipient",
        "EngagementScore",
        "EngagementScoreCurrentData",
        "LegacyActivityType",
        "LegacyCustomerType",
        "GenTable",
        "AddressPurpose",
        "Country",
        "PanelSourceSummary",
        "ChangeLog",
        "Tag",
        "PartyNote",
        "Address",
        "FullAddress",
        "AutoPayAccount",
        "CertificationProgram",
        "CertificationProgramRegistration",
        "ExperienceUnit",
        "CustomerExperience",
        "EventFunction",
        "CsFunction",
        "CsRegFunctions",
        "LegacyEventFunctionAttendance",
        "CommunicationLog",
        "CommunicationLogSummary",
        "GroupClass",
        "GroupMemberSummary",
        "LegacySubscription",
        "Receipt",
        "ScoreComponent",
        "Item",
        "DocumentSummary",
        "PartyDeleteLog",
        "InteractionLog",
        "InteractionLogEventSummary",
        "ContactCommunicationReasonPreferences",
        "EngagementScoreMonthlyData",
        "EngagementScoreYearlyData",
        "ExpiredMemberUpdateLog",
        "GiftHistorySummary",
        "BillingLogByParty",
        "SoaGroupMember",
        "SoaGroupMemberDetail",
        "TransactionSummary",
        "VolunteerInformation",
        "Opportunity",
        "PartyAttendance",
        "AttendanceTypeRef",
    ]:
        listed = sandbox.staff.get(f"/api/{entity}?Limit=3")
        assert listed.status_code == 200, (entity, listed.text)
        assert listed.json()["Count"] <= 3
        assert sandbox.staff.get(f"/api/metadata/{entity}").status_code == 200, entity
        assert sandbox.master.post(f"/api/{entity}/_haspermission/Update").json() is True
