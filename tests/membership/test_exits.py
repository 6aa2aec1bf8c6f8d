"""A lapse by a failed payment is told apart from one that the member chose."""

from __future__ import annotations

import datetime as dt

import polars as pl
import pytest
from test_terms import RULES, people, term, terms

from tenure.membership import decisions, with_exits

FAILED, ACTED = dt.date(2024, 1, 2), dt.date(2023, 12, 1)


def days(*on: dt.date) -> pl.DataFrame:
    return pl.DataFrame({"member": [1] * len(on), "day": list(on)}, schema={"member": pl.Int64, "day": pl.Date})


@pytest.mark.parametrize(
    ("auto", "failed", "acted", "ended_by", "told"),
    [
        (True, FAILED, ACTED, None, "payment failure"),
        (False, FAILED, ACTED, None, "voluntary"),
        (True, None, ACTED, None, "voluntary"),
        (True, dt.date(2023, 10, 1), ACTED, None, "voluntary"),
        (True, dt.date(2024, 1, 31), ACTED, None, "voluntary"),
        (True, FAILED, dt.date(2023, 8, 1), None, "voluntary"),
        (True, FAILED, ACTED, "resigned", "voluntary"),
        (True, FAILED, ACTED, "merged", "merged"),
        (False, None, dt.date(2023, 8, 1), "payment_failed", "payment failure"),
    ],
)
def test_only_an_engaged_member_who_meant_to_renew_was_lost_by_a_failed_payment(auto, failed, acted, ended_by, told):
    """Automatic renewal, a failure around the end, a late act of one's own, no resignation; or the source says so."""
    ended = term("a", "2023-01-01", "2023-12-31", ended_by=ended_by) | {"auto_renew": auto}
    found = decisions(terms(ended), people(), RULES, as_of=dt.date(2024, 6, 1))

    told_apart = with_exits(found, days(*([failed] if failed else [])), days(acted))

    assert told_apart["exit"].to_list() == [told]
