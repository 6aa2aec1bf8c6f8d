"""The key of the pseudonyms, which goes another way than the backups."""

from __future__ import annotations

import hmac
import os
from pathlib import Path

from tenure.base.errors import DamagedStore, UsageError
from tenure.base.home import Home, write_atomically

_PURPOSE = b"tenure:backup:which key"


def fingerprint(text: str) -> str:
    """Tells keys apart without telling anything of the key.

    Raises:
        DamagedStore: *text* is no key in hexadecimal.
    """
    try:
        return hmac.digest(bytes.fromhex(text.strip()), _PURPOSE, "sha256").hex()[:16]
    except ValueError as error:
        said = "a file that should hold the key of the pseudonyms does not"
        raise DamagedStore(said, mend="put it back from a backup (`tenure restore`)") from error


def read_key(path: Path) -> str:
    """The key in *path*.

    Raises:
        UsageError: There is no such file.
    """
    if not path.is_file():
        raise UsageError(
            f"there is no key at {path}", mend="pass --key with the file that `tenure backup --key-to` wrote"
        )
    return path.read_text(encoding="utf-8", errors="replace").strip()


def export_key(home: Home, out: Path, backups: Path) -> None:
    """Write the key of *home* to *out*, for its owner alone.

    Raises:
        UsageError: *out* is there already, or lies among the *backups*, which must not hold it.
    """
    key = read_key(home.key_file)
    fingerprint(key)
    if out.exists():
        raise UsageError(f"{out} is there already", mend="name a new file")
    if backups.resolve() in out.resolve().parents:
        raise UsageError(
            f"{out} lies among the backups: who takes one would take the key with it",
            mend="write it elsewhere, such as onto a stick in a safe or into a password manager",
        )
    write_atomically(out, (key + os.linesep).encode(), mode=0o600)
