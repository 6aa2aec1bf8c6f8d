"""One file that holds many, and says of each what it should be.

An archive that somebody else made is read with suspicion: nothing is written that its own list does not name, no file
outside of the folder, no more bytes than were told, and no header is held that claims to be huge.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from tenure.base.errors import DamagedStore, TenureError

MANIFEST = "manifest.json"
FORMAT = 1
_MEND = "take another backup; `tenure backup --list` names those there are"
_STRANGE = "do not use it: Tenure made no such backup"
_PIECE = 1024 * 1024
_LONGEST_HEADER = 1024 * 1024
_LONGEST_MANIFEST = 16 * 1024 * 1024
_KNOWN = {"made_at": str, "ledger": str, "key": str, "migrations": list, "files": dict}


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
    with _opened(path) as archive:
        return _facts(path, archive)


def unpack(path: Path, folder: Path) -> dict[str, Any]:
    """Unpack the archive at *path* into the empty *folder*; what it says of itself.

    Raises:
        DamagedStore: It is torn, a file in it is not the one that was put there, or it is none that Tenure made.
        TenureError: There is less room than it says that it needs; nothing was written then.
    """
    with _opened(path) as archive:
        facts = _facts(path, archive)
        missing: dict[str, dict[str, Any]] = dict(facts["files"])
        _require_room(path, folder, sum(told["bytes"] for told in missing.values()))
        while (member := archive.following()) is not None:
            told = missing.pop(member.name, None)
            if told is None or not _is_plain(member):
                raise DamagedStore(f"{path} holds what its own list does not name, or twice", mend=_STRANGE)
            if member.size != told["bytes"] or _written(archive.stream(member), folder / member.name) != told["sha256"]:
                raise _changed(path, member.name)
    for name in missing:
        raise _changed(path, name)
    return facts


class _Archive:
    """A compressed tar file of which no more is read than is asked for.

    Args:
        file: The compressed file.
    """

    def __init__(self, file: IO[bytes]) -> None:
        self._meter = _Meter(gzip.GzipFile(fileobj=file))
        self._tar = tarfile.open(fileobj=self._meter, mode="r:")  # type: ignore[call-overload]  # noqa: SIM115

    def following(self) -> tarfile.TarInfo | None:
        """The next file's header; None at the end."""
        self._meter.left = _LONGEST_HEADER
        found: tarfile.TarInfo | None = self._tar.next()
        return found

    def stream(self, member: tarfile.TarInfo) -> IO[bytes]:
        """The content of *member*, the header read last."""
        self._meter.left = member.size + _PIECE
        found: IO[bytes] | None = self._tar.extractfile(member)
        assert found is not None
        return found


class _Meter:
    """A stream that gives no more bytes than are left to be asked for, so that nothing huge is held on a header's word.

    Args:
        stream: The stream.
    """

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream, self.left = stream, _LONGEST_HEADER
        self.seek, self.tell = stream.seek, stream.tell

    def read(self, size: int) -> bytes:
        """As of a stream."""
        self.left -= size
        if self.left < 0:
            raise tarfile.ReadError("more than a header has")
        return self._stream.read(size)


@contextmanager
def _opened(path: Path) -> Iterator[_Archive]:
    try:
        with path.open("rb") as file:
            yield _Archive(file)
    except (OSError, EOFError, zlib.error, tarfile.TarError, RecursionError, ValueError) as error:
        # The machine's own trouble, such as a full disk, keeps its own words.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DamagedStore(f"{path} is torn", mend=_MEND) from error


def _facts(path: Path, archive: _Archive) -> dict[str, Any]:
    first = archive.following()
    if first is None or first.name != MANIFEST or not _is_plain(first) or first.size > _LONGEST_MANIFEST:
        raise DamagedStore(f"{path} is no backup of Tenure", mend=_MEND)
    try:
        found: dict[str, Any] = json.loads(archive.stream(first).read())
        if found["format"] != FORMAT:
            raise DamagedStore(f"{path} was made by a newer Tenure", mend="restore it with that one")
        whole = all(isinstance(found[key], kind) for key, kind in _KNOWN.items())
        files = {name: (told["bytes"], told["sha256"]) for name, told in found["files"].items()} if whole else {}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedStore(f"{path} is no backup of Tenure", mend=_MEND) from error
    if not whole:
        raise DamagedStore(f"{path} is no backup of Tenure", mend=_MEND)
    for name, (size, digest) in files.items():
        amid_files = any(str(above) in files for above in PurePosixPath(name).parents)
        if amid_files or not _stays_inside(name) or not isinstance(digest, str) or not _is_size(size):
            raise DamagedStore(f"{path} names a file outside of itself, or of no size", mend=_STRANGE)
    return found


def _is_size(told: object) -> bool:
    return isinstance(told, int) and told >= 0


def _stays_inside(name: str) -> bool:
    place = PurePosixPath(name)
    odd = {"\0", "\\", ":"} & set(name)
    return bool(place.parts) and str(place) == name and not place.is_absolute() and ".." not in place.parts and not odd


def _is_plain(member: tarfile.TarInfo) -> bool:
    """Whether it is a file with all its bytes there: no link, device or pipe, and none with holes."""
    return member.type in (tarfile.REGTYPE, tarfile.AREGTYPE) and not member.issparse()


def _require_room(path: Path, folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise TenureError(
            f"the disk is too full: {path} holds {_megabytes(needed)}, and there is room for {_megabytes(free)}",
            mend=f"free some space on the disk of {folder.parent}, or restore to another",
        )


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


def _changed(path: Path, name: str) -> DamagedStore:
    return DamagedStore(f"{name} in {path} is missing or was changed", mend=_MEND)


def _written(stream: IO[bytes], target: Path) -> str:
    """Write it, and give its digest."""
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with target.open("xb") as file:
        while piece := stream.read(_PIECE):
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
