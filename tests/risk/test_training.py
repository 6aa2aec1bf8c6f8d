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
from tenure.membership import decisions
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


def monthly(leavers: int, cycle: int) -> pl.DataFrame:
    """Four years by the month of 40 members, of whom so many are away for a third of each *cycle* of months."""
    rows = [
        (f"{member}-{month}", member, dt.date(2021 + month // 12, month % 12 + 1, 1))
        for member in range(40)
        for month in range(48)
        if member >= leavers or month % cycle < cycle * 2 // 3
    ]
    terms = pl.DataFrame(rows, schema=["term_id", "member", "starts_on"], orient="row")
    return terms.with_columns(ends_on=pl.col("starts_on").dt.month_end(), known="starts_on")


def test_lapses_of_a_few_payers_train_and_those_of_one_are_refused(tmp_path: Path):
    """Many lapses of three payers fall into halves that each have some; what one payer did is that one's alone."""
    settings = SETTINGS.model_copy(update={"model": SETTINGS.model.model_copy(update={"refits": 10})})
    as_of = dt.date(2024, 12, 15)
    few = lake_of(tmp_path / "few", monthly(3, cycle=6))
    manifest = train(few, settings, as_of, registry(tmp_path / "models"))
    assert manifest["data"]["lapses"] == 24

    one = lake_of(tmp_path / "one", monthly(1, cycle=2))
    decided = Membership(grace_days={"default": 7})
    with pytest.raises(BelowDataFloor, match="of one payer; those of at least 2 are needed"):
        train(one, settings.model_copy(update={"membership": decided}), as_of, registry(tmp_path / "none"))


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


def test_who_objects_to_profiling_teaches_nothing(tmp_path: Path):
    """The model, its measures and its counts are those of a record that never held their terms."""
    invented = invent(tmp_path / "all", members=130)
    source, objects = invented.lake, pl.col("member") % 5 == 0
    with source.connect() as con:
        activity = pl.DataFrame(pl.from_arrow(con.sql("SELECT * FROM activity").to_arrow_table()))
    told = []
    for name, members, terms in (
        ("objecting", source.members().with_columns(objects_to_profiling=objects), source.terms()),
        ("absent", source.members().filter(~objects), source.terms().filter(~objects)),
    ):
        lake = Lake.open(tmp_path / name / "lake")
        with lake.batch(source="test", at=dt.datetime.combine(invented.last, dt.time(), tzinfo=dt.UTC)) as batch:
            batch.replace("members", members)
            batch.replace("terms", terms)
            batch.replace("activity", activity)
            batch.commit()
        told.append(train(lake, SETTINGS, invented.last, registry(tmp_path / name / "models")))

    objecting, absent = told
    assert objecting["data"] == absent["data"]
    assert objecting["backtest"]["models"] == absent["backtest"]["models"]
    assert objecting["hash"] == absent["hash"]


def test_records_that_were_put_together_teach_what_one_record_would(tmp_path: Path):
    """The last terms of some went to another record of theirs a year later; each renewal is decided once."""
    invented = invent(tmp_path / "all", members=200)
    source, twin = invented.lake, 1_000_000
    terms, members = source.terms(), source.members()
    last = terms.sort("starts_on").group_by("member", maintain_order=True).last().filter(pl.col("member") % 10 == 0)
    moved = last.select(
        pl.col("member") + twin, pl.col("recorded_at").dt.offset_by("13mo"), pl.exclude("member", "recorded_at")
    ).filter(pl.col("recorded_at") < invented.last)
    others = members.with_columns(pl.col("member") + twin).join(moved, on="member", how="semi")
    lake = Lake.open(tmp_path / "lake")
    with lake.batch(source="test", at=dt.datetime.combine(invented.last, dt.time(), tzinfo=dt.UTC)) as batch:
        batch.replace("members", pl.concat([members, others]))
        batch.replace("terms", pl.concat([terms, moved.select(terms.columns)]))
        batch.commit()

    manifest = train(lake, SETTINGS, invented.last, registry(tmp_path / "models"))

    assert not moved.is_empty()
    alike = decisions(terms, members, SETTINGS.membership, as_of=invented.last)
    assert manifest["data"]["decisions"] == alike["outcome"].is_in(["renewed", "lapsed"]).sum()
    kept = registry(tmp_path / "models").decisions(manifest["version"])
    assert not kept.select(pl.col("member") % twin, "ends_on", "as_of").is_duplicated().any()


def test_training_again_gives_the_same_model(trained: Trained, tmp_path: Path):
    """Same data, same day, same seed: the same files to the last byte."""
    again = train(trained.invented.lake, SETTINGS, trained.invented.last, registry(tmp_path))

    assert again["hash"] == trained.manifest["hash"]


def test_no_model_file_can_run_code(trained: Trained):
    """JSON, the boosters' too, Parquet, and a signature in hexadecimal; nothing pickled."""
    names = {path.suffix for path in (trained.models / trained.manifest["version"]).iterdir()}

    assert names <= {".json", ".parquet", ".sig"}


def test_the_newest_model_of_a_past_day_is_none_from_its_future(trained: Trained):
    """A night of the past cannot use a model that did not exist."""
    models = registry(trained.models)

    assert models.latest(until=trained.invented.last - dt.timedelta(days=1)) is None
    found = models.latest(until=trained.invented.last)
    assert found is not None
    assert found.version == trained.manifest["version"]


def test_a_model_is_judged_by_renewals_that_were_foretold_with_the_signals_of_today(tmp_path: Path):
    """Members' acts are on record since March 2023 only: what was foretold without them says little of tonight."""
    invented = invent(tmp_path / "lake", members=450, recorded=dt.date(2023, 3, 1))

    manifest = train(invented.lake, SETTINGS, invented.last, registry(tmp_path / "models"))

    years = {one["value"] for one in manifest["backtest"]["slices"] if one["by"] == "year"}
    assert years == {"2024", "2025"}
    (note,) = [note for note in manifest["data"]["notes"] if "on record since" in note]
    assert note.endswith("it is judged by renewals that came half a year and more after that.")
    kept = registry(tmp_path / "models").decisions(manifest["version"])
    assert kept["ends_on"].dt.year().min() == 2022, "what it would have said is kept of all renewals"


def test_where_a_feed_is_too_young_to_judge_by_it_is_said(tmp_path: Path):
    """Acts are on record for the last months only: all renewals judge, and the model says that they had less."""
    invented = invent(tmp_path / "lake", members=300, recorded=dt.date(2024, 9, 1))

    manifest = train(invented.lake, SETTINGS, invented.last, registry(tmp_path / "models"))

    assert {"2022", "2023"} < {one["value"] for one in manifest["backtest"]["slices"] if one["by"] == "year"}
    (note,) = [note for note in manifest["data"]["notes"] if "on record since" in note]
    assert note.endswith("it is judged by renewals that were mostly foretold without them, and may do better.")


def test_a_young_association_takes_the_learner_that_does_best_for_members_it_had_not_seen(tmp_path: Path):
    """No renewal has come yet that a model could have foretold, and the members' acts tell much."""
    young = invent(tmp_path / "lake", members=1400, years=1.5)

    manifest = train(young.lake, SETTINGS, young.last, registry(tmp_path / "models"))

    assert 20 <= manifest["data"]["lapses"] < 200
    assert manifest["learner"] == "regularized logistic"
    assert "for members it had not seen" in manifest["why_learner"]


def test_a_payment_keyed_in_late_was_a_lapse_in_all_that_was_said_before(trained: Trained, tmp_path: Path):
    """Payments of a fifth of the members came on record just before the last day; or never. What was said until then,
    by lines and by a learner that earlier outcomes chose, is the same."""
    last, source = trained.invented.last, trained.invented.lake
    begin = dt.date.fromisoformat(trained.manifest["backtest"]["folds"][-1]["from"])
    keyed_in = last - dt.timedelta(days=2)
    window = pl.col("starts_on").is_between(last - dt.timedelta(days=385), begin - dt.timedelta(days=35))
    late = window & (pl.col("member") % 5 == 0) & (pl.col("term_id").str.split("-").list.last() != "0")
    moved = pl.when(late).then(pl.lit(keyed_in).cast(pl.Datetime("us"))).otherwise("recorded_at")
    terms = source.terms()
    with source.connect() as con:
        activity = pl.from_arrow(con.sql("SELECT * FROM activity").to_arrow_table())
    kept = []
    for name, known in (("late", terms.with_columns(recorded_at=moved)), ("never", terms.filter(~late))):
        lake, models = Lake.open(tmp_path / name / "lake"), registry(tmp_path / name / "models")
        with lake.batch(source="test", at=dt.datetime.combine(last, dt.time(), tzinfo=dt.UTC)) as batch:
            batch.replace("members", source.members())
            batch.replace("terms", known)
            batch.replace("activity", activity)
            batch.commit()
        kept.append(models.decisions(train(lake, SETTINGS, last, models)["version"]))

    both = kept[0].join(kept[1], on=["member", "ends_on", "as_of"], suffix="_never")
    assert both.filter(pl.col("lapsed") != pl.col("lapsed_never"))["member"].n_unique() > 20
    before = both.filter(pl.col("as_of") < keyed_in)
    assert len(before.filter(pl.col("as_of") >= begin)) > 300
    assert before["p_lapse_renewal"].equals(before["p_lapse_renewal_never"].rename("p_lapse_renewal"))


def test_what_came_on_record_later_changes_neither_a_model_nor_what_it_is_judged_by(tmp_path: Path):
    """An old term and everybody's employer, keyed in after the day."""
    day, rng = dt.date(2024, 6, 1), np.random.default_rng(5)
    rows = []
    for member in range(250):
        start = dt.date(2020, 6, 1) + dt.timedelta(days=int(rng.integers(0, 360)))
        while start < day:
            end = start + dt.timedelta(days=364)
            rows.append((f"{member}-{start}", member, start, end, start))
            if rng.random() < 0.25:
                break
            start = end + dt.timedelta(days=1)
    schema = ["term_id", "member", "starts_on", "ends_on", "known"]
    old = [("old", 9999, dt.date(2005, 1, 1), dt.date(2005, 12, 31), day + dt.timedelta(days=200))]
    manifests = []
    for name, more in (("then", []), ("later", old)):
        lake = lake_of(tmp_path / name, pl.DataFrame([*rows, *more], schema=schema, orient="row"))
        if more:
            later = pl.lit(dt.datetime.combine(day, dt.time()) + dt.timedelta(days=270))
            employed = lake.members().with_columns(valid_from=later, organization=pl.col("member") % 20)
            with lake.batch(source="test", at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC)) as batch:
                batch.replace("members", pl.concat([lake.members(), employed], how="diagonal_relaxed"))
                batch.commit()
        manifests.append(train(lake, SETTINGS, day, registry(tmp_path / name / "models")))

    assert manifests[1]["hash"] == manifests[0]["hash"]
    assert manifests[1]["backtest"] == manifests[0]["backtest"]


def test_leaving_early_is_counted_on_days_that_do_not_know_of_it(tmp_path: Path):
    """Some resign, on any day of their term. Days that are counted back from that day would meet them all."""
    rng, rows, truth = np.random.default_rng(11), [], []
    for member in range(900):
        start = dt.date(2018, 1, 1) + dt.timedelta(days=int(rng.integers(0, 365)))
        for number in range(6):
            term, end = f"{member}-{number}", start + dt.timedelta(days=364)
            rows.append((term, member, start, end, None, start))
            if rng.random() < 0.035:
                gone = start + dt.timedelta(days=int(rng.integers(1, 360)))
                rows.append((term, member, start, gone, "resigned", gone))
                truth.append((end - gone).days)
                break
            if rng.random() < 0.15:
                truth.append(0)
                break
            start = end + dt.timedelta(days=1)
    schema = {"term_id": pl.String, "member": pl.Int64, "starts_on": pl.Date, "ends_on": pl.Date,
              "ended_by": pl.String, "known": pl.Date}  # fmt: skip
    lake, models = lake_of(tmp_path, pl.DataFrame(rows, schema=schema, orient="row")), registry(tmp_path / "models")

    manifest = train(lake, SETTINGS, dt.date(2023, 12, 1), models)

    assert manifest["early"] == "counted"
    # Of those who lapse and are there on a day 181 to 270 days ahead of the renewal, who leaves within 90 days.
    there = [(ahead, left) for ahead in range(181, 271) for left in truth if left < ahead]
    share = np.mean([left > 0 and ahead - left <= 90 for ahead, left in there])
    assert models.load(manifest["version"]).timing.early[5, 2] == pytest.approx(share, abs=0.025)


def test_where_whoever_came_due_later_had_paid_long_before_all_there_is_judges(tmp_path: Path):
    """One class, and a member who paid for two years at once, whose term ends after that of the class."""
    schema = ["term_id", "member", "starts_on", "ends_on", "known"]
    rows = [
        (f"{member}-1", member, dt.date(2023, 1, 1), dt.date(2023, 12, 31), dt.date(2023, 1, 1))
        for member in range(200)
    ]
    rows += [(f"{member}-2", member, dt.date(2024, 1, 1), dt.date(2024, 12, 31), dt.date(2023, 12, 20))
             for member in range(200) if member % 3]  # fmt: skip
    rows += [("900-1", 900, dt.date(2023, 4, 1), dt.date(2024, 3, 31), dt.date(2023, 4, 1)),
             ("900-2", 900, dt.date(2024, 4, 1), dt.date(2025, 3, 31), dt.date(2023, 4, 1))]  # fmt: skip
    lake = lake_of(tmp_path, pl.DataFrame(rows, schema=schema, orient="row"))

    manifest = train(lake, SETTINGS, dt.date(2024, 6, 1), registry(tmp_path / "models"))

    assert manifest["backtest"]["decisions"] == 200
