"""Scores on their way into iMIS: planned in the ledger's outbox, carried out by `tenure.writeback`."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tenure.app.counting import keep_dues
from tenure.app.drift import look_for_drift
from tenure.app.exports import with_member_ids
from tenure.app.house import House
from tenure.app.source import open_client
from tenure.app.walk import Teller

if TYPE_CHECKING:
    import polars as pl

    from tenure.imis import ImisClient
    from tenure.ledger.lease import Fence
    from tenure.ledger.runs import RunInProgress
    from tenure.writeback import WritebackReport


def make_current(house: House, frame: pl.DataFrame, run: RunInProgress) -> None:
    """Make the current scores those of *frame*, and plan what iMIS shall hold because of them: both or neither.

    Args:
        house: The association's.
        frame: Scores by pseudonym.
        run: The night that made them, with the right to write.

    Raises:
        HeldBack: Another process writes by now; the scores before these stay, and what was planned for them.
    """
    from tenure.ledger import scores

    wanted = _wanted(house, frame) if house.settings.writes_into_imis else []
    with run.fence.transaction():
        scores.replace(frame=frame, run=run.row, clock=house.clock)
        keep_dues(frame, run.row.as_of)
        _plan(house, wanted)


def write_back(
    house: House,
    tell: Teller,
    frame: pl.DataFrame,
    as_of: dt.date,
    fence: Fence,
    place_to_stop: Callable[[], None],
    *,
    dry_run: bool,
    approved_by: str = "",
) -> WritebackReport:
    """Put into iMIS what *frame* changes there; in a *dry_run* only say what that would be.

    Args:
        house: The association's.
        tell: The step.
        frame: Scores by pseudonym.
        as_of: Of which night they are.
        fence: The right to write, looked at before each request that changes iMIS.
        place_to_stop: Called between two records; raises when somebody asked the night to end.
        dry_run: Change nothing, in the ledger either.
        approved_by: Who has let a write-back of any size pass; empty for nobody.

    Raises:
        HeldBack: More bands would change than a person has allowed; nothing was written.
        ImisUnavailable, ImisRefused: iMIS did not answer, or said no to all of it.
    """
    wanted = _wanted(house, frame)
    with open_client(house) as client:
        lost = look_for_drift(house, client, tell, as_of, None if dry_run else fence)
        outbox = DryOutbox(_still_to_write(house, wanted, lost)) if dry_run else _planned(house, wanted, fence)
        release = _release(house, approved_by) if approved_by else None

        def before_write() -> None:
            place_to_stop()
            fence.look()

        report = _carried_out(house, client, outbox, tell, before_write, release, dry_run=dry_run)
    _tell(tell, report)
    if report.trouble is not None and not report.written:
        raise report.trouble
    return report


def without_values(reason: str) -> str:
    """What iMIS said of a refused row, without what may be a member's: quoted text and numbers."""
    unquoted = re.sub(r"'[^']*'|\"[^\"]*\"|“[^”]*”", "…", reason)
    return re.sub(r"(?<![A-Za-z])[0-9][\w.,-]*", "#", unquoted)[:200]


def _wanted(house: House, frame: pl.DataFrame) -> list[Any]:
    from tenure import writeback

    return list(writeback.risk_rows(with_member_ids(house, frame).iter_rows(named=True)))


def _plan(house: House, wanted: list[Any], fence: Fence | None = None) -> None:
    from tenure.ledger import outbox

    outbox.plan(table=house.settings.writeback.table, rows=wanted, clock=house.clock, fence=fence)


def _planned(house: House, wanted: list[Any], fence: Fence) -> Any:
    """The outbox with *wanted*, which became of the scores when they were made current.

    Where those stand since an earlier night, what was refused may be due again, or the table may be another by now.
    """
    from tenure import writeback

    rules = house.settings.writeback
    _plan(house, wanted, fence)
    return writeback.LedgerOutbox(rules.table, clock=house.clock, park_after=rules.park_after, fence=fence)


def _release(house: House, by: str) -> Callable[[int, int], None]:
    """What writes down, before the first write, that *by* has let a write-back pass that was over the cap."""
    from tenure.ledger import audit

    rules = house.settings.writeback

    def note(moved: int, total: int) -> None:
        audit.record(
            "writeback:cap:release",
            by=by,
            subject=rules.table,
            clock=house.clock,
            moved=moved,
            total=total,
            cap=rules.max_band_changes,
        )

    return note


def _carried_out(
    house: House,
    client: ImisClient,
    outbox: Any,
    tell: Teller,
    before_write: Callable[[], None],
    release: Callable[[int, int], None] | None,
    *,
    dry_run: bool,
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
        release=release,
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


def _still_to_write(house: House, wanted: list[Any], lost: Collection[str]) -> Iterator[DryRow]:
    """Those rows that planning would leave open, and those that iMIS has *lost*; also of members no longer scored."""
    from tenure.ledger import outbox
    from tenure.ledger.models import OutboxRow

    present = {row.member_id: row for row in OutboxRow.objects.filter(table=house.settings.writeback.table)}
    now, again = house.clock(), set(lost)
    for want in wanted:
        row = present.get(want.member_id)
        if row is None or outbox.opens(row, want, now):
            present.pop(want.member_id, None)
            yield DryRow(want.member_id, want.payload, want.digest)
    for row in present.values():
        if row.state not in ("done", "rejected", "parked") or row.member_id in again:
            yield DryRow(row.member_id, row.payload, row.digest)


def _tell(tell: Teller, report: WritebackReport) -> None:
    reasons = Counter(without_values(rejection.reason) for rejection in report.rejected)
    tell.count(**report.as_json(), **({"refused_because": dict(reasons.most_common(10))} if reasons else {}))
    for reason, count in reasons.most_common(10):
        tell.notice(f"iMIS refused {count:,} rows of {report.table}: {reason}")
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
