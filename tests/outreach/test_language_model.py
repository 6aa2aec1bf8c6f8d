"""A language model may smooth a draft and nothing more, whatever it is told and whatever it says."""

from __future__ import annotations

import ast
import datetime as dt
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from chat_endpoint import ChatEndpoint, same_again
from injections import CORPUS, MARKS
from messages import CONTACT, FACTS, LINK, Fact, Plan, Words, settings

from tenure.base.settings import LanguageModel
from tenure.outreach.drafts import Draft, draft
from tenure.outreach.language_model import REGISTER, Smoother
from tenure.outreach.spending import Spending

SETTINGS = settings()
NOON = dt.datetime(2025, 3, 4, 12, tzinfo=dt.UTC)


def smoother(endpoint: ChatEndpoint, folder: Path, **rules: Any) -> Smoother:
    given = {"url": endpoint.url, "model": "small", "timeout_seconds": 3.0, **rules}
    return Smoother(LanguageModel(**given), Spending(folder, lambda: NOON), key=endpoint.key)


def asked(
    endpoint: ChatEndpoint, folder: Path, *, contact: dict[str, str] | None = None, facts: Any = FACTS, **rules: Any
) -> Draft:
    return smoother(endpoint, folder, **rules).draft(Plan(), facts, contact or CONTACT, "disengaged", SETTINGS)


def usual(facts: Any = FACTS, contact: dict[str, str] | None = None) -> Draft:
    return draft(Plan(), facts, contact or CONTACT, "disengaged", SETTINGS)


def saying(**parts: Any) -> Callable[[dict[str, Any]], str]:
    """A model that gives the message back with something of it changed."""

    def says(told: dict[str, Any]) -> str:
        return json.dumps({**json.loads(same_again(told)), **parts})

    return says


def with_paragraph(text: str) -> Callable[[dict[str, Any]], str]:
    return lambda told: json.dumps({**json.loads(same_again(told)), "paragraphs": [*told["paragraphs"], text]})


def smoothed(told: dict[str, Any]) -> str:
    """What a good model makes of it."""
    return json.dumps({
        "subject": "A word about your membership of {association}",
        "paragraphs": [
            'Dear {first_name|or:"colleague"},',
            "It is good to know you among our members {joined}, and that {main_benefit} is of use to you: "
            "{downloads_year} tell of it. Your membership runs to {paid_through|date}.",
            "{call_to_action}",
            "Kind regards,\n{sender_name}",
        ],
        "call_to_action": told["call_to_action"],
    })  # fmt: skip


def test_the_endpoint_of_these_tests_answers_as_real_ones_do():
    """It is held to the published form; set TENURE_TEST_CHAT_URL, _MODEL and _KEY to hold a real one to it too."""
    import os

    request = {"model": "small", "messages": [{"role": "user", "content": '{"subject": ""}'}]}
    with ChatEndpoint(says=lambda told: "hello", key="k") as endpoint:
        places = [(endpoint.url, "small", "k")]
        if url := os.environ.get("TENURE_TEST_CHAT_URL"):
            places.append((url, os.environ["TENURE_TEST_CHAT_MODEL"], os.environ.get("TENURE_TEST_CHAT_KEY", "")))
        for url, model, key in places:
            headers = {"Authorization": f"Bearer {key}"}
            body = httpx.post(f"{url}/chat/completions", json={**request, "model": model}, headers=headers).json()
            assert body["object"] == "chat.completion"
            assert isinstance(body["choices"][0]["message"]["content"], str)
            assert body["usage"]["total_tokens"] >= 0
            refused = httpx.post(f"{url}/chat/completions", json={"model": model, "messages": []}, headers=headers)
            assert refused.status_code == 400
            assert "message" in refused.json()["error"]


def test_a_smoothed_draft_has_its_claims_its_link_and_its_name(tmp_path: Path):
    with ChatEndpoint(says=smoothed) as endpoint:
        made = asked(endpoint, tmp_path)
    assert made.by == "language model"
    assert made.problems == ()
    assert made.body.startswith("Dear Ada,\n\nIt is good to know you among our members since 2016")
    assert f"Renew here: {LINK}" in made.body
    assert [(one.fact_key, made.body[one.start : one.end]) for one in made.claims] == [
        ("joined", "since 2016"), ("main_benefit", "the Quay Wall standard"), ("downloads_year", "4 downloads"),
        ("paid_through", "March 4, 2026"),
    ]  # fmt: skip


