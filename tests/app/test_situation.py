"""One row per member as known on a day: whom it holds, what each column says, and that it cannot see ahead."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from association import invent
from lakes import act, known_before, lake_of, person, term
from tenure.app.house import House
from tenure.app.situation import situation_of
from tenure.base.home import Home
from tenure.base.settings import Outreach, Settings, Source
from tenure.lake import Lake
from tenure.outreach.situation import COLUMNS

DAY = dt.date(2024, 6, 1)
RUNNING = ("2024-01-01", "2024-12-31")


def house(lake_root: Path) -> House:
    """A house without a model, whose lake is *lake_root* and which has a purpose for every guess."""
    outreach = Outreach(hardship_purpose="to test", displacement_purpose="to test", competitors=("Kestrel Labs",))
    return House(Home(lake_root.parent), Settings(source=Source(kind="files"), outreach=outreach))


def rows_of(root: Path, day: dt.date = DAY, **tables: list) -> dict[int, dict]:
    lake_of(root / "lake", **tables)
    frame = situation_of(house(root / "lake"), day)
    return {row["member"]: row for row in frame.to_dicts()}


def test_who_may_be_contacted_is_in_it_with_their_stage(tmp_path: Path):
    """The deceased, merged, transferred and objecting are not, nor who is paid for by an organization now."""
    found = rows_of(
        tmp_path,
        members=[
            *(person(m) for m in (1, 2, 3, 4, 6, 9, 10, 11)),
            person(5, deceased_on=dt.date(2024, 3, 1)),
            person(7, objects_to_profiling=True),
            person(8, organization=9),
            person(8, known="2014-01-01"),
        ],
        terms=[
            term(1, *RUNNING),
            term(2, "2023-05-20", "2024-05-19"),
            term(3, "2023-01-01", "2023-12-31"),
            term(4, "2021-01-01", "2021-12-31"),
            term(5, *RUNNING),
            term(6, "2023-01-01", "2023-12-31", ended_by="merged"),
            term(7, *RUNNING),
            term(8, "2023-01-01", "2023-12-31"),
            term(9, *RUNNING, member_type="CORP"),
            term(10, "2020-01-01", None, dues=0.0),
            term(11, *RUNNING, dues=0.0),
        ],
    )

    stages = {member: row["stage"] for member, row in found.items()}
    assert stages == {1: "before", 2: "grace", 3: "lapsed", 4: "dormant", 9: "before", 10: "before", 11: "before"}
    assert (found[1]["days_to_renewal"], found[2]["days_to_renewal"], found[3]["days_to_renewal"]) == (213, -13, -153)
    for member in (10, 11):
        assert (found[member]["renewal_due_on"], found[member]["days_to_renewal"]) == (None, None)
    assert found[3]["band"] is None


def test_a_new_member_is_in_the_first_term_of_all(tmp_path: Path):
    """Not after a renewal, not after a return, not for life, and not who joined before records began."""
    fresh = {"join_date": dt.date(2024, 1, 1)}
    found = rows_of(
        tmp_path,
        members=[*(person(m, **fresh) for m in (1, 2, 3, 4)), person(5)],
        terms=[
            term(1, *RUNNING),
            term(2, *RUNNING),
            term(2, "2025-01-01", "2025-12-31", paid="2024-05-01"),
            term(3, "2022-01-01", "2022-12-31"),
            term(3, *RUNNING),
            term(4, "2024-01-01", None),
            term(5, *RUNNING),
        ],
        activity=[
            act(1, "email_opened", "2024-01-02"),
            act(1, "login", "2024-01-09"),
            act(2, "login", "2024-01-03"),
            act(1, "login", "2024-01-05", recorded="2024-06-01"),
        ],
    )

    assert {member for member, row in found.items() if row["is_new"]} == {1}
    assert (found[1]["days_since_join_act"], found[2]["days_since_join_act"]) == (8, None)


def test_troubles_wait_until_a_payment(tmp_path: Path):
    """A failed payment and an expiring card count in days until paid, by activity or by a term."""
    found = rows_of(
        tmp_path,
        members=[person(m) for m in range(1, 7)],
        terms=[
            *(term(m, *RUNNING) for m in (1, 2, 3, 5, 6)),
            term(4, "2023-05-28", "2024-05-27"),
            term(4, "2024-05-28", "2025-05-27", paid="2024-05-29"),
        ],
        activity=[
            act(1, "payment_failed", "2024-05-20"),
            act(1, "payment_failed", "2024-05-25"),
            act(2, "payment_failed", "2024-05-20"),
            act(2, "payment", "2024-05-22"),
            act(3, "card_expiring", "2024-05-02"),
            act(3, "payment", "2024-05-30", recorded="2024-06-02"),
            act(4, "payment_failed", "2024-05-27"),
            act(5, "event_no_show", "2024-05-15", recorded="2024-05-28", ref="GALA"),
            act(5, "event_no_show", "2024-05-10", recorded="2024-05-28", ref="TALK"),
            act(6, "event_no_show", "2024-05-10", ref="TALK"),
        ],
    )

    assert {m: r["payment_failed_days"] for m, r in found.items()} == {
        1: 7,
        2: None,
        3: None,
        4: None,
        5: None,
        6: None,
    }
    assert (found[3]["card_expires_days"], found[5]["no_show"], found[6]["no_show"]) == (30, "GALA", None)


def test_bands_are_those_of_the_night_and_of_the_night_before(tmp_path: Path):
    """Given scores stand before kept ones; without any there is no band."""
    lake = lake_of(tmp_path / "lake", members=[person(1)], terms=[term(1, *RUNNING)])
    night = pl.DataFrame(
        {"member": [1], "band": ["low"], "risk_score": [10], "risk_rank": [0.5], "p_lapse_renewal": [0.1]}
    )
    lake.write_scores(DAY - dt.timedelta(days=1), night)
    here = house(tmp_path / "lake")

    before, after = situation_of(here, DAY), situation_of(here, DAY, scores=night.with_columns(band=pl.lit("high")))

    assert before.select("band", "band_before").row(0) == (None, "low")
    assert after.select("band", "band_before", "risk_score").row(0) == ("high", "low", 10)


def test_it_has_the_columns_that_playbooks_name(tmp_path: Path):
    """In their order and of their types, with and without members."""
    told = {name: kind for name, (kind, _) in COLUMNS.items()}
    Lake.open(tmp_path / "none" / "lake")
    nobody = situation_of(house(tmp_path / "none" / "lake"), DAY)
    lake_of(tmp_path / "some" / "lake", members=[person(1)], terms=[term(1, *RUNNING)])
    somebody = situation_of(house(tmp_path / "some" / "lake"), DAY)

    assert (dict(nobody.schema), dict(somebody.schema)) == (told, told)
    assert list(somebody.schema) == list(COLUMNS)
    assert (nobody.height, somebody.height) == (0, 1)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_row_recorded_later_changes_nothing_of_the_day(tmp_path: Path, seed: int):
    """An association of two hundred, with and without all that became known from the day on, back-dated rows too."""
    world = invent(tmp_path / "made" / "lake", members=100, years=3, seed=seed)
    day = world.last - dt.timedelta(days=200)
    _add_troubles(world.lake, day, seed)
    known_before(world.lake, tmp_path / "before" / "lake", day)

    late, then = (situation_of(house(tmp_path / name / "lake"), day) for name in ("made", "before"))

    assert late.height > 100
    assert late["hardship"].any()
    assert late["driver"].count() > 0
    assert late["no_show"].count() > 0
    assert late["payment_failed_days"].count() > 0
    assert late.equals(then)


def _add_troubles(lake: Lake, day: dt.date, seed: int) -> None:
    """What befalls members around *day*; half of it is recorded afterwards."""
    rng, members = np.random.default_rng(seed), lake.terms()["member"].unique().sort().to_list()
    kinds = ("event_no_show", "payment_failed", "card_expiring", "payment", "plan_missed")
    rows = []
    for place in range(400):
        on = day - dt.timedelta(days=int(rng.integers(0, 20)))
        known = day + dt.timedelta(days=int(rng.integers(-6, 6)))
        kind = str(rng.choice(kinds, p=[0.3, 0.2, 0.2, 0.1, 0.2]))
        rows.append(act(int(rng.choice(members)), kind, str(on), recorded=str(max(on, known)), ref="EV"))
        rows[-1]["activity_key"] = 10**9 + place
    with lake.batch(source="test", at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC)) as batch:
        batch.upsert("activity", pl.DataFrame(rows))
        batch.commit()
