"""What the scope of a change can name in this association's records."""

from __future__ import annotations

import difflib

from tenure.base.errors import UsageError
from tenure.lake import Lake
from tenure.membership.scope import FIELDS, Scope

OF_PROGRAM = {
    "event": ("event_registered", "event_attended"),
    "course": ("learning_started", "learning_completed"),
    "committee": ("committee_joined", "committee_meeting", "committee_led"),
    "benefit": ("career_center_used", "resource_download"),
}
"""What is done with a program of each kind."""


def scopes_on_record(lake: Lake) -> dict[Scope, str]:
    """Every scope that can concern somebody, by what is on record, with the title of a program where one is meant.

    Args:
        lake: Only its terms, members and programs are read; of activity, which kinds there are.
    """
    with lake.connect() as con:
        types, chapters = (
            [value for (value,) in con.execute(query).fetchall()]
            for query in (
                "SELECT DISTINCT member_type FROM terms WHERE member_type <> '' ORDER BY 1",
                "SELECT DISTINCT chapter_id FROM members WHERE chapter_id <> '' ORDER BY 1",
            )
        )
    kinds = dict.fromkeys([*OF_PROGRAM, *sorted(lake.first_known())])
    found = {
        Scope(field, value): ""
        for field, values in (("member_type", types), ("chapter_id", chapters), ("kind", kinds))
        for value in values
    }
    programs = lake.programs().sort("ref").select("ref", "title")
    return found | {Scope("ref", ref): title or "" for ref, title in programs.iter_rows()}


def require_on_record(scope: Scope, known: dict[Scope, str]) -> None:
    """Refuse a scope that concerns nobody: one with a slip of the pen would count for nothing, and nobody would see it.

    Args:
        scope: Whom a change is said to concern.
        known: As `scopes_on_record` returns.

    Raises:
        UsageError: Nothing on record is of it.
    """
    if scope == Scope() or scope in known:
        return
    if scope.field not in FIELDS:
        written = ", ".join(f"{field}=…" for field in FIELDS)
        raise UsageError("a scope names a field and one value of it", mend=f"write one of {written}, or leave it out")
    values = [one.value for one in known if one.field == scope.field]
    alike = difflib.get_close_matches(scope.value, values, n=3, cutoff=0.5) or values[:5]
    raise UsageError(
        f"no record has {scope}, so that the change would concern nobody",
        mend=f"to the letter, such as {', '.join(alike)}" if alike else "leave it out, or name another field",
    )
