"""Whom a playbook chooses out of a situation."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest
from situations import NIGHT, situation

from tenure.base.settings import Bands
from tenure.outreach.reading import read_playbook
from tenure.outreach.selecting import select


def chosen(who: str, trigger: str, *rows: dict[str, Any], extra: str = "", **given: Any) -> list[int]:
    """The numbers of the rows that a playbook with these tables chooses."""
    return found(who, trigger, *rows, extra=extra, **given)["member"].to_list()


def found(who: str, trigger: str, *rows: dict[str, Any], extra: str = "", **given: Any) -> pl.DataFrame:
    """The selection of a playbook with these tables."""
    cause = "{band}, risk {risk_score}, {dues} due {renewal_due_on}"
    text = f'title = "T"\npurpose = "P"\ncause = "{cause}"\n{extra}\n'
    text += f'[who]\n{who}\n[trigger]\n{trigger}\n[[steps]]\nkind = "group"\ndetails = {{ group = "G" }}\n'
    return select(read_playbook(text, "test"), situation(*rows), **given)


ALWAYS = 'kind = "renewal"\ndays = { from = -9999, to = 9999 }'


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("", [1, 2, 3, 4]),
        ('band = "high"', [1]),
        ('band = ["high", "low"]', [1, 2]),
        ('band = { not = ["high"] }', [2, 3, 4]),
        ("band = { known = false }", [4]),
        ('band = { known = true, not = "low" }', [1, 3]),
        ("dues = 100", [1]),
        ("dues = { from = 100, to = 200 }", [1, 2]),
        ("dues = { from = 150 }", [2]),
        ("auto_renew = true", [2]),
        ("auto_renew = false", [1, 3]),
        ("renewal_due_on = { to = 2026-03-31 }", [1]),
        ('any = [{ band = "high" }, { dues = 200 }]', [1, 2]),
        ('any = [{ band = "high" }, { dues = 200 }]\nauto_renew = false', [1]),
        ('none = [{ band = "high" }, { dues = 200 }]', [3, 4]),
        ('none = [{ any = [{ band = "high" }, { dues = 200 }] }]', [3, 4]),
    ],
)
def test_conditions_choose_whom_they_name_and_the_unknown_meets_none(who: str, expected: list[int]) -> None:
    rows = (
        {"band": "high", "dues": 100.0, "days_to_renewal": 30},
        {"band": "low", "dues": 200.0, "auto_renew": True},
        {"band": "medium", "dues": None},
        {"band": None, "dues": None, "auto_renew": None},
    )

    assert chosen(who, ALWAYS, *rows) == expected


def test_days_to_renewal_count_both_ends() -> None:
    days = (39, 40, 45, 46, None)

    assert chosen("", 'kind = "renewal"\ndays = { from = 40, to = 45 }', *({"days_to_renewal": d} for d in days)) == [
        2,
        3,
    ]


def test_who_wavers_about_the_edge_of_a_band_sets_nothing_off() -> None:
    rows = [{"band": "high", "p_lapse_renewal": p} for p in (0.50, 0.52, 0.53, 0.80)] + [{"band": "medium"}]
    margin = 'kind = "band"\nto = ["high"]\nmargin = 3'

    assert chosen("", 'kind = "band"\nto = ["high"]', *rows) == [1, 2, 3, 4]
    assert chosen("", margin, *rows) == [3, 4]
    assert chosen("", margin, *rows, bands=Bands(high=0.70)) == [4]


def test_a_crossing_is_of_its_night_alone() -> None:
    rows = ({"band": "high", "band_before": "medium"}, {"band": "high", "band_before": "high"}, {"band": "medium"})

    assert chosen("", 'kind = "band"\nto = ["high"]\nfrom = ["medium", "low"]', *rows) == [1]


def test_a_band_comes_once_a_term_and_an_event_once_each() -> None:
    row = {"band": "high", "days_to_renewal": 30, "no_show": "EV-17", "payment_failed_days": 3, "dues": None}
    occasions = {
        'kind = "band"\nto = ["high"]': "renewal:2026-03-31",
        'kind = "event"\nevent = "no_show"': "event:EV-17",
        'kind = "event"\nevent = "payment_failed"': "payment:2026-02-26",
    }

    for trigger, occasion in occasions.items():
        assert found("", trigger, row)["occasion"].to_list() == [occasion]
    later = {**row, "as_of": NIGHT + dt.timedelta(days=1), "days_to_renewal": 29, "payment_failed_days": 4}
    for trigger, occasion in occasions.items():
        assert found("", trigger, later)["occasion"].to_list() == [occasion]
    assert found("", ALWAYS, row)["cause"].to_list() == ["high, risk 30, unknown due 2026-03-31"]


def test_events_are_recent_and_flags_are_true() -> None:
    rows = (
        {"payment_failed_days": 0, "card_expires_days": 40, "tenure_days": 5, "is_new": True},
        {"payment_failed_days": 31, "hardship": True, "tenure_days": 5},
        {"displaced": True, "chapter_drift": True, "no_show": "EV-1", "tenure_days": 40, "is_new": True},
        {"chapter_drift": None, "tenure_days": None, "is_new": True},
    )
    happened = {"payment_failed": [1], "card_expires": [], "joined": [1], "hardship": [2], "displaced": [3],
                "chapter_drift": [3], "no_show": [3]}  # fmt: skip

    for event, expected in happened.items():
        assert chosen("", f'kind = "event"\nevent = "{event}"', *rows) == expected, event
    assert chosen("", 'kind = "event"\nevent = "card_expires"\nwithin = 60', *rows) == [1]


def test_a_list_names_members() -> None:
    trigger = 'kind = "list"\nlist = "board"'

    assert chosen("", trigger, {}, {}, {}, lists={"board": {3, 1, 99}}) == [1, 3]
    assert chosen("", trigger, {}, {}, {}) == []
