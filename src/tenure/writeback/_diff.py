"""What iMIS holds now, and what would have to change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tenure.base.errors import HeldBack
from tenure.imis import ImisClient, Row, values_of
from tenure.writeback._table import Table
from tenure.writeback.outbox import PENDING, OutboxRow
from tenure.writeback.panel import BAND, Column
from tenure.writeback.report import Change

_ONE_BY_ONE = 40
"""Up to so many rows are read one by one; beyond, the whole table by pages costs fewer requests."""

_FEW = 10
"""Changed bands below which the cap stays silent: in a small table one member is a large share."""


class Held:
    """The rows of the table as iMIS holds them, by member id; read by page or one by one.

    Args:
        client: Reads.
        table: Which table.
        rows: The outbox's rows that matter. Those whose outcome is uncertain are always read one by one, since a list
            may be some seconds old.
    """

    def __init__(self, client: ImisClient, table: Table, rows: Sequence[OutboxRow]) -> None:
        self._client, self._table = client, table
        self._known: dict[str, Row | None] = {}
        self._whole = False
        self.total = 0
        if not table.exists:
            self._whole = True
        elif len(rows) > _ONE_BY_ONE:
            self._read_all()
        else:
            self.total = client.count(table.name) or 0
            self._whole = self.total == 0
        for row in rows:
            if table.exists and row.state != PENDING:
                self.read(row.member_id)

    def get(self, member_id: str) -> Row | None:
        """The row of *member_id*, or None."""
        if member_id in self._known or self._whole:
            return self._known.get(member_id)
        return self.read(member_id)

    def read(self, member_id: str) -> Row | None:
        """The row of *member_id*, asked for anew."""
        entity = self._client.get(self._table.name, member_id)
        self._known[member_id] = None if entity is None else values_of(entity)
        return self._known[member_id]

    def _read_all(self) -> None:
        for page in self._client.entities(self._table.name, order_by=self._table.identity):
            for row in page:
                member_id = member_id_of(row, self._table.identity)
                if member_id is not None:
                    self._known[member_id] = row
        self._whole = True
        self.total = len(self._known)


def member_id_of(row: Row, identity: str) -> str | None:
    """Whose row it is."""
    for name in (identity, "PartyId", "ID", "ContactKey"):
        if row.get(name) is not None:
            return str(row[name])
    return None


def change_of(
    member_id: str, held: Mapping[str, Any] | None, payload: Mapping[str, Any], columns: Sequence[Column]
) -> Change:
    """What the row of *member_id* needs to hold *payload*, compared as it is stored."""
    by_lower = {name.lower(): value for name, value in (held or {}).items()}
    fields = {}
    for column in columns:
        old = column.normal(by_lower.get(column.name.lower()))
        new = column.normal(payload.get(column.name))
        if old != new:
            fields[column.name] = (old, new)
    if held is None:
        return Change(member_id, "create", fields)
    return Change(member_id, "update" if fields else "none", fields)


def is_over_cap(moved: int, total: int, cap: float) -> bool:
    """Whether so many members in another band are more than *cap* allows as a share of *total*."""
    return moved > _FEW and moved > cap * total


def require_within_cap(changes: Sequence[Change], total: int, cap: float, table: str) -> int:
    """The blast-radius cap: a night that moves too many members to another band waits for a person.

    Args:
        changes: All that is needed.
        total: Rows in the table.
        cap: Largest share of them whose band may change.
        table: For the message.

    Returns:
        How many members would move.

    Raises:
        HeldBack: More would change; nothing has been written.
    """
    moved = sum(change.kind == "update" and change.fields.get(BAND, (None,))[0] is not None for change in changes)
    if not is_over_cap(moved, total, cap):
        return moved
    raise HeldBack(
        f"write-back to {table} would move {moved:,} of {total:,} members to another risk band ({moved / total:.0%}; "
        f"the cap is {cap:.0%}), so nothing was written",
        mend="look at the Today and Model pages. If the change is right, run `tenure run --approve-writeback --by "
        "NAME` with your name; if not, look for what changed in the mapping or the model",
    )
