"""A proposal from the night to its end."""

from __future__ import annotations

import datetime as dt

import pytest

import proposing
from proposing import MORNING, NIGHT, new, opened
from tenure.base.errors import HeldBack, Overtaken, UsageError

pytestmark = pytest.mark.usefixtures("home")
TODAY = MORNING.date()


def now() -> dt.datetime:
    return MORNING


def row(proposal: int):
    from tenure.ledger.models import Proposal

    return Proposal.objects.get(pk=proposal)


def last_act(proposal: int) -> str:
    from tenure.ledger.models import AuditEvent

    return AuditEvent.objects.filter(subject=f"proposal {proposal}").latest("pk").act


def test_an_occasion_is_proposed_once_whatever_became_of_it():
    from tenure.ledger import proposals
    from tenure.ledger.models import AuditEvent, OutreachStep

    proposing.staff(marta="manager")
    night = (new(1), new(2, state="held_back", rule="capacity", why="40 hours are taken"), new(1))
    assert proposals.propose(proposals=night, by="tenure run", clock=lambda: NIGHT) == proposals.Added(2, 1)
    first = OutreachStep.objects.get(proposal__member=1)
    proposals.reject(proposal=first.proposal_id, by="marta", reason="facts", clock=now)
    assert proposals.propose(proposals=night, by="tenure run", clock=now) == proposals.Added(0, 3)
    later = (new(1, occasion="renewal:2026-04-15"),)
    assert proposals.propose(proposals=later, by="tenure run", clock=now) == proposals.Added(1, 0)

    opened_rows = AuditEvent.objects.filter(act="proposal:member:open")
    assert [(event.details["state"], len(event.details["steps"])) for event in opened_rows] == [
        ("open", 1), ("held_back", 1), ("open", 1),
    ]  # fmt: skip
    assert opened_rows[0].details["steps"][0]["digest"] == first.digest == first.content_digest()


def test_the_log_keeps_which_score_and_reasons_stood_behind_a_proposal():
    """Sealed under the member's key; a score of another night is none of it."""
    from tenure.ledger import proposals, seals
    from tenure.ledger.models import AuditEvent, CurrentScore

    for member, day in ((1, NIGHT.date()), (2, NIGHT.date() - dt.timedelta(days=1))):
        CurrentScore.objects.create(
            member=member, as_of=day, p_lapse_30=0.1, p_lapse_60=0.2, p_lapse_90=0.3, p_lapse_renewal=0.38, p_low=0.2,
            p_high=0.5, risk_score=38, risk_rank=0.8, band="medium", model_version="2025-03-01-abc",
            reason_1="No login for 94 days", reason_2="Does not accept email", against="Renews automatically",
        )  # fmt: skip
    proposals.propose(proposals=(new(1), new(2)), by="tenure run", clock=lambda: NIGHT)

    one, other = AuditEvent.objects.filter(act="proposal:member:open").order_by("number")
    told = seals.texts_of(numbers=[one.number, other.number])
    assert (one.details["model"], other.details["model"]) == ("2025-03-01-abc", "")
    assert told[one.number]["reasons"] == ["No login for 94 days", "Does not accept email"]
    assert (told[one.number]["risk_score"], told[one.number]["p_low"]) == (38, 0.2)
    assert told[one.number]["cause"] == told[other.number]["cause"] == "band became medium"
    assert "reasons" not in told[other.number]
    assert "login" not in str(one.details)


def test_references_are_the_same_on_every_machine_and_tell_nothing():
    from tenure.ledger.proposals import reference_of

    one = reference_of(4611686018427387904, "early-reminder", "renewal:2025-04-15", 1)
    assert one == reference_of(4611686018427387904, "early-reminder", "renewal:2025-04-15", 1)
    assert one.startswith("tn-")
    assert len(one) == 27
    others = {reference_of(member, "p", occasion, i) for member in (1, 11) for occasion in ("1", "11") for i in (1, 11)}
    assert len(others) == 8


def test_a_night_that_lost_its_lease_proposes_nothing():
    from tenure.ledger import proposals, runs
    from tenure.ledger.models import Proposal

    zombie = runs.start(as_of=TODAY, kind="night", by="first", clock=lambda: NIGHT)
    second = runs.start(as_of=TODAY, kind="night", by="second", clock=lambda: NIGHT + dt.timedelta(minutes=2))
    with second, pytest.raises(HeldBack):
        proposals.propose(proposals=[new()], by="first", fence=zombie.fence, clock=now)
    assert not Proposal.objects.exists()


def test_rejecting_needs_a_reason_and_can_be_undone():
    from tenure.ledger import approvals, proposals

    proposing.staff(marta="manager")
    (one,) = opened()
    for reason, words in (("", ""), ("nonsense", "x"), ("other", " ")):
        with pytest.raises(UsageError):
            proposals.reject(proposal=one, by="marta", reason=reason, words=words, clock=now)
    proposals.reject(proposal=one, by="marta", reason="other", words="moved away", clock=now)
    assert (row(one).state, row(one).rule, row(one).steps.get().state) == ("rejected", "rejected:other", "cancelled")
    with pytest.raises(Overtaken) as refusal:
        proposals.reject(proposal=one, by="marta", reason="tone", clock=now)
    assert (refusal.value.by, refusal.value.at) == ("marta", MORNING)
    approvals.undo(proposal=one, by="marta", clock=now)
    assert (row(one).state, row(one).rule, row(one).why, row(one).steps.get().state) == ("open", "", "", "draft")


