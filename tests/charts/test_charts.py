"""Charts: what they say, what they draw, and what they must never hold."""

from __future__ import annotations

import datetime as dt
import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.charts import (
    Bin,
    Effect,
    Event,
    Figure,
    Gain,
    Month,
    Scored,
    calibration,
    effects,
    gains,
    history,
    hundred,
    months,
    strip,
)

SVG = "{http://www.w3.org/2000/svg}"
DAY = dt.date(2025, 3, 1)


def bins(*pairs: tuple[float, float], spread: float = 0.03) -> list[Bin]:
    return [Bin(p, o, max(0, o - spread), min(1, o + spread), 100) for p, o in pairs]


def nights(*chances: float, every: int = 7) -> list[Scored]:
    last = len(chances) - 1
    return [
        Scored(DAY - dt.timedelta(days=every * (last - i)), c, max(0, c - 0.1), min(1, c + 0.1), "low")
        for i, c in enumerate(chances)
    ]


def some_figures() -> list[Figure]:
    return [
        calibration(bins((0.02, 0.02), (0.2, 0.21), (0.7, 0.68)), about="a"),
        gains([Gain(i / 20, min(1, i / 10), i / 15, min(1, i / 4)) for i in range(1, 21)], about="b"),
        history(nights(0.1, 0.2, 0.6), events=[Event(DAY, 'Renewed <b>"twice"</b>')], about="c"),
        months([Month(dt.date(2025, m, 1), 40 + m, 7.5 + m) for m in range(3, 9)], about="d"),
    ]


@pytest.mark.parametrize("figure", some_figures(), ids=lambda figure: figure.key)
def test_every_chart_is_whole_and_leaves_its_colors_to_the_page(figure: Figure):
    root = ElementTree.fromstring(figure.svg)
    title, reading = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("aria-labelledby") == f"{title.get('id')} {reading.get('id')}"
    assert len(title.text) > 10
    assert len(reading.text) > 20
    assert not re.search(r'\b(fill|stroke|style|font-family|on\w+)="', figure.svg)
    assert figure.finding[0].isupper()
    assert not figure.finding.endswith(".")
    assert len(figure.table.rows) >= 3
    assert {len(row) for row in figure.table.rows} == {len(figure.table.columns)}


@pytest.mark.parametrize("figure", some_figures(), ids=lambda figure: figure.key)
def test_a_chart_as_a_file_brings_colors_for_every_class_that_it_uses(figure: Figure):
    whole = figure.standalone()
    ElementTree.fromstring(whole)
    used = {name for names in re.findall(r'class="([^"]+)"', figure.svg) for name in names.split()} - {"minor"}
    assert {name for name in used if f".{name}{{" not in whole and f".{name}," not in whole} == set()


@pytest.mark.parametrize(
    ("pairs", "said"),
    [
        ([(0.1, 0.1), (0.3, 0.31), (0.6, 0.59)], "each group lapsed as scored"),
        ([(0.1, 0.1), (0.3, 0.31), (0.54, 0.54), (0.66, 0.5), (0.78, 0.6)], "Scores hold up to 54, then run high"),
        ([(0.1, 0.2), (0.3, 0.5), (0.6, 0.8)], "Scores run low in 3 of 3 groups"),
        ([(0.1, 0.2), (0.3, 0.3), (0.6, 0.6)], "2 of 3 groups lapsed as scored"),
    ],
)
def test_the_calibration_chart_says_where_scores_can_be_trusted(pairs: list[tuple[float, float]], said: str):
    assert said in calibration(bins(*pairs), about="").finding


def test_the_gains_chart_says_what_the_top_tenth_reaches():
    rows = [Gain(0.05, 0.2, 0.1), Gain(0.1, 0.34, 0.22), Gain(1, 1, 1)]
    assert gains(rows, about="").finding == (
        "Calling the top 10 % reaches 34 % of those who lapse; a points score, 22 %"
    )
    assert "points" not in gains([Gain(0.1, 0.34), Gain(1, 1)], about="").finding


@pytest.mark.parametrize(
    ("chances", "said"),
    [
        ((0.14, 0.3, 0.62), "Risk rose from 14 to 62 in 100 since February 15"),
        ((0.62, 0.3, 0.14), "Risk fell from 62 to 14 in 100"),
        ((0.3, 0.31, 0.32), "Risk has stood near 32 in 100"),
    ],
)
def test_the_history_chart_says_how_the_score_moved(chances: tuple[float, ...], said: str):
    assert said in history(nights(*chances)).finding


def test_events_that_leave_no_room_stay_in_the_table():
    """Words in the lane never lie over one another."""
    events = [Event(DAY - dt.timedelta(days=i), f"Something that happened {i}") for i in range(8)]
    figure = history(nights(*[0.1 + i / 50 for i in range(20)]), events=events)
    drawn = figure.svg.count("Something that happened")
    assert drawn < 8 + figure.svg.count("<desc")
    assert sum("Something that happened" in row[-1] for row in figure.table.rows) >= 1
    assert all(any(event.words in row[-1] for row in figure.table.rows) for event in events)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 10**6)), min_size=1, max_size=15),
)
def test_any_calibration_can_be_drawn(rows: list[tuple[float, float, int]]):
    figure = calibration([Bin(p, o, o * 0.9, min(1, o * 1.1), n + 1) for p, o, n in rows], about="")
    numbers = [float(n) for n in re.findall(r'(?:x|cx|y|cy|width|height)="(-?[\d.]+)"', figure.svg)]
    assert all(-20 <= n <= 560 for n in numbers)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 4000), st.floats(0, 1)), min_size=2, max_size=60, unique_by=lambda pair: pair[0])
)
def test_any_history_can_be_drawn(rows: list[tuple[int, float]]):
    scores = [Scored(dt.date(2015, 1, 1) + dt.timedelta(days=d), c, c * 0.9, min(1, c * 1.1)) for d, c in sorted(rows)]
    figure = history(scores)
    ElementTree.fromstring(figure.svg)
    assert len(figure.table.rows) <= 61
    assert len(re.findall(r"v5", figure.svg)) <= 12


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.floats(0, 1)), min_size=1, max_size=12))
def test_any_months_can_be_drawn(rows: list[tuple[int, float]]):
    figure = months([Month(dt.date(2025, i + 1, 1), due, due * share) for i, (due, share) in enumerate(rows)], about="")
    heights = [float(h) for h in re.findall(r'height="([\d.]+)"', figure.svg)]
    assert max(heights) <= 168.1


def test_the_strip_places_range_estimate_and_what_is_usual():
    drawn = strip(0.62, 0.48, 0.74, band="high", usual=0.16)
    assert 'd="M57.8 6H86.9"' in drawn
    assert 'class="high" cx="73.4"' in drawn
    assert 'd="M21.9 1V11"' in drawn
    assert 'class="new"' in strip(0.1, 0, 0.2, band='x" onload="y')


@pytest.mark.parametrize("many", [0, 1, 62, 100])
def test_a_hundred_squares_are_a_hundred(many: int):
    drawn = hundred(many)
    assert (drawn.count('class="on"'), drawn.count('class="off"')) == (many, 100 - many)


def test_the_bars_of_a_waterfall_meet():
    rows = [Effect(0, 16, "base"), Effect(16, 37, "up"), Effect(37, 31, "down"), Effect(0, 31, "sum")]
    drawn = [re.search(r'x="([\d.]+)" y="2" width="([\d.]+)"', bar) for bar in effects(rows, full=80)]
    assert [(float(b.group(1)), float(b.group(2))) for b in drawn] == [(0, 32), (32, 42), (62, 12), (0, 62)]
