"""Requests in the ways in which shipping clients of iMIS write them."""

from __future__ import annotations

from typing import Any

import httpx
from served_sandbox import Sandbox, properties


def bearer(sandbox: Sandbox, path: str, body: str) -> httpx.Client:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    token = httpx.post(f"{sandbox.url}{path}", content=body, headers=headers).json()["access_token"]
    return httpx.Client(base_url=sandbox.url, headers={"Authorization": f"Bearer {token}"}, timeout=60)


def test_a_loader_that_finds_or_makes_contacts_and_notes_activities(sandbox: Sandbox) -> None:
    client = bearer(sandbox, "/Token", "grant_type=password&username=administrator&password=sandbox")
    looked = client.get("/api/Party?email=tess@example.org&firstname=Tess").json()
    assert looked["Items"]["$values"] == []
    organization = client.get("/api/Party?isOrganization=true&limit=1").json()["Items"]["$values"][0]
    assert client.get(f"/api/Party?id={organization['Id']}").json()["Items"]["$values"] == [organization]
    purposes = client.get("/api/AddressPurpose").json()["Items"]["$values"]
    purpose = next(one["Name"] for one in purposes if one.get("IsDefaultAddress"))
    membership = "Asi.Soa.Membership.DataContracts"
    contact: dict[str, Any] = {
        "$type": f"{membership}.PersonData, Asi.Contracts",
        "PersonName": {"FirstName": "Tess", "LastName": "Loader"},
        "Emails": {"$values": [{"Address": "tess@example.org", "EmailType": "_Primary", "IsPrimary": True}]},
        "PrimaryOrganization": {"OrganizationPartyId": organization["Id"], "Name": organization["OrganizationName"]},
        "Addresses": {
            "$values": [{"AddressPurpose": purpose, "Address": {"AddressLines": ["1 Way"], "CityName": "X"}}]
        },
    }
    made = client.post("/api/Party", json=contact)
    again = client.get("/api/Party?email=tess@example.org").json()["Items"]["$values"][0]
    assert again["Id"] == made.json()["Id"]
    again["Phones"] = {"$values": [{"Number": "555-0101", "PhoneType": "Mobile"}]}
    assert client.put(f"/api/Party/{again['Id']}", json=again).json()["Id"] == again["Id"]
    assert client.get("/api/Party?phone=555-0101").json()["Items"]["$values"][0]["Id"] == again["Id"]
    note = {
        "$type": "Asi.Soa.Core.DataContracts.GenericEntityData, Asi.Contracts",
        "properties": {"$values": [
            {"Name": "PartyId", "Value": again["Id"]}, {"Name": "TRANSACTION_DATE", "Value": "2026-03-01T10:00:00"},
            {"Name": "ACTIVITY_TYPE", "Value": "CALL"}, {"Name": "TITLE", "Value": "no such column"},
        ]},
    }  # fmt: skip
    answer = client.post("/api/Activity", json=note)
    assert answer.json()["Identity"]["IdentityElements"]["$values"][0].isdecimal()
    note["properties"]["$values"][2]["Value"] = "NOSUCH"  # type: ignore[index]
    refused = client.post("/api/Activity", json=note)
    assert (refused.status_code, "ValidationResultsData" in refused.text) == (400, True)
    assert refused.json()["Errors"]["$values"][0]["Message"]


def test_a_reader_that_infers_forms_from_metadata_or_from_rows(sandbox: Sandbox) -> None:
    client = bearer(sandbox, "/Token", "grant_type=password&username=tenure&password=sandbox")
    assert client.get("/api//metadata/Party").json()["Properties"]["$values"]
    assert client.get("/api//metadata/Activity").status_code == 501
    rows = client.get("/api//Activity", params={"limit": 500}).json()["Items"]["$values"]
    assert len(rows) == 500
    assert {"ACTIVITY_TYPE", "TRANSACTION_DATE"} <= set(properties(rows[0]))


def test_a_keeper_of_lists_that_posts_with_a_trailing_slash_and_deletes_by_identity(
    sandbox: Sandbox, somebody: str
) -> None:
    client = bearer(sandbox, "/token", "Username=administrator&Password=sandbox&Grant_type=password")
    columns = [("ID", "String"), ("Ordinal", "Integer"), ("GroupName", "String")]
    definition = {
        "EntityTypeName": "Our_Lists", "ObjectTypeName": "Multi",
        "Properties": {"$values": [{"Name": name, "PropertyTypeName": kind} for name, kind in columns]},
    }  # fmt: skip
    assert client.post("/api/BOEntityDefinition", json=definition).status_code == 201
    row = {
        "EntityTypeName": "Our_Lists", "PrimaryParentEntityTypeName": "Party",
        "PrimaryParentIdentity": {"EntityTypeName": "Party", "IdentityElements": {"$values": [somebody]}},
        "Properties": {"$values": [{"Name": "ID", "Value": somebody}, {"Name": "GroupName", "Value": "news"}]},
    }  # fmt: skip
    for _ in range(2):
        assert client.post("/api/Our_Lists/", json=row).status_code == 201
    found = client.get("/api/Our_Lists", params=[("GroupName", "news"), ("ID", somebody), ("limit", "100")]).json()
    identities = [one["Identity"]["IdentityElements"]["$values"] for one in found["Items"]["$values"]]
    assert identities == [[somebody, "1"], [somebody, "2"]]
    for identity in identities:
        assert client.delete(f"/api/Our_Lists/~{'|'.join(identity)}").status_code == 200
    assert client.get("/api/Our_Lists", params={"GroupName": "news"}).json()["Count"] == 0


def test_the_vendors_client_finds_by_encoded_id_and_reads_the_change_log(sandbox: Sandbox) -> None:
    item = sandbox.staff.get("/api/Subscription?Limit=1").json()["Items"]["$values"][0]
    by_id = sandbox.staff.get(f"/api/Subscription?EntityId=%7E{item['PartyId']}%7C{item['ItemId']}")
    assert by_id.json() == item
    log = sandbox.staff.get(f"/api/Party/{item['PartyId']}/changelog?offset=0&limit=5").json()
    assert (log["Offset"], log["Limit"]) == (0, 5)
    assert sandbox.staff.post("/api/Party/_haspermission/Read?Id=101", content=b"null").json() is True
    cleared = sandbox.staff.post("/api/Activity/_validate", json={}).json()
    assert {"IsValid", "Entity", "ValidationResults"} <= set(cleared)
    found = sandbox.staff.post(
        "/api/BOEntityDefinition/_execute",
        json={"OperationName": "FindById", "Parameters": {"$values": [{"$type": "System.String", "$value": "Nope"}]}},
    )
    assert found.status_code == 404
