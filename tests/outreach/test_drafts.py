"""A draft says what the record bears out, beside the record, and nothing that a member is not to read."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from messages import CONTACT, FACTS, LINK, Fact, Plan, Words, settings

from tenure.outreach.claims import Claim
from tenure.outreach.drafts import Draft, check, check_edit, draft
from tenure.outreach.names import of_contact, of_settings
from tenure.outreach.placeholders import BadTemplate

SETTINGS = settings()


def drafted(plan: Plan | None = None, reason: str = "disengaged", *, contact: object = None, **facts: Fact) -> Draft:
    given = CONTACT if contact is None else contact
    return draft(plan or Plan(), {**FACTS, **facts}, given, reason, SETTINGS)  # type: ignore[arg-type]


def edited(change: str) -> tuple[str, ...]:
    """The problems of a draft to which staff add *change*, as the pages look for them."""
    first = drafted(reason="price")
    known = [*of_settings(SETTINGS).values(), *of_contact(CONTACT).values()]
    return check_edit(
        kind="email", subject=first.subject, body=f"{first.body}\n\n{change}", first_subject=first.subject,
        first_body=first.body, claims=first.claims, known=known,
    ).problems  # fmt: skip


def test_a_draft_says_name_main_benefit_and_a_call_to_action():
    made = drafted()
    assert made.problems == ()
    assert made.subject == "Your membership of Harbor Engineers"
    assert made.body.startswith(
        "Dear Ada,\n\nYou have been with us since 2016. This year you made use of the Quay Wall"
    )
    assert f"Renew here: {LINK}\n\nKind regards,\nMarta Lindqvist" in made.body


def test_the_reason_chooses_the_call_to_action():
    assert "Reply, and you can pay $320 in parts." in drafted(reason="price").body
    assert drafted(reason="price").problems == ()


def test_each_factual_clause_stands_beside_the_record_that_it_came_from():
    made = drafted(reason="price")
    assert [(claim.fact_key, made.body[claim.start : claim.end]) for claim in made.claims] == [
        ("joined", "since 2016"), ("main_benefit", "the Quay Wall standard"), ("downloads_year", "4 downloads"),
        ("paid_through", "March 4, 2026"), ("dues", "$320"),
    ]  # fmt: skip
    assert all(claim.shown and claim.table and claim.records for claim in made.claims)
    assert [Claim.of(claim.as_dict()) for claim in made.claims] == list(made.claims)


def test_a_member_of_whom_little_is_known_gets_a_whole_letter_too():
    made = draft(Plan(), {"paid_through": FACTS["paid_through"]}, {}, "not clear", SETTINGS)
    assert made.problems == ()
    assert made.body.startswith("Dear colleague,\n\nYour membership\nruns to March 4, 2026.")


def test_a_value_that_nothing_stands_for_keeps_a_draft_out_of_the_queue():
    made = draft(Plan(), {}, CONTACT, "disengaged", SETTINGS)
    assert made.problems == ("`paid_through` has no value for this member, and the template no other words",)


def test_a_fact_for_staff_alone_has_no_name_in_a_message_to_a_member():
    words = Words('Last login: {last_login|or:"unknown"}')
    with pytest.raises(BadTemplate, match="there is no `last_login`"):
        drafted(replace(Plan(), body=words, call_to_action=None))
    assert "December 6" in drafted(replace(Plan(), kind="task", body=words, call_to_action=None)).body


def test_staff_read_reasons_line_by_line():
    plan = Plan("task", Words("Call {member_name}"), Words("Why:\n{reasons}"), None)
    made = drafted(plan, contact={"member_name": "Ada Byron", "reasons": "At risk: 62 in 100\nNo login for 94 days"})
    assert (made.subject, made.body) == ("Call Ada Byron", "Why:\nAt risk: 62 in 100\nNo login for 94 days")
    assert made.problems == ()


@pytest.mark.parametrize(
    "name",
    ["http://evil.example", "Ada <b>", "evil.example/x", "a@evil.example", "Ada\r\nBcc: b@evil.example", "{dues}",
     "Call 555 0100", "Ada \u202eno", "x" * 80, "www.evil.example"],
)  # fmt: skip
def test_a_name_that_reads_as_none_is_not_used(name: str):
    made = drafted(contact={"first_name": name, "last_name": "Byron"})
    assert made.body.startswith("Dear colleague,")
    assert made.problems == ()


@pytest.mark.parametrize(
    "name", ["Siobhán", "Anne-Marie", "O’Brien", "María Fernanda", "Ayşe", "Ng", "王芳", "نیما", "J. R."]
)
def test_names_of_all_kinds_are_used(name: str):
    assert drafted(contact={"first_name": name}).body.startswith(f"Dear {name},")


@pytest.mark.parametrize(
    "words", ["the Gala at evil.example", "the Gala\u200b", "{{7*7}}", "x" * 200, "write to a@b.example"]
)
def test_a_fact_that_is_not_fit_to_be_said_is_set_aside_and_staff_are_told(words: str):
    made = drafted(main_benefit=replace(FACTS["main_benefit"], words=words))
    assert "made use of" not in made.body
    assert made.problems == ()
    (unused,) = made.set_aside
    assert unused.key == "main_benefit"
    assert str(unused).startswith("`main_benefit` is not used: its text ")


def test_a_title_of_risk_management_that_is_a_fact_is_said():
    title = replace(FACTS["main_benefit"], words="the webinar Predicting Risk at Sea", value="Predicting Risk at Sea")
    assert drafted(main_benefit=title).problems == ()


def test_a_template_with_a_word_of_watching_is_refused():
    (problem,) = drafted(replace(Plan(), body=Words("You were flagged."), call_to_action=None)).problems
    assert "flagged" in problem


def test_a_subject_of_two_lines_is_refused():
    made = drafted(replace(Plan(), subject=Words("Renew\nBcc: all@harbor.example.org")))
    assert "the subject holds a line break or a control character" in made.problems


def test_a_text_message_of_more_than_three_parts_is_refused():
    made = drafted(Plan("sms", None, Words("word " * 100), None))
    assert "more than three parts" in made.problems[0]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("You attended 7 events.", "7"),
        ("You made 4 gifts.", "4"),
        ("You came four times to the gala.", "four"),
        ("You save $50 by renewing.", "$50"),
        ("Renew at 20% less.", "20%"),
        ("Renew at half price.", "half price"),
        ("Your membership runs to March 5.", "March 5"),
        ("You joined in May 2015.", "May 2015"),
        ("Let us speak on Tuesday.", "Tuesday"),
        ("It ends 2026-03-05.", "2026-03-05"),
        ("You enjoyed the Dredging Forum.", "Dredging Forum"),
        ("You came to “dredging for all”.", "dredging for all"),
        ("Ask Bob Miller about it.", "Bob Miller"),
        ("More at https://elsewhere.example.org/x.", "https://elsewhere.example.org/x"),
        ("More at elsewhere.example.org.", "elsewhere.example.org"),
        ("Write to me@elsewhere.example.org.", "me@elsewhere.example.org"),
        ("Call 212 555 0100.", "212 555 0100"),
        ("Call +1 (212) 555-0100.", "(212) 555-0100"),
    ],
)
def test_what_an_edit_adds_and_nothing_bears_out_is_named(change: str, word: str):
    problems = edited(change)
    assert problems
    assert any(word in problem and "stands in no fact, template or setting" in problem for problem in problems), (
        problems
    )


@pytest.mark.parametrize(
    "change",
    [
        "I would be glad to hear from you.",
        "Your 4 downloads show how useful it is.",
        "Dues stay at $320 this year.",
        "It runs until March 4, 2026, and not a day less.",
        "By March 4 it should be done.",
        "You joined on May 9, 2016, which is long ago.",
        f"Once more: {LINK}",
        "Write to office@harbor.example.org or to me, Marta Lindqvist.",
        "It takes two minutes.",
        "Thank you, Ada! The Quay Wall standard is a good one.",
        "You may march on. I’d be glad.",
        "Warm regards, Marta",
        "P.S. Harbor Engineers is here for you.",
    ],
)
def test_an_edit_that_the_record_bears_out_passes(change: str):
    assert edited(change) == ()


def test_a_word_of_watching_in_an_edit_is_refused():
    (problem,) = edited("We noticed that you were away.")
    assert "monitoring" in problem


def test_claims_move_with_an_edit_and_those_that_were_cut_are_gone():
    first = drafted()
    body = first.body.replace("Dear Ada,", "Good morning, dear Ada, and welcome,").replace("since 2016", "for long")
    kept = check_edit(
        kind="email", subject=first.subject, body=body, first_subject=first.subject, first_body=first.body,
        claims=first.claims,
    )  # fmt: skip
    assert kept.problems == ()
    assert [claim.fact_key for claim in kept.claims] == ["main_benefit", "downloads_year", "paid_through"]
    assert all(body[claim.start : claim.end] == claim.text for claim in kept.claims)


def test_a_claim_that_the_record_no_longer_bears_out_is_named():
    first = drafted()
    changed = {
        **FACTS,
        "paid_through": Fact("paid_through", "March 4, 2027", dt.date(2027, 3, 4), "Paid to Mar 4, 2027"),
    }
    problems = check(first.body, first.claims, changed, template=first.body)
    assert problems == ("“March 4, 2026” is not what the record says of `paid_through`: Paid to Mar 4, 2027",)


def test_hidden_characters_in_an_edit_are_named():
    assert "the text holds characters that nobody sees" in edited("Re\u200bnew")