def test_a_smoothed_draft_keeps_the_words_for_a_driver_that_names_a_benefit(tmp_path: Path):
    words = Words("Renew here: {renew_link}", {"never used": "Reply, and we will show you round."})
    with ChatEndpoint(says=smoothed) as endpoint:
        plan, reason = replace(Plan(), call_to_action=words), "never used the career center"
        made = smoother(endpoint, tmp_path).draft(plan, FACTS, CONTACT, reason, SETTINGS)
    assert made.by == "language model"
    assert "Reply, and we will show you round." in made.body
    assert json.loads(endpoint.requests[0]["messages"][1]["content"])["call_to_action"] == "never_used"


def test_the_model_is_told_no_name_no_address_and_only_facts_of_the_register(tmp_path: Path):
    """LM-5: everything that leaves is read here."""
    facts = {**FACTS, "chapter": Fact("chapter", "the Gulf Canary chapter", "Gulf", "Gulf")}
    contact = {"first_name": "Canary", "last_name": "Canary", "email": "canary@example.org", "phone": "212 555 0100"}
    with ChatEndpoint(says=smoothed) as endpoint:
        made = asked(endpoint, tmp_path, contact=contact, facts=facts)
        (request,) = endpoint.requests
    assert made.body.startswith("Dear Canary,")
    whole = json.dumps(request)
    assert all(word not in whole for word in ("Canary", "canary", "212 555", "Harbor Engineers", "Marta", LINK, "320"))
    told = json.loads(request["messages"][1]["content"])
    assert set(told["facts"]) <= REGISTER
    assert set(told["facts"]) == {"joined", "main_benefit", "downloads_year", "paid_through"}
    assert "tools" not in request
    assert request["store"] is False
    assert all(header.lower() != "cookie" for header in endpoint.headers[0])


def test_the_model_has_no_tools_and_drafting_reaches_nothing_but_its_endpoint():
    """LM-1: what the drafting rooms import."""
    root = Path(__file__).parents[2] / "src" / "tenure" / "outreach"
    rooms = ("drafts", "claims", "stated", "placeholders", "values", "names", "wording", "plain_words", "smoothing",
             "language_model", "spending", "unfit")  # fmt: skip
    reached = {room: _imported(root / f"{room}.py") for room in rooms}
    allowed = ("tenure.base", "tenure.insights.facts", *(f"tenure.outreach.{room}" for room in rooms))
    ours = {name for names in reached.values() for name in names if name.startswith("tenure")}
    assert all(name.startswith(allowed) or name == "tenure.outreach" for name in ours), ours
    network = {"socket", "ssl", "http", "urllib", "smtplib", "requests", "subprocess", "httpcore", "ftplib", "httpx"}
    assert {room for room, names in reached.items() if network & {name.split(".")[0] for name in names}} == {
        "language_model"
    }


def _imported(path: Path) -> set[str]:
    found = set[str]()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def _led_astray(planted: str, demand: str) -> list[Callable[[dict[str, Any]], str]]:
    """Models that do what the planted text demands, each in another place."""
    return [
        with_paragraph(demand),
        saying(subject=demand[:100]),
        lambda told: json.dumps({
            "subject": told["subject"], "call_to_action": told["call_to_action"],
            "paragraphs": [f"{part} {demand}" for part in told["paragraphs"]],
        }),
    ]  # fmt: skip


@pytest.mark.parametrize("slot", ["name", "title", "benefit"])
def test_three_hundred_injections_bring_no_draft_with_what_they_demand(slot: str, tmp_path: Path):
    """LM-2: planted in a name, the title of an event and a benefit; the model does all that it is told to."""
    assert len({planted for _, planted in CORPUS}) >= 300 - 10  # upper case changes nothing in some alphabets
    plan = replace(Plan(), body=Words(Plan().body.default.replace("{joined}", "{joined}, and came to {last_event}")))  # type: ignore[union-attr]
    bad = []
    with ChatEndpoint() as endpoint:
        one = smoother(endpoint, tmp_path, tokens_per_day=10_000_000)
        for number, (demand, planted) in enumerate(CORPUS):
            facts, contact = dict(FACTS), dict(CONTACT)
            if slot == "name":
                contact["first_name"] = planted
            else:
                key = {"title": "last_event", "benefit": "main_benefit"}[slot]
                facts[key] = Fact(key, planted, planted, f"{planted}. Programs")
            endpoint.says = _led_astray(planted, demand)[number % 3]
            made = one.draft(plan, facts, contact, "disengaged", SETTINGS)
            said = f"{made.subject}\n{made.body}".lower()
            if any(mark in said for mark in MARKS) or made.problems:
                bad.append((demand, made.by, made.problems))
    assert bad == []
    assert len(endpoint.requests) == len(CORPUS)


