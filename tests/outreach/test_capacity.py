"""From those selected to a list within staff hours and caps, and why the others are not on it."""

from __future__ import annotations

import math
from typing import Any

import pytest
from situations import situation

from tenure.outreach.capacity import RULES, Candidate, Past, Planned, Room, gathered, planned
from tenure.outreach.playbook import Playbook
from tenure.outreach.reading import read_playbook
from tenure.outreach.rollout import permits, phase_of
from tenure.outreach.selecting import select
from tenure.outreach.worth import Effect


def playbook(
    name: str = "call", *, minutes: float = 15, order: int = 50, extra: str = "", mandatory: bool = False
) -> Playbook:
    """One that wants everybody."""
    kind = 'kind = "email"\nmandatory = true' if mandatory else 'kind = "callback"'
    text = (
        f'title = "T"\npurpose = "P"\ncause = "C"\norder = {order}\nmeasure = ""\n{extra}\n'
        '[trigger]\nkind = "renewal"\ndays = { from = 0, to = 99 }\n'
        f'[[steps]]\n{kind}\nminutes = {minutes}\nsubject = "S"\nbody = "B"\n'
    )
    return read_playbook(text, name)


def sequence() -> Playbook:
    """A note on the record and an email of two minutes, a call of fifteen after them."""
    text = (
        'title = "T"\npurpose = "P"\ncause = "C"\nmeasure = ""\n'
        '[trigger]\nkind = "renewal"\ndays = { from = 0, to = 99 }\n'
        '[[steps]]\nkind = "log"\n'
        '[[steps]]\nkind = "email"\nminutes = 2\nsubject = "S"\nbody = "B"\n'
        '[[steps]]\nkind = "callback"\nminutes = 15\nwait_days = 7\nsubject = "S"\nbody = "B"\n'
    )
    return read_playbook(text, "sequence")


def night(
    rows: list[dict[str, Any]], *playbooks: Playbook, room: Room | None = None, past: Past | None = None
) -> Planned:
    """The list of a night on which each playbook selects whom it will."""
    known = situation(*rows)
    candidates = gathered(playbooks, {one.name: select(one, known) for one in playbooks}, known)
    return planned(candidates, room or Room(), past or Past(), lot)


def lot(words: str) -> float:
    return (hash_of(words) % 1000) / 1000


def hash_of(words: str) -> int:
    return sum((place + 1) * ord(sign) for place, sign in enumerate(words))


def members(candidates: tuple[Candidate, ...]) -> list[int]:
    return [one.member for one in candidates]


def rules(done: Planned) -> dict[int, str]:
    return {one.candidate.member: one.rule for one in done.held}


def test_hours_go_where_they_are_expected_to_keep_most_dues() -> None:
    rows = [
        {"p_lapse_renewal": 0.9, "dues": 100.0},
        {"p_lapse_renewal": 0.4, "dues": 500.0},
        {"p_lapse_renewal": None, "dues": 900.0},
        {"p_lapse_renewal": 0.5, "dues": 300.0},
    ]

    done = night(rows, playbook(), room=Room(minutes=45, exploration_share=0))

    assert members(done.listed) == [2, 4, 1]
    assert done.minutes == 45
    assert rules(done) == {3: "staff hours"}
    odds = 0.4 / 0.6 * 0.9
    assert done.listed[0].worth == pytest.approx((0.4 - odds / (1 + odds)) * 500 * 4)


def test_where_members_count_and_not_dues_those_who_waver_come_first() -> None:
    rows = [{"p_lapse_renewal": 0.95, "dues": 900.0}, {"p_lapse_renewal": 0.1, "dues": 900.0}, {"p_lapse_renewal": 0.5}]

    done = night(rows, playbook(), room=Room(counts="members"))

    assert members(done.listed) == [3, 2, 1]


