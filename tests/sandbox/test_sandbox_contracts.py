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


def test_every_business_object_says_of_what_it_is_made(sandbox: Sandbox) -> None:
    listed = sandbox.staff.get("/api/BoEntityDefinition?limit=500").json()["Items"]["$values"]
    by_name = {one["EntityTypeName"]: one for one in listed}
    assert {"CsContact", "CsEvent", "Name_CEU", "CsSubscriptions"} <= set(by_name)
    contact = by_name["CsContact"]
    assert sandbox.staff.get("/api/BOEntityDefinition/CsContact").json() == contact
    assert (contact["ObjectTypeName"], contact["PrimaryParentEntityTypeName"]) == ("Standard", "Party")
    assert (contact["RelatedEntities"]["$values"], contact["Indexes"]["$values"]) == ([], [])
    kinds = {"String": "String", "Date": "DateTime", "Integer": "Integer", "Decimal": "Decimal", "Boolean": "Boolean"}
    for one in listed:
        for entry in one["Properties"]["$values"]:
            assert entry["$type"] == f"{CORE}.PropertyType{kinds[entry['PropertyTypeName']]}Data, Asi.Contracts"
            assert entry["PropertyTypeName"] != "String" or entry["MaxLength"] > 0
    event = sandbox.staff.get("/api/CsEvent?limit=1").json()["Items"]["$values"][0]
    assert event["PrimaryParentEntityTypeName"] == by_name["CsEvent"]["PrimaryParentEntityTypeName"] == "Standalone"
    assert sandbox.master.put("/api/BOEntityDefinition/CsContact", json=contact).status_code == 403


def defined(sandbox: Sandbox, name: str, kind: str, parent: str, *columns: dict[str, Any]) -> None:
    made = {"EntityTypeName": name, "ObjectTypeName": kind, "PrimaryParentEntityTypeName": parent}
    answer = sandbox.staff.post("/api/BOEntityDefinition", json={**made, "Properties": {"$values": columns}})
    assert answer.status_code == 201, answer.text


def row_of(name: str, parent: str, elements: list[str], **values: Any) -> dict[str, Any]:
    """A row as a migration tool writes it: an identity of which it knows no elements."""
    whose: dict[str, Any] = {"EntityTypeName": parent}
    if elements:
        whose["IdentityElements"] = {"$values": elements}
    entries = [{"Name": column, "Value": value} for column, value in values.items()]
    return {
        "EntityTypeName": name, "PrimaryParentEntityTypeName": parent, "Identity": {"EntityTypeName": name},
        "PrimaryParentIdentity": whose, "Properties": {"$values": entries},
    }  # fmt: skip


def test_rows_without_an_identity_are_numbered_also_after_one_went(sandbox: Sandbox) -> None:
    defined(sandbox, "Numbered_Notes", "Multi", "Standalone", {"Name": "Words", "PropertyTypeName": "String"})
    row = row_of("Numbered_Notes", "Standalone", [], Words="kept")
    first, second = (sandbox.master.post("/api/Numbered_Notes", json=row).json() for _ in range(2))
    gone = properties(first)["Ordinal"]
    assert sandbox.master.delete(f"/api/Numbered_Notes/{gone}").status_code in (200, 204)
    third = sandbox.master.post("/api/Numbered_Notes", json=row)
    assert third.status_code == 201
    assert properties(third.json())["Ordinal"] > properties(second)["Ordinal"]


def test_a_business_object_may_hang_on_an_event(sandbox: Sandbox) -> None:
    defined(sandbox, "Of_Events", "Multi", "Event", {"Name": "Note", "PropertyTypeName": "String", "MaxLength": 20})
    event = sandbox.staff.get("/api/Event?limit=1").json()["Items"]["$values"][0]["EventId"]
    kept = sandbox.staff.post("/api/Of_Events", json=row_of("Of_Events", "Event", [event], Note="kept")).json()
    assert kept["Identity"]["IdentityElements"]["$values"] == [event, "1"]
    assert kept["PrimaryParentIdentity"]["EntityTypeName"] == kept["PrimaryParentEntityTypeName"] == "Event"
    absent = row_of("Of_Events", "Event", ["NOSUCH"], Note="lost")
    assert sandbox.staff.post("/api/Of_Events", json=absent).status_code == 400


