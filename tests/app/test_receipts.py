"""Every score can be explained later: made again from what was known, though more has arrived since."""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from pathlib import Path

import polars as pl
import pytest
from calls import AS_OF, tenure

import tenure as tenure_package
from tenure.lake import Lake, given


def test_two_hundred_past_scores_come_out_again_though_more_records_arrived(night: Path):
    """Another week of records, another model, another night; then the old night to 1e-9, and a receipt of one."""
    exports = night.parent / "exports"
    activity = pl.read_csv(exports / "activity.csv", infer_schema=False)
    more = activity.tail(400).with_columns(
        activity_id=pl.concat_str(pl.lit("new-"), pl.col("activity_id")),
        occurred_at=pl.lit("2025-03-04T10:00:00Z"), recorded_at=pl.lit("2025-03-04T11:00:00Z"),
    )  # fmt: skip
    pl.concat([activity, more]).write_csv(exports / "activity.csv")
    # So many records of one hour are a red night for the watch, which somebody has looked at.
    seen = ("--despite-drift", "--by", "a test")
    assert tenure("run", "--home", night, "--as-of", "2025-03-06", *seen).code == 0
    done = tenure("score", "--home", night, "--replay", AS_OF, "--json")

    assert done.code == 0, done.told
    assert done.json["same"] == done.json["members"] >= 200
    assert done.json["farthest"] <= 1e-9
    assert done.json["columns"] == []
    assert done.json["features"] == []
    assert done.json["page"]["lake_version"] == 1

    # By the lake: the file of a night holds only what differs from the one after.
    scores = Lake.open(night / "lake").scores(dt.date.fromisoformat(AS_OF))
    member = _first_scored(night)
    told = tenure("receipt", member, "--home", night, "--as-of", AS_OF)
    one = tenure("receipt", member, "--home", night, "--as-of", AS_OF, "--json").json
    assert told.out.count(": the same.") == 2
    assert "how often in 90 days: notice sent" in told.out
    assert not re.search(r"[A-Z]\w+\(", told.out), "definitions are for analysts, and in the JSON"
    assert one["from_kept"] == pytest.approx(scores["p_lapse_renewal"].max(), abs=1e-9)
    assert one["from_lake"] == pytest.approx(one["from_kept"], abs=1e-9)
    assert one["page"]["model"] == one["score"]["model_version"]
    assert len(one["features"]) > 30


def test_a_record_dated_back_is_noticed_and_the_receipt_still_holds(night: Path):
    """Rows that claim to have been known before a night change what is counted anew, and not the receipt."""
    exports = night.parent / "exports"
    activity = pl.read_csv(exports / "activity.csv", infer_schema=False)
    busiest = activity["member_id"].value_counts(sort=True)["member_id"][0]
    more = activity.filter(pl.col("kind") == "login").head(30).with_columns(
        activity_id=pl.concat_str(pl.lit("back-"), pl.col("activity_id")), member_id=pl.lit(busiest),
        occurred_at=pl.lit("2025-02-20T10:00:00Z"), recorded_at=pl.lit("2025-02-20T11:00:00Z"),
    )  # fmt: skip
    pl.concat([activity, more]).write_csv(exports / "activity.csv")
    assert tenure("sync", "--home", night).code == 0
    done = tenure("score", "--home", night, "--replay", AS_OF, "--json")

    assert done.code == 4
    assert done.json["members"] - done.json["same"] >= 1
    assert any("login" in name for name in done.json["features"])
    one = tenure("receipt", busiest, "--home", night, "--as-of", AS_OF, "--json").json
    assert one["from_kept"] == pytest.approx(one["score"]["p_lapse_renewal"], abs=1e-9)
    assert any(feature["then"] != feature["now"] for feature in one["features"])


def test_a_replay_names_the_columns_that_differ_and_by_how_much(night: Path):
    """Window of the lapse, evidence against and points are held against what was kept too; no member is named."""
    lake, day = Lake.open(night / "lake"), dt.date.fromisoformat(AS_OF)
    first = pl.col("member").is_in(lake.scores(day)["member"].head(3).implode())
    other = {
        "lapse_earliest_on": pl.col("lapse_earliest_on") - pl.duration(days=4),
        "against": pl.lit("Something else"),
        "reason_1_points": pl.col("reason_1_points") + 2,
    }
    lake.write_scores(
        day,
        lake.scores(day).with_columns(
            pl.when(first).then(value).otherwise(name).alias(name) for name, value in other.items()
        ),
    )
    told = tenure("score", "--home", night, "--replay", AS_OF)
    done = tenure("score", "--home", night, "--replay", AS_OF, "--json")

    assert (told.code, done.code) == (4, 4), done.told
    found = {one["column"]: (one["members"], one["greatest"]) for one in done.json["columns"]}
    assert found == {"lapse_earliest_on": (3, 4.0), "reason_1_points": (3, 2.0), "against": (3, None)}
    assert done.json["members"] - done.json["same"] == 3
    assert done.json["farthest"] <= 1e-9
    assert (
        "what differs: lapse_earliest_on of 3 members, by up to 4 days; reason_1_points of 3 members, by up to 2; "
        "against of 3 members" in " ".join(told.out.split())
    )


