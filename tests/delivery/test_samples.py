"""A draft as a test to the person of staff who asks: as the member would see it, and never to the member."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest
from approved import NOW, proposal, step
from mail_sink import MailSink

import proposing
from lakes import lake_of, person, term
from tenure.base.errors import NotAllowed, Overtaken, UsageError
from tenure.base.home import Home
from tenure.base.settings import Mail, Outreach, Settings

LATER = NOW + dt.timedelta(minutes=1)
SITE = "https://members.example.org"


@pytest.fixture(autouse=True)
def people(home: Home) -> None:
    """Marta, who has an address; Nora, who has none; Lia of another chapter; Vera, who only looks."""
    from tenure.ledger import staff

    proposing.staff(marta="manager", nora="manager", lia="liaison:Pacific", vera="viewer")
    for name in ("marta", "lia", "vera"):
        staff.set_email(username=name, email=f"{name}@association.example", by="test", clock=lambda: NOW)


def worked(home: Home, settings: Settings, mail: MailSink, at: dt.datetime = LATER) -> Counter[str]:
    from tenure.app.house import House
    from tenure.app.worker import work

    rules = Mail(
        host="127.0.0.1", port=mail.port, security="none", sender="office@association.example", timeout_seconds=5,
        messages_per_minute=100_000, postal_address="1 Quay Street",
    )  # fmt: skip
    said = settings.model_copy(update={"mail": rules, "outreach": Outreach(public_url=SITE)})
    return work(House(home, said, lambda: at), once=True)


def asked(draft: Any, by: str = "marta", at: dt.datetime = NOW) -> Any:
    from tenure.ledger import samples

    return samples.ask(step=draft.pk, by=by, clock=lambda: at)


def draft(member: int = 1, **more: Any) -> Any:
    return step(proposal(member, state="open", chapter_id="Gulf"), approved=False, **more)


def test_it_goes_once_to_the_one_who_asked_as_the_member_would_see_it(home: Home, settings: Settings, mail: MailSink):
    from tenure.ledger.models import AuditEvent

    lake_of(home.lake, members=[person(1, country="CA")], terms=[term(1, "2024-05-01", "2025-04-30")])
    link = f"{SITE}/m/offer/Ab3-_x9"
    one = draft(body=f"Dear member,\n\nyou can accept here: {link}.", kind="offer")
    assert asked(one).pk == asked(one).pk

    assert worked(home, settings, mail) == {"sample": 1}
    assert worked(home, settings, mail) == {}

    (message,) = mail.messages
    assert mail.envelopes == [("office@association.example", ["marta@association.example"])]
    assert (message["To"], message["Subject"]) == ("marta@association.example", "Test: Your membership")
    assert "member1@example.org" not in message.as_string()
    assert message["List-Unsubscribe"] is message["List-Unsubscribe-Post"] is None
    text = message.get_content().replace("\r\n", "\n")
    assert text.startswith(f"Dear member,\n\nyou can accept here: {SITE}/m/offer/sample.\n\n--\n")
    assert "1 Quay Street" in text, "what the law of the member's country wants below a message"
    assert f"{SITE}/m/unsubscribe/sample" in text
    one.refresh_from_db()
    assert (one.state, one.attempts, one.samples.get().state) == ("draft", 0, "sent")
    rows = AuditEvent.objects.filter(act__in=("step:member:sample", "notice:staff:send")).order_by("number")
    assert [(row.act, row.by) for row in rows] == [
        ("step:member:sample", "marta"), ("notice:staff:send", "tenure work"),
    ]  # fmt: skip
    assert (rows[0].member, rows[0].details["digest"]) == (1, one.digest)
    assert rows[1].subject == message["X-Tenure-Reference"]


def test_who_has_no_address_or_does_not_decide_about_the_member_asks_in_vain(
    home: Home, settings: Settings, mail: MailSink
):
    from tenure.ledger.models import Sample

    one = draft()
    with pytest.raises(UsageError, match="no address to which a test could go") as refused:
        asked(one, "nora")
    assert "tenure staff set-email" in refused.value.mend
    for name in ("lia", "vera", "nobody"):
        with pytest.raises(NotAllowed):
            asked(one, name)
    with pytest.raises(UsageError, match="only a message that goes as email"):
        asked(draft(2, kind="sms"))
    with pytest.raises(Overtaken, match="no draft any more"):
        asked(draft(3, state="done"))
    assert Sample.objects.count() == 0
    assert worked(home, settings, mail) == {}
    assert mail.messages == []


def test_nothing_leaves_while_all_sending_is_paused(home: Home, settings: Settings, mail: MailSink):
    from tenure.ledger import pausing

    one, other = draft(), draft(2)
    asked(one)
    pausing.pause(by="marta", why="a fault", clock=lambda: NOW)
    with pytest.raises(Overtaken, match="paused"):
        asked(other)
    assert worked(home, settings, mail) == {}
    pausing.resume(by="marta", clock=lambda: LATER)
    assert worked(home, settings, mail) == {"sample": 1}


def test_it_is_tried_once_and_what_came_too_late_or_was_refused_does_not_leave(
    home: Home, settings: Settings, mail: MailSink
):
    from tenure.ledger import staff

    refused, late, closed = draft(1), draft(2), draft(3)
    asked(refused)
    mail.at_recipient = "550 no such mailbox"
    assert worked(home, settings, mail) == {"sample failed": 1}
    mail.at_recipient = ""
    assert worked(home, settings, mail) == {}
    assert "refuses the recipient" in refused.samples.get().trouble

    asked(late)
    assert worked(home, settings, mail, NOW + dt.timedelta(days=1)) == {}
    asked(closed, at=NOW + dt.timedelta(days=1))
    staff.set_email(username="marta", email="", by="test", clock=lambda: NOW)
    assert worked(home, settings, mail, NOW + dt.timedelta(days=1, minutes=1)) == {"sample failed": 1}
    assert mail.messages == []


def test_erasing_the_member_takes_the_samples_along(home: Home):
    from django.db import transaction

    from tenure.ledger import belonging
    from tenure.ledger.models import Sample

    asked(draft(1))
    asked(draft(2))
    with transaction.atomic():
        gone = belonging.erase(member=1, member_id="00001")
    assert gone["Sample"] == 1
    assert [row.step.proposal.member for row in Sample.objects.all()] == [2]
