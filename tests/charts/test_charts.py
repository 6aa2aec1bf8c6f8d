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
    Cell,
    ClassDays,
    Compared,
    Effect,
    Event,
    Figure,
    Gain,
    Horizon,
    Month,
    Scored,
    Signal,
    Watched,
    Way,
    calibration,
    class_days,
    dues,
    dumbbell,
    effects,
    forest,
    gains,
    heat,
    history,
    hundred,
    months,
    movement,
    retention,
    strip,
    watch,
    waterfall,
)
from tenure.charts.movement import Month as Moved
from tenure.charts.retention import Line, Mark

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


def ahead(month: int, due: int, expected: float, *, before: int | None = None) -> Month:
    """A month of 2025 whose ranges reach 2, 4 and 6 lapses to either side."""
    spans = [(max(0, round(expected) - by), min(due, round(expected) + by)) for by in (2, 4, 6)]
    return Month(dt.date(2025, month, 1), due, expected, (spans[0], spans[1], spans[2]), before)


def some_figures() -> list[Figure]:
    return [
        calibration(bins((0.02, 0.02), (0.2, 0.21), (0.7, 0.68)), about="a"),
        gains([Gain(i / 20, min(1, i / 10), i / 15, min(1, i / 4)) for i in range(1, 21)], about="b"),
        history(nights(0.1, 0.2, 0.6), events=[Event(DAY, 'Renewed <b>"twice"</b>')], about="c"),
        months([ahead(m, 40 + m, 7.5 + m, before=m) for m in range(3, 9)], about="d"),
        class_days(class_of(100, 80), finding="The February class is as it was", about="e"),
        movement(moved((12, 7), (5, 9), (8, 0), open_=4), about="f"),
        retention(line("joined 2021–2025", 0.8), line("joined 2016–2020", 0.7), about="g"),
        heat(cohorts((2021, 70), (2022, 80), (2023, 90)), about="h"),
        dues([horizon(days, 1000.0 * days, 150.0 * days) for days in (30, 60, 90)], about="i", money="$"),
        watch(watched(0.3, 0.6, 1.4), about="k"),
        forest([compared(4.0, 3.0), compared(4.0, 9.0, band="high"), compared(-1.0, 9.0)], about="l"),
        waterfall(way(18, ("No login for 94 days & <more>", 20), ("Does not renew automatically", 10)), about="j"),
    ]


def compared(points: float, half: float, *, name: str = "Call <them> & ask", band: str = "") -> Compared:
    return Compared(name, band, 1200, 1010, 206, 160, points, points - half, points + half)


@pytest.mark.parametrize(
    ("rows", "finding"),
    [
        ([(4.0, 5.0), (6.0, 3.0, "high")], "Of no playbook can it be told yet whether contact keeps members"),
        ([(4.0, 3.0), (9.0, 3.0, "high")], "“Call” keeps members: +4.0 points"),
        ([(4.0, 3.0), (-6.0, 3.0)], "“Call” loses members: −6.0 points; 1 more differs beyond chance"),
    ],
)
def test_what_contact_does_is_told_of_playbooks_and_drawn_with_their_bands(rows: list[tuple], finding: str):
    """Only whole playbooks make a finding; each row stands on one scale, around the line of no difference."""
    told = [compared(points, half, name="Call", band="".join(band)) for points, half, *band in rows]
    figure = forest(told, about="")

    assert figure.finding == finding
    assert figure.svg.count('class="bar"') == sum(not row.band for row in told)
    assert figure.svg.count('class="pt"') == sum(bool(row.band) for row in told)
    ends = re.findall(r'class="whisk" d="M([\d.]+) [\d.]+v10M([\d.]+)', figure.svg)
    assert [(float(low) < 380 < float(high)) for low, high in ends] == [not row.is_apart for row in told]
    assert figure.table.rows[0][5:] == ("1,200", "1,010", "206", "160")


def watched(*reaches: float, nearest: str = "Email & more") -> list[Watched]:
    last = len(reaches) - 1
    return [Watched(DAY - dt.timedelta(days=last - i), nearest, reach, reach > 1) for i, reach in enumerate(reaches)]


