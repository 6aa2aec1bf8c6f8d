"""One file that holds many, and says of each what it should be."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from tenure.base.errors import DamagedStore

MANIFEST = "manifest.json"
FORMAT = 1
_MEND = "take another backup; `tenure backup --list` names those there are"
_PIECE = 1024 * 1024


def pack(path: Path, facts: Mapping[str, Any], files: Mapping[str, Path]) -> None:
    """Write *files*, by their names, and *facts* about them into a new archive at *path*, for its owner alone."""
    told = {name: {"sha256": _digest(file), "bytes": file.stat().st_size} for name, file in files.items()}
    body = json.dumps({"format": FORMAT, **facts, "files": told}, indent=1, sort_keys=True).encode()
    path.touch(mode=0o600)
    with tarfile.open(path, "w:gz", compresslevel=3) as archive:
        head = tarfile.TarInfo(MANIFEST)
        head.size = len(body)
        archive.addfile(head, io.BytesIO(body))
        for name, file in files.items():
            archive.add(file, arcname=name, recursive=False)


def facts_of(path: Path) -> dict[str, Any]:
    """What the archive at *path* says of itself; quick, since that comes first.

    Raises:
        DamagedStore: It is no backup, or one of a newer Tenure.
    """
    try:
        with tarfile.open(path, "r:gz") as archive:
            first = archive.next()
            if first is None or first.name != MANIFEST:
                raise DamagedStore(f"{path} is no backup of Tenure", mend=_MEND)
            return _facts(path, archive.extractfile(first))
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise _unreadable(path, error) from error


def unpack(path: Path, folder: Path) -> dict[str, Any]:
    """Unpack the archive at *path* into the empty *folder*; what it says of itself.

    Raises:
        DamagedStore: It is torn, or a file in it is not the one that was put there.
    """
    facts = facts_of(path)
    wanted: dict[str, dict[str, Any]] = facts["files"]
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                if member.name != MANIFEST and member.isfile():
                    _write(archive.extractfile(member), _below(folder, member.name))
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise _unreadable(path, error) from error
    for name, told in wanted.items():
        file = folder / name
        if not file.is_file() or _digest(file) != told["sha256"]:
            raise DamagedStore(f"{name} in {path} is missing or was changed", mend=_MEND)
    return facts


def _facts(path: Path, stream: IO[bytes] | None) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(stream.read() if stream else b"")
        known = found["format"] == FORMAT and isinstance(found["files"], dict)
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedStore(f"{path} is no backup of Tenure", mend=_MEND) from error
    if not known:
        raise DamagedStore(f"{path} was made by a newer Tenure", mend="restore it with that one")
    return found


def _unreadable(path: Path, error: Exception) -> Exception:
    """The words for a torn archive; the machine's own trouble, such as a full disk, keeps its own."""
    if isinstance(error, OSError) and error.errno is not None:
        return error
    return DamagedStore(f"{path} is torn", mend=_MEND)


def _below(folder: Path, name: str) -> Path:
    target = (folder / name).resolve()
    if folder.resolve() not in target.parents:
        raise DamagedStore("a backup names a file outside of itself", mend="do not use it; it is not Tenure's")
    return target


def _write(stream: IO[bytes] | None, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        shutil.copyfileobj(stream or io.BytesIO(), file, _PIECE)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
