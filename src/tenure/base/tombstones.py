"""What has to outlive a restore and a sync: who was erased, and who objects to being profiled.

One small file in the home, `tombstones.jsonl`, beside the stores and in none of them, so that putting an older backup
back takes nothing from it. It holds keyed digests of pseudonyms alone: with the key in `secrets/` one can ask whether a
given member is in it, and without it nothing can be told.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from tenure.base.errors import DamagedStore
from tenure.base.home import Home, write_atomically
from tenure.base.pseudonym import Pseudonyms

NAME = "tombstones.jsonl"
Kind = Literal["erased", "objects"]


class Tombstones:
    """The tombstones of one home.

    Args:
        home: The home; its key makes the digests.
    """

    def __init__(self, home: Home) -> None:
        self._path = home.root / NAME
        self._pseudonyms = Pseudonyms.of(home)
        self._key = self._pseudonyms.secret("tombstone")

    @property
    def any(self) -> bool:
        """Whether there is one at all."""
        return self._path.exists()

    def erased(self, members: Iterable[int]) -> set[int]:
        """Those of *members* (pseudonyms) who were erased."""
        return self._those("erased", members)

    def objecting(self, members: Iterable[int]) -> set[int]:
        """Those of *members* (pseudonyms) who object to being profiled."""
        return self._those("objects", members)

    def add(self, kind: Kind, members: Iterable[int], on: dt.date) -> None:
        """Remember *members* for good, or until `lift`; doing so twice changes nothing."""
        entries = _read(self._path)
        wanted = {self._digest(member) for member in members}
        new = sorted(wanted - _standing(entries, kind))
        if new:
            told = [{"digest": digest, "kind": kind, "on": on.isoformat()} for digest in new]
            _write(self._path, [*entries, *told])

    def lift(self, kind: Kind, member: int) -> None:
        """Forget that *member* is one; the entry goes."""
        digest = self._digest(member)
        _write(self._path, [e for e in _read(self._path) if (e["kind"], e["digest"]) != (kind, digest)])

    def take_over(self, path: Path) -> None:
        """Add those of the file at *path*, such as one that was kept in a backup; none is no harm."""
        entries = _read(self._path)
        known = {(entry["kind"], entry["digest"]) for entry in entries}
        more = [entry for entry in _read(path) if (entry["kind"], entry["digest"]) not in known]
        if more:
            _write(self._path, [*entries, *more])

    def copy_to(self, folder: Path) -> None:
        """Lay them beside the backups in *folder*, if there is one: a restore on another machine looks there."""
        if self._path.exists() and folder.is_dir():
            shutil.copyfile(self._path, folder / NAME)

    def _those(self, kind: Kind, members: Iterable[int]) -> set[int]:
        standing = _standing(_read(self._path), kind)
        return {member for member in members if self._digest(member) in standing} if standing else set()

    def _digest(self, member: int) -> str:
        # By the first pseudonym, so that it is recognised whatever key the home goes by, and in older backups.
        return hmac.digest(self._key, str(self._pseudonyms.first(member)).encode(), hashlib.sha256).hex()


def require_whole(path: Path) -> None:
    """Check the file at *path*, which may be missing.

    Raises:
        DamagedStore: It is not as Tenure wrote it.
    """
    _read(path)


def _standing(entries: list[dict[str, str]], kind: Kind) -> set[str]:
    return {entry["digest"] for entry in entries if entry["kind"] == kind}


def _read(path: Path) -> list[dict[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        entries = [json.loads(line) for line in lines if line.strip()]
        if all(isinstance(entry["digest"], str) and entry["kind"] in ("erased", "objects") for entry in entries):
            return entries
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path) from error
    raise _damaged(path)


def _damaged(path: Path) -> DamagedStore:
    return DamagedStore(
        f"{path} is damaged: it says who was erased and who objects",
        mend="take the copy that lies beside the backups; without it a sync would bring erased members back",
    )


def _write(path: Path, entries: list[dict[str, str]]) -> None:
    body = "".join(json.dumps(entry, sort_keys=True) + "\n" for entry in entries)
    write_atomically(path, body.encode(), mode=0o600)
