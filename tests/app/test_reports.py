"""Figures for a director: each report by its command, held against what other commands say of the same home."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from pathlib import Path

import polars as pl
import pytest
from calls import AS_OF, tenure

from tenure.app import reports
from tenure.app.house import House
from tenure.web.organization_side import roll_up_of

DAY = dt.date.fromisoformat(AS_OF)


@pytest.fixture(scope="module")
def scores(first_night: Path, tmp_path_factory: pytest.TempPathFactory) -> pl.DataFrame:
    out = tmp_path_factory.mktemp("scores") / "scores.parquet"
    assert tenure("export", "scores", "--home", first_night, "--out", out).code == 0
    return pl.read_parquet(out)


def test_membership_numbers_add_up_and_carry_their_formulas(first_night: Path):
    """Start, joined, reinstated, dropped, departed and end; classes sum to everyone; each rate with its two numbers."""
    shown = tenure("report", "numbers", "--home", first_night, "--as-of", AS_OF)
    body = tenure("report", "numbers", "--home", first_night, "--as-of", AS_OF, "--json").json
    everyone, *kinds = (one["now"] for one in body["classes"])

    assert shown.code == 0, shown.told
    assert body["since"] == str(DAY - dt.timedelta(days=365))
    assert everyone["at_start"] + everyone["net"] == everyone["at_end"] > 100
    for name in ("joined", "dropped", "at_end", "undecided"):
        assert sum(kind[name] for kind in kinds) == everyone[name]
    rate = everyone["renewal"]
    assert rate["value"] == pytest.approx(rate["part"] / rate["whole"])
    assert f"{rate['part']:,} ÷ {rate['whole']:,}" in shown.out
    assert body["formulas"]["renewal"] in shown.out


def test_dues_at_risk_are_dues_times_the_probability_of_the_same_night(first_night: Path, scores: pl.DataFrame):
    """Held against the exported scores: who is due, and the order of expectation and range."""
    body = tenure("report", "dues", "--home", first_night, "--json").json
    everyone = {one["horizon"]: one for one in body["rows"] if not one["member_type"]}
    due = scores.filter(pl.col("renewal_due_on") <= DAY + dt.timedelta(days=90), pl.col("p_lapse_renewal") > 0)

    assert body["as_of"] == AS_OF
    assert everyone[90]["members"] == len(due)
    assert everyone[30]["members"] <= everyone[60]["members"] <= everyone[90]["members"]
    for one in everyone.values():
        assert 0 <= one["low"] <= one["expected_loss"] <= one["high"] <= one["due"]
    assert body["formula"] in tenure("report", "dues", "--home", first_night).out


def test_reasons_for_leaving_are_counted_and_members_are_named_in_a_file_alone(
    night: Path, scores: pl.DataFrame, tmp_path: Path
):
    """Nobody's id is printed; the file has one row per member with a renewal ahead, and the audit log knows of it."""
    out = tmp_path / "leaving.csv"
    shown = tenure("report", "leaving", "--home", night, "--out", out)
    body = tenure("report", "leaving", "--home", night, "--json").json
    rows = pl.read_csv(out, schema_overrides={"member_id": pl.String})

    assert shown.code == 0, shown.told
    assert sum(one["members"] for one in body["reasons"]) == body["members"] > 10
    assert set(rows["member_id"]) <= set(scores["member_id"])
    assert rows["member_id"].str.starts_with("00").all()
    assert not any(one in shown.out.split() for one in rows["member_id"])
    at_risk = rows.filter(pl.col("band").is_in(["high", "medium"]))
    assert len(at_risk) == body["members"]
    assert 0 < rows["top_value"].cast(pl.Boolean).sum() <= 0.2 * len(rows)
    assert rows["lifetime_value"].drop_nulls().min() >= 0
    with sqlite3.connect(night / "ledger.sqlite3") as ledger:
        told = ledger.execute("SELECT subject FROM ledger_audit_event WHERE act = 'export:file:write'").fetchall()
    assert told[-1] == ("reasons for leaving",)


def test_organizations_are_seen_through_their_people(night: Path, exports: Path, tmp_path: Path):
    """Of members alone, as many people as the exports have for each payer; what happened later is not in the report of
    an earlier day."""
    out = tmp_path / "organizations.parquet"
    now = tenure("report", "organizations", "--home", night, "--as-of", AS_OF, "--out", out, "--json").json
    before = tenure("report", "organizations", "--home", night, "--as-of", "2023-03-01", "--json").json
    rows = pl.read_parquet(out)
    people = pl.read_csv(exports / "members.csv", infer_schema=False).filter(pl.col("organization_id").is_not_null())

    assert now["organizations"] == len(rows) > 0
    assert now["people"] == rows["people"].sum()
    scored = tmp_path / "scores.parquet"
    assert tenure("export", "scores", "--home", night, "--out", scored).code == 0
    members = set(pl.read_parquet(scored)["member_id"])
    assert set(rows["organization_id"]) == set(people["organization_id"]) & members
    assert set(people["organization_id"]) - members, "some have left"
    assert (rows["active_90"] <= rows["active_365"]).all()
    assert now["active_365"] > 0
    assert before["people"] != now["people"]