def test_a_business_object_without_a_parent_is_known_by_its_own_key(sandbox: Sandbox) -> None:
    code = {"Name": "Code", "PropertyTypeName": "String", "MaxLength": 20, "IsIdentity": True}
    defined(sandbox, "Of_Nobody", "Standard", "Standalone", code, {"Name": "Size", "PropertyTypeName": "Integer"})
    row = row_of("Of_Nobody", "Standalone", [], Code="c1", Size=5)
    kept = sandbox.staff.post("/api/Of_Nobody", json=row).json()
    assert (kept["Identity"]["IdentityElements"]["$values"], properties(kept)) == (["c1"], {"Code": "c1", "Size": 5})
    assert kept["PrimaryParentEntityTypeName"] == "Standalone"
    assert sandbox.staff.post("/api/Of_Nobody", json=row).status_code == 409
    assert sandbox.staff.get("/api/Of_Nobody/c1").json() == kept
    assert sandbox.staff.get("/api/Of_Nobody?Size=ge:5").json()["TotalCount"] == 1
    changed = sandbox.staff.put("/api/Of_Nobody/c1", json=row_of("Of_Nobody", "Standalone", [], Size=6))
    assert properties(changed.json())["Size"] == 6
    assert sandbox.staff.delete("/api/Of_Nobody/c1").status_code == 200
    assert sandbox.staff.get("/api/Of_Nobody").json()["TotalCount"] == 0


def test_what_collections_ask_of_carts_and_tasks_is_taken(sandbox: Sandbox) -> None:
    cart = {"$type": "Asi.Soa.Commerce.DataContracts.CartData, Asi.Contracts", "CartId": "c", "UserId": "1"}
    body = {"EntityTypeName": "Cart", "OperationName": "Submit", "Cart": cart}
    answer = sandbox.master.post("/api/Cart/_execute", json=body).json()
    assert (answer["Result"], answer["IsSuccessStatusCode"]) == (cart, True)
    assert sandbox.staff.post("/api/Cart/_execute", json=body).status_code == 403
    assert sandbox.master.post("/api/Cart/_execute", json={**body, "OperationName": "Other"}).status_code == 501


def test_the_change_log_names_columns_as_the_database_does(sandbox: Sandbox) -> None:
    asked = {"IdentityEntityTypeName": "Party", "PropertyName": "MemberType", "Limit": 1}
    [entry] = sandbox.staff.get("/api/ChangeLog", params=asked).json()["Items"]["$values"]
    assert entry["Changes"]["$values"][0]["PropertyName"] == "Name.MEMBER_TYPE"
    assert entry["Identity"]["IdentityElements"]["$values"] == [entry["PartyId"]]
    assert sandbox.staff.get("/api/Party/nobody/changelog").json()["TotalCount"] == 0
    assert sandbox.staff.get("/api/Message/1/changelog").json()["TotalCount"] == 0


def test_a_message_that_was_noted_is_changed(sandbox: Sandbox) -> None:
    sent = sandbox.staff.get("/api/CommunicationLog?Limit=1").json()["Items"]["$values"][0]
    address = f"/api/CommunicationLog/{sent['CommunicationLogId']}"
    assert sandbox.staff.put(address, json={**sent, "Subject": "Another"}).json()["Subject"] == "Another"
    assert sandbox.staff.get(address).json() == {**sent, "Subject": "Another"}
    sandbox.staff.put(address, json=sent)


