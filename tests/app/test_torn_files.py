"""Files that were cut, flipped, emptied or lost are noticed when a night starts, named, and there is a way back."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from calls import AS_OF, set_, tenure

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
        ("lake/scores/*.parquet", half, "tenure restore BACKUP"),
        ("lake/scores/*.parquet", one_byte, "tenure restore BACKUP"),
        ("lake/scores/seals.json", half, "delete it"),
        ("models/*/pair-0a-*", one_byte, "tenure train"),
        ("models/*/decisions.parquet", one_byte, "tenure train"),
        ("models/*/manifest.sig", one_byte, "tenure restore BACKUP"),
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


def leaves(whole: bytes, root: int, size: int) -> list[int]:
    """The numbers of the pages of one table or index that hold rows, by SQLite's file format."""
    page = whole[(root - 1) * size : root * size]
    if page[0] in (0x0A, 0x0D):
        return [root]
    cells = int.from_bytes(page[3:5])
    places = [int.from_bytes(page[12 + 2 * cell : 14 + 2 * cell]) for cell in range(cells)]
    children = [int.from_bytes(page[place : place + 4]) for place in places] + [int.from_bytes(page[8:12])]
    return [leaf for child in children for leaf in leaves(whole, child, size)]


def flip_a_value(path: Path, name: str, text: bytes) -> None:
    """The lowest bit of a byte of *text* in a row, or of a row's last: no structure of the file depends on it."""
    with sqlite3.connect(path) as ledger:
        ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        (size,) = ledger.execute("PRAGMA page_size").fetchone()
        (root,) = ledger.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()
    whole = bytearray(path.read_bytes())
    ends = leaves(bytes(whole), root, size)[-1] * size
    whole[whole.rindex(text, ends - size, ends) if text else ends - 1] ^= 0x01
    path.write_bytes(bytes(whole))


VALUES = {
    "ledger_contact": (b"@", "contact, 1 row"),
    "ledger_current_score": (b"actionable", "current score, 1 row"),
    "ledger_model_promotion": (b"tenure train", "model promotion, 1 row"),
    "ledger_run": (b"tenure run", "run, 1 row"),
    "ledger_score_set": (b"2025-03-01", "score set, 1 row"),
    "ledger_signed_labels": (b"A. Director", "signed labels, 1 row"),
}
"""A byte in one row of each table, and how its damage is told."""


@pytest.mark.parametrize(
    ("flipped", "words"),
    [
        ({name: text for name, (text, _) in VALUES.items()}, "; ".join(told for _, told in VALUES.values())),
        ({"ledger_identity": b""}, "is damaged"),
        ({"score_by_band": b""}, "is damaged"),
    ],
)
def test_a_bit_flipped_within_a_value_of_the_ledger_is_noticed(
    signed_night: Path, flipped: dict[str, bytes], words: str
):
    """SQLite itself has no checksums; each row has a digest beside it, and indices are compared with their tables."""
    for name, text in flipped.items():
        flip_a_value(signed_night / "ledger.sqlite3", name, text)
    before = everything(signed_night)

    done = tenure("run", "--home", signed_night, "--as-of", NEXT)

    assert done.code == 1, done.told
    assert words in done.err
    assert "tenure restore BACKUP" in done.err
    kept = tenure("backup", "--home", signed_night)
    assert (kept.code, words in kept.err) == (1, True), "a backup of it would take the place of a good one"
    assert everything(signed_night) == before, "nothing was built on it"
    faults = [
        one for one in tenure("doctor", "--home", signed_night, "--json").json["findings"] if one["state"] == "fault"
    ]
    assert any("ledger.sqlite3" in one["words"] for one in faults)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory, first_night: Path, exports: Path) -> Path:
    """A home whose labels somebody signed before its last night. Read-only; copy it with `signed_night`."""
    home = tmp_path_factory.mktemp("signed") / "home"
    shutil.copytree(first_night, home)
    set_(home, path=str(exports))
    assert tenure("labels", "sign", "--home", home, "--by", "A. Director").code == 0
    assert tenure("run", "--home", home, "--as-of", AS_OF).code == 0
    return home


@pytest.fixture
def signed_night(tmp_path: Path, signed: Path) -> Path:
    return Path(shutil.copytree(signed, tmp_path / "home"))


def test_a_witness_that_was_torn_is_named_and_can_be_spared(night: Path):
    witness = night / "ledger.witness"
    witness.write_text(witness.read_text().replace('"run": 1', '"run": 2'))

    done = tenure("run", "--home", night, "--as-of", AS_OF)

    assert done.code == 1
    assert f"{witness} is damaged" in done.err
    witness.unlink()
    assert tenure("run", "--home", night, "--as-of", AS_OF).code == 0
    assert witness.exists()


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
