"""The newest rows of a feed, read again each night: while they are as they were, its size need not be asked for."""

from __future__ import annotations

import datetime as dt
import hashlib
from contextlib import suppress
from dataclasses import dataclass

import polars as pl

_INSTANT = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$"


@dataclass(frozen=True)
class Newest:
    """Which rows of a feed were the newest when it was read, and what they said.

    Args:
        since: The instant from which on they are stamped, in the server's own time; empty when none are known.
        digest: Four bytes of a fingerprint: enough to notice a change, too few to tell whose rows they were.
    """

    since: str = ""
    digest: str = ""

    @classmethod
    def noted(cls, text: str) -> Newest:
        """What `str` of one gave; none known when it is anything else."""
        since, _, digest = text.partition(" ")
        with suppress(ValueError):
            return cls(dt.datetime.fromisoformat(since).isoformat(timespec="seconds"), digest)
        return cls()

    def __str__(self) -> str:
        return f"{self.since} {self.digest}"

    def stand_in(self, rows: pl.DataFrame, by: str) -> bool:
        """Whether *rows*, all that are stamped since then by their column *by*, are these very rows and no others."""
        return bool(self.since) and self == _from(rows, by, self.since)


def newest_of(rows: pl.DataFrame, by: str, count: int, latest: str) -> Newest:
    """The newest *count* of *rows* by their column *by*, and all that are stamped since *latest*."""
    stamps = rows.select(_stamp(by)).filter(pl.col(by).str.contains(_INSTANT))[by].sort(descending=True)
    first = str(stamps[min(count, stamps.len()) - 1]) if stamps.len() else latest
    return _from(rows, by, min(first, latest))


def newest_stamp(rows: pl.DataFrame, by: str, limit: str) -> str:
    """The newest stamp among *rows* that is no newer than *limit*; empty when there is none."""
    stamps = rows.select(_stamp(by)).filter(pl.col(by).str.contains(_INSTANT) & (pl.col(by) <= limit))
    return str(stamps[by].max() or "")


def not_before(rows: pl.DataFrame, by: str, since: str) -> pl.DataFrame:
    """*rows* without those that are stamped before *since*."""
    return rows.filter((_stamp(by).str.contains(_INSTANT) & (_stamp(by) < since)).fill_null(False).not_())


def _from(rows: pl.DataFrame, by: str, since: str) -> Newest:
    those = not_before(rows, by, since).unique()
    text = those.sort(those.columns).write_csv()
    return Newest(since, hashlib.blake2b(text.encode(), digest_size=4).hexdigest())


def _stamp(by: str) -> pl.Expr:
    return pl.col(by).str.slice(0, 19)
