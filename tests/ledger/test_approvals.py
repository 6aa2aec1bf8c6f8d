"""What a person's word is good for: for exactly what they saw, once, until it is taken back."""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

import proposing
from proposing import MORNING, new, opened, seen
from tenure.base.errors import NotAllowed, Overtaken, UsageError

pytestmark = pytest.mark.usefixtures("home")
RULES = proposing.settings(undo_seconds=30, second_person=("top_value", "offer", "bulk:3"))


def at(seconds: float) -> Callable[[], dt.datetime]:
    return lambda: MORNING + dt.timedelta(seconds=seconds)


def approve(*proposals: int, by: str = "marta", **more: Any) -> Any:
    from tenure.ledger import approvals

    given = {"seen": seen(*proposals), "settings": RULES, "clock": at(0), **more}
    return approvals.approve(proposals=proposals, by=by, **given)


def state(proposal: int) -> tuple[str, list[str]]:
    from tenure.ledger.models import Proposal

    row = Proposal.objects.get(pk=proposal)
    return row.state, [step.state for step in row.steps.all()]


def acts(proposal: int) -> list[tuple[str, str]]:
    from tenure.ledger.models import AuditEvent

    rows = AuditEvent.objects.filter(subject=f"proposal {proposal}").order_by("pk")
    return [(row.act.removeprefix("proposal:member:"), row.by) for row in rows]


def test_an_approval_lets_each_step_leave_when_its_time_to_undo_and_its_days_are_over():
    from tenure.ledger.models import Approval, OutreachStep

    proposing.staff(marta="manager")
    (one,) = opened(new(steps=(proposing.email(), proposing.email(kind="callback", wait_days=7))))
    (outcome,) = approve(one)

    assert (outcome.state, outcome.leaves_at) == ("approved", at(30)())
    steps = OutreachStep.objects.filter(proposal=one)
    assert [step.leaves_at for step in steps] == [at(30)(), at(30)() + dt.timedelta(days=7)]
    assert [step.digest for step in steps] == [a.digest for a in Approval.objects.order_by("step")]
    assert state(one) == ("approved", ["approved", "approved"])


def test_any_change_of_what_was_approved_voids_it():
    """AP-2: also one made past every function of ours, as by a hand in the database."""
    from tenure.ledger import approvals
    from tenure.ledger.models import Approval, OutreachStep, Proposal

    proposing.staff(marta="manager")
    untouched, of_another_member, *changed = opened(*(new(member) for member in range(1, 9)))
    approve(untouched, of_another_member, *changed, settings=proposing.settings(second_person=()))
    Proposal.objects.filter(pk=of_another_member).update(member=99)
    parts = {"recipient": "x", "kind": "sms", "subject": "x", "body": "x", "template": "x", "details": {"x": 1}}
    for one, (part, value) in zip(changed, parts.items(), strict=True):
        OutreachStep.objects.filter(proposal=one).update(**{part: value})

    assert approvals.void_changed(by="tenure work", clock=at(40)) == 7
    assert state(untouched) == ("approved", ["approved"])
    for one in (of_another_member, *changed):
        assert state(one) == ("open", ["draft"])
        assert Approval.objects.get(step__proposal=one).ended_by == "tenure work"
        assert acts(one)[-1] == ("step:member:void", "tenure work")
    assert approvals.void_changed(by="tenure work", clock=at(50)) == 0


def test_what_was_not_seen_cannot_be_approved():
    from tenure.ledger import proposals
    from tenure.ledger.models import Approval, OutreachStep

    proposing.staff(marta="manager", ruth="manager")
    (one,) = opened()
    before = seen(one)
    (step,) = before
    proposals.edit(step=step, by="ruth", seen=before[step], subject="Another", body="Words", clock=at(-60))
    (outcome,) = approve(one, seen=before)
    assert (outcome.state, outcome.by, outcome.at) == ("refused", "ruth", at(-60)())
    assert approve(one, seen={})[0].state == "refused"
    OutreachStep.objects.filter(pk=step).update(body="changed by a hand in the database")
    assert approve(one)[0].words == "the draft was changed since you looked"
    assert not Approval.objects.exists()


