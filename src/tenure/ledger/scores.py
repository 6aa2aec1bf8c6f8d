"""The current scores, replaced as a whole or not at all."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from typing import Any

import polars as pl
from django.db import connection
from django.db.models import Q

from tenure.base.clock import Clock, system_clock
from tenure.ledger.lease import Fence, fenced
from tenure.ledger.models import CurrentScore, Run, ScoreSet

_GIVEN = tuple(field.name for field in CurrentScore._meta.concrete_fields if not field.name.startswith("previous_"))
_TEXT = frozenset(
    field.name for field in CurrentScore._meta.concrete_fields if field.get_internal_type() == "CharField"
)
_LENGTH = {name: CurrentScore._meta.get_field(name).max_length for name in _TEXT}


def replace(
    *, frame: pl.DataFrame, run: Run | None = None, clock: Clock = system_clock, fence: Fence | None = None
) -> bool:
    """Make the current scores those of *frame*; returns False, writing nothing, when they are the same already.

    The scores of the last earlier day stay beside the new ones as `previous_…`.

    Args:
        frame: One row per active member: `member`, the score columns without `member_id`, and the display columns
            `record_type, member_type, chapter_id, dues, in_grace, standing, against, usual` (absent ones are empty).
        run: The run that made them.
        fence: Its right to write.

    Raises:
        HeldBack: *fence* says that another process writes by now; yesterday's scores stay.
    """
    digest = digest_of(frame)
    with fenced(fence):
        current = ScoreSet.objects.first()
        if current is not None and current.digest == digest:
            return False
        before = _before(frame)
        came, went = _came_and_went(frame, before, current)
        CurrentScore.objects.all().delete()
        _insert({**_values(row), **before.get(row["member"], {})} for row in frame.iter_rows(named=True))
        ScoreSet.objects.update_or_create(
            id=1,
            defaults={
                "as_of": frame["as_of"].max() if frame.height else clock().date(),
                "model_version": str(frame["model_version"].max() or "") if frame.height else "",
                "rows": frame.height,
                "digest": digest,
                "run": run,
                "written_at": clock(),
                "arrived": came,
                "left": went,
                "day": {},
                "day_at": None,
            },
        )
    return True


def digest_of(frame: pl.DataFrame) -> str:
    """A fingerprint of the scores, whatever the order of rows and columns."""
    known = sorted(set(frame.columns) & set(_GIVEN))
    return hashlib.sha256(frame.select(known).sort("member").write_csv().encode()).hexdigest()


def current() -> ScoreSet | None:
    """Which scores the current ones are; None before the first night."""
    return ScoreSet.objects.select_related("run").first()


def _insert(rows: Iterable[dict[str, Any]]) -> None:
    """One statement for all rows: four times as quick as model by model, and the lock is held as much shorter."""
    fields = CurrentScore._meta.concrete_fields
    names = ", ".join(connection.ops.quote_name(field.column) for field in fields)
    places = ", ".join("%s" for _ in fields)
    defaults = {field.name: None if field.null else field.get_default() for field in fields}
    table = connection.ops.quote_name(CurrentScore._meta.db_table)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} ({names}) VALUES ({places})",
            (
                [field.get_db_prep_save(row.get(field.name, defaults[field.name]), connection) for field in fields]
                for row in rows
            ),
        )


def _before(frame: pl.DataFrame) -> dict[int, dict[str, Any]]:
    """Yesterday's score by member; a second set for the same day keeps the yesterday that the first one had."""
    as_of = frame["as_of"].max() if frame.height else None
    before: dict[int, dict[str, Any]] = {}
    for row in CurrentScore.objects.values(
        "member", "as_of", "risk_score", "band", "renewal_due_on", "previous_risk_score", "previous_band",
        "previous_as_of", "previous_due_on",
    ).iterator():  # fmt: skip
        earlier = as_of is not None and row["as_of"] < as_of
        prefix = "" if earlier else "previous_"
        before[row["member"]] = {
            "previous_risk_score": row[f"{prefix}risk_score"],
            "previous_band": row[f"{prefix}band"],
            "previous_as_of": row[f"{prefix}as_of"],
            "previous_due_on": row["renewal_due_on" if earlier else "previous_due_on"],
        }
    return before


def _came_and_went(frame: pl.DataFrame, before: dict[int, Any], current: ScoreSet | None) -> tuple[int, int]:
    """How many have a score and had none the day before, and the other way round; none of either on a first day."""
    if current is None or not frame.height:
        return 0, 0
    if current.as_of >= frame["as_of"].max():
        return current.arrived, current.left
    members = set(frame["member"])
    return len(members - before.keys()), len(before.keys() - members)


def keep_day(
    *,
    rows: pl.DataFrame,
    figures: dict[str, Any],
    read_at: dt.datetime | None = None,
    clock: Clock = system_clock,
    fence: Fence | None = None,
) -> bool:
    """Fill the columns that follow from the night's scores and records; False when they are filled already.

    Args:
        rows: `member` and any of `NIGHTLY`; other members keep what they have.
        figures: Plain JSON for `ScoreSet.day`.
        read_at: When the records were last read; what was filled before is filled anew.

    Raises:
        HeldBack: *fence* says that another process writes by now; nothing was changed.
    """
    names = [name for name in NIGHTLY if name in rows.columns]
    with fenced(fence):
        stale = Q(day_at=None) | Q(day_at__lt=read_at) if read_at else Q(day_at=None)
        if not ScoreSet.objects.filter(stale).update(day=figures, day_at=clock()):
            return False
        quoted = [connection.ops.quote_name(name) for name in (*names, CurrentScore._meta.db_table)]
        wanted = ", ".join(f"{name} = %s" for name in quoted[:-1])
        fields = [CurrentScore._meta.get_field(name) for name in names]
        with connection.cursor() as cursor:
            cursor.executemany(
                f"UPDATE {quoted[-1]} SET {wanted} WHERE member = %s",
                (
                    [*(f.get_db_prep_save(row[f.name], connection) for f in fields), row["member"]]
                    for row in rows.iter_rows(named=True)
                ),
            )
    return True


NIGHTLY = (
    "worth", "lifetime_value", "is_top_value", "leaving_reason", "payment_trouble", "payment_trouble_on", "joined_on",
    "first_act_days", "auto_renew", "like_decided", "like_lapsed", "like_low", "like_high",
)  # fmt: skip
"""Columns that a night fills after scoring."""


def _values(row: dict[str, Any]) -> dict[str, Any]:
    values = {name: row[name] for name in _GIVEN if name in row and row[name] is not None}
    return {name: value[: _LENGTH[name]] if name in _TEXT else value for name, value in values.items()}
