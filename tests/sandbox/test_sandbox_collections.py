"""What the vendor's published request collections, and clients by people who never saw this sandbox, ask for."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from served_sandbox import Sandbox, properties

EVENTS = "Asi.Soa.Events.DataContracts"


def first(sandbox: Sandbox, entity: str, **params: Any) -> dict[str, Any]:
    answer = sandbox.staff.get(f"/api/{entity}", params={"Limit": 1, **params})
    assert answer.status_code == 200, answer.text
    return answer.json()["Items"]["$values"][0]


def execute(client: httpx.Client, entity: str, operation: str, *arguments: Any, **members: Any) -> httpx.Response:
    """`_execute` as the vendor's collection sends it, its parameters boxed."""
    values = [{"$type": "System.String", "$value": one} if isinstance(one, str) else one for one in arguments]
    body = {
        "$type": "Asi.Soa.Core.DataContracts.GenericExecuteRequest, Asi.Contracts", "OperationName": operation,
        "EntityTypeName": entity, "Parameters": {"$values": values}, "UseJson": False, **members,
    }  # fmt: skip
    return client.post(f"/api/{entity}/_execute", json=body)


@pytest.mark.parametrize("entity", ["PartyNote", "Promotion", "TaskDefinition", "ExpectedPaymentSet", "Themes"])
def test_what_no_member_does_is_kept_as_written(sandbox: Sandbox, entity: str) -> None:
    made = sandbox.master.post(f"/api/{entity}", json={"Name": "First", "Purpose": "test"})
    assert made.status_code == 201, made.text
    name = {"Themes": "ThemeId"}.get(entity, f"{entity}Id")
    key = made.json()[name]
    assert next(iter(made.json())) == "$type"
    assert re.fullmatch(rf"Asi\.Soa\.\w+\.DataContracts\.{entity}Data, Asi\.Contracts", made.json()["$type"])
    changed = sandbox.master.put(f"/api/{entity}/{key}", json={**made.json(), "Name": "Second"})
    assert (changed.status_code, changed.json()["Name"]) == (201, "Second")
    found = sandbox.staff.get(f"/api/{entity}", params={"name": "contains:seco"}).json()
    assert [item[name] for item in found["Items"]["$values"]] == [key]
    assert sandbox.master.post(f"/api/{entity}", json=made.json()).status_code == 409
    assert sandbox.staff.post(f"/api/{entity}", json={"Name": "Mine"}).status_code == 403
    assert sandbox.master.delete(f"/api/{entity}/{key}").status_code == 200
    assert sandbox.staff.get(f"/api/{entity}/{key}").status_code == 404


def test_a_verb_that_the_collection_does_not_have_is_not_implemented(sandbox: Sandbox) -> None:
    assert sandbox.master.post("/api/Tag", json={"Name": "x"}).status_code == 501
    assert sandbox.staff.get("/api/ComboOrder").status_code == 501
    assert sandbox.master.delete("/api/Invoice/1").status_code == 501
    assert execute(sandbox.master, "Invoice", "NoSuchOperation").status_code == 501
    assert sandbox.master.post("/api/Invoice/_execute").status_code == 400


def test_a_thing_and_its_summary_are_one(sandbox: Sandbox) -> None:
    made = sandbox.master.post("/api/CampaignSummary", json={"CampaignCode": "SPR", "Name": "Spring"}).json()
    assert sandbox.staff.get(f"/api/Campaign/{made['CampaignId']}").json()["CampaignCode"] == "SPR"
    of_site = sandbox.staff.get("/api/CampaignSummary/renewal").json()
    assert of_site["$type"] == "Asi.Soa.Communications.DataContracts.CampaignSummaryData, Asi.Contracts"
    assert sandbox.master.delete("/api/CampaignSummary/RENEWAL").status_code == 200
    assert sandbox.staff.get("/api/Campaign/RENEWAL").status_code == 404


def test_an_empty_entity_is_invalid_and_placeholders_are_unreadable(sandbox: Sandbox) -> None:
    assert sandbox.master.post("/api/PartyNote").status_code == 400
    assert sandbox.master.post("/api/PartyNote/_validate").json()["IsValid"] is False
    assert sandbox.master.post("/api/GenTable", content=b"GenTable to be Created").status_code == 400
    asked = sandbox.master.post("/api/GenTable/_haspermission/Update", content=b"GenTable object to check")
    assert asked.json() is True


def test_bodies_with_comments_and_commas_too_many_are_read(sandbox: Sandbox) -> None:
    body = b'{ "Text": "a // b, }", /* c */ "Values": [1, 2,], // d\n }'
    made = sandbox.master.post("/api/PartyNote", content=body, headers={"Content-Type": "application/json"})
    assert made.status_code == 201
    assert (made.json()["Text"], made.json()["Values"]) == ("a // b, }", [1, 2])


