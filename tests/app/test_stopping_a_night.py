"""A night that is asked to end, that ends its process again and again, or that a watcher outside waits for."""

from __future__ import annotations

import datetime as dt
import http.server
import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pytest
from calls import AS_OF, BIN, Site, kill_at, set_, tenure

TABLE = "AI_Member_Risk"


def ask(home: Path, sql: str) -> list[tuple[str, ...]]:
    with sqlite3.connect(home / "ledger.sqlite3") as ledger:
        return ledger.execute(sql).fetchall()


def stop_at(words: str, home: Path, number: signal.Signals, wait: float = 0.3) -> tuple[int, float, str]:
    """Ask a night to end *wait* seconds after it says *words*: its exit code, when it ended, and what it said."""
    command = [BIN / "tenure", "run", "--home", str(home), "--as-of", AS_OF]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert any(words in line for line in process.stderr), f"it ended without saying {words!r}"
    time.sleep(wait)
    process.send_signal(number)
    asked = time.monotonic()
    _, told = process.communicate(timeout=60)
    return process.returncode, time.monotonic() - asked, told


def test_sigterm_in_each_stage_ends_it_politely_and_the_next_start_goes_on(imis_home: Path, site: Site):
    stages = {
        "Sync …": ({"slow": {"rate": 1, "match": "query", "seconds": 0.3}}, signal.SIGTERM, 0.3),
        "Train, since": ({}, signal.SIGINT, 0.3),
        "Score …": ({}, signal.SIGTERM, 0),
        "Write back …": ({"slow": {"rate": 1, "match": TABLE, "seconds": 0.2}}, signal.SIGTERM, 0.3),
    }
    for words, (faults, number, wait) in stages.items():
        site.fault(**faults)
        code, seconds, told = stop_at(words, imis_home, number, wait)
        assert code == 0, told
        assert seconds < 10, words
        assert "stopped because somebody asked" in told
    site.fault()
    assert ask(imis_home, "SELECT state FROM ledger_run ORDER BY id") == [("stopped",)] * len(stages)
    last = ask(
        imis_home,
        "SELECT name, state FROM ledger_run_step WHERE id IN (SELECT max(id) FROM ledger_run_step GROUP BY run_id) "
        "ORDER BY run_id",
    )
    assert [*last[:2], last[3]] == [(step, "stopped") for step in ("sync", "train", "write back")]
    # Scoring is over in a moment: on a busy machine the signal may find it done, or come a step later.
    assert last[2][0] in ("score", "day")
    begun = ask(imis_home, "SELECT count(*) FROM ledger_outbox WHERE state = 'sending'")
    assert begun[0][0] <= 1, "what was settled is noted, and what was not begun waits"

    done = tenure("run", "--home", imis_home, "--as-of", AS_OF)
    assert done.code == 0, done.told
    ids = [row["PartyId"] for row in site.rows(TABLE)]
    assert len(ids) == len(set(ids)) > 100


def test_a_server_that_does_not_answer_does_not_keep_a_night_from_ending(imis_home: Path, site: Site):
    site.fault(slow={"rate": 1, "match": "query", "seconds": 40})

    code, seconds, told = stop_at("Sync …", imis_home, signal.SIGTERM)

    assert code == 0, told
    assert seconds < 10
    assert ask(imis_home, "SELECT state FROM ledger_run") == [("stopped",)]


@pytest.mark.parametrize("given", [0, 15])
def test_a_night_lets_the_pages_of_the_machine_go_first(given: int, imis_home: Path, site: Site):
    site.fault(slow={"rate": 1, "match": "query", "seconds": 40})
    command = ["nice", "-n", str(given), BIN / "tenure", "run", "--home", str(imis_home), "--as-of", AS_OF]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    assert any("Sync …" in line for line in process.stderr)

    found = os.getpriority(os.PRIO_PROCESS, process.pid)

    process.terminate()
    process.communicate(timeout=60)
    assert found == max(10, given + os.getpriority(os.PRIO_PROCESS, 0))


