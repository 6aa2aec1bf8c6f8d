"""What is on its way out: the switch that stops it, and what got lost on the way."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from tenure.base.errors import Overtaken, UsageError
from tenure.ledger import endpoints, outcomes, pausing
from tenure.ledger.models import Endpoint, OutreachStep, Proposal, SendingPause
from tenure.ledger.rights import Act
from tenure.web import place, words
from tenure.web.asked import number
from tenure.web.cells import list_file
from tenure.web.queue_list import Asked, asked_back, names_of
from tenure.web.roles import may, own

_SHOWN = 20
_LOST_SHOWN = 100
State = OutreachStep.State


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Whether messages leave, how many wait to, and past pauses."""
    return _shown(request)


@require_POST
def pause(request: HttpRequest) -> HttpResponse:
    """Stop everything on its way out."""
    try:
        pausing.pause(by=request.user.get_username(), why=request.POST.get("why", ""), clock=place.now)
    except UsageError as error:
        return _shown(request, trouble=error.mend, status=422)
    return redirect("sending")


@require_POST
def resume(request: HttpRequest) -> HttpResponse:
    """Let it go on."""
    try:
        pausing.resume(by=request.user.get_username(), clock=place.now)
    except Overtaken as error:
        return _shown(request, trouble=error.message, status=409)
    return redirect("sending")


@require_POST
def outcome(request: HttpRequest) -> HttpResponse:
    """What a person found out about a step that may or may not have left; back to the page that they came from."""
    step = _steps(request).filter(pk=number(request.POST.get("step", "")) or 0).first()
    if step is None:
        raise Http404
    by = request.user.get_username()
    try:
        if request.POST.get("it") == "arrived":
            outcomes.arrived(step=step.pk, by=by, settings=place.settings(), clock=place.now)
        elif request.POST.get("it") == "again":
            outcomes.send_again(step=step.pk, by=by, clock=place.now)
        else:
            return _shown(request, trouble="Choose one of the two buttons", status=422)
    except Overtaken as error:
        return _shown(request, trouble=words.trouble(error), status=409)
    if "back" not in request.POST:
        return redirect("sending")
    return HttpResponseRedirect(f"{reverse('queue')}?{asked_back(request).address(opened=step.proposal_id, picks=())}")


@require_POST
def replay(request: HttpRequest) -> HttpResponse:
    """Tell an endpoint again that was given up."""
    try:
        endpoints.replay(name=request.POST.get("endpoint", ""), by=request.user.get_username(), clock=place.now)
    except UsageError as error:
        return _shown(request, trouble=error.message, status=422)
    return redirect("sending")


@require_safe
def pauses_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """Every pause, the newest first, as CSV or JSON."""
    columns = ("why", "since", "by", "ended_at", "ended_by")
    pauses = SendingPause.objects.order_by("-since")
    return list_file("pauses", columns, [[getattr(one, name) for name in columns] for one in pauses], form)


def _shown(request: HttpRequest, *, trouble: str = "", status: int = 200) -> HttpResponse:
    lost = _steps(request).filter(state=State.UNKNOWN).select_related("proposal").order_by("changed_at", "pk")
    context = {
        "waiting": _steps(request).filter(state=State.APPROVED).count(),
        "lost": _in_words(lost[:_LOST_SHOWN]),
        "lost_in_all": lost.count(),
        "off": _switched_off() if may(request.user, Act.PAUSE) else (),
        "pauses": SendingPause.objects.order_by("-since")[:_SHOWN],
        "may_pause": may(request.user, Act.PAUSE),
        "may_decide": may(request.user, Act.DECIDE),
        "trouble": words.sentence(trouble),
    }
    return render(request, "sending.html", context, status=status)


def _steps(request: HttpRequest) -> QuerySet[OutreachStep]:
    """Steps about members whom the reader may see."""
    return OutreachStep.objects.filter(proposal__in=own(request, Proposal.objects.all()))


def _in_words(steps: QuerySet[OutreachStep]) -> list[dict[str, Any]]:
    """Each step of unknown outcome: whom it is about, what it is, and since when nobody knows."""
    found = list(steps)
    names = names_of({step.proposal.member for step in found})
    return [
        {
            "step": step,
            "name": names[step.proposal.member],
            "since": words.instant(step.handed_at or step.changed_at),
            "address": Asked(view="unknown").address(opened=step.proposal_id),
        }
        for step in found
    ]


def _switched_off() -> list[dict[str, Any]]:
    """Endpoints that hear nothing any more, why, and how much waits for them."""
    return [
        {
            "name": one.name,
            "why": one.disabled_why,
            "since": one.disabled_at,
            "waiting": one.messages.exclude(state=endpoints.State.DONE).count(),
        }
        for one in Endpoint.objects.exclude(disabled_at=None).order_by("name")
    ]
