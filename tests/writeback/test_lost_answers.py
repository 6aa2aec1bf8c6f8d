"""Answers get lost, iMIS says 500 and has saved, runs are killed: nothing is lost, nothing doubled, nothing guessed."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable

import pytest
from django.db import connections
from panel_imis import PanelImis
from scored_members import TABLE, score, states
from scripted_server import Asked, FakeTime

from tenure.imis import CircuitOpen, ImisClient
from tenure.writeback import LedgerOutbox, carry_out

Plan = Callable[..., None]


def members(n: int, **changes: object) -> list[dict[str, object]]:
    return [score(f"{number:05}", **changes) for number in range(n)]


def to_table(asked: Asked) -> bool:
    return asked.path.startswith(f"/api/{TABLE}")


@pytest.mark.parametrize(
    ("fault", "sent"),
    [("answer lost", 1), ("saved, says 500", 1), ("request lost", 2), ("not saved, says 500", 2), ("busy", 2)],
)
def test_what_was_saved_is_not_sent_again_and_what_was_not_is(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan, fault: str, sent: int
):
    faults = [fault]
    imis.fault = lambda asked: faults.pop() if to_table(asked) and faults else ""
    plan(score("1"))
    report = carry_out(client, outbox, TABLE)
    assert (report.created, report.complete, states()) == (1, True, {"done": 1})
    assert sum(to_table(asked) for asked in imis.writes) == sent
    assert imis.rows[TABLE]["1"]["RiskBand"] == "medium"


def test_it_is_read_back_before_it_is_sent_again(imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan):
    faults = ["request lost"]
    imis.fault = lambda asked: faults.pop() if to_table(asked) and faults else ""
    plan(score("1"))
    carry_out(client, outbox, TABLE)
    to = [(asked.method, asked.path) for asked in imis.server.asked if to_table(asked) and asked.one("Limit") == ""]
    assert to == [("POST", f"/api/{TABLE}"), ("GET", f"/api/{TABLE}/1"), ("POST", f"/api/{TABLE}")]


def test_what_cannot_be_settled_is_unknown_and_settled_the_next_night(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan
):
    imis.fault = lambda asked: "saved, says 500" if '"00002"' in asked.body.decode() else ""
    imis.read_fault = lambda asked: "not saved, says 500" if asked.path.endswith("/00002") else ""
    plan(*members(5))
    report = carry_out(client, outbox, TABLE)
    assert (report.created, report.unknown, states()) == (4, 1, {"done": 4, "unknown": 1})
    imis.fault = imis.read_fault = lambda asked: ""
    imis.server.asked.clear()
    report = carry_out(client, outbox, TABLE)
    assert (report.unchanged, imis.writes, states()) == (1, [], {"done": 5})


def test_a_row_that_another_hand_made_meanwhile_is_updated(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan
):
    plan(*members(2))
    carry_out(client, outbox, TABLE)
    plan(score("00005"))

    def meanwhile() -> None:
        imis.rows[TABLE].setdefault("00005", dict(imis.rows[TABLE]["00000"]) | {"RiskScore": {"$value": 1}})

    report = carry_out(client, outbox, TABLE, before_write=meanwhile)
    assert report.complete
    assert imis.rows[TABLE]["00005"]["RiskScore"]["$value"] == 32


def test_a_row_that_vanished_meanwhile_is_made_anew(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan
):
    plan(*members(2))
    carry_out(client, outbox, TABLE)
    plan(score("00001", risk_score=50))
    carry_out(client, outbox, TABLE, before_write=lambda: imis.rows[TABLE].pop("00001", None) and None)
    assert states() == {"done": 2}


def test_an_outage_in_the_middle_stops_and_loses_nothing(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan, time_: FakeTime
):
    plan(*members(100))
    down = [False]
    imis.fault = imis.read_fault = lambda asked: "busy" if down[0] else ""
    report = carry_out(client, outbox, TABLE, on_progress=lambda done, total: down.__setitem__(0, done >= 50))
    assert isinstance(report.trouble, CircuitOpen)
    assert report.created == 50
    assert report.left + report.unknown == 50
    assert len(imis.rows[TABLE]) == 50
    down[0] = False
    time_.now += 600
    report = carry_out(client, outbox, TABLE)
    assert (report.created, report.complete, states()) == (50, True, {"done": 100})


def test_kill_9_at_random_points_loses_nothing_and_doubles_nothing(imis: PanelImis, outbox: LedgerOutbox, plan: Plan):
    """Many kills over three nights, while a tenth of the answers is lost and another tenth is an error."""
    dice = random.Random(7)
    faults = ("answer lost", "not saved, says 500")
    imis.fault = lambda asked: dice.choice(faults) if to_table(asked) and dice.random() < 0.2 else ""
    kills = 0
    for night in range(3):
        plan(*members(400, risk_score=20 + night))
        for _ in range(60):
            complete, killed = _run_and_kill(imis.server.url, dice.uniform(0.02, 0.15) if kills < 40 else 60)
            kills += killed
            if complete:
                break
        assert states() == {"done": 400}
        assert len(imis.rows[TABLE]) == 400
        assert {row["RiskScore"]["$value"] for row in imis.rows[TABLE].values()} == {20 + night}
    assert kills >= 10
    assert imis.server.most_in_flight <= 2, "one runner's, and the last of one that was killed"


def _run_and_kill(url: str, after: float) -> tuple[bool, bool]:
    """Carry out the outbox in a process of its own and kill it *after* seconds: (whether complete, whether killed)."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            client = ImisClient(url, "tenure", "sandbox", requests_per_hour=0, timeout=5)
            os._exit(0 if carry_out(client, LedgerOutbox(TABLE), TABLE).complete else 3)
        os._exit(4)
    until = time.monotonic() + after
    while time.monotonic() < until:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status) == 0, False
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False, True