@pytest.mark.parametrize(
    ("reaches", "finding"),
    [
        ((0.3, 0.34, 0.2), "No warning in 3 nights; Email & more came nearest, at 34 of 100"),
        ((0.3, 1.4, 1.2), "Email & more moved farthest; warned since February 28"),
        ((1.4, 0.3, 0.2), "No warning now; the last was on February 27, when Email & more moved farthest"),
    ],
)
def test_the_watch_says_since_when_it_warns_or_how_near_it_came(reaches: tuple[float, ...], finding: str):
    figure = watch(watched(*reaches), about="")

    assert figure.finding == finding
    assert figure.svg.count('class="event"') == sum(reach > 1 for reach in (*reaches, reaches[-1]))
    assert [row[2] for row in figure.table.rows] == [str(round(100 * reach)) for reach in reversed(reaches)]


def way(usual: float, *signals: tuple[str, float], rest: float = -3.0) -> Way:
    told = [Signal(text, "", points) for text, points in signals]
    score = usual + sum(points for _, points in signals) + rest
    return Way("the average Gulf member", usual, [*told, Signal("All other signals", "", rest)], score)


@pytest.mark.parametrize(
    ("made", "finding"),
    [
        (way(18, ("No login", 20), ("No post", 5)), "22 points above the average Gulf member; most go with “No login”"),
        (way(18, ("No login", 4), rest=-3), "1 point above the average Gulf member; most go with “No login”"),
        (way(18, ("No login", 2), rest=-12), "10 points below the average Gulf member"),
        (way(18, rest=0.2), "As the average Gulf member"),
    ],
)  # fmt: skip
def test_the_way_to_a_score_says_how_far_it_leads_and_by_what(made: Way, finding: str):
    figure = waterfall(made, about="")

    assert figure.finding == finding
    assert [row[0] for row in figure.table.rows][-1] == "This member"
    assert figure.table.rows[0] == ("The average Gulf member; what is usual", "18")
    assert finding in figure.svg


def test_a_reason_of_less_than_a_point_is_not_told_as_none():
    table = waterfall(way(18, ("No login", 20.4), ("Paid late", 0.3), ("Joined", 0.01), rest=-0.4), about="").table
    assert [points for _, points in table.rows] == ["18", "+20", "+0.3", "0", "−0.4", "38"]


