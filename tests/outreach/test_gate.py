"""Nothing passes the gate that must not, what must pass does, and what can wait is not dropped."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moments import DUE, NOON, moment

from tenure.outreach.consent import Statement
from tenure.outreach.gate import RULES, Contacted, decide


def rule(**what: Any) -> str:
    refusal = decide(moment(**what))
    return "" if refusal is None else refusal.rule


def before(days: float, *, proposal: int = 2, occasion: str = "event:EV-1") -> Contacted:
    return Contacted(NOON - dt.timedelta(days=days), proposal, occasion)


def test_what_is_in_order_leaves():
    assert decide(moment()) is None


@pytest.mark.parametrize(
    ("expected", "what"),
    [
        ("void", {"known": {"approved": False}}),
        ("paused", {"known": {"paused": "a wrong list"}}),
        ("deceased", {"member": {"deceased": True}}),
        ("merged", {"member": {"merged": True}}),
        ("transferred", {"member": {"transferred": True}}),
        ("objecting", {"member": {"objects": True}}),
        ("objecting", {"known": {"barred": ("objection",)}}),
        ("renewed", {"member": {"renewed": True}}),
        ("renewed", {"member": {"renewal_due_on": DUE + dt.timedelta(days=365)}}),
        ("complained", {"known": {"barred": ("unsubscribe", "complaint")}}),
        ("suppressed", {"known": {"barred": ("unsubscribe",)}}),
        ("suppressed", {"known": {"barred": ("bounce",)}}),
        ("consent", {"known": {"consent": Statement(is_given=False)}}),
        ("consent", {"member": {"email_allowed": False}}),
        ("consent", {"step": {"kind": "sms", "recipient": "+12125550100"}}),
        ("consent", {"step": {"commercial": True}, "member": {"country": "France"}}),
        ("do_not_wake", {"known": {"asleep": "renews by itself"}}),
        ("control", {"known": {"in_control": True}}),
        ("already_contacted", {"known": {"contacts": (before(200, occasion="renewal:2025-04-15"),)}}),
        ("capped", {"known": {"contacts": (before(1), before(9), before(29))}}),
        ("address", {"member": {"email": "new@example.org"}}),
        ("address", {"member": {"email": ""}}),
        ("outage", {"member": {"stopped_feeds": ("payments",)}}),
        ("quiet_hours", {"member": {"time_zone": "Asia/Tokyo"}}),
    ],
)
def test_the_rule_that_stops_it_is_named(expected: str, what: dict[str, Any]):
    assert rule(**what) == expected


@pytest.mark.parametrize(
    "what",
    [
        {"known": {"contacts": (before(31), before(1), before(2))}},
        {"known": {"contacts": (before(1, proposal=1, occasion="renewal:2025-04-15"),)}},
        {"known": {"consent": Statement(is_given=True, expires_on=dt.date(2025, 1, 1))}},
        {"step": {"purpose": "event", "occasion": "event:EV-1"}, "member": {"renewed": True}},
        {"step": {"kind": "callback", "recipient": "1 (212) 555-0100"}, "member": {"time_zone": "Asia/Tokyo"}},
        {"step": {"kind": "sms", "recipient": "+12125550100"},
         "known": {"consent": Statement(is_given=True, is_express=True)}},
        {"step": {"kind": "task", "recipient": ""}, "known": {"barred": ("unsubscribe",), "asleep": "x"}},
    ],
)  # fmt: skip
def test_what_does_not_concern_it_does_not_stop_it(what: dict[str, Any]):
    assert rule(**what) == ""


def test_staff_do_not_work_on_those_who_have_died_renewed_or_object():
    task = {"kind": "task", "recipient": ""}
    assert rule(step=task, member={"deceased": True}) == "deceased"
    assert rule(step=task, member={"renewed": True}) == "renewed"
    assert rule(step=task, member={"objects": True}) == "objecting"


def test_quiet_hours_end_by_the_members_own_clock_and_it_is_not_dropped():
    evening = dt.datetime(2025, 3, 5, 4, 30, tzinfo=dt.UTC)  # 20:30 in Los Angeles, 23:30 in New York
    for zone, until in (("America/Los_Angeles", 16), ("America/New_York", 13), ("UTC", 8), ("no/such", 8)):
        refusal = decide(moment(member={"time_zone": zone}, now=evening))
        assert refusal is not None
        assert (refusal.rule, refusal.until) == ("quiet_hours", dt.datetime(2025, 3, 5, until, tzinfo=dt.UTC))


def test_quiet_hours_end_once_on_the_night_when_clocks_are_put_forward():
    night = dt.datetime(2025, 3, 9, 5, tzinfo=dt.UTC)  # midnight in New York, two hours before the jump
    refusal = decide(moment(member={"time_zone": "America/New_York"}, now=night))
    assert refusal is not None
    assert refusal.until == dt.datetime(2025, 3, 9, 12, tzinfo=dt.UTC)
    assert decide(moment(member={"time_zone": "America/New_York"}, now=refusal.until)) is None


def test_without_a_postal_address_or_a_way_out_commercial_email_waits():
    rules = moment(step={"commercial": True}, now=NOON)
    without = rules.settings.model_copy(update={"mail": rules.settings.mail.model_copy(update={"postal_address": ""})})
    refusal = decide(type(rules)(rules.step, rules.member, rules.known, without, NOON))
    assert refusal is not None
    assert refusal.rule == "jurisdiction"
    assert refusal.until is not None
    assert "mail.postal_address" in refusal.words


_KNOWN = st.fixed_dictionaries({
    "approved": st.booleans(), "paused": st.sampled_from(["", "stop"]), "asleep": st.sampled_from(["", "x"]),
    "barred": st.lists(
        st.sampled_from(["unsubscribe", "complaint", "objection", "bounce", "stop", "staff"])
    ).map(tuple),
    "in_control": st.booleans(),
    "consent": st.builds(
        Statement, is_given=st.sampled_from([None, True, False]), is_express=st.booleans(),
        expires_on=st.sampled_from([None, NOON.date(), dt.date(2026, 1, 1)]),
    ),
    "contacts": st.lists(st.builds(
        Contacted, at=st.integers(0, 60).map(lambda days: NOON - dt.timedelta(days=days)), proposal=st.integers(1, 2),
        occasion=st.sampled_from(["renewal:2025-04-15", "event:EV-1"]),
    ), max_size=5).map(tuple),
})  # fmt: skip
_FLAG = st.sampled_from([None, True, False])
_MEMBER = st.fixed_dictionaries({
    "deceased": st.booleans(), "merged": st.booleans(), "transferred": st.booleans(), "objects": st.booleans(),
    "renewed": st.booleans(), "ended_on": st.sampled_from([None, dt.date(2022, 1, 1), dt.date(2025, 1, 1)]),
    "country": st.sampled_from(["", "Canada", "United States", "UK", "Germany", "Japan"]),
    "time_zone": st.sampled_from(["", "Asia/Tokyo", "America/New_York", "nowhere"]),
    "email": st.sampled_from(["ada@example.org", "", "other@example.org"]),
    "phone": st.sampled_from(["+1 212 555 0100", ""]),
    "email_allowed": _FLAG, "sms_allowed": _FLAG, "phone_allowed": _FLAG,
    "stopped_feeds": st.sampled_from([(), ("payments",)]),
})  # fmt: skip
_STEP = st.fixed_dictionaries({
    "kind": st.sampled_from(["email", "sms", "in_app", "offer", "survey", "callback", "task", "group", "log", "alert"]),
    "recipient": st.sampled_from(["ada@example.org", "+12125550100", ""]),
    "purpose": st.sampled_from(["renewal", "event", "win_back", "payment", "onboarding", "service"]),
    "commercial": st.booleans(), "occasion": st.sampled_from(["renewal:2025-04-15", "event:EV-1"]),
})  # fmt: skip
_WHEN = st.integers(0, 24 * 400).map(lambda hours: NOON + dt.timedelta(hours=hours))


def _refuses(known: dict[str, Any], member: dict[str, Any], kind: str) -> bool:
    """Whether the member said no to what *kind* reaches them by."""
    says = {"email": "email_allowed", "offer": "email_allowed", "survey": "email_allowed", "sms": "sms_allowed"}
    allowed = member[says[kind]] if kind in says else member["phone_allowed"] if kind == "callback" else None
    return bool(known["barred"]) or known["consent"].is_given is False or allowed is False or member["objects"]


@given(known=_KNOWN, member=_MEMBER, step=_STEP, now=_WHEN)
def test_no_combination_lets_a_message_through_to_a_member_who_is_suppressed_or_opted_out(
    known: dict[str, Any], member: dict[str, Any], step: dict[str, Any], now: dt.datetime
):
    if step["kind"] in ("email", "sms", "in_app", "offer", "survey", "callback") and _refuses(
        known, member, step["kind"]
    ):
        assert decide(moment(known=known, member=member, step=step, now=now)) is not None


@given(known=_KNOWN, member=_MEMBER, step=_STEP, now=_WHEN)
def test_what_passes_is_approved_alive_not_renewed_within_the_cap_and_by_day(
    known: dict[str, Any], member: dict[str, Any], step: dict[str, Any], now: dt.datetime
):
    at = moment(known=known, member=member, step=step, now=now)
    if decide(at) is None:
        assert known["approved"]
        assert not known["paused"]
        assert not known["in_control"]
        assert not any(member[gone] for gone in ("deceased", "merged", "transferred", "objects"))
        assert not member["stopped_feeds"]
        if step["kind"] in ("email", "sms", "in_app", "offer", "survey"):
            assert 8 <= now.astimezone(at.zone).hour < 20
            assert sum(one.at > now - dt.timedelta(days=30) for one in known["contacts"]) < 3
        if step["kind"] == "sms":
            assert known["consent"].is_express


@given(known=_KNOWN, member=_MEMBER, step=_STEP, now=_WHEN)
def test_a_mandatory_notice_is_dropped_for_death_merger_transfer_or_a_void_approval_alone(
    known: dict[str, Any], member: dict[str, Any], step: dict[str, Any], now: dt.datetime
):
    refusal = decide(moment(known=known, member=member, step={**step, "mandatory": True}, now=now))
    gone = member["deceased"] or member["merged"] or member["transferred"]
    if not known["approved"]:
        assert refusal is not None
        assert refusal.rule == "void"
    elif known["paused"]:
        assert refusal is not None
        assert (refusal.rule, refusal.until is not None) == ("paused", True)
    elif gone:
        assert refusal is not None
        assert refusal.rule in ("deceased", "merged", "transferred")
    else:
        assert refusal is None


@given(known=_KNOWN, member=_MEMBER, step=_STEP, now=_WHEN)
def test_what_waits_is_looked_at_again_later_and_within_a_day(
    known: dict[str, Any], member: dict[str, Any], step: dict[str, Any], now: dt.datetime
):
    refusal = decide(moment(known=known, member=member, step=step, now=now))
    if refusal is not None and refusal.until is not None:
        assert now < refusal.until <= now + dt.timedelta(days=1)


def test_each_rule_is_on_the_page():
    from pathlib import Path

    page = (Path(__file__).parents[2] / "docs" / "sending.md").read_text(encoding="utf-8")
    shown = {"gone": "deceased"}
    assert all(f"| `{shown.get(rule.name, rule.name)}`" in page for rule in RULES)
