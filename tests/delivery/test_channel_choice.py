"""By which channel a member is reached: what is open to a message, what came of earlier ones, and what a call costs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from approved import AFTER_UNDO, proposal, step

from lakes import lake_of, person, term
from tenure.app.house import House
from tenure.base.home import Home
from tenure.base.pseudonym import Pseudonyms
from tenure.base.settings import Provider, Settings

FINE, SAID_NO, UNSUBSCRIBED, BOUNCED, NO_EMAIL, SILENT, ANSWERING, NOTHING = range(1, 9)
EVERYBODY = range(1, 9)
ROW: dict[str, Any] = {
    "stage": "before", "p_lapse_renewal": 0.4, "days_to_renewal": 40, "band": "medium",
    "renewal_due_on": dt.date(2025, 4, 30),
}  # fmt: skip


@pytest.fixture
def known(home: Home, settings: Settings) -> Settings:
    """Eight members, each with something about them."""
    from tenure.ledger import permissions
    from tenure.ledger.models import Contact

    lake_of(
        home.lake,
        members=[person(member, email_allowed=False if member == SAID_NO else None) for member in EVERYBODY],
        terms=[term(member, "2024-05-01", "2025-04-30") for member in EVERYBODY],
    )
    for member in EVERYBODY:
        said = proposal(member, occasion="event:1")
        times = {SILENT: 14, ANSWERING: 5}.get(member, 0)
        _sent(said, times, answered=member == ANSWERING)
    Contact.objects.update(phone="+14025550102")
    Contact.objects.filter(member=NO_EMAIL).update(email="")
    Contact.objects.filter(member=NOTHING).update(email="", phone="")
    keyed, at = Pseudonyms.of(home), AFTER_UNDO - dt.timedelta(seconds=1)
    bounced = Contact.objects.get(member=BOUNCED).email
    permissions.suppress(
        why="unsubscribe", source="one click", by="x", member=UNSUBSCRIBED, channel="email", clock=lambda: at
    )
    permissions.suppress(
        why="bounce", source="x", by="x", address=bounced.upper(), channel="email", keyed=keyed, clock=lambda: at
    )
    return settings


def _sent(said: Any, times: int, *, answered: bool) -> None:
    from tenure.ledger.models import OutreachStep, Response

    for _ in range(times):
        done = step(said, details={"purpose": "event"})
        OutreachStep.objects.filter(pk=done.pk).update(state="done", done_at=AFTER_UNDO)
        if answered:
            Response.objects.create(
                member=said.member, step_id=done.pk, kind="replied", source="mail", reference=f"{done.pk}",
                at=AFTER_UNDO, noted_at=AFTER_UNDO,
            )  # fmt: skip


def test_a_permission_for_the_email_covers_nothing_that_stands_in_for_it() -> None:
    from tenure.outreach.reading import read_playbook, shipped

    step = read_playbook(shipped()["personal-reminder"], "personal-reminder").steps[0]

    assert step.by("email").template == "personal-reminder@1#1"
    assert {step.by(kind).template for kind in step.instead}.isdisjoint({step.template})


def chosen(home: Home, rules: Settings) -> dict[int, tuple[str, str]]:
    """Kind of the first step and why, by member."""
    from tenure.app.reaching import by_channel
    from tenure.outreach.capacity import Candidate
    from tenure.outreach.reading import read_playbook, shipped
    from tenure.outreach.worth import Effect

    book = read_playbook(shipped()["personal-reminder"], "personal-reminder")
    house = House(home, rules, clock=lambda: AFTER_UNDO)
    candidates = [Candidate(member, book, "renewal:2025-04-30", "", {"member": member, **ROW}) for member in EVERYBODY]
    found = by_channel(house, candidates, Effect(), {})
    return {one.member: (one.steps[0].kind, "; ".join(one.by)) for one in found}


def test_a_member_is_written_to_where_that_is_open_and_called_where_it_is_not(home: Home, known: Settings) -> None:
    told = chosen(home, known)

    assert told[FINE] == ("email", "by email: keeps most for its time")
    assert told[SAID_NO] == ("callback", "by telephone: the member's record does not allow this channel")
    assert told[UNSUBSCRIBED] == ("callback", "by telephone: the member is not to be reached by email")
    assert told[BOUNCED] == told[UNSUBSCRIBED]
    assert told[NO_EMAIL] == ("callback", "by telephone: no email address is on record")
    assert told[NOTHING] == ("email", ""), "it stays as it is, and its draft says what is missing"


def test_many_messages_without_an_answer_make_room_for_a_call_and_answers_do_not(home: Home, known: Settings) -> None:
    told = chosen(home, known)

    assert told[SILENT] == ("callback", "by telephone: 14 messages by email brought no answer")
    assert told[ANSWERING] == ("email", "by email: answered 5 of 5 messages by this channel")


def test_where_the_association_has_messages_in_its_app_they_come_before_a_call(home: Home, known: Settings) -> None:
    told = chosen(home, known.model_copy(update={"in_app": Provider(url="https://app.example.org/messages")}))

    assert told[FINE][0] == "email"
    assert {told[member][0] for member in (SAID_NO, UNSUBSCRIBED, BOUNCED, NO_EMAIL, SILENT, NOTHING)} == {"in_app"}
