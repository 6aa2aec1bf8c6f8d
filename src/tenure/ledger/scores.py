"""The current scores, replaced as a whole or not at all."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from typing import Any

import polars as pl
from django.db.models import Q

from tenure.base.clock import Clock, system_clock
from tenure.ledger import contacts
from tenure.ledger.columns import as_kept, columns_of, quoted, run_for_each
from tenure.ledger.lease import Fence, fenced
from tenure.ledger.models import CurrentScore, Run, ScoreSet

_COLUMNS = columns_of(CurrentScore)
_GIVEN = tuple(name for name in _COLUMNS if not name.startswith("previous_") and name != "search")
_LONGEST = {name: column.max_length for name, column in _COLUMNS.items() if column.get_internal_type() == "CharField"}

_SAID = ("as_of", "risk_score", "band", "renewal_due_on")
_SAID_BEFORE = ("previous_as_of", "previous_risk_score", "previous_band", "previous_due_on")


def replace(
    *, frame: pl.DataFrame, run: Run | None = None, clock: Clock = system_clock, fence: Fence | None = None
) -> bool:
    """Make the current scores those of *frame*; returns False, writing nothing, when they are the same already.

    The scores of the last earlier day stay beside the new ones as `previous_…`.

    Args:
        frame: One row per active member: `member`, the score columns without `member_id`, and the display columns
            `record_type, member_type, chapter_id, dues, in_grace, standing, against, usual` (absent ones are empty).
        run: The run that made them; scores of nobody are of its day.
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
        found_by = contacts.searches()
        CurrentScore.objects.all().delete()
        _insert(
            {**_values(row), **before.get(row["member"], {}), "search": found_by.get(row["member"], "")}
            for row in frame.iter_rows(named=True)
        )
        ScoreSet.objects.update_or_create(
            id=1,
            defaults={
                "as_of": _day_of(frame) or (run.as_of if run else clock().date()),
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


def _day_of(frame: pl.DataFrame) -> dt.date | None:
    """Of which day the scores of *frame* are; None when it has no rows."""
    day = frame["as_of"].max()
    return day if isinstance(day, dt.date) else None


def _insert(rows: Iterable[dict[str, Any]]) -> None:
    """One statement for all rows: four times as quick as model by model, and the lock is held as much shorter."""
    names = ", ".join(map(quoted, _COLUMNS.values()))
    places = ", ".join("%s" for _ in _COLUMNS)
    usual = {name: None if column.null else column.get_default() for name, column in _COLUMNS.items()}
    run_for_each(
        f"INSERT INTO {CurrentScore._meta.db_table} ({names}) VALUES ({places})",
        ([as_kept(column, row.get(name, usual[name])) for name, column in _COLUMNS.items()] for row in rows),
    )


def _before(frame: pl.DataFrame) -> dict[int, dict[str, Any]]:
    """Yesterday's score by member; a second set for the same day keeps the yesterday that the first one had."""
    as_of = _day_of(frame)
    before: dict[int, dict[str, Any]] = {}
    kept = CurrentScore.objects.values_list("member", *_SAID, *_SAID_BEFORE)
    for member, *values in kept.iterator():
        said, said_before = values[: len(_SAID)], values[len(_SAID) :]
        is_earlier = as_of is not None and said[0] < as_of
        before[member] = dict(zip(_SAID_BEFORE, said if is_earlier else said_before, strict=True))
    return before


def _came_and_went(frame: pl.DataFrame, before: dict[int, Any], current: ScoreSet | None) -> tuple[int, int]:
    """How many have a score and had none the day before, and the other way round; none of either on a first day."""
    as_of = _day_of(frame)
    if current is None or as_of is None:
        return 0, 0
    if current.as_of >= as_of:
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
        wanted = ", ".join(f"{quoted(_COLUMNS[name])} = %s" for name in names)
        run_for_each(
            f"UPDATE {CurrentScore._meta.db_table} SET {wanted} WHERE member = %s",
            (
                [*(as_kept(_COLUMNS[name], row[name]) for name in names), row["member"]]
                for row in rows.iter_rows(named=True)
            ),
        )
    return True


NIGHTLY = (
    "worth", "lifetime_value", "is_top_value", "leaving_reason", "payment_trouble", "payment_trouble_on", "joined_on",
    "first_act_days", "auto_renew", "like_decided", "like_lapsed", "like_low", "like_high",
    "fell_silent_on", "engaged_days", "engaged_in", "engaged_in_days",
)  # fmt: skip
"""Columns that a night fills after scoring."""


def _values(row: dict[str, Any]) -> dict[str, Any]:
    values = {name: row[name] for name in _GIVEN if name in row and row[name] is not None}
    return {name: value[: _LONGEST[name]] if name in _LONGEST else value for name, value in values.items()}