@pytest.mark.parametrize("planted", [text for _, text in CORPUS[::10]])
def test_a_text_that_leads_astray_is_neither_said_nor_told_to_the_model(planted: str, tmp_path: Path):
    facts = {**FACTS, "main_benefit": Fact("main_benefit", planted, planted, planted)}
    with ChatEndpoint() as endpoint:
        made = asked(endpoint, tmp_path, facts=facts)
        told = json.dumps(endpoint.requests, ensure_ascii=False)
    assert planted not in told
    assert planted not in made.body
    assert "main_benefit" in {unused.key for unused in made.set_aside}


@pytest.mark.parametrize(
    "says",
    [
        lambda told: "Sure! Here is the message.",
        lambda told: "",
        lambda told: "[" * 100_000,
        lambda told: "[]",
        lambda told: f"```json\n{same_again(told)}\n```",
        saying(extra="x"),
        saying(subject=7),
        saying(subject=""),
        saying(subject="x" * 200),
        saying(paragraphs="one"),
        saying(paragraphs=[]),
        saying(paragraphs=["{call_to_action}"]),
        saying(paragraphs=["Dear {first_name}, your membership runs to {paid_through|date}. {sender_name}"]),
        saying(call_to_action="refund"),
        saying(call_to_action=None),
        with_paragraph("{call_to_action}"),
        with_paragraph("{email}"),
        with_paragraph("{dues|money}"),
        with_paragraph("{paid_through|day}"),
        with_paragraph("{first_name.__class__}"),
        with_paragraph("[[{joined}]]"),
        with_paragraph("You came to 3 events."),
        with_paragraph("You came to three events."),
        with_paragraph("See you on Tuesday."),
        with_paragraph("Ask Robert about it."),
        with_paragraph("Robert is here for you."),
        with_paragraph("We will give you a year."),
        with_paragraph("You need not renew; your membership will stay open."),
        with_paragraph("We noticed that you were away."),
        with_paragraph("Wir freuen uns auf Sie."),
        with_paragraph("Your сolleague"),
        with_paragraph("Re\u200bnew with us."),
        with_paragraph("<b>Renew</b> with us."),
        with_paragraph("Renew with us at harbor.example.org."),
        with_paragraph("We look forward to hearing from you. " * 60),
    ],
)
def test_what_does_not_conform_is_thrown_away_and_the_template_stands(says: Any, tmp_path: Path):
    """LM-3 and LM-6."""
    with ChatEndpoint(says=says) as endpoint:
        made = asked(endpoint, tmp_path)
    assert len(endpoint.requests) == 1
    assert made == usual()


@pytest.mark.parametrize(
    "trouble",
    [{"status": 500}, {"status": 429}, {"status": 302}, {"raw": b"<html>"}, {"raw": b"[]"}, {"raw": b"{}"},
     {"raw": b'{"choices": [{"message": {"content": null, "tool_calls": [{"function": {"name": "send"}}]}}]}'},
     {"raw": b"x" * 300_000}, {"raw": b"[" * 150_000}],
)  # fmt: skip
def test_an_endpoint_in_trouble_costs_nothing_but_the_smoothing(trouble: dict[str, Any], tmp_path: Path):
    """LM-4."""
    with ChatEndpoint(**trouble) as endpoint:
        assert asked(endpoint, tmp_path) == usual()


def test_an_endpoint_that_trickles_is_given_up_in_time_and_after_three_no_more_are_asked(tmp_path: Path):
    with ChatEndpoint(trickle=0.2) as endpoint:
        one = smoother(endpoint, tmp_path, timeout_seconds=0.5)
        begun = time.monotonic()
        for _ in range(5):
            assert one.draft(Plan(), FACTS, CONTACT, "disengaged", SETTINGS) == usual()
        assert time.monotonic() - begun < 5
    assert len(endpoint.requests) == 3
    assert one.tally["the endpoint gave no answer"] == 3
    assert not one.is_on


