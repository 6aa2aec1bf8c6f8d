"""Restoring a backup into a home, and trying whether that would work."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from tenure.base import tombstones
from tenure.base.clock import Clock, system_clock
from tenure.base.errors import DamagedStore, UsageError
from tenure.base.home import Home, write_atomically
from tenure.base.settings import Settings, parse_settings, read_settings
from tenure.custody import _archive, erasure, key, objection
from tenure.custody._database import Database, database_of
from tenure.custody._models import damaged_in
from tenure.lake import Lake

_STORES = (
    "lake",
    "models",
    "tenure.toml",
    "ledger.witness",
    "ledger.sqlite3",
    "ledger.sqlite3-wal",
    "ledger.sqlite3-shm",
)
_BY = "tenure restore"
_CARRIED = ".tombstones-of-the-backup"
_MEND = "take another backup; `tenure backup --list` names those there are"


@dataclass(frozen=True)
class Restored:
    """What was restored.

    Args:
        home: Into which home.
        made_at: When the backup was made, ISO 8601, UTC.
        rows: How many rows of the ledger it had.
        moved_to: Where what was there before went; None when nothing was there.
        damaged: Of each model that was damaged already when the backup was made, and does not serve, what is the
            matter. It is restored as it was.
    """

    home: Path
    made_at: str
    rows: int | None
    moved_to: Path | None
    damaged: Mapping[str, DamagedStore] = field(default_factory=dict)


@dataclass(frozen=True)
class Tried:
    """What the trial of a backup found.

    Args:
        rows: How many rows each table of the ledger has; empty where a database could only be read through.
        damaged: Of each model that is damaged and does not serve, what is the matter.
    """

    rows: Mapping[str, int]
    damaged: Mapping[str, DamagedStore]


def verify(path: Path, home: Home, settings: Settings) -> Tried:
    """Restore the backup at *path* to a place beside it, look whether all is whole, and clean up.

    Raises:
        DamagedStore: Something in it is not whole, other than a model that does not serve.
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".building-trial-") as name:
        place = Path(name)
        facts = _archive.unpack(path, place)
        database = database_of(home, settings.ledger.database)
        parse_settings((place / "tenure.toml").read_bytes(), Path("tenure.toml"))
        copy = place / facts["ledger"]
        mend = f"see by `tenure doctor --home {home.root}` which model can serve in its place, and back up again"
        text = key.read_key(home.key_file)
        damaged = damaged_in(place / "models", home, text, lambda: database.promoted(copy), mend=mend)
        _read_lake(place)
        return Tried(database.check(copy), damaged)


def restore(
    path: Path,
    home: Home,
    *,
    key_file: Path | None = None,
    database: str = "",
    replace: bool = False,
    clock: Clock = system_clock,
) -> Restored:
    """Put the backup at *path* into *home*.

    What is there already stays as it was until the backup has been unpacked and found whole; then it is moved into
    `replaced-…` beside it, and nothing is deleted.

    Args:
        path: The backup.
        home: Where to.
        key_file: The key of the pseudonyms, unless *home* still has it.
        database: Address of an empty PostgreSQL database; for a ledger on a server, instead of the one in its settings.
        replace: Let what is there be moved aside.
        clock: Gives the present instant.

    Raises:
        UsageError: Something is in the way, the key is missing or another one, or this Tenure is too old.
        DamagedStore: The backup is torn, or the model that serves was damaged when it was made.
    """
    home.root.mkdir(parents=True, exist_ok=True)
    there = [name for name in _STORES if _is_there(home.root / name)]
    if there and not replace:
        raise UsageError(
            f"{home.root} holds {', '.join(there)} already",
            mend="pass --replace to move that aside, after `tenure serve` and the schedule were stopped",
        )
    with tempfile.TemporaryDirectory(dir=home.root, prefix=".restoring-") as name:
        place = Path(name)
        facts = _archive.unpack(path, place)
        _require_known(facts["migrations"])
        text = _key(home, key_file, facts["key"])
        settings = parse_settings((place / "tenure.toml").read_bytes(), path)
        ledger, copy = _ledger(home, settings, facts, database), place / facts["ledger"]
        damaged = damaged_in(place / "models", home, text, lambda: ledger.promoted(copy), mend=_MEND)
        _read_lake(place)
        for known in (place / tombstones.NAME, path.parent / tombstones.NAME):
            tombstones.require_whole(known)
        rows = ledger.check(copy)
        ledger.require_empty()
        moved = _move_aside(home, there, clock()) if there else None
        _part_with_key(home, text, moved, clock())
        _put(place, home, ledger, facts["ledger"])
        carried = place / tombstones.NAME
        carried.replace(home.root / _CARRIED) if carried.exists() else None
    write_atomically(home.key_file, text.encode(), mode=0o600)
    if database:
        _name_database(home, settings.ledger.database, database)
    for known in (home.root / _CARRIED, path.parent / tombstones.NAME):
        tombstones.Tombstones(home).take_over(known)
    (home.root / _CARRIED).unlink(missing_ok=True)
    _tell(home, facts["made_at"], clock)
    return Restored(home.root, facts["made_at"], sum(rows.values()) if rows else None, moved, damaged)


