"""The switch that stops everything on its way out, and the one that turns keys off."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenure.base.errors import Overtaken, UsageError
from tenure.ledger import audit, pausing
from tenure.ledger.models import OutreachStep, SendingPause
from tenure.ledger.rights import Act
from tenure.web import place, words
from tenure.web.configuration import is_local
from tenure.web.roles import may

_SHOWN = 20
_YEAR_SECONDS = 365 * 24 * 60 * 60


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


@require_http_methods(["GET", "HEAD", "POST"])
def keys(request: HttpRequest) -> HttpResponse:
    """The keys, and whether they are on in this browser."""
    if request.method != "POST":
        return render(request, "keys.html", {})
    answer = redirect("keys")
    wanted = "off" if request.POST.get("keys") == "off" else "on"
    audit.record("staff:keys:switch", by=request.user.get_username(), clock=place.now, to=wanted)
    secure = not is_local(place.settings())
    answer.set_cookie("tenure-keys", wanted, max_age=_YEAR_SECONDS, httponly=True, samesite="Lax", secure=secure)
    return answer


def _shown(request: HttpRequest, *, trouble: str = "", status: int = 200) -> HttpResponse:
    context = {
        "waiting": OutreachStep.objects.filter(state=OutreachStep.State.APPROVED).count(),
        "pauses": SendingPause.objects.order_by("-since")[:_SHOWN],
        "may_pause": may(request.user, Act.PAUSE),
        "trouble": words.sentence(trouble),
    }
    return render(request, "sending.html", context, status=status)
