"""Write-back against the iMIS sandbox: its own table made over REST, rows written, faults survived."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from scored_members import TABLE, score, states
from scripted_server import FakeTime

from tenure.imis import ImisClient, ImisUnavailable, values_of
from tenure.writeback import LedgerOutbox, carry_out

Plan = Callable[..., None]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    command = [sys.executable, "-m", "imis_sandbox", "serve", "--port", "0", "--members", "120", "--seed", "9"]
    command += ["--today", "2026-03-02", "--years", "2", "--events-per-year", "5"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on "), line
        yield line.split()[-1]
    finally:
        process.terminate()
        process.wait(20)


def faults(url: str, **on: Any) -> None:
    httpx.post(f"{url}/_sandbox/faults", json={"seed": 3, "faults": on}, timeout=60).raise_for_status()


@pytest.fixture
def imis(url: str, time_: FakeTime) -> Iterator[ImisClient]:
    faults(url)
    with ImisClient(url, "tenure", "sandbox", requests_per_hour=0, time=time_.keeping(), timeout=20) as client:
        yield client
    faults(url)


def member_ids(imis: ImisClient) -> list[str]:
    rows = [row for page in imis.query("$/Tenure/Members") for row in page]
    return sorted(str(row["ID"]) for row in rows if not row["IsCompany"])[:100]


def held(imis: ImisClient) -> dict[str, dict[str, Any]]:
    return {str(row["PartyId"]): row for page in imis.entities(TABLE) for row in page}


def test_a_night_its_repetition_and_the_next_night(imis: ImisClient, outbox: LedgerOutbox, plan: Plan):
    ids = member_ids(imis)
    plan(*(score(member) for member in ids))
    report = carry_out(imis, outbox, TABLE)
    assert report.complete
    assert set(ids) <= set(held(imis))
    one = imis.get(TABLE, ids[0])
    assert one is not None
    row = values_of(one)
    assert (row["RiskScore"], row["RiskBand"], row["Probability"]) == (32, "medium", 0.3171)
    assert (row["ScoredOn"], row["Reason3"]) == ("2025-03-01T00:00:00", None)

    used = imis.requests_used
    plan(*(score(member) for member in ids))
    assert carry_out(imis, outbox, TABLE).requests == 0
    assert imis.requests_used == used

    plan(*(score(member, risk_score=33) for member in ids[:4]), *(score(member) for member in ids[4:]))
    report = carry_out(imis, outbox, TABLE)
    assert (report.updated, report.complete) == (4, True)
    assert report.requests < 15


def test_one_contact_that_imis_does_not_know_is_refused_alone(imis: ImisClient, outbox: LedgerOutbox, plan: Plan):
    ids = member_ids(imis)[:10]
    plan(*(score(member, risk_score=60) for member in ids), score("NOSUCH"))
    report = carry_out(imis, outbox, TABLE)
    assert [rejection.member_id for rejection in report.rejected] == ["NOSUCH"]
    assert report.rejected[0].faults
    assert states() == {"done": 10, "rejected": 1}


@pytest.mark.parametrize(
    "fault",
    [
        {"saved_500": 0.1}, {"lost_reply": 0.1}, {"late_commit": {"rate": 0.1, "seconds": 1}}, {"duplicate": 0.05},
        {"unavailable": 0.1}, {"throttled": 0.1}, {"stale_lists": {"rate": 1, "seconds": 5}},
    ],
    ids=lambda fault: next(iter(fault)),
)  # fmt: skip
def test_faults_leave_every_row_as_it_shall_be(
    url: str, imis: ImisClient, outbox: LedgerOutbox, plan: Plan, time_: FakeTime, fault: dict[str, Any]
):
    ids = member_ids(imis)
    number = 20 + sum(map(ord, next(iter(fault)))) % 50
    plan(*(score(member, risk_score=number) for member in ids))
    matched = {
        name: (more if isinstance(more, dict) else {"rate": more}) | {"match": TABLE} for name, more in fault.items()
    }
    faults(url, **matched)
    for _ in range(10):
        with contextlib.suppress(ImisUnavailable):  # It could not even be read: nothing was begun.
            if carry_out(imis, outbox, TABLE).complete:
                break
        time_.now += 3600
    assert states() == {"done": len(ids)}
    faults(url)
    time.sleep(1.2 if "late_commit" in fault else 0)
    rows = held(imis)
    assert {rows[member]["RiskScore"] for member in ids} == {number}
    assert len(rows) == len(set(rows))
