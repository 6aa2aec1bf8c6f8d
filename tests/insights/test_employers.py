"""When two employers' names are the same house: measured on pairs that are and pairs that are not."""

from __future__ import annotations

import pytest
from employer_names import DIFFERENT, SAME
from hypothesis import given
from hypothesis import strategies as st

from tenure.insights.employers import THRESHOLD, likeness, named_in, plain, same


def shares(threshold: float) -> tuple[float, float]:
    """Of pairs that are the same and of pairs that are not, the shares taken to be the same."""
    found, wrong = ([likeness(*pair) >= threshold for pair in pairs] for pairs in (SAME, DIFFERENT))
    return sum(found) / len(found), sum(wrong) / len(wrong)


def test_the_threshold_finds_most_and_takes_no_other_for_the_same():
    """38 of 40 are found and none of 44 is wrong; ten points lower, one in ten would be."""
    assert shares(THRESHOLD) == (0.95, 0.0)
    assert shares(THRESHOLD + 2) == (0.95, 0.0)
    assert shares(THRESHOLD + 6)[0] < 0.8
    assert shares(THRESHOLD - 10)[1] > 0.1


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("Müller & Söhne GmbH", "muller sohne"),
        ("Tidewater Consulting Engineers, LLP", "tidewater consulting engineers"),
        ("The Company", "the company"),
        ("K.P.R. Associates", "kpr associates"),
        ("", ""),
    ],
)
def test_what_is_left_of_a_name(name: str, left: str):
    assert plain(name) == left


@given(st.text(max_size=30), st.text(max_size=30))
def test_likeness_is_mutual_and_bounded(one: str, other: str):
    assert 0 <= likeness(one, other) <= 100
    assert likeness(one, other) == pytest.approx(likeness(other, one))
    assert likeness(one, one) in (0, 100)


def test_the_listed_name_is_given_as_it_is_listed():
    listed = ("Kestrel Labs", "Pinecrest Foundry Inc.")

    assert same("pinecrest foundry", listed) == "Pinecrest Foundry Inc."
    assert same("Pinecrest Builders", listed) is None
    assert named_in("Director of Pinecrest Foundry, East", listed) == "Pinecrest Foundry Inc."
    assert named_in("Foundry worker", listed) is None