def test_a_number_fits_into_a_column_of_text(sandbox: Sandbox, somebody: str) -> None:
    defined(sandbox, "With_Text", "Single", "Party", {"Name": "Code", "PropertyTypeName": "String", "MaxLength": 4})
    row = row_of("With_Text", "Party", [somebody], ID=somebody, Code=1234)
    assert properties(sandbox.staff.post("/api/With_Text", json=row).json())["Code"] == "1234"
    row["Properties"]["$values"][1]["Value"] = 12345
    assert sandbox.staff.put(f"/api/With_Text/{somebody}", json=row).status_code == 400


def test_filters_that_the_vendor_documents_find_contacts(sandbox: Sandbox, somebody: str) -> None:
    party = sandbox.staff.get(f"/api/Party/{somebody}").json()
    address = party["Addresses"]["$values"][0]["Address"]
    writer = party["UpdateInformation"]["UpdatedBy"]
    for name, value in (("cityName", address["CityName"]), ("countrySubEntityName", address["CountrySubEntityName"])):
        found = sandbox.staff.get("/api/Party", params={name: value, "PartyId": somebody, "UpdatedBy": writer})
        assert found.json()["Count"] == 1
    unknown = sandbox.staff.get("/api/Party?MajorKey=101")
    assert (unknown.status_code, unknown.text) == (400, "In the query, MajorKey is not a known property name.")
    [country] = sandbox.staff.get("/api/Country?CountryName=startsWith:United S").json()["Items"]["$values"]
    assert country["CountryCode"] == "US"


def test_users_are_renamed_and_given_passwords_and_roles(sandbox: Sandbox) -> None:
    def done(operation: str, *arguments: Any) -> Any:
        return execute(sandbox.master, "UserSecurity", operation, *arguments)["Result"]

    [user] = sandbox.staff.get("/api/User?Limit=1&Offset=3&OrderBy=UserId:Descending").json()["Items"]["$values"]
    name, who = user["UserName"], user["UserId"]
    assert done("FindByName", name)["UserSecurityId"] == who
    assert (done("FindByName", "nobody"), done("UpdatePassword", "nobody", "x")) == (None, None)
    assert done("UpdatePassword", name, "another") is True
    assert [done("ValidateUser", name, word) for word in ("another", "sandbox")] == [True, False]
    assert done("UpdateUserName", name, "New.Name", "another", False) is True
    assert sandbox.token("new.name", "another").status_code == 200
    assert sandbox.token(name, "another").status_code == 400
    assert done("FindByName", "new.name")["UserName"] == "New.Name"
    assert done("AddUserRoles", "new.name", {"$type": "System.String[]", "$values": ["Editor"]}) is True
    assert "Editor" in {role["RoleName"] for role in done("GetUserRoles", "new.name")["$values"]}
    done("RemoveUserRoles", "new.name", {"$type": "System.String[]", "$values": ["Editor"]})
    assert "Editor" not in {role["RoleName"] for role in done("GetUserRoles", who)["$values"]}
    for _ in range(5):
        sandbox.token("new.name", "wrong")
    assert sandbox.token("new.name", "another").status_code == 400
    assert (done("UnlockUser", "new.name"), sandbox.token("new.name", "another").status_code) == (True, 200)
    body = {"OperationName": "UpdatePassword", "Parameters": {"$values": ["administrator", "mine"]}}
    assert sandbox.staff.post("/api/UserSecurity/_execute", json=body).status_code == 403


def test_documents_are_found_by_the_keys_of_their_versions(sandbox: Sandbox) -> None:
    query = execute(sandbox.staff, "Document", "FindByPath", "$/Tenure/Terms")["Result"]
    key = query["DocumentVersionId"]
    assert execute(sandbox.staff, "Document", "FindByVersionId", key.upper())["Result"] == query
    keys = {"$type": "System.String[]", "$values": [key, "none"]}
    assert execute(sandbox.staff, "Document", "FindByVersionIds", keys)["Result"]["$values"] == [query]
    assert execute(sandbox.staff, "Document", "FindByVersionId", "none")["Message"] == "NotFound"