@pytest.mark.parametrize("entity", ["Payment", "FullAddress", "AutoPayInstruction", "CertificationProgramRegistration"])
def test_rows_of_the_world_are_written_over_by_an_administrator(sandbox: Sandbox, entity: str) -> None:
    row = first(sandbox, entity)
    key = row[f"{entity}Id"]
    total = sandbox.staff.get(f"/api/{entity}?Limit=1").json()["TotalCount"]
    changed = sandbox.master.put(f"/api/{entity}/{key}", json={**row, "Memo": "seen"})
    assert (changed.status_code, changed.json()["Memo"]) == (201, "seen")
    assert sandbox.staff.get(f"/api/{entity}/{key}").json()["Memo"] == "seen"
    made = sandbox.master.post(f"/api/{entity}", json={f"{entity}Id": "NEW-1", "Memo": "added"})
    assert made.status_code == 201
    last = sandbox.staff.get(f"/api/{entity}", params={"Offset": total, "Limit": 5}).json()
    assert [item["Memo"] for item in last["Items"]["$values"]] == ["added"]
    assert (last["TotalCount"], last["HasNext"]) == (total + 1, False)
    if entity != "Payment":
        assert sandbox.master.delete(f"/api/{entity}/NEW-1").status_code == 200
        assert sandbox.staff.get(f"/api/{entity}/NEW-1").status_code == 404


def test_somebody_is_registered_and_canceled_as_shipping_clients_do_it(sandbox: Sandbox, somebody: str) -> None:
    events = sandbox.staff.get("/api/Event?Limit=500").json()["Items"]["$values"]
    event = max(events, key=lambda one: one["StartDateTime"])["EventId"]
    address = f"/api/EventRegistration/{event}-{somebody}"
    assert "Status" not in sandbox.staff.get(address).json()
    request = {
        "$type": f"{EVENTS}.EventRegistrationRequest, Asi.Contracts", "EntityTypeName": "EventRegistration",
        "OperationName": "RegisterEvent", "RegistrationType": 3, "EventId": event,
        "RegistrationOptionFunctionId": f"{event}/MAIN", "FunctionId": "MAIN", "RegistrantId": somebody,
        "BillTo": somebody, "Waitlist": False,
    }  # fmt: skip
    assert sandbox.staff.post("/api/EventRegistration/_execute", json=request).status_code == 200
    found = sandbox.staff.get(address).json()
    assert found["Status"] == 1
    function = found["Functions"]["$values"][0]["EventFunction"]
    assert (function["EventFunctionCode"], function["IsEventRegistrationOption"]) == ("MAIN", True)
    line = {"$type": "Asi.Soa.Commerce.DataContracts.OrderLineData, Asi.Contracts", "ChildOrderLines": {"$values": []}}
    gone = execute(sandbox.staff, "EventRegistration", "CancelEventRegistration", f"{event}-{somebody}", line)
    assert gone.status_code == 200
    assert sandbox.staff.get(address).json()["Status"] != 1
    assert sandbox.staff.post("/api/EventRegistration/_execute", json=request).json()["Result"]["Status"] == 1
    assert sandbox.staff.put(address, json={**found, "Status": 1}).json()["Status"] == 1
    assert sandbox.staff.put(address, json={**found, "Status": "Cancelled"}).json()["Status"] != 1
    listed = sandbox.staff.get("/api/EventRegistration", params={"EventId": event, "PartyId": somebody}).json()
    assert [item["EventRegistrationId"] for item in listed["Items"]["$values"]] == [f"{event}-{somebody}"]
    unknown = execute(sandbox.staff, "EventRegistration", "CancelEventRegistration", f"NOSUCH-{somebody}")
    assert unknown.status_code == 400


def test_documents_are_found_by_path_and_by_folder(sandbox: Sandbox) -> None:
    found = execute(sandbox.staff, "DocumentSummary", "FindByPath", "$/Tenure/Terms").json()["Result"]
    assert (found["Name"], found["DocumentTypeId"]) == ("Terms", "IQD")
    inside = execute(sandbox.staff, "DocumentSummary", "FindDocumentsInFolder", "$/Tenure", {"$values": ["IQD"]})
    names = [item["Name"] for item in inside.json()["Result"]["$values"]]
    assert {"Members", "Terms", "Activities"} <= set(names)
    key = found["DocumentVersionId"]
    by_key = sandbox.staff.get("/api/iqa", params={"querydocumentversionkey": key.upper(), "Limit": 1})
    assert by_key.json()["Count"] == 1


def test_roles_are_asked_for_by_operation(sandbox: Sandbox, somebody: str) -> None:
    roles = execute(sandbox.staff, "UserSecurity", "GetUserRoles", somebody).json()["Result"]["$values"]
    assert [role["RoleName"] for role in roles] == ["Everyone", "Member"]


