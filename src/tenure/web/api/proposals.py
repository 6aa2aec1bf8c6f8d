"""Proposals, and the decisions about them: the same acts as in the queue, with the same checks and rows of the log."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Path, Query, Router

from tenure.base.errors import NotAllowed, Overtaken
from tenure.ledger import approvals
from tenure.ledger import proposals as ledger
from tenure.ledger.approvals import Outcome
from tenure.ledger.models import Proposal
from tenure.ledger.rights import Act, require
from tenure.ledger.tokens import Scope
from tenure.outreach import tokens
from tenure.web import place
from tenure.web.api import shapes
from tenure.web.api.common import known, needs, part_of
from tenure.web.queue import proposal_or_404
from tenure.web.queue_list import Asked, matching

router = Router(tags=["Proposals"])
Number = Annotated[int, Path(ge=1, le=2**53)]
_OF_A_PROPOSAL = (
    "state", "playbook", "playbook_version", "occasion", "cause", "rule", "band", "risk_score", "renewal_due_on",
    "dues", "worth", "minutes", "assignee", "snoozed_until", "expires_on", "decided_by", "decided_at",
)  # fmt: skip
_OF_A_STEP = ("position", "kind", "state", "recipient", "subject", "body", "digest", "leaves_at", "reference")


@router.get(
    "proposals", response=shapes.Proposals, url_name="proposals", operation_id="listProposals",
    openapi_extra=needs(Scope.QUEUE),
)  # fmt: skip
def proposals(request: HttpRequest, asked: Query[shapes.ProposalsAsked]) -> dict[str, Any]:
    """A view of the queue, the most dues kept per hour of staff first, as the addresses of the queue ask."""
    wanted = Asked(view=asked.view, playbook=asked.playbook, chapter=asked.chapter, rule=asked.rule, who=asked.who)
    rows, told = part_of(request, asked, matching(request, wanted).prefetch_related("steps"))
    return {"view": asked.view, **told, "proposals": _told(rows)}


@router.get(
    "proposals/{proposal}", response=shapes.Proposal, url_name="proposal", operation_id="getProposal",
    openapi_extra=needs(Scope.QUEUE),
)  # fmt: skip
def proposal(request: HttpRequest, proposal: Number) -> dict[str, Any]:
    """One proposal with its drafts, and the digests by which they are approved."""
    return _told([proposal_or_404(request, proposal)])[0]


@router.post(
    "proposals/{proposal}/approve", response=shapes.Decided, url_name="approve", operation_id="approveProposal",
    openapi_extra=needs(Scope.DECIDE),
)  # fmt: skip
def approve(request: HttpRequest, proposal: Number, given: shapes.Approving) -> dict[str, Any]:
    """Let every draft leave once the time to undo is over, exactly as it was looked at; or make it wait for another
    person, where what it is asks for two."""
    return _agree(request, proposal, given, approvals.approve)


@router.post(
    "proposals/{proposal}/second", response=shapes.Decided, url_name="second", operation_id="secondProposal",
    openapi_extra=needs(Scope.DECIDE),
)  # fmt: skip
def second(request: HttpRequest, proposal: Number, given: shapes.Approving) -> dict[str, Any]:
    """Be the second person of an approval that waits for one."""
    return _agree(request, proposal, given, approvals.second)


@router.post(
    "proposals/{proposal}/reject", response=shapes.Decided, url_name="reject", operation_id="rejectProposal",
    openapi_extra=needs(Scope.DECIDE),
)  # fmt: skip
def reject(request: HttpRequest, proposal: Number, given: shapes.Rejecting | shapes.RejectingInWords) -> dict[str, Any]:
    """Do nothing of it; this occasion is not proposed again."""
    row = _mine(request, proposal)
    by = request.user.get_username()
    done = ledger.reject(proposal=row.pk, by=by, reason=given.reason, words=given.words, clock=place.now)
    return _decided(done)


@router.post(
    "proposals/{proposal}/snooze", response=shapes.Decided, url_name="snooze", operation_id="snoozeProposal",
    openapi_extra=needs(Scope.DECIDE),
)  # fmt: skip
def snooze(request: HttpRequest, proposal: Number, given: shapes.Snoozing) -> dict[str, Any]:
    """Put it aside for some days, after which it comes back by itself."""
    row, until = _mine(request, proposal), place.now().date() + dt.timedelta(days=given.days)
    done = ledger.snooze(proposal=row.pk, by=request.user.get_username(), until=until, clock=place.now)
    return _decided(done)


def _agree(
    request: HttpRequest, proposal: int, given: shapes.Approving, act: Callable[..., tuple[Outcome, ...]]
) -> dict[str, Any]:
    row, by = _mine(request, proposal), request.user.get_username()
    seen = {one.step: one.digest for one in given.seen}
    (outcome,) = act(proposals=[row.pk], by=by, seen=seen, settings=place.settings(), clock=place.now)
    if outcome.state == "refused" and outcome.at is None:
        raise NotAllowed(outcome.words, mend="ask somebody else, whose role includes it")
    if outcome.state == "refused":
        raise Overtaken(outcome.words, mend="get it anew, and look", by=outcome.by, at=outcome.at)
    return {
        "proposal": row.pk, "state": outcome.state, "by": by, "at": outcome.at, "leaves_at": outcome.leaves_at,
    }  # fmt: skip


def _mine(request: HttpRequest, proposal: int) -> Proposal:
    """One proposal that the account decides about; another chapter's is as unknown as one that does not exist."""
    row = proposal_or_404(request, proposal)
    require(request.user.get_username(), Act.DECIDE, chapter=row.chapter_id)
    return row


def _decided(row: Proposal) -> dict[str, Any]:
    by, at = row.decided_by, row.decided_at
    return {"proposal": row.pk, "state": row.state, "by": by, "at": at, "leaves_at": None}


def _told(rows: Iterable[Proposal]) -> list[dict[str, Any]]:
    found = list(rows)
    people, waiting = known({row.member for row in found}), set(approvals.awaiting_second())
    return [
        {
            "proposal": row.pk, **people[row.member], **{name: getattr(row, name) for name in _OF_A_PROPOSAL},
            "waits_for_second": row.pk in waiting, "steps": [_step(step) for step in row.steps.all()],
        }
        for row in found
    ]  # fmt: skip


def _step(step: Any) -> dict[str, Any]:
    told = {name: getattr(step, name) for name in _OF_A_STEP}
    return {"step": step.pk, **told, "body": tokens.shown(step.body)}
