"""Proposals from the night until they end: opened, edited, rejected, snoozed, reassigned, withdrawn.

A change and its audit row are one transaction, in which the proposal and its steps are locked; whoever comes second
is told who acted and when. What lets a step leave is in `tenure.ledger.approvals`.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import Overtaken, UsageError
from tenure.ledger import audit, locking, rights
from tenure.ledger.first import first_of
from tenure.ledger.lease import Fence, fenced
from tenure.ledger.locking import State, StepState, note
from tenure.ledger.models import CurrentScore, OutreachStep, Proposal, Run, Staff
from tenure.ledger.models.proposals import content_digest
from tenure.ledger.rights import Act

REASONS = {"touch": "In touch already", "facts": "Wrong facts", "tone": "Wrong tone", "other": "Other"}
"""Why staff reject a proposal; `other` needs words."""

LONGEST_WHY = 400
_AT_ONCE = 500
_WAITING = (State.OPEN, State.SNOOZED)


@dataclass(frozen=True)
class NewStep:
    """A step as the night proposes it; see `OutreachStep` for what each field means."""

    kind: str
    template: str
    wait_days: int = 0
    recipient: str = ""
    subject: str = ""
    body: str = ""
    details: dict[str, Any] = field(default_factory=dict)
    claims: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class NewProposal:
    """A proposal as the night makes it; see `Proposal` for what each field means.

    With `state` `held_back`, `rule` and `why` say what holds it back.
    """

    member: int
    playbook: str
    playbook_version: int
    occasion: str
    cause: str
    as_of: dt.date
    stage: str
    steps: tuple[NewStep, ...]
    band: str = ""
    risk_score: int | None = None
    p_lapse_renewal: float | None = None
    renewal_due_on: dt.date | None = None
    dues: float | None = None
    lifetime_value: float | None = None
    is_top_value: bool = False
    reason: str = ""
    member_type: str = ""
    chapter_id: str = ""
    region: str = ""
    record_type: str = ""
    minutes: float = 0
    worth: float | None = None
    is_exploration: bool = False
    context: list[Any] = field(default_factory=list)
    state: str = State.OPEN
    rule: str = ""
    why: str = ""
    expires_on: dt.date | None = None
    assignee: str = ""


@dataclass(frozen=True)
class Added:
    """How many proposals were new, and how many were known by their occasion."""

    new: int
    known: int


def propose(
    *,
    proposals: Iterable[NewProposal],
    by: str,
    run: Run | None = None,
    clock: Clock = system_clock,
    fence: Fence | None = None,
) -> Added:
    """Open *proposals*, all in one transaction. One occasion is proposed once, whatever became of it.

    Raises:
        HeldBack: *fence* says that another process writes by now; nothing was kept.
    """
    wanted, known, fresh = list(proposals), 0, []
    now = clock()
    with fenced(fence):
        present = _occasions({proposal.member for proposal in wanted})
        for proposal in wanted:
            key = (proposal.member, proposal.playbook, proposal.occasion)
            if key in present:
                known += 1
                continue
            present.add(key)
            fresh.append(proposal)
        rows = Proposal.objects.bulk_create([_row(new, run, now) for new in fresh], batch_size=_AT_ONCE)
        steps = [
            _step(row, position, step, now)
            for row, new in zip(rows, fresh, strict=True)
            for position, step in enumerate(new.steps, 1)
        ]
        _note_opened(rows, OutreachStep.objects.bulk_create(steps, batch_size=_AT_ONCE), by, clock)
    return Added(len(fresh), known)


def edit(
    *,
    step: int,
    by: str,
    seen: str,
    subject: str,
    body: str,
    claims: Sequence[dict[str, Any]] | None = None,
    recipient: str | None = None,
    clock: Clock = system_clock,
) -> OutreachStep:
    """Change what a step says, or to which address, and void whatever approval it had.

    The words were checked by whoever calls. Putting back the night's own words makes them nobody's again.

    Args:
        step: Which.
        by: Who.
        seen: The digest of what they were looking at.
        subject, body, claims, recipient: What it says from now on; None leaves as it is.
        clock: The time.

    Raises:
        NotAllowed: Their role does not include it.
        Overtaken: It has left, was decided, or was changed since.
    """
    with transaction.atomic():
        proposal, steps = locking.one_of_step(step)
        rights.require(by, Act.DECIDE, chapter=proposal.chapter_id)
        row = next(s for s in steps if s.pk == step)
        locking.in_state(proposal, (State.OPEN, State.SNOOZED, State.APPROVED))
        if row.state not in (StepState.DRAFT, StepState.APPROVED):
            raise Overtaken("this step has begun", mend="write to the member yourself", at=row.changed_at)
        if row.digest != seen:
            raise Overtaken(
                "the draft was changed since you looked", mend="look again", by=row.edited_by, at=row.changed_at
            )
        locking.end_approvals(proposal, steps, by, "changed", clock)
        row.subject, row.body = subject[:300], body
        row.claims = row.claims if claims is None else list(claims)
        row.recipient = row.recipient if recipient is None else recipient
        is_first = (row.subject, row.body) == (row.first_subject, row.first_body) and recipient is None
        row.edited_by = "" if is_first else by
        row.digest, row.changed_at = row.content_digest(), clock()
        row.save()
        locking.move(proposal, State.OPEN, clock)
        words = {"subject": row.subject, "body": row.body}
        note("proposal:member:edit", proposal, by, clock, sealed=words, **locking.about(row), was=seen)
    return row


def reject(*, proposal: int, by: str, reason: str, words: str = "", clock: Clock = system_clock) -> Proposal:
    """Do nothing of it, for a *reason* out of `REASONS`.

    Raises:
        UsageError: There is no such reason, or `other` came without words.
        NotAllowed, Overtaken: As for `edit`.
    """
    if reason not in REASONS or (reason == "other" and not words.strip()):
        raise UsageError("a rejection needs a reason", mend="choose one, or say in words what is wrong")
    with transaction.atomic():
        row, steps = _waiting(proposal, by, (*_WAITING, State.HELD_BACK))
        locking.end_approvals(row, steps, by, "rejected", clock)
        locking.cancel(steps, clock)
        row.rule, row.why = f"rejected:{reason}", words.strip()[:LONGEST_WHY]
        locking.move(row, State.REJECTED, clock, by=by)
        sealed = {"words": row.why} if row.why else None
        note("proposal:member:reject", row, by, clock, sealed=sealed, reason=reason)
    return row


def snooze(*, proposal: int, by: str, until: dt.date, clock: Clock = system_clock) -> Proposal:
    """Put it aside until a day, on which it is open again.

    Raises:
        UsageError: The day is not in the future.
        NotAllowed, Overtaken: As for `edit`.
    """
    if until <= clock().date():
        raise UsageError("that day is not in the future", mend="choose tomorrow or later")
    with transaction.atomic():
        row, steps = _waiting(proposal, by, _WAITING)
        locking.end_approvals(row, steps, by, "snoozed", clock)
        row.snoozed_until = until
        locking.move(row, State.SNOOZED, clock, by=by)
        note("proposal:member:snooze", row, by, clock, until=until.isoformat())
    return row


def reassign(*, proposal: int, by: str, assignee: str, clock: Clock = system_clock) -> Proposal:
    """Make it somebody's, or nobody's where *assignee* is empty.

    Raises:
        UsageError: There is no such account.
        NotAllowed, Overtaken: As for `edit`.
    """
    if assignee and not Staff.objects.filter(username=assignee, is_active=True).exists():
        raise UsageError("there is no such member of staff", mend="choose one out of the list")
    with transaction.atomic():
        row, _ = _waiting(proposal, by, _WAITING)
        was, row.assignee = row.assignee, assignee
        locking.move(row, State(row.state), clock)
        note("proposal:member:reassign", row, by, clock, was=was, to=assignee)
    return row


def take_up(*, proposal: int, by: str, clock: Clock = system_clock) -> Proposal:
    """Open what was held back, by a person's word.

    Raises:
        NotAllowed, Overtaken: As for `edit`.
    """
    with transaction.atomic():
        row, _ = _waiting(proposal, by, (State.HELD_BACK,))
        was, row.rule, row.why = row.rule, "", ""
        locking.move(row, State.OPEN, clock)
        note("proposal:member:take-up", row, by, clock, was=was)
    return row


def withdraw(*, proposal: int, rule: str, why: str, by: str, clock: Clock = system_clock) -> bool:
    """Take back what has not left, because of *rule*: the member renewed, objects, died …; whether there was any."""
    with transaction.atomic():
        row, steps = locking.one(proposal)
        return _withdraw(row, steps, rule, why, by, clock)


def expire(*, today: dt.date, by: str, clock: Clock = system_clock) -> int:
    """Withdraw what waited longer than its playbook lets it; gives how many."""
    late = Proposal.objects.filter(state__in=_WAITING, expires_on__lt=today).values_list("pk", flat=True)
    count = 0
    for pk in list(late):
        with transaction.atomic():
            row, steps = locking.one(pk)
            if row.state in _WAITING:
                count += _withdraw(row, steps, "expired", "nobody decided in time", by, clock)
    return count


def wake(*, today: dt.date, by: str, clock: Clock = system_clock) -> int:
    """Open again what was put aside until *today* or before; gives how many."""
    due = Proposal.objects.filter(state=State.SNOOZED, snoozed_until__lte=today).values_list("pk", flat=True)
    count = 0
    for pk in list(due):
        with transaction.atomic():
            row, _ = locking.one(pk)
            if row.state == State.SNOOZED:
                row.snoozed_until = None
                locking.move(row, State.OPEN, clock)
                note("proposal:member:wake", row, by, clock)
                count += 1
    return count


def reference_of(member: int, playbook: str, occasion: str, position: int) -> str:
    """What a step is known by outside: the same whenever it is worked out, and telling nothing."""
    parts = f"{first_of(member)}\n{playbook}\n{occasion}\n{position}"
    return "tn-" + base64.b32encode(hashlib.sha256(parts.encode()).digest()[:15]).decode().lower()


def _waiting(proposal: int, by: str, states: Sequence[State]) -> tuple[Proposal, list[OutreachStep]]:
    row, steps = locking.one(proposal)
    rights.require(by, Act.DECIDE, chapter=row.chapter_id)
    locking.in_state(row, states)
    return row, steps


def _withdraw(row: Proposal, steps: list[OutreachStep], rule: str, why: str, by: str, clock: Clock) -> bool:
    if row.state not in (*_WAITING, State.APPROVED, State.HELD_BACK):
        return False
    locking.end_approvals(row, steps, by, rule, clock)
    locking.cancel(steps, clock)
    row.rule, row.why = rule[:60], why[:LONGEST_WHY]
    locking.move(row, State.WITHDRAWN, clock)
    note("proposal:member:withdraw", row, by, clock, rule=rule)
    return True


def _occasions(members: set[int]) -> set[tuple[int, str, str]]:
    found: set[tuple[int, str, str]] = set()
    ordered = sorted(members)
    for i in range(0, len(ordered), 900):
        rows = Proposal.objects.filter(member__in=ordered[i : i + 900])
        found.update(rows.values_list("member", "playbook", "occasion"))
    return found


def _row(new: NewProposal, run: Run | None, now: dt.datetime) -> Proposal:
    given = {name: getattr(new, name) for name in NewProposal.__dataclass_fields__ if name != "steps"}
    return Proposal(**given, run=run, created_at=now, changed_at=now)


def _step(row: Proposal, position: int, new: NewStep, now: dt.datetime) -> OutreachStep:
    given = {name: getattr(new, name) for name in NewStep.__dataclass_fields__}
    digest = content_digest(
        member=row.member,
        **{name: given[name] for name in ("kind", "recipient", "subject", "body", "template", "details")},
    )
    return OutreachStep(
        **given,
        proposal=row,
        position=position,
        first_subject=new.subject,
        first_body=new.body,
        digest=digest,
        reference=reference_of(row.member, row.playbook, row.occasion, position),
        changed_at=now,
    )


def _note_opened(rows: list[Proposal], steps: list[OutreachStep], by: str, clock: Clock) -> None:
    """Write down what was proposed, and, under each member's key, the score and the reasons that stood behind it."""
    of: dict[int, list[dict[str, Any]]] = {}
    for step in steps:
        of.setdefault(step.proposal_id, []).append(locking.about(step))
    scores = CurrentScore.objects.in_bulk([row.member for row in rows])
    acts = []
    for row in rows:
        score = scores.get(row.member)
        score = score if score is not None and score.as_of == row.as_of else None
        acts.append(
            locking.told(
                "proposal:member:open",
                row,
                _behind(row, score),
                playbook=row.playbook,
                version=row.playbook_version,
                state=str(row.state),
                rule=row.rule,
                as_of=row.as_of.isoformat(),
                model=score.model_version if score else "",
                steps=of.get(row.pk, []),
            )
        )
    audit.record_all(acts, by=by, clock=clock)


def _behind(row: Proposal, score: CurrentScore | None) -> dict[str, Any]:
    """Why the member was proposed: the cause, the score, and the reasons of the night that gave it."""
    told = {
        "cause": row.cause, "likely_reason": row.reason, "band": row.band, "risk_score": row.risk_score,
        "p_lapse_renewal": row.p_lapse_renewal, "worth": row.worth,
    }  # fmt: skip
    if score is None:
        return told
    return told | {
        "p_low": score.p_low, "p_high": score.p_high, "reasons": list(score.reasons), "against": score.against,
    }  # fmt: skip
