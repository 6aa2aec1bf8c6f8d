"""Reading back: does iMIS still hold what was written? By the filtered list, some hundred rows to a request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tenure.imis import ImisClient, Invalid, Row, values_of
from tenure.writeback._diff import change_of, member_id_of
from tenure.writeback._table import look_at
from tenure.writeback.outbox import WrittenRow
from tenure.writeback.panel import RISK_COLUMNS, Column

SAMPLE = 200
"""Rows that a nightly sample looks at: what one request gives."""

_ONE_BY_ONE = 50


@dataclass
class ReadBack:
    """What reading back found.

    Args:
        looked_at: Rows compared.
        missing: Ids of members whose row is not there.
        drifted: Ids of members whose row says something else.
        fields: How often each property differed.
    """

    looked_at: int = 0
    missing: list[str] = field(default_factory=list)
    drifted: list[str] = field(default_factory=list)
    fields: Counter[str] = field(default_factory=Counter)

    @property
    def lost(self) -> list[str]:
        """Ids of all members whose row has to be written again."""
        return [*self.missing, *self.drifted]


def read_back(
    client: ImisClient, table: str, rows: Sequence[WrittenRow], columns: Sequence[Column] = RISK_COLUMNS
) -> ReadBack:
    """Compare *rows*, which iMIS took when they were last written, with what it holds.

    Args:
        client: Reads.
        table: The panel source.
        rows: Sorted by member id, and neighbors in that order.
        columns: The table's.

    Raises:
        ImisUnavailable, ImisRefused: It can't be told.
    """
    there = look_at(client, table, columns)
    found = ReadBack()
    for start in range(0, len(rows), SAMPLE):
        part = rows[start : start + SAMPLE]
        held = dict(_between(client, table, there.identity, part)) if there.exists else {}
        singles = [row for row in part if row.member_id not in held] if there.exists else []
        # The server may sort ids otherwise than we do, so what did not come is asked for by itself.
        for row in singles[:_ONE_BY_ONE]:
            entity = client.get(table, row.member_id)
            if entity is not None:
                held[row.member_id] = values_of(entity)
        for row in part:
            _compare(found, row, held.get(row.member_id), columns)
    return found


def _compare(found: ReadBack, row: WrittenRow, held: Row | None, columns: Sequence[Column]) -> None:
    found.looked_at += 1
    if held is None:
        found.missing.append(row.member_id)
        return
    change = change_of(row.member_id, held, row.payload, columns)
    if change.fields:
        found.drifted.append(row.member_id)
        found.fields.update(list(change.fields))


def _between(client: ImisClient, table: str, identity: str, rows: Sequence[WrittenRow]) -> Iterator[tuple[str, Row]]:
    """The rows of iMIS whose ids lie between the first and the last of *rows*; none where it can't filter by id."""
    ids = [row.member_id for row in rows]
    if "|" in ids[0] + ids[-1]:
        return
    try:
        for page in client.entities(table, {identity: ("between", ids[0], ids[-1])}, order_by=identity):
            for row in page:
                member_id = member_id_of(row, identity)
                if member_id is not None:
                    yield member_id, row
    except Invalid:
        return
