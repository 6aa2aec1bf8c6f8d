"""What the file of each kept night may be, so that one that was torn since is known.

A night's file is replaced when the night after it comes (by what differed then), and a process may die between the file
and its note. So a digest is noted before the file is replaced, beside those that the file had until then: whichever the
process left behind is one of them.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tenure.base.errors import DamagedStore
from tenure.base.home import write_atomically

_NAME = "seals.json"
_MOST = 3
"""Digests of one file that are kept: of what it holds, and of what it held just before."""


class NightSeals:
    """The digests of a folder of nights.

    Args:
        folder: Where the files lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / _NAME

    def expect(self, path: Path, body: bytes) -> None:
        """Note that *path* is about to hold *body*; call it before that is so."""
        known = self._known()
        digest = hashlib.sha256(body).hexdigest()
        before = known.get(path.name) or ([_digest(path)] if path.is_file() else [])
        known[path.name] = [*(other for other in before if other != digest), digest][-_MOST:]
        self._write(known)

    def seal(self, paths: list[Path]) -> None:
        """Note the digest of each of *paths* that has none yet, and forget files that are gone."""
        known = self._known()
        sealed = {path.name: known.get(path.name) or [_digest(path)] for path in paths}
        if sealed != known:
            self._write(sealed)

    def last(self) -> dict[str, str]:
        """By name, the digest of what each file was given last."""
        return {name: digests[-1] for name, digests in self._known().items() if digests}

    def torn(self, paths: list[Path]) -> list[Path]:
        """Those of *paths* that are not what was written.

        Raises:
            DamagedStore: The digests themselves cannot be read.
        """
        known = self._known()
        return [path for path in paths if path.name in known and _digest(path) not in known[path.name]]

    def _known(self) -> dict[str, list[str]]:
        if not self._path.exists():
            return {}
        try:
            found: dict[str, list[str]] = json.loads(self._path.read_bytes())
            return {str(name): [str(digest) for digest in digests] for name, digests in found.items()}
        except (ValueError, AttributeError, TypeError) as error:
            raise DamagedStore(f"{self._path} is damaged", mend="delete it; the next night makes it anew") from error

    def _write(self, known: dict[str, list[str]]) -> None:
        write_atomically(self._path, json.dumps(known, indent=0, sort_keys=True).encode())


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
