"""What was proposed for one member, what left, and what came of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tenure.ledger.calls import LOGGED
from tenure.ledger.models import OutreachStep, Proposal
from tenure.ledger.responses import KINDS
from tenure.web import words
from tenure.web.queue_list import playbook_title, rule_words
from tenure.web.timeline import outcome_of, said_of

_SHOWN = 12
_READ = 60


@dataclass(frozen=True)
class Action:
    """One proposal in words, with a line for each step and each response; a call that was logged has no proposal."""

    proposal: int | None
    title: str
    state: str
    day: str
    cause: str
    lines: tuple[str, ...]


def proposals_of(member: int) -> list[Proposal]:
    """The newest proposals for *member*, with their steps and what came of them."""
    rows = Proposal.objects.filter(member=member).prefetch_related("steps__responses").order_by("-created_at", "-pk")
    return list(rows[:_READ])


def actions_of(proposals: list[Proposal], most: int | None = _SHOWN) -> list[Action]:
    """The newest of *proposals* in words, *most* of them; None for all."""
    return [_action(row) for row in proposals[:most]]


def _action(row: Proposal) -> Action:
    if row.playbook == LOGGED:
        return _call(row)
    by = f" by {row.decided_by}" if row.decided_by else ""
    why = f": {rule_words(row.rule)}" if row.rule else ""
    return Action(
        proposal=row.pk,
        title=playbook_title(row.playbook, row.playbook_version),
        state=f"{row.get_state_display()}{by}{why}",
        day=words.short_day((row.decided_at or row.created_at).date()),
        cause=row.cause,
        lines=tuple(_step(step) for step in row.steps.all()),
    )


def _call(row: Proposal) -> Action:
    """A call that somebody logged."""
    (step,) = row.steps.all()
    lines = tuple(line for line in (said_of(step),) if line)
    return Action(None, f"Call by {row.assignee}", "", words.short_day(row.created_at.date()), outcome_of(step), lines)


def _step(step: OutreachStep) -> str:
    at = step.done_at or step.leaves_at
    said = f"{step.get_kind_display()}: {step.get_state_display().lower()}"
    if at and step.state in (OutreachStep.State.DONE, OutreachStep.State.APPROVED):
        said += f", {'leaves ' if step.state == OutreachStep.State.APPROVED else ''}{words.instant(at)}"
    if step.rule:
        said += f" ({rule_words(step.rule)})"
    news = Counter(KINDS.get(response.kind, response.kind).lower() for response in step.responses.all())
    told = [kind if times == 1 else f"{kind} {times} times" for kind, times in news.items()]
    return f"{said}. {words.sentence(', '.join(told))}" if told else said