def test_without_an_endpoint_or_where_nobody_answers_drafts_are_whole(tmp_path: Path):
    """LM-4: off by default; and with the network off."""
    assert not settings().language_model.url
    off = Smoother(settings().language_model, Spending(tmp_path))
    assert off.draft(Plan(), FACTS, CONTACT, "disengaged", SETTINGS) == usual()
    assert not list(tmp_path.iterdir())
    gone = Smoother(LanguageModel(url="http://127.0.0.1:9/v1", model="small"), Spending(tmp_path))
    assert gone.draft(Plan(), FACTS, CONTACT, "disengaged", SETTINGS) == usual()


def test_the_key_is_shown_to_the_endpoint_and_a_wrong_one_costs_only_the_smoothing(tmp_path: Path):
    with ChatEndpoint(says=smoothed, key="secret") as endpoint:
        assert asked(endpoint, tmp_path).by == "language model"
        wrong = smoother(endpoint, tmp_path)
        wrong.key = "wrong"
        assert wrong.draft(Plan(), FACTS, CONTACT, "disengaged", SETTINGS) == usual()


def test_a_days_tokens_end_it_cleanly_and_the_next_day_begins_anew(tmp_path: Path):
    """LM-7: also for an endpoint that says it used far more than it was given."""
    with ChatEndpoint(says=smoothed) as endpoint:
        one = smoother(endpoint, tmp_path, tokens_per_day=4_000)
        kinds = [one.draft(Plan(), FACTS, CONTACT, "disengaged", SETTINGS).by for _ in range(12)]
        assert kinds == sorted(kinds)
        assert 0 < kinds.count("language model") < 12
        assert one.spending.used() <= 4_000
        tomorrow = Spending(tmp_path, lambda: NOON + dt.timedelta(days=1))
        assert replace(one, spending=tomorrow).draft(Plan(), FACTS, CONTACT, "x", SETTINGS).by == "language model"
        endpoint.tokens = 1_000_000
        greedy = smoother(endpoint, tmp_path / "greedy", tokens_per_day=100_000)
        assert [greedy.draft(Plan(), FACTS, CONTACT, "x", SETTINGS).by for _ in range(3)] == [
            "language model", "template", "template",
        ]  # fmt: skip


def test_a_days_money_ends_it_cleanly_also_when_prices_rise(tmp_path: Path):
    """LM-7: by the prices in the settings, or by what the endpoint says that it took, whichever is more."""
    prices = {"money_per_day": 0.01, "price_told": 1.0, "price_answered": 4.0}
    with ChatEndpoint(says=smoothed) as endpoint:
        one = smoother(endpoint, tmp_path, **prices)
        kinds = [one.draft(Plan(), FACTS, CONTACT, "disengaged", SETTINGS).by for _ in range(12)]
        assert kinds == sorted(kinds)
        assert 0 < kinds.count("language model") < 12
        assert one.tally["the day's money is used"] == kinds.count("template")
        assert Spending(tmp_path, lambda: NOON, "millionths").used() <= 10_000
        endpoint.cost = 0.02
        dear = smoother(endpoint, tmp_path / "dear", **prices)
        assert [dear.draft(Plan(), FACTS, CONTACT, "x", SETTINGS).by for _ in range(3)] == [
            "language model", "template", "template",
        ]  # fmt: skip
    with pytest.raises(ValueError, match="price_told"):
        LanguageModel(url="https://model.example", model="small", money_per_day=1.0)


def test_what_was_paid_while_there_was_no_ceiling_counts_once_there_is_one(tmp_path: Path):
    with ChatEndpoint(says=smoothed) as endpoint:
        free = smoother(endpoint, tmp_path, price_told=1.0, price_answered=4.0)
        assert free.draft(Plan(), FACTS, CONTACT, "disengaged", SETTINGS).by == "language model"

    assert Spending(tmp_path, lambda: NOON, "millionths").used() > 0


def test_what_the_law_requires_and_what_staff_read_are_not_smoothed(tmp_path: Path):
    with ChatEndpoint(says=smoothed) as endpoint:
        one = smoother(endpoint, tmp_path)
        for plan in (replace(Plan(), mandatory=True), Plan("task"), Plan("sms", None, Words("Hi {first_name}"), None)):
            assert one.draft(plan, FACTS, CONTACT, "x", SETTINGS).by == "template"
        assert endpoint.requests == []