def test_the_digest_of_a_night_is_counted_again_from_the_page_that_it_kept(night: Path):
    """With rules whose order matters; a rule that is rewritten makes another digest."""
    settings = night / "tenure.toml"
    grace = "default = 45\nassociate = 60"
    text, count = re.subn(r"^default = \d+", grace, settings.read_text(), flags=re.MULTILINE)
    assert count == 1
    settings.write_text(text)
    assert tenure("score", "--home", night, "--as-of", AS_OF).code == 0
    folder, day = night / "receipts", dt.date.fromisoformat(AS_OF)
    kept = given(folder, day)
    assert kept.page["membership"]["grace_days"] == {"default": 45, "associate": 60}
    assert kept.counted_again == kept.page["receipt"]
    page = folder / f"{AS_OF}.json"
    page.write_text(page.read_text().replace('"default": 45', '"default": 46'))
    assert given(folder, day).counted_again not in (None, kept.page["receipt"])


def test_code_that_was_edited_under_the_same_version_is_named_when_a_night_is_made_again(tmp_path: Path, night: Path):
    """The scores are the same for all that, so the replay is whole; and it is not taken for the night that was kept."""
    copy = tmp_path / "src"
    shutil.copytree(Path(tenure_package.__file__).parent, copy / "tenure")
    edited = copy / "tenure" / "risk" / "score.py"
    edited.write_text(edited.read_text() + "# Edited.\n")
    page = json.loads((night / "receipts" / f"{AS_OF}.json").read_text())
    asked = ("score", "--home", night, "--replay", AS_OF)
    here, there = (tenure(*asked, "--json", **where) for where in ({}, {"PYTHONPATH": str(copy)}))
    told = " ".join(tenure(*asked, PYTHONPATH=str(copy)).out.split())

    assert here.code == there.code == 0, there.told
    assert there.json["same"] == there.json["members"]
    assert here.json["notes"] == []
    (note,) = there.json["notes"]
    assert note.startswith(f"the code that scored ({page['code'][:12]}) is not the code of now (")
    assert f"note: {note}" in told
    again = tenure("score", "--home", night, "--as-of", AS_OF, "--dry-run", PYTHONPATH=str(copy))
    assert "stand" in tenure("score", "--home", night, "--as-of", AS_OF, "--dry-run").told
    assert "stand" not in again.told


def test_another_version_of_a_library_is_named_and_a_receipt_without_code_is_read_as_before(night: Path):
    path = night / "receipts" / f"{AS_OF}.json"
    page = json.loads(path.read_text())
    scored = _first_scored(night)
    now = page["libraries"]["numpy"]
    path.write_text(json.dumps(page | {"libraries": page["libraries"] | {"numpy": "1.26.0"}}))
    done = tenure("receipt", scored, "--home", night)
    assert f"note: numpy was 1.26.0 and is {now}" in done.out
    assert f"Code {page['code'][:12]}, numpy 1.26.0" in done.out

    old = {name: value for name, value in page.items() if name not in ("code", "libraries")}
    path.write_text(json.dumps(old))
    assert tenure("receipt", scored, "--home", night, "--json").json["notes"] == []
    assert tenure("score", "--home", night, "--replay", AS_OF, "--json").json["notes"] == []


def _first_scored(night: Path) -> str:
    tenure("export", "scores", "--home", night, "--as-of", AS_OF, "--out", night / "scores.csv")
    return str(pl.read_csv(night / "scores.csv", infer_schema=False)["member_id"][0])


def test_what_has_no_receipt_is_said(night: Path):
    """A member who is not there, and a night that was not scored."""
    assert tenure("receipt", "no such member", "--home", night).code == 2
    assert "nights with scores are 2025-03-01" in tenure("score", "--home", night, "--replay", "2025-02-01").err
