"""A change of the association concerns those whom its scope names, from the day after it."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
from histories import features_of, person, write, years

from tenure.features import FEATURES
from tenure.features.changes import COLUMNS

CHANGED = dt.date(2024, 3, 1)
CHOSEN = tuple(feature for feature in FEATURES if feature.name in COLUMNS)


def act(member: int, kind: str, ref: str | None = None) -> dict[str, object]:
    at = dt.datetime(2023, 9, 1, 9)
    return {"member": member, "kind": kind, "ref": ref, "occurred_at": at, "recorded_at": at}


@pytest.mark.parametrize(
    ("scope", "concerned"),
    [
        ("member_type=REG", {1, 3, 4}),
        ("member_type=STU", {2}),
        ("chapter_id=north", {1}),
        ("kind=event", {1}),
        ("kind=login", {2}),
        ("ref=COURSE-7", {3, 4}),
        ("ref=COURSE-8", set()),
        ("weather=bad", set()),
    ],
)
def test_a_change_concerns_those_whom_its_scope_names(tmp_path: Path, scope: str, concerned: set[int]):
    """Member 4 is the organization that pays for 3."""
    members = [
        person(1, chapter_id="north"), person(2, chapter_id="south"), person(3, organization=4),
        person(4, record_type="organization"),
    ]  # fmt: skip
    terms = [t | {"member_type": "STU" if m == 2 else "REG"} for m in (1, 2, 3, 4) for t in years(m, 2023, 2024)]
    activity = [act(1, "event_attended"), act(2, "login"), act(3, "learning_started", "COURSE-7")]
    changes = [{"changed_on": CHANGED, "change": "Dues up", "scope": scope}]
    lake = write(tmp_path, members=members, terms=terms, activity=activity, program_changes=changes)
    asked = [(m, dt.date(2024, 3, 31)) for m in (1, 2, 3, 4)]

    found = features_of(lake, asked, CHOSEN)

    np.testing.assert_array_equal(found.column("change_since"), [30 if m in concerned else 999 for m, _ in asked])
    np.testing.assert_array_equal(found.column("changes_cycle"), [float(m in concerned) for m, _ in asked])


def test_nothing_is_known_of_a_change_until_the_day_after_it(tmp_path: Path):
    """On the day itself, and with an empty ledger before it, there is nothing to say, not a zero."""
    changes = [{"changed_on": CHANGED, "change": "Dues up", "scope": "member_type=REG"}]
    lake = write(tmp_path, members=[person(1)], terms=years(1, 2022, 2024), program_changes=changes)

    found = features_of(lake, [(1, CHANGED + dt.timedelta(days=days)) for days in (-1, 0, 1)], CHOSEN)

    np.testing.assert_array_equal(found.column("change_since"), [np.nan, np.nan, 1])
    np.testing.assert_array_equal(found.column("changes_cycle"), [np.nan, np.nan, 1])


def test_a_change_that_concerns_everybody_is_no_signal_of_anybody(tmp_path: Path):
    """It would only tell the date; what a rise of dues means to a member is in the member's own dues."""
    changes = [{"changed_on": CHANGED, "change": "Dues up", "scope": scope} for scope in ("", None, " ")]
    lake = write(tmp_path, members=[person(1)], terms=years(1, 2022, 2024), program_changes=changes)

    found = features_of(lake, [(1, CHANGED + dt.timedelta(days=30))], CHOSEN)

    assert np.isnan(found.x).all()


def entered(entry: int, day: dt.date, scope: str = "member_type=REG", withdrawn: dt.date | None = None) -> dict:
    """What staff entered on *day* of a change of `CHANGED`."""
    return {
        "entry": entry, "changed_on": CHANGED, "scope": scope, "entered_at": dt.datetime.combine(day, dt.time(15)),
        "withdrawn_at": dt.datetime.combine(withdrawn, dt.time(15)) if withdrawn else None,
    }  # fmt: skip


def test_what_staff_entered_is_known_from_the_day_after_they_did_until_the_day_they_withdrew_it(tmp_path: Path):
    """However far back its own day lies: whoever writes it down may know already who left."""
    entry, end = dt.date(2024, 6, 10), dt.date(2024, 6, 20)
    rows = [entered(7, entry, withdrawn=end)]
    lake = write(tmp_path, members=[person(1)], terms=years(1, 2022, 2024), entered_changes=rows)
    asked = [CHANGED + dt.timedelta(days=30), entry, *(entry + dt.timedelta(days=n) for n in (1, 10, 11))]

    found = features_of(lake, [(1, day) for day in asked], CHOSEN)

    since = float((entry - CHANGED).days)
    np.testing.assert_array_equal(found.column("change_since"), [np.nan, np.nan, since + 1, since + 10, 999])
    np.testing.assert_array_equal(found.column("changes_cycle"), [np.nan, np.nan, 1, 1, 0])


def test_a_change_that_is_entered_before_its_day_waits_for_it(tmp_path: Path):
    rows = [entered(7, CHANGED - dt.timedelta(days=40))]
    lake = write(tmp_path, members=[person(1)], terms=years(1, 2022, 2024), entered_changes=rows)

    found = features_of(lake, [(1, CHANGED + dt.timedelta(days=days)) for days in (-1, 0, 1)], CHOSEN)

    np.testing.assert_array_equal(found.column("change_since"), [np.nan, np.nan, 1])


def test_what_the_source_lists_too_counts_once_and_from_its_own_day(tmp_path: Path):
    listed = [{"changed_on": CHANGED, "change": "Dues up", "scope": " member_type=REG"}]
    rows = [entered(7, dt.date(2024, 6, 10)), entered(8, dt.date(2024, 6, 10), scope="chapter_id=north")]
    lake = write(
        tmp_path, members=[person(1, chapter_id="north")], terms=years(1, 2022, 2024), program_changes=listed,
        entered_changes=rows,
    )  # fmt: skip

    found = features_of(lake, [(1, CHANGED + dt.timedelta(days=1)), (1, dt.date(2024, 6, 11))], CHOSEN)

    np.testing.assert_array_equal(found.column("changes_cycle"), [1, 2])
