"""The drift watch is quiet where nothing happens and names what does, before a single label tells."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from lakes import lake_of, person, term
from tenure.app.watching import words_of
from tenure.features import GROUPS
from tenure.lake import Lake
from tenure.risk import score
from tenure.risk.drift import Reference, expected_worth, learn_reference, matured, watch
from tenure.risk.metrics import auc, brier, log_loss
from trained_association import SETTINGS, Trained

RULES = SETTINGS.membership


@pytest.fixture(scope="module")
def reference(trained: Trained) -> Reference:
    """The two years that end half a year before the last day."""
    origin = trained.invented.last - dt.timedelta(days=180)
    return learn_reference(trained.invented.lake, RULES, trained.model, as_of=origin)


def changed(trained: Trained, root: Path, change) -> Lake:
    """The same association whose activity of the last sixty days went through *change*."""
    source, last = trained.invented.lake, trained.invented.last
    with source.connect() as con:
        activity = pl.DataFrame(pl.from_arrow(con.sql("SELECT * FROM activity").to_arrow_table()))
    recent = pl.col("recorded_at") >= pl.lit(last - dt.timedelta(days=60)).cast(pl.Datetime("us"))
    lake = Lake.open(root)
    with lake.batch(source="test", at=dt.datetime.combine(last, dt.time(), tzinfo=dt.UTC)) as batch:
        batch.replace("members", source.members())
        batch.replace("terms", source.terms())
        batch.replace("activity", pl.concat([activity.filter(~recent), change(activity.filter(recent))]))
        batch.commit()
    return lake


def test_quiet_nights_raise_no_alarm(trained: Trained, reference: Reference):
    """A dozen nights over half a year of a world that stays as it is, some twenty groups of signals each."""
    last = trained.invented.last
    nights = [last - dt.timedelta(days=days) for days in range(0, 180, 15)]
    alarms = [watch(reference, trained.invented.lake, RULES, trained.model, night)["alarms"] for night in nights]

    assert alarms == [[]] * len(nights)


def test_a_shift_of_what_goes_in_is_named_by_its_group(trained: Trained, reference: Reference, tmp_path: Path):
    """Everybody's logins are counted thrice from some day on, as after a change of the site."""

    def thrice(rows: pl.DataFrame) -> pl.DataFrame:
        more = [
            rows.filter(pl.col("kind") == "login").with_columns(activity_key=-pl.col("activity_key") * 3 - copy)
            for copy in (1, 2)
        ]
        return pl.concat([rows, *more])

    found = watch(reference, changed(trained, tmp_path / "lake", thrice), RULES, trained.model, trained.invented.last)
    (logins,) = [group for group in found["inputs"] if group["group"] == "overall"]

    assert logins["alarm"]
    assert any("Logins" in words for words in found["alarms"])
    assert not [group for group in found["inputs"] if group["group"] == "price" and group["alarm"]]


def test_one_thing_is_and_several_are_not_as_before(trained: Trained, reference: Reference, tmp_path: Path):
    """Nearly everybody comes to be active in the community, and in what is one thing the words say *is*."""

    def talking(rows: pl.DataFrame) -> pl.DataFrame:
        copies = [
            rows.with_columns(kind=pl.lit("community_post"), activity_key=-pl.col("activity_key") * 5 - copy)
            for copy in range(4)
        ]
        return pl.concat([rows, *copies])

    found = watch(reference, changed(trained, tmp_path / "lake", talking), RULES, trained.model, trained.invented.last)
    begun = [words for words in found["alarms"] if "not as before" in words]
    one_thing = {group.title for group in GROUPS if group.singular}

    assert any(words.startswith("Community is not as before the model was made: shift") for words in begun)
    assert not [words for words in begun if words.partition(" are not as before")[0] in one_thing]
    assert {"Time to renewal", "Chapter", "Community", "Way of paying"} <= one_thing


def test_the_watch_in_words_says_what_moved_and_names_measures_as_people_do():
    quiet = {"group": "email", "title": "Email and messages", "shift": 0.18, "usual": 0.04, "threshold": 0.1}
    told = words_of({
        "as_of": "2025-03-01", "model": "m", "members": 9, "reference": ["2023-03-01", "2025-03-01"],
        "inputs": [quiet | {"alarm": False}], "missing": [quiet | {"alarm": True}],
        "scores": quiet | {"title": "Scores", "alarm": False}, "alarms": [],
        "expected": {name: {"now": 0.5, "past_low": 0.4, "past_high": None}
                     for name in ("log_loss", "brier", "auc", "lapse_rate")},
        "matured": {"decisions": 40, "selected": 7, "said": 0.2, "lapsed": 0.1, "z": -3.2},
    })  # fmt: skip

    silent = "Email and messages: the share of members with nothing on record has moved by 18 in 100, at most 4 in the"
    assert f"ALARM: {silent} months before" in told
    assert all(f"  {name}" in told for name in ("log loss", "Brier score", "AUC", "lapse rate"))
    assert (
        "Of past nights: of 40 renewals scored on past nights, the holdout standing for 7 that playbooks selected, 10"
        in told
    )
    assert "(−3.2 standard errors)" in told
    assert "cannot be told" in told


def test_a_reference_comes_back_from_its_file(reference: Reference):
    """To the last count."""
    assert Reference.from_bytes(reference.as_bytes()) == reference


