"""The playbooks that ship: all are there, hang together, and read well with much or little on record."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping

import pytest
from messages import FACTS as SOME
from messages import Fact, settings
from situations import situation

from tenure.base.settings import LINKS, Settings
from tenure.outreach.conditions import Between
from tenure.outreach.drafts import draft
from tenure.outreach.playbook import Playbook, StepPlan
from tenure.outreach.reading import read_playbook, shipped
from tenure.outreach.selecting import select

EVERY = {name: read_playbook(text, name) for name, text in shipped().items()}
FACTS = SOME | {
    fact.key: fact
    for fact in (
        Fact("last_event", "Annual Conference", "Annual Conference", "Attended: Annual Conference", "programs"),
        Fact("committee", "the Standards Committee", "Standards Committee", "Standards Committee", "programs"),
        Fact("second_benefit", "the member community", "the member community", "Used on 3 days. Activity"),
        Fact("missed_event", "Harbor Day", "Harbor Day", "Registered and did not come: Harbor Day"),
        Fact("was_member", "from 2016 to 2024", dt.date(2024, 5, 8), "Member from May 9, 2016 to May 8, 2024", "terms"),
        Fact("grace_end", "April 3, 2026", dt.date(2026, 4, 3), "30 days of grace after March 4, 2026", "terms"),
        Fact("chapter", "Northern Harbors", "Northern Harbors", "Chapter", "members"),
    )
}
SETTINGS = settings(links={name: f"https://harbor.example.org/{name}" for name in LINKS})
PLAIN = settings(links={})
CONTACT = {
    "first_name": "Hana", "last_name": "Roy", "answer_link": "https://members.example.org/a/1",
    "offer_link": "https://members.example.org/o/1", "member_name": "Hana Roy", "phone": "(402) 555-0102",
    "cause": "medium risk (30)", "reasons": "No login for 94 days", "against": "Renewed nine times",
    "leaving": "price", "context": "RSVPs: 3 in a year", "talking_points": "The Quay Wall standard",
}  # fmt: skip
SAID = [
    pytest.param(step, reason, id=f"{step.template}-{step.kind}-{reason or 'usual'}")
    for playbook in EVERY.values()
    for plan in playbook.steps
    for step in (plan, *(plan.by(kind) for kind in plan.instead))
    for reason in step.reasons()
]


def test_each_of_the_kinds_that_were_promised_ships() -> None:
    kinds = {
        "high risk": EVERY["retention-sequence"].trigger.to == ("high",),
        "medium risk": EVERY["personal-reminder"].trigger.days == Between.model_validate({"from": 14, "to": 45}),
        "standard notices": EVERY["renewal-notice"].is_mandatory and EVERY["automatic-renewal-notice"].is_mandatory,
        "top value": EVERY["top-value-call"].steps[0].kind == "callback",
        "chapter drift": EVERY["chapter-check-in"].steps[0].assignee == "liaison",
        "hardship": EVERY["payment-plan"].makes_offer and EVERY["payment-plan"].trigger.event == "hardship",
        "displacement": [step.kind for step in EVERY["moved-to-another-organization"].steps] == ["alert", "offer"],
        "no-show": EVERY["missed-event"].trigger.event == "no_show",
        "onboarding": EVERY["new-member-onboarding"].trigger.event == "joined",
        "card": EVERY["expiring-card"].trigger.event == "card_expires",
        "payment": EVERY["failed-payment"].trigger.event == "payment_failed",
    }

    assert all(kinds.values()), kinds
    assert {"win-back-in-grace", "win-back-lapsed", "win-back-dormant"} <= EVERY.keys()
    assert len({playbook.order for playbook in EVERY.values()}) == len(EVERY)


@pytest.mark.parametrize("playbook", [pytest.param(one, id=one.name) for one in EVERY.values()])
def test_money_and_status_never_leave_by_themselves_and_only_payments_and_notices_wake(playbook: Playbook) -> None:
    wakes = {"automatic-renewal-notice", "failed-payment", "expiring-card", "new-member-onboarding"}

    assert playbook.reaches_auto_renewing == (playbook.name in wakes)
    if playbook.makes_offer:
        assert playbook.approval.auto_send == "never"
        assert all(step.details["second_person"] is True for step in playbook.steps)
    if playbook.is_mandatory:
        assert playbook.experiment == ""


def test_members_of_whom_the_way_of_paying_is_unknown_get_the_standard_notice() -> None:
    rows = situation({"days_to_renewal": 28, "auto_renew": True}, {"days_to_renewal": 28, "auto_renew": None},
                     {"days_to_renewal": 28, "auto_renew": False}, {"days_to_renewal": 40})  # fmt: skip

    assert select(EVERY["renewal-notice"], rows)["member"].to_list() == [2, 3]
    assert select(EVERY["automatic-renewal-notice"], rows)["member"].to_list() == [1]


@pytest.mark.parametrize(("step", "reason"), SAID)
def test_the_words_read_well_with_all_facts_and_with_none(step: StepPlan, reason: str) -> None:
    due = {"paid_through": FACTS["paid_through"]}
    pages = {name: CONTACT[name] for name in ("answer_link", "offer_link")}
    for facts in (FACTS, due, *({**due, key: fact} for key, fact in FACTS.items())):
        for contact in (CONTACT, pages):
            _reads_well(step, reason, facts, contact, SETTINGS)
            _reads_well(step, reason, facts, contact, PLAIN)


def test_words_are_chosen_by_the_driver_of_a_lapse_also_where_it_names_a_benefit() -> None:
    step = EVERY["win-back-lapsed"].steps[0]

    assert "show you round" in step.said("never used the career center")[1]
    assert "paid in parts" in step.said("stopped attending after the dues rise")[1]
    assert step.said("not clear") == step.said("")


def _reads_well(
    step: StepPlan, reason: str, facts: Mapping[str, Fact], contact: Mapping[str, str], settings: Settings
) -> None:
    said = draft(step, facts, contact, reason, settings)

    assert said.problems == ()
    for text in (said.subject, said.body):
        assert not re.search(r"\{|\}|\[\[|\]\]|  |\n\n\n| [.,;:)]|\(\)|\.\.|,\.| \n", text), text
        assert not re.search(r"(^|[.!?] )[a-z]", text), text
        assert text == text.strip()
