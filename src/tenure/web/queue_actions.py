"""What staff do in the queue: plain forms by POST, each followed by the next draft or by what stood in the way."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenure.base.errors import NotAllowed, Overtaken, TenureError, UsageError
from tenure.ledger import approvals, proposals, samples
from tenure.ledger.approvals import Outcome
from tenure.ledger.models import OutreachStep, Proposal
from tenure.ledger.rights import Act
from tenure.outreach.playbook import REACHES_MEMBER
from tenure.web import place, wording, words
from tenure.web.asked import number
from tenure.web.queue import following, page_of, proposal_or_404, show
from tenure.web.queue_draft import lines_of
from tenure.web.queue_list import Asked, asked_back, names_of
from tenure.web.roles import may, own

SNOOZED_DAYS = 7
_MOST_AT_ONCE = 1000


@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """One decision about one proposal; then the next draft, with a bar that takes the decision back."""
    asked, row = asked_back(request), _proposal(request)
    act = _ACTS.get(request.POST.get("do", "")) or (_reject if request.POST.get("no") else None)
    then = following(request, asked, row.pk)
    try:
        if act is None:
            raise UsageError("nothing was chosen", mend="choose one of the buttons")
        done = act(request, row)
    except (Overtaken, UsageError, NotAllowed) as error:
        return _refused(request, asked, row, error)
    if done is not None:
        return _refused(
            request, asked, row, Overtaken(done.words, mend="look at how it stands now", by=done.by, at=done.at)
        )
    if request.POST.get("do") in ("assign", "revoke", "take-up"):
        return _go(request, asked, row.pk, None)
    return _go(request, asked, then, row.pk)


@require_POST
def approve_many(request: HttpRequest) -> HttpResponse:
    """Approve everything that was ticked and confirmed; says exactly what came of it."""
    asked = asked_back(request)
    picks = [pk for text in request.POST.getlist("pick")[:_MOST_AT_ONCE] if (pk := number(text))]
    mine = set(own(request, Proposal.objects.filter(pk__in=picks)).values_list("pk", flat=True))
    outcomes = approvals.approve(
        proposals=[pk for pk in picks if pk in mine],
        by=request.user.get_username(),
        seen=_seen(request),
        settings=place.settings(),
        clock=place.now,
    )
    return _told(request, asked, outcomes, len(picks) - len(mine), "approved")


@require_POST
def many(request: HttpRequest) -> HttpResponse:
    """Reject, snooze or reassign everything that was ticked; says exactly what came of it."""
    asked = asked_back(request)
    act, verb = _SEVERAL.get(request.POST.get("do", "")) or ((_reject, "rejected") if request.POST.get("no") else _NONE)
    picks = [pk for text in request.POST.getlist("pick")[:_MOST_AT_ONCE] if (pk := number(text))]
    rows, outcomes = own(request, Proposal.objects.filter(pk__in=picks)).in_bulk(), []
    for row in (rows[pk] for pk in dict.fromkeys(picks) if pk in rows):
        try:
            act(request, row)
            outcomes.append(Outcome(row.pk, "approved"))
        except Overtaken as error:
            outcomes.append(Outcome(row.pk, "refused", error.message, error.by, error.at))
        except (UsageError, NotAllowed) as error:
            return _refused(request, asked, row, error)
    return _told(request, asked, outcomes, len(set(picks)) - len(rows), verb)


@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Take back one's own last decision, or several at once."""
    asked = asked_back(request)
    picks = [pk for text in request.POST.getlist("proposal")[:_MOST_AT_ONCE] if (pk := number(text))]
    by, outcomes = request.user.get_username(), []
    for pk in picks:
        row = proposal_or_404(request, pk)
        try:
            approvals.undo(proposal=pk, by=by, clock=place.now)
            outcomes.append(Outcome(pk, "approved"))
        except (Overtaken, NotAllowed) as error:
            if len(picks) == 1:
                return _refused(request, asked, row, error)
            outcomes.append(Outcome(pk, "refused", error.message, getattr(error, "by", ""), getattr(error, "at", None)))
    if len(picks) == 1:
        return _go(request, asked, picks[0], None)
    return _told(request, asked, outcomes, 0, "undone")


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, step: int) -> HttpResponse:
    """The words of one step: a form, and what it sends. Words that claim too much are sent back with what is wrong."""
    asked, row = asked_back(request), _row_of_step(request, step)
    here = next(s for s in row.steps.all() if s.pk == step)
    subject, body = here.subject, here.body
    troubles: tuple[str, ...] = ()
    if request.method == "POST":
        subject = " ".join(request.POST.get("subject", "").split())[:300]
        body = request.POST.get("body", "").replace("\r\n", "\n").strip()[: wording.LONGEST_BODY]
        kept = wording.edited(here, subject, body)
        troubles = kept.problems
        if not troubles:
            try:
                proposals.edit(
                    step=step,
                    by=request.user.get_username(),
                    seen=request.POST.get("seen", ""),
                    subject=subject,
                    body=body,
                    claims=kept.claims,
                    clock=place.now,
                )
            except (Overtaken, NotAllowed) as error:
                return _refused(request, asked, row, error)
            return _go(request, asked, row.pk, None)
    lines, loose, _ = lines_of(here)
    facts = [*(fact for line in lines for fact in line.facts), *loose]
    context = {
        "step": here, "row": row, "name": names_of([row.member])[row.member], "subject": subject, "body": body,
        "facts": list({(one.shown, one.source): one for one in facts}.values()), "troubles": troubles,
        "back": asked.address(opened=row.pk, picks=()), "is_first": not here.edited_by,
        "is_approved": here.state == OutreachStep.State.APPROVED, "is_for_member": here.kind in REACHES_MEMBER,
    }  # fmt: skip
    return render(request, "queue_edit.html", context, status=422 if troubles else 200)


