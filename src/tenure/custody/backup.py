"""Making a backup: gather, pack, restore it as a trial, and only then call it one."""

from __future__ import annotations

import datetime as dt
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tenure
from tenure.base import tombstones
from tenure.base.clock import Clock, system_clock
from tenure.base.errors import DamagedStore, HeldBack
from tenure.base.home import Home
from tenure.base.settings import Settings
from tenure.custody import _archive, keeping, key
from tenure.custody._database import Database, database_of, without_password
from tenure.custody.restore import verify
from tenure.lake import Lake

_TRIES = 3
_BUILDING = ".building-"


@dataclass(frozen=True)
class BackedUp:
    """What a backup is.

    Args:
        path: The file.
        made_at: As of when, UTC.
        size: Of the file, in bytes.
        rows: How many rows of the ledger are in it, as counted where it was restored as a trial; None where the
            database account may make no database, so that the copy was only read through.
        pruned: Older ones that were deleted.
        damaged: Of each model in it that is damaged and does not serve, what is the matter.
    """

    path: Path
    made_at: dt.datetime
    size: int
    rows: int | None
    pruned: tuple[Path, ...]
    damaged: Mapping[str, DamagedStore] = field(default_factory=dict)


def back_up(
    home: Home, settings: Settings, folder: Path, *, with_lake: bool = True, clock: Clock = system_clock
) -> BackedUp:
    """Back up *home* into *folder*, try whether that can be restored, and prune older ones. A night may be under way.

    Args:
        home: The home.
        settings: Its settings.
        folder: Where backups lie, made when missing; room for two more is needed meanwhile.
        with_lake: Take the lake along. Without it, the past of fields that the source overwrites is lost.
        clock: Gives the present instant.

    Raises:
        UsageError: There is no ledger yet, or no key.
        DamagedStore: A store, or what was made of it, is not whole; no backup was kept. A model that does not serve
            may be damaged.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in folder.glob(f"{_BUILDING}*"):
        shutil.rmtree(left, ignore_errors=True)
    at = clock()
    with tempfile.TemporaryDirectory(dir=folder, prefix=_BUILDING) as name:
        packed = _packed(home, settings, Path(name), at, with_lake=with_lake)
        tried = verify(packed, home, settings)
        path = packed.replace(folder / keeping.name_of(at))
    gone = keeping.prune(folder, path)
    counted = sum(tried.rows.values()) if tried.rows else None
    return BackedUp(path, at, path.stat().st_size, counted, tuple(gone), tried.damaged)


def _packed(home: Home, settings: Settings, place: Path, at: dt.datetime, *, with_lake: bool) -> Path:
    """An archive in *place*; begun again when files went away meanwhile, as when a night replaced them."""
    database = database_of(home, settings.ledger.database)
    for _ in range(_TRIES):
        try:
            # The lake first: the ledger may know more than the lake does, never less.
            files = (_lake(home, place) if with_lake else {}) | _models(home) | _settings(home, settings, place)
            files |= _tombstones(home, folder=place.parent)
            files[database.copy] = place / database.copy
            files[database.copy].unlink(missing_ok=True)
            database.dump(files[database.copy])
            _archive.pack(place / "packed", _facts(home, database, files[database.copy], at), files)
        except FileNotFoundError:
            continue
        return place / "packed"
    raise HeldBack(
        "files change quicker than they can be copied", mend="run `tenure backup` when no night is under way"
    )


def _facts(home: Home, database: Database, copy: Path, at: dt.datetime) -> dict[str, Any]:
    return {
        "made_at": at.isoformat(timespec="seconds"),
        "tenure": tenure.__version__,
        "ledger": database.copy,
        "migrations": database.migrations(copy),
        "key": key.fingerprint(key.read_key(home.key_file)),
    }


def _lake(home: Home, place: Path) -> dict[str, Path]:
    manifest, names = Lake.open(home.lake).snapshot()
    if not manifest:
        return {}
    (place / "manifest.json").write_bytes(manifest)
    return {"lake/manifest.json": place / "manifest.json"} | {f"lake/{name}": home.lake / name for name in names}


def _tombstones(home: Home, *, folder: Path) -> dict[str, Path]:
    """Who was erased and who objects: in the backup, and beside all of them, where an older one is put back from."""
    tombstones.Tombstones(home).copy_to(folder)
    path = home.root / tombstones.NAME
    return {tombstones.NAME: path} if path.exists() else {}


def _models(home: Home) -> dict[str, Path]:
    paths = (path for path in home.models.glob("[!.]*/*") if path.is_file() and not path.name.startswith("."))
    return {f"models/{path.parent.name}/{path.name}": path for path in sorted(paths)}


def _settings(home: Home, settings: Settings, place: Path) -> dict[str, Path]:
    """The settings, and mapping files beside them; a password in the database's address stays behind."""
    text = home.settings_file.read_text(encoding="utf-8")
    address = settings.ledger.database
    if address:
        text = text.replace(address, without_password(address))
    text = re.sub(r"(\w+://[^:/@\s\"']+):[^@/\s\"']+@", r"\1@", text)
    (place / "tenure.toml").write_text(text, encoding="utf-8")
    others = {path.name: path for path in home.root.glob("*.toml") if path != home.settings_file}
    return {"tenure.toml": place / "tenure.toml"} | others