def test_a_night_sees_nothing_of_its_future(trained: Trained, reference: Reference, tmp_path: Path):
    """What is recorded after it changes nothing that is said of it."""
    night = trained.invented.last - dt.timedelta(days=90)
    silent = changed(trained, tmp_path / "lake", lambda rows: rows.clear())

    assert watch(reference, silent, RULES, trained.model, night) == watch(
        reference, trained.invented.lake, RULES, trained.model, night
    )


def test_probabilities_tell_their_own_worth_when_they_are_right():
    """Expected log loss, Brier score and AUC come out as found once labels are drawn."""
    rng = np.random.default_rng(1)
    p = 1 / (1 + np.exp(-rng.normal(-1.5, 1.2, 200_000)))
    y = (rng.random(p.size) < p).astype(float)
    found = expected_worth(p)

    assert found["log_loss"] == pytest.approx(log_loss(p, y), abs=0.004)
    assert found["brier"] == pytest.approx(brier(p, y), abs=0.002)
    assert found["auc"] == pytest.approx(auc(p, y), abs=0.004)
    assert found["lapse_rate"] == pytest.approx(y.mean(), abs=0.003)


def test_what_came_true_is_held_against_what_was_said(trained: Trained):
    """Half a year of nights: right scores are quiet, and halved ones are found out."""
    lake, last = trained.invented.lake, trained.invented.last
    days = [last - dt.timedelta(days=30 * k) for k in range(3, 12)]
    nights = [score(lake, SETTINGS, day, trained.model) for day in days]
    halved = [night.with_columns(p_lapse_renewal=0.5 * pl.col("p_lapse_renewal")) for night in nights]
    right = matured(nights, lake.terms(), lake.members_and_absences(), RULES, last)
    wrong = matured(halved, lake.terms(), lake.members_and_absences(), RULES, last)

    assert right["decisions"] == wrong["decisions"] > 200
    assert not right["alarm"]
    assert wrong["alarm"]
    assert wrong["lapsed"] > wrong["said"]
    nothing = matured([], lake.terms(), lake.members_and_absences(), RULES, last)
    assert nothing == {"decisions": 0, "selected": 0, "alarm": False}


def test_the_holdout_judges_for_whom_playbooks_select(tmp_path: Path):
    """Thirty of a hundred are selected in their term, of whom 25 would lapse; those who are called all stay, and of the
    six whom the holdout keeps from it five lapse. What was said was right. One was selected in the term before."""
    members = range(100)
    first = [term(member, "2024-01-01", "2024-12-31") for member in members]
    stay = [*members[5:30], *members[51:]]
    next_ = [term(member, "2025-01-01", "2025-12-31", paid="2024-12-10") for member in stay]
    lake = lake_of(tmp_path, members=[person(member) for member in members], terms=[*first, *next_])
    night = pl.DataFrame({"member": members}, schema={"member": pl.Int64}).with_columns(
        in_grace=pl.lit(value=False), renewal_due_on=pl.lit(dt.date(2024, 12, 31)),
        p_lapse_renewal=pl.when(pl.col("member") < 30).then(5 / 6).otherwise(0.3),
    )  # fmt: skip
    kinds = {"member": pl.Int64, "on": pl.Date, "held": pl.Boolean, "share": pl.Float64}
    lots = [(member, dt.date(2024, 11, 20), member < 6, 0.2) for member in range(30)]
    lots += [(0, dt.date(2024, 12, 1), True, 0.2), (99, dt.date(2023, 12, 3), False, 0.2)]
    selected = pl.DataFrame(lots, schema=kinds, orient="row")
    known = (lake.terms(), lake.members_and_absences(), RULES, dt.date(2025, 3, 1))

    everybody, judged = matured([night], *known), matured([night], *known, selected=selected)

    assert (everybody["decisions"], everybody["selected"], everybody["alarm"]) == (100, 0, True)
    assert (judged["decisions"], judged["selected"], judged["alarm"]) == (76, 24, False)
    assert (judged["said"], judged["lapsed"], judged["z"]) == tuple(map(pytest.approx, (0.46, 0.46, 0.0)))
    nobody_held = selected.with_columns(held=pl.lit(value=False), share=pl.lit(0.0))
    assert matured([night], *known, selected=nobody_held) == everybody


def test_who_leaves_early_is_not_counted_before_those_who_stay(tmp_path: Path):
    """Ten of forty resign in June; until the class is over nothing is held against what was said of it, and then all
    of it is. Else right scores would seem far too low for half a year."""
    members = range(40)
    first = [term(member, "2024-01-01", "2024-12-31") for member in members]
    gone = [
        one | {"ends_on": dt.date(2024, 6, 15), "ended_by": "resigned", "recorded_at": dt.datetime(2024, 6, 10)}
        for one in first[:10]
    ]
    next_ = [term(member, "2025-01-01", "2025-12-31", paid="2024-12-10") for member in members[10:]]
    lake = lake_of(tmp_path, members=[person(member) for member in members], terms=[*first, *gone, *next_])
    night = pl.DataFrame({"member": members}, schema={"member": pl.Int64}).with_columns(
        in_grace=pl.lit(value=False), p_lapse_renewal=pl.lit(0.25), renewal_due_on=pl.lit(dt.date(2024, 12, 31))
    )
    early, over = (
        matured([night], lake.terms(), lake.members_and_absences(), RULES, day)
        for day in (dt.date(2024, 10, 1), dt.date(2025, 3, 1))
    )

    assert early == {"decisions": 0, "selected": 0, "alarm": False}
    assert (over["decisions"], over["lapsed"], over["alarm"]) == (40, 0.25, False)