@require_safe
def reject_form(request: HttpRequest, proposal: int) -> HttpResponse:
    """Where a rejection for another reason is put in words."""
    return _form(request, proposal, "queue_reject.html")


@require_safe
def revoke_form(request: HttpRequest, proposal: int) -> HttpResponse:
    """Where an approval is taken back with a reason."""
    return _form(request, proposal, "queue_revoke.html")


@require_safe
def preview(request: HttpRequest, step: int) -> HttpResponse:
    """A message as it would leave, with its footer."""
    row = _row_of_step(request, step)
    here = next(s for s in row.steps.all() if s.pk == step)
    context = {"step": here, "row": row, "name": names_of([row.member])[row.member], **wording.as_sent(here)}
    return render(
        request, "queue_preview.html", {**context, "back": asked_back(request).address(opened=row.pk, picks=())}
    )


@require_POST
def sample(request: HttpRequest, step: int) -> HttpResponse:
    """Send a draft to the one who asks, as a test, and to nobody else."""
    asked, row = asked_back(request), _row_of_step(request, step)
    try:
        _require_mail()
        samples.ask(step=step, by=request.user.get_username(), clock=place.now)
    except (Overtaken, UsageError, NotAllowed) as error:
        return _refused(request, asked, row, error)
    return _go(request, asked, row.pk, None)


def _require_mail() -> None:
    mail = place.settings().mail
    if not (mail.host and mail.sender):
        raise UsageError("no mail server is set here", mend="set `mail.host` and `mail.sender` in tenure.toml")


def _form(request: HttpRequest, proposal: int, template: str) -> HttpResponse:
    row = proposal_or_404(request, proposal)
    context = {"row": row, "name": names_of([row.member])[row.member], "asked": asked_back(request)}
    context |= {"back": asked_back(request).address(opened=row.pk, picks=()), "reasons": proposals.REASONS}
    return render(request, template, context)


def _approve(request: HttpRequest, row: Proposal) -> Outcome | None:
    return _one(request, row, approvals.approve)


def _second(request: HttpRequest, row: Proposal) -> Outcome | None:
    return _one(request, row, approvals.second)


def _one(request: HttpRequest, row: Proposal, act: Callable[..., tuple[Outcome, ...]]) -> Outcome | None:
    (outcome,) = act(
        proposals=[row.pk],
        by=request.user.get_username(),
        seen=_seen(request),
        settings=place.settings(),
        clock=place.now,
    )
    return outcome if outcome.state == "refused" else None


def _snooze(request: HttpRequest, row: Proposal) -> None:
    days = number(request.POST.get("days", "")) or SNOOZED_DAYS
    until = place.now().date() + dt.timedelta(days=min(days, 365))
    proposals.snooze(proposal=row.pk, by=request.user.get_username(), until=until, clock=place.now)


