"""When lapses are dated: held against processes whose law is known, and counted out here term by term."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lakes import lake_of, person, term
from tenure.base.settings import Membership
from tenure.membership import decisions, standing
from tenure.risk.timing import Curve, Timing, curve, dates, learn_timing

DAY = dt.date(2025, 1, 1)
QUANTILES = (0.1, 0.5, 0.9)


def paid_until(*lengths: int) -> pl.DataFrame:
    """Members whose term of so many days begins on `DAY`, with ten renewals behind them."""
    n = len(lengths)
    return pl.DataFrame({
        "as_of": [DAY] * n, "ends": [DAY + dt.timedelta(days=length - 1) for length in lengths],
        "starts_on": [DAY] * n, "member_type": ["REG"] * n, "terms_in_spell": [11] * n,
    })  # fmt: skip


def always(rate: float) -> Timing:
    """A past in which the same share lapsed at every renewal, and nobody before it."""
    return Timing(np.zeros((7, 3)), {"REG": [rate] * 5}, [rate] * 5)


def drawn(rate: float, *lengths: int) -> Curve:
    """The curves of members of such terms, of whom *rate* lapse at every renewal."""
    return curve(always(rate), np.full(len(lengths), rate), paid_until(*lengths))


def counted(rate: float, length: int) -> Iterator[tuple[int, float]]:
    """Term by term, the day of its end and the share that has lapsed by then."""
    staying, end = 1.0, length - 1
    while end < 20_000:
        staying -= staying * rate
        yield end, 1.0 - staying
        end += length


@pytest.mark.parametrize(("length", "rate"), [(1, 0.001), (7, 0.01), (14, 0.01), (30, 0.01), (91, 0.04), (365, 0.12)])
def test_a_lapse_is_dated_alike_whether_terms_are_days_or_years(length: int, rate: float):
    """Ten years of the shortest terms are as near as ten of years: nothing ends after some number of renewals."""
    curves = drawn(rate, length)

    for share in QUANTILES:
        day = next(end for end, lapsed in counted(rate, length) if lapsed >= share)
        true = min(DAY + dt.timedelta(days=day), dt.date(2035, 1, 1))
        assert dates(DAY, curves.quantile(share)) == [true], share
    for horizon in (30, 60, 90, 1_000, 3_000):
        shares = [lapsed for end, lapsed in counted(rate, length) if end <= horizon]
        assert curves.by(horizon)[0] == pytest.approx(max(shares, default=0.0), abs=1e-9)
        assert curves.before(np.array([horizon + 1]))[0] == curves.by(horizon)[0]


def test_quantiles_and_curve_say_the_same():
    """The day of a quantile is the first by which that share has lapsed, in every row."""
    lengths = (1, 7, 28, 30, 91, 182, 365, 730)
    curves = drawn(0.03, *lengths)

    for share in QUANTILES:
        days = curves.quantile(share)
        assert (np.array([curves.by(int(day))[row] for row, day in enumerate(days)]) >= share).all()
        assert (curves.before(days) < share).all()


def test_who_never_lapses_or_surely_does_has_a_date_too():
    """Ten years on, to the day, where nobody lapses; the first renewal after this one, where all do."""
    never, surely = drawn(0.0, 7), curve(always(1.0), np.array([0.01]), paid_until(7))

    assert dates(DAY, never.quantile(0.1)) == [dt.date(2035, 1, 1)]
    assert dates(dt.date(2025, 1, 31), never.quantile(0.1)) == [dt.date(2035, 1, 31)]
    assert dates(dt.date(2024, 2, 29), never.quantile(0.1)) == [dt.date(2034, 2, 28)]
    assert dates(DAY, surely.quantile(0.5)) == [DAY + dt.timedelta(days=13)]


def end_of(began: dt.date, months: int, number: int) -> dt.date:
    """The last day of the so manieth term of whole months from *began* on, by a plain count."""
    month = began.year * 12 + began.month - 1 + months * number
    begins = dt.date(month // 12, month % 12 + 1, 1)
    last = (dt.date((month + 1) // 12, (month + 1) % 12 + 1, 1) - begins).days
    return begins + dt.timedelta(days=min(began.day, last) - 2)


@pytest.mark.parametrize(
    "began", [dt.date(2024, 3, 1), dt.date(2024, 2, 29), dt.date(2024, 10, 31), dt.date(2025, 1, 1)]
)
@pytest.mark.parametrize(("months", "rate"), [(1, 0.01), (3, 0.03), (12, 0.1), (24, 0.15)])
def test_terms_of_whole_months_end_by_the_calendar(began: dt.date, months: int, rate: float):
    """On the same day of the month ten years on, over leap years and from the 31st, whatever their days."""
    ends = [end_of(began, months, number) for number in range(1, 400)]
    as_of = began + dt.timedelta(days=5)
    stood = paid_until(1).with_columns(
        as_of=pl.lit(as_of), starts_on=pl.lit(began), ends=pl.lit(ends[0]), terms_in_spell=pl.lit(11)
    )
    curves = curve(always(rate), np.array([rate]), stood, None, np.array([30 * months]), np.array([months]))

    lapsed = np.cumsum(rate * (1 - rate) ** np.arange(len(ends)))
    last = as_of.replace(year=as_of.year + 10)
    for share in QUANTILES:
        true = min(ends[int(np.argmax(lapsed >= share - 1e-9))], last)
        assert dates(as_of, curves.quantile(share)) == [true], share
    for day in range(0, 4_000, 7):
        passed = sum(end <= as_of + dt.timedelta(days=day) for end in ends)
        assert curves.by(day)[0] == pytest.approx(lapsed[passed - 1] if passed else 0, abs=1e-9)


def test_years_and_terms_of_days_stand_side_by_side():
    """Members of one night who pay by the year, by 365 days and by the week; nobody's terms sway another's."""
    stood = paid_until(365, 365, 7)
    curves = curve(always(0.1), np.full(3, 0.1), stood, None, np.array([365, 365, 7]), np.array([12, 0, 0]))

    found = dates(DAY, curves.quantile(0.5))

    assert found == [dt.date(2031, 12, 31), dt.date(2031, 12, 30), DAY + dt.timedelta(days=48)]


LAPSING = (0.5, 0.35, *[0.2] * 2, *[0.1] * 4)
"""Of those in the first, second, … term of a spell, how many do not renew; 0.02 from the ninth on."""


def lapsing(term_number: int) -> float:
    """The true chance of not renewing at the end of a spell's term of such a number, from 1."""
    return LAPSING[term_number - 1] if term_number <= len(LAPSING) else 0.02


