"""One writer at a time: a lock that the operating system drops when its holder dies."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tenure.base.errors import HeldBack


class WriterLock:
    """Held from construction until `release`.

    Args:
        path: The lock file; created when missing, never removed.

    Raises:
        HeldBack: Another process holds it.
    """

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(self._handle)
        except OSError as error:
            os.close(self._handle)
            raise HeldBack(
                f"another Tenure is writing into the lake at {path.parent}", mend="wait until it has ended, then retry"
            ) from error

    def release(self) -> None:
        """Let the next writer in."""
        os.close(self._handle)


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
