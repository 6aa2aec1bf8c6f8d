"""Faults on demand, and breaches of the usage rules."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from served_sandbox import Sandbox, panel_definition, panel_row, properties

PANEL = "AI_Faulty"


@pytest.fixture
def panel(sandbox: Sandbox, somebody: str) -> str:
    """A panel source with nothing in it about somebody."""
    if sandbox.staff.get(f"/api/BOEntityDefinition/{PANEL}").status_code == 404:
        sandbox.staff.post("/api/BOEntityDefinition", json=panel_definition(PANEL))
    sandbox.staff.delete(f"/api/{PANEL}/{somebody}")
    return PANEL


def write(sandbox: Sandbox, party: str, score: int = 1) -> httpx.Response:
    return sandbox.staff.post(f"/api/{PANEL}", json=panel_row(PANEL, party, {"RiskScore": score}))


def saved(sandbox: Sandbox, party: str) -> bool:
    return sandbox.staff.get(f"/api/{PANEL}/{party}").status_code == 200


def test_unknown_faults_are_refused_by_name(sandbox: Sandbox) -> None:
    answer = sandbox.control.post("/faults", json={"faults": {"gremlins": 1}})
    assert answer.status_code == 400
    assert "gremlins" in answer.text


def test_a_good_token_is_refused_once(sandbox: Sandbox) -> None:
    sandbox.faults(unauthorized_once={"times": 1})
    assert sandbox.staff.get("/api/CsEvent?Limit=1").status_code == 401
    assert sandbox.staff.get("/api/CsEvent?Limit=1").status_code == 200


def test_500_may_mean_saved(sandbox: Sandbox, panel: str, somebody: str) -> None:
    sandbox.faults(saved_500={"match": panel})
    answer = write(sandbox, somebody)
    assert answer.status_code == 500
    assert answer.text == "An error occurred. Please contact the administrator."
    assert saved(sandbox, somebody)


def test_a_reply_is_lost_after_the_write(sandbox: Sandbox, panel: str, somebody: str) -> None:
    sandbox.faults(lost_reply={"match": panel, "times": 1})
    with pytest.raises(httpx.TransportError):
        write(sandbox, somebody)
    assert saved(sandbox, somebody)


def test_a_late_commit_arrives(sandbox: Sandbox, panel: str, somebody: str) -> None:
    sandbox.faults(late_commit={"match": panel, "times": 1, "seconds": 0.05})
    assert write(sandbox, somebody).status_code == 500
    sandbox.faults(slow={"times": 1, "seconds": 0.2})
    assert saved(sandbox, somebody)


def test_late_commits_that_are_still_to_come_are_counted(sandbox: Sandbox, panel: str, somebody: str) -> None:
    sandbox.faults(late_commit={"match": panel, "up_to": 2})
    assert write(sandbox, somebody).status_code == 500
    assert sandbox.faults()["waiting"] == 1
    for _ in range(200):
        if not sandbox.control.get("/faults").json()["waiting"]:
            break
        time.sleep(0.05)
    assert saved(sandbox, somebody)


def test_the_same_records_are_refused_every_time(sandbox: Sandbox, panel: str) -> None:
    ids = [properties(i)["ID"] for i in sandbox.staff.get("/api/CsContact?Limit=60").json()["Items"]["$values"]]
    sandbox.faults(seed=3, refused={"match": panel, "rate": 0.2})
    refused = [party for party in ids if write(sandbox, party).status_code == 400]
    assert 0 < len(refused) < 40
    assert all(write(sandbox, party).status_code == 400 for party in refused)


def test_lists_may_be_stale(sandbox: Sandbox, panel: str, somebody: str) -> None:
    write(sandbox, somebody)
    sandbox.faults(stale_lists={"match": panel, "seconds": 60})
    listed = sandbox.staff.get(f"/api/{panel}", params={"PartyId": somebody}).json()
    assert listed["TotalCount"] == 0
    assert saved(sandbox, somebody)


def test_lists_of_contacts_may_not_know_what_somebody_just_wrote(sandbox: Sandbox, somebody: str) -> None:
    person = sandbox.staff.get(f"/api/Party/{somebody}").json()
    sandbox.master.put(f"/api/Party/{somebody}", json={**person, "WebsiteUrl": "https://example.org"})
    new = {"PersonName": {"FirstName": "Nora", "LastName": "Newcomer"}}
    made = sandbox.master.post("/api/Party", json={"$type": person["$type"], **new}).json()["PartyId"]
    sandbox.faults(stale_lists={"match": "Party", "seconds": 60})
    [stale] = sandbox.staff.get("/api/Party", params={"PartyId": somebody}).json()["Items"]["$values"]
    assert stale.get("WebsiteUrl") != "https://example.org"
    assert sandbox.staff.get("/api/Party", params={"PartyId": made}).json()["Items"]["$values"] == []
    assert sandbox.staff.get(f"/api/Party/{somebody}").json()["WebsiteUrl"] == "https://example.org"
    sandbox.control.delete("/faults")
    assert sandbox.staff.get("/api/Party", params={"PartyId": somebody}).json()["Count"] == 1


@pytest.mark.parametrize(
    ("fault", "status"),
    [("unavailable", 503), ("throttled", 429), ("server_error", 500), ("forbidden", 403), ("query_off", 404)],
)
def test_refusals_have_their_status(sandbox: Sandbox, fault: str, status: int) -> None:
    sandbox.faults(**{fault: {"retry_after": 7}})
    answer = sandbox.staff.get("/api/query", params={"QueryName": "$/Tenure/Members"})
    assert answer.status_code == status
    assert answer.headers["Retry-After"] == "7"


@pytest.mark.parametrize("fault", ["html", "truncated", "wrong_charset"])
def test_bodies_may_be_no_json(sandbox: Sandbox, fault: str) -> None:
    sandbox.faults(**{fault: 1.0})
    answer = sandbox.staff.get("/api/CsEvent?Limit=5")
    assert answer.status_code == 200
    with pytest.raises((json.JSONDecodeError, UnicodeDecodeError)):
        answer.json()


def page(sandbox: Sandbox, fault: str, **more: Any) -> dict[str, Any]:
    sandbox.faults(**{fault: more})
    return sandbox.query("Terms", Limit=50, EnteredSince="2022-01-01")


def test_columns_drift(sandbox: Sandbox) -> None:
    def first(fault: str) -> dict[str, Any]:
        return page(sandbox, fault, column="Dues")["Items"]["$values"][0]

    assert "Surprise" in first("new_column")
    assert "Dues" not in first("lost_column")
    assert "Dues1" in first("renamed_column")
    assert isinstance(first("type_change")["Dues"], str)
    assert first("null_flood")["Dues"] is None
    assert first("new_value")["Dues"] == "ZZNEW"
    assert isinstance(first("nested")["Dues"], dict)


def test_pages_may_mislead(sandbox: Sandbox) -> None:
    empty = page(sandbox, "empty_has_next")
    assert (empty["Count"], empty["HasNext"]) == (0, True)
    assert page(sandbox, "duplicate_keys")["Count"] == 100
    assert 5 < page(sandbox, "missing_rows", share=0.6)["Count"] < 35
    shuffled = [row["TermKey"] for row in page(sandbox, "unordered")["Items"]["$values"]]
    sandbox.faults()
    plain = [row["TermKey"] for row in sandbox.query("Terms", Limit=50, EnteredSince="2022-01-01")["Items"]["$values"]]
    assert shuffled != plain
    assert sorted(shuffled) == sorted(plain)


def test_rows_move_while_pages_are_turned(sandbox: Sandbox) -> None:
    def keys(offset: int) -> tuple[list[str], int, int]:
        found = sandbox.query("Terms", Limit=50, Offset=offset, EnteredSince="2022-01-01")
        return [row["TermKey"] for row in found["Items"]["$values"]], found["TotalCount"], found["Offset"]

    first, total, _ = keys(0)
    second, third = keys(50)[0], keys(100)[0]
    sandbox.faults(moved_rows={"rows": 3, "times": 1})
    assert keys(0) == (first, total, 0)
    assert keys(50) == (second[3:] + third[:3], total - 3, 50)
    assert keys(47)[0] == second, "three before it are gone, and no more go"
    sandbox.faults(moved_rows={"rows": -3, "times": 1})
    assert keys(0) == (first, total, 0)
    assert keys(50) == (first[-3:] + second[:-3], total + 3, 50)


def test_breaches_of_the_usage_rules_are_counted(sandbox: Sandbox) -> None:
    sandbox.control.delete("/usage")
    sandbox.staff.get("/api/CsContact", params={"Limit": 100, "LastName": "Nobody"})
    assert sandbox.control.get("/usage").json()["breaches"] == []
    sandbox.staff.get("/api/CsContact", params={"Limit": 100, "LastName": "Nobody"})
    sandbox.staff.get("/api/Activity", params={"Limit": 500, "Offset": 500})
    sandbox.faults(slow={"seconds": 0.2})
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: httpx.get(f"{sandbox.url}/api/CsEvent"), range(4)))
    report = sandbox.control.get("/usage").json()
    assert {breach["rule"] for breach in report["breaches"]} == {"poll", "scan", "parallel"}
    assert report["most_in_flight"] > 1
    assert report["requests"] == 7
