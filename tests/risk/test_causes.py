"""Of the chance of a lapse, what is a failed payment is told apart, and never contradicts the chance itself."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from association import invent
from lakes import known_before, lake_of, person, term
from tenure.features import FeatureMatrix
from tenure.membership import PAYMENT_FAILURE, decisions
from tenure.risk import score, train
from tenure.risk.backtest import Landmarks
from tenure.risk.calibration import Calibrator
from tenure.risk.causes import COLUMNS, sentences_of, with_causes, words_of
from tenure.risk.endings import exits_known, learn_causes
from tenure.risk.landmarks import fixed_landmarks, scheduled, stand
from trained_association import SETTINGS, Trained, registry


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """An association in which cards are declined, what was learnt of it, and its scores with their causes."""
    root = tmp_path_factory.mktemp("failing")
    invented = invent(root / "lake", members=450, failing=True)
    manifest = train(invented.lake, SETTINGS, invented.last, registry(root / "models"))
    model = registry(root / "models").latest()
    assert model is not None
    scores = with_causes(score(invented.lake, SETTINGS, invented.last, model))
    return Trained(invented, root / "models", manifest, model, scores)


def test_a_failed_payment_is_a_part_of_every_horizon_and_so_is_the_rest(failing: Trained):
    """Neither the part nor what remains ever falls from one horizon to the next, and no part exceeds its whole."""
    scores = failing.scores
    names = [str(days) for days in (30, 60, 90)] + ["renewal"]
    parts = scores.select(f"p_payment_{name}" for name in names).to_numpy()
    wholes = scores.select(f"p_lapse_{name}" for name in names).to_numpy()

    assert (parts >= 0).all()
    assert (parts <= wholes + 1e-12).all()
    assert (parts[:, :-1] <= parts[:, 1:]).all()
    assert (parts.max(axis=0) > 0.05).all()
    # From the renewal on the horizons say the same; up to it the curve of what remains rises too.
    near = scores.filter((pl.col("renewal_due_on") - pl.col("as_of")).dt.total_days() <= 90)
    assert (near["p_payment_90"] == near["p_payment_renewal"]).all()
    rest = wholes[:, :3] - parts[:, :3]
    assert (rest[:, :-1] <= rest[:, 1:] + 1e-12).all()


def test_who_leaves_before_the_renewal_has_no_payment_that_fails_at_it(failing: Trained):
    """Where seven in ten lapses fall before the renewal, and all others are failed payments, those are three in ten."""
    model, causes = failing.model, failing.model.causes
    assert causes is not None
    assert causes.split is not None
    all_fail = replace(causes, split=replace(causes.split, calibrator=Calibrator(intercept=20.0)))
    early = replace(model.timing, early=np.full_like(model.timing.early, 0.7))
    leaving = replace(model, hazard=None, timing=early, causes=all_fail)
    scores = score(failing.invented.lake, SETTINGS, failing.invented.last, leaving)
    ahead = (pl.col("renewal_due_on") - pl.col("as_of")).dt.total_days()
    far = scores.filter((ahead > 90) & (pl.col("p_payment") > 0))
    left = far["p_lapse_renewal"] - far["p_lapse_90"]

    assert len(far) > 50
    assert far["p_payment"].to_list() == pytest.approx(left.to_list())
    assert left.to_list() == pytest.approx((0.3 * far["p_lapse_renewal"]).to_list())


def test_it_comes_near_a_known_truth(failing: Trained):
    """About as many failed payments as there are to come, and the more of them where the card was to run out."""
    invented, scores = failing.invented, failing.scores
    soon = (pl.col("renewal_due_on") - pl.col("as_of")).dt.total_days().is_between(0, 120)
    both = scores.join(
        invented.truth, left_on=["member", "renewal_due_on"], right_on=["member", "ends_on"], suffix="_true"
    ).filter(soon & (pl.col("p_payment_true") > 0))
    runs_out = pl.col("p_payment_true") / (1 - pl.col("p")) > 0.2
    share = pl.col("p_payment") / pl.col("p_lapse_renewal")

    assert failing.manifest["causes"]["payment"]["failures"] > 60
    assert both["p_payment"].mean() == pytest.approx(both["p_payment_true"].mean(), rel=0.5)
    assert both.filter(runs_out).select(share.mean()).item() > 1.2 * both.filter(~runs_out).select(share.mean()).item()


def test_who_pays_by_hand_has_no_payment_that_fails_by_itself(failing: Trained):
    """Whoever has to act to renew decides by not acting."""
    by_hand = failing.invented.lake.terms().filter(~pl.col("auto_renew"))["member"].unique()

    assert failing.scores.filter(pl.col("member").is_in(by_hand.implode()))["p_payment"].max() == 0.0


def test_a_failure_that_became_known_later_is_none_yet(failing: Trained):
    """Lapses are told apart by what was recorded before the day on which they are read, whatever came since."""
    invented = failing.invented
    day = invented.last - dt.timedelta(days=400)
    found = decisions(invented.lake.terms(), invented.lake.members(), SETTINGS.membership, as_of=day)
    read = exits_known(invented.lake, found, day)
    with invented.lake.connect() as con:
        known = con.sql("SELECT member, recorded_at FROM activity WHERE kind = 'payment_failed'").pl()
    by_then = known.filter(pl.col("recorded_at") < pl.lit(day).cast(pl.Datetime("us")))
    told = read.filter(pl.col("exit") == PAYMENT_FAILURE)

    assert told.height > 20
    assert told["member"].is_in(by_then["member"].implode()).all()
    assert read.filter(pl.col("ends_on") > day)["exit"].is_in([PAYMENT_FAILURE]).sum() == 0


def test_what_is_recorded_on_the_day_or_later_teaches_nothing_of_failed_payments(failing: Trained, tmp_path: Path):
    """Failures, acts and ends entered into the past afterwards change no share, rate, calibration or word."""
    last = failing.invented.last
    day, lake = dt.datetime.combine(last, dt.time()), known_before(failing.invented.lake, tmp_path / "lake", last)
    died = pl.when(pl.col("member") % 2 == 0).then(pl.lit("deceased")).otherwise(pl.lit("payment_failed"))
    ended = lake.terms().with_columns(recorded_at=pl.lit(day), auto_renew=pl.lit(value=True), ended_by=died)
    entered = pl.concat(
        ended.select("member", kind=pl.lit(kind), occurred_at=pl.col("ends_on").cast(pl.Datetime("us")) - before)
        for kind, before in (("payment_failed", dt.timedelta(days=2)), ("login", dt.timedelta(days=20)))
    ).with_columns(recorded_at=pl.lit(day), activity_key=-1 - pl.int_range(pl.len()))
    with lake.batch(source="later", at=day.replace(tzinfo=dt.UTC)) as batch:
        assert batch.upsert("activity", entered).new == len(entered)
        assert batch.upsert("terms", ended).new == len(ended)
        batch.commit()

    train(lake, SETTINGS, last, registry(tmp_path / "models"))
    model = registry(tmp_path / "models").latest()

    assert model is not None
    assert failing.model.causes is not None
    assert failing.model.causes.split is not None
    assert model.causes is not None
    assert model.causes.as_json() == failing.model.causes.as_json()


def test_what_older_lapses_teach_is_read_as_it_was_known_when_the_newest_began(failing: Trained, tmp_path: Path):
    """Failures that all became known on the last day are counted, and held against nothing that came before it."""
    last = failing.invented.last
    lake = known_before(failing.invented.lake, tmp_path / "lake", last)
    with lake.connect() as con:
        failures = con.sql("SELECT * FROM activity WHERE kind = 'payment_failed'").pl()
    eve = dt.datetime.combine(last, dt.time()) - dt.timedelta(hours=1)
    with lake.batch(source="late", at=eve.replace(tzinfo=dt.UTC)) as batch:
        batch.upsert("activity", failures.with_columns(recorded_at=pl.lit(eve)))
        batch.commit()

    late = train(lake, SETTINGS, last, registry(tmp_path / "models"))["causes"]["payment"]
    known = failing.manifest["causes"]["payment"]

    assert (late["failures"], late["others"]) == (known["failures"], known["others"])
    assert "lowest log loss" in known["why"]
    assert late["why"] == "too few are known to compare it with another"


def test_deaths_count_once_their_class_is_whole(tmp_path: Path):
    """One in twenty dies in the middle of each year. Of the running one those are known and the living are not, so that
    counted too they would make death half as frequent again."""
    rules, as_of = SETTINGS.membership, dt.date(2024, 12, 1)
    people, terms = [], []
    for year in (2022, 2023, 2024):
        for member in range(1000 * year, 1000 * year + 400):
            people.append(person(member))
            terms.append(term(member, f"{year}-01-01", f"{year}-12-31"))
            if member % 20 == 0:
                died = f"{year}-07-01"
                terms.append(
                    {**terms[-1], **term(member, f"{year}-01-01", died, recorded=died), "ended_by": "deceased"}
                )
    lake = lake_of(tmp_path, members=people, terms=terms)
    found = decisions(lake.terms(), lake.members(), rules, as_of=as_of)
    judged = fixed_landmarks(scheduled(found, lake.terms()), after=dt.date(2022, 1, 1))
    stood = stand(lake.terms(), lake.members(), judged, rules)
    # Nobody's payment failed, so that no feature is asked for.
    matrix = FeatureMatrix(stood, (), np.zeros((len(stood), 0), np.float32), stood.select("member"))
    drawn = np.ones((len(stood), 1), bool)

    causes = learn_causes(
        lake, Landmarks(matrix, drawn, judged, lake.terms(), lake.members(), rules), found, as_of, seed=1
    )

    yearly = 20 / (380 + 20 / 2)
    assert (found["outcome"] == "deceased").sum() == 60
    assert causes.told["otherwise"]["ends"] == 40
    assert causes.told["otherwise"]["yearly"] == pytest.approx(yearly, rel=0.01)
    half_a_year = causes.ends_otherwise(["REG", "STU"], np.array([182.6, 182.6]))
    np.testing.assert_allclose(half_a_year, 1 - np.exp(-yearly / 2), rtol=0.01)


def test_below_the_floor_it_says_that_it_cannot_tell(trained: Trained):
    """Null, and not nought: nobody's payment failed on record, so nothing is known of how likely that is."""
    scores = with_causes(trained.scores)
    words = " ".join(sentences_of(trained.manifest["causes"]))

    assert scores.select(COLUMNS).null_count().sum_horizontal().item() == len(COLUMNS) * scores.height
    assert "cannot tell failed payments from other lapses: 0 lapses by a failed payment" in words
    assert words_of(0.4, None) == ""


def test_it_is_said_in_the_words_of_the_whole():
    """As a share of the same hundred members, and only where it comes to one of them."""
    assert words_of(0.4, 0.12) == "of the 40 in 100, about 12 by a failed payment"
    assert words_of(0.4, 0.004) == ""