def test_the_report_and_an_organizations_page_name_the_same_key_person(first_night: Path):
    """With the same days, of whoever has left too, and as many who took part."""
    house = House.open(first_night)
    rows = reports.organizations(house, DAY).rows
    rules, known = house.settings.membership, DAY - dt.timedelta(days=1)
    pages = {one: roll_up_of(house.lake, rules, one, known) for one in rows["organization"]}

    told = {row["organization"]: row for row in rows.iter_rows(named=True)}
    assert {one: (row["people"], row["active_365"], row["key_person"], row["key_person_days"], row["key_person_here"])
            for one, row in told.items()} == {
        one: (len(page.people), page.took_part, page.key and page.key.member, page.key and page.key.days,
              page.key and page.key.is_here)
        for one, page in pages.items()
    }  # fmt: skip
    assert rows["key_person"].null_count() < len(rows)


@pytest.mark.parametrize(
    ("words", "mend"),
    [
        (("dues", "--as-of", "2019-01-01"), "the nights with scores are"),
        (("numbers", "--since", "2026-01-01", "--as-of", AS_OF), "earlier --since"),
        (("leaving", "--out", "report.txt"), "choose one of the two"),
    ],
)
def test_what_cannot_be_told_is_refused_with_a_mend(first_night: Path, words: tuple[str, ...], mend: str):
    done = tenure("report", *words, "--home", first_night)

    assert done.code in (1, 2)
    assert mend in done.err


@pytest.mark.parametrize("kind", ["daily", "weekly"])
def test_the_reports_of_the_day_and_the_week_are_told_and_written(first_night: Path, tmp_path: Path, kind: str):
    told = tenure("report", kind, "--home", first_night)
    assert told.code == 0, told.told
    assert "Scores of" in told.out
    assert ("members, net" in told.out) is (kind == "weekly")

    for ending, begins in ((".pdf", b"%PDF-"), (".html", b"<!doctype html>"), (".txt", told.out.encode()[:20])):
        target = tmp_path / f"report{ending}"
        assert tenure("report", kind, "--out", target, "--home", first_night).code == 0
        assert target.read_bytes().startswith(begins)
    refused = tenure("report", kind, "--out", tmp_path / "report.doc", "--home", first_night)
    assert (refused.code, "choose one of them" in refused.told) == (2, True)


def test_the_night_keeps_the_figures_of_the_membership_page_and_reckons_them_once(night: Path, first_night: Path):
    """What is kept is what the reports tell; a second run of the night finds them standing."""
    told = tenure("report", "numbers", "--home", first_night, "--as-of", AS_OF, "--json").json["classes"][0]
    due = tenure("report", "dues", "--home", first_night, "--json").json["rows"]
    with sqlite3.connect(first_night / "ledger.sqlite3") as ledger:
        rows = ledger.execute(
            "SELECT part, as_of, body FROM ledger_membership_figures WHERE chapter_id = '' AND member_type = ''"
        ).fetchall()
    kept = {part: json.loads(body) for part, day, body in rows if day == AS_OF}

    assert kept["record"]["now"]["renewal"] == [told["now"]["renewal"][name] for name in ("part", "whole")]
    assert kept["record"]["before"]["at_end"] == told["before"]["at_end"]
    assert kept["scores"] == [one for one in due if not one["member_type"]]
    again = tenure("run", "--home", night, "--as-of", AS_OF, "--json").json
    (step,) = [step for step in again["steps"] if step["name"] == "membership"]
    assert step["state"] == "unchanged"


@pytest.mark.parametrize("command", [("report", "organizations"), ("report", "numbers"), ("insight", "winback")])
def test_what_is_told_of_today_says_first_how_far_an_old_record_goes(first_night: Path, command: tuple[str, str]):
    """The record ends in March 2025; of a day in it nothing is said."""
    told = tenure(*command, "--home", first_night)
    body = tenure(*command, "--home", first_night, "--json").json
    then = tenure(*command, "--home", first_night, "--as-of", AS_OF)

    assert told.code == then.code == 0, told.told
    assert told.out.startswith(f"The record ends on {body['record_ends_on']}, ")
    assert "`--as-of 2025-03-" in told.out
    assert body["record_ends_on"].startswith("2025-03-")
    assert "The record ends" not in then.out
