"""What contact is believed to do: the assumption without data, the counts with much of them, between the two else."""

from __future__ import annotations

import math

import pytest

from tenure.impact.effects import Arms, Effect, Measured, measured

ASSUMED = math.log(0.9)


def arms(treated: int, lapsed: float, control: int, control_lapsed: float, reached: float = 1.0) -> Arms:
    """Arms by their shares."""
    return Arms(treated, round(treated * lapsed), round(treated * reached), control, round(control * control_lapsed))


def of(**playbooks: Arms) -> dict[str, Measured]:
    found = {name: {"high": one} for name, one in playbooks.items()}
    return measured(found, dict.fromkeys(playbooks, ASSUMED), dict.fromkeys(playbooks, "talk"))


def shift(one: Arms) -> Effect:
    return of(call=one)["call"].whole


def test_few_members_move_the_assumption_little_and_many_take_its_place() -> None:
    few, many = shift(arms(40, 0.2, 5, 0.4)), shift(arms(90_000, 0.2, 10_000, 0.4))
    true = math.log(0.2 / 0.8) - math.log(0.4 / 0.6)

    assert ASSUMED > few.shift > ASSUMED - 0.15
    assert many.shift == pytest.approx(true, abs=0.05)
    assert few.low < ASSUMED < few.high
    assert many.high - many.low < 0.15 < few.high - few.low


def test_nothing_is_told_of_a_playbook_that_reached_few_or_left_nobody_out() -> None:
    assert of(few=Arms(90, 9, 9, 10, 3), nobody=Arms(90, 9, 90, 0, 0)) == {}


def test_contact_that_drives_members_away_is_believed_in_the_end() -> None:
    assert shift(arms(9_000, 0.4, 1_000, 0.3)).low > 0


def test_where_half_were_reached_contact_did_twice_what_all_show() -> None:
    whole, half = shift(arms(90_000, 0.30, 10_000, 0.34)), shift(arms(90_000, 0.30, 10_000, 0.34, reached=0.5))

    assert half.shift == pytest.approx(2 * whole.shift, rel=0.15)
    assert half.sd > 1.5 * whole.sd


def test_where_the_control_group_was_called_too_the_difference_is_of_those_who_were_called_more() -> None:
    called = Arms(90_000, 27_000, 90_000, 10_000, 3_400, 5_000)

    assert shift(called).shift == pytest.approx(shift(arms(90_000, 0.30, 10_000, 0.34, reached=0.5)).shift, rel=0.01)
    assert measured({"call": {"high": Arms(900, 300, 900, 100, 40, 100)}}, {"call": ASSUMED}, {"call": "talk"}) == {}


def test_a_playbook_leans_on_those_of_its_kind_and_not_on_others() -> None:
    little, much = arms(40, 0.3, 5, 0.3), arms(90_000, 0.2, 10_000, 0.4)
    found = {"new": {"high": little}, "old": {"high": much}}
    alike = measured(found, dict.fromkeys(found, ASSUMED), dict.fromkeys(found, "talk"))
    other = measured(found, dict.fromkeys(found, ASSUMED), {"new": "message", "old": "talk"})

    assert alike["new"].whole.shift < other["new"].whole.shift - 0.1
    assert other["new"].whole == shift(little)


def test_a_band_is_told_apart_as_far_as_its_own_members_bear_it_out() -> None:
    bands = {"high": arms(9_000, 0.5, 1_000, 0.5), "medium": arms(9_000, 0.1, 1_000, 0.3), "low": Arms(5, 1, 5, 1, 0)}
    told = measured({"call": bands}, {"call": ASSUMED}, {"call": "talk"})["call"]

    assert set(told.bands) == {"high", "medium"}
    assert told.bands["medium"].shift < told.whole.shift < told.bands["high"].shift
    assert abs(told.bands["high"].shift) < 0.2
