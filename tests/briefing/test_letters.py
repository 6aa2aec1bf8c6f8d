"""A report says the same as an email, in words and on paper, whatever a member is called."""

from __future__ import annotations

import datetime as dt
import re
import zlib
from html.parser import HTMLParser

import pytest

from tenure.briefing import Brief, Link, Part, letter, paper
from tenure.charts import Column, Month, Table, months

NASTY = ("<script>alert(1)</script>", '#image("/etc/passwd")', "*Bold* _x_ $x$ \\u{1F600}", "{{ settings }}", "'; --")
PEOPLE = Table(
    "By rank",
    (Column("Member", is_number=False), Column("In 100")),
    tuple((name, str(60 - i)) for i, name in enumerate(NASTY)),
)
CHART = months(
    [Month(dt.date(2025, m, 1), 10 * m, float(m), ((m, m), (m - 1, m + 1), (m - 2, m + 2))) for m in range(3, 9)],
    about="Terms that end",
)
BRIEF = Brief(
    kind="weekly",
    day=dt.date(2025, 3, 4),
    subject="The week to March 4",
    opening="12 to call, and 3 payments to fix.",
    fresh="Scores of March 4, today.",
    parts=(
        Part("Call first", ("Ten of them.",), PEOPLE, link=Link("The work list", "/?call=1")),
        Part(CHART.finding, figure=CHART),
    ),
)


class _Reader(HTMLParser):
    """What a page says, and which elements it has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def test_the_html_holds_names_as_text_and_every_chart_in_words_too():
    page = _Reader(letter.as_html(BRIEF, "https://tenure.example.org", {"months": "cid:months"}, "You asked for it."))

    assert set(NASTY) <= set(page.said)
    assert {tag for tag, _ in page.found}.isdisjoint({"script", "link", "style", "iframe", "form"})
    pictures = [attributes for tag, attributes in page.found if tag == "img"]
    assert [picture["src"] for picture in pictures] == ["cid:months"]
    told = [
        f"{dt.date(2025, m, 1):%b} 2025; Due {10 * m}; May lapse {m}; In 100 10; 50 % range {m}–{m}; "
        f"80 % range {m - 1}–{m + 1}; 95 % range {m - 2}–{m + 2}; Lapsed last year –."
        for m in range(3, 9)
    ]
    assert pictures[0]["alt"] == f"{CHART.finding}. {' '.join(told)}"
    assert [attributes["href"] for tag, attributes in page.found if tag == "a"] == [
        "https://tenure.example.org/?call=1"
    ]


def test_a_chart_without_its_picture_is_a_table_and_without_an_address_there_are_no_links():
    page = _Reader(letter.as_html(BRIEF, "", {}))

    tags = [tag for tag, _ in page.found]
    assert (tags.count("table"), tags.count("img"), tags.count("a")) == (2, 0, 0)


def test_the_words_hold_every_number_of_the_charts_in_columns():
    text = letter.as_text(BRIEF, "https://tenure.example.org", "You asked for it.")

    lines = text.splitlines()
    assert lines[0] == BRIEF.opening
    assert ["Mar", "2025", "30", "3", "10", "3–3", "2–4", "1–5", "–"] in [line.split() for line in lines]
    assert "The work list: https://tenure.example.org/?call=1" in lines
    assert lines[-1] == "You asked for it."
    assert all(name in text for name in NASTY)


@pytest.mark.parametrize("parts", [BRIEF.parts, ()])
def test_the_paper_is_a_tagged_pdf_that_runs_nothing_of_what_it_says(parts: tuple[Part, ...]):
    made = paper.as_pdf(
        Brief("weekly", BRIEF.day, BRIEF.subject, BRIEF.opening, BRIEF.fresh, parts), "An <association>"
    )

    assert made.startswith(b"%PDF-")
    assert b"/StructTreeRoot" in made
    assert b"/JavaScript" not in made


def texts_by_page(pdf: bytes) -> list[int]:
    """How many lines of text are set on each page."""
    found = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    pages = [zlib.decompress(one) for one in found if one[:1] == b"\x78"]
    return [page.count(b"BT ") for page in pages if page.startswith(b"/") and b"BT " in page]


def on_paper(*parts: Part) -> list[int]:
    return texts_by_page(paper.as_pdf(Brief("daily", BRIEF.day, "", "", "", parts), "A"))


def test_a_table_with_room_on_a_page_is_not_split_and_takes_its_heading_along():
    """Whatever stands above it."""
    table = Table("", (Column("Month", is_number=False),), tuple((f"M{i}",) for i in range(10)))
    alone, words = on_paper(Part("Months", table=table)), on_paper(Part("Words"))
    for lines in (28, 30, 32, 34):
        first, second = on_paper(Part("Words", ("x",) * lines), Part("Months", table=table))
        assert (first, second) == (words[0] + lines, alone[0])


def test_a_name_that_is_wider_than_its_column_is_broken_on_paper():
    columns = (Column("Member", is_number=False), Column("Why", is_number=False))
    why = "3 logins in the last year; members like this, 12. " * 3

    def lines(name: str) -> int:
        return sum(on_paper(Part("Call", table=Table("", columns, ((name, why),)))))

    assert lines("Donaudampfschifffahrt" * 5) >= lines("Ada") + 2


def test_in_an_email_a_sentence_beside_many_columns_gets_a_line_of_its_own():
    columns = (*PEOPLE.columns, Column("Renewal", is_number=False), Column("Why", is_number=False))
    table = Table("", columns, (("Ada", "60", "Ends in 8 days", "No login"), ("Bo", "50", "Ends in 9 days", "")))
    page = _Reader(letter.as_html(Brief("daily", BRIEF.day, "", "", "", (Part("Call", table=table),)), "", {}))

    assert [tag for tag, _ in page.found].count("tr") == 4
    assert "Why: No login" in page.said
    assert [attributes["colspan"] for tag, attributes in page.found if "colspan" in attributes] == ["3"]


def test_the_words_of_a_wide_table_fit_a_mail_program_line():
    names = (*PEOPLE.columns, Column("Renewal", is_number=False), Column("Why", is_number=False))
    why = "Active days, recent ones counting most: 1.3; members like this, 5.2"
    table = Table("", names, (("Ada Lovelace", "60", "11 days into grace", why), ("Bo", "5", "Ends in 9 days", "")))
    lines = letter.as_text(Brief("daily", BRIEF.day, "", "", "", (Part("Call", table=table),)), "").splitlines()

    assert max(map(len, lines)) <= 76
    assert lines[-4:] == [
        "Member        In 100  Renewal",
        "Ada Lovelace      60  11 days into grace",
        f"  Why: {why}",
        "Bo                 5  Ends in 9 days",
    ]


def test_pictures_are_large_enough_for_sharp_screens():
    made = paper.as_png(CHART)

    assert made.startswith(b"\x89PNG")
    assert int.from_bytes(made[16:20]) == 1520