def test_the_renewals_after_the_next_come_when_and_as_often_as_they_did(tmp_path: Path):
    """Learnt from thirty years of terms, most lapses early in a spell: by each year's end as many have lapsed as by the
    law of those terms."""
    rng = np.random.default_rng(8)
    people, terms = [], []
    for member in range(3_000):
        year, number = 1995 + member % 30, 1
        people.append(person(member, known="1990-01-01"))
        while True:
            terms.append(term(member, f"{year}-03-01", str(dt.date(year + 1, 3, 1) - dt.timedelta(days=1))))
            if year == 2024 or rng.random() < lapsing(number):
                break
            year, number = year + 1, number + 1
    lake = lake_of(tmp_path, members=people, terms=terms)
    found = decisions(lake.terms(), lake.members(), Membership(), as_of=DAY)
    rows = pl.DataFrame({"row": range(3_000), "member": range(3_000), "as_of": [DAY] * 3_000})
    stood = standing(lake.terms(), lake.members(), rows, Membership()).filter("active")
    asked = stood.unique("terms_in_spell", keep="first").filter(pl.col("terms_in_spell") <= 10).sort("terms_in_spell")
    nothing = pl.DataFrame({"lapsed": [None], "left_on": [None]}, schema={"lapsed": pl.Int8, "left_on": pl.Date})
    numbers = asked["terms_in_spell"].to_list()

    timing = learn_timing(stood.head(1), nothing, found)
    curves = curve(timing, np.array([lapsing(number) for number in numbers]), asked)

    assert {1, 2, 3, 5} <= set(numbers)
    for row, number in enumerate(numbers):
        staying = 1.0
        for later in range(10):
            staying *= 1 - lapsing(number + later)
            month = (dt.date(2025 + later, 3, 15) - DAY).days
            assert curves.by(month)[row] == pytest.approx(1 - staying, abs=0.025), (number, later)


def test_as_many_leave_before_the_end_as_did():
    """Of those who do not renew one in four hundred left each day: as many will within 30, 60 and 90 days."""
    rng = np.random.default_rng(9)
    n = 40_000
    ahead, stays = rng.integers(1, 366, n), rng.random(n) < 0.7
    leaves = np.ceil(rng.exponential(400, n)).astype(int)
    after = np.where(stays, ahead, np.minimum(leaves, ahead))
    day, ends, left_on = (pl.Series(np.asarray(each, np.int32)).cast(pl.Date) for each in (0 * ahead, ahead, after))
    stood = pl.DataFrame({"as_of": day, "ends": ends})
    known = pl.DataFrame({"lapsed": (~stays).astype(np.int8), "left_on": left_on})
    found = pl.DataFrame(
        {"member_type": ["REG"] * n, "terms_in_spell": 3, "outcome": np.where(stays, "renewed", "lapsed")}
    )

    timing = learn_timing(stood, known, found)
    days = (100, 150, 200, 300, 365)
    asked = paid_until(*[365] * len(days)).with_columns(
        ends=pl.Series([DAY + dt.timedelta(days=ahead) for ahead in days])
    )
    curves = curve(timing, np.full(len(days), 0.3), asked)

    for horizon in (30, 60, 90):
        true = 0.3 * (1 - (399 / 400) ** horizon)
        np.testing.assert_allclose(curves.by(horizon), true, rtol=0.2)
