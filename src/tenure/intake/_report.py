"""What a sync did, for people and for the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Fault:
    """Rows of one table that were set aside for one reason.

    Args:
        reason: In words, with the column where there is one.
        count: How many rows.
        rows: The first of their numbers, counted from 1 after the header.
        mend: What to do about it.
    """

    reason: str
    count: int
    rows: tuple[int, ...]
    mend: str = ""

    def __str__(self) -> str:
        where = ", ".join(map(str, self.rows)) + (", …" if self.count > len(self.rows) else "")
        return f"{self.reason}: {self.count:,} ({'row' if self.count == 1 else 'rows'} {where})"


@dataclass(frozen=True)
class TableReport:
    """What a sync did with one table.

    Args:
        read: Rows that the source gave.
        kept: Rows of it that were good.
        repeated: Rows that were there twice, word for word, and were taken once.
        new, changed, removed: What that meant for the lake.
        faults: Why rows were set aside.
    """

    read: int
    kept: int
    repeated: int = 0
    new: int = 0
    changed: int = 0
    removed: int = 0
    faults: tuple[Fault, ...] = ()

    @property
    def quarantined(self) -> dict[str, int]:
        """How many rows were set aside, by reason."""
        return {fault.reason: fault.count for fault in self.faults}


@dataclass(frozen=True)
class SyncReport:
    """What a sync did.

    Args:
        source: `files` or `imis`.
        version: The lake's version afterwards.
        unchanged: Nothing in the lake is another than before.
        tables: By name; empty when the source was known to be unchanged without reading it.
        notices: What a person should know though nothing is wrong.
        warnings: What a person should look into though the night goes on.
        quarantine: The file that holds the numbers of all bad rows; None when there are none.
        identities: Pairs of pseudonym and source id, for the ledger; empty when the source was not read.
        contacts: `member` and the contract's contact columns, for the ledger; None when none were read.
        contacts_whole: `contacts` are all there are; else only those that changed.
        feeds: By feed, rows that the source speaks of (`source`), read this time (`read`), and in the lake (`lake`).
        departed: Pseudonyms of members whom the source no longer has.
        returned: Pseudonyms of members whom it has again.
        drifts: How the form of what the source gives has changed: `place`, `column`, `change`, `response`.
        requests: How many requests reading took; 0 where none are counted.
    """

    source: str
    version: int
    unchanged: bool
    tables: dict[str, TableReport] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    quarantine: Path | None = None
    identities: tuple[tuple[int, str], ...] = ()
    contacts: pl.DataFrame | None = None
    contacts_whole: bool = True
    feeds: dict[str, dict[str, int]] = field(default_factory=dict)
    departed: tuple[int, ...] = ()
    returned: tuple[int, ...] = ()
    drifts: tuple[dict[str, str], ...] = ()
    requests: int = 0

    @property
    def counts(self) -> dict[str, Any]:
        """The numbers alone, fit for JSON: nothing personal."""
        told: dict[str, Any] = {
            name: {
                "read": report.read,
                "kept": report.kept,
                "repeated": report.repeated,
                "new": report.new,
                "changed": report.changed,
                "removed": report.removed,
                "quarantined": report.quarantined,
            }
            for name, report in self.tables.items()
        }
        told |= {"feeds": self.feeds} if self.feeds else {}
        told |= {"requests": self.requests} if self.requests else {}
        told |= {"drifts": list(self.drifts)} if self.drifts else {}
        told |= {"departed": len(self.departed)} if self.departed else {}
        return told | ({"returned": len(self.returned)} if self.returned else {})
