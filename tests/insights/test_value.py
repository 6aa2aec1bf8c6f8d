"""Lifetime value, dues at risk and the roll-up of an organization, each against a reckoning by hand or one by one."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.insights import dues_at_risk, lifetime_value, most_valuable, objecting, roll_up, taking_part

AS_OF = dt.date(2024, 7, 1)


def test_a_value_by_hand():
    """Dues of 100, due in a year and two years later, stays with 80 and then 90 in 100, 5 % a year."""
    found = lifetime_value(
        np.array([0.2]), np.array([[0.1]]), np.array([365.25]), np.array([730.5]), np.array([100.0])
    )  # fmt: skip

    assert found[0] == pytest.approx(100 * (0.8 / 1.05 + 0.8 * 0.9 / 1.05**3))


@given(
    lapse=st.floats(0, 1), later=st.lists(st.floats(0, 1), min_size=0, max_size=15), days=st.integers(-30, 700),
    term=st.sampled_from([30, 365, 1095]), discount=st.sampled_from([0.0, 0.05]),
)  # fmt: skip
def test_the_value_is_that_of_following_one_member(lapse, later, days, term, discount):
    """Renewals one after the other, until ten years are over."""
    worth, stays, due = 0.0, 1.0, max(days, 0)
    for p in [lapse, *later]:
        stays *= 1 - p
        if due <= 3652.5:
            worth += 50 * stays / (1 + discount) ** (due / 365.25)
        due += term

    found = lifetime_value(
        np.array([lapse]), np.array([later]).reshape(1, -1), np.array([float(days)]), np.array([float(term)]),
        np.array([50.0]), discount=discount,
    )  # fmt: skip

    assert found[0] == pytest.approx(worth)


@given(
    lapse=st.floats(0, 1), later=st.lists(st.floats(0, 1), min_size=0, max_size=9), days=st.integers(-30, 700),
    term=st.sampled_from([1, 7, 30, 91, 365, 366, 1095, 4000]), beyond=st.floats(0, 1),
    discount=st.sampled_from([0.0, 0.05]),
)  # fmt: skip
def test_renewals_count_for_ten_years_however_many_there_are(lapse, later, days, term, beyond, discount):
    """Thousands of a day as ten of a year: one after the other, at the last rate once the others are used up."""
    rates, worth, stays, due = iter(later), 0.0, 1 - lapse, max(days, 0)
    while due <= 3652.5:
        worth += 50 * stays / (1 + discount) ** (due / 365.25)
        stays *= 1 - next(rates, beyond)
        due += term

    found = lifetime_value(
        np.array([lapse]), np.array([later]).reshape(1, -1), np.array([float(days)]), np.array([float(term)]),
        np.array([50.0]), discount=discount, beyond=np.array([beyond]),
    )  # fmt: skip

    assert found[0] == pytest.approx(worth, rel=1e-9, abs=1e-9)


def test_ten_years_of_yearly_terms_are_worth_what_they_were():
    """Rates that go on as they are say the same written down for forty renewals as for nine and all after them."""
    rng = np.random.default_rng(6)
    lapse, rate, days = rng.random(500), rng.random((500, 9)), rng.integers(-30, 730, 500).astype(float)
    term, dues = rng.choice([365.0, 366.0, 730.0], 500), rng.uniform(20, 500, 500)
    forty = np.column_stack([rate, np.repeat(rate[:, -1:], 31, axis=1)])

    before = lifetime_value(lapse, forty, days, term, dues)

    np.testing.assert_allclose(lifetime_value(lapse, rate, days, term, dues, beyond=rate[:, -1]), before, rtol=1e-12)


def test_the_most_valuable_are_at_least_one_and_all_who_tie():
    """Those of unknown value are never among them."""
    assert most_valuable(np.array([5.0, np.nan, 7.0])).tolist() == [False, False, True]
    assert most_valuable(np.array([7.0, 7.0, 1.0])).tolist() == [True, True, False]
    assert most_valuable(np.array([np.nan])).tolist() == [False]
    assert most_valuable(np.arange(200.0)).sum() == 10


def test_dues_at_risk_by_hand():
    """One in grace and one due in 20 days; one due in 80; one of unknown dues."""
    found = dues_at_risk(
        np.array([0.5, 0.1, 0.25, 0.9]), np.array([100.0, 200.0, 400.0, np.nan]), np.array([-5.0, 20, 80, 10]),
        pl.Series(["REG", "REG", "STU", "REG"]),
    )  # fmt: skip

    told = {(one.member_type, one.horizon): one for one in found}
    assert set(told) == {(kind, days) for kind in ("", "REG", "STU") for days in (30, 60, 90)}
    one = told["", 30]
    assert (one.members, one.unknown, one.due, one.expected_loss) == (3, 1, 300.0, pytest.approx(70.0))
    assert (one.low, one.high) == pytest.approx((0.0, 70 + 1.6449 * np.sqrt(0.25 * 100**2 + 0.09 * 200**2)), abs=0.01)
    assert (told["", 90].expected_loss, told["STU", 60].members) == (pytest.approx(170.0), 0)


def test_the_range_of_the_loss_holds_nine_losses_in_ten():
    """Drawn from the same probabilities, over many years."""
    rng = np.random.default_rng(4)
    lapse, dues = rng.uniform(0.02, 0.5, 400), rng.uniform(50, 500, 400)
    (one, *_) = dues_at_risk(lapse, dues, np.zeros(400), pl.Series(["REG"] * 400), horizons=(30,))

    losses = (rng.random((2000, 400)) < lapse) @ dues

    assert ((losses >= one.low) & (losses <= one.high)).mean() == pytest.approx(0.90, abs=0.02)


SINCE, FOREVER = dt.datetime(2020, 1, 1), dt.datetime(9999, 1, 1)
ANN, BOB, CY, DI = 11, 12, 13, 14


def rolled_up(
    *objectors: int, belonged: list[tuple[int, int, dt.datetime]], days: dict[int, list[dt.date]]
) -> list[dict]:
    """The roll-up of who *belonged* (to which organization, who, until when) and acted on these *days*."""
    spans = pl.DataFrame(
        [(organization, who, SINCE, until) for organization, who, until in belonged],
        schema=["organization", "person", "since", "until"], orient="row",
    )  # fmt: skip
    acts = [(who, dt.datetime.combine(day, dt.time(9))) for who, on in days.items() for day in on]
    done = pl.DataFrame(acts, schema={"member": pl.Int64, "occurred_at": pl.Datetime("us")}, orient="row")
    found = taking_part(spans, done.with_columns(recorded_at="occurred_at"), as_of=AS_OF)
    return roll_up(found, objectors, as_of=AS_OF).to_dicts()


DAYS = {
    ANN: [*(dt.date(2023, 12, day) for day in (1, 5, 9)), dt.date(2024, 3, 1)],
    BOB: [dt.date(2024, 2, 1), dt.date(2024, 6, 30), dt.date(2024, 6, 30), dt.date(2022, 1, 1), AS_OF],
}
HERE = [(1, ANN, FOREVER), (1, BOB, FOREVER), (1, CY, FOREVER), (2, DI, FOREVER)]


def test_an_organization_is_seen_through_its_people():
    """Ann carried Acme and fell silent in March; Bob still comes; Cy has never come. Nobody of Zeta ever came."""
    acme, zeta = rolled_up(belonged=HERE, days=DAYS)

    assert acme == {
        "organization": 1, "people": 3, "objecting": 0, "active_90": 1, "active_365": 2, "days_365": 6,
        "fell_silent": 1, "key_person": ANN, "key_person_days": 4, "of_days": 5, "key_person_silent_days": 122,
        "key_person_here": True,
    }  # fmt: skip
    assert (zeta["people"], zeta["active_365"], zeta["key_person"], zeta["fell_silent"]) == (1, 0, None, 0)


def test_a_key_person_who_has_left_is_named_and_counted_no_more():
    """Ann moved on in May, and Acme's page has named her; with her Zeta lost the only one it had."""
    left = [(who, person, dt.datetime(2024, 5, 1) if person == ANN else until) for who, person, until in HERE]
    (acme, _) = rolled_up(belonged=left, days=DAYS)
    (alone,) = rolled_up(belonged=left[:1], days=DAYS)

    assert (acme["key_person"], acme["key_person_days"], acme["key_person_here"]) == (ANN, 4, False)
    assert [acme[name] for name in ("people", "active_90", "active_365", "days_365", "fell_silent")] == [2, 1, 1, 2, 0]
    assert (alone["people"], alone["active_365"], alone["key_person"]) == (0, 0, ANN)


