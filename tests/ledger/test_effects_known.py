"""What became of those a playbook wanted, by arm and band, with what was known on the day alone."""

from __future__ import annotations

import datetime as dt
from typing import Any

import polars as pl
import pytest

from tenure.app.effects import by_band, by_playbook, contact_of, drawn_for
from tenure.impact.effects import Arms

pytestmark = pytest.mark.usefixtures("home")
SINCE, END = dt.date(2025, 3, 1), dt.date(2025, 3, 31)


def wanted(
    member: int, arm: str = "treated", band: str = "high", stage: str = "before", *, reached: bool = True
) -> Any:
    from tenure.ledger.experiments import Wanted

    return Wanted(member, arm, f"{band}, {stage}", SINCE, SINCE if reached and arm == "treated" else None)


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


def test_each_member_counts_once_where_first_wanted_and_nobody_from_after_the_day() -> None:
    """What Today says of contact: forty wanted by two playbooks, of whom one came later than the day that is told."""
    from tenure.ledger import experiments

    def draw(name: str, members: range, on: dt.date) -> None:
        drawn = [experiments.Drawn(m, "control" if m % 2 else "treated", "high, before") for m in members]
        experiments.keep(experiment=name, drawn=drawn, share=0.5, as_of=on, by="tenure run")
        experiments.expose(experiment=name, occasions=dict.fromkeys(members, "x"), kind="eligible", as_of=on)

    draw("call", range(1, 41), SINCE)
    draw("letter", range(20, 44), SINCE + dt.timedelta(days=1))
    draw("late", range(50, 60), SINCE + dt.timedelta(days=9))
    outcomes = decided(*((m, "lapsed" if m % 2 and m < 21 else "renewed", END, END) for m in range(1, 43)))
    drawn = drawn_for(["call", "letter", "late"], SINCE + dt.timedelta(days=5))
    told = contact_of(drawn, outcomes)

    assert (told["wanted"], told["decided"], told["treated"], told["control"]) == (43, 42, 21, 21)
    assert (told["treated_kept"], told["control_kept"], told["reached"]) == (21, 11, 0)
    assert 0 < told["low"] < 40 < told["points"] < told["high"]
    few = contact_of(drawn_for(["call"], SINCE), outcomes.filter(pl.col("member") < 39))
    assert (few["wanted"], few["decided"], few["points"]) == (40, 38, None)

    each = by_playbook(drawn, {"call": "Call them", "letter": "Write a letter"}, outcomes)
    assert [(row["playbook"], row["band"], row["decided"]) for row in each] == [
        ("Call them", "", 40), ("Call them", "high", 40), ("late", "", 0), ("Write a letter", "", 23),
        ("Write a letter", "high", 23),
    ]  # fmt: skip
    assert (each[0]["wanted"], each[0]["treated_kept"], each[0]["control_kept"]) == (40, 20, 10)
    assert [row["points"] is None for row in each] == [False, False, True, True, True]
    assert each[0]["points"] == 50
    assert 0 < each[0]["low"] < 50 < each[0]["high"]


def test_who_was_reached_after_the_outcome_was_not_reached() -> None:
    """A call that wins back who has lapsed says nothing of what contact does before the renewal."""
    from tenure.ledger.experiments import Wanted

    over = END + dt.timedelta(days=30)
    days = {1: over, 2: over + dt.timedelta(days=1), 3: END, 4: END + dt.timedelta(days=1)}
    people = [Wanted(member, "control", "high, before", SINCE, day) for member, day in days.items()]
    outcomes = decided((1, "lapsed"), (2, "lapsed"), (3, "renewed", END, END), (4, "renewed", END, END))

    assert by_band(people, outcomes)["high"].control_reached == 2


def test_who_had_lapsed_already_is_not_counted_as_kept_or_lost() -> None:
    assert by_band([wanted(1, band="no band", stage="lapsed")], decided((1, "renewed"))) == {}
