"""One question, answered once; it is over when the member has renewed."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from tenure.ledger import responses
from tenure.ledger.locking import BEGUN
from tenure.ledger.models import CurrentScore, OutreachStep, Response
from tenure.ledger.responses import News
from tenure.web import place
from tenure.web.public.tickets import Holder, holder_of, message, unhurried, unknown

_BY = "member, by link"
_LONGEST = 400
_VALID_DAYS = 60
_THANKS = ("Thank you", "Your answer has arrived. Somebody who can do something about it will read it.")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@unhurried
def page(request: HttpRequest, token: str) -> HttpResponse:
    """The question with its answers, and what is sent back."""
    holder = holder_of("answer", token)
    if holder is None or holder.step is None or not holder.step.details.get("question"):
        return unknown(request)
    if not has_left(holder.step):
        return message(request, *EARLY)
    if is_known("answered", holder):
        return message(request, *_THANKS)
    if is_over(holder) or has_renewed(holder.step):
        return message(request, "This question is closed", "Nothing more is needed. Thank you for looking in.")
    answers = [str(one) for one in holder.step.details.get("answers") or ()]
    given = _given(request, answers)
    if request.method != "POST" or not given:
        context = {"token": token, "title": holder.step.details["question"], "answers": answers}
        context["trouble"] = request.method == "POST"
        return render(request, "public_answer.html", context, status=422 if context["trouble"] else 200)
    note("answered", holder, given)
    return message(request, *_THANKS)


def note(kind: str, holder: Holder, value: str = "") -> None:
    """Write down what the member answered to a step; once."""
    assert holder.step is not None
    news = News(
        member=holder.ticket.member,
        kind=kind,
        source="page",
        reference=f"{kind}:{holder.ticket.reference}",
        at=place.now(),
        step=holder.step.pk,
        value=value,
    )
    responses.note(news=news, by=_BY, clock=place.now)


def is_known(kind: str, holder: Holder) -> bool:
    """Whether the member did so before."""
    return Response.objects.filter(source="page", reference=f"{kind}:{holder.ticket.reference}").exists()


EARLY = ("This link is not open yet", "It opens when the message that it stands in has left.")
"""What whoever tries a link out of a draft reads."""


def has_left(step: OutreachStep) -> bool:
    """Whether the message may have reached the member; before, only staff can have its link, out of the draft."""
    return step.state in BEGUN


def is_over(holder: Holder) -> bool:
    """Whether the link is older than its step lets it be."""
    assert holder.step is not None
    days = holder.step.details.get("valid_days")
    lasts = days if isinstance(days, int) and days > 0 else _VALID_DAYS
    return place.now().date() > holder.ticket.issued_on + dt.timedelta(days=lasts)


def has_renewed(step: OutreachStep) -> bool:
    """Whether the term that the step was about has been renewed since."""
    row = step.proposal
    noted = Response.objects.filter(member=row.member, kind="renewed", at__gte=row.created_at)
    later = CurrentScore.objects.filter(member=row.member, renewal_due_on__gt=row.renewal_due_on or dt.date.max)
    return noted.exists() or later.exists()


def _given(request: HttpRequest, answers: list[str]) -> str:
    """The answer that was chosen, with the words beside it."""
    chosen = request.POST.get("answer", "")
    words = " ".join(request.POST.get("words", "").replace("\0", "").split())
    if answers and chosen not in answers:
        return ""
    return ": ".join(part for part in (chosen if answers else "", words) if part)[:_LONGEST]
