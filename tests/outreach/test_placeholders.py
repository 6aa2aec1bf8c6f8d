"""Templates say what their placeholders stand for, and nothing in them computes."""

from __future__ import annotations

import datetime as dt

import pytest
from template_payloads import PAYLOADS

from tenure.outreach.placeholders import BadTemplate, read_template
from tenure.outreach.values import clean

NAMES = ("first_name", "joined", "dues", "paid_through", "main_benefit")
VALUES = {"first_name": "Ada", "joined": "since 2016", "dues": 320, "paid_through": dt.date(2026, 3, 4)}


def filled(template: str, **values: object) -> str:
    return read_template(template, names=NAMES).fill({**VALUES, **values}).text  # type: ignore[dict-item]


def fault(template: str) -> BadTemplate:
    with pytest.raises(BadTemplate) as told:
        read_template(template, names=NAMES)
    return told.value


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Dear {first_name},", "Dear Ada,"),
        ("to {paid_through|date}", "to March 4, 2026"),
        ("to {paid_through|day}, {paid_through|year}", "to March 4, 2026"),
        ("in {paid_through|month}", "in March 2026"),
        ("{dues|money} or {dues|number}", "$320 or 320"),
        ('{main_benefit|or:"the library"} waits', "the library waits"),
        ('{first_name|or:"colleague"}', "Ada"),
    ],
)
def test_a_placeholder_is_said_by_its_filter(template: str, text: str):
    assert filled(template) == text


def test_cents_are_said_where_there_are_any():
    assert filled("{dues|money}", dues=1234.5) == "$1,234.50"


def test_an_optional_clause_is_left_out_as_a_whole_when_one_value_is_missing():
    template = "[[You joined {joined} and use {main_benefit}. ]]It runs to {paid_through|day}."
    assert filled(template) == "It runs to March 4."
    assert (
        filled(template, main_benefit="the library") == "You joined since 2016 and use the library. It runs to March 4."
    )


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("A.\n\n[[You use {main_benefit}.]]\n\nB.", "A.\n\nB."),
        ("A. [[You use {main_benefit}.]] B.", "A. B."),
        ("A.\n\n[[You use {main_benefit}. ]]B.", "A.\n\nB."),
        ("[[You use {main_benefit}.]]\n\nB.", "B."),
        ("A.\n\nB. [[You use {main_benefit}.]]\n\nC.", "A.\n\nB.\n\nC."),
    ],
)
def test_a_clause_that_is_left_out_leaves_no_hole(template: str, text: str):
    assert filled(template) == text


def test_each_value_is_found_where_it_is_said():
    result = read_template('Dear {first_name}, [[{joined}, ]]{main_benefit|or:"all"}', names=NAMES).fill(VALUES)
    assert [(said.name, result.text[said.start : said.end], said.by_default) for said in result.said] == [
        ("first_name", "Ada", False), ("joined", "since 2016", False), ("main_benefit", "all", True),
    ]  # fmt: skip


def test_a_value_that_is_missing_is_named():
    result = read_template("Use {main_benefit} till {joined|date}", names=NAMES).fill(VALUES)
    assert result.missing == ("main_benefit", "joined")
    assert result.unsayable == ("`joined` is not a date",)


@pytest.mark.parametrize(
    ("template", "line", "column", "words"),
    [
        ("Dear {frist_name},", 1, 6, "there is no `frist_name`"),
        ("Dear\n{first_name|dato}", 2, 1, "there is no filter `dato`"),
        ("a\n\nb } c", 3, 3, "did not begin"),
        ("x [[y {joined}", 1, 3, "does not end"),
        ("[[a {joined} [[b]] ]]", 1, 14, "within a clause"),
        ("one ]] two", 1, 5, "did not begin"),
        ("[[nothing here]]", 1, 1, "never left out"),
        ("{ first_name }", 1, 1, "no placeholder"),
        ("{first_name|or:“you”}", 1, 1, "no placeholder"),
        ("costs ${dues}", 1, 8, "another template language"),
        ("{dues|money|date}", 1, 1, "one filter"),
        ('{dues|or:"x"|money}', 1, 1, "comes last"),
    ],
)
def test_a_fault_is_told_with_line_column_and_mend(template: str, line: int, column: int, words: str):
    told = fault(template)
    assert (told.line, told.column) == (line, column)
    assert words in told.words
    assert told.mend


def test_there_are_at_least_two_hundred_payloads():
    assert len(set(PAYLOADS)) >= 200


@pytest.mark.parametrize("payload", sorted(set(PAYLOADS)))
def test_no_payload_computes_in_a_value_or_in_a_template(payload: str):
    """In a value each sign stands for itself; in a template it is refused, or stands for itself."""
    around = "Dear {first_name}: {main_benefit}, {dues|money}."
    assert filled(around, first_name=payload, main_benefit=payload) == f"Dear {clean(payload)}: {clean(payload)}, $320."
    assert _as_template(f"A {payload} B") in ("refused", f"A {payload} B")


def _as_template(text: str) -> str:
    try:
        return filled(text)
    except BadTemplate as error:
        return "refused" if error.line >= 1 and error.mend else "refused without a word"


def test_control_direction_and_tag_characters_of_a_value_are_not_said():
    hidden = "A\u202ed\u200ba\U000e0041\ufe0f\r\nBcc: x\x00"
    assert filled("{first_name}", first_name=hidden) == "Ada Bcc: x"
