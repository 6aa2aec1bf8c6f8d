"""Lapse dates and values of members whose running term is unlike those to come, as a night tells them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from lakes import Row, lake_of, person, term
from tenure.app import situation
from tenure.app.house import House
from tenure.base.home import Home
from tenure.risk import Model, score
from trained_association import SETTINGS, Trained

DAY, END = dt.date(2024, 12, 20), dt.date(2024, 12, 31)
JOINER, MONTHLY, CHANGED = 31, 32, 33
LAPSE = 0.1
"""The chance of not renewing next that the value is reckoned from."""

RATES = {2: 0.35, 3: 0.3, 4: 0.3, **dict.fromkeys(range(5, 9), 0.2)}
"""The rates of not renewing in the second, third … term of a spell; 0.05 from the ninth on."""


def paid_until_the_end_of_the_year() -> list[Row]:
    """Thirty by the year; one who joined for the days until its end; one by the month, and one since this year."""
    years = [(f"{year}-01-01", f"{year}-12-31") for year in range(2021, 2025)]
    begins = [dt.date(2024, month, 1) for month in range(1, 13)]
    months = [
        (str(one), str(next_one - dt.timedelta(1)))
        for one, next_one in zip(begins, [*begins[1:], dt.date(2025, 1, 1)], strict=True)
    ]
    return [
        *(term(member, *span, dues=120.0) for member in range(1, 31) for span in years),
        term(JOINER, "2024-12-09", "2024-12-31", dues=8.0),
        *(term(MONTHLY, *span, dues=10.0) for span in months),
        *(term(CHANGED, *span, dues=120.0) for span in years[:3]),
        *(term(CHANGED, *span, dues=10.0) for span in months),
    ]


def house_of(root: Path) -> House:
    members = [person(member) for member in range(1, CHANGED + 1)]
    lake_of(root / "lake", members=members, terms=paid_until_the_end_of_the_year())
    return House(Home(root), SETTINGS)


@pytest.fixture
def model(trained: Trained) -> Model:
    """A model by which members lapse at `RATES` after the next renewal."""
    later = {"REG": [0.3, 0.35, 0.3, 0.2, 0.05]}
    return dataclasses.replace(trained.model, timing=dataclasses.replace(trained.model.timing, later=later))


def test_a_lapse_is_dated_by_the_ends_of_the_terms_to_come(tmp_path: Path, model: Model):
    """Each end of a year for the joiner as for the others; each end of a month for who pays by the month."""
    found = score(house_of(tmp_path).lake, SETTINGS, DAY, model)
    names = ("lapse_earliest_on", "predicted_lapse_on", "lapse_latest_on")
    last = DAY.replace(year=DAY.year + 10)

    ends = {row["member"]: {row[name] for name in names if row[name] < last} for row in found.to_dicts()}

    assert {(day.month, day.day) for member in (1, JOINER) for day in ends[member]} == {(12, 31)}
    assert all((day + dt.timedelta(1)).day == 1 for member in (MONTHLY, CHANGED) for day in ends[member])
    assert (max(ends[JOINER]) - END).days >= 3 * 365
    assert 0 < (max(ends[MONTHLY]) - END).days < 5 * 366


def worth(member: int, days: int, dues: float) -> float:
    """What a member pays over ten years, renewal by renewal, in terms of so many days."""
    number = {JOINER: 1, MONTHLY: 12, CHANGED: 15}.get(member, 4)
    value, stays, due = 0.0, 1 - LAPSE, (END - DAY).days
    while due <= 3652.5:
        value += dues * stays / 1.05 ** (due / 365.25)
        number += 1
        stays *= 1 - RATES.get(number, 0.05)
        due += days
    return value


def test_the_value_counts_all_renewals_of_ten_years(tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch):
    """A hundred and more by the month; ten by the year, at a year's dues also for who paid for some days of one."""
    monkeypatch.setattr(situation, "model_for", lambda house, as_of: model)
    house = house_of(tmp_path)
    night = score(house.lake, SETTINGS, DAY, model).with_columns(p_lapse_renewal=pl.lit(LAPSE))

    found = situation.situation_of(house, DAY, scores=night)

    value = dict(found.select("member", "lifetime_value").rows())
    for member, days, dues in ((1, 366, 120.0), (JOINER, 366, 120.0), (MONTHLY, 31, 10.0), (CHANGED, 31, 10.0)):
        assert value[member] == pytest.approx(worth(member, days, dues), rel=1e-9), member