def _reject(request: HttpRequest, row: Proposal) -> None:
    proposals.reject(
        proposal=row.pk,
        by=request.user.get_username(),
        reason=request.POST.get("no", ""),
        words=request.POST.get("why", ""),
        clock=place.now,
    )


def _reassign(request: HttpRequest, row: Proposal) -> None:
    to = request.POST.get("assignee", "")
    proposals.reassign(proposal=row.pk, by=request.user.get_username(), assignee=to, clock=place.now)


def _revoke(request: HttpRequest, row: Proposal) -> None:
    why = request.POST.get("why", "")
    approvals.revoke(proposal=row.pk, by=request.user.get_username(), why=why, clock=place.now)


def _take_up(request: HttpRequest, row: Proposal) -> None:
    proposals.take_up(proposal=row.pk, by=request.user.get_username(), clock=place.now)


_ACTS: dict[str, Callable[[HttpRequest, Proposal], Any]] = {
    "approve": _approve,
    "second": _second,
    "snooze": _snooze,
    "assign": _reassign,
    "revoke": _revoke,
    "take-up": _take_up,
}


def _nothing(request: HttpRequest, row: Proposal) -> None:
    raise UsageError("nothing was chosen", mend="choose one of the buttons")


_NONE: tuple[Callable[[HttpRequest, Proposal], Any], str] = (_nothing, "")
_SEVERAL = {"snooze": (_snooze, "snoozed"), "assign": (_reassign, "reassigned")}


def _seen(request: HttpRequest) -> dict[int, str]:
    """What the reader was looking at: the digests that the form carried."""
    pairs = (text.partition(":") for text in request.POST.getlist("seen"))
    return {pk: digest for name, _, digest in pairs if (pk := number(name))}


def _proposal(request: HttpRequest) -> Proposal:
    row = proposal_or_404(request, number(request.POST.get("proposal", "")) or 0)
    if not may(request.user, Act.DECIDE, chapter=row.chapter_id):
        raise PermissionDenied
    return row


def _row_of_step(request: HttpRequest, step: int) -> Proposal:
    pk = OutreachStep.objects.filter(pk=step).values_list("proposal_id", flat=True).first()
    return proposal_or_404(request, pk or 0)


def _go(request: HttpRequest, asked: Asked, opened: int | None, done: int | None) -> HttpResponse:
    there = asked.address(opened=opened, picks=(), page=page_of(request, asked, opened))
    told = f"{'&' if there else ''}done={done}" if done else ""
    return HttpResponseRedirect(f"{reverse('queue')}?{there}{told}")


def _refused(request: HttpRequest, asked: Asked, row: Proposal, error: TenureError) -> HttpResponse:
    """The page again, with what stood in the way: for whoever came second, who was first and when."""
    at, by = getattr(error, "at", None), getattr(error, "by", "")
    who = f" {by}, {words.instant(at)}." if by and at else f" {words.instant(at).capitalize()}." if at else ""
    mend = f" {words.sentence(error.mend)}" if error.mend else ""
    status = 403 if isinstance(error, NotAllowed) else 422 if isinstance(error, UsageError) else 409
    asked = Asked.of(QueryDict(asked.address(opened=row.pk)))
    return show(request, asked, trouble=f"{words.sentence(error.message)}{who}{mend}", status=status)


def _told(request: HttpRequest, asked: Asked, outcomes: Any, unknown: int, verb: str) -> HttpResponse:
    rows = Proposal.objects.in_bulk([outcome.proposal for outcome in outcomes])
    names = names_of([row.member for row in rows.values()])
    named = [(o, names[rows[o.proposal].member] if o.proposal in rows else "") for o in outcomes]
    done = [(o, name) for o, name in named if o.state == "approved"]
    context = {
        "verb": verb,
        "done": done,
        "waits": [(o, name) for o, name in named if o.state == "waits"],
        "refused": [(o, name, words.instant(o.at) if o.at else "") for o, name in named if o.state == "refused"],
        "unknown": unknown,
        "leaves": words.instant(min(o.leaves_at for o, _ in done)) if done and verb == "approved" else "",
        "back": asked.address(opened=None, picks=()),
    }
    return render(request, "queue_told.html", context)
