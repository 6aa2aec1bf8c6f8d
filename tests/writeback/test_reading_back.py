"""What iMIS holds is read back: every drift is found, by few requests, and a person may let a large change pass."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from panel_imis import PanelImis
from scored_members import TABLE, score

from tenure.base.errors import HeldBack
from tenure.imis import ImisClient
from tenure.writeback import RISK_COLUMNS, LedgerOutbox, carry_out, read_back

Plan = Callable[..., None]


def spoil(row: dict[str, object], name: str) -> None:
    kind = next(column.kind for column in RISK_COLUMNS if column.name == name)
    row[name] = {"integer": {"$value": 99}, "decimal": {"$value": 0.9876}, "date": "1999-01-01T00:00:00"}.get(kind, "x")


def test_fifty_drifts_of_every_column_are_found(imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan):
    from tenure.ledger import outbox as rows

    dice = random.Random(4)
    plan(*(score(f"{i:05}") for i in range(300)))
    carry_out(client, outbox, TABLE)
    written = rows.written(table=TABLE)
    assert read_back(client, TABLE, written).lost == []

    spoiled = dice.sample(sorted(imis.rows[TABLE]), 50)
    for i, member_id in enumerate(spoiled[:45]):
        spoil(imis.rows[TABLE][member_id], RISK_COLUMNS[i % len(RISK_COLUMNS)].name)
    for member_id in spoiled[45:]:
        del imis.rows[TABLE][member_id]
    used = client.requests_used
    found = read_back(client, TABLE, written)
    assert (found.looked_at, sorted(found.lost), len(found.missing)) == (300, sorted(spoiled), 5)
    assert set(found.fields) == {column.name for column in RISK_COLUMNS}
    assert client.requests_used - used <= 10

    assert rows.reopen(table=TABLE, member_ids=found.lost) == 50
    report = carry_out(client, outbox, TABLE)
    assert (report.created, report.updated, report.complete) == (5, 45, True)
    assert read_back(client, TABLE, rows.written(table=TABLE)).lost == []


def test_a_drift_is_found_in_a_row_that_shall_hold_something_else_by_now(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan
):
    """What iMIS holds is compared with what was written last, not with what is to be written next."""
    from tenure.ledger import outbox as rows

    plan(score("1"), score("2"), score("3"))
    carry_out(client, outbox, TABLE)
    plan(score("1", risk_score=70), score("2", risk_score=70), score("3"))
    for member_id in ("1", "3"):
        spoil(imis.rows[TABLE][member_id], "Reason1")

    found = read_back(client, TABLE, rows.written(table=TABLE))
    assert (found.looked_at, found.drifted, dict(found.fields)) == (3, ["1", "3"], {"Reason1": 2})

    assert rows.reopen(table=TABLE, member_ids=found.lost) == 2
    assert [row.member_id for row in rows.written(table=TABLE)] == ["2"], "of the others it is known that it is not so"
    assert carry_out(client, outbox, TABLE).updated == 3
    assert read_back(client, TABLE, rows.written(table=TABLE)).lost == []


def test_a_write_whose_answer_was_lost_is_no_drift(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan
):
    """It may have arrived; and once the row shall hold something else, nobody knows any more what did."""
    from tenure.ledger import outbox as rows

    plan(score("1"))
    carry_out(client, outbox, TABLE)
    plan(score("1", risk_score=70))
    (row,) = rows.pending(table=TABLE)
    for state in (rows.State.SENDING, rows.State.UNKNOWN):
        rows.mark(row=row, state=state)
        assert rows.written(table=TABLE) == []
    plan(score("1", risk_score=71))
    (row,) = rows.pending(table=TABLE)
    rows.mark(row=row, state=rows.State.PENDING)
    assert rows.written(table=TABLE) == []


def test_a_table_that_is_gone_is_all_missing(imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan):
    from tenure.ledger import outbox as rows

    plan(score("1"), score("2"))
    carry_out(client, outbox, TABLE)
    imis.rows.clear()
    imis.definitions.clear()
    assert read_back(client, TABLE, rows.written(table=TABLE)).missing == ["1", "2"]


def test_a_person_may_let_a_large_change_pass_and_is_told_its_size_first(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan
):
    plan(*(score(f"{i:05}") for i in range(60)))
    carry_out(client, outbox, TABLE)
    imis.server.asked.clear()
    plan(*(score(f"{i:05}", band="high", risk_score=70) for i in range(40)))
    with pytest.raises(HeldBack):
        carry_out(client, outbox, TABLE)

    told: list[tuple[int, int, int]] = []
    released = carry_out(
        client, outbox, TABLE, release=lambda moved, total: told.append((moved, total, len(imis.writes)))
    )
    assert told == [(40, 60, 0)]
    assert (released.updated, released.complete) == (40, True)

    plan(score("00000", risk_score=71, band="high"))
    carry_out(client, outbox, TABLE, release=lambda *_: pytest.fail("there was nothing to release"))


def test_a_refusal_names_the_property_and_what_is_wrong(
    imis: PanelImis, client: ImisClient, outbox: LedgerOutbox, plan: Plan
):
    from tenure.ledger import outbox as rows

    imis.fault = lambda asked: "invalid" if '"7"' in asked.body.decode() else ""
    plan(score("7"), score("8"))
    carry_out(client, outbox, TABLE)
    assert rows.refused(table=TABLE) == [("rejected", "Reason1: Reason is not allowed.", 1)]
