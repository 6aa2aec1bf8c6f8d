"""What members say of their leaving is read as the reason that they mean, or not at all."""

from __future__ import annotations

import polars as pl
import pytest

from tenure.insights import REASONS, is_about_leaving, stated_reason


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("Dues", "price"),
        ("Too expensive for what I get out of it", "price"),
        ("Something else: the membership fee went up again", "price"),
        ("I can’t afford it this year", "price"),
        ("Lost the early-career discount", "price"),
        ("My employer no longer pays the dues", "employer stopped paying"),
        ("The company does not cover memberships any more, too costly", "employer stopped paying"),
        ("My card was declined", "payment failure"),
        ("I retired in June", "left the field or retired"),
        ("I have left the profession", "left the field or retired"),
        ("I forgot", "forgot"),
        ("I forgot to pay the dues", "forgot"),
        ("I did not use it enough", "disengaged"),
        ("No time", "disengaged"),
        ("It is not about the price", None),
        ("My work changed", None),
        ("Something else", None),
        ("Yes", None),
        ("", None),
        (None, None),
    ],
)
def test_words_are_read_as_the_reason_that_they_name(words: str | None, reason: str | None):
    assert stated_reason(pl.Series([words], dtype=pl.String)).to_list() == [reason]
    assert reason is None or reason in REASONS


@pytest.mark.parametrize(
    ("question", "about"),
    [
        ("What was the main reason that your membership ended?", True),
        ("What would make you renew?", True),
        ("Have you found here what you joined for?", False),
        ("Which fee would be fair for the gala?", False),
        (None, False),
    ],
)
def test_only_answers_about_leaving_count(question: str | None, about: bool):
    assert is_about_leaving(pl.Series([question], dtype=pl.String)).to_list() == [about]
