"""A digest of each file of the lake tells at the start of a night whether one was torn since.

Files of its tables are written once. Those of scored nights are replaced, and the lake itself notes what they shall
hold.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tenure.base.errors import DamagedStore
from tenure.base.home import Home, write_atomically
from tenure.lake import Lake

_NAME = "seals.json"


def seal(home: Home) -> None:
    """Note the digest of each file of the lake that has none yet."""
    path = home.lake / _NAME
    known = _sealed(path, {}) or {}
    live = _live(home)
    seals = {name: known.get(name) or _digest(home.lake / name) for name in live}
    if seals != known:
        write_atomically(path, json.dumps(seals, indent=0, sort_keys=True).encode())
    Lake.open(home.lake).seal_scores()


def require_unbroken(home: Home) -> None:
    """Compare the lake's files with their digests; those of a night that was cut off have none yet.

    Raises:
        DamagedStore: One is missing or not what was written.
    """
    seals = _sealed(home.lake / _NAME, None)
    if seals is None:
        raise DamagedStore(f"{home.lake / _NAME} is damaged", mend="delete it; the next night makes it anew")
    restore = f"`tenure restore BACKUP --home {home.root} --replace`"
    for name in _live(home):
        if name in seals and _digest(home.lake / name) != seals[name]:
            raise DamagedStore(
                f"{home.lake / name} is damaged",
                mend=f"{restore}; or delete {home.lake}: the next sync "
                "builds it again from the source, without what the source has overwritten since",
            )
    for path in Lake.open(home.lake).torn_scores():
        raise DamagedStore(f"{path} is damaged", mend=restore)


def _live(home: Home) -> list[str]:
    return [name for name in Lake.open(home.lake).snapshot()[1] if name.startswith("tables/")]


def _sealed(path: Path, broken: dict[str, str] | None) -> dict[str, str] | None:
    """The digests by name; *broken* where the file holds something else."""
    if not path.exists():
        return {}
    try:
        found = json.loads(path.read_bytes())
    except ValueError:
        return broken
    return found if isinstance(found, dict) else broken


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""
