"""What the association itself changed (dues, programs, sites) and whom it concerns, from the change ledger.

A change counts from the start of the day after the one it is dated on; one that staff entered not before the day after
they did, whatever its own day, and no longer once they have withdrawn it. It concerns those whom its scope names: a
member type, a chapter, or those who used a program (`ref=…`) or a kind of program or activity (`kind=…`) before. One
that concerns everybody is no signal of anybody: all share it, so that it would only tell a model the date.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.features.activity import NEVER, Activity
from tenure.features.scopes import OF_PROGRAM
from tenure.lake import Lake
from tenure.membership.scope import Scope

COLUMNS = ("change_since", "changes_cycle")
_LONG_AGO = 730
_NONE = 999.0

Days = NDArray[np.int32]


@dataclass(frozen=True)
class Change:
    """One entry of the change ledger. Days are counted from 1970-01-01.

    Args:
        day: On which it came.
        known: On which it was on record; the source's are so on their own day.
        withdrawn: On which it was withdrawn, or `NEVER`.
        scope: Whom it concerns.
        users: Where that are the users of a program: by member or payer, the first day at whose end it was known that
            they used it.
    """

    day: int
    known: int
    withdrawn: int
    scope: Scope
    users: dict[int, int]


def load_changes(lake: Lake) -> list[Change]:
    """The entries of the change ledger with a scope, oldest first; a scope that cannot be read concerns nobody.

    What staff entered and the source lists too, of the same day and scope, is one entry: the source's.
    """
    listed = lake.program_changes().select("changed_on", pl.col("scope").str.strip_chars())
    entered = lake.entered_changes().with_columns(pl.col("entered_at", "withdrawn_at").dt.date())
    both = pl.concat([listed, entered.join(listed, on=["changed_on", "scope"], how="anti")], how="diagonal")
    found = both.filter(pl.col("scope") != "").sort("changed_on", "scope", maintain_order=True)
    scopes = [Scope.of(text) for text in found["scope"]]
    users = _users(lake, {scope.value for scope in scopes if scope.field == "ref"})
    days = found.select(
        pl.col("changed_on").cast(pl.Int32),
        known=pl.max_horizontal("changed_on", "entered_at").cast(pl.Int32),
        withdrawn=pl.col("withdrawn_at").cast(pl.Int32).fill_null(int(NEVER)),
    )
    return [
        Change(day, known, withdrawn, scope, users.get(scope.value, {}) if scope.field == "ref" else {})
        for (day, known, withdrawn), scope in zip(days.iter_rows(), scopes, strict=True)
    ]


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
        is_on_record = (change.known < day) & (day <= change.withdrawn)
        concerned = is_on_record & _concerned(change, standing, person, activity)
        latest[concerned] = change.day
        count += concerned & (change.day >= began)
    first = min((change.known for change in changes), default=int(NEVER))
    gap = np.where((latest >= 0) & (day - latest <= _LONG_AGO), day - latest, np.float32(_NONE))
    known, nothing = first < day, np.float32(np.nan)
    return {
        "change_since": np.where(known, gap, nothing).astype(np.float32),
        "changes_cycle": np.where(known & (began != NEVER), count, nothing).astype(np.float32),
    }


def _concerned(change: Change, standing: pl.DataFrame, person: pl.DataFrame, activity: Activity) -> NDArray[np.bool_]:
    field, value = change.scope.field, change.scope.value
    if field in ("member_type", "chapter_id"):
        of = standing if field == "member_type" else person
        return np.asarray((of[field] == value).fill_null(value=False).to_numpy())
    if field == "ref":
        since = [change.users.get(member, int(NEVER)) for member in standing["member"].to_list()]
        return np.asarray(np.array(since, np.int32) < activity.day)
    kinds = OF_PROGRAM.get(value, (value,))
    if field != "kind" or not set(kinds) <= set(activity.kinds):
        return np.zeros(activity.day.size, bool)
    return np.asarray((activity.last_day[:, activity.codes(kinds)] >= 0).any(axis=1))
