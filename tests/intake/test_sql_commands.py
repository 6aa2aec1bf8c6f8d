"""A database as the source of a home, by the commands that people call."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from sql_association import PASSWORD, Database, Databases, server


@pytest.fixture(scope="module")
def databases() -> Iterator[Databases]:
    with server() as address:
        yield Databases(address)


@pytest.fixture(scope="module")
def database(databases: Databases) -> Database:
    return databases.new()


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
    told = json.loads(made.stdout)
    assert told["faults"] == []
    assert {feed["state"] for feed in told["found"]["feeds"]} <= {"as in the profile", "not found"}
    assert any(note.startswith("member types: ") for note in told["found"]["notes"])
    mapping = tomllib.loads((tmp_path / "h" / "mapping.toml").read_text())
    assert mapping == {"base": "sql"}
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


def test_columns_that_are_not_there_are_left_out(tmp_path: Path, database: Database, databases: Databases):
    """The proposal names them, and a sync by it works; types of activity without a kind are listed with their rows."""
    other = databases.new()
    other.run('ALTER TABLE dbo."Name" DROP COLUMN "BIRTH_DATE" CASCADE')
    row = """SELECT 990001, min("ID"), 'KIOSK', TIMESTAMP '2024-05-01' FROM dbo."Name" """
    other.run(f'INSERT INTO dbo."Activity" ("SEQN", "ID", "ACTIVITY_TYPE", "TRANSACTION_DATE") {row}')
    made = tenure("init", "--home", tmp_path / "h", "--source", "sql", "--url", other.url)

    assert made.returncode == 0, made.stderr
    assert "without birth_year" in made.stdout
    assert "KIOSK 1" in made.stdout
    mapping = tomllib.loads((tmp_path / "h" / "mapping.toml").read_text())
    assert mapping["without"] == ["members.columns.birth_year"]
    assert tenure("sync", "--home", tmp_path / "h").returncode == 0


def test_a_wrong_password_is_told_and_the_settings_stay(tmp_path: Path, database: Database):
    made = tenure("init", "--home", tmp_path / "h", "--source", "sql", "--url", database.url, password="wrong")
    assert made.returncode == 0
    assert "refused the login" in made.stderr
    synced = tenure("sync", "--home", tmp_path / "h", password="wrong")
    assert synced.returncode == 1
    assert "TENURE_SQL_PASSWORD" in synced.stderr


def test_the_next_sync_signs_in_by_a_new_password_and_the_old_one_is_refused(tmp_path: Path, database: Database):
    tenure("init", "--home", tmp_path / "h", "--source", "sql", "--url", database.url)
    kept = tmp_path / "h" / "secrets" / "sql.password"
    assert kept.read_text() == PASSWORD
    assert tenure("sync", "--home", tmp_path / "h", password="").returncode == 0
    database.run("ALTER ROLE reader PASSWORD 'another of these'")
    try:
        refused = tenure("sync", "--home", tmp_path / "h", password="")
        assert (refused.returncode, "refused the login" in refused.stderr) == (1, True), refused.stderr
        kept.write_text("another of these")
        synced = tenure("sync", "--home", tmp_path / "h", password="")
        assert synced.returncode == 0, synced.stderr
        assert "another of these" not in refused.stderr + synced.stdout + synced.stderr
    finally:
        database.run(f"ALTER ROLE reader PASSWORD '{PASSWORD}'")


def test_the_password_of_the_ledger_comes_from_its_file_or_the_environment(
    tmp_path: Path, database: Database, databases: Databases
):
    """And a backup is made by it, without anybody's session in it."""
    home, other = tmp_path / "h", databases.new()
    other.run("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    tenure("init", "--home", home, "--source", "sql", "--url", database.url)
    settings = (home / "tenure.toml").read_text()
    (home / "tenure.toml").write_text(
        re.sub(r'^# database = ""', f'database = "{other.url_for("owner")}"', settings, flags=re.M)
    )
    refused = tenure("backup", "--home", home)
    assert refused.returncode != 0
    (home / "secrets" / "ledger.password").write_text(PASSWORD)
    made = tenure("staff", "add", "ada", "--home", home)
    assert made.returncode == 0, made.stderr
    other.run("INSERT INTO django_session VALUES ('of-somebody', 'x', now() + interval '1 day')")
    kept = tenure("backup", "--home", home, "--json")
    assert kept.returncode == 0, kept.stderr
    with tarfile.open(json.loads(kept.stdout)["path"]) as archive:
        archive.extract("ledger.pgdump", tmp_path, filter="data")
    listed = subprocess.run(["pg_restore", "--file=-", tmp_path / "ledger.pgdump"], capture_output=True, text=True)
    assert "ada" in listed.stdout
    assert "of-somebody" not in listed.stdout
    assert PASSWORD not in refused.stdout + refused.stderr + made.stderr + kept.stdout + kept.stderr


def test_a_login_that_may_change_things_is_noted(tmp_path: Path, database: Database):
    tenure("init", "--home", tmp_path / "h", "--source", "sql", "--url", database.url_for("owner"))
    doctor = tenure("doctor", "--home", tmp_path / "h")
    assert "the login may change" in doctor.stdout


def test_an_address_with_a_password_is_refused(tmp_path: Path):
    made = tenure("init", "--home", tmp_path / "h", "--source", "sql", "--url", "mssql://a:hush@host/db")
    assert made.returncode == 2
    assert "holds a password" in made.stderr
    assert "hush" not in made.stderr
