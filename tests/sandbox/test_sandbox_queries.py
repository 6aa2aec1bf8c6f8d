"""IQAs, old and new."""

from __future__ import annotations

from typing import Any

from served_sandbox import Sandbox, properties

ALL = (
    "Members", "MemberChanges", "Terms", "Activities", "EmailEvents", "WebActivity", "Registrations", "Money",
    "Contacts", "ProgramChanges",
)  # fmt: skip


def iqa(sandbox: Sandbox, name: str, *parameters: str, **params: Any) -> dict[str, Any]:
    given = [("QueryName", f"$/Tenure/{name}"), *params.items(), *(("parameter", value) for value in parameters)]
    return sandbox.staff.get("/api/iqa", params=given).json()


def test_both_services_say_the_same_of_every_query(sandbox: Sandbox) -> None:
    for name in ALL:
        new, old = sandbox.query(name, Limit=20), iqa(sandbox, name, limit=20)
        assert new["TotalCount"] == old["TotalCount"]
        assert new["$type"] == "Asi.Soa.Core.DataContracts.PagedResult, Asi.Contracts"
        for flat, generic in zip(new["Items"]["$values"], old["Items"]["$values"], strict=True):
            assert flat.pop("$type") == "System.Dynamic.ExpandoObject, System.Core"
            other = properties(generic)
            other.pop("ResultRow")
            assert {k: str(v) if k.endswith("ID") else v for k, v in flat.items()} == other


def test_the_old_service_boxes_numbers_and_leaves_nulls_out(sandbox: Sandbox) -> None:
    page = iqa(sandbox, "Members", limit=3)
    row = page["Items"]["$values"][0]
    entries = {entry["Name"]: entry for entry in row["Properties"]["$values"]}
    assert row["EntityTypeName"].isdecimal()
    assert row["Properties"]["$values"][0]["Name"] == "ResultRow"
    assert entries["ResultRow"]["Value"] == "1"
    assert entries["ProfileCompleteness"]["Value"]["$type"] == "System.Decimal"
    assert entries["EmailAllowed"]["Value"]["$type"] == "System.Boolean"
    assert "Value" not in entries["DeceasedOn"]
    assert sandbox.query("Members", Limit=1)["Items"]["$values"][0]["DeceasedOn"] is None


def test_prompts_select_by_name_and_by_position(sandbox: Sandbox) -> None:
    everything = sandbox.rows("Money")
    since = "2026-01-15T00:00:00"
    late = [row for row in everything if row["DateEntered"] >= since]
    assert 0 < len(late) < len(everything)
    assert sandbox.rows("Money", EnteredSince=since) == late
    assert sandbox.rows("Money", enteredsince=f"ge:{since}") == late
    assert sandbox.rows("Money", EnteredSince="") == everything
    assert iqa(sandbox, "Money", since)["TotalCount"] == len(late)
    assert iqa(sandbox, "Money", "")["TotalCount"] == len(everything)


def test_rows_of_a_log_come_in_the_order_of_entry(sandbox: Sandbox) -> None:
    for name, column in (("Terms", "DateEntered"), ("Registrations", "DateEntered"), ("EmailEvents", "CreatedOn")):
        entered = [row[column] for row in sandbox.rows(name, EnteredSince="2025-09-01", CreatedSince="2025-09-01")]
        assert entered == sorted(entered)
        assert entered[-1] <= "2026-03-02T00:00:00"


def test_a_query_that_is_off_or_absent_is_404(sandbox: Sandbox) -> None:
    for name in ("NotPublished", "Nowhere"):
        assert sandbox.staff.get("/api/query", params={"QueryName": f"$/Tenure/{name}"}).status_code == 404
        assert sandbox.staff.get("/api/iqa", params={"QueryName": f"$/Tenure/{name}"}).status_code == 404


def test_a_definition_is_found_by_path_and_serves_by_key(sandbox: Sandbox) -> None:
    found = execute(sandbox.staff, "FindByPath", "$/Tenure/Terms")
    names = [entry["Alias"] for entry in found["Properties"]["$values"]]
    assert names == list(sandbox.query("Terms", Limit=1)["Items"]["$values"][0])[1:]
    assert found["Parameters"]["$values"][0]["PropertyName"] == "EnteredSince"
    by_key = sandbox.staff.get("/api/iqa", params={"querydocumentversionkey": found["Document"]["DocumentVersionId"]})
    assert by_key.json()["TotalCount"] == sandbox.query("Terms", Limit=1)["TotalCount"]


def test_a_master_switches_a_query_off_and_on(sandbox: Sandbox) -> None:
    refused = sandbox.staff.post(
        "/api/QueryDefinition/_execute", json=request("SetRestAccess", "$/Tenure/Money", False)
    )
    assert refused.status_code == 403
    execute(sandbox.master, "SetRestAccess", "$/Tenure/Money", False)
    hidden = sandbox.staff.get("/api/query", params={"QueryName": "$/Tenure/Money"})
    execute(sandbox.master, "SetRestAccess", "$/Tenure/Money", True)
    assert hidden.status_code == 404
    assert sandbox.query("Money", Limit=1)["Count"] == 1


def request(operation: str, *arguments: Any) -> dict[str, Any]:
    boxed = [{"$type": "System.String", "$value": value} for value in arguments]
    return {
        "$type": "Asi.Soa.Core.DataContracts.GenericExecuteRequest, Asi.Contracts",
        "OperationName": operation, "EntityTypeName": "QueryDefinition", "Parameters": {"$values": boxed},
    }  # fmt: skip


def execute(client: Any, operation: str, *arguments: Any) -> Any:
    answer = client.post("/api/QueryDefinition/_execute", json=request(operation, *arguments))
    assert answer.status_code == 200, answer.text
    assert answer.json()["IsSuccessStatusCode"] is True
    return answer.json()["Result"]
