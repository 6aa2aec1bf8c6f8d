"""What was approved leaves once, as it was approved, and not before its time."""

from __future__ import annotations

import datetime as dt
import socket
from collections import Counter
from typing import Any

import pytest
from approved import AFTER_UNDO, NOW, approve, proposal, step
from mail_sink import MailSink

from lakes import lake_of, person, term
from tenure.base.errors import HeldBack
from tenure.base.home import Home
from tenure.base.settings import Mail, Settings

LATER = AFTER_UNDO + dt.timedelta(minutes=5)


def carried_out(
    home: Home, settings: Settings, mail: MailSink, at: dt.datetime = AFTER_UNDO, **more: Any
) -> Counter[str]:
    """What a worker does who comes at *at* and goes when nothing more is due."""
    from tenure.app.house import House
    from tenure.app.worker import work

    rules = Mail(
        host="127.0.0.1", port=mail.port, security="none", sender="office@association.example", timeout_seconds=5,
        messages_per_minute=100_000, **more,
    )  # fmt: skip
    return work(House(home, settings.model_copy(update={"mail": rules}), lambda: at), once=True)


def acts() -> list[str]:
    from tenure.ledger.models import AuditEvent

    return list(AuditEvent.objects.filter(act__startswith="step:").order_by("id").values_list("act", flat=True))


def test_an_approved_email_leaves_once_as_it_was_approved(home: Home, settings: Settings, mail: MailSink):
    one = step(proposal())

    assert carried_out(home, settings, mail) == {"done": 1}
    assert carried_out(home, settings, mail, LATER) == {}

    one.refresh_from_db()
    (message,) = mail.messages
    assert mail.envelopes == [("office@association.example", ["member1@example.org"])]
    assert (message["X-Tenure-Reference"], message["To"], message["Subject"]) == (
        one.reference, "member1@example.org", "Your membership",
    )  # fmt: skip
    assert message["Message-ID"] == one.receipt
    assert message.get_content_type() == "text/plain"
    below = "--\nYou receive this because you are a member of My association.\n"
    assert message.get_content().replace("\r\n", "\n") == f"{one.body}\n\n{below}"
    assert (one.state, one.done_at, one.attempts, one.proposal.state) == ("done", AFTER_UNDO, 1, "done")
    assert acts() == ["step:member:begin", "step:member:deliver"]


def test_nothing_leaves_before_its_time(home: Home, settings: Settings, mail: MailSink):
    """Within the undo window, before its `wait_days` are over, without its second person, while paused."""
    from tenure.ledger.models import Approval, SendingPause

    of = proposal()
    first, second = step(of), step(of, wait_days=7)
    four_eyes = step(proposal(2))
    Approval.objects.filter(step=four_eyes).update(needs_second=True)

    assert carried_out(home, settings, mail, NOW + dt.timedelta(seconds=29)) == {}
    pause = SendingPause.objects.create(since=NOW, by="maria", why="a fault in the drafts")
    assert carried_out(home, settings, mail) == {}
    pause.ended_at = AFTER_UNDO
    pause.save()
    assert carried_out(home, settings, mail) == {"done": 1}
    assert carried_out(home, settings, mail, AFTER_UNDO + dt.timedelta(days=6, hours=23)) == {}
    assert carried_out(home, settings, mail, AFTER_UNDO + dt.timedelta(days=7)) == {"done": 1}
    assert [message["X-Tenure-Reference"] for message in mail.messages] == [first.reference, second.reference]


@pytest.mark.parametrize("change", ["recipient", "subject", "body", "template", "details", "kind"])
def test_what_is_no_longer_what_was_approved_stays_here(home: Home, settings: Settings, mail: MailSink, change: str):
    from tenure.ledger.models import OutreachStep

    value: object = {"plan": "twelve parts"} if change == "details" else "survey" if change == "kind" else "else@x.org"
    one = step(proposal())
    OutreachStep.objects.filter(pk=one.pk).update(**{change: value})

    assert carried_out(home, settings, mail) == {}
    assert mail.messages == []


def test_an_ended_approval_or_a_withdrawn_proposal_lets_nothing_leave(home: Home, settings: Settings, mail: MailSink):
    undone, withdrawn, automatic = step(proposal(1)), step(proposal(2)), step(proposal(3))
    undone.approvals.update(ended_at=NOW, ended_by="maria", ended_why="undone")
    withdrawn.proposal.state = "withdrawn"
    withdrawn.proposal.save()
    automatic.approvals.update(rule="auto")  # a standing permission that does not stand

    assert carried_out(home, settings, mail) == {}
    assert mail.messages == []


