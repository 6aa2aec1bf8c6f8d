"""Control groups: by lot, in balance, for good."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.base.pseudonym import Pseudonyms
from tenure.impact import CONTROL, TREATED, Candidate, arms, check_split, is_held_out

DRAW = Pseudonyms(b"k" * 32).share
SHARES = st.floats(min_value=0, max_value=0.5)
PEOPLE = st.lists(
    st.builds(Candidate, st.integers(-(2**63), 2**63 - 1), st.sampled_from(["high before", "medium before", "grace"])),
    max_size=120,
    unique_by=lambda one: one.member,
)


@given(PEOPLE, SHARES, st.randoms())
def test_the_order_of_the_list_decides_nothing(people: list[Candidate], share: float, shuffler: random.Random):
    before = arms("calls", people, share, DRAW)
    shuffler.shuffle(people)

    assert arms("calls", people, share, DRAW) == before


@given(PEOPLE, SHARES)
@settings(max_examples=60)
def test_each_stratum_has_its_share_to_within_one_member(people: list[Candidate], share: float):
    drawn = arms("calls", people, share, DRAW)

    for stratum in {one.stratum for one in people}:
        members = [one.member for one in people if one.stratum == stratum]
        left_out = sum(drawn[member] == CONTROL for member in members)
        assert abs(left_out - share * len(members)) <= 1


def test_a_stratum_goes_on_where_the_day_before_ended():
    known: dict[int, str] = {}
    for day in range(200):
        people = [Candidate(day, "grace")]
        known = arms("calls", people, 0.1, DRAW, known=known, drawn_before={"grace": day})

    assert abs(sum(arm == CONTROL for arm in known.values()) - 20) <= 1


@given(PEOPLE)
def test_an_arm_stays(people: list[Candidate]):
    first = arms("calls", people, 0.2, DRAW)
    moved = [Candidate(one.member, "elsewhere") for one in people]

    assert arms("calls", moved, 0.5, DRAW, known=first) == first


def test_experiments_keys_and_holdout_draw_apart():
    people = [Candidate(member, "all") for member in range(4_000)]
    calls, letters = arms("calls", people, 0.2, DRAW), arms("letters", people, 0.2, DRAW)
    other = arms("calls", people, 0.2, Pseudonyms(b"other" * 8).share)
    for rival in (letters, other):
        both = sum(calls[m] == rival[m] == CONTROL for m in range(4_000))
        assert 110 < both < 210  # a fifth of a fifth is 160
    held = [m for m in range(4_000) if is_held_out(m, 0.05, DRAW)]
    assert 150 < len(held) < 250
    assert held == [m for m in range(4_000) if is_held_out(m, 0.05, DRAW)]
    assert set(held) <= {m for m in range(4_000) if is_held_out(m, 0.10, DRAW)}


def test_a_split_that_is_no_accident_is_named():
    far = check_split([(CONTROL, 4_600), (TREATED, 5_400)], 0.5)
    assert not far.is_sound
    assert "no accident" in far.sentence


def test_splits_by_chance_are_seldom_called_unsound():
    rng = random.Random(5)
    alarms = 0
    for _ in range(1_000):
        control = sum(rng.random() < 0.1 for _ in range(400))
        alarms += not check_split([(CONTROL, control), (TREATED, 400 - control)], 0.1).is_sound
    assert alarms <= 5


def test_nobody_drawn_is_no_mismatch():
    assert check_split([], 0.1).sentence == "Nobody was drawn yet."
