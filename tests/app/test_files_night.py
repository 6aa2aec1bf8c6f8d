"""A night over a folder of files, from the first call to the exported scores."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
from calls import AS_OF, set_, tenure

from tenure.membership.contract import DECISION_COLUMNS, SCORE_COLUMNS

TYPES = {"string": pl.String, "date": pl.Date, "double": pl.Float64, "int": pl.Int64}


def _files(home: Path, *parts: str) -> dict[str, str]:
    """Digest by file of what a night leaves in *parts* of a home."""
    paths = [path for part in parts for path in (home / part).rglob("*") if path.is_file()]
    return {str(path.relative_to(home)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


@pytest.fixture(scope="module")
def scores(first_night: Path, tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    out = tmp_path_factory.mktemp("out") / "scores.parquet"
    assert tenure("export", "scores", "--home", first_night, "--out", out).code == 0
    return pl.read_parquet(out)


def test_scores_have_the_columns_and_types_of_the_contract(scores: pl.DataFrame):
    assert dict(scores.schema) == {name: TYPES[kind] for name, kind in SCORE_COLUMNS}
    assert scores["as_of"].unique().to_list() == [dt.date.fromisoformat(AS_OF)]
    assert scores.height > 100


def test_ids_are_the_source_s_to_the_letter(scores: pl.DataFrame, exports: Path):
    known = pl.read_csv(exports / "members.csv", infer_schema=False)["member_id"]

    assert set(scores["member_id"]) <= set(known)
    assert scores["member_id"].str.starts_with("00").all()
    assert scores["member_id"].is_unique().all()


def test_probabilities_are_in_order(scores: pl.DataFrame):
    ordered = scores.select(
        (pl.col("p_lapse_30") <= pl.col("p_lapse_60")) & (pl.col("p_lapse_60") <= pl.col("p_lapse_90")),
        pl.col("p_lapse_renewal").is_between(0, 1).alias("share"),
        pl.col("p_lapse_renewal").is_between("p_low", "p_high").alias("interval"),
        (pl.col("risk_score") == (100 * pl.col("p_lapse_renewal")).round()).alias("score"),
    )

    assert ordered.min_horizontal().all()


def test_csv_holds_the_same_with_nulls_empty(first_night: Path, scores: pl.DataFrame, tmp_path: Path):
    out = tmp_path / "scores.csv"
    tenure("export", "scores", "--home", first_night, "--out", out)

    read = pl.read_csv(out, infer_schema=False)

    assert read.columns == scores.columns
    assert read["member_id"].to_list() == scores["member_id"].to_list()
    assert read["renewal_due_on"].null_count() == scores["renewal_due_on"].null_count()
    assert read["as_of"][0] == AS_OF


def test_decisions_have_the_columns_of_the_contract(first_night: Path, tmp_path: Path):
    done = tenure("export", "decisions", "--home", first_night, "--out", tmp_path / "d.parquet", "--json")

    frame = pl.read_parquet(tmp_path / "d.parquet")
    assert done.json["rows"] == frame.height > 0
    assert dict(frame.schema) == {name: TYPES[kind] for name, kind in DECISION_COLUMNS}
    assert set(frame["lapsed"].unique()) <= {0, 1}
    assert (frame["as_of"] <= frame["ends_on"]).all()


def test_a_second_run_changes_nothing(night: Path):
    before = _files(night, "lake", "models", "secrets")
    set_(night, path=json.loads(json.dumps(str(night.parent / "exports"))))

    done = tenure("run", "--home", night, "--as-of", AS_OF, "--json")

    assert done.code == 0
    assert done.json["unchanged"] is True
    assert _files(night, "lake", "models", "secrets") == before


def test_a_dry_run_keeps_no_scores(night: Path):
    before = _files(night, "lake", "models")

    done = tenure("run", "--home", night, "--as-of", "2025-03-05", "--dry-run", "--json")

    assert done.code == 0
    assert done.json["dry_run"] is True
    assert _files(night, "lake", "models") == before
    assert tenure("export", "scores", "--home", night, "--as-of", "2025-03-05", "--out", night / "x.csv").code == 1


def test_a_night_in_the_past_uses_no_later_model_and_moves_no_page_back(night: Path):
    done = tenure("score", "--home", night, "--as-of", "2024-09-01")

    assert done.code == 1
    assert "there is no model that was made by 2024-09-01" in done.err
    assert "--as-of 2024-09-01" in done.err


def test_the_next_night_scores_with_the_model_that_there_is(night: Path):
    """And a night of the past made again stays off the pages, but is what an export then gives."""
    done = tenure("run", "--home", night, "--as-of", "2025-03-02", "--json")

    steps = {step["name"]: step for step in done.json["steps"]}
    assert steps["train"]["state"] == "unchanged"
    assert steps["score"]["state"] == "done"
    replay = tenure("run", "--home", night, "--as-of", AS_OF)
    assert "is before the latest night, so pages and iMIS stay as they are" in replay.err
    exported = night / "scores.parquet"
    tenure("export", "scores", "--home", night, "--out", exported)
    assert str(pl.read_parquet(exported)["as_of"].unique().item()) == AS_OF


def test_a_night_on_which_nobody_is_a_member_is_of_its_own_day(night: Path):
    """Else every night until the present day would be taken for one of the past, and kept off the pages."""
    members = night.parent / "exports" / "members.csv"
    known = pl.read_csv(members, infer_schema=False)
    known.with_columns(deceased_on=pl.lit("2025-02-01")).write_csv(members)

    done = tenure("run", "--home", night, "--as-of", "2025-03-02", "--json")

    assert done.code == 0, done.told
    with closing(sqlite3.connect(night / "ledger.sqlite3")) as ledger:
        assert ledger.execute("SELECT as_of, rows FROM ledger_score_set").fetchall() == [("2025-03-02", 0)]
        question = "SELECT DISTINCT as_of FROM ledger_membership_figures WHERE part = 'scores'"
        assert ledger.execute(question).fetchall() == [("2025-03-02",)], "the dues of the night before are gone"


def test_a_day_that_has_not_begun_is_refused(night: Path):
    done = tenure("run", "--home", night, "--as-of", "2999-01-01")

    assert done.code == 2
    assert "has not begun" in done.err


def test_evaluate_tells_of_the_back_test(first_night: Path):
    done = tenure("evaluate", "--home", first_night)
    manifest = tenure("evaluate", "--home", first_night, "--json").json

    assert done.code == 0
    assert f"Grade {manifest['grade']['letter']}" in done.out
    assert "points score" in done.out
    assert manifest["version"] in tenure("evaluate", "--home", first_night, "--list").out


def test_doctor_finds_no_fault_after_a_night_but_that_the_exports_ended_long_ago(night: Path):
    done = tenure("doctor", "--home", night, "--json")

    assert done.code == 1, done.out
    assert [one["check"] for one in done.json["findings"] if one["state"] == "fault"] == ["record"]
    assert done.json["faults"] == 1
    assert len(done.json["findings"]) >= 20


def test_doctor_names_each_fault_with_its_mend(night: Path):
    (night.parent / "exports" / "terms.csv").unlink()
    (night / "secrets" / "pseudonym.key").chmod(0o644)

    done = tenure("doctor", "--home", night, "--json")

    faults = {finding["check"]: finding for finding in done.json["findings"] if finding["state"] == "fault"}
    assert done.code == 1
    assert set(faults) == {"source", "secrets", "record"}
    assert all(fault["mend"] for fault in faults.values())


def test_doctor_names_member_types_that_no_term_has(night: Path):
    """A slip in a type's name would quietly give it the default days of grace."""
    text = (night / "tenure.toml").read_text()
    (night / "tenure.toml").write_text(text.replace("default = 30", 'default = 30\n"STUDNET" = 60'))

    done = tenure("doctor", "--home", night)

    assert "member types: `[membership]` names STUDNET, which no term has" in done.out


def test_doctor_names_a_clock_that_went_back(night: Path):
    """A machine that believes it is last year must not run a night."""
    manifest = night / "lake" / "manifest.json"
    manifest.write_text(re.sub(r'"at": "20\d\d', '"at": "2094', manifest.read_text()))

    done = tenure("doctor", "--home", night)

    assert done.code == 1
    assert "machine's clock: the last sync lies" in done.out