def test_a_refused_address_fails_at_once_and_a_busy_server_is_asked_again(
    home: Home, settings: Settings, mail: MailSink
):
    one = step(proposal())
    mail.at_recipient = "451 come back later"
    assert carried_out(home, settings, mail) == {"postponed": 1}
    assert carried_out(home, settings, mail, AFTER_UNDO + dt.timedelta(seconds=59)) == {}
    mail.at_recipient = ""
    assert carried_out(home, settings, mail, AFTER_UNDO + dt.timedelta(seconds=60)) == {"done": 1}

    other = step(proposal(2))
    mail.at_recipient = "550 no such mailbox: member2@example.org"
    assert carried_out(home, settings, mail) == {"failed": 1}
    one.refresh_from_db()
    other.refresh_from_db()
    assert (one.state, one.attempts) == ("done", 2)
    assert (other.state, other.last_error) == ("failed", "the mail server refuses the recipient (code 550)")


def test_without_an_answering_server_steps_wait_untouched(home: Home, settings: Settings):
    from tenure.app.house import House
    from tenure.app.worker import work

    one = step(proposal())
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        rules = Mail(host="127.0.0.1", port=taken.getsockname()[1], security="none", sender="office@example.org")
        assert work(House(home, settings.model_copy(update={"mail": rules}), lambda: AFTER_UNDO), once=True) == {}
    assert work(House(home, settings, lambda: AFTER_UNDO), once=True) == {}  # no server is set at all

    one.refresh_from_db()
    assert (one.state, one.attempts, acts()) == ("approved", 0, [])


def test_a_message_whose_acknowledgement_is_lost_is_not_sent_again(home: Home, settings: Settings, mail: MailSink):
    """The window of at-most-once: a person says whether it arrived."""
    from tenure.ledger import deliveries

    kept, lost = step(proposal(1)), step(proposal(2))
    mail.drops = 1
    assert carried_out(home, settings, mail) == {"unknown": 1, "done": 1}
    for hours in (1, 30):
        assert carried_out(home, settings, mail, AFTER_UNDO + dt.timedelta(hours=hours)) == {}
    assert mail.references == {kept.reference: 1, lost.reference: 1}

    deliveries.settle(step=kept, state="done", by="maria", clock=lambda: LATER)
    kept.refresh_from_db()
    assert (kept.state, kept.proposal.state, acts()[-1]) == ("done", "done", "step:member:deliver")


def test_a_step_that_was_begun_by_a_process_that_died_goes_on_where_that_is_safe(
    home: Home, settings: Settings, mail: MailSink
):
    from tenure.ledger import deliveries

    clock = lambda: AFTER_UNDO  # noqa: E731
    begun, handed = step(proposal(1)), step(proposal(2))
    assert deliveries.begin(step=begun, clock=clock)
    assert deliveries.begin(step=handed, clock=clock)
    deliveries.hand(step=handed, clock=clock)

    assert carried_out(home, settings, mail) == {"put back": 1, "done": 1}
    assert carried_out(home, settings, mail, LATER) == {"unknown": 1}
    assert mail.references == {begun.reference: 1}
    handed.refresh_from_db()
    assert (handed.state, handed.proposal.state) == ("unknown", "approved")

    deliveries.put_back(step=handed, by="maria", clock=lambda: LATER)
    assert carried_out(home, settings, mail, LATER) == {"done": 1}
    assert mail.references == {begun.reference: 1, handed.reference: 1}


def test_of_two_workers_one_works_and_the_zombie_hands_nothing_over(home: Home, settings: Settings, mail: MailSink):
    from tenure.ledger import deliveries, lease

    one = step(proposal())
    zombie = lease.take("work", clock=lambda: AFTER_UNDO)
    with pytest.raises(HeldBack, match="a work is under way"):
        carried_out(home, settings, mail)
    assert deliveries.begin(step=one, clock=lambda: AFTER_UNDO, fence=zombie.fence)
    zombie._over.set()  # it sleeps: nobody renews

    assert carried_out(home, settings, mail, LATER) == {"put back": 1, "done": 1}
    with pytest.raises(HeldBack, match="took over"):
        deliveries.hand(step=one, clock=lambda: LATER, fence=zombie.fence)
    with pytest.raises(HeldBack, match="took over"):
        deliveries.settle(step=one, state="done", clock=lambda: LATER, fence=zombie.fence)
    assert mail.references == {one.reference: 1}