def test_ids_of_registrations_are_found_by_event_and_contact(sandbox: Sandbox) -> None:
    [one] = sandbox.staff.get("/api/EventRegistration?Limit=1").json()["Items"]["$values"]
    event, party = one["Event"]["EventId"], one["EventRegistrationId"].rpartition("-")[2]
    found = execute(sandbox.staff, "EventRegistration", "FindEventRegistrationIds", event)["Result"]["$values"]
    total = sandbox.staff.get("/api/EventRegistration", params={"EventId": event, "Limit": 1}).json()["TotalCount"]
    assert len(found) == total
    both = execute(sandbox.staff, "EventRegistration", "FindEventRegistrationIds", event, party)["Result"]["$values"]
    assert both == [one["EventRegistrationId"]]


def test_whose_automatic_payment_is_canceled_pays_by_hand(sandbox: Sandbox) -> None:
    [account] = sandbox.staff.get("/api/AutoPayAccount?Limit=1").json()["Items"]["$values"]
    party, key = account["PartyId"], account["AutoPayAccountId"]
    for asked in (("GetInstructionsForContact", party), ("GetInstructionsForAutoPayAccount", key)):
        [instruction] = execute(sandbox.staff, "AutoPayInstruction", *asked)["Result"]["$values"]
        assert instruction["AutoPayAccountId"] == key
    assert execute(sandbox.master, "AutoPayInstruction", "Cancel", instruction["InstructionId"])["Result"] is True
    assert sandbox.staff.get(f"/api/AutoPayAccount/{key}").status_code == 404
    assert execute(sandbox.staff, "AutoPayInstruction", "GetInstructionsForContact", party)["Result"]["$values"] == []


def test_a_group_is_emptied(sandbox: Sandbox, somebody: str) -> None:
    group = sandbox.staff.post("/api/Group", json={"Name": "Short-lived"}).json()["GroupId"]
    body = {"Group": {"GroupId": group}, "Party": {"PartyId": somebody}, "IsActive": True}
    sandbox.staff.post("/api/GroupMember", json=body).raise_for_status()
    assert execute(sandbox.staff, "GroupMember", "FindRelationships", somebody)["Result"]["$values"] == []
    assert execute(sandbox.staff, "GroupMember", "CancelAllActiveAndFutureGroupMembers", group)["Result"] is True
    assert sandbox.staff.get("/api/GroupMember", params={"GroupId": group}).json()["TotalCount"] == 0


def test_look_ups_pictures_and_bodies_with_a_byte_order_mark(sandbox: Sandbox, somebody: str) -> None:
    assert "CHAPTER" in execute(sandbox.staff, "GenTable", "GetGenTableNames")["Result"]["$values"]
    assert execute(sandbox.staff, "PartyImage", "GetProfileVirtualFile", somebody)["StatusCode"] == 5
    assert execute(sandbox.staff, "QueryDefinition", "FindDetailQueryById", "x")["Message"] == "NotFound"
    body = b'\xef\xbb\xbf{"OperationName": "GetGenTableNames", "EntityTypeName": "GenTable"}'
    assert sandbox.staff.post("/api/GenTable/_execute", content=body).status_code == 200


def test_contacts_are_served_by_the_columns_of_the_database_too(sandbox: Sandbox, somebody: str) -> None:
    row = properties(sandbox.staff.get(f"/api/Name/{somebody}").json())
    contact = properties(sandbox.staff.get(f"/api/CsContact/{somebody}").json())
    pairs = {"MEMBER_TYPE": "MemberType", "PAID_THRU": "PaidThrough", "CO_ID": "CompanyId", "MEMBER_RECORD": "IsMember"}
    assert {name: row[name] for name in pairs} == {name: contact[other] for name, other in pairs.items()}
    found = sandbox.staff.get("/api/Name", params={"MEMBER_TYPE": row["MEMBER_TYPE"], "ID": somebody}).json()
    assert found["TotalCount"] == 1
