"""How a model is made, judged, kept and refused."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from association import invent
from tenure.base.errors import BelowDataFloor, DamagedStore
from tenure.base.settings import Membership
from tenure.lake import Lake
from tenure.risk import train
from trained_association import SETTINGS, Trained, registry


def lake_of(folder: Path, terms: pl.DataFrame) -> Lake:
    """A record of people of one type who have nothing but *terms*, each put on record on the day `known`."""
    terms = terms.with_columns(
        member_type=pl.lit("REG"), dues=pl.lit(100.0), paid_on="starts_on",
        recorded_at=pl.col("known").cast(pl.Datetime("us")),
    )  # fmt: skip
    first: dt.date = terms["starts_on"].min()
    members = terms.select("member").unique().with_columns(
        valid_from=dt.datetime.combine(first, dt.time()) - dt.timedelta(days=365), plain=pl.lit(value=False),
        record_type=pl.lit("individual"), member_type=pl.lit("REG"), join_date=first,
    )  # fmt: skip
    lake = Lake.open(folder / "lake")
    with lake.batch(source="test", at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)) as batch:
        batch.replace("members", members)
        batch.replace("terms", terms.drop("known"))
        batch.commit()
    return lake


def test_decisions_hold_every_matured_renewal_after_the_first_two_years(trained: Trained):
    """Each at 90, 60, 30 and 0 days before its end, but for those already paid by then."""
    kept = registry(trained.models).decisions(trained.manifest["version"])
    terms = trained.invented.lake.terms()
    after = terms["starts_on"].min() + dt.timedelta(days=731)
    grace = dt.timedelta(days=30)
    due = terms.filter((pl.col("ends_on") > after) & (pl.col("ends_on") + grace < trained.invented.last))
    at_the_end = kept.filter(pl.col("as_of") == pl.col("ends_on"))
    renewed_early = due.join(terms.select("member", next_paid="paid_on", starts="starts_on"), on="member").filter(
        (pl.col("starts") == pl.col("ends_on") + dt.timedelta(days=1)) & (pl.col("next_paid") < pl.col("ends_on"))
    )

    assert len(at_the_end) == len(due) - len(renewed_early)
    assert set((kept["ends_on"] - kept["as_of"]).dt.total_days()) == {0, 30, 60, 90}
    assert kept["p_lapse_renewal"].is_between(0, 1).all()
    assert set(kept["lapsed"]) == {0, 1}


def test_the_back_test_beats_the_base_rate_and_the_points_score(trained: Trained):
    """On renewals later than anything it was fitted on."""
    models = trained.manifest["backtest"]["models"]

    assert models["tenure"]["log_loss"] < models["base_rate"]["log_loss"] - 0.02
    assert models["tenure"]["log_loss"] < models["points_score"]["log_loss"]
    assert models["tenure"]["auc"] > models["points_score"]["auc"]
    assert models["tenure"]["auc_low"] < models["tenure"]["auc"] < models["tenure"]["auc_high"]


def test_an_outcome_cannot_reach_its_own_prediction(trained: Trained, tmp_path: Path):
    """Turning the outcomes of the last fold upside down changes none of that fold's predictions.

    Nor does the chapter that everybody's record says today sort what was said on past days.
    """
    from tenure.risk.backtest import fold_edges

    kept = registry(trained.models).decisions(trained.manifest["version"])
    begin = dt.date.fromisoformat(trained.manifest["backtest"]["folds"][-1]["from"])
    assert fold_edges(kept["as_of"].min(), trained.invented.last)[0] == kept["as_of"].min()
    at = dt.datetime.combine(trained.invented.last, dt.time(), tzinfo=dt.UTC)
    source = trained.invented.lake
    known_later = pl.col("recorded_at") >= pl.lit(begin).cast(pl.Datetime("us"))
    lake = Lake.open(tmp_path / "lake")
    with lake.batch(source="test", at=at) as batch:
        moved = pl.lit(trained.invented.last).cast(pl.Datetime("us")).alias("valid_from")
        people = source.members()
        batch.replace("members", pl.concat([people, people.with_columns(moved, chapter_id=pl.lit("MOVED"))]))
        # Every renewal that became known in the last fold is taken back: all of those members now lapsed.
        batch.replace("terms", source.terms().filter(~known_later))
        with source.connect() as con:
            batch.replace("activity", pl.from_arrow(con.sql("SELECT * FROM activity").to_arrow_table()))
        batch.commit()
    again = train(lake, SETTINGS, trained.invented.last, registry(tmp_path / "models"))
    upset = registry(tmp_path / "models").decisions(again["version"])
    both = kept.join(upset, on=["member", "ends_on", "as_of"], suffix="_upset").filter(
        (pl.col("as_of") >= begin) & (pl.col("lapsed") != pl.col("lapsed_upset"))
    )

    assert len(both) > 30
    assert both["p_lapse_renewal"].equals(both["p_lapse_renewal_upset"].rename("p_lapse_renewal"))
    chapters = [one for one in again["backtest"]["segments"] if one["by"] == "chapter_id"]
    assert {one["value"] for one in chapters} == set(people["chapter_id"].drop_nulls())
    assert sum(one["decisions"] for one in chapters) == again["backtest"]["decisions"]


def test_a_manifest_tells_what_the_model_is(trained: Trained):
    """Data window, features, measures, versions, hash; and it is plain JSON."""
    text = (trained.models / trained.manifest["version"] / "manifest.json").read_text()
    found = json.loads(text)

    assert found["data"]["lapses"] + found["data"]["renewals"] == found["data"]["decisions"]
    assert found["grade"]["sentence"].count("in 100") == 3
    assert found["grade"]["low_letter"] >= found["grade"]["letter"] >= found["grade"]["high_letter"]
    assert {"from", "to", "auc", "log_loss"} <= set(found["backtest"]["folds"][0])
    assert found["software"]["tenure"]
    assert "NaN" not in text


@pytest.mark.parametrize("name", ["parts.json", "logistic.json", "manifest.json"])
def test_a_model_file_that_was_changed_is_refused(trained: Trained, tmp_path: Path, name: str):
    """Neither loaded nor half loaded."""
    import shutil

    version = trained.manifest["version"]
    shutil.copytree(trained.models / version, tmp_path / version)
    target = next(tmp_path.glob(f"*/*{name}"))
    target.write_bytes(target.read_bytes()[:-40] + b"}")

    with pytest.raises(DamagedStore, match=version):
        registry(tmp_path).load(version)


def test_too_few_lapses_are_refused_with_their_number(tmp_path: Path):
    """Under 20 lapses nothing is learnt, and the message says how many there are."""
    few = invent(tmp_path / "lake", members=25, years=2)

    with pytest.raises(BelowDataFloor, match=r"\d+ lapses and \d+ renewals are known; at least 20 of each"):
        train(few.lake, SETTINGS, few.last, registry(tmp_path / "models"))
    assert not list((tmp_path / "models").glob("*"))


def test_a_small_association_is_served_by_a_simple_model(tmp_path: Path):
    """Under 200 lapses a life table or a regularized model serves, and is named as such."""
    small = invent(tmp_path / "lake", members=110)
    manifest = train(small.lake, SETTINGS, small.last, registry(tmp_path / "models"))

    assert 20 <= manifest["data"]["lapses"] < 200
    assert manifest["learner"] in ("life table", "regularized logistic")
    assert manifest["learner"] in manifest["why_learner"].lower()


@pytest.mark.parametrize("classes", [1, 2])
def test_an_association_whose_terms_all_end_on_one_day_is_served(tmp_path: Path, classes: int):
    """Calendar billing, with one or two classes decided: judged by what there is, and on the whole right."""
    from tenure.risk import score

    rows = [
        (f"{member}-{year}", member, year)
        for member in range(400)
        for year in range(2023, 2024 + classes)
        if all((member + past) % 4 for past in range(year - 2023))
    ]
    terms = pl.DataFrame(rows, schema=["term_id", "member", "year"], orient="row").with_columns(
        starts_on=pl.date("year", 1, 1), ends_on=pl.date("year", 12, 31)
    )
    lake = lake_of(tmp_path, terms.drop("year").with_columns(known="starts_on"))
    as_of = dt.date(2023 + classes, 6, 1)
    manifest = train(lake, SETTINGS, as_of, registry(tmp_path / "models"))
    model = registry(tmp_path / "models").load(manifest["version"])
    said = score(lake, SETTINGS, as_of, model)["p_lapse_renewal"]

    assert manifest["data"]["lapses"] == 100 * classes
    # There are lines by the day where one class could teach and another be judged.
    assert (manifest["calibration"]["far_intercept"] != 0) == (classes == 2)
    assert 0.15 < said.mean() < 0.45


@pytest.mark.parametrize(("length", "grace"), [(30, 10), (7, 2)])
def test_terms_of_a_month_or_a_week_are_learnt_from_and_judged_on_the_days_that_there_are(
    tmp_path: Path, length: int, grace: int
):
    """No day of theirs lies a month before the end. Told is each on the day it came due, and it is said so."""
    from tenure.app.evaluation import words_of
    from tenure.risk import score

    rng, first, rows = np.random.default_rng(1), dt.date(2022, 1, 1), []
    for member in range(160):
        begin = first + dt.timedelta(days=int(rng.integers(0, 20 * length)))
        for number in range(30):
            start = begin + dt.timedelta(days=length * number)
            rows.append((f"{member}-{number}", member, start, start + dt.timedelta(days=length - 1), start))
            if rng.random() < 0.07:
                break
    schema = ["term_id", "member", "starts_on", "ends_on", "known"]
    as_of = first + dt.timedelta(days=22 * length)
    terms = pl.DataFrame(rows, schema=schema, orient="row").filter(pl.col("known") < as_of)
    lake = lake_of(tmp_path, terms)
    settings = SETTINGS.model_copy(update={"membership": Membership(grace_days={"default": grace})})
    manifest = train(lake, settings, as_of, registry(tmp_path / "models"))
    said = score(lake, settings, as_of, registry(tmp_path / "models").load(manifest["version"]))
    backtest = manifest["backtest"]

    assert backtest["decisions"] > 200
    assert backtest["days_ahead"] == 0
    assert 0 < backtest["models"]["tenure"]["log_loss_low"] < backtest["models"]["tenure"]["log_loss_high"]
    assert sum(one["n"] for one in backtest["calibration"]) == backtest["decisions"]
    assert f"On {backtest['decisions']:,} past renewals, on the day they came due, by models" in words_of(manifest)
    assert "a month" not in manifest["grade"]["sentence"]
    assert len(said) > 20
    assert 0.02 < said["p_lapse_renewal"].mean() < 0.3


def test_who_had_left_before_judging_began_does_not_make_leaving_seem_rare(tmp_path: Path):
    """Two courses of three quarters of a year, whose members withdraw all the time. Two years after the first term on
    record fall into the middle of the second, when most of those who withdraw had done so; of the third, as many
    withdraw as of those before it."""
    from tenure.risk import score

    rng, courses = np.random.default_rng(8), [dt.date(2022, 12, 15), dt.date(2023, 10, 1), dt.date(2024, 7, 15)]
    rows = [("0-1", 0, dt.date(2022, 1, 10), dt.date(2022, 10, 6), None, dt.date(2022, 1, 10))]
    rows.append(("0-2", 0, dt.date(2022, 10, 7), None, None, dt.date(2022, 10, 6)))
    for course, begin in enumerate(courses):
        last, day = begin + dt.timedelta(days=269), rng.exponential(600, 900).astype(int) + 5
        for place, left in enumerate(day.tolist()):
            member = 1 + course * 1000 + place
            rows.append((f"{member}-1", member, begin, last, None, begin))
            gone = begin + dt.timedelta(days=left)
            if gone < last:
                rows.append((f"{member}-1", member, begin, gone, "resigned", gone))
            else:
                after = last + dt.timedelta(days=1)
                rows.append((f"{member}-2", member, after, None, None, last))
    terms = pl.DataFrame(
        rows,
        schema={
            "term_id": pl.String,
            "member": pl.Int64,
            "starts_on": pl.Date,
            "ends_on": pl.Date,
            "ended_by": pl.String,
            "known": pl.Date,
        },
        orient="row",
    )
    lake = lake_of(tmp_path, terms)
    as_of = courses[2] + dt.timedelta(days=90)
    manifest = train(lake, SETTINGS, as_of, registry(tmp_path / "models"))
    said = score(lake, SETTINGS, as_of, registry(tmp_path / "models").load(manifest["version"]))

    true = 1 - np.exp(-(269 - 90) / 600)
    assert said.filter(pl.col("p_lapse_renewal") > 0)["p_lapse_renewal"].mean() == pytest.approx(true, abs=0.05)


def test_of_a_time_when_all_who_had_been_due_had_left_nothing_is_foretold_but_what_is_usual(tmp_path: Path):
    """A first class of sixty of whom nobody renewed; a second, of whom three in four do, was foretold by what was known
    then. A model of those sixty would give everybody up."""
    first, second = dt.date(2021, 7, 1), dt.date(2022, 9, 1)
    year = dt.timedelta(days=364)
    rows = [(f"{member}", member, first, first + year) for member in range(60)]
    for member in range(60, 560):
        rows.append((f"{member}-1", member, second, second + year))
        if member % 4:
            rows.append((f"{member}-2", member, second + dt.timedelta(days=365), None))
    schema = {"term_id": pl.String, "member": pl.Int64, "starts_on": pl.Date, "ends_on": pl.Date}
    terms = pl.DataFrame(rows, schema=schema, orient="row").with_columns(known="starts_on")
    lake = lake_of(tmp_path, terms)
    manifest = train(lake, SETTINGS, dt.date(2024, 1, 1), registry(tmp_path / "models"))
    said = registry(tmp_path / "models").decisions(manifest["version"])

    assert set(said["ends_on"]) == {second + year}
    assert said["p_lapse_renewal"].to_list() == pytest.approx([1 / 6] * len(said))


def test_training_again_gives_the_same_model(trained: Trained, tmp_path: Path):
    """Same data, same day, same seed: the same files to the last byte."""
    again = train(trained.invented.lake, SETTINGS, trained.invented.last, registry(tmp_path))

    assert again["hash"] == trained.manifest["hash"]


def test_no_model_file_can_run_code(trained: Trained):
    """JSON, the booster's own binary JSON, Parquet, and a signature in hexadecimal; nothing pickled."""
    names = {path.suffix for path in (trained.models / trained.manifest["version"]).iterdir()}

    assert names <= {".json", ".ubj", ".parquet", ".sig"}


def test_the_newest_model_of_a_past_day_is_none_from_its_future(trained: Trained):
    """A night of the past cannot use a model that did not exist."""
    models = registry(trained.models)

    assert models.latest(until=trained.invented.last - dt.timedelta(days=1)) is None
    found = models.latest(until=trained.invented.last)
    assert found is not None
    assert found.version == trained.manifest["version"]
