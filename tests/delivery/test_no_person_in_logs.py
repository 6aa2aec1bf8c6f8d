"""PR-1: whatever goes wrong while messages leave, no log and no row of the chain says who they were for."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from approved import AFTER_UNDO, approve, proposal, step
from mail_sink import MailSink
from receiver import Receiver

from tenure.app.house import House
from tenure.app.worker import work
from tenure.base.home import Home
from tenure.base.settings import Mail, Provider, Settings, Webhooks

MARK = "qxcanaryqx"
"""What stands in every field of the member, and in all that others say about them; no log has it otherwise."""

OTHERS = ("mail.log", "asyncio")
"""Loggers of the mail server that the test runs in this process: another machine's in life."""


@pytest.fixture
def everything(tmp_path: Path) -> Iterator[Path]:
    """A file with all that any logger of the process says, down to its finest."""
    path, root = tmp_path / "everything.log", logging.getLogger()
    handler, before = logging.FileHandler(path), root.level
    handler.addFilter(lambda record: not record.name.startswith(OTHERS))
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    logging.getLogger("somebody.elses").debug("listening")
    try:
        yield path
    finally:
        root.setLevel(before)
        root.removeHandler(handler)
        handler.close()


def canary(member: int, kind: str, **more: Any) -> Any:
    """An approved step about a member of whom every field holds the mark."""
    from tenure.ledger import identities
    from tenure.ledger.models import Contact

    identities.learn(pairs=[(member, f"{MARK}-{member}")])
    of = proposal(member, why=MARK, context=[["Last login", MARK]])
    Contact.objects.filter(member=member).update(
        first_name=MARK, last_name=MARK, email=f"{MARK}{member}@example.org", phone=MARK, time_zone=MARK, language=MARK
    )
    given = {"recipient": f"{MARK}{member}@example.org", "subject": f"For {MARK}", "body": f"Dear {MARK}", **more}
    return step(of, kind, **given)


def outcome(one: Any) -> str:
    one.refresh_from_db()
    return str(one.state)


def test_no_log_names_whom_a_message_was_for_whatever_becomes_of_it(
    home: Home, settings: Settings, mail: MailSink, everything: Path
):
    """Refused by a server that repeats the address, refused by a service, of a form that no code expects, and done."""
    from tenure.ledger.models import AuditEvent, OutreachStep

    with Receiver() as service:
        service.status, service.headers = 422, {"x-why": f"no such number for {MARK}"}
        rules = settings.model_copy(update={
            "mail": Mail(host="127.0.0.1", port=mail.port, security="none", sender="office@association.example"),
            "in_app": Provider(url=service.url), "webhooks": Webhooks(networks=("127.0.0.0/8",), timeout_seconds=5),
        })  # fmt: skip
        odd, refused, by_service, done = (canary(3, "email"), canary(1, "email"), canary(2, "in_app"),
                                          canary(4, "email"))  # fmt: skip
        OutreachStep.objects.filter(pk=odd.pk).update(details=[MARK])
        odd = OutreachStep.objects.get(pk=odd.pk)
        OutreachStep.objects.filter(pk=odd.pk).update(digest=odd.content_digest())
        odd.approvals.all().delete()
        approve(OutreachStep.objects.get(pk=odd.pk))

        mail.at_recipient = f"550 5.1.1 <{MARK}1@example.org>: {MARK} is no user here"
        OutreachStep.objects.filter(pk=done.pk).update(state="draft")
        first = work(House(home, rules, lambda: AFTER_UNDO), once=True)
        mail.at_recipient = ""
        OutreachStep.objects.filter(pk=done.pk).update(state="approved")
        work(House(home, rules, lambda: AFTER_UNDO), once=True)

    assert (outcome(refused), outcome(by_service), outcome(done)) == ("failed", "failed", "done")
    assert outcome(odd) == "approved", "what cannot be looked at waits, and keeps nobody else waiting"
    assert odd.last_error == "a fault in Tenure before anything left (AttributeError)"
    assert first["failed"] == 2
    assert MARK in mail.messages[0].as_string()
    texts = {path.name: path.read_text() for path in [everything, *home.logs.glob("*")]}
    assert "listening" in texts["everything.log"]
    assert "AttributeError at" in texts["work.log"]
    assert [name for name, text in texts.items() if MARK in text.lower()] == []
    rows = AuditEvent.objects.filter(member__in=[1, 2, 3, 4])
    assert rows.count() >= 4
    assert [row.act for row in rows if MARK in f"{row.details}{row.subject}{row.by}".lower()] == []
    assert [one.last_error for one in (refused, by_service, odd) if MARK in one.last_error] == []
