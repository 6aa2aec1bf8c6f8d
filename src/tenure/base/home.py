"""One home directory holds one association: its settings, key, lake, models and ledger."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tenure.base.errors import UsageError


@dataclass(frozen=True)
class Home:
    """Where everything of one association lies.

    Args:
        root: The home directory.
    """

    root: Path

    @property
    def settings_file(self) -> Path:
        return self.root / "tenure.toml"

    @property
    def key_file(self) -> Path:
        return self.root / "secrets" / "pseudonym.key"

    @property
    def next_key_file(self) -> Path:
        """The key that is being changed to; there only while that is under way, or was cut off."""
        return self.root / "secrets" / "pseudonym.key.next"

    @property
    def lake(self) -> Path:
        return self.root / "lake"

    @property
    def models(self) -> Path:
        return self.root / "models"

    @property
    def receipts(self) -> Path:
        return self.root / "receipts"

    @property
    def ledger(self) -> Path:
        return self.root / "ledger.sqlite3"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    def require(self) -> Home:
        """This home, if it has been initialised.

        Raises:
            UsageError: There is no tenure.toml in it.
        """
        if not self.settings_file.is_file():
            raise UsageError(
                f"no tenure.toml in {self.root}",
                mend="run `tenure init --home DIR --source files --path EXPORTS` (or --source imis), "
                "or pass --home with the directory that you initialised",
            )
        return self


def write_atomically(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace *path* by *data* so that a reader, or a crash, sees the old file or the new one and nothing between."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
