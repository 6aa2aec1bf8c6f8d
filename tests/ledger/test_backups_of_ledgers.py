"""A ledger of either kind, backed up while it is written to, comes back as it was."""

from __future__ import annotations

import datetime as dt
import threading
from pathlib import Path

import psycopg
import pytest

from tenure.base.errors import DamagedStore, UsageError
from tenure.base.home import Home, write_atomically
from tenure.base.pseudonym import Pseudonyms
from tenure.base.settings import Ledger, Settings
from tenure.custody import back_up, restore

NOW = dt.datetime(2025, 3, 1, 2, tzinfo=dt.UTC)
TABLE = "AI_Member_Risk"


@pytest.fixture
def filled(home: Home, settings: Settings) -> Home:
    """A home with a key, settings that name its ledger, and rows in it."""
    from tenure.ledger import identities, runs

    Pseudonyms.of(home)
    text = f'[source]\nkind = "files"\npath = "x"\n[ledger]\ndatabase = "{settings.ledger.database}"\n'
    write_atomically(home.settings_file, text.encode())
    identities.learn(pairs=[(number, f"{number:05}") for number in range(500)])
    with runs.start(as_of=NOW.date(), kind="night", by="test") as run, run.step("write back") as step:
        step.count(members=500, read_back={"whole": True})
    return home


def plan(count: int) -> None:
    from tenure.ledger import outbox

    outbox.plan(table=TABLE, rows=[outbox.Wanted(f"{n:05}", {"RiskScore": count}, str(count)) for n in range(200)])


def test_it_comes_back_as_of_one_moment(filled: Home, settings: Settings, tmp_path: Path):
    """Each plan gives all rows one digest, so a copy of two moments would hold two."""
    from tenure import ledger

    stop = threading.Event()

    def write() -> None:
        count = 0
        while not stop.is_set():
            plan(count := count + 1)

    plan(0)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = back_up(filled, settings, tmp_path / "backups", with_lake=False)
    finally:
        stop.set()
        writer.join()
    assert made.rows is not None
    assert made.rows > 700

    there = emptied(settings)
    done = restore(made.path, Home(tmp_path / "new"), key_file=filled.key_file, database=there)
    assert done.rows == made.rows
    ledger.setup(Home(tmp_path / "new"), settings.model_copy(update={"ledger": Ledger(database=there)}))
    ledger.migrate()
    from tenure.ledger.models import Identity, OutboxRow, RunStep

    assert Identity.objects.count() == 500
    assert OutboxRow.objects.count() == 200
    assert OutboxRow.objects.values("digest").distinct().count() == 1
    assert RunStep.objects.get().counts == {"members": 500}, "the next night reads back all that iMIS holds"
    assert there in (tmp_path / "new" / "tenure.toml").read_text()


def emptied(settings: Settings) -> str:
    """The address of a new database beside the one of *settings*; nothing for SQLite."""
    if not settings.ledger.database:
        return ""
    server, _, name = settings.ledger.database.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}_new"')  # type: ignore[arg-type]
    return f"{server}/{name}_new"


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_a_database_that_holds_something_is_not_restored_over(filled: Home, settings: Settings, tmp_path: Path):
    made = back_up(filled, settings, tmp_path / "backups", with_lake=False)

    with pytest.raises(UsageError, match="is not empty"):
        restore(made.path, Home(tmp_path / "new"), key_file=filled.key_file)

    assert not (tmp_path / "new" / "tenure.toml").exists()


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_an_account_that_may_make_no_database_has_its_copy_read_through(
    filled: Home, settings: Settings, tmp_path: Path
):
    address = settings.ledger.database
    role = f"plain_{abs(hash(str(tmp_path)))}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'harbor-otter'")  # type: ignore[arg-type]
        connection.execute(f"GRANT pg_read_all_data TO {role}")  # type: ignore[arg-type]
    plain = address.replace("tenure@", f"{role}:harbor-otter@")
    text = filled.settings_file.read_text().replace(address, plain)
    write_atomically(filled.settings_file, text.encode())

    made = back_up(filled, Settings.model_validate({**settings.model_dump(), "ledger": {"database": plain}}), tmp_path)

    assert made.rows is None
    assert b"harbor-otter" not in made.path.read_bytes()


def test_whether_a_damaged_model_serves_is_read_out_of_the_copy(filled: Home, settings: Settings, tmp_path: Path):
    """By what was decided, whatever it was decided for; one that does not serve hinders no backup."""
    from tenure.ledger import promotions

    def serve(version: str, day: int) -> None:
        promotions.record(
            version=version, replaced="", effective_on=dt.date(2025, 3, day), how=promotions.How.PERSON, by="Ann",
            why="breaks of\nlines, tabs\tand \\. marks", clock=lambda: NOW,
        )  # fmt: skip

    for version in ("first", "second"):
        write_atomically(filled.models / version / "manifest.json", b"{")
    made = back_up(filled, settings, tmp_path / "backups", with_lake=False)
    assert set(made.damaged) == {"first", "second"}, "neither was ever let serve"

    serve("second", 2)
    serve("first", 1)
    with pytest.raises(DamagedStore, match=r"model second was changed.*, and it is the model that serves"):
        back_up(filled, settings, tmp_path / "backups", with_lake=False)
    (filled.models / "second" / "manifest.json").unlink()
    with pytest.raises(DamagedStore, match=r"model first was changed.*, and it is the model that serves"):
        back_up(filled, settings, tmp_path / "backups", with_lake=False)
