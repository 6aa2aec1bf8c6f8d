"""Ids and contact details stay in the ledger: nothing outside it, and nothing printed, names a person."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from calls import tenure

SECRET_PLACES = ("ledger.sqlite3", "ledger.sqlite3-wal", "ledger.sqlite3-shm")


@pytest.fixture(scope="module")
def canaries(exports: Path) -> set[str]:
    """Words that stand for a person in the exports: ids, family names of some length, addresses, numbers."""
    contacts = pl.read_csv(exports / "contacts.csv", infer_schema=False)
    members = pl.read_csv(exports / "members.csv", infer_schema=False)["member_id"].to_list()
    told = [contacts[name].drop_nulls().to_list() for name in ("email", "phone")]
    return set(members).union(*told)


def _words(path: Path) -> set[str]:
    """Every text in a file of the home."""
    if path.suffix != ".parquet":
        return set(path.read_text(encoding="utf-8", errors="replace").replace('"', " ").split())
    frame = pl.read_parquet(path)
    texts = [frame[name].drop_nulls().unique().to_list() for name, kind in frame.schema.items() if kind == pl.String]
    return set().union(*texts) if texts else set()


def test_nothing_outside_the_ledger_names_a_person(first_night: Path, canaries: set[str]):
    files = [path for path in first_night.rglob("*") if path.is_file() and path.name not in SECRET_PLACES]

    assert len(files) > 10
    for path in files:
        assert not _words(path) & canaries, path.relative_to(first_night)


def test_the_ledger_knows_them(first_night: Path, canaries: set[str]):
    """The test above would find them if they were there."""
    text = (first_night / "ledger.sqlite3").read_bytes()

    assert sum(canary.encode() in text for canary in sorted(canaries)[:50]) > 40


def test_no_command_prints_a_person(night: Path, canaries: set[str]):
    (night.parent / "exports" / "activity.csv").unlink()
    told = " ".join(
        done.told
        for done in (
            tenure("run", "--home", night, "--as-of", "2025-03-03"),
            tenure("doctor", "--home", night),
            tenure("evaluate", "--home", night),
            tenure("sync", "--home", night, "--json"),
        )
    )

    assert not set(told.replace('"', " ").replace(",", " ").split()) & canaries
