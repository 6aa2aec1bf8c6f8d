"""A worker that is killed at any moment sends nothing twice and loses nothing that was approved.

The long form is `benchmarks/delivery_torture.py`.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import independent_checker
import killing
import pytest
from mail_sink import MailSink

KILLS = 10
STEPS = 45


@pytest.fixture
def slow_mail(tmp_path: Path) -> Any:
    folder = tmp_path / "sink"
    folder.mkdir()
    with MailSink(folder) as sink:
        sink.seconds = 0.003
        yield sink


def test_ten_kills_double_nothing_lose_nothing_and_send_nothing_unapproved(
    tmp_path: Path, slow_mail: MailSink, monkeypatch: pytest.MonkeyPatch
):
    house = killing.home_of(tmp_path / "home", slow_mail)
    killing.approve(house, [f"{member:05d}" for member in range(STEPS)], STEPS)
    slow_mail.drops = 1
    assert killing.killed(house.home.root, KILLS, random.Random(3), lambda: len(slow_mail.messages)) == KILLS
    killing.finished(house.home.root)
    unknown = killing.resolve(house, slow_mail)
    killing.finished(house.home.root)

    from tenure.ledger.models import OutreachStep

    log = tmp_path / "audit.jsonl"
    killing.export(log)
    rows = independent_checker.read(log.read_bytes().splitlines())
    sent = independent_checker.references_in(tmp_path / "sink")
    assert list(independent_checker.check(rows, sent, ended=True)) == []
    assert unknown >= 1
    revoked = OutreachStep.objects.exclude(state="done").count()
    assert (len(sent), OutreachStep.objects.filter(state="done").count()) == (STEPS - revoked, STEPS - revoked)
    assert revoked == 5


def test_what_was_approved_leaves_while_the_pages_are_served(tmp_path: Path, slow_mail: MailSink):
    house = killing.home_of(tmp_path / "home", slow_mail)
    killing.approve(house, ["1", "2", "3"], 3)
    command = [str(Path(sys.executable).with_name("tenure")), "serve", "--home", str(house.home.root), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as served:
        killing.approve_again(house)
        deadline = time.monotonic() + 60
        while len(slow_mail.messages) < 3 and time.monotonic() < deadline:
            time.sleep(0.1)
        served.terminate()
    assert set(slow_mail.references.values()) == {1}
    assert len(slow_mail.messages) == 3


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        ("twice", "sent 2 times"), ("unbegun", "never begun"), ("unapproved", "without an approval"),
        ("changed", "something else"), ("revoked", "had ended"), ("viewer", "who may not"), ("lost", "and lost"),
        ("nowhere", "not in the sink"), ("alone", "second person"),
    ],
)  # fmt: skip
def test_the_checker_finds_what_it_is_there_for(wrong: str, found: str):
    about = {"step": 7, "reference": "tn-7", "digest": "d", "kind": "email"}

    def row(number: int, act: str, by: str = "maria", subject: str = "", **details: Any) -> dict[str, Any]:
        return {"number": number, "act": act, "by": by, "subject": subject, "details": about | details}

    good = [
        row(1, "staff:account:create", "it", "maria", role="manager"),
        row(2, "proposal:member:approve", needs_second=False),
        row(4, "step:member:begin", "tenure work"),
        row(5, "step:member:deliver", "tenure work"),
    ]
    assert list(independent_checker.check(good, ["tn-7"], ended=True)) == []

    worse = {
        "viewer": row(1, "staff:account:create", "it", "maria", role="viewer"),
        "alone": row(2, "proposal:member:approve", needs_second=True),
        "revoked": row(3, "proposal:member:revoke"),
        "changed": row(4, "step:member:begin", "tenure work", digest="other"),
    }.get(wrong)
    left_out = {"unbegun": 4, "unapproved": 2, "lost": 5}.get(wrong, worse["number"] if worse else None)
    rows = [one for one in good if one["number"] != left_out] + ([worse] if worse else [])
    sink = {"twice": ["tn-7", "tn-7"], "nowhere": []}.get(wrong, ["tn-7"])
    found_ = independent_checker.check(sorted(rows, key=lambda one: one["number"]), sink, ended=True)
    assert any(found in words for words in found_)
