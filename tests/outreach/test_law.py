"""Whose rules hold, what they ask for, what stands below a message, and links that only their recipient has."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from messages import settings

from tenure.base.errors import BadInput
from tenure.base.pseudonym import Pseudonyms
from tenure.outreach.consent import Past, Reachable, Statement, choose, standing
from tenure.outreach.footer import footing
from tenure.outreach.law import LAWS, Basis, is_commercial, law_for, strictest
from tenure.outreach.tokens import USES, Ticket, Tokens, link

TODAY = dt.date(2025, 3, 4)
TOKENS = Tokens(Pseudonyms(b"k" * 32))
TICKET = Ticket(-123456789012345678, "tn-abcdefghijklmnop", TODAY)
WAY_OUT = "https://members.harbor.example.org/m/unsubscribe/abc"


def passes(law: str, statement: Statement, *, commercial: bool, channel: str = "email", ended: dt.date | None = None):
    reach = standing(statement, LAWS[law], ended_on=ended, today=TODAY)
    return reach.basis is not None and reach.basis >= LAWS[law].needs(channel, commercial=commercial)


@pytest.mark.parametrize(
    ("country", "name"),
    [("", "us"), ("United States", "us"), ("Japan", "us"), ("Canada", "ca and us"), ("canada", "ca and us"),
     ("Germany", "eu and us"), ("DE", "eu and us"), ("England", "uk and us"), ("Cdn", "ca and us")],
)  # fmt: skip
def test_the_members_country_adds_its_rules_to_the_associations_own(country: str, name: str):
    assert law_for(country, settings(jurisdictions={"Cdn": "ca"})).name == name


@pytest.mark.parametrize("names", [*itertools.combinations(LAWS, 2)])
def test_the_strictest_wins(names: tuple[str, str]):
    both, parts = strictest([LAWS[name] for name in names]), [LAWS[name] for name in names]
    for channel, commercial in itertools.product(("email", "sms", "in_app"), (True, False)):
        needs = [law.needs(channel, commercial=commercial) for law in parts]
        assert both.needs(channel, commercial=commercial) == max(needs)
    assert both.footer_for_all == any(law.footer_for_all for law in parts)
    for ended in (None, dt.date(2020, 1, 1), dt.date(2025, 1, 1)):
        implied = [law.is_implied(ended_on=ended, today=TODAY) for law in parts]
        assert both.is_implied(ended_on=ended, today=TODAY) == all(implied)


def test_canada_lets_a_former_member_be_won_back_for_two_years_without_express_consent():
    for days, goes in ((0, True), (729, True), (730, True), (731, False), (4000, False)):
        ended = TODAY - dt.timedelta(days=days)
        assert passes("ca", Statement(), commercial=True, ended=ended) is goes
        assert passes("ca", Statement(source_says=True), commercial=True, ended=ended) is goes
    express = Statement(is_given=True, is_express=True)
    assert passes("ca", express, commercial=True, ended=dt.date(2019, 1, 1))


@pytest.mark.parametrize("law", ["uk", "eu"])
def test_in_europe_commercial_email_needs_a_consent_that_is_on_record(law: str):
    assert not passes(law, Statement(), commercial=True)
    assert passes(law, Statement(source_says=True), commercial=True)
    assert passes(law, Statement(is_given=True), commercial=True)
    assert not passes(law, Statement(is_given=True, expires_on=TODAY), commercial=True)
    assert passes(law, Statement(), commercial=False)


def test_the_united_states_ask_that_nobody_refused():
    assert passes("us", Statement(), commercial=True)
    assert not passes("us", Statement(is_given=False), commercial=True)
    assert not passes("us", Statement(is_given=True, is_express=True, source_says=False), commercial=False)


@pytest.mark.parametrize("law", LAWS)
def test_a_text_message_needs_express_consent_everywhere(law: str):
    assert LAWS[law].text is Basis.EXPRESS
    for statement in (Statement(), Statement(source_says=True), Statement(is_given=True),
                      Statement(is_given=True, is_express=True, expires_on=TODAY)):  # fmt: skip
        assert not passes(law, statement, commercial=False, channel="sms")
    assert passes(law, Statement(is_given=True, is_express=True), commercial=False, channel="sms")


@pytest.mark.parametrize(
    ("details", "commercial"),
    [
        ({}, True), ({"commercial": None}, True), ({"commercial": "no"}, True), ({"commercial": True}, True),
        ({"commercial": False}, False), ({"commercial": False, "purpose": "win_back"}, True),
        ({"commercial": False, "offer": True}, True), ({"mandatory": True}, False), ({"mandatory": "yes"}, True),
    ],
)  # fmt: skip
def test_what_is_not_clear_counts_as_commercial(details: dict[str, object], commercial: bool):
    assert is_commercial(details) is commercial


def test_below_a_commercial_message_stand_address_reason_and_a_way_out_in_one_click():
    made = footing(
        purpose="renewal", commercial=True, mandatory=False, law=LAWS["us"], settings=settings(), way_out=WAY_OUT
    )
    assert "Harbor Engineers, 1 Quay" in made.text
    assert "because you are a member of Harbor Engineers" in made.text
    assert WAY_OUT in made.text
    assert made.headers == {
        "List-Unsubscribe": f"<{WAY_OUT}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }  # fmt: skip


def test_below_a_mandatory_notice_stands_no_way_out():
    made = footing(
        purpose="renewal", commercial=False, mandatory=True, law=LAWS["eu"], settings=settings(), way_out=WAY_OUT
    )
    assert made.headers == {}
    assert WAY_OUT not in made.text
    assert "1 Quay" in made.text


def test_a_link_that_could_forge_a_header_is_refused():
    with pytest.raises(BadInput, match="line break"):
        footing(
            purpose="renewal", commercial=True, mandatory=False, law=LAWS["us"], settings=settings(),
            way_out="https://x.example/\r\nBcc: all@x.example",
        )  # fmt: skip


@pytest.mark.parametrize("use", USES)
def test_a_token_gives_back_its_ticket_for_its_use_alone(use: str):
    token = TOKENS.make(use, TICKET)  # type: ignore[arg-type]
    assert TOKENS.make(use, TICKET) == token  # type: ignore[arg-type]
    assert [TOKENS.read(other, token) for other in USES] == [TICKET if other == use else None for other in USES]
    assert Tokens(Pseudonyms(b"j" * 32)).read(use, token) is None  # type: ignore[arg-type]
    assert link("https://m.example/", use, token) == f"https://m.example/m/{use}/{token}"  # type: ignore[arg-type]


def test_nothing_of_the_member_can_be_read_in_a_token():
    import base64

    token = TOKENS.make("unsubscribe", TICKET)
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    for part in ("123456789012345678", "abcdefghijklmnop", "2025"):
        assert part.encode() not in raw
        assert part not in token
    assert TICKET.member.to_bytes(8, "big", signed=True) not in raw


def test_no_token_that_was_changed_anywhere_is_taken():
    token = TOKENS.make("unsubscribe", TICKET)
    for at in range(len(token) - 1):
        other = "A" if token[at] != "A" else "B"
        assert TOKENS.read("unsubscribe", token[:at] + other + token[at + 1 :]) is None
    for odd in ("", "x", "A" * 5000, "é", token + "!", token[:-4], "../../etc/passwd"):
        assert TOKENS.read("unsubscribe", odd) is None


def test_the_channel_is_chosen_by_what_is_open_then_by_answers_then_by_stage():
    everything = ("email", "sms", "phone", "in_app")
    assert choose(everything, Reachable(()), "before") is None
    assert [choose(everything, Reachable(everything), stage).channel for stage in ("before", "grace", "lapsed")] == [  # type: ignore[union-attr]
        "email", "phone", "email",
    ]  # fmt: skip
    answered = choose(everything, Reachable(everything, {"sms": Past(4, 3), "email": Past(4, 1)}), "before")
    assert answered is not None
    assert (answered.channel, answered.why) == ("sms", "answered 3 of 4 messages by this channel")
    ignored = choose(("email", "phone"), Reachable(everything, {"email": Past(9, 0)}), "before")
    assert ignored is not None
    assert (ignored.channel, ignored.why) == ("phone", "9 messages by email brought no answer")
    assert choose(("sms",), Reachable(("email",)), "before") is None
