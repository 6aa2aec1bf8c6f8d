"""`tenure insight` on a home in which a night has been, and the situation that its model makes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from calls import AS_OF, set_, tenure

SITUATION = f"""
import datetime as dt, sys
from pathlib import Path
from tenure.app.house import House
from tenure.app.situation import situation_of
frame = situation_of(House.open(Path(sys.argv[1])), dt.date.fromisoformat("{AS_OF}"))
frame.write_parquet(sys.argv[2])
"""


def test_chapters_and_lapses_are_told_by_member_id(first_night: Path, exports: Path):
    """Every chapter with members, and one driver for each lapse; ids as the source writes them."""
    chapters = tenure("insight", "chapters", "--home", first_night, "--as-of", AS_OF, "--json").json
    winback = tenure("insight", "winback", "--home", first_night, "--as-of", AS_OF, "--json").json
    told = tenure("insight", "winback", "--home", first_night, "--as-of", AS_OF).out

    ids = set(pl.read_csv(exports / "members.csv", infer_schema=False)["member_id"])
    assert len(chapters["chapters"]) >= 5
    assert all(one["low"] <= one["share"] <= one["high"] for one in chapters["chapters"])
    assert sum(one["members"] for one in winback["drivers"]) == len(winback["members"]) > 20
    assert {one["member_id"] for one in winback["members"] + chapters["drifting"]} <= ids
    assert len(winback["benefits"]) == 7
    assert winback["drivers"][0]["driver"] in told


@pytest.mark.parametrize(("name", "key"), [("hardship", "hardship_purpose"), ("displacement", "displacement_purpose")])
def test_a_guess_about_a_person_is_off_until_its_purpose_is_written_down(night: Path, name: str, key: str):
    off = tenure("insight", name, "--home", night, "--as-of", AS_OF)
    set_(night, **{key: "to help before the invoice"})
    on = tenure("insight", name, "--home", night, "--as-of", AS_OF, "--json")

    assert (off.code, off.out.startswith("off: "), key in off.out) == (0, True, True)
    assert (on.code, on.json["purpose"]) == (0, "to help before the invoice")


def test_the_situation_of_a_night_has_what_its_model_says(first_night: Path, tmp_path: Path):
    """Band, reason and value of those with a renewal to come; of those who lapsed, a driver and no band."""
    out = tmp_path / "situation.parquet"
    done = subprocess.run([sys.executable, "-c", SITUATION, first_night, out], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

    frame = pl.read_parquet(out)
    here, gone = frame.filter(pl.col("band").is_not_null()), frame.filter(pl.col("stage") == "lapsed")
    due = here.filter(pl.col("lifetime_value").is_not_null())
    assert here.height > 150
    assert due.height > 0.9 * here.height
    assert due["reason"].null_count() == 0
    assert (due["lifetime_value"] >= 0).all()
    assert due["top_value"].sum() == pytest.approx(0.05 * due.height, abs=3)
    assert gone.height > 10
    assert gone["driver"].null_count() == 0
    assert gone["risk_score"].count() == 0
    assert json.loads(frame.select("as_of").unique().write_json()) == [{"as_of": AS_OF}]
