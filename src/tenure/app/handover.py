"""Scores on their way into iMIS: planned in the ledger's outbox, carried out by `tenure.writeback`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenure.app.exports import with_member_ids
from tenure.app.house import House
from tenure.app.source import open_client
from tenure.app.walk import Teller
from tenure.base.clock import Clock

_SECONDS_OF_TRUST = 30

if TYPE_CHECKING:
    import polars as pl

    from tenure.imis import ImisClient
    from tenure.ledger.runs import RunInProgress
    from tenure.writeback import WritebackReport


def write_back(
    house: House, tell: Teller, frame: pl.DataFrame, before_write: Callable[[], None], *, dry_run: bool
) -> WritebackReport:
    """Put into iMIS what *frame* changes there; in a *dry_run* only say what that would be.

    Args:
        house: The association's.
        tell: The step.
        frame: Scores by pseudonym.
        before_write: Raises when this process may no longer write.
        dry_run: Change nothing, in the ledger either.

    Raises:
        HeldBack: More bands would change than a person has allowed; nothing was written.
        ImisUnavailable, ImisRefused: iMIS did not answer, or said no to all of it.
    """
    from tenure import writeback

    wanted = list(writeback.risk_rows(with_member_ids(house, frame).iter_rows(named=True)))
    with open_client(house) as client:
        if not dry_run:
            _look_for_losses(house, client, tell)
        outbox = DryOutbox(_still_to_write(house, wanted)) if dry_run else _planned(house, wanted)
        report = _carried_out(house, client, outbox, tell, before_write, dry_run=dry_run)
    _tell(tell, report)
    if report.trouble is not None and not report.written:
        raise report.trouble
    return report


def _look_for_losses(house: House, client: ImisClient, tell: Teller) -> None:
    """Have every row looked at again when iMIS has fewer than were written, as after a restore of its database."""
    from tenure.imis import NotFound
    from tenure.ledger.models import OutboxRow

    table = house.settings.writeback.table
    done = OutboxRow.objects.filter(table=table, state="done")
    believed = done.count()
    try:
        there = (client.count(table) or 0) if believed else 0
    except NotFound:
        there = 0
    if there < believed:
        tell.notice(
            f"iMIS has {there:,} of the {believed:,} rows of {table} that it was given; all are looked at again"
        )
        done.update(state="pending", done_digest="", changed_at=house.clock())


def fence_of(run: RunInProgress, clock: Clock) -> Callable[[], None]:
    """What raises once another process has taken over *run*; it asks the ledger every half minute."""
    asked = clock()

    def fence() -> None:
        nonlocal asked
        if abs((clock() - asked).total_seconds()) > _SECONDS_OF_TRUST:
            run._held.renew()
            asked = clock()

    return fence


def _planned(house: House, wanted: list[Any]) -> Any:
    from tenure import writeback
    from tenure.ledger import outbox

    table = house.settings.writeback.table
    outbox.plan(table=table, rows=wanted, clock=house.clock)
    return writeback.LedgerOutbox(table, clock=house.clock)


def _carried_out(
    house: House, client: ImisClient, outbox: Any, tell: Teller, before_write: Callable[[], None], *, dry_run: bool
) -> WritebackReport:
    from tenure import writeback

    rules = house.settings.writeback
    return writeback.carry_out(
        client,
        outbox,
        rules.table,
        dry_run=dry_run,
        may_install=rules.install_table,
        max_band_changes=rules.max_band_changes,
        before_write=before_write,
        on_progress=lambda done, total: tell("rows", done, total),
    )


@dataclass
class DryRow:
    """What would be written for one member."""

    member_id: str
    payload: Mapping[str, Any]
    digest: str
    state: str = "pending"
    attempts: int = 0
    last_error: str = ""


class DryOutbox:
    """An outbox that nothing leaves and nothing is kept in.

    Args:
        rows: What it holds.
    """

    def __init__(self, rows: Iterator[DryRow]) -> None:
        self._rows = list(rows)

    def pending(self) -> Sequence[DryRow]:
        """All of them."""
        return self._rows

    def begin(self, rows: Sequence[Any]) -> None:
        """A dry run begins nothing."""
        raise AssertionError("a dry run was about to write")

    def mark(self, row: Any, state: str, error: str = "") -> None:
        """A dry run changes no state."""


def _still_to_write(house: House, wanted: list[Any]) -> Iterator[DryRow]:
    """Those rows that planning would leave open."""
    from tenure.ledger.models import OutboxRow

    present = {row.member_id: row for row in OutboxRow.objects.filter(table=house.settings.writeback.table)}
    for want in wanted:
        row = present.get(want.member_id)
        settled = row is not None and row.state in ("done", "rejected")
        if row is None or not settled or want.digest not in (row.digest, row.done_digest):
            yield DryRow(want.member_id, want.payload, want.digest)


def _tell(tell: Teller, report: WritebackReport) -> None:
    tell.count(**report.as_json())
    to_do = len([change for change in report.changes if change.kind != "none"])
    if report.dry_run:
        tell.say(f"would write {to_do:,} rows of {report.table}; dry run, so none was")
        tell.told.changes = [_as_told(change) for change in report.changes if change.kind != "none"]
        return
    if not report.complete:
        parts = {"refused": len(report.rejected), "of unknown outcome": report.unknown, "not reached": report.left}
        said = ", ".join(f"{count:,} {name}" for name, count in parts.items() if count)
        why = f": {report.trouble.message}" if report.trouble else ""
        mend = report.trouble.mend if report.trouble else "the next night tries again; `--json` counts them"
        tell.partly(f"wrote {report.written:,} rows of {report.table}; {said}{why}", mend)
    elif not report.written and not report.installed:
        tell.unchanged(f"{report.table} in iMIS holds it all")
    else:
        tell.say(f"wrote {report.written:,} rows of {report.table}: {report.created:,} new, {report.updated:,} changed")


def _as_told(change: Any) -> dict[str, Any]:
    fields = {name: {"from": old, "to": new} for name, (old, new) in change.fields.items()}
    return {"member_id": change.member_id, "change": change.kind, "fields": fields}
