"""Every way in which the form of an answer can change: it is classified, named, and never swallowed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from imis_sync import Rig
from sandbox_process import serving

from tenure.base.errors import HeldBack, TenureError
from tenure.imis import ColumnsMissing, Garbled, PagingBroken
from tenure.intake._drift import RESPONSES

TEN_YEARS = 60 * 24 * 3650
"""So long an overlap makes every sync read everything again."""
DOCS = Path(__file__).parents[2] / "docs" / "imis.md"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving("--events-per-year", "10") as address:
        yield address


@pytest.fixture(scope="module")
def synced(url: str, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """A home that has synced twice without a fault, by a mapping that leaves one column of terms alone."""
    root = tmp_path_factory.mktemp("synced") / "home"
    root.mkdir()
    (root / "own.toml").write_text('base = "stock"\nwithout = ["terms.columns.installments"]\n')
    rig = Rig(root, url, mapping="own.toml", overlap_minutes=TEN_YEARS)
    rig.sync()
    assert rig.sync().drifts == ()
    return rig


@pytest.fixture
def rig(synced: Rig, tmp_path: Path) -> Iterator[Rig]:
    shutil.copytree(synced.home.root, tmp_path / "home")
    yield Rig(tmp_path / "home", synced.url, mapping="own.toml", overlap_minutes=TEN_YEARS)
    fault(synced.url)


def fault(url: str, **faults: Any) -> None:
    httpx.post(f"{url}/_sandbox/faults", json={"seed": 1, "faults": faults}, timeout=30).raise_for_status()


def strike(rig: Rig, name: str, column: str, query: str) -> None:
    fault(rig.url, **{name: {"match": f"Tenure%2F{query}&", "column": column}})


@pytest.mark.parametrize(
    ("name", "query", "column", "change", "response"),
    [
        ("new_column", "Terms", "Surprise", "new column", "evolve"),
        ("lost_column", "Terms", "Installments", "unused column lost", "evolve"),
        ("new_value", "Registrations", "StatusCode", "new code", "quarantine"),
        ("nested", "Registrations", "Score", "object in place of a value", "quarantine"),
    ],
)
def test_what_can_be_gone_on_from_is_told_in_the_report(
    rig: Rig, name: str, query: str, column: str, change: str, response: str
):
    """The night goes on; place, column, change and what followed stand in the report, and in words in its notices."""
    strike(rig, name, column, query)
    report = rig.sync()

    told = {"place": f"$/Tenure/{query}", "column": column, "change": change, "response": response}
    assert told in report.drifts
    assert told in report.counts["drifts"]
    assert any(f"$/Tenure/{query}" in notice for notice in report.notices)
    assert rig.lake.terms().height


def test_a_new_column_is_told_once(rig: Rig):
    strike(rig, "new_column", "", "Terms")
    assert rig.sync().drifts
    assert rig.sync().drifts == ()


def test_a_type_that_changed_sets_rows_aside_and_many_of_them_stop_the_night(rig: Rig):
    """A number that became words in every row is above any limit; nothing is taken over, and the column is named."""
    before = rig.content()
    strike(rig, "type_change", "Dues", "Terms")
    with pytest.raises(HeldBack, match="`dues` is not a number"):
        rig.sync()
    assert rig.content() == before


def test_values_of_another_type_are_told_where_the_night_may_go_on(rig: Rig):
    """Their rows are set aside and counted; what the lake had of them stays."""
    before = rig.content()
    lenient = Rig(rig.home.root, rig.url, mapping="own.toml", overlap_minutes=TEN_YEARS, quarantine_limit=1.0)
    strike(rig, "type_change", "Dues", "Terms")
    report = lenient.sync()

    (told,) = [drift for drift in report.drifts if drift["change"] == "type changed"]
    assert (told["column"], told["response"]) == ("dues", "quarantine")
    assert report.tables["terms"].quarantined["`dues` is not a number"] > 100
    assert rig.content() == before


def test_keys_that_come_twice_are_taken_once(rig: Rig):
    before = rig.content()
    strike(rig, "duplicate_keys", "", "Terms")
    report = rig.sync()
    assert report.tables["terms"].repeated > 100
    assert rig.content() == before


@pytest.mark.parametrize(
    ("name", "query", "column", "error", "words"),
    [
        ("lost_column", "Terms", "PaidThrough", ColumnsMissing, "PaidThrough"),
        ("renamed_column", "Terms", "PaidThrough", ColumnsMissing, "PaidThrough"),
        ("null_flood", "Members", "EmailAllowed", HeldBack, "`EmailAllowed` always had values and has none"),
        ("null_flood", "Contacts", "Email", HeldBack, "`Email` always had values"),
        ("null_flood", "Terms", "BeginDate", HeldBack, "`BeginDate` always had values"),
        ("nested", "Members", "JoinDate", HeldBack, "`JoinDate` always had values"),
        ("empty_has_next", "Terms", "", PagingBroken, "Terms"),
        ("html", "Terms", "", Garbled, "web page in place of JSON"),
        ("truncated", "Terms", "", Garbled, "not whole JSON"),
        ("wrong_charset", "Terms", "", Garbled, "charset|not whole JSON"),
    ],
)
def test_what_cannot_be_gone_on_from_freezes_everything(
    rig: Rig, name: str, query: str, column: str, error: type[TenureError], words: str
):
    """Nothing is taken over, the message names place and column, and says what to do; healed, the next sync goes on."""
    before, marks = rig.content(), rig.lake.watermarks
    strike(rig, name, column, query)
    with pytest.raises(error, match=words) as caught:
        rig.sync()

    assert f"$/Tenure/{query}" in caught.value.message
    assert caught.value.mend
    assert (rig.content(), rig.lake.watermarks) == (before, marks)
    fault(rig.url)
    assert rig.sync().unchanged


def test_every_change_of_form_is_on_the_page():
    """With what follows from it, so that nobody has to read the source."""
    page = DOCS.read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([a-zA-Z ]+?) \| \*\*(evolve|quarantine|freeze)\*\* \|", page, re.MULTILINE))
    assert rows == RESPONSES
