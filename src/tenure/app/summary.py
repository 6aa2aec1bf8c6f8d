"""A run in words: what each step did, how long it took, and what is to be done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tenure.app.console import spell_seconds
from tenure.app.night import Report
from tenure.app.walk import Told

_SHOWN_CHANGES = 10


def words_of(report: Report) -> str:
    """The summary of a night or a part of one."""
    lines = [_headline(report), *_steps(report.steps), *_changes(report.steps)]
    return "\n".join(lines)


def _headline(report: Report) -> str:
    kind = "Dry run" if report.dry_run else "Night"
    if report.unchanged:
        return f"{kind} of {report.as_of}: nothing had changed, nothing was written"
    state = {0: "done", 4: "partly done"}[report.exit_code]
    return f"{kind} of {report.as_of}: {state}"


def _steps(steps: tuple[Told, ...]) -> Iterator[str]:
    width = max((len(step.name) for step in steps), default=0)
    for step in steps:
        yield f"  {step.name:<{width}}  {spell_seconds(step.seconds):>11}  {step.words}"


def _changes(steps: tuple[Told, ...]) -> Iterator[str]:
    """What a dry run would write, as far as a terminal wants to show it."""
    changes = [change for step in steps for change in step.changes]
    if not changes:
        return
    yield ""
    for change in changes[:_SHOWN_CHANGES]:
        yield f"  {change['change']} {change['member_id']}: {_fields(change['fields'])}"
    if len(changes) > _SHOWN_CHANGES:
        yield f"  … and {len(changes) - _SHOWN_CHANGES:,} more; --json has all of them"


def _fields(fields: dict[str, Any]) -> str:
    shown = [f"{name} {_value(pair['from'])} → {_value(pair['to'])}" for name, pair in list(fields.items())[:4]]
    return ", ".join(shown) + (", …" if len(fields) > 4 else "")


def _value(value: Any) -> str:
    return "nothing" if value is None else str(value)