def test_an_edit_voids_and_the_first_words_put_back_are_nobodys():
    from tenure.ledger import proposals
    from tenure.ledger.models import OutreachStep

    proposing.staff(marta="manager", ruth="manager")
    (one,) = opened()
    approve(one)
    first = OutreachStep.objects.get(proposal=one)
    edited = proposals.edit(step=first.pk, by="ruth", seen=first.digest, subject="Another", body="Words", clock=at(5))
    assert state(one) == ("open", ["draft"])
    assert (edited.edited_by, edited.digest != first.digest) == ("ruth", True)
    with pytest.raises(Overtaken, match="changed since"):
        proposals.edit(step=first.pk, by="marta", seen=first.digest, subject="x", body="y", clock=at(6))
    back = proposals.edit(
        step=first.pk, by="marta", seen=edited.digest, subject=first.subject, body=first.body, clock=at(7)
    )
    assert (back.edited_by, back.digest) == ("", first.digest)
    assert [act for act, _ in acts(one)] == ["open", "approve", "step:member:void", "edit", "edit"]


def test_undo_takes_back_within_its_time_and_the_log_shows_both_acts():
    """AP-6."""
    from tenure.ledger import approvals

    proposing.staff(marta="manager", ruth="manager")
    (one,) = opened()
    approve(one)
    with pytest.raises(Overtaken, match="not your decision") as refusal:
        approvals.undo(proposal=one, by="ruth", clock=at(5))
    assert (refusal.value.by, refusal.value.at) == ("marta", MORNING)
    approvals.undo(proposal=one, by="marta", clock=at(29))
    assert state(one) == ("open", ["draft"])
    assert acts(one)[1:] == [("approve", "marta"), ("undo", "marta")]

    approve(one, clock=at(60))
    with pytest.raises(Overtaken, match="over"):
        approvals.undo(proposal=one, by="marta", clock=at(90))
    with pytest.raises(UsageError):
        approvals.revoke(proposal=one, by="ruth", why=" ", clock=at(95))
    approvals.revoke(proposal=one, by="ruth", why="she called", clock=at(95))
    assert state(one) == ("open", ["draft"])


def test_what_has_begun_is_not_taken_back_and_the_rest_is_a_draft_again():
    from tenure.ledger import approvals
    from tenure.ledger.models import OutreachStep

    proposing.staff(marta="manager")
    (one,) = opened(new(steps=(proposing.email(), proposing.email(wait_days=7))))
    approve(one)
    OutreachStep.objects.filter(proposal=one, position=1).update(state="sending")
    with pytest.raises(Overtaken, match="over"):
        approvals.undo(proposal=one, by="marta", clock=at(10))
    approvals.revoke(proposal=one, by="marta", why="enough", clock=at(10))
    assert state(one) == ("open", ["sending", "draft"])
    assert approve(one, clock=at(20))[0].leaves_at == at(50)() + dt.timedelta(days=7)


@pytest.mark.parametrize(
    "special", [{"is_top_value": True}, {"steps": "offer"}, {"bulk": True}], ids=["top value", "offer", "bulk"]
)
def test_four_eyes_where_asked(special: dict[str, Any]):
    """AP-5: nothing leaves on one word; the second is another person, not the author, and one of them a director."""
    from tenure.ledger import approvals, proposals
    from tenure.ledger.models import OutreachStep

    proposing.staff(marta="manager", ruth="manager", dana="director", otto="director", vera="viewer")
    changes = {"steps": (proposing.email(kind="offer"),)} if "steps" in special else {}
    changes |= {"is_top_value": True} if "is_top_value" in special else {}
    several = opened(*(new(member, **changes) for member in range(1, 5 if "bulk" in special else 2)))
    assert {outcome.state for outcome in approve(*several)} == {"waits"}
    assert all(state(pk) == ("open", ["draft"]) for pk in several)
    assert approvals.awaiting_second() == several
    assert approve(several[0], by="ruth")[0].by == "marta"

    def second(by: str) -> Any:
        return approvals.second(proposals=several, by=by, seen=seen(*several), settings=RULES, clock=at(60))

    assert "yourself" in second("marta")[0].words
    assert "director" in second("ruth")[0].words
    assert "role" in second("vera")[0].words
    assert {(o.state, o.leaves_at) for o in second("dana")} == {("approved", at(90)())}
    assert all(state(pk) == ("approved", ["approved"]) for pk in several)

    approvals.revoke(proposal=several[0], by="dana", why="wrong", clock=at(70))
    step = OutreachStep.objects.get(proposal=several[0])
    proposals.edit(step=step.pk, by="otto", seen=step.digest, subject="Mine", body="Mine", clock=at(71))
    if "bulk" not in special:
        assert "you wrote" in approve(several[0], by="otto", clock=at(72))[0].words
        assert approve(several[0], by="marta", clock=at(72))[0].state == "waits"
        assert "you wrote" in second("otto")[0].words
        assert second("dana")[0].state == "approved"


