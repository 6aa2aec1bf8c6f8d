"""Kills workers at random moments while they deliver, and looks for what was lost, doubled or never approved.

    python benchmarks/delivery_torture.py [--kills 200] [--steps 1200] [--seed 1]

Half of the steps are email, half are tasks in an iMIS sandbox that saves a tenth of what it is sent and answers 500,
loses a tenth of its answers, and saves a twentieth some moments after it answered 500. A fifth of the approvals or so
is taken back. Each worker is a process that is ended by SIGKILL a few moments after things begin to move. At the end
the mail sink and an export of the audit log are held against each other by `tests/delivery/independent_checker.py`,
which knows nothing else, and the tasks in the sandbox are counted.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx

sys.path += [str(Path(__file__).parents[1] / "tests" / folder) for folder in ("delivery", "sandbox", "")]

import independent_checker
import killing
from mail_sink import MailSink
from served_sandbox import Sandbox, properties, serving

FAULTS = {
    "saved_500": {"rate": 0.1, "match": "/api/Activity"},
    "lost_reply": {"rate": 0.1, "match": "/api/Activity"},
    "late_commit": {"rate": 0.05, "match": "/api/Activity", "up_to": killing.LOOK_AFTER.total_seconds() / 3},
}
"""A late commit comes within a third of the time after which it is looked for; half a minute is a quarter of it."""


def tasks_of(sandbox: Sandbox) -> Counter[str]:
    """How often each reference stands on a record in the sandbox."""
    found: Counter[str] = Counter()
    offset = 0
    while True:
        params = {"ACTIVITY_TYPE": "TASK", "Limit": "500", "Offset": str(offset), "OrderBy": "SEQN"}
        page = sandbox.staff.get("/api/Activity", params=params).json()
        rows = [properties(item) for item in page["Items"]["$values"]]
        found.update(str(row["UF_1"]) for row in rows if row.get("UF_1"))
        offset += len(rows)
        if not page["HasNext"]:
            return found


def run(root: Path, sandbox: Sandbox, told: Any) -> str:
    """Torture; gives what came of it."""
    (root / "sink").mkdir()
    dice, began = random.Random(told.seed), time.monotonic()
    with MailSink(root / "sink") as mail:
        mail.seconds = 0.002
        house = killing.home_of(root / "home", mail, sandbox.url)
        (house.home.root / "secrets").mkdir(exist_ok=True)
        (house.home.root / "secrets" / "imis.password").write_text("sandbox")
        ids = [str(row["ID"]) for row in sandbox.rows("Members")][: told.steps]
        killing.approve(house, ids, len(ids), ("email", "task"))
        sandbox.faults(told.seed, **FAULTS)

        def moved() -> int:
            asked = httpx.get(f"{sandbox.url}/_sandbox/usage", timeout=60).json()["by_method"]
            return int(asked.get("POST", 0)) + len(mail.messages)

        kills = killing.killed(house.home.root, told.kills, dice, moved)
        sandbox.faults()
        killing.finished(house.home.root)
        unknown = killing.resolve(house, mail)
        killing.finished(house.home.root)
        return _verdict(root, sandbox, kills, unknown, len(ids), time.monotonic() - began)


def _verdict(root: Path, sandbox: Sandbox, kills: int, unknown: int, steps: int, seconds: float) -> str:
    from tenure.ledger.models import OutreachStep

    killing.export(root / "audit.jsonl")
    rows = independent_checker.read((root / "audit.jsonl").read_bytes().splitlines())
    sent = independent_checker.references_in(root / "sink")
    wrong = list(independent_checker.check(rows, sent, ended=True))
    tasks = tasks_of(sandbox)
    done = set(OutreachStep.objects.filter(kind="task", state="done").values_list("reference", flat=True))
    wrong += [f"{name}: {count} tasks" for name, count in tasks.items() if count > 1]
    wrong += [f"{name}: done, and not in iMIS" for name in done - set(tasks)]
    wrong += [f"{name}: in iMIS, and not done" for name in set(tasks) - done]
    assert not wrong, "\n".join(wrong)
    return (
        f"{kills} kills, {steps} steps, {len(sent)} messages, {len(tasks)} tasks, {unknown} of unknown outcome "
        f"({seconds:.0f} s): nothing sent twice, nothing approved lost, nothing sent without an approval"
    )


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    words.add_argument("--kills", type=int, default=200)
    words.add_argument("--steps", type=int, default=1200)
    words.add_argument("--seed", type=int, default=1)
    told = words.parse_args()
    options = ("--members", str(told.steps + 50), "--seed", "7", "--today", "2025-03-01", "--years", "1")
    with tempfile.TemporaryDirectory(prefix="tenure-delivery-") as root, serving(*options) as sandbox:
        print(run(Path(root), sandbox, told))


if __name__ == "__main__":
    main()