def _part_with_key(home: Home, text: str, moved: Path | None, at: dt.datetime) -> None:
    """Keep a key that is there where the backup goes by another: what was moved aside, and later backups, need it."""
    paths = (home.key_file, home.next_key_file)
    former = [path for path in paths if path.is_file() and key.read_key(path).split() != text.split()]
    for path in former:
        kept = path.with_name(f"{path.name}-until-{at.astimezone(dt.UTC):%Y%m%dT%H%M%SZ}")
        write_atomically(kept, path.read_bytes(), mode=0o600)
    home.next_key_file.unlink(missing_ok=True)
    # Receipts are in no backup, and go by the key that is parted with.
    if former and moved and home.receipts.is_dir():
        home.receipts.replace(moved / home.receipts.name)


def _tell(home: Home, made_at: str, clock: Clock) -> None:
    """Write into the audit log that came back that it did: rows that were there after it are lost."""
    from tenure import ledger

    ledger.setup(home, read_settings(home))
    ledger.migrate()
    from tenure.ledger import audit
    from tenure.ledger.anchors import RESTORED

    audit.record(RESTORED, by=_BY, clock=clock, made_at=made_at)
    erasure.erase_again(home, by=_BY, clock=clock)
    objection.honour_again(home, by=_BY, clock=clock)


def _is_there(path: Path) -> bool:
    return any(path.iterdir()) if path.is_dir() else path.exists()


def _ledger(home: Home, settings: Settings, facts: dict[str, Any], database: str) -> Database:
    address = database or settings.ledger.database
    found = database_of(home, address)
    if found.copy != facts["ledger"]:
        raise UsageError(
            "the ledger in this backup is of another kind of database",
            mend="pass --database for one that was on PostgreSQL, and leave it out for SQLite",
        )
    return found


def _read_lake(place: Path) -> None:
    """Whether every file of the lake that was unpacked at *place* can be read."""
    if (place / "lake").is_dir():
        _, names = Lake.open(place / "lake").snapshot()
        for name in names:
            if name.endswith(".parquet"):
                _read_through(place / "lake" / name)


def _read_through(path: Path) -> None:
    try:
        pl.read_parquet(path)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DamagedStore(f"{path.name} of the lake is torn", mend=_MEND) from error


def _require_known(names: list[str]) -> None:
    """Refuse a ledger of a later form than this Tenure knows."""
    from tenure import ledger

    known = {path.stem for path in (Path(ledger.__file__).parent / "migrations").glob("[0-9]*.py")}
    newer = sorted(set(names) - known)
    if newer:
        raise UsageError(
            f"the backup was made by a newer Tenure (its ledger has been through {newer[-1]})",
            mend="install that one, or a newer one, and restore with it",
        )


def _key(home: Home, given: Path | None, wanted: str) -> str:
    lines = key.read_key(given if given is not None else home.key_file).split()
    # A backup from before the key was changed goes by what the file held then.
    texts = ["\n".join(lines[:count]) for count in range(len(lines), 0, -1)]
    text = next((one for one in texts if key.fingerprint(one) == wanted), None)
    if text is None:
        raise UsageError(
            "the key is not the one of the association whose backup this is",
            mend="pass --key with the file that `tenure backup --key-to` wrote on that installation",
        )
    return text


def _move_aside(home: Home, names: list[str], at: dt.datetime) -> Path:
    aside = home.root / f"replaced-{at:%Y%m%dT%H%M%SZ}"
    aside.mkdir()
    for name in names:
        (home.root / name).replace(aside / name)
    return aside


def _put(place: Path, home: Home, ledger: Database, copy: str) -> None:
    """The settings last: a home without them is not one yet, so that a restore that is cut off is seen as such."""
    ledger.load(place / copy)
    for name in ("lake", "models"):
        if (place / name).is_dir():
            if (home.root / name).is_dir():
                (home.root / name).rmdir()
            (place / name).replace(home.root / name)
    others = (path for path in place.glob("*.toml") if path.name != "tenure.toml")
    for path in (*others, place / "tenure.toml"):
        path.replace(home.root / path.name)


def _name_database(home: Home, before: str, now: str) -> None:
    text = home.settings_file.read_text(encoding="utf-8").replace(before, now)
    write_atomically(home.settings_file, text.encode())
