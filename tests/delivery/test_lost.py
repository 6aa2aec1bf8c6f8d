"""A message that may or may not have left: what somebody found out about it, said by the command."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path
from typing import Any

import killing
from approved import AFTER_UNDO, proposal, step
from mail_sink import MailSink

import proposing
from tenure.base.home import Home
from tenure.base.settings import Settings


def said(house: Any, *given: str) -> int:
    """Say it; gives the exit code."""
    command = [str(Path(sys.executable).with_name("tenure")), "work", "--home", str(house.home.root), *given]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode


def test_the_command_says_what_the_page_says_and_takes_the_word_of_the_same_people(tmp_path: Path, mail: MailSink):
    house = killing.home_of(tmp_path / "home", mail)
    killing.approve(house, ["00101", "00102"], 2)
    killing.approve_again(house)
    from tenure.app.worker import work
    from tenure.ledger import staff
    from tenure.ledger.models import AuditEvent, OutreachStep, Response

    staff.create(username="vera", password="a long enough phrase", role="viewer", by="test")
    mail.drops = 2
    assert work(house, once=True) == {"unknown": 2}
    one, other = OutreachStep.objects.order_by("pk")

    for name in ("vera", "Given Name"):
        assert said(house, "--sent", one.reference, "--by", name) != 0
    one.refresh_from_db()
    assert one.state == "unknown"

    assert said(house, "--sent", one.reference, "--by", "maria") == 0
    one.refresh_from_db()
    assert (one.state, one.proposal.state) == ("done", "done")
    noted = Response.objects.get()
    assert (noted.step_id, noted.kind, noted.source) == (one.pk, "delivered", "staff")
    acts = AuditEvent.objects.filter(subject=one.reference, by="maria").values_list("act", flat=True)
    assert list(acts) == ["step:member:deliver", "response:member:note"]

    assert said(house, "--release", other.reference, "--by", "maria") == 0
    assert work(house, once=True) == {"done": 1}
    assert mail.references == {one.reference: 1, other.reference: 2}


def test_what_did_not_arrive_before_its_proposal_ended_never_leaves(home: Home, settings: Settings, mail: MailSink):
    """The member renewed while nobody knew whether the message had left; it waits no longer, and the log says so."""
    from tenure.ledger import deliveries, outcomes, proposals
    from tenure.ledger.models import AuditEvent, OutreachStep

    proposing.staff(maria="manager")
    lost, begun, waiting = (step(proposal(member)) for member in (1, 2, 3))
    for one in (lost, begun):
        assert deliveries.begin(step=one, clock=lambda: AFTER_UNDO)
    deliveries.hand(step=lost, clock=lambda: AFTER_UNDO)
    deliveries.settle(step=lost, state="unknown", clock=lambda: AFTER_UNDO)
    for one in (lost, begun):
        proposals.withdraw(proposal=one.proposal_id, rule="renewed", why="renewed", by="tenure run")
    outcomes.send_again(step=lost.pk, by="maria")
    later = AFTER_UNDO + dt.timedelta(days=1)
    deliveries.postpone(step=begun, until=later, why="the server asks to come back later")

    states = dict(OutreachStep.objects.values_list("pk", "state"))
    assert states == {lost.pk: "cancelled", begun.pk: "cancelled", waiting.pk: "approved"}
    assert AuditEvent.objects.filter(act="step:member:cancel", by="maria").count() == 1
    assert [one.pk for one in deliveries.due(later)] == [waiting.pk]
