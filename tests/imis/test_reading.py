"""Queries old and new, entities, ids, boxed values, and pages that stop, repeat, shrink or lie."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_server import Asked, Says, Server, envelope, paged

from tenure.imis import ImisClient, NoSuchQuery, NotAllowed, PagingBroken, Progress, plain, values_of
from tenure.imis._paging import Page, pages
from tenure.imis._values import is_id_name, new_rows, parameter


def rows_of(client: ImisClient, path: str = "$/Tenure/Members", **prompts: object) -> list[dict[str, Any]]:
    return [row for page in client.query(path, prompts) for row in page]


def prop(name: str, value: Any = None) -> dict[str, Any]:
    return {"$type": "x", "Name": name} | ({} if value is None else {"Value": value})


def generic(**values: Any) -> dict[str, Any]:
    return {"$type": "x", "EntityTypeName": "59", "Properties": {"$values": [prop(*item) for item in values.items()]}}


def boxed(kind: str, value: Any) -> dict[str, Any]:
    return {"$type": f"System.{kind}", "$value": value}


def test_a_query_is_read_to_its_last_page(server: Server, client: ImisClient):
    server.script = paged([{"ID": n, "Seq": n} for n in range(1203)])
    seen: list[Progress] = []
    read = [len(page) for page in client.query("$/Tenure/Members", on_page=seen.append)]
    assert read == [500, 500, 203]
    assert [asked.one("Offset") for asked in server.asked] == ["0", "500", "1000"]
    assert {asked.one("Limit") for asked in server.asked} == {"500"}
    assert [(p.offset, p.rows, p.total) for p in seen] == [(500, 500, 1203), (1000, 1000, 1203), (1000, 1203, 1203)]


def test_reading_goes_on_where_it_stopped(server: Server, client: ImisClient):
    server.script = paged([{"ID": n} for n in range(1203)])
    rows = [row for page in client.query("$/Tenure/Members", start=1000) for row in page]
    assert [row["ID"] for row in rows] == [str(n) for n in range(1000, 1203)]


def test_ids_are_strings_and_numbers_stay_numbers(server: Server, client: ImisClient):
    row = {"ID": 101, "CompanyID": 7, "TermKey": 12, "EventCode": 2024, "Sequence": 5, "Dues": 120.5, "Paid": 1}
    server.script = paged([row | {"OpenedAt": None, "AutoRenew": True}])
    (read,) = rows_of(client)
    assert read == {
        "ID": "101", "CompanyID": "7", "TermKey": "12", "EventCode": "2024", "Sequence": "5",
        "Dues": 120.5, "Paid": 1, "OpenedAt": None, "AutoRenew": True,
    }  # fmt: skip


def test_ids_are_kept_to_the_letter(server: Server, client: ImisClient):
    server.script = paged([{"ID": "00123"}, {"ID": "A-7b"}, {"ID": ""}, {"ID": None}])
    assert [row["ID"] for row in rows_of(client)] == ["00123", "A-7b", "", None]


@pytest.mark.parametrize("name", ["ID", "Id", "PartyId", "CompanyID", "co_id", "TermKey", "ProductCode", "SEQN"])
def test_names_of_ids(name: str):
    assert is_id_name(name)


@pytest.mark.parametrize("name", ["Paid", "PAID", "PaidThru", "Amount", "Ordinal", "Void", "Monkey", "Identity"])
def test_names_of_other_things(name: str):
    assert not is_id_name(name)


def test_prompts_go_by_name_and_empty_ones_stay_out(server: Server, client: ImisClient):
    server.script = paged([{"ID": 1}])
    rows_of(client, EnteredSince=dt.datetime(2025, 3, 1, 4, 5), Chapter="", Type=None)
    asked = server.asked[0]
    assert asked.path == "/api/query"
    assert asked.one("QueryName") == "$/Tenure/Members"
    assert asked.one("EnteredSince") == "2025-03-01T04:05:00"
    assert [name for name, _ in asked.query] == ["QueryName", "EnteredSince", "Limit", "Offset"]


def test_a_time_with_an_offset_is_refused():
    with pytest.raises(ValueError, match="without an offset"):
        parameter(dt.datetime(2025, 1, 1, tzinfo=dt.UTC))


def old_imis(rows: list[dict[str, Any]], parameters: list[str] | None = None):
    def script(asked: Asked) -> Says:
        if asked.path == "/api/iqa":
            offset = int(asked.one("Offset"))
            page = rows[offset : offset + 500]
            answer = envelope([], offset, len(rows))
            more = offset + len(page) < len(rows)
            answer |= {"Count": len(page), "HasNext": more, "NextOffset": offset + len(page) if more else 0}
            answer["Items"]["$values"] = page
            return Says(answer)
        if asked.path.endswith("_execute") and parameters is not None:
            asks = [{"$type": "x", "PropertyName": name, "Prompt": "?"} for name in parameters]
            return Says({"Result": {"Parameters": {"$values": asks}}})
        return Says(status=404)

    return script


def test_an_imis_without_api_query_is_asked_by_api_iqa(server: Server, client: ImisClient):
    rows = [generic(ResultRow="1", ID="101", Dues=boxed("Decimal", 12.5), Nr=boxed("Int32", 3), Chapter=None)]
    server.script = old_imis(rows)
    assert rows_of(client, EnteredSince="2025-03-01") == [{"ID": "101", "Dues": 12.5, "Nr": 3, "Chapter": None}]
    assert [asked.path for asked in server.asked] == ["/api/query", "/api/iqa"]
    assert server.asked[1].one("parameter") == "2025-03-01"
    rows_of(client, EnteredSince="")
    assert server.asked[-1].path == "/api/iqa", "what worked is remembered"
    assert ("parameter", "") in server.asked[-1].query, "an optional prompt is sent empty"


def test_prompts_by_position_follow_the_definition(server: Server, client: ImisClient):
    server.script = old_imis([generic(ID="1")], ["Chapter", "EnteredSince"])
    rows_of(client, EnteredSince="2025-03-01", Chapter="WEST")
    assert [v for k, v in server.asked[-1].query if k == "parameter"] == ["WEST", "2025-03-01"]


def test_once_api_query_served_anything_a_404_is_the_querys_own(server: Server, client: ImisClient):
    server.script = paged([{"ID": 1}])
    rows_of(client)
    server.script = lambda asked: Says(status=404)
    server.asked.clear()
    with pytest.raises(NoSuchQuery):
        rows_of(client, "$/Tenure/Terms")
    assert [asked.path for asked in server.asked] == ["/api/query"]


def test_entities_are_flat_rows(server: Server, client: ImisClient):
    answer = envelope([], 0, 0)
    answer["Items"]["$values"] = [
        generic(EventCode="ANNUAL", BeginDate="2025-05-01T00:00:00", Price=boxed("Decimal", 99.0), Title=None)
    ]
    server.script = lambda asked: Says(answer)
    (page,) = client.entities("CsEvent", {"Status": "A", "BeginDate": ("ge", "2025-01-01")}, order_by="EventCode")
    assert page == [{"EventCode": "ANNUAL", "BeginDate": "2025-05-01T00:00:00", "Price": 99.0, "Title": None}]
    query = dict(server.asked[0].query)
    assert query | {"Status": "A", "BeginDate": "ge:2025-01-01", "OrderBy": "EventCode"} == query


def test_typed_entities_lose_their_type_names():
    party = {
        "$type": "PersonData", "PartyId": "101", "Emails": {"$type": "c", "$values": [{"$type": "e", "Address": "a"}]},
        "AdditionalAttributes": {"$values": [prop("IsMember", boxed("Boolean", True))]},
    }  # fmt: skip
    flat = values_of(party)
    assert flat["Emails"] == [{"Address": "a"}]
    assert flat["AdditionalAttributes"] == [{"Name": "IsMember", "Value": True}]
    assert plain(boxed("Guid", "ab")) == "ab"


def test_boxed_numbers_in_a_new_row_are_unboxed():
    assert new_rows([{"$type": "x", "Dues": boxed("Decimal", 1.5), "ID": boxed("Int32", 7)}], boxed=True) == [
        {"Dues": 1.5, "ID": "7"}
    ]


def test_one_entity_or_none(server: Server, client: ImisClient):
    server.script = lambda asked: Says(generic(ID="101")) if asked.path.endswith("/101") else Says(status=404)
    assert values_of(client.get("AI_Member_Risk", "101") or {}) == {"ID": "101"}
    assert client.get("AI_Member_Risk", "102") is None
    client.get("Subscription", ("101", "REG"))
    assert server.asked[-1].path == "/api/Subscription/~101|REG"


def test_a_look_at_the_first_page_asks_for_no_other(server: Server, client: ImisClient):
    server.script = paged([{"ID": n} for n in range(5000)])
    assert len(next(iter(client.query("$/Tenure/Members")))) == 500
    time.sleep(0.05)
    assert len(server.asked) == 1


def test_the_next_page_is_fetched_while_the_caller_works(server: Server, client: ImisClient):
    server.script = paged([{"ID": n} for n in range(5000)])
    reading = client.query("$/Tenure/Members")
    for _ in range(3):
        next(reading)
    time.sleep(0.2)
    assert len(server.asked) == 4, "one page ahead and no more"
    assert sum(len(page) for page in reading) == 5000 - 1500
    assert server.most_in_flight == 1


def test_a_fault_in_a_page_fetched_ahead_reaches_the_caller(server: Server, client: ImisClient):
    rows = paged([{"ID": n} for n in range(5000)])
    server.script = lambda asked: Says(status=403) if asked.one("Offset") == "2000" else rows(asked)
    read: list[int] = []
    with pytest.raises(NotAllowed):
        read.extend(len(page) for page in client.query("$/Tenure/Members"))
    assert read == [500] * 4


def test_a_caller_who_stops_early_leaves_the_client_usable(server: Server, client: ImisClient):
    server.script = paged([{"ID": n} for n in range(5000)])
    reading = client.query("$/Tenure/Members")
    for _ in range(4):
        next(reading)
    reading.close()
    assert len(rows_of(client)) == 5000


def test_a_smaller_page_than_asked_for_is_no_end(server: Server, client: ImisClient):
    rows = [{"ID": n} for n in range(250)]
    server.script = lambda asked: Says(
        envelope(rows[int(asked.one("Offset")) :][:100], int(asked.one("Offset")), len(rows), limit=100)
    )
    assert len(rows_of(client)) == 250


@pytest.mark.parametrize("ending", [{"HasNext": False}, {"NextOffset": 0}, {"HasNext": False, "NextOffset": 0}])
def test_a_server_that_says_only_half_of_the_end(server: Server, client: ImisClient, ending: dict[str, Any]):
    def script(asked: Asked) -> Says:
        answer = paged([{"ID": n} for n in range(700)])(asked).json
        answer = {key: value for key, value in answer.items() if key not in ("HasNext", "NextOffset")}
        more = int(asked.one("Offset")) == 0
        told = {"HasNext": more, "NextOffset": 500 if more else 0}
        return Says(answer | {key: told[key] for key in ending})

    server.script = script
    assert len(rows_of(client)) == 700


def test_a_promise_of_more_with_an_empty_page_is_no_silent_end(server: Server, client: ImisClient):
    def script(asked: Asked) -> Says:
        offset = int(asked.one("Offset"))
        rows = [{"ID": n} for n in range(500)] if offset == 0 else []
        return Says(envelope(rows, offset, 1000) | {"HasNext": True, "NextOffset": offset + 500})

    server.script = script
    with pytest.raises(PagingBroken, match="more rows after row 500"):
        rows_of(client)


def test_a_page_given_twice_is_asked_for_again(server: Server, client: ImisClient):
    whole = paged([{"ID": n} for n in range(1100)])
    stale = [whole(Asked("GET", "", [("Offset", "0"), ("Limit", "500")], {}, b"")).json["Items"]]

    def script(asked: Asked) -> Says:
        says = whole(asked)
        if asked.one("Offset") == "500" and stale:
            says.json["Items"] = stale.pop()
        return says

    server.script = script
    assert [row["ID"] for row in rows_of(client)] == [str(n) for n in range(1100)]


def test_a_server_that_points_backwards_is_not_followed_in_a_circle(server: Server, client: ImisClient):
    def script(asked: Asked) -> Says:
        offset = int(asked.one("Offset"))
        return Says(envelope([{"ID": offset + n} for n in range(10)], offset, 1000) | {"NextOffset": 10})

    server.script = script
    with pytest.raises(PagingBroken, match="points back"):
        rows_of(client)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 200),
    st.integers(1, 40),
    st.lists(st.tuples(st.sampled_from(["insert", "delete"]), st.floats(0, 1)), max_size=10),
)
def test_rows_that_move_while_pages_are_read_are_not_missed(count: int, size: int, changes: list[tuple[str, float]]):
    """Rows are inserted or deleted between pages: what was there all along is read."""
    rows = list(range(count))
    stayed, pending, fresh = set(rows), list(changes), iter(range(10_000, 20_000))

    def fetch(offset: int) -> Page:
        # One change between two pages: the total tells of it.
        if offset and pending:
            kind, at = pending.pop()
            place = int(at * (len(rows) - 1)) if rows else 0
            if kind == "insert":
                rows.insert(place, next(fresh))
            elif rows:
                stayed.discard(rows.pop(place))
        page = rows[offset : offset + size]
        more = offset + size < len(rows)
        return Page([{"ID": n} for n in page], offset, offset + size if more else None, len(rows))

    read = {row["ID"] for page, _ in pages(fetch, "query") for row in page.rows}
    assert stayed <= read