def test_the_older_tables_take_rows(sandbox: Sandbox, somebody: str) -> None:
    sandbox.staff.get("/api/Name_CEU")
    body = {
        "EntityTypeName": "Name_CEU", "PrimaryParentIdentity": {"IdentityElements": {"$values": [somebody]}},
        "Properties": {"$values": [{"Name": "PartyId", "Value": somebody}, {"Name": "CEU_Notes", "Value": "kept"}]},
    }  # fmt: skip
    made = sandbox.master.post("/api/Name_CEU", json=body)
    assert made.status_code == 201
    party, number = made.json()["Identity"]["IdentityElements"]["$values"]
    assert properties(sandbox.staff.get(f"/api/Name_CEU/~{party}|{number}").json())["CEU_Notes"] == "kept"
    rows = sandbox.staff.get(f"/api/Name_CEU/{somebody}").json()["Items"]["$values"]
    assert {row["Identity"]["IdentityElements"]["$values"][0] for row in rows} == {somebody}
    assert sandbox.master.delete(f"/api/Name_CEU/~{party}|{number}").status_code == 200
    demo = {**body, "EntityTypeName": "Name_Demo"}
    assert sandbox.master.post("/api/Name_Demo", json=demo).status_code == 409
    assert sandbox.master.delete(f"/api/Name_Demo/{somebody}").status_code == 200
    assert sandbox.staff.get(f"/api/Name_Demo/{somebody}").status_code == 404
    assert sandbox.master.post("/api/Name_Demo", json=demo).status_code == 201


def test_organizations_are_picked_out_of_the_parties(sandbox: Sandbox) -> None:
    found = sandbox.staff.get("/api/Party?isOrganization=true").json()["Items"]["$values"]
    assert found
    assert all(".OrganizationData," in one["$type"] for one in found)


def test_a_deleted_contact_is_gone_and_noted(sandbox: Sandbox) -> None:
    person = {"$type": "Asi.Soa.Membership.DataContracts.PersonData, Asi.Contracts"}
    person |= {"PersonName": {"FirstName": "Gone", "LastName": "Soon"}, "Email": "gone@example.org"}  # type: ignore[dict-item]
    party = sandbox.master.post("/api/Person", json=person).json()["Id"]
    assert first(sandbox, "Person", Email="gone@example.org")["Id"] == party
    assert sandbox.staff.delete(f"/api/Party/{party}").status_code == 403
    assert sandbox.master.delete(f"/api/Party/{party}").status_code == 200
    for entity in ("Party", "CsContact", "PartySummary"):
        assert sandbox.staff.get(f"/api/{entity}/{party}").status_code == 404
    assert first(sandbox, "PartyDeleteLog", PartyId=party)["PartyId"] == party
    assert party not in [str(row["ID"]) for row in sandbox.rows("Members")]


def test_courses_are_readable_wherever_learning_refers_to_them(sandbox: Sandbox) -> None:
    learned = [row for row in sandbox.rows("Activities") if row["ActivityType"].startswith("LRN")]
    codes = {row["ProductCode"] for row in learned}
    programs = sandbox.staff.get("/api/CertificationProgram").json()["Items"]["$values"]
    assert codes <= {program["CertificationProgramId"] for program in programs}
    assert codes <= {row["Ref"] for row in sandbox.rows("Programs")}
    assert codes <= {item["ItemId"] for item in sandbox.staff.get("/api/Item").json()["Items"]["$values"]}
    begun = first(sandbox, "CertificationProgramRegistration", RegistrationStatusCode="C")
    assert begun["CompletionDate"] >= begun["RegistrationDate"]


def test_campaigns_are_messages_with_recipients(sandbox: Sandbox) -> None:
    campaign = first(sandbox, "CommunicationLog", OrderBy="CreatedOn:Descending")
    sent = first(sandbox, "CommunicationLogRecipient", CommunicationLogId=campaign["CommunicationLogId"])
    assert sent["CommunicationLogId"] == campaign["CommunicationLogId"]
    assert sandbox.staff.get("/api/Communication").status_code == 400
    assert sandbox.staff.get("/api/Communication?Path=$/Common").status_code == 200


def test_entities_are_added_updated_and_asked_for_in_bulk(sandbox: Sandbox) -> None:
    notes = [{"PartyNoteId": f"B{number}", "Purpose": "bulk", "Text": str(number)} for number in range(3)]
    added = sandbox.master.post("/api/PartyNote/_bulkInsert", json={"$type": "list", "$values": notes})
    assert added.status_code == 201
    assert [one["PartyNoteId"] for one in added.json()["$values"]] == ["B0", "B1", "B2"]
    more = [{**note, "Text": "changed"} for note in added.json()["$values"][:2]]
    assert sandbox.master.post("/api/PartyNote/_bulkUpdate", json=more).status_code == 201
    query = {
        "Filters": {"$values": [{"PropertyName": "Purpose", "Operation": "Equal", "Values": {"$values": ["bulk"]}}]},
        "SortFields": {"$values": [{"PropertyName": "PartyNoteId", "SortOrder": "Descending"}]}, "Limit": 2,
    }  # fmt: skip
    page = sandbox.staff.post("/api/PartyNote/_query", json=query).json()
    assert [(one["PartyNoteId"], one["Text"]) for one in page["Items"]["$values"]] == [("B2", "2"), ("B1", "changed")]
    assert (page["TotalCount"], page["HasNext"]) == (3, True)
    assert sandbox.staff.post("/api/PartyNote/_addMultiple", json=notes).status_code == 403
    assert sandbox.master.post("/api/PartyNote/_addMultiple", json=[]).status_code == 400
