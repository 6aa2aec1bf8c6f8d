"""Reports by email: once to each who asked, at their hour, and never a name in the subject."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from email.message import EmailMessage

import pytest
from approved import NOW, proposal
from mail_sink import MailSink

import proposing
from lakes import lake_of, person, term
from tenure.base.errors import NotAllowed, UsageError
from tenure.base.home import Home
from tenure.base.settings import Association, Mail, Reports, Settings
from tenure.lake import Lake

TUESDAY = NOW.replace(hour=8)
MEMBERS = (("Ada Okafor", "Gulf", 0.7), ("Bo Lindqvist", "Pacific", 0.6))
MONDAY = TUESDAY + dt.timedelta(days=6)


@pytest.fixture(autouse=True)
def people(home: Home) -> None:
    """Marta, who has an address; Nora, who has none; Lia of a chapter. Two members have scores."""
    from tenure.ledger import staff
    from tenure.ledger.models import Contact, CurrentScore, Identity, ScoreSet

    proposing.staff(marta="manager", nora="manager", lia="liaison:Pacific")
    for name in ("marta", "lia"):
        staff.set_email(username=name, email=f"{name}@association.example", by="test", clock=lambda: NOW)
    lake_of(home.lake, members=[person(1), person(2)], terms=[term(n, "2024-05-01", "2025-04-30") for n in (1, 2)])
    as_of = NOW.date()
    ScoreSet.objects.create(as_of=as_of, model_version="m1", rows=2, digest="d", written_at=NOW)
    for member, (name, chapter, chance) in enumerate(
        (("Ada Okafor", "Gulf", 0.7), ("Bo Lindqvist", "Pacific", 0.6)), 1
    ):
        Identity.objects.get_or_create(member=member, defaults={"member_id": f"M{member}"})
        first, last = name.split()
        Contact.objects.update_or_create(member=member, defaults={"first_name": first, "last_name": last})
        CurrentScore.objects.create(
            member=member, as_of=as_of, model_version="m1", band="high", risk_score=round(chance * 100),
            risk_rank=0.95, p_lapse_renewal=chance, p_low=chance - 0.1, p_high=chance + 0.1, p_lapse_30=0.1,
            p_lapse_60=0.2, p_lapse_90=0.3, usual=0.16, chapter_id=chapter, member_type="Regular",
            renewal_due_on=dt.date(2025, 4, 10), reason_1="No login for 94 days",
        )  # fmt: skip


def worked(home: Home, settings: Settings, mail: MailSink, at: dt.datetime, **reports: object) -> Counter[str]:
    from tenure.app.house import House
    from tenure.app.worker import work

    rules = Mail(
        host="127.0.0.1", port=mail.port, security="none", sender="office@association.example", timeout_seconds=5,
        messages_per_minute=100_000,
    )  # fmt: skip
    told = Reports(staff_url="https://tenure.example.org", **reports)
    zone = Association(name="Harbor Engineers", time_zone="UTC")
    said = settings.model_copy(update={"mail": rules, "reports": told, "association": zone})
    return work(House(home, said, lambda: at), once=True)


def subscribe(name: str, kind: str = "daily") -> bool:
    from tenure.ledger import briefs

    return briefs.subscribe(username=name, kind=kind, by=name, clock=lambda: NOW)


def body_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_a_report_leaves_once_a_day_to_who_asked_with_its_charts(home: Home, settings: Settings, mail: MailSink):
    from tenure.ledger.models import AuditEvent

    assert subscribe("marta")
    assert not subscribe("marta")

    assert worked(home, settings, mail, TUESDAY) == {"report": 1}
    assert worked(home, settings, mail, TUESDAY + dt.timedelta(hours=3)) == {}
    assert worked(home, settings, mail, TUESDAY + dt.timedelta(days=1)) == {"report": 1}

    message = mail.messages[0]
    assert (message["To"], message["Subject"]) == ("marta@association.example", "Harbor Engineers: 2 members to call")
    words, page = body_of(message, "plain"), body_of(message, "html")
    assert "Ada Okafor" in words
    assert "Ada Okafor" in page
    assert 'href="https://tenure.example.org/#work"' in page
    acts = AuditEvent.objects.filter(act__in=("staff:report:subscribe", "notice:staff:send")).order_by("number")
    assert [(row.act, row.by) for row in acts] == [
        ("staff:report:subscribe", "marta"), ("notice:staff:send", "tenure work"), ("notice:staff:send", "tenure work"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("at", "leaves"),
    [
        (TUESDAY.replace(hour=6, minute=59), {}),
        (TUESDAY.replace(hour=7), {"report": 1}),
        (TUESDAY + dt.timedelta(days=4), {}),
        (MONDAY, {"report": 2}),
    ],
)
def test_it_waits_for_its_hour_and_its_day(
    home: Home, settings: Settings, mail: MailSink, at: dt.datetime, leaves: dict[str, int]
):
    subscribe("marta")
    subscribe("marta", "weekly")

    assert worked(home, settings, mail, at) == leaves


def test_a_report_waits_while_a_night_is_under_way(home: Home, settings: Settings, mail: MailSink):
    from tenure.ledger import lease

    subscribe("marta")
    with lease.take("night", clock=lambda: TUESDAY):
        assert worked(home, settings, mail, TUESDAY) == {}
    assert worked(home, settings, mail, TUESDAY) == {"report": 1}


def test_it_tells_of_payments_and_of_what_changed(home: Home, settings: Settings, mail: MailSink):
    from tenure.ledger.models import CurrentScore

    before = {"previous_as_of": dt.date(2025, 3, 3), "previous_band": "medium", "previous_risk_score": 40}
    trouble = {"payment_trouble": "declined", "payment_trouble_on": dt.date(2025, 3, 1), "dues": 240}
    CurrentScore.objects.filter(member=1).update(**before, **trouble)
    subscribe("marta")
    worked(home, settings, mail, TUESDAY)

    words = body_of(mail.messages[0], "plain")
    assert "1 payment to fix, $240 at stake" in words
    assert "Newly high risk" in words.partition("Since March 3")[2]


def test_it_tells_whom_somebody_promised_a_call_and_whether_contact_works(
    home: Home, settings: Settings, mail: MailSink
):
    from tenure.ledger import calls
    from tenure.ledger.models import ScoreSet

    told = {"wanted": 9, "decided": 3, "points": None, "treated": 2, "control": 1}
    ScoreSet.objects.update(day={"contact": told}, day_at=NOW)
    for member, by in ((1, "marta"), (2, "nora")):
        calls.log(
            member=member, outcome="no-answer", by=by, key=by, chapter=("Gulf", "Pacific")[member - 1],
            follow_up=TUESDAY.date() + dt.timedelta(days=1), clock=lambda: NOW,
        )  # fmt: skip
    subscribe("marta")
    subscribe("lia")
    worked(home, settings, mail, TUESDAY + dt.timedelta(days=1))

    (everyone,) = (body_of(one, "plain") for one in mail.messages if one["To"].startswith("marta"))
    assert "2 to call back" in everyone
    assert "Ada Okafor" in everyone.partition("to call back")[2]
    assert "3 of 9 renewals decided" in everyone.partition("Is contact working? Too early")[2]
    (own,) = (body_of(one, "plain") for one in mail.messages if one["To"].startswith("lia"))
    assert "1 to call back" in own
    assert "Okafor" not in own
    assert "Is contact working" not in own


def test_a_liaison_reads_of_their_chapter_alone_and_not_of_the_whole_week(
    home: Home, settings: Settings, mail: MailSink
):
    subscribe("lia")
    with pytest.raises(NotAllowed):
        subscribe("lia", "weekly")

    worked(home, settings, mail, TUESDAY)

    (message,) = mail.messages
    assert "Bo Lindqvist" in message.as_string()
    assert "Okafor" not in message.as_string()


def test_names_can_be_kept_out(home: Home, settings: Settings, mail: MailSink):
    subscribe("marta")

    worked(home, settings, mail, TUESDAY, names=False)

    (message,) = mail.messages
    assert "Member M1" in body_of(message, "plain")
    assert "Okafor" not in message.as_string()


def test_the_weekly_one_brings_a_pdf_and_where_the_audit_log_ends(home: Home, settings: Settings, mail: MailSink):
    from tenure.ledger import anchors

    subscribe("marta", "weekly")
    worked(home, settings, mail, MONDAY)

    (message,) = mail.messages
    (enclosed,) = message.iter_attachments()
    assert (enclosed.get_content_type(), enclosed.get_filename()) == ("application/pdf", "tenure-weekly-2025-03-10.pdf")
    assert enclosed.get_content().startswith(b"%PDF-")
    assert anchors.current().hash in body_of(message, "plain").replace("\n", "")


def test_the_weekly_one_counts_all_that_wait_and_calls_playbooks_as_the_pages_do(home: Home, settings: Settings):
    from tenure.ledger.models import Playbook, PlaybookVersion, Proposal
    from tenure.web.weekly import weekly

    kept = Playbook.objects.create(name="medium", changed_at=NOW, changed_by="test")
    PlaybookVersion.objects.create(
        playbook=kept, number=1, text='title = "A personal reminder"', digest="d", at=NOW, by="test"
    )
    for member, (state, days, playbook) in enumerate(
        (("open", 0, "medium"), ("open", 20, "medium"), ("approved", 0, "medium"), ("open", 20, "seldom")), 1
    ):
        made = proposal(member, state=state)
        when = {"created_at": NOW - dt.timedelta(days=days), "decided_at": NOW if state == "approved" else None}
        Proposal.objects.filter(pk=made.pk).update(playbook=playbook, **when)

    brief = weekly(Lake.open(home.lake), settings, TUESDAY)

    assert brief is not None
    (table,) = (part.table for part in brief.parts if part.heading == "What was proposed and decided")
    assert table.rows == (("A personal reminder", "2", "1", "0", "2"), ("Seldom", "0", "0", "0", "1"))
    assert "2 proposals this week, 1 approved; 3 wait." in brief.opening


def test_who_ends_it_loses_an_address_or_leaves_gets_no_more(home: Home, settings: Settings, mail: MailSink):
    from tenure.ledger import briefs, staff

    with pytest.raises(UsageError, match="has no address"):
        subscribe("nora")
    subscribe("marta")
    assert briefs.unsubscribe(username="marta", kind="daily", by="marta", clock=lambda: NOW)
    assert worked(home, settings, mail, TUESDAY) == {}
    subscribe("marta")
    staff.set_email(username="marta", email="", by="test", clock=lambda: NOW)
    assert worked(home, settings, mail, TUESDAY) == {}


def test_a_report_that_the_server_refuses_is_not_tried_again_that_day(home: Home, settings: Settings, mail: MailSink):
    from tenure.ledger.models import SentBrief

    subscribe("marta")
    mail.at_recipient = "550 no such box"

    assert worked(home, settings, mail, TUESDAY) == {"report failed": 1}
    assert worked(home, settings, mail, TUESDAY) == {}
    assert SentBrief.objects.get().trouble == "the mail server refuses the recipient (code 550)"
