"""Which backups are kept: the newest of each of 7 days, 4 weeks and 12 months."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tenure.base.errors import TenureError

BACKUPS = "backups"
"""The folder in a home where they go unless another is named."""

DAYS, WEEKS, MONTHS = 7, 4, 12
_NAME = re.compile(r"tenure-(\d{8}T\d{6}Z)\.tar\.gz")


@dataclass(frozen=True)
class Backup:
    """One backup.

    Args:
        path: Where it lies.
        made_at: When, UTC.
    """

    path: Path
    made_at: dt.datetime


def name_of(at: dt.datetime) -> str:
    """What the backup of the moment *at* is called."""
    return f"tenure-{at:%Y%m%dT%H%M%SZ}.tar.gz"


def backups_in(folder: Path) -> list[Backup]:
    """The backups in *folder*, newest first."""
    found = ((path, _NAME.fullmatch(path.name)) for path in folder.glob("tenure-*.tar.gz"))
    dated = [
        Backup(path, dt.datetime.strptime(match[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC))
        for path, match in found
        if match
    ]
    return sorted(dated, key=lambda backup: backup.made_at, reverse=True)


def prune(folder: Path, verified: Path) -> list[Path]:
    """Delete the backups that nobody will miss; those deleted.

    Args:
        folder: Where they lie.
        verified: One that was just restored as a trial: it stays whatever else goes, and without it nothing goes.

    Raises:
        TenureError: *verified* is not in *folder*; then nothing was deleted.
    """
    known = backups_in(folder)
    if verified not in [backup.path for backup in known]:
        raise TenureError(f"no backup in {folder} is known to be good, so none is deleted", mend="run `tenure backup`")
    keep = {verified, *(backup.path for backup in kept(known))}
    gone = [backup.path for backup in known if backup.path not in keep]
    for path in gone:
        path.unlink()
    return gone


def kept(backups: Iterable[Backup]) -> Iterator[Backup]:
    """Of *backups*, newest first, those that stay; one may stand for its day, its week and its month."""
    known = list(backups)
    yield from _newest_of(known, lambda at: at.date(), DAYS)
    yield from _newest_of(known, lambda at: at.isocalendar()[:2], WEEKS)
    yield from _newest_of(known, lambda at: (at.year, at.month), MONTHS)


def _newest_of(backups: list[Backup], span: Callable[[dt.datetime], object], count: int) -> Iterator[Backup]:
    seen: set[object] = set()
    for backup in backups:
        if span(backup.made_at) not in seen and len(seen) < count:
            seen.add(span(backup.made_at))
            yield backup
