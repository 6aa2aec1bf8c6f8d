"""What befalls the association, and what staff do about it through the service."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from served_sandbox import Sandbox, panel_row, serving

from imis_sandbox.world.catalog import KINDS, Shocks

TODAY = dt.date(2026, 3, 2)
BY_STAFF = {"call", "task", "letter", "retention", "offer", "note"}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    """Five years of 500 members as files."""
    from click.testing import CliRunner

    from imis_sandbox.cli import main

    folder = tmp_path_factory.mktemp("living")
    options = ["export", "--out", str(folder), "--members", "500", "--seed", "2", "--today", TODAY.isoformat()]
    done = CliRunner().invoke(main, options)
    assert done.exit_code == 0, done.output
    return {path.stem: pl.read_parquet(path) for path in Path(folder).glob("*.parquet")}


def last_said(files: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """Each term as it was entered last."""
    return files["terms"].sort("recorded_at").group_by("term_id").last()


def test_members_do_everything_that_members_do(files: dict[str, pl.DataFrame]) -> None:
    assert set(files["activity"]["kind"]) == set(KINDS) - BY_STAFF
    referring = files["activity"].filter(
        pl.col("kind").str.starts_with("learning") | pl.col("kind").is_in(["event_registered"])
    )
    assert set(referring["ref"]) <= set(files["programs"]["ref"])


def test_organizations_pay_for_their_people(files: dict[str, pl.DataFrame]) -> None:
    people = files["members"].filter(pl.col("organization_id").is_not_null())
    payers = set(files["terms"]["member_id"])
    assert people["member_id"].n_unique() > 50
    assert not set(people["member_id"]) & payers
    assert set(people["organization_id"]) <= payers
    listed = last_said(files).filter(pl.col("member_type").is_in(["CORP", "SMB"]))
    assert listed["dues"].max() > 900


def test_terms_end_in_every_way_and_some_come_back(files: dict[str, pl.DataFrame]) -> None:
    terms = last_said(files)
    assert {"resigned", "deceased", "merged", "transferred"} == set(terms["ended_by"].drop_nulls())
    spells = terms.sort("member_id", "starts_on").with_columns(before=pl.col("ends_on").shift(1).over("member_id"))
    away = (spells["starts_on"] - spells["before"]).dt.total_days()
    assert (away > 60).sum() > 3
    calendar = terms.filter(pl.col("member_type").is_in(["RET", "INT"]))["ends_on"].drop_nulls()
    anniversary = terms.filter(pl.col("member_type") == "REG")["ends_on"].drop_nulls()
    assert (calendar.dt.month() == 12).mean() > 0.9 > 0.3 > (anniversary.dt.month() == 12).mean()


def test_what_befell_the_association_shows_in_its_records(files: dict[str, pl.DataFrame]) -> None:
    shocks = Shocks()
    terms, activity = files["terms"], files["activity"]
    rise = TODAY - dt.timedelta(shocks.dues_rise)
    regular = terms.filter((pl.col("member_type") == "REG") & (pl.col("dues") > 0))
    assert regular.filter(pl.col("starts_on") < rise - dt.timedelta(1))["dues"].max() == 245.0
    assert regular.filter(pl.col("starts_on") >= rise)["dues"].min() == 274.0
    outage = TODAY - dt.timedelta(shocks.outage_from)
    used = activity.filter(pl.col("kind") == "login")["occurred_at"].cast(pl.Date)
    assert not used.is_between(outage, outage + dt.timedelta(shocks.outage_days - 1)).any()
    assert used.is_between(outage - dt.timedelta(12), outage - dt.timedelta(1)).any()
    extension = TODAY - dt.timedelta(shocks.extension)
    changed = terms.filter(pl.col("recorded_at").cast(pl.Date) == extension)
    lengthened = changed.join(terms, on="term_id", suffix="_before").filter(
        pl.col("recorded_at_before") < pl.col("recorded_at")
    )
    assert 90 in (lengthened["ends_on"] - lengthened["ends_on_before"]).dt.total_days().to_list()
    told = " ".join(files["program_changes"]["change"])
    for words in ("Dues raised", "program ended", "log lost", "extended"):
        assert words in told


def test_records_change_as_lives_do(files: dict[str, pl.DataFrame]) -> None:
    members = files["members"].sort("member_id", "valid_from")
    for column in ("employer", "job_title", "chapter_id", "member_type", "email_allowed", "profile_completeness"):
        before = pl.col(column).shift(1).over("member_id")
        assert members.filter(before.is_not_null() & (pl.col(column) != before)).height > 0, column
    assert members["deceased_on"].drop_nulls().len() > 0


@contextmanager
def lived(reach: bool) -> Iterator[pl.DataFrame]:
    """Decisions of half a year in a world where staff reach every persuadable member through the service, or nobody."""
    options = ("--members", "1500", "--years", "0.2", "--seed", "4", "--today", TODAY.isoformat())
    with serving(*options, "--events-per-year", "40") as sandbox:
        helped: set[str] = set()
        for _ in range(3):
            told = pl.DataFrame(sandbox.control.get("/truth").json()["columns"])
            chosen = told.filter(pl.col("group") == "persuadable")["member_id"].to_list()
            helped |= set(chosen)
            if reach:
                staff_reach(sandbox, chosen)
            sandbox.control.post("/advance", json={"days": 60}).raise_for_status()
        made = pl.DataFrame(sandbox.control.get("/truth?decisions=made").json()["columns"])
        since = made.filter(pl.col("decided_on").str.to_date() >= TODAY)
        yield since.filter(pl.col("member_id").is_in(sorted(helped)))


def staff_reach(sandbox: Sandbox, members: list[str]) -> None:
    """A third by an offer, a third by a task that is completed, a third by a message."""
    offers, tasks, messages = members[::3], members[1::3], members[2::3]
    staff = sandbox.staff

    def activity(party: str, kind: str, **values: Any) -> dict[str, Any]:
        return panel_row("Activity", party, {"PartyId": party, "ACTIVITY_TYPE": kind, **values}, identity=False)

    staff.post("/api/Activity/_bulkInsert", json=[activity(one, "OFFER") for one in offers]).raise_for_status()
    due = {"TICKLER_DATE": "2030-01-01"}
    made = staff.post("/api/Activity/_bulkInsert", json=[activity(one, "TASK", **due) for one in tasks])
    for row in made.json()["$values"]:
        row["Properties"]["$values"].append({"Name": "STATUS_CODE", "Value": "C"})
    staff.post("/api/Activity/_bulkUpdate", json=made.json()["$values"]).raise_for_status()
    letters = [{"PartyId": one, "Subject": "Your renewal"} for one in messages]
    staff.post("/api/CommunicationLog/_bulkInsert", json=letters).raise_for_status()


def test_what_staff_do_through_the_service_keeps_persuadable_members() -> None:
    with lived(reach=False) as alone, lived(reach=True) as reached:
        assert min(len(alone), len(reached)) > 100
        assert reached["lapsed"].mean() < 0.7 * alone["lapsed"].mean()


def test_a_message_to_an_address_is_contact_and_an_open_task_is_not(sandbox: Sandbox) -> None:
    told = pl.DataFrame(sandbox.control.get("/truth").json()["columns"])
    by_mail, by_task = told.filter(~pl.col("contacted"))["member_id"].to_list()[:2]
    address = sandbox.staff.get(f"/api/Party/{by_mail}").json()["Emails"]["$values"][0]["Address"]
    message = {"Subject": "Hello", "To": {"$values": [{"Address": address.upper()}]}}
    assert sandbox.staff.post("/api/Message", json=message).status_code == 201
    task = {"PartyId": by_task, "ACTIVITY_TYPE": "TASK", "TICKLER_DATE": "2030-01-01"}
    sandbox.staff.post("/api/Activity", json=panel_row("Activity", by_task, task, identity=False)).raise_for_status()
    after = pl.DataFrame(sandbox.control.get("/truth").json()["columns"])
    reached = dict(after.select("member_id", "contacted").iter_rows())
    assert (reached[by_mail], reached[by_task]) == (True, False)


def test_members_divide_into_four_by_what_contact_does(sandbox: Sandbox) -> None:
    told = pl.DataFrame(sandbox.control.get("/truth").json()["columns"])
    assert set(told["quadrant"]) == {"persuadable", "sleeping dog", "sure", "lost"}
    gain = (told["p_lapse"] - told["p_lapse_contacted"]).alias("gain")
    by = dict(told.with_columns(gain).group_by("quadrant").agg(pl.col("gain").mean()).iter_rows())
    assert by["persuadable"] > 0.02
    assert by["sleeping dog"] < 0
    assert abs(by["sure"]) < 0.01
    assert told.filter(pl.col("quadrant") == "lost")["p_lapse"].min() >= 0.5


def test_machines_open_within_seconds_and_people_later(sandbox: Sandbox) -> None:
    events = pl.DataFrame(sandbox.rows("EmailEvents", CreatedSince="2026-01-15"), infer_schema_length=None)
    at = pl.col("EventDateTime").str.to_datetime()
    sent = events.filter(pl.col("EventTypeCode") == "Delivered").select("ID", "CommunicationKey", sent=at)
    opened = events.filter(pl.col("EventTypeCode") == "Open").join(sent, on=["ID", "CommunicationKey"])
    waited = opened.with_columns(wait=(at - pl.col("sent")).dt.total_seconds())
    by = dict(waited.group_by("MachineOpen").agg(pl.col("wait").median()).iter_rows())
    assert by[True] <= 60 < 600 < by[False]
