"""Files that were cut, flipped, emptied or lost are noticed when a night starts, named, and there is a way back."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from calls import AS_OF, tenure

Spoil = Callable[[Path], None]
NEXT = "2025-03-02"


def half(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def one_byte(path: Path) -> None:
    """In the middle, where Parquet and JSON hold values."""
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    path.write_bytes(bytes(whole))


def many_bytes(path: Path) -> None:
    whole, dice = bytearray(path.read_bytes()), random.Random(1)
    for _ in range(60):
        whole[dice.randrange(100, len(whole))] ^= 0xFF
    path.write_bytes(bytes(whole))


def head(path: Path) -> None:
    path.write_bytes(b"x" * 100 + path.read_bytes()[100:])


def everything(home: Path) -> dict[str, bytes]:
    kept = (home / name for name in ("lake", "models", "backups"))
    return {str(path): path.read_bytes() for folder in kept for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("pattern", "spoil", "way_back"),
    [
        ("ledger.sqlite3", half, "tenure restore BACKUP"),
        ("ledger.sqlite3", emptied, "tenure restore BACKUP"),
        ("ledger.sqlite3", Path.unlink, "tenure restore BACKUP"),
        ("ledger.sqlite3", head, "tenure restore BACKUP"),
        ("ledger.sqlite3", many_bytes, "tenure restore BACKUP"),
        ("lake/tables/terms/*.parquet", half, "tenure restore BACKUP"),
        ("lake/tables/terms/*.parquet", one_byte, "tenure restore BACKUP"),
        ("lake/tables/activity/*.parquet", one_byte, "tenure restore BACKUP"),
        ("lake/manifest.json", half, "backup"),
        ("models/*/pair-0a-*", one_byte, "tenure train"),
        ("tenure.toml", lambda path: path.write_text("[source\n" + path.read_text()), "backup"),
    ],
)
def test_it_is_noticed_at_the_start_and_named_with_the_way_back(night: Path, pattern: str, spoil: Spoil, way_back: str):
    path = sorted(night.glob(pattern))[0]
    spoil(path)
    before = everything(night)

    done = tenure("run", "--home", night, "--as-of", NEXT)

    assert done.code in (1, 2), done.told
    assert path.name.removesuffix(".sqlite3") in done.err
    assert way_back in done.err.partition("hint: ")[2]
    assert "unexpected" not in done.err
    assert everything(night) == before, "nothing was built on it"
    assert tenure("doctor", "--home", night).code != 0


@pytest.mark.parametrize("spoil", [half, many_bytes])
def test_a_torn_log_of_the_ledger_is_noticed_by_what_it_lost(night: Path, tmp_path: Path, spoil: Spoil):
    """SQLite passes over the torn end of its log in silence, as after a power cut; the last night was in it."""
    with sqlite3.connect(night / "ledger.sqlite3") as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM ledger_run").fetchone()
        assert tenure("run", "--home", night, "--as-of", AS_OF).code == 0
        torn = tmp_path / "torn"
        shutil.copytree(night, torn, ignore=shutil.ignore_patterns("*-shm"))
    assert (torn / "ledger.sqlite3-wal").stat().st_size > 10_000
    spoil(torn / "ledger.sqlite3-wal")

    done = tenure("run", "--home", torn, "--as-of", NEXT)

    assert done.code == 1, done.told
    assert "the ledger has lost what it knew: the last run that ended is number 1, and it was 2" in done.err
    assert "tenure restore BACKUP" in done.err


def test_the_way_back_leads_back(night: Path):
    backup = tenure("backup", "--home", night, "--json").json["path"]
    emptied(night / "ledger.sqlite3")
    assert tenure("run", "--home", night, "--as-of", AS_OF).code == 1

    assert tenure("restore", backup, "--home", night, "--replace").code == 0

    again = tenure("run", "--home", night, "--as-of", AS_OF, "--json")
    assert again.code == 0, again.told
    assert again.json["unchanged"] is True
