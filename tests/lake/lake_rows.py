"""Rows to put into a lake."""

from __future__ import annotations

import datetime as dt

import polars as pl

from tenure.lake import SHAPES, Lake

AT = dt.datetime(2025, 3, 1, 2, tzinfo=dt.UTC)


def activity(*rows: tuple[int, int, str, str]) -> pl.DataFrame:
    """Activity of (key, member, kind, day); recorded when it occurred."""
    days = [dt.datetime.fromisoformat(day) for *_, day in rows]
    given = {
        "activity_key": [row[0] for row in rows],
        "member": [row[1] for row in rows],
        "kind": [row[2] for row in rows],
        "occurred_at": days,
        "recorded_at": days,
    }
    return SHAPES["activity"].conform(pl.DataFrame(given))


def put(lake: Lake, table: str, rows: pl.DataFrame) -> int:
    """Replace one table in a batch of its own."""
    with lake.batch(source="test", at=AT) as batch:
        batch.replace(table, rows)
        return batch.commit()
