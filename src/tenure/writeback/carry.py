"""Carrying out the outbox: look, compare, hold back if too much would change, then write row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenure.base.errors import Stopped
from tenure.imis import (
    AlreadyThere,
    Busy,
    CircuitOpen,
    ImisClient,
    ImisRefused,
    ImisUnavailable,
    Invalid,
    NotFound,
    OutcomeUnknown,
    Writer,
    generic_entity,
)
from tenure.writeback._diff import Held, change_of, is_over_cap, require_within_cap
from tenure.writeback._table import DEFINITIONS, Table, check_name, install, look_at, require_table
from tenure.writeback.outbox import DONE, PENDING, REJECTED, UNKNOWN, Outbox, OutboxRow, Outcome
from tenure.writeback.panel import RISK_COLUMNS, Column
from tenure.writeback.report import Change, Rejection, WritebackReport

_TRIES = 2
"""Attempts at one row within a run; between them it is read back."""

_AT_ONCE = 25
"""Rows marked as begun together; so many are read back one by one after a crash."""

_FAILURES_TO_STOP = 5

Progress = Callable[[int, int], None]


def carry_out(
    client: ImisClient,
    outbox: Outbox,
    table: str,
    columns: Sequence[Column] = RISK_COLUMNS,
    *,
    dry_run: bool = False,
    may_install: bool = True,
    max_band_changes: float = 0.25,
    release: Callable[[int, int], None] | None = None,
    before_write: Callable[[], None] = lambda: None,
    on_progress: Progress = lambda done, total: None,
) -> WritebackReport:
    """Make iMIS hold what *outbox* says, writing only rows that differ.

    Safe to be killed at any point and run again: what may have arrived is read back first.

    Args:
        client: The iMIS.
        outbox: What shall be written.
        table: The panel source to write to, and no other.
        columns: Its properties.
        dry_run: Look and compare only; nothing but GET requests is sent.
        may_install: Whether to make the table, or columns that it lacks.
        max_band_changes: Largest share of members whose band may change.
        release: Where a person has allowed more for once: called with how many members would move and how many rows
            there are, before the first write.
        before_write: Called before each write; raises when the right to write was lost to another runner, or `Stopped`
            when somebody asked: then what is settled is noted.
        on_progress: Told how many of how many rows are settled.

    Returns:
        What was done; `trouble` says why it stopped early, if it did.

    Raises:
        HeldBack: Too many bands would change; nothing was written.
        ImisRefused: iMIS refuses the table as such; no row was lost.
        ImisUnavailable: iMIS could not even be read.
        UsageError: *table* is no name for a table of Tenure's own.
    """
    check_name(table)
    report = WritebackReport(table, dry_run)
    rows = list(outbox.pending())
    if not rows:
        return report
    used = client.requests_used
    try:
        there, held = _compare(client, rows, columns, report)
        moved = require_within_cap(report.changes, held.total, max_band_changes if release is None else 1.0, table)
        if release is not None and not dry_run and is_over_cap(moved, held.total, max_band_changes):
            release(moved, held.total)
        if not may_install:
            require_table(there)
        if not dry_run:
            writer = client.writing_to(table, *([DEFINITIONS] if may_install else []))
            if report.installed or report.columns_added:
                before_write()
                there = install(client, writer, there, columns)
            run = _Run(client, writer, outbox, there, columns, held, report, before_write)
            run.all(list(zip(rows, report.changes, strict=True)), on_progress)
    finally:
        report.requests = client.requests_used - used
    return report


def _compare(
    client: ImisClient, rows: Sequence[OutboxRow], columns: Sequence[Column], report: WritebackReport
) -> tuple[Table, Held]:
    there = look_at(client, report.table, columns)
    held = Held(client, there, rows)
    report.changes = [change_of(row.member_id, held.get(row.member_id), row.payload, columns) for row in rows]
    report.installed = not there.exists
    report.columns_added = tuple(column.name for column in there.missing)
    return there, held


@dataclass
class _Run:
    """The writing half of one write-back."""

    client: ImisClient
    writer: Writer
    outbox: Outbox
    table: Table
    columns: Sequence[Column]
    held: Held
    report: WritebackReport
    before_write: Callable[[], None]
    failures: int = 0
    again: list[tuple[OutboxRow, Change]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)

    def all(self, work: Sequence[tuple[OutboxRow, Change]], on_progress: Progress) -> None:
        """Settle every row, those that failed once more at the end; stop where iMIS or the right to write is lost."""
        reached = self._round(work, lambda done: on_progress(done, len(work)))
        if self.report.trouble is None and self.again:
            failed, self.again = self.again, []
            self._round(list(self._looked_at_again(failed)), lambda done: None)
        self.report.left = len(work) - reached + sum(row.state == PENDING for row, _ in self.again)
        self.report.unknown = sum(row.state == UNKNOWN for row, _ in self.again)

    def _looked_at_again(self, failed: Sequence[tuple[OutboxRow, Change]]) -> Iterator[tuple[OutboxRow, Change]]:
        for row, change in failed:
            try:
                found = self.held.read(row.member_id)
            except ImisUnavailable:
                self.again.append((row, change))
                continue
            yield row, change_of(row.member_id, found, row.payload, self.columns)

    def _round(self, work: Sequence[tuple[OutboxRow, Change]], on_progress: Callable[[int], None]) -> int:
        """Settle *work* in order. Returns how many rows were reached."""
        for start in range(0, len(work), _AT_ONCE):
            batch = work[start : start + _AT_ONCE]
            self.before_write()
            self.outbox.begin([row for row, change in batch if change.kind != "none"])
            reached = self._batch(batch)
            if self.report.trouble is not None:
                return start + reached
            on_progress(start + len(batch))
        return len(work)

    def _batch(self, batch: Sequence[tuple[OutboxRow, Change]]) -> int:
        """Settle *batch*, and note its outcomes together. Returns how many rows were reached.

        When the right to write was lost to another runner, nothing is noted: the rows are that runner's now, and it
        reads back those that it finds begun.
        """
        reached = 0
        try:
            while reached < len(batch) and self.report.trouble is None:
                self._settle(*batch[reached])
                reached += 1
        except ImisRefused:
            # The table as such was refused, and so was this row.
            self._give_back(batch[reached:])
            raise
        except Stopped:
            # It may be between two attempts at this row, so that is read back; the rest was not begun.
            self._give_back(batch[reached + 1 :])
            raise
        self._give_back(batch[reached:])
        return reached

    def _give_back(self, rest: Sequence[tuple[OutboxRow, Change]]) -> None:
        """Note all outcomes of a batch; *rest* of it was not reached."""
        self.outcomes += [(row, PENDING, "") for row, change in rest if change.kind != "none"]
        self.outbox.settle(self.outcomes)
        self.outcomes = []

    def _settle(self, row: OutboxRow, change: Change) -> None:
        """Bring one row to where it shall be, or find out why not."""
        if change.kind == "none":
            self.report.unchanged += 1
            self.outcomes.append((row, DONE, ""))
            return
        try:
            self._write(row, change)
        except Invalid as error:
            self._reject(row, error)
        except ImisUnavailable as error:
            self._unavailable(row, change, error)
        else:
            self.failures = 0

    def _write(self, row: OutboxRow, change: Change) -> None:
        exists = change.kind == "update"
        for attempt in range(1, _TRIES + 1):
            try:
                self._send(row, exists)
                break
            except AlreadyThere:
                exists = self.held.read(row.member_id) is not None
            except NotFound:
                if not exists:
                    raise
                exists = False
            except OutcomeUnknown as error:
                found = self._read_back(row, error)
                if found is not None and change_of(row.member_id, found, row.payload, self.columns).kind == "none":
                    break
                if attempt == _TRIES:
                    raise
                exists = found is not None
        else:
            self._send(row, exists)
        self._done(row, change)

    def _read_back(self, row: OutboxRow, error: OutcomeUnknown) -> Mapping[str, Any] | None:
        try:
            return self.held.read(row.member_id)
        except ImisUnavailable as unreadable:
            raise error from unreadable

    def _send(self, row: OutboxRow, exists: bool) -> None:
        values = self._values(row, self.held.get(row.member_id) if exists else None)
        entity = generic_entity(self.table.name, row.member_id, values, existing=exists)
        self.before_write()
        if exists:
            self.writer.put(self.table.name, row.member_id, entity)
        else:
            self.writer.post(self.table.name, entity)

    def _values(self, row: OutboxRow, found: Mapping[str, Any] | None) -> dict[str, Any]:
        """Every property of the row: what iMIS holds in columns that aren't ours stays as it is."""
        ours = {column.name: column.for_imis(row.payload.get(column.name)) for column in self.columns}
        lower = {name.lower() for name in ours}
        kept = {name: value for name, value in (found or {}).items() if name.lower() not in lower}
        return kept | {self.table.identity: row.member_id} | ours

    def _done(self, row: OutboxRow, change: Change) -> None:
        self.outcomes.append((row, DONE, ""))
        if change.kind == "create":
            self.report.created += 1
        else:
            self.report.updated += 1

    def _reject(self, row: OutboxRow, error: Invalid) -> None:
        rejection = Rejection(row.member_id, error.faults or (error.message,), error.fields)
        self.outcomes.append((row, REJECTED, rejection.reason))
        self.report.rejected.append(rejection)
        self.failures = 0

    def _unavailable(self, row: OutboxRow, change: Change, error: ImisUnavailable) -> None:
        self.failures += 1
        self.again.append((row, change))
        self.outcomes.append((row, UNKNOWN if isinstance(error, OutcomeUnknown) else PENDING, error.message))
        resting = isinstance(error, CircuitOpen) or (isinstance(error, Busy) and error.seconds is not None)
        if resting or self.failures >= _FAILURES_TO_STOP:
            self.report.trouble = error
