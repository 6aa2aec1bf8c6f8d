"""Consent and suppressions, as they are written down and asked for; and the gate on a real ledger."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

import proposing
from proposing import MORNING, new, opened, seen
from tenure.base.errors import UsageError
from tenure.base.pseudonym import Pseudonyms

pytestmark = pytest.mark.usefixtures("home")
KEYED = Pseudonyms(b"k" * 32)
RULES = proposing.settings(undo_seconds=0, second_person=())


def at(minutes: float) -> Any:
    return lambda: MORNING + dt.timedelta(minutes=minutes)


def barred(member: int = 1, channel: str = "email", address: str = "", minutes: float = 60) -> list[str]:
    from tenure.ledger import permissions

    found = permissions.barring(member=member, channel=channel, at=at(minutes)(), address=address, keyed=KEYED)
    return [one.why for one in found]


def log() -> list[tuple[str, str, int | None]]:
    from tenure.ledger.models import AuditEvent

    rows = AuditEvent.objects.filter(act__regex="^(consent|suppression)").order_by("number")
    return [(row.act, row.by, row.member) for row in rows]


def test_the_newest_statement_about_a_channel_and_purpose_rules_and_each_is_in_the_log():
    from tenure.ledger import permissions

    def newest(purpose: str = "renewal", channel: str = "email") -> tuple[bool, bool] | None:
        row = permissions.consent_of(member=1, channel=channel, purpose=purpose)
        return None if row is None else (row.is_given, row.is_express)

    assert newest() is None
    permissions.give(member=1, channel="email", source="joining", by="marta", express=False, clock=at(0))
    assert newest() == newest("event") == (True, False)
    permissions.withdraw(member=1, channel="email", purpose="renewal", source="a call", by="marta", clock=at(1))
    assert (newest(), newest("event")) == ((False, True), (True, False))
    permissions.give(member=1, channel="email", purpose="renewal", source="form 2025", by="omar", clock=at(2))
    assert (newest(), newest(channel="sms")) == ((True, True), None)
    permissions.withdraw(member=1, channel="", source="a letter", by="omar", clock=at(3))
    assert newest() == newest("event") == newest(channel="sms") == (False, True)
    assert [act for act, *_ in log()] == [f"consent:member:{verb}" for verb in ("give", "withdraw", "give", "withdraw")]
    assert {by for _, by, _ in log()} == {"marta", "omar"}


def test_a_suppression_holds_for_its_channel_or_for_all_and_until_it_ends():
    from tenure.ledger import permissions

    permissions.suppress(
        why="unsubscribe", source="one click", by="tenure serve", member=1, channel="email", clock=at(0)
    )
    permissions.suppress(
        why="staff", source="on leave", by="marta", member=1, until=MORNING + dt.timedelta(hours=2), clock=at(0)
    )
    assert (barred(), barred(channel="sms"), barred(member=2)) == (["unsubscribe", "staff"], ["staff"], [])
    assert (barred(minutes=121), barred(channel="sms", minutes=121), barred(minutes=-1)) == (["unsubscribe"], [], [])


def test_an_address_stays_out_of_reach_whoever_has_it_and_is_not_kept():
    from tenure.ledger import permissions
    from tenure.ledger.models import Suppression

    permissions.suppress(
        why="bounce", source="refused by the server", by="tenure work", address=" Ada@Example.org", keyed=KEYED,
        channel="email", clock=at(0),
    )  # fmt: skip
    assert barred(member=7, address="ada@example.ORG") == ["bounce"]
    assert barred(member=7, address="bob@example.org") == []
    row = Suppression.objects.get()
    assert row.member is None
    assert len(row.address_digest) == 64
    assert "ada" not in str(vars(row)).lower()


def test_numbers_are_the_same_however_they_are_written():
    from tenure.ledger import permissions

    permissions.suppress(
        why="stop", source="STOP", by="tenure work", address="+1 (212) 555-0100", keyed=KEYED, clock=at(0)
    )
    assert barred(member=7, channel="sms", address="1 212 555 0100") == ["stop"]


def test_saying_so_twice_adds_nothing():
    from tenure.ledger import permissions

    for minutes in (0, 1):
        permissions.suppress(why="unsubscribe", source="one click", by="tenure serve", member=1, clock=at(minutes))
    assert len(barred()) == 1
    assert len(log()) == 1


def test_what_a_member_said_is_only_lifted_by_what_the_member_says():
    from tenure.ledger import permissions

    row = permissions.suppress(why="unsubscribe", source="one click", by="tenure serve", member=1, clock=at(0))
    with pytest.raises(UsageError, match="own word"):
        permissions.lift(suppression=row.pk, by="marta", why="a mistake", clock=at(1))
    permissions.give(member=1, channel="email", source="a call on March 1", by="marta", clock=at(2))
    with pytest.raises(UsageError, match="own word"):
        permissions.lift(suppression=row.pk, by="marta", why="for email alone", clock=at(3))
    permissions.give(member=1, channel="", source="a call on March 1", by="marta", clock=at(4))
    permissions.lift(suppression=row.pk, by="marta", why="asked for it", clock=at(5))
    assert barred() == []
    assert log()[-1] == ("suppression:member:lift", "marta", 1)
    with pytest.raises(UsageError, match="no suppression"):
        permissions.lift(suppression=row.pk, by="marta", why="again", clock=at(6))


@pytest.mark.parametrize(
    "given",
    [{"member": None}, {"member": 1, "channel": "fax"}, {"member": 1, "why": "because"}, {"address": "a@b.example"}],
)
def test_what_cannot_be_written_down_is_refused(given: dict[str, Any]):
    from tenure.ledger import permissions

    with pytest.raises(UsageError):
        permissions.suppress(**{"why": "staff", "source": "x", "by": "marta", "clock": at(0), **given})
    with pytest.raises(UsageError, match="source"):
        permissions.give(member=1, channel="email", source=" ", by="marta", clock=at(0))
    assert log() == []


def leaving(**changes: Any) -> Any:
    """A step that was approved just now."""
    from tenure.ledger import approvals
    from tenure.ledger.models import OutreachStep

    (one,) = opened(new(**changes))
    approvals.approve(proposals=[one], by="marta", seen=seen(one), settings=RULES, clock=at(0))
    return OutreachStep.objects.select_related("proposal").get(proposal=one)


def refusal(step: Any, *, minutes: float = 30, **member: Any) -> str:
    from tenure.outreach.gate import MemberNow, at_sending

    facts = MemberNow(**{"email": "member1@example.org", **member})
    found = at_sending(step, settings=RULES, clock=at(minutes), facts_now=facts, keyed=KEYED)
    return "" if found is None else found.rule


RELATION = {"purpose": "renewal", "commercial": False}


def test_what_was_approved_leaves_until_something_is_written_down_against_it():
    """AP-4: the suppression list is asked again at sending."""
    from tenure.ledger import permissions
    from tenure.ledger.models import Assignment, DoNotWake

    proposing.staff(marta="manager")
    step = leaving(steps=(proposing.email(details=RELATION | {"experiment": "calls"}),))
    assert refusal(step) == ""
    assert refusal(step, deceased=True) == "deceased"
    assert refusal(step, email="new@example.org") == "address"

    DoNotWake.objects.create(member=1, why="renews by itself", by="marta", at=MORNING)
    assert refusal(step) == "do_not_wake"
    DoNotWake.objects.all().delete()
    for experiment, rule in (("holdout", "control"), ("early-reminder", "control"), ("calls", "control"), ("x", "")):
        Assignment.objects.create(
            experiment=experiment, member=1, arm="control", share=0.05, as_of=MORNING.date(), at=MORNING
        )
        assert refusal(step) == rule
        Assignment.objects.all().delete()

    permissions.suppress(
        why="bounce", source="server", by="tenure work", address="Member1@example.org", keyed=KEYED, clock=at(1)
    )
    assert (refusal(step), refusal(step, minutes=0.5)) == ("suppressed", "")
    permissions.withdraw(member=1, channel="email", source="a call", by="marta", clock=at(2))
    assert refusal(step, minutes=0.5) == "consent"
    permissions.suppress(why="complaint", source="mailbox", by="tenure work", member=1, clock=at(3))
    assert refusal(step) == "complained"


def test_an_approval_that_was_revoked_or_an_edit_past_us_is_found():
    from tenure.ledger.models import OutreachStep

    proposing.staff(marta="manager")
    step = leaving(steps=(proposing.email(details=RELATION),))
    OutreachStep.objects.filter(pk=step.pk).update(body="Another text")
    step.refresh_from_db()
    assert refusal(step) == "void"


def test_contacts_that_were_carried_out_count_towards_the_cap_and_mandatory_ones_do_not():
    from tenure.ledger.models import OutreachStep

    proposing.staff(marta="manager")
    step = leaving(steps=(proposing.email(details=RELATION),))
    for number in range(1, 4):
        (one,) = opened(new(playbook=f"other-{number}", occasion=f"event:EV-{number}"))
        done = {"state": "done", "done_at": MORNING, "details": {"mandatory": number == 3}}
        OutreachStep.objects.filter(proposal=one).update(**done)
    assert refusal(step) == ""
    OutreachStep.objects.filter(state="done").update(details={})
    assert refusal(step) == "capped"
    mandatory = leaving(
        playbook="renewal-notice", steps=(proposing.email(details={"mandatory": True, "commercial": False}),)
    )
    assert refusal(mandatory) == ""


def test_nothing_leaves_while_everything_is_stopped():
    from tenure.ledger.models import SendingPause

    proposing.staff(marta="manager")
    step = leaving(steps=(proposing.email(details={"mandatory": True}),))
    assert refusal(step) == ""
    SendingPause.objects.create(since=MORNING, by="marta", why="a wrong list")
    assert refusal(step) == "paused"
