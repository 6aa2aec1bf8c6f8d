"""What members and staff told bears on a reason for leaving from the day after it was noted, and never before."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

import pytest

import proposing
from tenure.app.house import House
from tenure.app.told import told
from tenure.membership.scope import Scope

pytestmark = pytest.mark.usefixtures("home")

WHY = "What was the main reason that your membership ended?"
JOINED = "Have you found here what you joined for?"


class Open:
    """A house whose ledger is open."""

    def open_ledger(self) -> None:
        pass


HERE = cast("House", Open())


def note(member: int, kind: str, step: int, value: str = "", at: dt.datetime = proposing.MORNING) -> None:
    from tenure.ledger import responses

    news = responses.News(member, kind, "page", f"{kind}:{step}:{at}", at, step, value)
    responses.note(news=news, by="member", clock=lambda: at)


def asking(member: int, question: str, *, asks_why: bool | None = None) -> Any:
    details = {"question": question, "purpose": "win_back"} | ({} if asks_why is None else {"asks_why": asks_why})
    return proposing.new(member, steps=(proposing.email(kind="survey", details=details),))


def test_answers_about_leaving_and_offers_taken_up_are_known_from_the_day_after():
    from tenure.ledger.models import OutreachStep

    offer = proposing.new(4, steps=(proposing.email(kind="offer"),))
    made = proposing.opened(asking(1, WHY), asking(2, JOINED), asking(3, WHY), offer)
    steps = dict(OutreachStep.objects.filter(proposal__in=made).values_list("proposal__member", "pk"))
    note(1, "answered", steps[1], "Dues: too much for me")
    note(2, "answered", steps[2], "Dues")
    note(3, "answered", steps[3], "Something else")
    note(4, "accepted", steps[4])
    note(1, "answered", steps[1], "I forgot", proposing.MORNING + dt.timedelta(days=3))

    morning = proposing.MORNING.date()
    then, later = told(HERE, morning + dt.timedelta(days=1)), told(HERE, morning + dt.timedelta(days=4))

    assert told(HERE, morning).said.is_empty()
    assert told(HERE, morning).in_parts.is_empty()
    assert then.latest.rows() == [(1, morning, "price")]
    assert then.in_parts.rows() == [(4, morning)]
    assert later.said.rows() == [(1, morning, "price"), (1, morning + dt.timedelta(days=3), "forgot")]
    assert later.latest["reason"].to_list() == ["forgot"]


def test_a_step_says_itself_whether_it_asks_why():
    """Where it says nothing, the words of its question do."""
    from tenure.ledger.models import OutreachStep

    says = {1: None, 2: True, 3: False}
    questions = {1: "Anything else?", 2: "Anything else?", 3: WHY}
    made = proposing.opened(*(asking(member, questions[member], asks_why=why) for member, why in says.items()))
    for member, step in OutreachStep.objects.filter(proposal__in=made).values_list("proposal__member", "pk"):
        note(member, "answered", step, "Too expensive")

    assert told(HERE, proposing.MORNING.date() + dt.timedelta(days=1)).said["member"].to_list() == [2]


def test_words_of_changes_count_between_their_entry_and_their_withdrawal():
    from tenure.ledger import change_ledger

    proposing.staff(marta="manager")
    day, wrote = dt.date(2025, 1, 1), proposing.MORNING
    one = change_ledger.enter(changed_on=day, change="Dues up", scope=Scope(), by="marta", clock=lambda: wrote)
    change_ledger.withdraw(entry=one.pk, why="a slip", by="marta", clock=lambda: wrote + dt.timedelta(days=2))

    known = [told(HERE, wrote.date() + dt.timedelta(days=n)).changes.rows() for n in range(5)]

    assert known == [[], *[[(day, "Dues up", "")]] * 2, [], []]