def test_a_measured_effect_takes_the_place_of_the_assumed_one() -> None:
    rows = [{"p_lapse_renewal": 0.5, "dues": 100.0, "band": "high"}, {"p_lapse_renewal": 0.5, "dues": 100.0}]
    measured = {("call", "high"): math.log(0.5), ("call", ""): math.log(2.0)}

    done = night(rows, playbook(), room=Room(effect=Effect(measured=measured)))

    assert [one.worth for one in done.listed] == [pytest.approx((1 / 2 - 1 / 3) * 100 * 4)]
    assert rules(done) == {2: "not worth the hours"}, "who is found to be driven away is not called"


def test_what_is_not_worth_the_hours_is_held_back_but_for_some_drawn_by_lot() -> None:
    far = {"p_lapse_renewal": 0.02, "days_to_renewal": 99, "dues": 100.0}
    rows = [{"p_lapse_renewal": 0.5, "dues": 100.0}] * 18 + [{"p_lapse_renewal": 0.02, "dues": 100.0}] * 9 + [far] * 9
    room = Room(minutes=15 * 36, exploration_share=0.1, least=100 / 25, effect=Effect(half_life=50))

    done = night(rows, playbook(), room=room)
    drawn = [one.member for one in done.listed if one.is_exploration]

    assert [one.member for one in done.listed if not one.is_exploration] == list(range(1, 19))
    assert len(drawn) == 2, "a tenth of the time that is used, although more is idle"
    assert set(drawn) <= set(range(19, 28)), "those whose decision is far off teach nothing yet"
    assert set(rules(done).values()) == {"not worth the hours"}


def test_what_is_owed_to_a_member_is_done_whatever_it_keeps() -> None:
    rows = [{"p_lapse_renewal": 0.02, "dues": 100.0}]

    done = night(rows, playbook(extra="owed = true"), room=Room(minutes=60, least=100 / 25))

    assert (members(done.listed), done.held) == ([1], ())


def test_a_call_that_adds_too_little_is_left_out_of_a_playbook_and_its_message_stays() -> None:
    rows = [{"p_lapse_renewal": 0.5, "dues": 100.0}, {"p_lapse_renewal": 0.08, "dues": 100.0}]

    done = night(rows, sequence(), room=Room(least=100 / 25))

    kinds = {one.member: [step.kind for step in one.steps] for one in done.listed}
    assert kinds == {1: ["log", "email", "callback"], 2: ["log", "email"]}
    assert [step.kind for step in done.listed[1].left_out] == ["callback"]
    assert [one.minutes for one in done.listed] == [17.5, 2.5]


def test_scarce_hours_go_to_a_message_for_everyone_before_a_call_to_one() -> None:
    rows = [{"p_lapse_renewal": 0.5, "dues": 100.0}, {"p_lapse_renewal": 0.4, "dues": 100.0}]

    done = night(rows, sequence(), room=Room(minutes=20, exploration_share=0))

    kinds = {one.member: [step.kind for step in one.steps] for one in done.listed}
    assert kinds == {1: ["log", "email", "callback"], 2: ["log", "email"]}
    assert done.minutes == 20


def test_some_time_goes_to_members_drawn_by_lot() -> None:
    rows = [{"p_lapse_renewal": 0.5 - place / 250, "dues": 100.0} for place in range(100)]

    done = night(rows, playbook(), room=Room(minutes=15 * 20, exploration_share=0.2))
    drawn = [one.member for one in done.listed if one.is_exploration]

    assert len(done.listed) == 20
    assert len(drawn) == 4
    assert set(range(1, 17)) <= set(members(done.listed))
    assert set(drawn) != {17, 18, 19, 20}
    assert set(drawn) == set(sorted(range(17, 101), key=lambda member: (lot(f"exploration::{member}"), member))[:4])


def test_a_member_has_one_proposal_a_night_and_the_lower_order_has_them() -> None:
    done = night([{}], playbook("later", order=90), playbook("first", order=10))

    assert [one.playbook.name for one in done.listed] == ["first"]
    assert [(one.candidate.playbook.name, one.rule) for one in done.held] == [("later", "another playbook")]


