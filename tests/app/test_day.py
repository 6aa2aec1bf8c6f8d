"""What a night reckons beside its scores: once, from what was known at the start of its day."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import polars as pl
from calls import AS_OF, Done, set_, tenure

DAY = dt.date.fromisoformat(AS_OF)


def rows(home: Path, question: str, *values: object) -> list[Any]:
    with closing(sqlite3.connect(home / "ledger.sqlite3")) as ledger:
        return ledger.execute(question, values).fetchall()


def step(done: Done) -> dict[str, Any]:
    assert done.code == 0, done.told
    return next(step for step in done.json["steps"] if step["name"] == "day")


def test_every_score_has_what_an_hour_of_calls_keeps_and_what_became_of_its_like(first_night: Path):
    found = rows(
        first_night,
        "SELECT p_lapse_renewal, dues, worth, like_decided, like_lapsed, like_low, like_high FROM ledger_current_score",
    )
    assert len(found) > 100
    due = [row for row in found if row[2] is not None]
    assert due
    for chance, dues, worth, *_ in due:
        at_most = chance - chance * 0.9 / (1 - chance * 0.1)
        assert 0 <= worth <= at_most * dues * 60 / 20 + 1e-9, "nobody is kept beyond what a talk takes off their odds"
    models = list((first_night / "models").glob("*/decisions.parquet"))
    past = pl.read_parquet(models[0])
    early = past.filter((pl.col("ends_on") - pl.col("as_of")).dt.total_days() >= 30)
    one = early.sort("as_of").unique(["member", "ends_on"], keep="last")
    assert any(row[3] for row in found[:25])
    for _, _, _, decided, lapsed, low, high in found[:25]:
        if decided == 0:
            continue
        same = one.filter(pl.col("p_lapse_renewal").is_between(low, high))
        assert same.height >= decided
        assert lapsed <= same["lapsed"].sum()
        assert same.filter(pl.col("p_lapse_renewal").is_between(low, high, closed="none")).height <= decided


def test_a_second_time_there_is_nothing_to_do_and_nothing_changes(night: Path):
    question = "SELECT * FROM ledger_current_score ORDER BY member"
    before = rows(night, question)
    done = tenure("run", "--home", night, "--as-of", AS_OF, "--json")
    assert step(done)["state"] == "unchanged"
    assert rows(night, question) == before


def test_a_failed_payment_is_seen_from_the_night_after_it_was_recorded(night: Path):
    """One that was recorded on the day itself is not, whenever it happened."""
    path = night.parent / "exports" / "activity.csv"
    acts = pl.read_csv(path, infer_schema=False)
    members = [
        row[0]
        for row in rows(
            night,
            "SELECT member_id FROM ledger_identity JOIN ledger_current_score USING (member) "
            "WHERE payment_trouble = '' AND renewal_due_on > ? ORDER BY member_id LIMIT 2",
            AS_OF,
        )
    ]
    new = [
        {"activity_id": f"F{i}", "member_id": member, "kind": "payment_failed", "occurred_at": f"{on} 12:00:00",
         "recorded_at": f"{recorded} 12:00:00"}
        for i, (member, on, recorded) in enumerate(
            zip(members, ("2025-02-27", "2025-02-26"), ("2025-02-28", AS_OF), strict=True)
        )
    ]  # fmt: skip
    pl.concat([acts, pl.DataFrame(new).cast(pl.String)], how="diagonal").write_csv(path)
    done = tenure("run", "--home", night, "--as-of", AS_OF, "--json")
    counted = step(done)["counts"]
    assert "leaked" not in done.err, "a command ends without complaints of what it is made of"
    trouble = dict(
        rows(
            night,
            "SELECT member_id, payment_trouble FROM ledger_identity JOIN ledger_current_score USING (member) "
            "WHERE payment_trouble <> ''",
        )
    )
    assert trouble[members[0]] == "declined"
    assert members[1] not in trouble
    assert len(trouble) == counted["payments_to_fix"]
    silent = rows(night, "SELECT count(*) FROM ledger_current_score WHERE fell_silent_on <= date(?, '-90 days')", AS_OF)
    assert silent == [(counted["fell_silent"],)]
    assert counted["fell_silent"] > 0
    most = rows(night, "SELECT count(*), min(engaged_days) FROM ledger_current_score WHERE engaged_days IS NOT NULL")
    assert most[0][0] == counted["most_engaged"]
    assert 0 < most[0][0] <= len(rows(night, "SELECT 1 FROM ledger_current_score")) / 20
    assert most[0][1] >= 4
    kept = rows(night, "SELECT day FROM ledger_score_set")[0][0]
    assert json.loads(kept)["experiments"] == ["holdout"]


def test_where_what_members_do_is_not_on_record_nobody_is_said_to_have_done_nothing(tmp_path: Path, exports: Path):
    """A home without activity: neither newcomers nor benefits are told of, in the night, the report and the brief."""
    home = tmp_path / "home"
    shutil.copytree(exports, tmp_path / "exports", ignore=shutil.ignore_patterns("activity*"))
    assert tenure("init", "--home", home, "--source", "files", "--path", tmp_path / "exports").code == 0
    set_(home, refits=4, threads=1)
    told = step(tenure("run", "--home", home, "--as-of", AS_OF, "--json"))
    assert "not on record" in told["words"]
    assert told["counts"]["first_year_silent"] == 0
    assert json.loads(rows(home, "SELECT day FROM ledger_score_set")[0][0])["acts_since"] is None

    daily = tenure("report", "daily", "--home", home)
    assert daily.code == 0, daily.told
    assert "done nothing" not in daily.out
    assert "since joining" not in daily.out

    winback = tenure("insight", "winback", "--home", home, "--as-of", AS_OF, "--json").json
    said = tenure("insight", "winback", "--home", home, "--as-of", AS_OF).out
    assert winback["benefits"] == []
    assert "was never recorded" in said
    assert "+6 points" not in said
    assert not {"did not settle in", "used nothing in the last year"} & {one["driver"] for one in winback["drivers"]}
