"""What the association itself changed (dues, programs, sites) and whom it concerns, from the change ledger.

A change counts from the start of the day after the one it is dated on. It concerns those whom its scope names: a
member type, a chapter, or those who used a program (`ref=…`) or a kind of program or activity (`kind=…`) before. One
that concerns everybody is no signal of anybody: all share it, so that it would only tell a model the date.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.features.activity import NEVER, Activity
from tenure.lake import Lake

COLUMNS = ("change_since", "changes_cycle")
_LONG_AGO = 730
_NONE = 999.0

_OF_PROGRAM = {
    "event": ("event_registered", "event_attended"),
    "course": ("learning_started", "learning_completed"),
    "committee": ("committee_joined", "committee_meeting", "committee_led"),
    "benefit": ("career_center_used", "resource_download"),
}
"""What is done with a program of each kind."""

Days = NDArray[np.int32]


@dataclass(frozen=True)
class Change:
    """One entry of the change ledger.

    Args:
        day: On which it came, counted from 1970-01-01.
        field: `member_type`, `chapter_id`, `kind` or `ref`.
        value: Of that field.
        users: For `ref`: by member or payer, the first day at whose end it was known that they used it.
    """

    day: int
    field: str
    value: str
    users: dict[int, int]


def load_changes(lake: Lake) -> list[Change]:
    """The entries of the change ledger with a scope, oldest first; a scope that cannot be read concerns nobody."""
    found = lake.program_changes().filter(pl.col("scope").str.strip_chars() != "").sort("changed_on", "scope")
    scopes = [_parts(scope) for scope in found["scope"]]
    users = _users(lake, {value for field, value in scopes if field == "ref"})
    days = found["changed_on"].cast(pl.Int32).to_list()
    return [
        Change(day, field, value, users.get(value, {}) if field == "ref" else {})
        for day, (field, value) in zip(days, scopes, strict=True)
    ]


def _parts(scope: str) -> tuple[str, str]:
    field, _, value = scope.strip().partition("=")
    return field.strip(), value.strip()


def _users(lake: Lake, refs: set[str]) -> dict[str, dict[int, int]]:
    """Who used each of *refs*, themselves or by their people, and from when that was known."""
    if not refs:
        return {}
    query = (
        "SELECT ref, member, min(greatest(occurred_at, recorded_at)) AS known_at FROM activity "
        "WHERE list_contains($1, ref) GROUP BY ref, member"
    )
    with lake.connect() as con:
        rows = pl.DataFrame(con.execute(query, [sorted(refs)]).fetchnumpy())
    paid_for = lake.members().filter(pl.col("organization").is_not_null())
    joined = rows.join(paid_for.select("member", "valid_from", "organization"), on="member").select(
        "ref", member="organization", known_at=pl.max_horizontal("known_at", "valid_from")
    )
    both = pl.concat([rows, joined]).group_by("ref", "member").agg(pl.col("known_at").min().dt.date().cast(pl.Int32))
    users: dict[str, dict[int, int]] = {ref: {} for ref in refs}
    for ref, member, day in both.iter_rows():
        users[ref][member] = day
    return users


def changes_of(
    changes: list[Change], standing: pl.DataFrame, person: pl.DataFrame, activity: Activity
) -> dict[str, NDArray[np.float32]]:
    """Days since the last change that concerned each row's member, and how many came since the term began.

    Args:
        changes: As `load_changes` returns.
        standing: As `tenure.membership.standing` returns.
        person: As `tenure.features.facts.known_person` returns, in the same order.
        activity: What was counted for the rows, in the same order.
    """
    day, latest = activity.day, np.full(activity.day.size, -1, np.int32)
    began = standing["cycle_began"].cast(pl.Int32).fill_null(int(NEVER)).to_numpy()
    count = np.zeros(day.size, np.float32)
    for change in changes:
        concerned = (change.day < day) & _concerned(change, standing, person, activity)
        latest[concerned] = change.day
        count += concerned & (change.day >= began)
    first = min((change.day for change in changes), default=int(NEVER))
    gap = np.where((latest >= 0) & (day - latest <= _LONG_AGO), day - latest, np.float32(_NONE))
    known, nothing = first < day, np.float32(np.nan)
    return {
        "change_since": np.where(known, gap, nothing).astype(np.float32),
        "changes_cycle": np.where(known & (began != NEVER), count, nothing).astype(np.float32),
    }


def _concerned(change: Change, standing: pl.DataFrame, person: pl.DataFrame, activity: Activity) -> NDArray[np.bool_]:
    if change.field in ("member_type", "chapter_id"):
        of = standing if change.field == "member_type" else person
        return np.asarray((of[change.field] == change.value).fill_null(value=False).to_numpy())
    if change.field == "ref":
        since = [change.users.get(member, int(NEVER)) for member in standing["member"].to_list()]
        return np.asarray(np.array(since, np.int32) < activity.day)
    kinds = _OF_PROGRAM.get(change.value, (change.value,))
    if change.field != "kind" or not set(kinds) <= set(activity.kinds):
        return np.zeros(activity.day.size, bool)
    return np.asarray((activity.last_day[:, activity.codes(kinds)] >= 0).any(axis=1))
