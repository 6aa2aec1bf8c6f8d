"""From good rows to the lake, and to what goes up to the ledger."""

from __future__ import annotations

import datetime as dt

import polars as pl

from tenure.intake._history import versions
from tenure.intake._source import Progress
from tenure.intake._staging import Stage
from tenure.lake import SHAPES, Batch, Change, Lake, Sql
from tenure.membership.contract import TABLES

_CONTACT_COLUMNS = [column.name for column in TABLES["contacts"].columns if column.name != "member_id"]
_RENAMED = {"term_id": "term_digest"}


def store(batch: Batch, stage: Stage, lake: Lake, at: dt.datetime, progress: Progress) -> dict[str, Change]:
    """Put the good rows of every table into *batch*; gives what that changes, by table."""
    done: dict[str, Change] = {}
    for name in stage.delivery.tables:
        if name != "contacts":
            progress(f"storing {name.replace('_', ' ')}")
            done[name] = _members(batch, stage, lake, at) if name == "members" else _table(batch, stage, name)
    return done


def identities(stage: Stage) -> tuple[tuple[int, str], ...]:
    """Pseudonym and source id of every member of the delivery."""
    return tuple(stage.db.execute("SELECT member, member_id FROM tenure_ids ORDER BY member_id").fetchall())


def contacts(stage: Stage) -> pl.DataFrame | None:
    """`member` and contact columns of known members; None when the delivery has no contacts."""
    if "contacts" not in stage.delivery.tables:
        return None
    columns = ", ".join(["member", *_CONTACT_COLUMNS])
    return stage.frame(f"SELECT {columns} FROM staged_contacts WHERE reason IS NULL AND member IS NOT NULL")


def _table(batch: Batch, stage: Stage, name: str) -> Change:
    columns = ", ".join(f'"{_RENAMED.get(column, column)}" AS "{column}"' for column in SHAPES[name].columns)
    rows = Sql(f"SELECT {columns} FROM staged_{name} WHERE reason IS NULL")
    return batch.replace(name, rows) if stage.delivery.tables[name].whole else batch.upsert(name, rows)


def _members(batch: Batch, stage: Stage, lake: Lake, at: dt.datetime) -> Change:
    whole = stage.delivery.tables["members"].whole
    good = stage.frame("""
        SELECT m.* EXCLUDE ("row", reason), i.member, o.member AS organization FROM staged_members m
        JOIN tenure_ids i USING (member_id) LEFT JOIN tenure_organizations o ON o.member_id = m.organization_id
        WHERE m.reason IS NULL""")
    objecting = stage.tombstones.objecting(good["member"].unique())
    good = good.with_columns(objects_to_profiling=pl.col("objects_to_profiling") | pl.col("member").is_in(objecting))
    audit = (
        good.sort("valid_from", nulls_last=False)
        .unique("member", keep="last")
        .filter(pl.col("birth_year").is_not_null() | pl.col("gender").is_not_null())
    )
    if whole:
        batch.replace("audit_attributes", audit)
    else:
        batch.upsert("audit_attributes", audit)
    return batch.replace("members", versions(good, lake.members(), at=at, whole=whole))
