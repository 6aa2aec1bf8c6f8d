"""What every change of a proposal does first and last: lock it, look whether it is still so, write it down."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from tenure.base.clock import Clock
from tenure.base.errors import Overtaken
from tenure.ledger import audit
from tenure.ledger.models import Approval, OutreachStep, Proposal

State = Proposal.State
StepState = OutreachStep.State

BEGUN = (StepState.SENDING, StepState.UNKNOWN, StepState.DONE, StepState.DROPPED, StepState.FAILED)
_AT_ONCE = 900


def many(proposals: Sequence[int]) -> list[tuple[Proposal, list[OutreachStep]]]:
    """*proposals* with their steps, locked in the order of their numbers so that two who ask cannot block each other.

    Numbers that do not exist are left out.
    """
    wanted = sorted(set(proposals))
    found: list[tuple[Proposal, list[OutreachStep]]] = []
    for i in range(0, len(wanted), _AT_ONCE):
        rows = list(Proposal.objects.select_for_update().filter(pk__in=wanted[i : i + _AT_ONCE]).order_by("pk"))
        of: dict[int, list[OutreachStep]] = {row.pk: [] for row in rows}
        for step in OutreachStep.objects.select_for_update().filter(proposal__in=list(of)).order_by("pk"):
            of[step.proposal_id].append(step)
        for row in rows:
            steps = sorted(of[row.pk], key=lambda step: step.position)
            for step in steps:
                step.proposal = row
            found.append((row, steps))
    return found


def one(proposal: int) -> tuple[Proposal, list[OutreachStep]]:
    """One proposal with its steps, locked.

    Raises:
        Overtaken: There is none of that number.
    """
    found = many([proposal])
    if not found:
        raise Overtaken("there is no such proposal", mend="load the list again")
    return found[0]


def one_of_step(step: int) -> tuple[Proposal, list[OutreachStep]]:
    """The proposal of a step, with all its steps, locked.

    Raises:
        Overtaken: There is no step of that number.
    """
    proposal = OutreachStep.objects.filter(pk=step).values_list("proposal_id", flat=True).first()
    return one(proposal or 0)


def in_state(row: Proposal, states: Iterable[str]) -> None:
    """Refuse to go on when the proposal has moved on.

    Raises:
        Overtaken: It has; with who did it and when.
    """
    if row.state not in list(states):
        raise Overtaken(
            f"it is {row.get_state_display().lower()} by now",
            mend="load the list again",
            by=row.decided_by,
            at=row.decided_at or row.changed_at,
        )


def standing(steps: Iterable[OutreachStep]) -> dict[int, Approval]:
    """The approvals that stand, by step."""
    found = Approval.objects.filter(step__in=[step.pk for step in steps], ended_at=None)
    return {approval.step_id: approval for approval in found}


def end_approvals(
    row: Proposal, steps: Sequence[OutreachStep], by: str, why: str, clock: Clock, *, act: str = "step:member:void"
) -> list[OutreachStep]:
    """End the approvals of steps that have not begun; those steps are drafts again. Gives them."""
    open_steps = {step.pk: step for step in steps if step.state not in BEGUN}
    ended = []
    for pk, approval in standing(open_steps.values()).items():
        step = open_steps[pk]
        approval.ended_at, approval.ended_by, approval.ended_why = clock(), by, why[:400]
        approval.save(update_fields=["ended_at", "ended_by", "ended_why"])
        step.state, step.leaves_at, step.changed_at = StepState.DRAFT, None, clock()
        step.save(update_fields=["state", "leaves_at", "changed_at"])
        note(act, row, by, clock, **about(step), approved_by=approval.by, why=why)
        ended.append(step)
    return ended


def cancel(steps: Iterable[OutreachStep], clock: Clock) -> None:
    """Let the drafts among *steps* never leave."""
    for step in steps:
        if step.state == StepState.DRAFT:
            step.state, step.changed_at = StepState.CANCELLED, clock()
            step.save(update_fields=["state", "changed_at"])


def move(row: Proposal, state: State, clock: Clock, *, by: str = "") -> None:
    """Save *row* in its new state; with *by* it counts as decided by them, now."""
    row.state, row.changed_at = state, clock()
    if by:
        row.decided_by, row.decided_at = by, row.changed_at
    elif state == State.OPEN:
        row.decided_by, row.decided_at = "", None
    row.save()


def about(step: OutreachStep) -> dict[str, Any]:
    """What the audit log says of a step: enough to tie what left to who let it."""
    return {"step": step.pk, "kind": str(step.kind), "digest": step.digest, "reference": step.reference}


def note(
    act: str, row: Proposal, by: str, clock: Clock, *, sealed: dict[str, Any] | None = None, **details: Any
) -> None:
    """The audit row of one act on a proposal; text about the member is *sealed*."""
    audit.record_all([told(act, row, sealed, **details)], by=by, clock=clock)


def told(act: str, row: Proposal, sealed: dict[str, Any] | None = None, **details: Any) -> audit.Act:
    """One act on a proposal, as the audit log takes it."""
    return audit.Act(act, f"proposal {row.pk}", row.member, sealed, {"proposal": row.pk, **details})
