"""Associations on one machine that share a folder begin apart, however they are called."""

from __future__ import annotations

import itertools
import shutil
import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from calls import BIN, set_, tenure

from tenure.app.turns import take_turn
from tenure.base.errors import UsageError

NOON = 1_750_000_000.0


def test_fifty_that_ask_at_once_get_moments_that_lie_apart(tmp_path: Path):
    """The fifty associations of one host, whose schedules call in the same second."""
    with ThreadPoolExecutor(16) as pool:
        turns = sorted(pool.map(lambda n: take_turn(tmp_path, NOON + n / 50, 60), range(50)))

    assert NOON <= turns[0] < NOON + 1
    assert all(later - sooner >= 60 for sooner, later in itertools.pairwise(turns))
    assert take_turn(tmp_path, turns[-1] + 7_200, 60) == turns[-1] + 7_200, "nobody waits for a moment long past"


def test_a_turn_taken_by_a_clock_that_was_wrong_holds_nobody_up(tmp_path: Path):
    take_turn(tmp_path, NOON + 400 * 86_400, 60)

    assert take_turn(tmp_path, NOON, 60) == NOON


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path):
    with pytest.raises(UsageError, match=r"`night\.turns` is `.*nowhere`"):
        take_turn(tmp_path / "nowhere", NOON, 60)


def test_two_nights_that_are_due_in_the_same_second_begin_apart(tmp_path: Path, exports: Path):
    """By the command that schedules call; neither finds a record, and both runs are in the ledger."""
    shared, emptied, homes = tmp_path / "turns", tmp_path / "emptied", [tmp_path / "one", tmp_path / "other"]
    shared.mkdir()
    emptied.mkdir()
    assert tenure("init", "--home", homes[0], "--source", "files", "--path", exports).code == 0
    set_(homes[0], path=str(emptied), night__turns=str(shared), night__apart_seconds=4)
    shutil.copytree(*homes)

    command = [BIN / "tenure", "run", "--if-due", "--home"]
    started = [subprocess.Popen([*command, home], stderr=subprocess.PIPE, text=True) for home in homes]
    told = [each.communicate(timeout=120)[1] for each in started]

    began = []
    for home in homes:
        with sqlite3.connect(home / "ledger.sqlite3") as ledger:
            found = ledger.execute("SELECT julianday(started_at) * 86400 FROM ledger_run").fetchone()
        began.append(found[0])
    assert abs(began[0] - began[1]) >= 3.9, told
    assert sum("others begin first" in each for each in told) == 1
