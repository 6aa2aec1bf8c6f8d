"""Looking at a folder of files: which tables it has, with how many rows, and kinds that the contract does not know."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from tenure.intake._files import FilesSource
from tenure.intake._source import Errand
from tenure.intake.wizard._names import are_codes
from tenure.intake.wizard._proposal import ABSENT, AS_USUAL, FeedFound, Proposal
from tenure.membership.contract import KINDS, TABLES


def survey_files(folder: Path, errand: Errand) -> Proposal:
    """What a folder has; no mapping is needed for it.

    Args:
        folder: With a file for each table.
        errand: As for a sync.

    Raises:
        BadInput: A needed file or column is missing, or a file is not what its name says.
    """
    feeds, notes = [], []
    with duckdb.connect() as db:
        delivery = FilesSource(folder).deliver(db, errand)
        for name, table in TABLES.items():
            given = delivery.tables.get(name)
            if given is None:
                feeds.append(FeedFound(name, ABSENT, "no file; it may be left out"))
                continue
            rows = db.execute(f"SELECT count(*) FROM {given.relation}").fetchall()[0][0]
            absent = [column.name for column in table.columns if column.name not in given.columns]
            lacking = f", without {', '.join(absent)}" if absent else ""
            feeds.append(FeedFound(name, AS_USUAL, f"{given.label}: {rows:,} rows{lacking}"))
        notes += [*delivery.notices, *_kinds(db, delivery.tables)]
    return Proposal(str(folder), "", tuple(feeds), tuple(notes))


def _kinds(db: duckdb.DuckDBPyConnection, tables: Mapping[str, object]) -> list[str]:
    if "activity" not in tables:
        return []
    counts = dict(db.execute("SELECT kind, count(*) FROM given_activity GROUP BY kind ORDER BY 2 DESC").fetchall())
    strange = {kind: rows for kind, rows in counts.items() if kind is not None and kind not in KINDS}
    if not strange:
        return []
    if not are_codes(set(strange)):
        return [f"{len(strange):,} kinds of activity are none of the contract's; see docs/files.md"]
    listed = ", ".join(f"{kind} {rows:,}" for kind, rows in strange.items())
    return [f"kinds of activity that are none of the contract's: {listed}; see docs/files.md"]
