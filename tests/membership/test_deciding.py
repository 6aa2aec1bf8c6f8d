"""When members make up their minds, from the association's own renewals."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import polars as pl
import pytest
from test_terms import RULES, term, terms

from tenure.membership import decisions, still_open

END = dt.date(2023, 12, 31)


def renewals(late: Sequence[int], *, first: int = 0, auto: bool = False) -> pl.DataFrame:
    """Terms of as many members, the next of each paid so many days after the end of the first."""
    rows = []
    for member, days in enumerate(late, first):
        paid = (END + dt.timedelta(days=days)).isoformat()
        both = (
            term(f"a{member}", "2023-01-01", "2023-12-31", member=member, paid="2023-01-01"),
            term(f"b{member}", "2024-01-01", "2024-12-31", member=member, paid=paid),
        )
        rows += [one | {"auto_renew": auto} for one in both]
    return terms(*rows)


def told(table: pl.DataFrame, as_of: dt.date = dt.date(2024, 6, 1)) -> dict[int, float]:
    members = pl.DataFrame({"member": table["member"].unique()}).with_columns(
        valid_from=dt.datetime(2010, 1, 1), record_type=pl.lit("individual"),
        objects_to_profiling=pl.lit(None, pl.Boolean), deceased_on=pl.lit(None, pl.Date),
    )  # fmt: skip
    return still_open(decisions(table, members, RULES, as_of=as_of))


def test_the_share_who_had_not_renewed_yet_is_who_is_still_open() -> None:
    share = told(renewals([-40] * 50 + [-5] * 25 + [20] * 25))

    assert share[60] == pytest.approx(1.0)
    assert share[30] == pytest.approx(0.50, abs=0.01)
    assert share[0] == pytest.approx(0.25, abs=0.01)
    assert 0 < share[-20] < 0.01
    assert min(share) == -20


def test_those_who_renew_by_themselves_decide_nothing_then() -> None:
    assert told(pl.concat([renewals([-40] * 40), renewals([-2] * 99, first=500, auto=True)])) == told(
        renewals([-40] * 40)
    )


def test_too_few_renewals_tell_nothing() -> None:
    assert told(renewals([-5] * 29)) == {}


def test_what_was_recorded_later_changes_nothing() -> None:
    before = dt.date(2024, 2, 15)
    known = renewals([-40] * 40)
    later = renewals([20] * 99, first=500).with_columns(recorded_at=pl.lit(dt.datetime(2024, 3, 1)))

    assert told(pl.concat([known, later]), before) == told(known, before)
