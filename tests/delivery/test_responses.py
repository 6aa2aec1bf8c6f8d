"""What came of steps: each piece of news once, and only what came after."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from approved import AFTER_UNDO, NOW, proposal, step
from mail_sink import MailSink
from test_worker import carried_out

from lakes import act, lake_of, person, term
from tenure.base.errors import UsageError
from tenure.base.home import Home
from tenure.base.settings import Settings


def noted() -> list[tuple[Any, ...]]:
    from tenure.ledger.models import Response

    return list(Response.objects.order_by("member", "at", "kind").values_list("member", "kind", "step_id"))


def test_what_members_did_after_a_step_is_noted_once_beside_it(home: Home, settings: Settings):
    from tenure.app import responding
    from tenure.app.house import House
    from tenure.ledger import responses

    first, second, other = (
        step(of, state="done", done_at=dt.datetime(2025, 3, day, 12, tzinfo=dt.UTC), approved=False)
        for of, day in ((proposal(1), 4), (proposal(1, "later"), 20), (proposal(2), 4))
    )
    lake_of(
        home.lake,
        members=[person(1), person(2)],
        terms=[
            term(1, "2024-05-01", "2025-04-30"), term(2, "2025-03-06", "2026-03-05"),
            term(1, "2025-05-01", "2026-04-30", paid="2025-03-25"), term(3, "2025-05-01", None, paid="2025-03-25"),
        ],
        activity=[
            act(1, "event_attended", "2025-03-03"), act(1, "event_attended", "2025-03-10"),
            act(1, "payment", "2025-03-25"), act(1, "login", "2025-03-10"), act(2, "email_unsubscribed", "2025-03-05"),
            act(2, "event_attended", "2025-06-30"), act(4, "payment", "2025-03-25"),
        ],
    )  # fmt: skip
    house = House(home, settings, lambda: dt.datetime(2025, 3, 30, tzinfo=dt.UTC))
    steps = responding.done_steps(house)
    news = [*responding.renewals(house, steps), *responding.acts(house, steps)]

    assert [responses.note_all(news=news, by="tenure sync") for _ in range(2)] == [4, 0]
    assert noted() == [
        (1, "attended", first.pk), (1, "renewed", second.pk), (1, "paid", second.pk), (2, "unsubscribed", other.pk),
    ]  # fmt: skip


def test_a_term_that_was_paid_before_the_step_and_recorded_again_after_it_is_no_renewal_of_it(
    home: Home, settings: Settings
):
    from tenure.app import responding
    from tenure.app.house import House

    step(proposal(1), state="done", done_at=NOW, approved=False)
    early = term(1, "2025-03-01", "2026-02-28", recorded="2025-03-02")
    lake_of(
        home.lake,
        members=[person(1)],
        terms=[
            term(1, "2024-03-01", "2025-02-28"),
            early,
            {**early, "recorded_at": dt.datetime(2025, 3, 9), "dues": 90.0},
        ],
    )
    house = House(home, settings, lambda: NOW + dt.timedelta(days=9))
    assert list(responding.renewals(house, responding.done_steps(house))) == []


def test_delivery_and_bounces_are_noted_as_they_happen(home: Home, settings: Settings, mail: MailSink):
    from tenure.ledger.models import AuditEvent, Response

    good = step(proposal(1))
    carried_out(home, settings, mail)
    bad = step(proposal(2))
    mail.at_recipient = "550 no such mailbox"
    carried_out(home, settings, mail)

    assert noted() == [(1, "delivered", good.pk), (2, "bounced", bad.pk)]
    assert Response.objects.get(kind="bounced").at == AFTER_UNDO
    events = AuditEvent.objects.filter(act="response:member:note").order_by("number")
    assert [(event.member, event.subject, event.details["kind"]) for event in events] == [
        (1, good.reference, "delivered"), (2, bad.reference, "bounced"),
    ]  # fmt: skip


def test_what_staff_say_is_noted_and_its_words_are_sealed(home: Home, settings: Settings):
    from tenure.ledger import responses
    from tenure.ledger.models import AuditEvent

    one = step(proposal(1), state="done", done_at=NOW, approved=False)
    news = responses.News(1, "replied", "staff", "r1", NOW + dt.timedelta(days=1), value="wants to talk about Canary")
    assert responses.note(news=news, by="maria")
    assert not responses.note(news=news, by="maria")
    assert noted() == [(1, "replied", one.pk)]
    event = AuditEvent.objects.get(act="response:member:note")
    assert event.sealed
    assert "Canary" not in str(event.details)
    with pytest.raises(UsageError, match="there is no response 'sighed'"):
        responses.note(news=responses.News(1, "sighed", "staff", "r2", NOW), by="maria")


def test_of_more_tasks_than_are_looked_at_in_a_night_each_has_its_turn(home: Home):
    from tenure.app.noting import tasks_to_look_at
    from tenure.ledger import responses

    tasks = [step(proposal(n), "task", state="done", done_at=NOW, receipt=str(n), approved=False) for n in range(1, 7)]
    news = responses.News(6, "completed", "imis", "activity:6", NOW, tasks[5].pk)
    assert responses.note(news=news, by="tenure sync")
    turns = [[one.pk for one in tasks_to_look_at(NOW + dt.timedelta(days=day), 2)] for day in range(3)]

    assert {len(turn) for turn in turns} == {2}
    assert {pk for turn in turns for pk in turn} == {one.pk for one in tasks[:5]}
    assert [one.pk for one in tasks_to_look_at(NOW, 200)] == [one.pk for one in tasks[:5]]


def test_the_command_notes_a_reply_once(tmp_path: Path):
    """As a program that reads the mailbox calls it."""
    from click.testing import CliRunner

    from tenure.app.cli import cli

    home = tmp_path / "home"
    run = CliRunner().invoke
    assert run(cli, ["init", "--home", str(home), "--source", "files", "--path", "."]).exit_code == 0
    done = run(cli, ["response", "add", "tn-none", "--home", str(home), "--kind", "replied", "--by", "maria"])
    assert done.exit_code == 2
    assert "no step has that reference" in done.output