def test_caps_hold_back_and_say_so() -> None:
    rows = [{"p_lapse_renewal": 0.5 - place / 100, "dues": 100.0} for place in range(6)]

    nightly = night(rows, playbook(extra="cap = { per_night = 2 }"))
    weekly = night(rows, playbook(extra="cap = { per_week = 5 }"), past=Past(this_week={"call": 2}))
    overall = night(rows, playbook(), room=Room(members=4))

    assert (members(nightly.listed), set(rules(nightly).values())) == ([1, 2], {"playbook cap"})
    assert members(weekly.listed) == [1, 2, 3]
    assert (members(overall.listed), set(rules(overall).values())) == ([1, 2, 3, 4], {"week cap"})
    assert overall.report() == [{"playbook": "call", "rule": "week cap", "why": RULES["week cap"], "members": 2}]


def test_who_is_left_alone_open_contacted_or_proposed_is_not_listed() -> None:
    rows = [{}, {"auto_renew": True}, {}, {}, {}, {}]
    past = Past(
        known={(6, "call", "renewal:2026-04-12")}, left_alone={1}, open={3}, contacts={4: 3, 5: 2},
    )  # fmt: skip

    done = night(rows, playbook(), past=past)

    assert members(done.listed) == [5]
    assert rules(done) == {1: "do-not-wake", 2: "auto-renewing", 3: "open proposal", 4: "frequency cap"}


def test_who_has_lapsed_renews_by_itself_no_more() -> None:
    """However the last term was paid; in grace the payment may still come."""
    rows = [{"auto_renew": True, "stage": stage} for stage in ("lapsed", "dormant", "grace")]

    assert rules(night(rows, playbook())) == {3: "auto-renewing"}


def test_trouble_with_a_payment_reaches_those_who_renew_by_themselves() -> None:
    done = night([{"auto_renew": True}], playbook(extra="reaches_auto_renewing = true"))

    assert members(done.listed) == [1]


def test_a_mandatory_notice_passes_by_every_list_and_cap() -> None:
    rows = [{"auto_renew": True}, {}, {}]
    past = Past(left_alone={1, 2}, open={2}, contacts={1: 9, 3: 9})

    done = night(rows, playbook("notice", minutes=5, mandatory=True), room=Room(minutes=0, members=0), past=past)

    assert members(done.listed) == [1, 2, 3]
    assert done.held == ()


def test_a_notice_takes_a_member_from_no_other_playbook() -> None:
    done = night([{}], playbook("notice", order=1, mandatory=True), playbook())

    assert [one.playbook.name for one in done.listed] == ["notice", "call"]


def test_phases_let_nobody_then_medium_risk_then_everyone_be_proposed() -> None:
    rows = [{"band": "high"}, {"band": "medium"}, {"band": "low"}, {"band": None}]
    notice = playbook("notice", mandatory=True)

    def listed(phases: dict[str, int]) -> list[tuple[str, int]]:
        done = night(rows, notice, playbook(), past=Past(phases=phases))
        assert set(rules(done).values()) <= {"phase"}
        return sorted((one.playbook.name, one.member) for one in done.listed)

    assert listed({}) == []
    assert listed({"": 1}) == []
    assert listed({"": 2}) == [("call", 2), *(("notice", member) for member in (1, 2, 3, 4))]
    assert len(listed({"": 3})) == 8


def test_a_segment_of_its_own_outranks_everyones_and_the_least_far_holds() -> None:
    member = {"member_type": "STU", "region": "NE", "chapter_id": None}

    assert phase_of({}, member) == 1
    assert phase_of({"": 2}, member) == 2
    assert phase_of({"": 1, "member_type=STU": 3}, member) == 3
    assert phase_of({"": 3, "member_type=STU": 3, "region=NE": 2}, member) == 2
    assert phase_of({"": 3, "member_type=REG": 1}, member) == 3
    assert not permits(1, band="medium", is_mandatory=True)
