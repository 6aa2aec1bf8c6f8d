"""A person's word that a step may leave: given, seconded, undone, revoked, void.

An approval holds for the exact content that the person looked at (`OutreachStep.digest`: member, channel, recipient,
subject, body, template version, details). It sends nothing: `tenure.ledger.deliveries` finds what is due once the time
to undo is over.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.db import transaction

from tenure.base.clock import Clock, system_clock
from tenure.base.errors import NotAllowed, Overtaken, UsageError
from tenure.base.settings import Settings
from tenure.ledger import locking, rights
from tenure.ledger.locking import State, StepState, note
from tenure.ledger.models import Approval, OutreachStep, Proposal, Staff
from tenure.ledger.models.staff import Role
from tenure.ledger.rights import Act


@dataclass(frozen=True)
class Outcome:
    """What came of an act on one proposal.

    Args:
        proposal: Which.
        state: `approved`; `waits` for a second person; or `refused`.
        words: Why it was refused.
        by, at: Who was there first, and when, where it was refused for that; else who acted now.
        leaves_at: When its first step leaves.
    """

    proposal: int
    state: Literal["approved", "waits", "refused"]
    words: str = ""
    by: str = ""
    at: dt.datetime | None = None
    leaves_at: dt.datetime | None = None


def approve(
    *, proposals: Iterable[int], by: str, seen: Mapping[int, str], settings: Settings, clock: Clock = system_clock
) -> tuple[Outcome, ...]:
    """Let the drafts of *proposals* leave, or make them wait for a second person.

    Args:
        proposals: Which; those that cannot be approved are left out and told, the others are approved together.
        by: Who: the name that they sign in with.
        seen: Step to the digest of what they were looking at; every draft of a proposal must be in it.
        settings: `outreach.undo_seconds` and `outreach.second_person` rule.
        clock: The time.

    Returns:
        What came of each, by number of the proposal.
    """
    wanted = list(dict.fromkeys(proposals))
    asked = _Asked(by, seen, settings, _stopped(clock), len(wanted) > _bulk_limit(settings))
    with transaction.atomic():
        found = locking.many(wanted)
        outcomes = [_attempt(_approve, row, steps, asked) for row, steps in found]
    return _with_missing(wanted, outcomes)


def second(
    *, proposals: Iterable[int], by: str, seen: Mapping[int, str], settings: Settings, clock: Clock = system_clock
) -> tuple[Outcome, ...]:
    """Be the second person of approvals that wait for one; arguments and result as for `approve`.

    The second is neither the first nor the author of the words, and one of the two is a director.
    """
    wanted, asked = list(dict.fromkeys(proposals)), _Asked(by, seen, settings, _stopped(clock))
    with transaction.atomic():
        found = locking.many(wanted)
        outcomes = [_attempt(_second, row, steps, asked) for row, steps in found]
    return _with_missing(wanted, outcomes)


def undo(*, proposal: int, by: str, clock: Clock = system_clock) -> Proposal:
    """Take back one's own last decision: an approval until its first step leaves, a rejection, a snooze.

    Raises:
        Overtaken: It is not theirs, has left, or was never decided.
        NotAllowed: Their role does not include deciding any more.
    """
    with transaction.atomic():
        row, steps = locking.one(proposal)
        rights.require(by, Act.DECIDE, chapter=row.chapter_id)
        if row.state == State.OPEN and waits_by(steps, by):
            locking.end_approvals(row, steps, by, "undone", clock, act="proposal:member:undo")
        else:
            _take_back(row, steps, by, clock)
        row.snoozed_until, row.rule, row.why = None, "", ""
        locking.move(row, State.OPEN, clock)
    return row


def revoke(*, proposal: int, by: str, why: str, clock: Clock = system_clock) -> Proposal:
    """Take back an approval, one's own or another's, for all that has not begun; the rest is a draft again.

    Raises:
        UsageError: No reason was given.
        Overtaken: Nothing is left to take back.
        NotAllowed: Their role does not include it.
    """
    if not why.strip():
        raise UsageError("taking an approval back needs a reason", mend="say why in a few words")
    with transaction.atomic():
        row, steps = locking.one(proposal)
        rights.require(by, Act.DECIDE, chapter=row.chapter_id)
        locking.in_state(row, (State.OPEN, State.APPROVED))
        if not locking.end_approvals(row, steps, by, why.strip(), clock, act="proposal:member:revoke"):
            raise Overtaken("nothing is left to take back", mend="write to the member yourself", at=row.changed_at)
        locking.move(row, State.OPEN, clock)
    return row


def void_changed(*, by: str, clock: Clock = system_clock, step: int | None = None) -> int:
    """End approvals whose step is no longer what was approved, of one *step* or of all; gives how many."""
    standing = Approval.objects.filter(ended_at=None, step__state__in=(StepState.APPROVED, StepState.DRAFT))
    if step is not None:
        standing = standing.filter(step=step)
    suspects = {
        approval.step_id: approval.digest for approval in standing.select_related("step__proposal")
        if not _is_as_approved(approval.step, approval.digest)
    }  # fmt: skip
    return sum(_void(pk, by, clock) for pk in suspects)


def awaiting_second(*, first: str = "") -> list[int]:
    """Proposals that wait for a second person, by number; those alone whom *first* approved, where one is named."""
    found = Approval.objects.filter(ended_at=None, needs_second=True, second_at=None)
    found = found.filter(by=first) if first else found
    return sorted(set(found.values_list("step__proposal", flat=True)))


def needs_second(row: Proposal, steps: Iterable[OutreachStep], settings: Settings, *, is_bulk: bool = False) -> bool:
    """Whether one person alone cannot approve this."""
    named = settings.outreach.second_person
    steps = list(steps)
    offers = any(step.kind == OutreachStep.Kind.OFFER for step in steps)
    if any(step.details.get("second_person") is True for step in steps):
        return True
    return is_bulk or ("top_value" in named and row.is_top_value) or ("offer" in named and offers)


def needs_second_in_bulk(
    rows: Sequence[Proposal], drafts: Mapping[int, Sequence[OutreachStep]], settings: Settings
) -> set[int]:
    """Which of *rows* would wait for a second person if they were approved together."""
    is_bulk = len(rows) > _bulk_limit(settings)
    return {row.pk for row in rows if needs_second(row, drafts[row.pk], settings, is_bulk=is_bulk)}


def _bulk_limit(settings: Settings) -> float:
    """Above how many proposals at once a second person is asked for."""
    given = [name.partition(":")[2] for name in settings.outreach.second_person if name.startswith("bulk:")]
    return min((int(number) for number in given if number.isdigit()), default=float("inf"))


@dataclass(frozen=True)
class _Asked:
    by: str
    seen: Mapping[int, str]
    settings: Settings
    clock: Clock
    is_bulk: bool = False


def _stopped(clock: Clock) -> Clock:
    """The instant of one act: approval, decision and audit row bear the same."""
    now = clock()
    return lambda: now


_Act = Callable[[Proposal, list[OutreachStep], _Asked], Outcome]


def _attempt(act: _Act, row: Proposal, steps: list[OutreachStep], asked: _Asked) -> Outcome:
    """*act* on one proposal; it looks at everything before it changes anything, so that a refusal leaves no trace."""
    try:
        return act(row, steps, asked)
    except Overtaken as error:
        return Outcome(row.pk, "refused", error.message, error.by, error.at)
    except NotAllowed as error:
        return Outcome(row.pk, "refused", error.message)


def _approve(row: Proposal, steps: list[OutreachStep], asked: _Asked) -> Outcome:
    person = rights.require(asked.by, Act.DECIDE, chapter=row.chapter_id)
    locking.in_state(row, (State.OPEN, State.SNOOZED))
    drafts = [step for step in steps if step.state == StepState.DRAFT]
    earlier = next(iter(locking.standing(drafts).values()), None)
    if earlier is not None:
        raise Overtaken(
            "it waits for a second person", mend="let another person look at it", by=earlier.by, at=earlier.at
        )
    if not drafts:
        raise Overtaken("nothing is left to approve", mend="go on to the next one", at=row.changed_at)
    _as_seen(drafts, asked.seen)
    two = needs_second(row, drafts, asked.settings, is_bulk=asked.is_bulk)
    if two:
        _not_the_author(drafts, asked.by)
    now, by = asked.clock(), person.username
    Approval.objects.bulk_create(
        [Approval(step=step, digest=step.digest, at=now, by=by, needs_second=two) for step in drafts]
    )
    told: dict[str, Any] = {"needs_second": two, "bulk": asked.is_bulk}
    for step in drafts:
        note("proposal:member:approve", row, by, asked.clock, **locking.about(step), **told)
    row.snoozed_until = None
    if two:
        locking.move(row, State.OPEN, asked.clock)
        return Outcome(row.pk, "waits", by=by, at=now)
    return _release(row, drafts, asked)


def _second(row: Proposal, steps: list[OutreachStep], asked: _Asked) -> Outcome:
    person = rights.require(asked.by, Act.SECOND, chapter=row.chapter_id)
    locking.in_state(row, (State.OPEN,))
    drafts = [step for step in steps if step.state == StepState.DRAFT]
    waiting = locking.standing(drafts)
    if not drafts or set(waiting) != {step.pk for step in drafts}:
        said = "nobody has approved it yet, or it was changed since"
        raise Overtaken(said, mend="look at it anew and approve it as the first", at=row.changed_at)
    _as_seen(drafts, asked.seen)
    if any(waiting[step.pk].digest != step.digest for step in drafts):
        raise Overtaken("it is not what was approved", mend="look at it anew", at=row.changed_at)
    first = waiting[drafts[0].pk].by
    _are_a_pair(first, person)
    _not_the_author(drafts, person.username)
    for step in drafts:
        approval = waiting[step.pk]
        approval.second_at, approval.second_by = asked.clock(), person.username
        approval.save(update_fields=["second_at", "second_by"])
        note("proposal:member:approve-second", row, person.username, asked.clock, **locking.about(step), first=first)
    return _release(row, drafts, asked)


def _are_a_pair(first: str, person: Staff) -> None:
    if person.username == first:
        raise NotAllowed("you approved it yourself; it needs another person", mend="ask a colleague to look at it")
    if person.role != Role.DIRECTOR and not Staff.objects.filter(username=first, role=Role.DIRECTOR).exists():
        raise NotAllowed("one of the two must be a director", mend="ask a director to look at it")


def _release(row: Proposal, drafts: list[OutreachStep], asked: _Asked) -> Outcome:
    """Let the steps leave when the time to undo is over, and later ones as many days after as they wait."""
    now = asked.clock()
    first = now + dt.timedelta(seconds=asked.settings.outreach.undo_seconds)
    for step in drafts:
        step.state, step.changed_at = StepState.APPROVED, now
        step.leaves_at = first + dt.timedelta(days=step.wait_days)
        step.save(update_fields=["state", "changed_at", "leaves_at"])
    locking.move(row, State.APPROVED, asked.clock, by=asked.by)
    soonest = first + dt.timedelta(days=min(step.wait_days for step in drafts))
    return Outcome(row.pk, "approved", by=asked.by, at=now, leaves_at=soonest)


def waits_by(steps: Iterable[OutreachStep], by: str) -> bool:
    """Whether *by* approved these, and they wait for a second person."""
    return any(a.by == by and a.needs_second and a.second_at is None for a in locking.standing(steps).values())


def _take_back(row: Proposal, steps: list[OutreachStep], by: str, clock: Clock) -> None:
    locking.in_state(row, (State.APPROVED, State.REJECTED, State.SNOOZED))
    if row.decided_by != by:
        raise Overtaken("it is not your decision", mend="revoke it", by=row.decided_by, at=row.decided_at)
    if row.state == State.APPROVED:
        _not_leaving(steps, row.decided_at, clock())
        locking.end_approvals(row, steps, by, "undone", clock, act="proposal:member:undo")
        return
    for step in steps:
        if step.state == StepState.CANCELLED:
            step.state, step.changed_at = StepState.DRAFT, clock()
            step.save(update_fields=["state", "changed_at"])
    note("proposal:member:undo", row, by, clock, was=str(row.state))


def _as_seen(drafts: Iterable[OutreachStep], seen: Mapping[int, str]) -> None:
    for step in drafts:
        if seen.get(step.pk) != step.digest or not _is_as_approved(step, step.digest):
            said = "the draft was changed since you looked"
            raise Overtaken(said, mend="look at it anew", by=step.edited_by, at=step.changed_at)


def _not_the_author(drafts: Iterable[OutreachStep], by: str) -> None:
    if any(step.edited_by == by for step in drafts):
        raise NotAllowed("you wrote these words; somebody else approves them", mend="ask a colleague to look at them")


def _is_as_approved(step: OutreachStep, digest: str) -> bool:
    return step.digest == digest == step.content_digest()


def _not_leaving(steps: Iterable[OutreachStep], decided_at: dt.datetime | None, now: dt.datetime) -> None:
    """The time to undo is over when the first step may be taken up, whether or not a worker has come to it yet."""
    approved = locking.standing(steps)
    these = [s for s in steps if s.pk in approved and decided_at in (approved[s.pk].at, approved[s.pk].second_at)]
    leaves = min((step.leaves_at for step in these if step.leaves_at is not None), default=None)
    if leaves is None or leaves <= now or any(step.state in locking.BEGUN for step in these):
        raise Overtaken("the time to undo is over", mend="take the approval back, with a reason", at=leaves)


def _void(pk: int, by: str, clock: Clock) -> int:
    with transaction.atomic():
        row, steps = locking.one_of_step(pk)
        step = next(s for s in steps if s.pk == pk)
        approval = locking.standing([step]).get(pk)
        if approval is None or _is_as_approved(step, approval.digest):
            return 0
        ended = locking.end_approvals(row, [step], by, "it is not what was approved", clock)
        # What it says now is what the next approval is about.
        step.digest = step.content_digest()
        step.save(update_fields=["digest"])
        if ended and row.state == State.APPROVED:
            locking.move(row, State.OPEN, clock)
    return len(ended)


def _with_missing(wanted: list[int], outcomes: list[Outcome]) -> tuple[Outcome, ...]:
    there = {outcome.proposal: outcome for outcome in outcomes}
    return tuple(there.get(pk) or Outcome(pk, "refused", "there is no such proposal") for pk in wanted)