def test_a_step_that_was_begun_is_begun_by_no_other(home: Home):
    from tenure.ledger import deliveries
    from tenure.ledger.models import OutreachStep

    one = step(proposal())
    again = OutreachStep.objects.get(pk=one.pk)
    assert deliveries.begin(step=one, clock=lambda: AFTER_UNDO)
    assert not deliveries.begin(step=again, clock=lambda: AFTER_UNDO)


def test_an_approval_that_is_renewed_after_an_edit_lets_the_new_version_leave(
    home: Home, settings: Settings, mail: MailSink
):
    one = step(proposal())
    one.approvals.update(ended_at=NOW, ended_by="maria", ended_why="edited")
    one.subject = "Another subject"
    one.digest = one.content_digest()
    one.save()
    assert carried_out(home, settings, mail) == {}
    approve(one, at=NOW)
    assert carried_out(home, settings, mail) == {"done": 1}
    assert mail.messages[0]["Subject"] == "Another subject"


def test_what_was_changed_behind_its_approval_is_a_draft_again_and_does_not_leave(
    home: Home, settings: Settings, mail: MailSink
):
    from tenure.ledger.models import OutreachStep

    one = step(proposal())
    OutreachStep.objects.filter(pk=one.pk).update(body="Dear member, send money.")
    assert carried_out(home, settings, mail) == {}
    one.refresh_from_db()
    assert (one.state, one.proposal.state, acts()) == ("draft", "open", ["step:member:void"])
    assert one.approvals.get().ended_why == "it is not what was approved"
    assert mail.messages == []


def test_commercial_email_carries_the_postal_address_and_one_click_unsubscribing(
    home: Home, settings: Settings, mail: MailSink
):
    from tenure.base.settings import Outreach

    step(proposal(), details={"commercial": True, "purpose": "renewal"})
    assert carried_out(home, settings, mail) == {"postponed": 1}  # no postal address is set
    more = {"outreach": Outreach(public_url="https://members.example.org")}
    later = AFTER_UNDO + dt.timedelta(days=1)
    assert carried_out(home, settings.model_copy(update=more), mail, later, postal_address="1 Quay St") == {"done": 1}

    (message,) = mail.messages
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    way_out = message["List-Unsubscribe"].strip("<>")
    assert way_out.startswith("https://members.example.org/m/unsubscribe/")
    text = message.get_content()
    assert "1 Quay St" in text
    assert way_out in text
    assert "member1" not in way_out


@pytest.mark.parametrize(
    ("rule", "member", "term_"),
    [
        ("renewed", {}, {"starts": "2025-05-01", "ends": "2026-04-30", "paid": "2025-03-04"}),
        ("deceased", {"deceased_on": dt.date(2025, 3, 1)}, None),
        ("objecting", {"objects_to_profiling": True}, None),
        ("consent", {"email_allowed": False}, None),
        ("address", {}, None),
    ],
)
def test_what_has_become_stale_is_dropped_and_says_why(
    home: Home, settings: Settings, mail: MailSink, rule: str, member: dict[str, Any], term_: dict[str, Any] | None
):
    from tenure.ledger.models import AuditEvent, Contact

    one = step(proposal(renewal_due_on=dt.date(2025, 4, 30)))
    if rule == "address":
        Contact.objects.update(email="another@example.org")
    terms = [term(1, "2024-05-01", "2025-04-30")]
    if term_:
        terms.append(term(1, term_["starts"], term_["ends"], paid=term_["paid"]))
    lake_of(home.lake, members=[person(1, **member)], terms=terms)

    assert carried_out(home, settings, mail) == {"dropped": 1}
    one.refresh_from_db()
    assert (one.state, one.rule, one.proposal.state, one.proposal.rule) == ("dropped", rule, "withdrawn", rule)
    assert AuditEvent.objects.get(act="step:member:drop").details["rule"] == rule
    assert mail.messages == []


def test_quiet_hours_are_waited_for(home: Home, settings: Settings, mail: MailSink):
    from tenure.ledger.models import Contact

    step(proposal())
    Contact.objects.update(time_zone="Asia/Tokyo")  # 00:01 there
    assert carried_out(home, settings, mail) == {"postponed": 1}
    assert carried_out(home, settings, mail, dt.datetime(2025, 3, 4, 22, 59, tzinfo=dt.UTC)) == {}
    assert carried_out(home, settings, mail, dt.datetime(2025, 3, 4, 23, 0, tzinfo=dt.UTC)) == {"done": 1}
