"""Workers, each a process of its own, that are killed while they deliver."""

from __future__ import annotations

import datetime as dt
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mail_sink import MailSink

from forking import PROCESSES

LOOK_AFTER = dt.timedelta(seconds=1.5)
LEFT_IN_PEACE = 900
"""Seconds after which a worker hangs rather than works, on a busy machine too."""


def home_of(root: Path, mail: MailSink, imis: str = "") -> Any:
    """A house whose messages go to *mail*, and whose tasks go to the iMIS at *imis*."""
    from tenure.app.house import House

    source = f'kind = "imis"\nurl = "{imis}"\nusername = "tenure"\nrequests_per_hour = 0' if imis else 'kind = "files"'
    text = f"""
[source]
{source}
[outreach]
quiet_from = "03:00"
quiet_until = "03:00"
second_person = []
undo_seconds = 0
[mail]
host = "127.0.0.1"
port = {mail.port}
security = "none"
sender = "office@association.example"
messages_per_minute = 1000000
timeout_seconds = 5
[tasks]
log_messages = false
"""
    root.mkdir(parents=True, exist_ok=True)
    (root / "tenure.toml").write_text(text)
    house = House.open(root)
    house.open_ledger()
    return house


def approve(house: Any, ids: list[str], steps: int, kinds: tuple[str, ...] = ("email",)) -> None:
    """Propose steps about members and approve them, as a manager does; some approvals are undone again."""
    from tenure.ledger import approvals, identities, proposals, staff
    from tenure.ledger.models import Contact, OutreachStep, Proposal

    before = lambda: dt.datetime.now(dt.UTC) - dt.timedelta(minutes=1)  # noqa: E731
    staff.create(username="maria", password="a long enough phrase", role="manager", by="test", clock=before)
    members = list(range(1, steps + 1))
    identities.learn(pairs=list(zip(members, ids, strict=True)))
    Contact.objects.bulk_create([Contact(member=m, email=f"member{m}@example.org") for m in members])
    made = [
        proposals.NewProposal(
            member=member, playbook="medium", playbook_version=1, occasion="renewal:2030-12-31", cause="band medium",
            as_of=before().date(), stage="before", band="medium",
            steps=(
                proposals.NewStep(
                    kind=kinds[member % len(kinds)], template="medium@1#1", recipient=f"member{member}@example.org",
                    subject="Your membership", body="You came to four events.",
                    details={"commercial": False, "purpose": "event"},
                ),
            ),
        )
        for member in members
    ]  # fmt: skip
    proposals.propose(proposals=made, by="tenure run", clock=before)
    seen = dict(OutreachStep.objects.values_list("pk", "digest"))
    every = list(Proposal.objects.order_by("pk").values_list("pk", flat=True))
    approvals.approve(proposals=every, by="maria", seen=seen, settings=house.settings, clock=before)
    for one in every[:: max(len(every) // 5, 1)]:
        approvals.revoke(proposal=one, by="maria", why="on second thoughts")


def approve_again(house: Any) -> None:
    """Approve what was taken back."""
    from tenure.ledger import approvals
    from tenure.ledger.models import OutreachStep, Proposal

    seen = dict(OutreachStep.objects.values_list("pk", "digest"))
    opened = list(Proposal.objects.filter(state="open").values_list("pk", flat=True))
    approvals.approve(proposals=opened, by="maria", seen=seen, settings=house.settings)


def killed(root: Path, kills: int, dice: random.Random, moved: Callable[[], int]) -> int:
    """Let workers work in *root*, and kill them while things move, so many times; then one in peace. Gives the kills.

    Args:
        root: The home.
        kills: How many shall be killed.
        dice: When.
        moved: Counts what has arrived so far.
    """
    struck = 0
    while struck < kills:
        worker = _worker(root)
        began, wanted = moved(), dice.randint(1, 4)
        while worker.is_alive() and moved() < began + wanted:
            time.sleep(0.0005)
        time.sleep(dice.uniform(0, 0.02))
        worker.kill()
        worker.join()
        struck += worker.exitcode == -signal.SIGKILL
        if worker.exitcode == 0 and moved() == began:
            break
    return struck


def finished(root: Path) -> None:
    """Let a worker work in peace, and another when nothing is lost for less than `LOOK_AFTER` any more."""
    for wait in (LOOK_AFTER.total_seconds() + 0.1, 0.0):
        worker = _worker(root)
        worker.join(timeout=LEFT_IN_PEACE)
        assert worker.exitcode == 0, f"a worker ended with {worker.exitcode}, none where it still works"
        time.sleep(wait)


def _worker(root: Path) -> Any:
    worker = PROCESSES.Process(target=be_a_worker, args=(str(root),))
    worker.start()
    return worker


def export(path: Path) -> None:
    """The audit log as it is exported."""
    from tenure.ledger import audit

    path.write_bytes(b"".join(line + b"\n" for line in audit.lines()))


def resolve(house: Any, mail: MailSink) -> int:
    """Say of each message whose outcome is unknown what somebody sees in the mail server's log; gives how many."""
    from tenure.ledger import outcomes
    from tenure.ledger.models import OutreachStep

    lost = list(OutreachStep.objects.filter(state="unknown").select_related("proposal"))
    for step in lost:
        if mail.references[step.reference]:
            outcomes.arrived(step=step.pk, by="maria", settings=house.settings, clock=house.clock)
        else:
            outcomes.send_again(step=step.pk, by="maria", clock=house.clock)
    return len(lost)


def be_a_worker(root: str) -> None:
    """Carry out what is due in the home *root*, and end."""
    from tenure.app.house import House
    from tenure.app.worker import work

    work(House.open(Path(root)), once=True, look_after=LOOK_AFTER)