def test_of_who_objects_to_being_profiled_nothing_can_be_read_off_the_roll_up():
    """Ann objects: what she did is in no sum, and the key person is found among the others. Of Zeta, whose only one
    objects, it is not told whether anybody took part."""
    told = rolled_up(ANN, DI, belonged=HERE, days=DAYS | {DI: [dt.date(2024, 6, 1)]})
    without = rolled_up(ANN, DI, belonged=HERE, days={BOB: DAYS[BOB]})
    acme, zeta = told

    assert told == without
    assert (acme["people"], acme["objecting"], acme["active_365"], acme["days_365"]) == (3, 1, 1, 2)
    assert (acme["key_person"], acme["key_person_days"], acme["of_days"]) == (BOB, 1, 1)
    assert (zeta["people"], zeta["objecting"], zeta["active_365"], zeta["active_90"]) == (1, 1, None, None)


def test_who_objects_is_told_by_the_newest_record():
    """Taken back, or stated later."""
    versions = pl.DataFrame({
        "member": [ANN, ANN, BOB, BOB, CY], "objects_to_profiling": [True, None, None, True, None],
        "valid_from": [SINCE, SINCE + dt.timedelta(1), SINCE, SINCE + dt.timedelta(1), SINCE],
    })  # fmt: skip

    assert objecting(versions) == {BOB}
