"""While the key of the pseudonyms is being changed: who may go on by the present one, and until when.

The stores are made anew beside the present ones, which takes long, and only then put in their place, which does not.
Whoever is `steady` holds off that moment, and goes on by the key that is there; whoever is not is told to wait for the
end of it all. The lock is that of a SQLite file, which every system knows, and which goes with its process.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tenure.base.errors import HeldBack
from tenure.base.home import Home

PATIENCE_SECONDS = 10.0
"""How long a request waits for stores that are just being put in their place."""

_MOST_SECONDS = 120.0
_LOCK = "key-change.lock"
_here = threading.local()


class KeyIsChanging(HeldBack):
    """The key of the pseudonyms is being changed, or that was cut off: nothing is lost, and nothing can be done yet."""


def changing() -> KeyIsChanging:
    """The error, with what to do about it."""
    return KeyIsChanging(
        "the key of the pseudonyms is being changed, or that was cut off",
        mend="wait until it has ended; if nobody is at it, `tenure key rotate members` goes on",
    )


def stores(home: Home) -> tuple[Path, ...]:
    """The folders with pseudonyms, each of which is made anew and put in its place as a whole."""
    return home.lake, home.receipts, home.models


def mark(key: str) -> str:
    """The file which says that a folder goes by the key with that fingerprint already."""
    return f".by-key-{key}"


def beside(folder: Path, word: str) -> Path:
    """Where *folder* is made anew (`fresh`), and where it goes when that takes its place (`former`)."""
    return folder.with_name(f".{folder.name}-{word}")


def is_half_way(home: Home) -> bool:
    """Whether some stores go by the next key and others by the present one, so that nobody can read them."""
    if not home.next_key_file.exists():
        return False
    return any(beside(folder, "former").exists() or any(folder.glob(mark("*"))) for folder in stores(home))


def is_steady(home: Home) -> bool:
    """Whether this thread holds off the moment at which the next key takes over."""
    return bool(getattr(_here, "homes", {}).get(home.root))


class Steady:
    """Holds off that moment from when it is made until `close`, in the thread that makes it.

    Args:
        home: The home.
        seconds: How long to wait while the next key is just taking over.

    Raises:
        KeyIsChanging: It has not taken over by then, or that was cut off half-way.
    """

    def __init__(self, home: Home, *, seconds: float = PATIENCE_SECONDS) -> None:
        self._root = home.root
        # A body that is sent bit by bit may be given up by another thread.
        self._lock = _open(home, seconds)
        try:
            self._lock.execute("BEGIN")
            self._lock.execute("SELECT 1 FROM sqlite_master").fetchone()
        except sqlite3.OperationalError as error:
            self._lock.close()
            raise changing() from error
        self._count(1)
        if is_half_way(home):
            self.close()
            raise changing()

    def close(self) -> None:
        """Hold nothing off any more."""
        self._lock.close()
        self._count(-1)

    def _count(self, more: int) -> None:
        if not hasattr(_here, "homes"):
            _here.homes = {}
        _here.homes[self._root] = max(0, _here.homes.get(self._root, 0) + more)


@contextmanager
def alone(home: Home) -> Iterator[None]:
    """Wait until nobody is `Steady`, and let nobody be so in the block.

    Raises:
        HeldBack: Somebody still is after two minutes.
    """
    with closing(_open(home, _MOST_SECONDS)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise HeldBack(
                "the staff pages have been busy for two minutes", mend="give the command again; it goes on"
            ) from error
        yield


def _open(home: Home, seconds: float) -> sqlite3.Connection:
    return sqlite3.connect(home.root / _LOCK, timeout=seconds, isolation_level=None, check_same_thread=False)
