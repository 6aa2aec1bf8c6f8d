"""A database as the source of a home, by the commands that people call."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sql_association import PASSWORD, Database, Databases, server


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with server() as address:
        yield Databases(address).new()


def tenure(*arguments: object, password: str = PASSWORD) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TENURE_")}
    return subprocess.run(
        [Path(sys.executable).parent / "tenure", *map(str, arguments)],
        env=kept | {"TENURE_SQL_PASSWORD": password},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_from_init_to_a_sync(tmp_path: Path, database: Database):
    made = tenure("init", "--home", tmp_path / "h", "--source", "sql", "--url", database.url, "--json")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["faults"] == []
    assert PASSWORD not in (tmp_path / "h" / "tenure.toml").read_text()
    doctor = tenure("doctor", "--home", tmp_path / "h", "--json")
    findings = {finding["check"]: finding for finding in json.loads(doctor.stdout)["findings"]}
    assert "30 rows for members, new by TIME_STAMP" in findings["members"]["words"]
    assert "111 rows for terms" in findings["terms.dues"]["words"]
    assert findings["rights"]["words"] == "the login can change nothing that Tenure reads"
    assert not [finding for finding in findings.values() if finding["state"] == "fault"], doctor.stdout
    synced = tenure("sync", "--home", tmp_path / "h")
    assert synced.returncode == 0, synced.stdout + synced.stderr
    assert PASSWORD not in synced.stdout + synced.stderr
    assert "example.org" not in synced.stdout + synced.stderr


def test_a_wrong_password_is_told_and_the_settings_stay(tmp_path: Path, database: Database):
    made = tenure("init", "--home", tmp_path / "h", "--source", "sql", "--url", database.url, password="wrong")
    assert made.returncode == 0
    assert "refused the login" in made.stderr
    synced = tenure("sync", "--home", tmp_path / "h", password="wrong")
    assert synced.returncode == 1
    assert "TENURE_SQL_PASSWORD" in synced.stderr


def test_a_login_that_may_change_things_is_noted(tmp_path: Path, database: Database):
    tenure("init", "--home", tmp_path / "h", "--source", "sql", "--url", database.url_for("owner"))
    doctor = tenure("doctor", "--home", tmp_path / "h")
    assert "the login may change" in doctor.stdout


def test_an_address_with_a_password_is_refused(tmp_path: Path):
    made = tenure("init", "--home", tmp_path / "h", "--source", "sql", "--url", "mssql://a:hush@host/db")
    assert made.returncode == 2
    assert "holds a password" in made.stderr
    assert "hush" not in made.stderr
