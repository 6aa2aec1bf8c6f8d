"""Nonsense in a body is refused or taken for what it is; it never breaks the service."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from served_sandbox import Sandbox, panel_row, serving

BODIES = (
    b"{}", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"Properties":5}',
    b'{"Properties":{"$values":[1,null,{"Name":null}]}}',
    b'{"PersonName":"x","Emails":[1],"Group":"x","Party":5,"Status":{},"PartyId":{},"Identity":[]}',
    b'{"OperationName":"FindByPath","Parameters":{"$values":[null,{"$value":{}}]}}',
    b'{"OperationName":5,"Parameters":7}', b'{"OperationName":"RegisterEvent","EventId":{},"RegistrantId":[]}',
    b'{"$values":[{"a":1},5]}', b'{"EntityTypeName":{},"Properties":[{}]}',
    b'{"Filters":[{"PropertyName":null}],"SortFields":[5],"Limit":"x"}',
    b'{"Properties":{"$values":[{"Name":"PartyId","Value":5},{"Name":"ACTIVITY_TYPE","Value":"CALL"},'
    b'{"Name":"AMOUNT","Value":"x"},{"Name":"TRANSACTION_DATE","Value":5}]}}',
)  # fmt: skip
ADDRESSES = ("", "/x", "/_execute", "/_validate", "/_bulkInsert", "/_bulkUpdate", "/_query")


@pytest.fixture(scope="module")
def spoiled() -> Iterator[Sandbox]:
    """A sandbox whose records may be ruined."""
    with serving("--members", "60", "--years", "0.2", "--seed", "2", "--today", "2026-03-02") as sandbox:
        yield sandbox


@pytest.mark.parametrize(
    "entity",
    [
        "Party", "CsContact", "Activity", "GroupMember", "EventRegistration", "PartyNote", "Payment", "Name_CEU",
        "Name_Demo", "DocumentSummary", "UserSecurity", "User", "BOEntityDefinition", "QueryDefinition", "Message",
    ],
)  # fmt: skip
def test_no_body_breaks_an_entity(spoiled: Sandbox, entity: str) -> None:
    key = spoiled.staff.get(f"/api/{entity}?Limit=1").json()["Items"]["$values"] if entity != "Message" else []
    found = next((str(value) for name, value in (key[0] if key else {}).items() if name.endswith("Id")), "x")
    for body in BODIES:
        for address in (*ADDRESSES, f"/{found}"):
            method = "PUT" if address in ("/x", f"/{found}") else "POST"
            answer = spoiled.master.request(method, f"/api/{entity}{address}", content=body)
            assert answer.status_code < 500 or answer.status_code == 501, (method, address, body)


def test_an_activity_with_an_amount_that_is_none_is_refused(spoiled: Sandbox) -> None:
    party = spoiled.staff.get("/api/PartySummary?Limit=1").json()["Items"]["$values"][0]["PartyId"]
    values = {"PartyId": party, "ACTIVITY_TYPE": "GIFT", "AMOUNT": "much"}
    refused = spoiled.staff.post("/api/Activity", json=panel_row("Activity", party, values, identity=False))
    assert refused.json()["Errors"]["$values"][0]["PropertyName"] == "AMOUNT"