def test_what_is_snoozed_wakes_on_its_day_and_what_waits_too_long_expires():
    from tenure.ledger import proposals

    proposing.staff(marta="manager")
    one, other = opened(new(1), new(2))
    with pytest.raises(UsageError):
        proposals.snooze(proposal=one, by="marta", until=TODAY, clock=now)
    proposals.snooze(proposal=one, by="marta", until=TODAY + dt.timedelta(days=3), clock=now)
    assert proposals.wake(today=TODAY + dt.timedelta(days=2), by="tenure run", clock=now) == 0
    assert proposals.wake(today=TODAY + dt.timedelta(days=3), by="tenure run", clock=now) == 1
    assert (row(one).state, row(one).snoozed_until) == ("open", None)
    assert proposals.expire(today=TODAY + dt.timedelta(days=21), by="tenure run", clock=now) == 0
    assert proposals.expire(today=TODAY + dt.timedelta(days=22), by="tenure run", clock=now) == 2
    assert (row(other).state, row(other).rule, row(other).steps.get().state) == ("withdrawn", "expired", "cancelled")


def test_withdrawing_ends_an_approval_and_leaves_what_has_left():
    from tenure.ledger import approvals, proposals
    from tenure.ledger.models import Approval, OutreachStep

    proposing.staff(marta="manager")
    (one,) = opened(new(steps=(proposing.email(), proposing.email(wait_days=7))))
    approvals.approve(proposals=[one], by="marta", seen=proposing.seen(one), settings=proposing.settings(), clock=now)
    OutreachStep.objects.filter(proposal=one, position=1).update(state="done")
    assert proposals.withdraw(proposal=one, rule="renewed", why="renewed on March 1", by="tenure run", clock=now)
    assert [step.state for step in row(one).steps.all()] == ["done", "cancelled"]
    assert Approval.objects.filter(ended_at=None).count() == 1
    assert last_act(one) == "proposal:member:withdraw"
    assert not proposals.withdraw(proposal=one, rule="renewed", why="again", by="tenure run", clock=now)


def test_what_was_held_back_is_opened_by_a_persons_word():
    from tenure.ledger import proposals

    proposing.staff(marta="manager")
    (one,) = opened(new(state="held_back", rule="capacity", why="40 hours are taken"))
    proposals.take_up(proposal=one, by="marta", clock=now)
    assert (row(one).state, row(one).rule, last_act(one)) == ("open", "", "proposal:member:take-up")
    with pytest.raises(Overtaken):
        proposals.take_up(proposal=one, by="marta", clock=now)


def test_reassigning_names_an_account_that_is_there():
    from tenure.ledger import proposals

    proposing.staff(marta="manager", ruth="liaison:Gulf")
    (one,) = opened()
    with pytest.raises(UsageError):
        proposals.reassign(proposal=one, by="marta", assignee="nobody", clock=now)
    proposals.reassign(proposal=one, by="marta", assignee="ruth", clock=now)
    assert (row(one).assignee, row(one).state) == ("ruth", "open")


def test_a_proposal_is_done_when_nothing_of_it_is_to_come():
    from tenure.ledger import approvals, deliveries
    from tenure.ledger.models import OutreachStep

    proposing.staff(marta="manager")
    (one,) = opened(new(steps=(proposing.email(), proposing.email(wait_days=7))))
    approvals.approve(proposals=[one], by="marta", seen=proposing.seen(one), settings=proposing.settings(), clock=now)
    for position, state in ((1, "approved"), (2, "done")):
        step = OutreachStep.objects.get(proposal=one, position=position)
        deliveries.settle(step=step, state="done", clock=now)
        assert (row(one).state, row(one).decided_by) == (state, "marta")


def test_a_template_is_told_how_much_of_its_words_was_changed_and_why_it_was_rejected():
    """Five drafts of one text: approved as it was, edited twice, edited and put back, rejected; one left by itself."""
    from tenure.ledger import approvals, proposals
    from tenure.ledger.models import Approval, OutreachStep
    from tenure.ledger.wordings import wordings

    proposing.staff(marta="manager")
    first, small, large, back, refused, alone, waiting = opened(*(new(member) for member in range(1, 8)))
    words = proposing.BODY.split()

    def edit(proposal: int, body: str) -> None:
        step = OutreachStep.objects.get(proposal=proposal)
        proposals.edit(step=step.pk, by="marta", seen=step.digest, subject=step.subject, body=body, clock=now)

    edit(small, proposing.BODY.replace("since 2016", "for years"))
    edit(large, "Come back.")
    edit(back, "Something else")
    edit(back, proposing.BODY)
    edit(waiting, "Undecided")
    for proposal in (first, small, large, back, alone):
        approvals.approve(
            proposals=[proposal], by="marta", seen=proposing.seen(proposal), settings=proposing.settings(), clock=now
        )
    Approval.objects.filter(step__proposal=alone).update(rule="auto-send:1")
    proposals.reject(proposal=refused, by="marta", reason="tone", clock=now)

    (told,) = wordings(since=MORNING - dt.timedelta(days=1), playbook="early-reminder")
    assert (told.template, told.place) == ("early-reminder@7#1", ("early-reminder", 7, 1))
    assert (told.unchanged, told.edited, told.rejected, told.reasons) == (2, 2, 1, {"tone": 1})
    total = len(words) + 4
    assert told.changed == pytest.approx((2 / total + len(words) / total) / 2)
    assert wordings(since=MORNING - dt.timedelta(days=1), chapter="Pacific") == []
    assert len(wordings(since=MORNING - dt.timedelta(days=1), chapter="Gulf")) == 1
    assert wordings(since=MORNING + dt.timedelta(days=1)) == []
