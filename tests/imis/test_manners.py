"""One request at a time, a budget an hour, few retries, rest after failures, and no sleep beyond reason."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scripted_server import FakeTime, Says, Server, paged

from tenure.imis import (
    Busy,
    CircuitOpen,
    Exchange,
    Failed,
    ImisClient,
    ImisUnavailable,
    OutcomeUnknown,
    WriteNotPermitted,
)
from tenure.imis._manners import HourlyBudget, RetryBudget, retry_after

ROWS = [{"ID": n} for n in range(3)]


def read(client: ImisClient) -> int:
    return sum(len(page) for page in client.query("$/Tenure/Members"))


def test_there_is_never_more_than_one_request_in_flight(server: Server, client: ImisClient):
    server.script = paged([{"ID": n} for n in range(2000)])
    readers = [threading.Thread(target=read, args=(client,)) for _ in range(6)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert server.most_in_flight == 1
    assert server.connections == 1


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.lists(st.floats(0, 900), min_size=1, max_size=40))
def test_no_hour_ever_sees_more_than_its_budget(per_hour: int, pauses: list[float]):
    time = FakeTime(now=0.0)
    budget = HourlyBudget(per_hour, time.keeping())
    at: list[float] = []
    for pause in pauses:
        time.now += pause
        for _ in range(per_hour // 5 + 1):
            budget.spend()
            at.append(time.now)
    first = 0
    for last, moment in enumerate(at):
        while at[first] <= moment - 3600:
            first += 1
        assert last - first + 1 <= max(per_hour, 2)


def test_an_ordinary_night_is_not_slowed_by_the_budget(server: Server, time_: FakeTime):
    server.script = paged([{"ID": n} for n in range(100 * 500)])
    client = ImisClient(server.url, "tenure", "sandbox", requests_per_hour=3600, time=time_.keeping())
    assert read(client) == 50_000
    assert time_.slept == []


def test_a_long_first_load_is_spread_over_the_hours(time_: FakeTime):
    budget = HourlyBudget(3600, time_.keeping())
    began = time_.now
    for _ in range(10_000):
        budget.spend()
    assert 2.5 * 3600 < time_.now - began < 3.5 * 3600


def test_two_clients_of_one_server_share_its_budget(server: Server, time_: FakeTime):
    server.script = paged([{"ID": n} for n in range(20 * 500)])
    keeping = time_.keeping()
    for _ in range(2):
        read(ImisClient(server.url, "tenure", "sandbox", requests_per_hour=180, time=keeping))
    assert time_.slept, "30 at once, and 42 were asked for"


def test_zero_means_no_limit(time_: FakeTime):
    budget = HourlyBudget(0, time_.keeping())
    for _ in range(10_000):
        budget.spend()
    assert time_.slept == []


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_fault_is_tried_again(server: Server, client: ImisClient, time_: FakeTime, status: int):
    answers = [Says(status=status), Says(status=status)]
    server.script = lambda asked: answers.pop() if answers else paged(ROWS)(asked)
    assert read(client) == 3
    assert time_.slept == [0.5, 1.0]


def test_three_attempts_and_no_more(server: Server, client: ImisClient):
    server.script = lambda asked: Says(status=500, body=b"An error occurred. Please contact the administrator.")
    with pytest.raises(Failed, match=r"HTTP 500: An error occurred"):
        read(client)
    assert len(server.asked) == 3


def test_a_total_outage_is_not_met_with_a_threefold_load(server: Server, client: ImisClient, time_: FakeTime):
    """A thousand calls during an hour of outage: at most 110 % of them as attempts, and far fewer by the breaker."""
    server.script = paged(ROWS)
    read(client)
    server.asked.clear()
    server.script = lambda asked: Says(status=503)
    for _ in range(1000):
        with pytest.raises(ImisUnavailable):
            read(client)
        time_.now += 3.6
    assert len(server.asked) <= 1100
    assert len(server.asked) < 40


def test_retries_stay_within_a_tenth_of_the_calls():
    budget = RetryBudget()
    taken = 0
    for _ in range(1000):
        budget.call()
        taken += sum(budget.take() for _ in range(2))
    assert taken == 100


def test_the_breaker_opens_probes_once_and_closes(server: Server, client: ImisClient, time_: FakeTime):
    server.script = lambda asked: Says(status=500)
    for _ in range(2):
        with pytest.raises(Failed):
            read(client)
    assert client.circuit == "open"
    asked = len(server.asked)
    assert asked == 5
    with pytest.raises(CircuitOpen, match="5 times in a row"):
        read(client)
    assert len(server.asked) == asked

    time_.now += 31
    assert client.circuit == "half open"
    with pytest.raises(Failed):
        read(client)
    assert len(server.asked) == asked + 1, "one probe, not three attempts"
    time_.now += 31
    assert client.circuit == "open", "each failed probe doubles the rest"

    time_.now += 30
    server.script = paged(ROWS)
    assert read(client) == 3
    assert client.circuit == "closed"


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("says", ["7", "seven", "Tue, 14 Nov 2023 22:13:27 GMT", "Mon, 13 Nov 2023 00:00:00 GMT", "-5"])
def test_retry_after_is_obeyed_where_it_makes_sense(
    server: Server, client: ImisClient, time_: FakeTime, status: int, says: str
):
    answers = [Says(status=status, headers={"Retry-After": says})]
    server.script = lambda asked: answers.pop() if answers else paged(ROWS)(asked)
    assert read(client) == 3
    sensible = says in ("7", "Tue, 14 Nov 2023 22:13:27 GMT")
    assert time_.slept == [pytest.approx(7.0, abs=1) if sensible else 0.5]


@pytest.mark.parametrize("says", ["901", "1000000000", "9" * 400, "Fri, 14 Nov 2081 22:13:27 GMT"])
def test_a_wait_beyond_a_quarter_of_an_hour_ends_the_night(
    server: Server, client: ImisClient, time_: FakeTime, says: str
):
    server.script = lambda asked: Says(status=429, headers={"Retry-After": says})
    with pytest.raises(Busy, match="left alone"):
        read(client)
    assert len(server.asked) == 1
    assert time_.slept == []


def test_retry_after_of_nonsense_is_nothing(time_: FakeTime):
    for text in (None, "", "soon", "١٢", "1.5", "Thu, 99 Nov 2023 00:00:00 GMT"):
        assert retry_after(text, time_.keeping().clock()) is None


def test_a_meter_sees_every_request_and_no_value(server: Server, time_: FakeTime):
    server.script = paged(ROWS)
    seen: list[Exchange] = []
    client = ImisClient(server.url, "tenure", "sandbox", time=time_.keeping(), on_request=seen.append)
    list(client.query("$/Tenure/Members", {"UpdatedSince": "2025-03-01T00:00:00"}))
    assert [(e.method, e.path, e.status) for e in seen] == [("POST", "/token", 200), ("GET", "/api/query", 200)]
    assert client.requests_used == 2
    assert "2025" not in repr(seen)


def test_a_write_whose_answer_is_lost_is_not_repeated(server: Server, client: ImisClient):
    for fault in (Says(drop=True), Says(status=500), Says(status=503), Says({}, cut=1)):
        server.asked.clear()
        server.script = lambda asked, fault=fault: fault  # type: ignore[misc]
        with pytest.raises(OutcomeUnknown):
            client.writing_to("AI_Member_Risk").put("AI_Member_Risk", "101", {"a": 1})
        assert len(server.asked) == 1


def test_a_write_that_was_surely_not_carried_out_is_repeated(server: Server, client: ImisClient):
    answers = [Says(status=429), Says(status=401)]
    server.script = lambda asked: answers.pop() if answers else Says({}, 201)
    client.writing_to("AI_Member_Risk").post("AI_Member_Risk", {"a": 1})
    assert len(server.asked) == 3


def test_a_write_elsewhere_is_stopped_before_the_socket(server: Server, client: ImisClient):
    writer = client.writing_to("AI_Member_Risk")
    for name in ("Party", "Activity", "ai_member_risk", "../Party", "AI_Member_Risk/../Party"):
        with pytest.raises(WriteNotPermitted):
            writer.post(name, {})
        with pytest.raises(WriteNotPermitted):
            writer.put(name, "101", {})
    assert server.asked == []
    assert server.tokens == 0


def test_an_id_can_not_lead_a_write_astray(server: Server, client: ImisClient):
    server.script = lambda asked: Says({}, 201)
    writer = client.writing_to("AI_Member_Risk")
    for member in ("../Party/1", "a/b", "x?y=1", "#", "a b", "é", "100%", "~1|2"):
        writer.put("AI_Member_Risk", member, {})
        asked = server.asked.pop()
        assert asked.path == "/api/AI_Member_Risk"
        assert asked.one("EntityId") == member
