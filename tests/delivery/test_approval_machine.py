"""Whatever staff, nights and hands in the database do, in whatever order: only what an authorised person let leave
may leave (AP-1, AP-2, AP-5, AP-6), and the audit log alone says so too."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

import proposing
from proposing import MORNING, new
from tenure import ledger
from tenure.base.errors import TenureError
from tenure.base.home import Home

STAFF = {"marta": "manager", "ruth": "manager", "dana": "director", "gulf": "liaison:Gulf", "vera": "viewer"}
RULES = proposing.settings(undo_seconds=30, second_person=("top_value", "offer", "bulk:2"))
PEOPLE, WHICH = st.sampled_from(sorted(STAFF)), st.integers(0, 3)


@pytest.fixture
def _ledger(tmp_path: Path) -> Iterator[None]:
    ledger.setup(Home(tmp_path / "home"), RULES)
    ledger.migrate()
    proposing.staff(**STAFF)
    yield
    from django.db import connections

    connections.close_all()


class Office(RuleBasedStateMachine):
    """Four proposals, one of them special each; a clock; a worker that begins what is due, as `deliveries` does."""

    departures = 0

    @initialize()
    def night(self) -> None:
        from django.db import transaction

        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.now = MORNING
        self.left: list[int] = []
        kinds = ({}, {"is_top_value": True}, {"steps": (proposing.email(kind="offer"),)}, {"chapter_id": "Pacific"})
        self.proposals = proposing.opened(*(new(i, **changes) for i, changes in enumerate(kinds)))
        self.looks: dict[str, dict[int, str]] = {}

    def teardown(self) -> None:
        from django.db import transaction

        if hasattr(self, "atomic"):
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    def clock(self) -> dt.datetime:
        return self.now

    def attempt(self, act: Any, **given: Any) -> None:
        with suppress(TenureError):
            act(**given, clock=self.clock)

    @rule(by=PEOPLE)
    def look(self, by: str) -> None:
        self.looks[by] = proposing.seen(*self.proposals)
        self.now += dt.timedelta(seconds=20)
        self.work()

    @rule(by=PEOPLE, which=st.lists(WHICH, min_size=1, max_size=4), again=st.booleans())
    def approve(self, by: str, which: list[int], again: bool) -> None:
        from tenure.ledger import approvals

        seen = self.looks.get(by, {}) if again else proposing.seen(*self.proposals)
        approvals.approve(
            proposals=[self.proposals[i] for i in which], by=by, seen=seen, settings=RULES, clock=self.clock
        )

    @rule(by=PEOPLE, which=WHICH)
    def second(self, by: str, which: int) -> None:
        from tenure.ledger import approvals

        seen = proposing.seen(*self.proposals)
        approvals.second(proposals=[self.proposals[which]], by=by, seen=seen, settings=RULES, clock=self.clock)

    @rule(by=PEOPLE, which=WHICH, how=st.sampled_from(["undo", "revoke", "reassign", "snooze", "reject"]))
    def decide(self, by: str, which: int, how: str) -> None:
        from tenure.ledger import approvals, proposals

        pk = self.proposals[which]
        more = {
            "undo": {}, "revoke": {"why": "x"}, "reject": {"reason": "tone"}, "reassign": {"assignee": "ruth"},
            "snooze": {"until": self.now.date() + dt.timedelta(days=2)},
        }[how]  # fmt: skip
        self.attempt(getattr(approvals if how in ("undo", "revoke") else proposals, how), proposal=pk, by=by, **more)

    @rule(by=PEOPLE, which=WHICH, text=st.sampled_from(["Words", "Other words", proposing.BODY]), stale=st.booleans())
    def edit(self, by: str, which: int, text: str, stale: bool) -> None:
        from tenure.ledger import proposals
        from tenure.ledger.models import OutreachStep

        step = OutreachStep.objects.get(proposal=self.proposals[which])
        seen = "0" * 64 if stale else step.digest
        self.attempt(proposals.edit, step=step.pk, by=by, seen=seen, subject=step.subject, body=text)

    @rule(which=WHICH, part=st.sampled_from(["recipient", "body", "subject"]), value=st.sampled_from("ab"))
    def tamper(self, which: int, part: str, value: str) -> None:
        from tenure.ledger.models import OutreachStep

        OutreachStep.objects.filter(proposal=self.proposals[which], state="approved").update(**{part: value})

    @rule(which=WHICH)
    def renews(self, which: int) -> None:
        from tenure.ledger import proposals

        proposals.withdraw(
            proposal=self.proposals[which], rule="renewed", why="renewed", by="tenure run", clock=self.clock
        )

    @rule(days=st.sampled_from([0, 0, 0, 0, 0, 0, 2, 2, 30]))
    def night_after(self, days: int) -> None:
        from tenure.ledger import approvals, proposals

        self.now += dt.timedelta(days=days, seconds=20)
        proposals.wake(today=self.now.date(), by="tenure run", clock=self.clock)
        proposals.expire(today=self.now.date(), by="tenure run", clock=self.clock)
        approvals.void_changed(by="tenure work", clock=self.clock)
        self.work()

    @rule(
        by=st.sampled_from(["marta", "dana"]),
        which=WHICH,
        seconded=st.booleans(),
        seconds=st.sampled_from([20, 40, 40]),
    )
    def morning(self, by: str, which: int, seconded: bool, seconds: int) -> None:
        """What happens on most days: approved, perhaps seconded, and taken up by the worker."""
        self.approve(by, [which], again=False)
        if seconded:
            self.second("dana" if by == "marta" else "marta", which)
        self.now += dt.timedelta(seconds=seconds)
        self.work()

    @rule()
    def work(self) -> None:
        """What `tenure work` does with a step that is due."""
        from tenure.ledger import deliveries
        from tenure.ledger.models import OutreachStep

        due = OutreachStep.objects.filter(state="approved", leaves_at__lte=self.now)
        for step in due.select_related("proposal"):
            if deliveries.begin(step=step, clock=self.clock):
                deliveries.settle(step=step, state="done", clock=self.clock)
                self.left.append(step.pk)
                Office.departures += 1

    @invariant()
    def what_left_was_let_leave(self) -> None:
        from tenure.ledger.models import OutreachStep

        for pk in getattr(self, "left", []):
            step = OutreachStep.objects.select_related("proposal").get(pk=pk)
            (approval,) = step.approvals.filter(ended_at=None)
            assert approval.digest == step.digest == step.content_digest()
            assert STAFF[approval.by] in ("manager", "director", "liaison:Gulf")
            assert STAFF[approval.by] != "liaison:Gulf" or step.proposal.chapter_id == "Gulf"
            special = step.proposal.is_top_value or step.kind == "offer"
            assert approval.needs_second or not special
            if approval.needs_second:
                pair = {approval.by, approval.second_by}
                assert len(pair) == 2
                assert step.edited_by not in pair
                assert "dana" in pair
            assert step.done_at >= max(approval.at, approval.second_at or approval.at) + dt.timedelta(seconds=30)
            self.the_log_says_so(pk)

    def the_log_says_so(self, step: int) -> None:
        """By the rows of the log alone: approved, as it left, by its last word; and left once."""
        from tenure.ledger.models import AuditEvent

        rows = [(row.act, row.details) for row in AuditEvent.objects.order_by("number")]
        mine = [(act, told) for act, told in rows if told.get("step") == step]
        (begun,) = [i for i, (act, _) in enumerate(mine) if act == "step:member:begin"]
        before = [(act, told) for act, told in mine[:begun] if act.split(":")[-1] in _WORDS]
        assert before[-1][0].startswith("proposal:member:approve")
        assert before[-1][1]["digest"] == mine[begun][1]["digest"]
        assert before[-1][0].endswith("second") or not before[-1][1]["needs_second"]

    @invariant()
    def states_agree(self) -> None:
        from tenure.ledger.models import Approval, OutreachStep, Proposal

        for step in OutreachStep.objects.select_related("proposal"):
            if step.state == "approved":
                assert step.proposal.state == "approved"
                assert Approval.objects.filter(step=step, ended_at=None).count() == 1
            if step.state == "draft":
                assert step.proposal.state in (Proposal.State.OPEN, Proposal.State.SNOOZED)
                assert step.leaves_at is None


_WORDS = ("approve", "approve-second", "undo", "revoke", "void")


@pytest.mark.usefixtures("_ledger")
def test_nothing_leaves_without_a_word_for_exactly_that():
    """Twenty offices of sixty acts each; `make torture` lets fifty do five hundred (`TENURE_CASES`, `TENURE_ACTS`)."""
    many = settings(
        max_examples=int(os.environ.get("TENURE_CASES", "20")),
        stateful_step_count=int(os.environ.get("TENURE_ACTS", "60")),
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    run_state_machine_as_test(Office, settings=many)
    assert Office.departures >= 10, Office.departures