def class_of(due: int, due_before: int, today: int = 10) -> ClassDays:
    days = today + 91
    return ClassDays(
        dt.date(2025, 2, 28), -90, due, due_before, [i * due // 150 for i in range(days)],
        [i * due_before // 150 for i in range(days)], [due_before * 3 // 4] * (151 - days), due_before,
    )  # fmt: skip


def moved(*pairs: tuple[int, int], open_: int = 0) -> list[Moved]:
    last = len(pairs)
    return [
        Moved(dt.date(2025, i, 1), came, 1, left, 1, open_ if i == last else 0, i < last)
        for i, (came, left) in enumerate(pairs, 1)
    ]


def line(name: str, yearly: float, followed: int = 200, spread: float = 0.02, years: int = 6) -> Line:
    shares = [yearly**year for year in range(years + 1)]
    marks = [
        Mark(year, followed, 10 * year, 5 * year, share, max(0, share - spread), min(1, share + spread))
        for year, share in enumerate(shares)
    ]
    steps = [(yearly ** (m // 12), yearly ** (m // 12) * 0.97, min(1, yearly ** (m // 12) * 1.03)) for m in range(121)]
    return Line(name, followed, steps, marks)


def cohorts(*firsts: tuple[int, int]) -> list[Cell]:
    cells = [Cell(year, 1, renewed, 100) for year, renewed in firsts]
    last = firsts[-1][0]
    return [*cells, Cell(last, 2, 3, 4), Cell(last, 3, 5, 40, whole=False), Cell(last, 4, 0, 0, whole=False)]


def horizon(days: int, due: float, at_risk: float) -> Horizon:
    return Horizon(days, days * 10, 20, days, days * 0.8, days * 1.2, due, at_risk, at_risk * 0.8, at_risk * 1.2)


@pytest.mark.parametrize("figure", some_figures(), ids=lambda figure: figure.key)
def test_every_chart_is_whole_and_leaves_its_colors_to_the_page(figure: Figure):
    root = ElementTree.fromstring(figure.svg)
    title, reading = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("aria-labelledby") == f"{title.get('id')} {reading.get('id')}"
    assert len(title.text) > 10
    assert len(reading.text) > 20
    assert not re.search(r'\b(fill|stroke|style|font-family|on\w+)="', figure.svg)
    assert not figure.finding[0].islower()
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
        ([(0.1, 0.2), (0.3, 0.3), (0.6, 0.6)], "2 of 3 groups lapsed as scored, within chance or 2 in 100"),
    ],
)
def test_the_calibration_chart_says_where_scores_can_be_trusted(pairs: list[tuple[float, float]], said: str):
    assert said in calibration(bins(*pairs), about="").finding


def test_the_calibration_chart_counts_decisions_not_members():
    drawn = calibration(bins((0.02, 0.02), (0.2, 0.21)), about="")

    assert [column.name for column in drawn.table.columns][:2] == ["Scored, in 100", "Decisions"]
    assert "decisions in each group" in drawn.svg


def test_a_range_of_small_chances_is_told_to_a_tenth_like_the_share_within_it():
    drawn = calibration([Bin(0.003, 0.0086, 0.0051, 0.0136, 2050), Bin(0.7, 0.59, 0.571, 0.61, 2436)], about="")

    assert [row[2:] for row in drawn.table.rows] == [("0.9", "0.5–1.4"), ("59", "57–61")]


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


@pytest.mark.parametrize(("chance", "is_above"), [(0.21, False), (0.1, True), (0.35, True)])
def test_the_line_of_scores_does_not_strike_out_the_words_of_a_threshold(chance: float, is_above: bool):
    figure = history(nights(*[chance] * 5, 0.6))
    words = re.search(r'<text[^>]* y="([\d.]+)"[^>]*>20, medium from here', figure.svg)
    grid = max(float(y) for y in re.findall(r'd="M0 ([\d.]+)H760"', figure.svg))
    assert words
    assert (float(words[1]) < grid) == is_above


def test_events_that_leave_no_room_stay_in_the_table():
    """Words in the lane never lie over one another."""
    events = [Event(DAY - dt.timedelta(days=i), f"Something that happened {i}") for i in range(8)]
    figure = history(nights(*[0.1 + i / 50 for i in range(20)]), events=events)
    drawn = figure.svg.count("Something that happened")
    assert drawn < 8
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
@given(
    st.lists(
        st.tuples(st.integers(0, 10**6), st.floats(0, 1), st.none() | st.integers(0, 10**6)), min_size=1, max_size=12
    )
)
def test_any_months_can_be_drawn(rows: list[tuple[int, float, int | None]]):
    told = [ahead(i + 1, due, due * share, before=before) for i, (due, share, before) in enumerate(rows)]
    figure = months(told, about="")
    heights = [float(h) for h in re.findall(r'height="([\d.]+)"', figure.svg)]
    assert max(heights) <= 168.1


def test_the_months_ahead_tell_three_ranges_and_what_lapsed_last_year():
    """The fan is a dark box in a light one on a line; a diamond stands beside it where last year's number is known."""
    figure = months([ahead(3, 300, 40.4, before=47), ahead(4, 1200, 20.0)], about="")

    assert figure.finding == "March is the month to mind: 40 of 300 due may lapse, 95 % range 34–46"
    assert figure.table.rows == (
        ("Mar 2025", "300", "40", "13", "38–42", "36–44", "34–46", "47"),
        ("Apr 2025", "1,200", "20", "2", "18–22", "16–24", "14–26", "–"),
    )
    assert [figure.svg.count(f'class="{kind}"') for kind in ("bar", "bar-soft", "pt", "event")] == [2, 2, 2, 1]
    assert "Last year’s number lies within the 95 % range in 0 of 1 months." in figure.svg
    boxes = re.findall(r'class="(bar-soft|bar)" x="[\d.]+" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', figure.svg)
    (_, outer, narrow, tall), (_, inner, wide, low) = [(kind, *map(float, rest)) for kind, *rest in boxes[:2]]
    assert outer < inner < inner + low < outer + tall
    assert narrow < wide


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


@pytest.mark.parametrize(
    ("yearly", "followed", "said"),
    [
        ((0.9, 0.8), 200, "Newer members stay longer: 59 of 100 remain after five years, 33 before"),
        ((0.8, 0.9), 200, "Newer members leave sooner: 33 of 100 remain after five years, 59 before"),
        ((0.9, 0.9), 200, "Newer members stay about as long as older ones: 59 of 100 remain after five years, 59"),
        ((0.9, 0.8), 20, "59 of 100 remain after five years"),
        ((0.9, 0.8), 5, "Too few are followed long enough to tell"),
    ],
)
def test_cohorts_differ_only_where_their_ranges_do_not_touch(yearly: tuple[float, float], followed: int, said: str):
    newer, older = (line(name, share, followed) for name, share in zip(("newer", "older"), yearly, strict=True))
    assert retention(newer, older, about="").finding.startswith(said)


@pytest.mark.parametrize(
    ("firsts", "said"),
    [
        (((2021, 70), (2022, 80), (2023, 90)), "First renewals are at their best: 90 in 100 of 2023, 70 of 2021"),
        (((2021, 90), (2022, 80), (2023, 70)), "First renewals are at their weakest: 70 in 100 of those who joined"),
        (((2021, 80), (2022, 70), (2023, 78)), "The weakest first renewal is that of 2022: 70 in 100; of 2023, 78"),
        (((2021, 80), (2022, 80)), "First renewals have not moved: 80 in 100 renew"),
        (((2021, 80),), "Too few cohorts are finished"),
    ],
)
def test_the_weakest_cohort_is_named_from_finished_cells(firsts: tuple[tuple[int, int], ...], said: str):
    assert heat(cohorts(*firsts), about="").finding.startswith(said)


def test_cells_that_are_open_or_of_few_are_neither_colored_nor_compared():
    few, open_ = Cell(2024, 1, 3, 19), Cell(2024, 1, 3, 400, whole=False)
    svg = heat([*cohorts((2021, 80), (2022, 90)), few], about="").svg

    assert (few.kind, open_.kind, Cell(2024, 1, 93, 100).kind, Cell(2024, 1, 50, 100).kind) == (
        "few", "open", "q7", "q1",
    )  # fmt: skip
    assert 'class="open"' in svg
    assert "Hatched cells are not finished" in svg


def test_open_months_are_hatched_and_counted_in_no_finding():
    figure = movement(moved((12, 7), (5, 9), (8, 0), open_=4), about="")

    assert figure.finding == "1 more came than left in 2 decided months: 19 came, 18 left"
    assert figure.svg.count('class="iv2"') == 1
    assert figure.table.rows[-1][5] == "+8 so far"
    assert '<pattern id="hatch"' in figure.standalone()
    assert '<pattern id="hatch"' not in movement(moved((12, 7), (5, 9)), about="").standalone()


def test_a_class_is_told_up_to_today_and_last_years_beyond():
    figure = class_days(class_of(100, 80, today=10), finding="As it was", about="")
    rows = {row[0].split(",")[0]: row[1:] for row in figure.table.rows}

    assert rows["March 10"] == ("66", "66.0", "66.2")
    assert rows["April 29"] == ("–", "–", "75.0")
    assert "75.0 % of that class did in the end." in figure.svg
    assert class_days(class_of(100, 0), finding="As it was", about="").table.rows[0][3] == "–"


def test_words_beside_the_lines_of_a_class_stand_where_no_line_comes():
    """Lines only rise: the upper share is said before the day, the lower one after it, where there is room."""
    for figure, upper in (
        (class_days(class_of(100, 80), finding="", about=""), "66.2 % in 2024"),
        (class_days(class_of(150, 80), finding="", about=""), "66.7 % this year"),
    ):
        said = re.findall(
            r'<text class="[^"]*halo[^"]*" x="([\d.]+)"[^>]*?( text-anchor="end")?>([^<]*%[^<]*)<', figure.svg
        )
        x = float(re.search(r'<circle [^>]*cx="([\d.]+)"', figure.svg).group(1))
        assert {words: (float(at) < x, bool(end)) for at, end, words in said} == {
            words: (words == upper, words == upper) for _, _, words in said
        }
        assert len(said) == 2


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400), st.integers(0, 30)), min_size=1, max_size=13))
def test_any_movement_can_be_drawn_and_its_finding_adds_up(rows: list[tuple[int, int, int]]):
    months_ = [Moved(dt.date(2025, 1 + i % 12, 1), a, 0, b, 0, c) for i, (a, b, c) in enumerate(rows)]
    figure = movement(months_, about="")
    ElementTree.fromstring(figure.svg)
    net = sum(row.net for row in months_ if row.is_whole)

    assert not re.search(r'(width|height)="-', figure.svg)
    assert (f"{abs(net):,} more" in figure.finding) or net == 0


def test_a_dumbbell_stays_on_its_line_and_leaves_out_what_is_not_known():
    assert 'class="prior"' not in dumbbell(0.5, None, 0, 1)
    assert 'class="this"' not in dumbbell(None, 0.5, 0, 1)
    assert re.search(r'cx="194"', dumbbell(2.0, 0.5, 0, 1))
    assert "nan" not in dumbbell(0.5, 0.5, 0.5, 0.5)


def test_amounts_that_are_expected_have_three_digits():
    figure = dues([horizon(90, 1_063_441.0, 171_234.0)], about="", money="$")
    assert figure.finding == "$171,000 of $1.06 million due in 90 days is at risk, 16 %"
    assert dues([horizon(90, 0.0, 0.0)], about="").finding == "No dues are due within 90 days"
