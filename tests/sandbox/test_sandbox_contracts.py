"""The members and types of the vendor's contracts, as clients that check them strictly read them."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from served_sandbox import Sandbox, properties

CORE, MEMBERSHIP = "Asi.Soa.Core.DataContracts", "Asi.Soa.Membership.DataContracts"


def execute(client: httpx.Client, entity: str, operation: str, *arguments: Any) -> dict[str, Any]:
    values = [{"$type": "System.String", "$value": one} if isinstance(one, str) else one for one in arguments]
    body = {"OperationName": operation, "EntityTypeName": entity, "Parameters": {"$values": values}}
    answer = client.post(f"/api/{entity}/_execute", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


def test_an_operation_answers_in_the_services_envelope(sandbox: Sandbox) -> None:
    found = execute(sandbox.staff, "QueryDefinition", "FindByPath", "$/Tenure/Terms")
    kind = f"{CORE}.IqaQueryDefinitionData, Asi.Contracts"
    assert found["$type"] == f"{CORE}.ServiceResponse`1[[{kind}]], Asi.Contracts"
    assert (found["IsSuccessStatusCode"], found["Message"], found["Result"]["$type"]) == (True, "Success", kind)
    for entity in ("Document", "DocumentSummary", "QueryDefinition"):
        absent = execute(sandbox.staff, entity, "FindByPath", "$/No/Such")
        assert (absent["Result"], absent["Message"], absent["StatusCode"]) == (None, "NotFound", 5)
        assert not absent.get("IsSuccessStatusCode")


def test_a_folder_is_listed_by_its_path_and_by_either_of_its_keys(sandbox: Sandbox) -> None:
    folder = execute(sandbox.staff, "DocumentSummary", "FindByPath", "$/tenure")["Result"]
    assert (folder["DocumentTypeId"], folder["Status"], folder["IsFolder"]) == ("FOL", "Published", True)
    kinds, no = {"$type": "System.String[]", "$values": ["IQD"]}, {"$type": "System.Boolean", "$value": False}
    listed = []
    for key in ("Path", "DocumentId", "DocumentVersionId"):
        found = execute(sandbox.staff, "DocumentSummary", "FindDocumentsInFolder", folder[key], kinds, no)
        listed.append([item["Name"] for item in found["Result"]["$values"]])
    assert listed[0] == listed[1] == listed[2]
    assert {"Members", "Terms"} <= set(listed[0])
    root = execute(sandbox.staff, "DocumentSummary", "FindDescendantDocumentsInFolder", "$", kinds, no)
    assert set(listed[0]) < {item["Name"] for item in root["Result"]["$values"]}


def test_a_document_is_kept_in_its_folder_changed_and_deleted(sandbox: Sandbox) -> None:
    data = {"$type": "System.Byte[], mscorlib", "$value": "aGVsbG8="}
    body = {"Name": "note", "DocumentTypeId": "TXT", "Path": "$/Tenure", "Data": data}
    assert sandbox.staff.post("/api/Document", json=body).status_code == 403
    made = sandbox.master.post("/api/Document", json=body).json()
    assert (made["Path"], made["FolderPath"], made["Data"]) == ("$/Tenure/note", "$/Tenure", data)
    found = execute(sandbox.master, "Document", "FindByPath", "$/Tenure/note")["Result"]
    assert found == sandbox.master.get(f"/api/Document/{made['DocumentId']}").json() == made
    summary = sandbox.master.get("/api/DocumentSummary?Name=note").json()["Items"]["$values"][0]
    assert "Data" not in summary
    changed = sandbox.master.put(f"/api/Document/{made['DocumentId']}", json={**made, "Description": "kept"})
    assert (changed.status_code, changed.json()["DocumentVersionId"]) == (201, made["DocumentVersionId"])
    assert sandbox.master.delete(f"/api/Document/{made['DocumentId']}").status_code == 200
    assert execute(sandbox.master, "Document", "FindByPath", "$/Tenure/note")["Result"] is None


def test_a_query_says_of_what_it_is_made(sandbox: Sandbox) -> None:
    found = execute(sandbox.staff, "QueryDefinition", "FindByPath", "$/Tenure/Terms")["Result"]
    document = found["Document"]
    assert (document["DocumentTypeId"], document["FolderPath"], document["Status"]) == ("IQD", "$/Tenure", "Published")
    prompt = found["Parameters"]["$values"][0]
    assert prompt["$type"] == f"{CORE}.CriteriaData, Asi.Contracts"
    assert (prompt["Operation"], prompt["PropertyName"], prompt["Values"]["$values"]) == (4, "EnteredSince", [])
    kinds = {one["Alias"]: one["DataTypeName"] for one in found["Properties"]["$values"]}
    assert (kinds["ID"], kinds["DateEntered"], kinds["Dues"]) == ("String", "DateTime", "Decimal")
    assert {"DisplayFormat", "Link", "QuerySourceId"} <= set(found["Properties"]["$values"][0])
    source = found["Sources"]["$values"][0]
    assert source["QuerySourceType"] == 1
    assert source["QuerySourceId"] == found["Properties"]["$values"][0]["QuerySourceId"]
    by_key = execute(sandbox.staff, "QueryDefinition", "FindById", found["QueryDefinitionId"])["Result"]
    assert by_key == found


def test_the_prompts_of_a_query_are_told_by_name(sandbox: Sandbox) -> None:
    page = sandbox.staff.get("/api/QueryParameterDefinition?QueryPath=$/Tenure/Terms").json()
    [prompt] = page["Items"]["$values"]
    assert (prompt["PropertyName"], prompt["PropertyTypeName"]) == ("EnteredSince", "Date")
    assert sandbox.query("Terms", Limit=1, **{prompt["PropertyName"]: "2026-01-01"})["TotalCount"] > 0
    hidden = sandbox.staff.get("/api/QueryParameterDefinition?QueryPath=$/Tenure/NotPublished")
    assert hidden.status_code == 404


def test_staff_and_contacts_are_found_by_their_user_names(sandbox: Sandbox, somebody: str) -> None:
    for user, expected in (("administrator", True), ("tenure", False)):
        roles = execute(sandbox.staff, "UserSecurity", "GetUserRoles", user)["Result"]["$values"]
        assert roles[0]["$type"] == f"{MEMBERSHIP}.User.RoleData, Asi.Contracts"
        assert set(roles[0]) == {"$type", "RoleKey", "RoleName", "Description"}
        assert ("SysAdmin" in {role["RoleName"] for role in roles}) is expected
    login = sandbox.staff.get(f"/api/User/{somebody}").json()
    assert login["Party"]["PartyId"] == somebody
    assert execute(sandbox.staff, "User", "FindByUserName", login["UserName"].upper())["Result"] == login
    assert execute(sandbox.staff, "User", "FindByUserName", "nobody@example.org")["Result"] is None


def test_a_contact_written_barely_is_read_back_with_the_contracts_types(sandbox: Sandbox) -> None:
    older = "Asi.Soa.Membership.Contracts"
    person = {
        "$type": f"{MEMBERSHIP}.PersonData, {older}", "Gender": 1, "Nonsense": "dropped",
        "personName": {"$type": f"{MEMBERSHIP}.PersonNameData, {older}", "FirstName": "Bare", "LastName": "Written"},
        "Addresses": {"$values": [{"AddressPurpose": "Billing", "Address": {
            "AddressLines": ["5 Road", "Unit 2"], "CityName": "Perth", "CountryCode": "AU"}}]},
        "Phones": {"$values": [{"Number": "555-0199", "PhoneType": "Mobile"}]}, "Email": "bare@example.org",
        "PrimaryOrganization": {"Name": "Acme", "Title": "Chair"},
    }  # fmt: skip
    party = sandbox.master.post("/api/Person", json=person).json()["Id"]
    read = sandbox.staff.get(f"/api/Party/{party}").json()
    assert "Nonsense" not in read
    assert read["Gender"] == {"$type": f"{MEMBERSHIP}.GenderData, Asi.Contracts", "Code": "F"}
    assert (read["PersonName"]["FullName"], read["Email"]) == ("Bare Written", "bare@example.org")
    address = read["Addresses"]["$values"][0]["Address"]
    assert address["$type"] == f"{MEMBERSHIP}.AddressData, Asi.Contracts"
    assert address["AddressLines"]["$type"] == f"{MEMBERSHIP}.AddressLineDataCollection, Asi.Contracts"
    assert address["AddressLines"]["$values"] == ["5 Road", "Unit 2"]
    assert read["Phones"]["$values"][0]["$type"] == f"{MEMBERSHIP}.PhoneData, Asi.Contracts"
    assert properties(sandbox.staff.get(f"/api/CsContact/{party}").json())["Company"] == "Acme"
    assert sandbox.master.put(f"/api/Party/{party}", json=read).json()["Addresses"] == read["Addresses"]


def test_every_person_has_a_street_a_country_by_its_code_and_collections_that_may_be_empty(
    sandbox: Sandbox, somebody: str
) -> None:
    read = sandbox.staff.get(f"/api/Party/{somebody}").json()
    address = read["Addresses"]["$values"][0]
    assert address["FullAddressId"] == address["Address"]["AddressId"] == somebody
    assert len(address["Address"]["CountryCode"]) == 2
    assert address["Address"]["AddressLines"]["$values"][0]
    for name in ("Salutations", "SocialNetworks", "AlternateIds", "CommunicationTypePreferences"):
        assert isinstance(read[name]["$values"], list)
    assert sandbox.staff.get(f"/api/FullAddress/{somebody}").json()["Address"] == address["Address"]


@pytest.mark.parametrize(
    ("entity", "namespace", "members"),
    [
        ("Invoice", "Commerce", "BillToParty SoldToParty InvoiceNumber OriginalInvoiceAmount PaymentAmount Lines"),
        ("InvoiceSummary", "Commerce", "BillToParty SoldToParty InvoicePurpose Balance"),
        ("Payment", "Commerce", "PayorParty PaymentDate Status PaymentMethodId Amount"),
        ("Receipt", "Commerce", "ReceiptId IssuedToPartyId IssuedOn"),
        ("AutoPayAccount", "Commerce", "PaymentTokenExpirationDate PaymentMethodSummary AccountType Payer"),
        ("AutoPayInstruction", "Commerce", "InstructionId InstructionType Customer AutoPayAccountId"),
        ("ItemPrice", "Commerce", "Item DefaultPrice"),
        ("User", "Membership", "UserId UserName Party"),
        ("PartySummary", "Membership", "UniformId CityName CountryName Email Phone Sort Status"),
        ("GroupMember", "Membership", "Group Party MembershipDetails"),
        ("ChangeLog", "Core", "ActionType ChangeDate ChangedByUserId Changes Identity"),
        ("LegacyActivityType", "Core", "ActivityTypeId Description"),
        ("LegacyCustomerType", "Core", "CustomerTypeId IsMemberRecord IsCompanyRecord"),
        ("CommunicationLog", "Communications", "Status CommunicationType UpdateInformation"),
        ("CommunicationLogRecipient", "Communications", "CommunicationLog Party Address UpdateInformation"),
        ("CommunicationLogEvent", "Communications", "CommunicationLogEventId EventType EventDateTime"),
        ("Event", "Events", "Functions RegistrationOptions Location UpdateInformation Category"),
        ("EventSummary", "Events", "EventId StartDateTime Category"),
        ("EventRegistration", "Events", "Registrant Event Functions BillToPartyId"),
        ("EventRegistrationSummary", "Events", "Registrant Event"),
        ("LegacyEventFunctionAttendance", "Events", "EventFunctionAttendanceId FunctionId RegistrantFullName"),
        ("CertificationProgram", "Certification", "CertificationProgramId Name"),
        ("CertificationProgramRegistration", "Certification", "Party Program Status"),
    ],
)
def test_the_members_of_the_contract_are_there(sandbox: Sandbox, entity: str, namespace: str, members: str) -> None:
    item = sandbox.staff.get(f"/api/{entity}?Limit=1").json()["Items"]["$values"][0]
    assert re.fullmatch(rf"Asi\.Soa\.{namespace}\.DataContracts\.\w+Data, Asi\.Contracts", item["$type"])
    assert set(members.split()) <= set(item)
    for value in item.values():
        assert not isinstance(value, dict) or next(iter(value)) == "$type"
