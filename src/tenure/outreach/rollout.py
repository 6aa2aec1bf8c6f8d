"""How far the rollout has come: whom a phase lets playbooks propose, segment by segment.

    1  report only: nobody is proposed
    2  drafts for members of medium risk, and mandatory notices
    3  everyone whom playbooks select, tasks and calls for members of high risk among them

Nothing is set on a fresh installation, which is phase 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tenure.base.errors import UsageError

REPORT_ONLY, MEDIUM, EVERYONE = 1, 2, 3

PHASES: dict[int, str] = {
    REPORT_ONLY: "report only",
    MEDIUM: "drafts for medium risk",
    EVERYONE: "drafts and tasks, high risk included",
}

SEGMENTED_BY = ("member_type", "chapter_id", "region", "record_type")
"""Columns of the situation that can name a segment."""

EVERYBODY = ""


def read_segment(text: str) -> tuple[str, str]:
    """Column and value of a segment written as `member_type=REG`; two empty words for everyone.

    Raises:
        UsageError: It is written otherwise, or by a column that segments are not made of.
    """
    if text == EVERYBODY:
        return "", ""
    column, sign, value = text.partition("=")
    if not sign or not value or column not in SEGMENTED_BY:
        raise UsageError(
            f"`{text}` is no segment", mend=f"write COLUMN=VALUE with one of {', '.join(SEGMENTED_BY)}, or leave it out"
        )
    return column, value


def named(segment: str) -> str:
    """What staff call *segment*, such as `member type REG`; `everyone` where it is empty."""
    column, value = read_segment(segment)
    return f"{column.replace('_', ' ').removesuffix(' id')} {value}" if column else "everyone"


def phase_of(phases: Mapping[str, int], member: Mapping[str, Any]) -> int:
    """The phase that holds for *member*, a row of a situation.

    A segment of its own outranks everyone's; of several the least far holds. Without any, it is `REPORT_ONLY`.
    """
    own = [number for segment, number in phases.items() if segment and _belongs(segment, member)]
    return min(own) if own else phases.get(EVERYBODY, REPORT_ONLY)


def permits(phase: int, *, band: str | None, is_mandatory: bool) -> bool:
    """Whether *phase* lets a member of *band* be proposed."""
    if phase >= EVERYONE:
        return True
    return phase == MEDIUM and (is_mandatory or band == "medium")


def _belongs(segment: str, member: Mapping[str, Any]) -> bool:
    column, value = read_segment(segment)
    return str(member.get(column)) == value
