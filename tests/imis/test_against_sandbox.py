"""The client against the iMIS sandbox: what iMIS itself answers, and its faults."""

from __future__ import annotations

from typing import Any

import pytest
from faulty_sandbox import Sandbox
from scripted_server import FakeTime

from tenure.base.errors import TenureError
from tenure.imis import (
    ColumnsMissing,
    Garbled,
    ImisClient,
    ImisUnavailable,
    NoSuchQuery,
    NotAllowed,
    PagingBroken,
    Redirected,
    TokenRefused,
    TooLarge,
    TooSlow,
    WrongCredentials,
    require_columns,
    values_of,
)

QUERIES = {
    "Members": ("UpdatedSince", "ID"), "MemberChanges": ("ChangedSince", "ChangeKey"),
    "Terms": ("EnteredSince", "TermKey"), "Activities": ("EnteredSince", "Sequence"),
    "EmailEvents": ("CreatedSince", "EventKey"), "WebActivity": ("RecordedSince", "LogKey"),
    "Registrations": ("EnteredSince", "RegistrationKey"), "Money": ("EnteredSince", "MoneyKey"),
    "Contacts": ("UpdatedSince", "ID"),
}  # fmt: skip


def read(client: ImisClient, name: str = "EmailEvents", **prompts: object) -> list[dict[str, Any]]:
    return [row for page in client.query(f"$/Tenure/{name}", prompts) for row in page]


def test_it_signs_in(reader: ImisClient):
    assert reader.whoami().lower() == "tenure"


def test_a_wrong_password(sandbox: Sandbox):
    with pytest.raises(WrongCredentials):
        ImisClient(sandbox.url, "tenure", "wrong").whoami()
    sandbox.control("DELETE", "accounts")


@pytest.mark.parametrize("name", QUERIES)
def test_every_query_of_the_pack_is_read_whole_and_since(reader: ImisClient, name: str):
    prompt, key = QUERIES[name]
    whole = read(reader, name)
    assert whole
    assert all(isinstance(row[key], str) and isinstance(row["ID"], str) for row in whole)
    since = read(reader, name, **{prompt: "2024-09-01T00:00:00"})
    assert 0 < len(since) < len(whole)
    definition = reader.query_definition(f"$/Tenure/{name}")
    assert definition is not None
    assert {item["Alias"] for item in definition["Properties"]} == set(whole[0])
    assert [item["PropertyName"] for item in definition["Parameters"]]


def test_small_pages_give_what_large_pages_give(sandbox: Sandbox, reader: ImisClient):
    small = ImisClient(sandbox.url, "tenure", "sandbox", requests_per_hour=0, page_size=37)
    assert read(small, "Terms") == read(reader, "Terms")


def test_the_old_dialect_gives_what_the_new_one_gives(reader: ImisClient):
    new = read(reader, "Terms", EnteredSince="2025-09-01T00:00:00")
    reader._dialects[""] = "iqa"
    old = read(reader, "Terms", EnteredSince="2025-09-01T00:00:00")
    assert [_without_blanks(row) for row in old] == [_without_blanks(row) for row in new]


def _without_blanks(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value not in (None, "")}


def test_entities_are_filtered_and_ordered(reader: ImisClient):
    events = [row for page in reader.entities("CsEvent", order_by="EventCode") for row in page]
    assert [row["EventCode"] for row in events] == sorted(row["EventCode"] for row in events)
    one = [row for page in reader.entities("CsEvent", {"EventCode": events[3]["EventCode"]}) for row in page]
    assert one == [events[3]]
    assert reader.count("CsEvent") == len(events)
    member = read(reader, "Members")[0]["ID"]
    contact = reader.get("CsContact", member)
    assert contact is not None
    assert values_of(contact)["ID"] == member


def test_an_unknown_query_and_a_forbidden_entity(reader: ImisClient):
    with pytest.raises(NoSuchQuery):
        read(reader, "Nothing")
    assert reader.get("CsContact", "no-such-id") is None


