"""Lakes from a few rows each, for tests of what is known of members; and a lake as it was before a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import polars as pl

from tenure.lake import Lake

AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
Row = dict[str, Any]


def person(member: int, known: str = "2015-01-01", **said: Any) -> Row:
    """One version of a member's record, known from *known* on."""
    usual = {
        "plain": False, "record_type": "individual", "member_type": "REG", "join_date": dt.date(2020, 1, 1),
        "chapter_id": "NORTH",
    }  # fmt: skip
    return {"member": member, "valid_from": _instant(known), **usual, **said}


def term(member: int, starts: str, ends: str | None, **said: Any) -> Row:
    """One version of a term; paid on its first day unless *said* otherwise, and recorded when it was paid."""
    paid = said.pop("paid", starts)
    usual = {
        "term_id": f"{member}/{starts}", "member_type": "REG", "dues": 100.0, "auto_renew": False,
        "installments": False, "recorded_at": _instant(said.pop("recorded", paid)),
    }  # fmt: skip
    return {
        "member": member, "starts_on": dt.date.fromisoformat(starts), "paid_on": dt.date.fromisoformat(paid),
        "ends_on": dt.date.fromisoformat(ends) if ends else None, **usual, **said,
    }  # fmt: skip


def act(member: int, kind: str, on: str, recorded: str = "", **said: Any) -> Row:
    """Something that a member did at noon, recorded an hour later unless *recorded* names a day."""
    at = _instant(on, 12)
    known = _instant(recorded, 12) if recorded else at + dt.timedelta(hours=1)
    return {"member": member, "kind": kind, "occurred_at": at, "recorded_at": known, **said}


def lake_of(root: Path, **tables: Iterable[Row]) -> Lake:
    """A lake below *root* with these rows; tables that are not named are empty."""
    given = {name: list(rows) for name, rows in tables.items()}
    given["activity"] = [row | {"activity_key": place} for place, row in enumerate(given.get("activity", []))]
    frames = {name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in given.items() if rows}
    return _written(root, frames)


def known_before(lake: Lake, root: Path, day: dt.date) -> Lake:
    """A lake below *root* with what *lake* knew at the start of *day*, and nothing that was recorded later."""
    start = dt.datetime.combine(day, dt.time())
    with lake.connect() as connection:
        activity = connection.sql("FROM activity").to_arrow_table()
    return _written(
        root,
        {
            "members": lake.members().filter(pl.col("valid_from") < start),
            "terms": lake.terms().filter(pl.col("recorded_at") < start),
            "activity": pl.DataFrame(pl.from_arrow(activity)).filter(pl.col("recorded_at") < start),
            "programs": lake.programs(),
        },
    )


def _written(root: Path, frames: dict[str, pl.DataFrame]) -> Lake:
    lake = Lake.open(root)
    with lake.batch(source="test", at=AT) as batch:
        for name, frame in frames.items():
            batch.replace(name, frame)
        batch.commit()
    return lake


def _instant(day: str, hour: int = 0) -> dt.datetime:
    return dt.datetime.fromisoformat(day) + dt.timedelta(hours=hour)
