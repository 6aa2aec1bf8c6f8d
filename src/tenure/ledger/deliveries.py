"""What was approved, on its way out: begun, handed over, settled, each a transaction of its own with its audit row.

A step leaves by three notes. `begin` says that it is taken in hand, `hand` that its content is about to leave this
machine, `settle` how it ended. A process that is killed before `hand` has sent nothing, so `put_back` lets the step be
taken again. Between `hand` and `settle` the outcome is unknown: channels that can be asked are asked before anything
is repeated, others (email) leave the step `unknown` for a person.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import UsageError
from tenure.ledger import audit, experiments, locking, pausing
from tenure.ledger.lease import Fence, fenced
from tenure.ledger.models import Approval, AutoSend, OutreachStep, Proposal
from tenure.ledger.workload import CONTACTS

BY = "tenure work"
"""Who carries out, in the audit log."""

State = OutreachStep.State
ENDED = (State.DONE, State.DROPPED, State.FAILED, State.CANCELLED)
_STOPPED = (
    Proposal.State.HELD_BACK,
    Proposal.State.SNOOZED,
    Proposal.State.REJECTED,
    Proposal.State.WITHDRAWN,
)
_OVER = (Proposal.State.REJECTED, Proposal.State.WITHDRAWN)
_TOLD = ("state", "attempts", "receipt", "last_error", "rule", "handed_at", "leaves_at", "done_at", "changed_at")
_VERBS = {
    State.DONE: "deliver",
    State.DROPPED: "drop",
    State.FAILED: "fail",
    State.UNKNOWN: "lose",
    State.CANCELLED: "cancel",
}


def due(
    now: dt.datetime, limit: int = 100, *, undo_seconds: int = 0, kinds: Iterable[str] | None = None
) -> list[OutreachStep]:
    """Approved steps that may leave *now*, longest due first; none while sending is paused.

    The approval has put `wait_days` into `leaves_at`.

    Args:
        now: The present instant.
        limit: At most so many.
        undo_seconds: How long an approval can be taken back.
        kinds: Only steps of these; of every kind when left out.
    """
    if pausing.current() is not None:
        return []
    found: list[OutreachStep] = []
    for step in _approved(now, kinds).iterator(chunk_size=200):
        if _may_leave(step, now, undo_seconds):
            found.append(step)
            if len(found) == limit:
                break
    return found


def open_ends(limit: int = 100, *, lost_before: dt.datetime, for_people: Iterable[str] = ()) -> list[OutreachStep]:
    """Steps that were begun and not settled, oldest first: to be looked up before anything else is done with them.

    Args:
        limit: At most so many.
        lost_before: Leave out those that were handed over at or after this instant: they may yet arrive.
        for_people: Kinds that cannot be looked up; once they are `unknown`, they wait for a person.
    """
    steps = OutreachStep.objects.filter(state__in=(State.SENDING, State.UNKNOWN))
    steps = steps.filter(Q(handed_at=None) | Q(changed_at__lt=lost_before))
    steps = steps.exclude(state=State.UNKNOWN, kind__in=tuple(for_people))
    return list(steps.select_related("proposal").order_by("changed_at", "id")[:limit])


def standing(step: OutreachStep, today: dt.date) -> Approval | None:
    """The approval that lets *step* leave just as it is; none when it ended, waits for a second person, or the step
    is no longer what was approved."""
    approval = step.approvals.filter(ended_at=None).first()
    if approval is None or (approval.needs_second and approval.second_at is None):
        return None
    if not approval.digest == step.digest == step.content_digest():
        return None
    return approval if not approval.rule or _permitted(step, today) else None


def begin(*, step: OutreachStep, clock: Clock = system_clock, fence: Fence | None = None) -> bool:
    """Take *step* in hand, in a transaction of its own; False when it may not leave any more.

    Everything that an approval is about is looked at again under the row's lock, so that of two workers, or of an
    approval and its undoing, one comes first.

    Raises:
        HeldBack: *fence* says that another worker has taken over.
    """
    with fenced(fence):
        row = _locked(step)
        now = clock()
        approval = standing(row, now.date())
        if row.state != State.APPROVED or row.proposal.state in _STOPPED or approval is None:
            return False
        if pausing.current() is not None:
            return False
        row.state, row.attempts, row.handed_at, row.changed_at = State.SENDING, row.attempts + 1, None, now
        row.save(update_fields=["state", "attempts", "handed_at", "changed_at"])
        _note("begin", row, clock, approval=approval.pk, attempt=row.attempts)
    _take_over(step, row)
    return True


def hand(*, step: OutreachStep, clock: Clock = system_clock, fence: Fence | None = None) -> None:
    """Note, just before the content of *step* leaves this machine, that from now on its outcome is unknown.

    Raises:
        HeldBack: *fence* says that another worker has taken over; nothing may leave.
        UsageError: The step is not in hand.
    """
    with fenced(fence):
        now = clock()
        taken = OutreachStep.objects.filter(pk=step.pk, state=State.SENDING, attempts=step.attempts)
        if taken.update(handed_at=now, changed_at=now) != 1:
            raise UsageError("a step was handed over that is not in hand", mend="this is a fault in Tenure")
    step.handed_at = now


def settle(
    *,
    step: OutreachStep,
    state: str,
    receipt: str = "",
    error: str = "",
    rule: str = "",
    noted: bool = False,
    by: str = BY,
    clock: Clock = system_clock,
    fence: Fence | None = None,
) -> None:
    """Note how *step* ended, or that it is not known.

    Args:
        step: In hand, lost, or approved (when the gate drops it).
        state: `done`, `dropped`, `failed`, `unknown` or `cancelled`.
        receipt: What the channel gave for it.
        error: What is wrong, without a person's data.
        rule: Which rule dropped it.
        noted: Whether it shall be noted on the member's record in iMIS once it is done.
        by: Who says so.

    Raises:
        HeldBack: *fence* says that another worker has taken over.
    """
    with fenced(fence):
        row = _locked(step)
        if row.state in ENDED or (row.state == state == State.UNKNOWN):
            _take_over(step, row)
            return
        now = clock()
        row.state, row.receipt, row.last_error, row.rule = State(state), receipt[:200], error[:400], rule[:60]
        row.changed_at, row.done_at = now, now if state == State.DONE else None
        if noted and state == State.DONE:
            row.log_state, row.log_at = OutreachStep.Log.DUE, now
        row.save(
            update_fields=["state", "receipt", "last_error", "rule", "changed_at", "done_at", "log_state", "log_at"]
        )
        if state == State.DONE and row.kind in CONTACTS:
            proposal = row.proposal
            experiments.reach(member=proposal.member, occasion=proposal.occasion, as_of=now.date(), clock=clock)
        _end_proposal(row.proposal, now)
        _note(_VERBS[row.state], row, clock, by=by, rule=row.rule, receipt=row.receipt)
    _take_over(step, row)


def postpone(
    *,
    step: OutreachStep,
    until: dt.datetime,
    why: str,
    rule: str = "",
    clock: Clock = system_clock,
    fence: Fence | None = None,
) -> None:
    """Let *step*, of which nothing has left, wait until *until*; its approval stands, unless its proposal is over."""
    with fenced(fence):
        row = _locked(step)
        if row.state not in (State.SENDING, State.APPROVED):
            return
        if row.proposal.state in _OVER:
            _cancel(row, clock)
            _take_over(step, row)
            return
        row.state, row.leaves_at, row.last_error, row.rule = State.APPROVED, until, why[:400], rule[:60]
        row.handed_at, row.changed_at = None, clock()
        row.save(update_fields=["state", "leaves_at", "last_error", "rule", "handed_at", "changed_at"])
        _note("postpone", row, clock, rule=row.rule, until=until.isoformat(timespec="seconds"))
    _take_over(step, row)


def put_back(*, step: OutreachStep, by: str = BY, clock: Clock = system_clock, fence: Fence | None = None) -> None:
    """Let *step* be taken again: of what was begun nothing arrived, as a look, or *by*, has found.

    One whose approval does not stand any more, or whose proposal has ended meanwhile, is cancelled: it would wait for
    ever.
    """
    with fenced(fence):
        row = _locked(step)
        if row.state not in (State.SENDING, State.UNKNOWN):
            return
        if row.proposal.state in _OVER or not row.approvals.filter(ended_at=None).exists():
            _cancel(row, clock, by=by)
        else:
            row.state, row.handed_at, row.changed_at = State.APPROVED, None, clock()
            row.save(update_fields=["state", "handed_at", "changed_at"])
            _note("put-back", row, clock, by=by)
    _take_over(step, row)


def by_reference(reference: str) -> OutreachStep | None:
    """The step known outside as *reference*."""
    return OutreachStep.objects.select_related("proposal").filter(reference=reference).first()


def _approved(now: dt.datetime, kinds: Iterable[str] | None) -> Any:
    steps = OutreachStep.objects.filter(state=State.APPROVED, leaves_at__lte=now, approvals__ended_at=None)
    steps = steps.filter(approvals__isnull=False).exclude(proposal__state__in=_STOPPED)
    steps = steps if kinds is None else steps.filter(kind__in=tuple(kinds))
    return steps.select_related("proposal").order_by("leaves_at", "id").distinct()


def _may_leave(step: OutreachStep, now: dt.datetime, undo_seconds: int) -> bool:
    approval = standing(step, now.date())
    if approval is None:
        return False
    approved_at = max(approval.at, approval.second_at or approval.at)
    return approved_at + dt.timedelta(seconds=0 if approval.rule else undo_seconds) <= now


def _permitted(step: OutreachStep, today: dt.date) -> bool:
    """Whether the standing permission behind an approval that nobody gave by hand still stands."""
    return AutoSend.objects.filter(template=step.template, ended_at=None, until__gte=today).exists()


def _locked(step: OutreachStep) -> OutreachStep:
    """The step and its proposal, locked in the order in which everybody locks them."""
    proposal = Proposal.objects.select_for_update().get(pk=step.proposal_id)
    row = OutreachStep.objects.select_for_update().get(pk=step.pk)
    row.proposal = proposal
    return row


def _cancel(row: OutreachStep, clock: Clock, *, by: str = BY) -> None:
    """Let a step of which nothing arrived never leave."""
    row.state, row.handed_at, row.changed_at = State.CANCELLED, None, clock()
    row.save(update_fields=["state", "handed_at", "changed_at"])
    _note("cancel", row, clock, by=by)


def _take_over(step: OutreachStep, row: OutreachStep) -> None:
    """Let the caller's object say what the row says."""
    for name in _TOLD:
        setattr(step, name, getattr(row, name))


def _end_proposal(proposal: Proposal, now: dt.datetime) -> None:
    """A proposal whose steps have all ended is done; when none was carried out, its last drop says why."""
    steps = list(proposal.steps.order_by("position"))
    if proposal.state != Proposal.State.APPROVED or any(step.state not in ENDED for step in steps):
        return
    proposal.state = Proposal.State.DONE
    if not any(step.state == State.DONE for step in steps):
        last = next((step for step in reversed(steps) if step.state in (State.DROPPED, State.FAILED)), None)
        proposal.state = Proposal.State.WITHDRAWN
        proposal.rule, proposal.why = (last.rule or "failed", last.last_error) if last else ("cancelled", "")
    proposal.changed_at = now
    proposal.save(update_fields=["state", "rule", "why", "changed_at"])


def _note(verb: str, step: OutreachStep, clock: Clock, *, by: str = BY, **more: Any) -> None:
    facts = {name: value for name, value in more.items() if value not in ("", None)}
    about = {"proposal": step.proposal_id, **locking.about(step), "template": step.template}
    audit.record(
        f"step:member:{verb}", by=by, subject=step.reference, clock=clock, member=step.proposal.member, **about, **facts
    )