def test_a_night_breaks_no_rule_of_use(sandbox: Sandbox, reader: ImisClient):
    for name, (prompt, _) in QUERIES.items():
        read(reader, name, **{prompt: "2026-03-01T00:00:00"})
    usage = sandbox.control("GET", "usage")
    assert usage["most_in_flight"] == 1


@pytest.mark.parametrize(
    "faults",
    [
        {"unauthorized_once": 0.02}, {"unavailable": 0.05}, {"throttled": 0.05}, {"server_error": 0.05},
        {"truncated": 0.05}, {"html": 0.05}, {"wrong_charset": 0.05}, {"repeated_page": 0.3},
        {"empty_has_next": 0.05}, {"lost_reply": 0.05},
    ],
    ids=lambda faults: next(iter(faults)),
)  # fmt: skip
def test_passing_faults_lose_no_row(sandbox: Sandbox, time_: FakeTime, faults: dict[str, float]):
    client = ImisClient(
        sandbox.url, "tenure", "sandbox", requests_per_hour=0, time=time_.keeping(), page_size=50, timeout=10
    )
    whole = read(client, "EmailEvents")
    assert len(whole) > 500
    sandbox.faults(**{name: {"rate": rate, "match": "EmailEvents"} for name, rate in faults.items()})
    again = read(client, "EmailEvents")
    assert {row["EventKey"] for row in again} == {row["EventKey"] for row in whole}


@pytest.mark.parametrize("rows", [1, 7, 60, -1, -7, -60])
def test_rows_deleted_and_inserted_while_pages_are_turned_hide_none(sandbox: Sandbox, time_: FakeTime, rows: int):
    """Of a list by pages of 50, by fewer and by more than a page at once, again and again."""
    client = ImisClient(sandbox.url, "tenure", "sandbox", requests_per_hour=0, time=time_.keeping(), page_size=50)
    whole = read(client, "EmailEvents")
    sandbox.faults(moved_rows={"rate": 0.3, "times": 12, "rows": rows, "match": "EmailEvents"})
    again = read(client, "EmailEvents")
    assert {row["EventKey"] for row in again} == {row["EventKey"] for row in whole}
    assert sandbox.control("GET", "faults")["on"][0]["struck"] > 3


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"forbidden": 1}, NotAllowed),
        ({"query_off": 1}, NoSuchQuery),
        ({"redirect": 1}, Redirected),
        ({"html": 1}, Garbled),
        ({"truncated": 1}, Garbled),
        ({"wrong_charset": 1}, Garbled),
        ({"empty_has_next": 1}, PagingBroken),
        ({"token_expired": 1}, TokenRefused),
        ({"unavailable": 1}, ImisUnavailable),
        ({"huge": {"rate": 1, "megabytes": 40}}, TooLarge),
        ({"gzip_bomb": {"rate": 1, "megabytes": 200}}, TooLarge),
        ({"drip": 1}, TooSlow),
        ({"slow": {"rate": 1, "seconds": 3}}, TooSlow),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_lasting_faults_are_named(sandbox: Sandbox, time_: FakeTime, fault: dict[str, Any], error: type[TenureError]):
    seconds = 1.0 if error is TooSlow else 30.0
    client = ImisClient(sandbox.url, "tenure", "sandbox", requests_per_hour=0, time=time_.keeping(), timeout=seconds)
    client.whoami()
    matched = {
        name: (options if isinstance(options, dict) else {"rate": options}) | {"match": "/api/"}
        for name, options in fault.items()
    }
    sandbox.faults(**matched)
    with pytest.raises(error) as caught:
        read(client, "Terms")
    assert caught.value.mend


def test_a_renamed_alias_is_named(sandbox: Sandbox, reader: ImisClient):
    sandbox.faults(renamed_column={"rate": 1, "column": "PaidThrough", "match": "Terms"})
    page = next(reader.query("$/Tenure/Terms"))
    with pytest.raises(ColumnsMissing, match="`PaidThrough`") as caught:
        require_columns("$/Tenure/Terms", page[0].keys(), ["TermKey", "PaidThrough"])
    assert "PaidThrough1" in caught.value.mend