def test_a_step_that_ends_its_process_three_times_is_parked_until_a_person_lets_it_go(night: Path):
    set_(night, train_every_days=1)
    call = ("run", "--home", night, "--as-of", "2025-03-03")
    for _ in range(3):
        kill_at("Train, since", *call)

    for _ in range(2):
        parked = tenure(*call)
        assert parked.code == 3, parked.told
        assert "the step `train` is parked" in parked.err
        assert "--release 'train' --by NAME" in parked.err
    states = ask(night, "SELECT state FROM ledger_run ORDER BY id")
    assert states == [("done",), *[("interrupted",)] * 3, *[("held_back",)] * 2]
    steps = ask(night, "SELECT name FROM ledger_run_step ORDER BY id")
    assert steps[-3:] == [("sync",), ("membership",), ("drift",)], "what comes before it is done"
    doctor = tenure("doctor", "--home", night)
    assert doctor.code == 1
    assert "the step `train` is parked" in doctor.out

    assert tenure(*call, "--release", "train").code == 2, "it takes a name"
    done = tenure(*call, "--release", "train", "--by", "Marta L.")
    assert done.code == 0, done.told
    assert ask(night, "SELECT by, act, subject FROM ledger_audit_event WHERE act LIKE 'night:%'") == [
        ("Marta L.", "night:step:release", "train")
    ]


@contextmanager
def watcher(delay: float = 0.0) -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """Somebody who writes down each ping: its path and its body."""
    heard: list[tuple[str, bytes]] = []

    class Ear(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            time.sleep(delay)
            heard.append((self.path, self.rfile.read(int(self.headers.get("content-length") or 0))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/7c1b", heard
    finally:
        server.shutdown()


def test_a_watcher_hears_of_start_success_and_failure_and_nothing_else(night: Path, tmp_path: Path):
    with watcher() as (url, heard):
        set_(night, ping_url=url)
        assert tenure("run", "--home", night, "--as-of", AS_OF).code == 0
        assert heard == [("/7c1b/start", b""), ("/7c1b", b"")]
        heard.clear()
        (tmp_path / "exports" / "terms.csv").unlink()
        assert tenure("run", "--home", night, "--as-of", AS_OF).code == 1
        assert heard == [("/7c1b/start", b""), ("/7c1b/fail", b"")]


def test_a_watcher_who_does_not_answer_holds_nothing_up(night: Path):
    with watcher(delay=30) as (url, _):
        set_(night, ping_url=url)
        began = time.monotonic()
        assert tenure("run", "--home", night, "--as-of", AS_OF).code == 0
        assert time.monotonic() - began < 25


@pytest.mark.parametrize("url", ["http://example.org/x", "ftp://127.0.0.2/x"])
def test_pings_go_by_https_alone(night: Path, url: str):
    set_(night, ping_url=url)

    done = tenure("run", "--home", night, "--as-of", AS_OF)

    assert done.code == 2
    assert "night.ping_url" in done.err


def renewed_yesterday(exports: Path) -> None:
    """Let the record go on to yesterday: a night by today's clock is held back where it ended a year ago."""
    path = exports / "terms.csv"
    terms = pl.read_csv(path, infer_schema=False)
    day = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    end = day + dt.timedelta(days=364)
    said = {"term_id": "T-new", "starts_on": day, "ends_on": end, "billed_on": day, "due_on": day, "paid_on": day,
            "ended_by": None, "recorded_at": f"{day}T09:00:00Z"}  # fmt: skip
    one = (
        terms.sort("ends_on")
        .tail(1)
        .with_columns(
            pl.lit(None if value is None else str(value), dtype=pl.String).alias(name) for name, value in said.items()
        )
    )
    pl.concat([terms, one]).write_csv(path)


def test_a_schedule_that_calls_often_does_one_night(night: Path, tmp_path: Path):
    renewed_yesterday(tmp_path / "exports")
    first = tenure("run", "--home", night, "--if-due")
    assert first.code in (0, 4), first.told
    second = tenure("run", "--home", night, "--if-due")
    assert (second.code, second.out) == (0, "this night was done\n")
    assert len(ask(night, "SELECT id FROM ledger_run WHERE local_night IS NOT NULL")) == 1
