"""The simulated association: reproducible, plausible, learnable, and alive."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from served_sandbox import TODAY, Sandbox, panel_row, properties, serving

TABLES = {
    "members": {"member_id", "valid_from", "record_type", "member_type", "join_date", "organization_id"},
    "terms": {"term_id", "member_id", "member_type", "starts_on", "ends_on", "dues", "paid_on", "recorded_at"},
    "activity": {"activity_id", "member_id", "kind", "occurred_at", "recorded_at", "value", "ref", "chapter_id"},
    "programs": {"ref", "kind", "title", "starts_at", "chapter_id", "price", "format"},
    "program_changes": {"changed_on", "change", "scope"},
    "contacts": {"member_id", "first_name", "last_name", "email", "phone", "time_zone", "language"},
}


def export(folder: Path, *options: str) -> Path:
    command = [sys.executable, "-m", "imis_sandbox", "export", "--out", str(folder), "--today", TODAY]
    subprocess.run([*command, *options], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    """The tables of a world of 600 members."""
    folder = export(tmp_path_factory.mktemp("world"), "--members", "600", "--seed", "3")
    return {name: pl.read_parquet(folder / f"{name}.parquet") for name in (*TABLES, "truth")}


def test_every_table_has_its_columns(world: dict[str, pl.DataFrame]) -> None:
    for name, columns in TABLES.items():
        assert columns <= set(world[name].columns), name
        assert len(world[name]) > 0


def test_the_same_seed_gives_the_same_world_byte_for_byte(tmp_path: Path) -> None:
    small = ("--members", "60", "--years", "2", "--seed", "5")
    once, again = export(tmp_path / "a", *small), export(tmp_path / "b", *small)
    other = export(tmp_path / "c", "--members", "60", "--years", "2", "--seed", "6", "--format", "csv")
    for name in (*TABLES, "truth"):
        assert (once / f"{name}.parquet").read_bytes() == (again / f"{name}.parquet").read_bytes()
    assert (other / "activity.csv").read_text().startswith("activity_id,member_id,kind,occurred_at,recorded_at")
    assert (other / "terms.csv").read_text() != pl.read_parquet(once / "terms.parquet").write_csv()


def test_keys_are_unique_and_references_hold(world: dict[str, pl.DataFrame]) -> None:
    members = set(world["members"]["member_id"])
    assert not world["members"].select("member_id", "valid_from").is_duplicated().any()
    assert not world["terms"].select("term_id", "recorded_at").is_duplicated().any()
    assert world["activity"]["activity_id"].is_unique().all()
    assert set(world["activity"]["member_id"]) <= members
    assert set(world["terms"]["member_id"]) <= members
    assert set(world["members"]["organization_id"].drop_nulls()) <= members


def test_nothing_is_recorded_before_it_happens_or_after_yesterday(world: dict[str, pl.DataFrame]) -> None:
    activity = world["activity"]
    assert (activity["recorded_at"] >= activity["occurred_at"]).all()
    end = pl.Series([TODAY]).str.to_datetime()[0]
    assert activity["recorded_at"].max() < end
    assert world["terms"]["recorded_at"].max() < end
    attended = activity.filter(pl.col("kind") == "event_attended")
    late = (attended["recorded_at"] - attended["occurred_at"]).dt.total_days()
    assert late.median() >= 2


def test_terms_follow_one_another(world: dict[str, pl.DataFrame]) -> None:
    last = world["terms"].sort("recorded_at").group_by("term_id").last().drop_nulls("ends_on")
    assert (last["ends_on"] >= last["starts_on"]).all()
    ordered = last.sort("member_id", "starts_on")
    gaps = ordered.with_columns(before=pl.col("ends_on").shift(1).over("member_id")).drop_nulls("before")
    assert (gaps["starts_on"] > gaps["before"]).all()


def test_members_lapse_at_a_plausible_rate_and_for_reasons_that_can_be_learnt(world: dict[str, pl.DataFrame]) -> None:
    made = world["truth"].filter(pl.col("decision") == "made")
    assert 0.12 < made["lapsed"].mean() < 0.21
    ranked = made.with_columns(rank=pl.col("p_lapse").rank())
    lapsed, kept = ranked.filter(pl.col("lapsed") == 1), ranked.filter(pl.col("lapsed") == 0)
    area = (lapsed["rank"].sum() - len(lapsed) * (len(lapsed) + 1) / 2) / (len(lapsed) * len(kept))
    assert 0.83 < area < 0.92
    assert abs(made["p_lapse"].mean() - made["lapsed"].mean()) < 0.03


def test_interest_fades_before_members_lapse(world: dict[str, pl.DataFrame]) -> None:
    made = world["truth"].filter(pl.col("decision") == "made").select("member_id", "ends_on", "lapsed")
    logins = world["activity"].filter(pl.col("kind") == "login").select("member_id", "occurred_at")
    pairs = made.join(logins, on="member_id", how="left")
    days = (pl.col("ends_on") - pl.col("occurred_at").cast(pl.Date)).dt.total_days()
    counted = pairs.group_by("member_id", "ends_on", "lapsed").agg(recent=days.is_between(0, 90).sum())
    means = dict(counted.group_by("lapsed").agg(pl.col("recent").mean()).iter_rows())
    assert means[1] < 0.6 * means[0]


def test_the_association_has_every_kind_of_member_and_event(world: dict[str, pl.DataFrame]) -> None:
    terms, members = world["terms"], world["members"]
    assert {"resigned", "deceased"} <= set(terms["ended_by"].drop_nulls())
    assert terms["ends_on"].null_count() > 0
    assert terms.filter(pl.col("dues") == 0).height > 0
    assert terms["auto_renew"].any()
    assert terms["installments"].any()
    assert "organization" in set(members["record_type"])
    assert members["deceased_on"].drop_nulls().len() > 0
    assert members.select("member_id", "employer").unique().height > members["member_id"].n_unique()
    calendar = terms.filter(pl.col("member_type") == "RET")["ends_on"].drop_nulls()
    assert (calendar.dt.month() == 12).mean() > 0.9
    versions = terms.group_by("term_id").len()["len"]
    assert versions.max() >= 2


def test_a_day_lived_brings_new_rows_and_keeps_the_old_ones() -> None:
    """In a sandbox of its own: others are asked what they hold on the day on which they began."""
    with serving("--members", "200", "--seed", "7", "--today", TODAY) as sandbox:
        before = sandbox.rows("WebActivity", RecordedSince="2026-02-20")
        asked = sandbox.control.get("/status").json()
        lived = sandbox.control.post("/advance", json={"days": 2}).json()
        assert lived["today"] > asked["today"]
        after = sandbox.rows("WebActivity", RecordedSince="2026-02-20")
        assert after[: len(before)] == before
        assert len(after) > len(before)
        assert sandbox.rows("WebActivity", RecordedSince=asked["today"])[0] == after[len(before)]


def test_the_truth_knows_pending_decisions_and_whom_contact_helps(sandbox: Sandbox) -> None:
    told = sandbox.control.get("/truth").json()
    columns = told["columns"]
    assert told["count"] == len(columns["member_id"]) > 100
    assert all(0.0 <= p <= 1.0 for p in columns["p_lapse"])
    assert {"persuadable", "unmoved", "sleeping dog"} == set(columns["group"])
    better = [a > b for a, b, g in zip(columns["p_lapse"], columns["p_lapse_contacted"], columns["group"], strict=True)
              if g == "persuadable" and a < 1.0]  # fmt: skip
    assert all(better)
    assert sandbox.control.get("/truth").json() == told
    made = sandbox.control.get("/truth", params={"decisions": "made"}).json()["columns"]
    assert set(made["lapsed"]) == {0, 1}


def contacted(sandbox: Sandbox) -> dict[str, bool]:
    """Who has a decision before them → whether staff have lately reached them."""
    told = sandbox.control.get("/truth").json()["columns"]
    return dict(zip(told["member_id"], map(bool, told["contacted"]), strict=True))


def test_what_staff_do_is_remembered_as_contact(sandbox: Sandbox) -> None:
    alone = next(party for party, reached in contacted(sandbox).items() if not reached)
    body = panel_row("Activity", alone, {"PartyId": alone, "ACTIVITY_TYPE": "CALL"}, identity=False)
    made = properties(sandbox.staff.post("/api/Activity", json=body).json())
    assert made["ACTIVITY_TYPE"] == "CALL"
    assert contacted(sandbox)[alone]