def test_only_those_who_may_decide_and_a_liaison_only_for_the_own_chapter():
    from tenure.ledger import approvals, proposals
    from tenure.ledger.models import Staff

    proposing.staff(
        vera="viewer", ana="analyst", adam="administrator", aud="auditor",
        gulf="liaison:Gulf", north="liaison:Northeast", lost="liaison", gone="manager",
    )  # fmt: skip
    Staff.objects.filter(username="gone").update(is_active=False)
    (one,) = opened()
    for by in ("vera", "ana", "adam", "aud", "north", "lost", "gone", "nobody"):
        assert approve(one, by=by)[0].state == "refused"
        with pytest.raises(NotAllowed):
            proposals.reject(proposal=one, by=by, reason="tone", clock=at(0))
        with pytest.raises(NotAllowed):
            approvals.undo(proposal=one, by=by, clock=at(0))
    assert approve(one, by="gulf")[0].state == "approved"


def test_fifty_who_approve_at_once_come_to_one_approval_and_the_others_hear_whose():
    """AP-3."""
    from tenure.ledger.models import Approval

    names = [f"staff{i}" for i in range(50)]
    proposing.staff(**dict.fromkeys(names, "manager"))
    (one,) = opened()
    look = seen(one)
    outcomes = at_once([lambda by=by: approve(one, by=by, seen=look)[0] for by in names])

    (won,) = [outcome for outcome in outcomes if outcome.state == "approved"]
    lost = [outcome for outcome in outcomes if outcome.state == "refused"]
    assert len(lost) == 49
    assert {(outcome.by, outcome.at) for outcome in lost} == {(won.by, MORNING)}
    assert Approval.objects.get().by == won.by
    assert Counter(act for act, _ in acts(one)) == {"open": 1, "approve": 1}


def test_approving_and_revoking_at_once_leave_one_outcome_that_the_log_explains():
    """AP-3: 25 approve, 25 revoke; the log alternates, its last act is the state, and each loser hears who and when."""
    from tenure.ledger import approvals
    from tenure.ledger.models import Approval

    names = [f"staff{i}" for i in range(50)]
    proposing.staff(**dict.fromkeys(names, "manager"))
    (one,) = opened()
    look = seen(one)

    def revoke(by: str) -> str | Overtaken:
        try:
            approvals.revoke(proposal=one, by=by, why="race", clock=at(1))
        except Overtaken as refusal:
            return refusal
        return "revoked"

    calls = [
        (lambda by=by: approve(one, by=by, seen=look)[0]) if i % 2 else (lambda by=by: revoke(by))
        for i, by in enumerate(names)
    ]
    outcomes = at_once(calls)
    told = [act for act, _ in acts(one)][1:]
    assert told == [("approve", "revoke")[i % 2] for i in range(len(told))]
    approved, revoked = told.count("approve"), told.count("revoke")
    assert approved >= 1
    assert approved == sum(getattr(outcome, "state", "") == "approved" for outcome in outcomes)
    assert revoked == outcomes.count("revoked")
    assert Approval.objects.filter(ended_at=None).count() == approved - revoked
    assert state(one)[0] == ("approved" if approved > revoked else "open")
    for outcome in outcomes:
        if getattr(outcome, "state", "") == "refused":
            assert (outcome.by in names, outcome.at) == (True, MORNING)


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Run *calls*, each in a thread with a connection of its own, all from the same instant on."""
    from django.db import connection

    together, results = threading.Barrier(len(calls)), [None] * len(calls)

    def one(place: int, call: Callable[[], Any]) -> None:
        connection.ensure_connection()
        together.wait(timeout=30)
        try:
            results[place] = call()
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(i, call)) for i, call in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results
