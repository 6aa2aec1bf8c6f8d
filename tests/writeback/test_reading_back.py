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
