"""The last look at real records: who renewed, died, moved or opted out after the approval is not written to."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from approved import AFTER_UNDO, proposal, step
from mail_sink import MailSink

from lakes import lake_of, person, term
from tenure.app.house import House
from tenure.app.worker import work
from tenure.base.home import Home
from tenure.base.pseudonym import Pseudonyms
from tenure.base.settings import Mail, Settings
from tenure.outreach.tokens import Tokens

DUE = dt.date(2025, 4, 30)
FINE, RENEWED, DECEASED, MERGED, OBJECTS, OPTED_OUT, MOVED, GONE, UNSUBSCRIBED, CALIFORNIAN = range(1, 11)
RELATION = {"purpose": "renewal", "commercial": False}


def _terms(member: int) -> list[dict[str, Any]]:
    last = {"ended_by": "merged"} if member == MERGED else {}
    usual = term(member, "2024-05-01", "2025-04-30", **last)
    return [usual, term(member, "2025-05-01", "2026-04-30", paid="2025-03-04")] if member == RENEWED else [usual]


@pytest.fixture
def known(home: Home, settings: Settings) -> Settings:
    """Ten members of whom the source has told something since the night."""
    from tenure.ledger import permissions
    from tenure.ledger.models import Contact

    told: dict[int, dict[str, Any]] = {
        DECEASED: {"deceased_on": dt.date(2025, 3, 2)}, OBJECTS: {"objects_to_profiling": True},
        OPTED_OUT: {"email_allowed": False},
    }  # fmt: skip
    blank = {"deceased_on": None, "objects_to_profiling": None, "email_allowed": None}
    lake_of(
        home.lake,
        members=[person(member, **{**blank, **told.get(member, {})}) for member in range(1, 11)],
        terms=[row for member in range(1, 11) for row in _terms(member)],
    )
    for member in range(1, 11):
        step(proposal(member, renewal_due_on=DUE), details=RELATION)
    Contact.objects.filter(member=MOVED).update(email="elsewhere@example.org")
    Contact.objects.filter(member=GONE).delete()
    Contact.objects.filter(member=CALIFORNIAN).update(time_zone="America/Los_Angeles")
    permissions.suppress(
        why="unsubscribe", source="one click", by="tenure serve", member=UNSUBSCRIBED, channel="email",
        clock=lambda: AFTER_UNDO - dt.timedelta(seconds=1),
    )  # fmt: skip
    return settings


def carried_out(home: Home, rules: Settings, mail: MailSink, *, public: str = "", at: dt.datetime = AFTER_UNDO) -> Any:
    server = Mail(
        host="127.0.0.1", port=mail.port, security="none", sender="office@association.example", timeout_seconds=5,
        messages_per_minute=100_000, postal_address="1 Quay Street",
    )  # fmt: skip
    outreach = rules.outreach.model_copy(update={"public_url": public})
    return work(House(home, rules.model_copy(update={"mail": server, "outreach": outreach}), lambda: at), once=True)


def test_who_renewed_died_moved_or_opted_out_after_the_approval_is_not_written_to(
    home: Home, known: Settings, mail: MailSink
):
    """AP-4: each with its rule; the one in whose place it is still night waits."""
    from tenure.ledger.models import OutreachStep

    assert carried_out(home, known, mail) == {"done": 1, "dropped": 8, "postponed": 1}
    assert mail.envelopes == [("office@association.example", ["member1@example.org"])]
    assert dict(OutreachStep.objects.values_list("proposal__member", "rule")) == {
        FINE: "", RENEWED: "renewed", DECEASED: "deceased", MERGED: "merged", OBJECTS: "objecting",
        OPTED_OUT: "consent", MOVED: "address", GONE: "address", UNSUBSCRIBED: "suppressed",
        CALIFORNIAN: "quiet_hours",
    }  # fmt: skip
    waiting = OutreachStep.objects.get(proposal__member=CALIFORNIAN)
    assert (waiting.state, waiting.leaves_at) == ("approved", dt.datetime(2025, 3, 4, 16, tzinfo=dt.UTC))
    assert carried_out(home, known, mail, at=waiting.leaves_at) == {"done": 1}


def test_below_each_email_stands_a_link_that_only_its_recipient_has(home: Home, known: Settings, mail: MailSink):
    carried_out(home, known, mail, public="https://members.association.example/")
    (message,) = mail.messages
    header = message["List-Unsubscribe"]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert header.startswith("<https://members.association.example/m/unsubscribe/")
    assert header.strip("<>") in message.get_content()
    token = header.strip("<>").rpartition("/")[2]
    ticket = Tokens(Pseudonyms.of(home)).read("unsubscribe", token)
    assert ticket is not None
    assert (ticket.member, ticket.reference) == (FINE, message["X-Tenure-Reference"])
    assert "member1" not in header


def test_commercial_email_waits_until_the_settings_give_a_way_out(home: Home, known: Settings, mail: MailSink):
    from tenure.ledger.models import OutreachStep

    win_back = step(proposal(11, renewal_due_on=DUE), details={"purpose": "win_back", "commercial": False})
    carried_out(home, known, mail)
    win_back = OutreachStep.objects.get(pk=win_back.pk)
    assert (win_back.state, win_back.rule) == ("approved", "jurisdiction")
    carried_out(home, known, mail, public="https://members.association.example", at=win_back.leaves_at)
    last = mail.messages[-1]
    assert last["To"] == "member11@example.org"
    assert "1 Quay Street" in last.get_content()
    assert "you were a member of" in last.get_content()


def test_a_line_break_in_subject_or_address_forges_no_second_recipient(home: Home, known: Settings, mail: MailSink):
    """WA-13: neither leaves, and each message has one recipient."""
    from tenure.ledger.models import Contact

    forged = "member12@example.org\r\nBcc: all@example.org"
    Contact.objects.create(member=12, email=forged)
    step(proposal(12), recipient=forged, details=RELATION)
    step(proposal(13), subject="Renew\r\nBcc: all@example.org", details=RELATION)
    assert carried_out(home, known, mail)["failed"] == 2
    assert [recipients for _, recipients in mail.envelopes] == [["member1@example.org"]]
    assert all(not message["Bcc"] for message in mail.messages)
