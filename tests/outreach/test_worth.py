"""What a step is expected to keep: by risk, by day, by what was said before, by what was measured."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tenure.outreach.playbook import StepPlan
from tenure.outreach.worth import Effect, Part, parts_of

CALL = StepPlan(kind="callback", subject="S", body="B", minutes=15)  # type: ignore[arg-type]
LATE_CALL = CALL.model_copy(update={"wait_days": 30})
EMAIL = StepPlan(kind="email", subject="S", body="B", minutes=2)  # type: ignore[arg-type]


def parts(
    *steps: StepPlan, effect: Effect | None = None, before: dict[str, int] | None = None, **row: Any
) -> list[Part]:
    member = {"p_lapse_renewal": 0.5, "days_to_renewal": 40, "band": "high", **row}
    found = parts_of("book", steps, member, effect or Effect(), before or {})
    assert found is not None
    return found


def kept(*steps: StepPlan, **given: Any) -> float:
    return sum(part.kept for part in parts(*steps, **given))


def test_most_is_kept_of_those_who_waver_and_little_of_the_sure_and_the_lost() -> None:
    by_risk = {risk: kept(CALL, p_lapse_renewal=risk) for risk in (0.0, 0.02, 0.5, 0.97, 1.0)}

    assert by_risk[0.02] == pytest.approx(0.02 * 0.1, rel=0.05)
    assert by_risk[0.5] == max(by_risk.values())
    assert by_risk[0.97] < 0.15 * by_risk[0.5]
    assert by_risk[0.0] == pytest.approx(0, abs=1e-6)
    assert by_risk[1.0] == pytest.approx(0, abs=1e-6)


def test_a_message_keeps_less_than_a_call_and_more_an_hour() -> None:
    message, call = parts(EMAIL, CALL)

    assert message.kept < call.kept
    assert message.an_hour > 2 * call.an_hour


def test_a_further_contact_of_a_kind_keeps_about_half() -> None:
    first, second = parts(CALL, CALL)

    assert second.kept == pytest.approx(first.kept / 2, rel=0.1)
    assert kept(CALL, before={"talk": 1}) == pytest.approx(kept(CALL) / 2, rel=0.1)
    assert kept(CALL, before={"message": 3}) == kept(CALL)


def test_contact_long_before_the_decision_is_half_forgotten_unless_it_waits() -> None:
    effect = Effect(start_days=45, half_life=30)

    assert kept(CALL, effect=effect, days_to_renewal=75) == pytest.approx(kept(CALL, effect=effect) / 2, rel=0.05)
    assert kept(LATE_CALL, effect=effect, days_to_renewal=75) == pytest.approx(kept(CALL, effect=effect))


def test_who_has_not_paid_late_in_grace_has_mostly_decided() -> None:
    effect = Effect(start_days=60, still_open={60: 1.0, 10: 0.6, -20: 0.1})
    early, late = (kept(CALL, effect=effect, days_to_renewal=days) for days in (60, -20))

    assert early == kept(CALL)
    assert late < 0.2 * early, "of ten unpaid at even chances, most have decided to leave, and most others will pay"
    assert kept(CALL, effect=effect, days_to_renewal=-50) == late


def test_what_was_measured_moves_every_step_and_may_say_that_contact_drives_away() -> None:
    assumed = math.log(0.96) + math.log(0.9)
    effect = Effect(measured={("book", "high"): 2 * assumed, ("book", ""): 0.3})

    twice = parts(EMAIL, CALL, effect=effect)
    assert [part.kept for part in twice] == [pytest.approx(2 * part.kept, rel=0.06) for part in parts(EMAIL, CALL)]
    assert kept(EMAIL, CALL, effect=effect, band="medium") < 0


def test_nothing_is_expected_without_a_risk_or_a_step_that_reaches_anybody() -> None:
    log = StepPlan(kind="log")

    assert parts_of("book", [CALL], {"p_lapse_renewal": None}, Effect(), {}) is None
    assert parts_of("book", [log], {"p_lapse_renewal": 0.5}, Effect(), {}) is None
    assert [part.places for part in parts(log, EMAIL, log, CALL, log)] == [(1, 2), (3, 4, 5)]
