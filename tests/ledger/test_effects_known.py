"""What became of those a playbook wanted, by arm and band, with what was known on the day alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from tenure.app.effects import by_band
from tenure.impact.effects import Arms

pytestmark = pytest.mark.usefixtures("home")
SINCE, END = dt.date(2025, 3, 1), dt.date(2025, 3, 31)


def wanted(
    member: int, arm: str = "treated", band: str = "high", stage: str = "before", *, reached: bool = True
) -> Any:
    from tenure.ledger.experiments import Wanted

    return Wanted(member, arm, f"{band}, {stage}", SINCE, is_reached=reached and arm == "treated")


def decided(*rows: tuple[Any, ...]) -> pl.DataFrame:
    """Decisions from member, outcome, end of the term, and day of the renewal."""
    names = {"member": pl.Int64, "outcome": pl.String, "ends_on": pl.Date, "renewed_on": pl.Date}
    given = [(*row, *([END, None][len(row) - 2 :])) for row in rows]
    return pl.DataFrame(given, schema=names, orient="row").with_columns(grace=pl.lit(30))


def test_each_arm_has_its_lapses_by_band_and_those_pending_are_left_out() -> None:
    people = [wanted(1), wanted(2), wanted(3, reached=False), wanted(4, "control"), wanted(5, band="medium"), wanted(6)]
    outcomes = decided((1, "lapsed"), (2, "renewed"), (3, "lapsed"), (4, "lapsed"), (5, "renewed"), (6, "pending"))

    assert by_band(people, outcomes) == {"high": Arms(3, 2, 2, 1, 1), "medium": Arms(1, 0, 1, 0, 0)}


def test_it_is_the_renewal_that_lay_ahead_and_no_other() -> None:
    year = dt.timedelta(days=365)
    earlier, later = (END - year, END - year), (END + year, END + year)
    outcomes = decided(
        (1, "renewed", *earlier), (1, "lapsed"), (2, "renewed", END, SINCE - dt.timedelta(days=3)),
        (2, "lapsed", END + year),
        (3, "renewed", END, END), (3, "lapsed", *later),
    )  # fmt: skip

    assert by_band([wanted(1), wanted(2), wanted(3)], outcomes) == {"high": Arms(3, 2, 3, 0, 0)}


def test_who_had_lapsed_already_is_not_counted_as_kept_or_lost() -> None:
    assert by_band([wanted(1, band="no band", stage="lapsed")], decided((1, "renewed"))) == {}
