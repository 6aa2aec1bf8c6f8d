"""Webhooks: who is told what happens; added, given another secret, switched off, told again, removed."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenure.base.errors import TenureError, UsageError
from tenure.ledger import endpoints
from tenure.outreach.channels.events import EVENTS
from tenure.outreach.channels.subscribing import secret_of, subscribe
from tenure.web import place, words
from tenure.web.cells import list_file


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Every endpoint, and a form that adds one; its secret is shown in the answer alone."""
    if request.method != "POST":
        return _shown(request)
    form = request.POST
    try:
        made, secret = subscribe(
            place.home(), place.settings(), name=form.get("name", "").strip()[:100], url=form.get("url", "")[:500],
            events=form.getlist("event"), is_full=form.get("full") == "1", by=request.user.get_username(),
            clock=place.now,
        )  # fmt: skip
    except TenureError as error:
        return _shown(request, trouble=words.trouble(error), status=422)
    return _shown(request, named=made.name, secret=secret)


@require_safe
def as_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The list as CSV or JSON, without secrets."""
    known = ("name", "url", "full", "disabled", "done", "pending", "given_up", "trouble")
    rows = [[*(one[name] for name in known), " ".join(one["events"])] for one in endpoints.counts()]
    return list_file("webhooks", (*known, "events"), rows, form)


@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """What a button beside an endpoint does."""
    name, by, do = request.POST.get("name", ""), request.user.get_username(), request.POST.get("do", "")
    try:
        if do == "rotate":
            one = endpoints.rotate(name=name, by=by, clock=place.now)
            return _shown(request, named=name, secret=secret_of(place.home(), one, clock=place.now))
        if do == "off":
            why = request.POST.get("why", "").strip() or "switched off"
            endpoints.disable(endpoint=endpoints.named(name), why=why, by=by, clock=place.now)
        elif do == "replay":
            endpoints.replay(name=name, by=by, clock=place.now)
        elif do == "remove":
            endpoints.remove(name=name, by=by, clock=place.now)
        else:
            raise UsageError("nothing was chosen", mend="choose one of the buttons")
    except TenureError as error:
        return _shown(request, trouble=words.trouble(error), status=422)
    return redirect("webhooks")


def _shown(request: HttpRequest, *, trouble: str = "", status: int = 200, **told: Any) -> HttpResponse:
    given = request.POST if trouble and "url" in request.POST else {}
    context = {"rows": endpoints.counts(), "events": list(EVENTS.items()), "trouble": trouble, "given": given, **told}
    return render(request, "webhooks.html", context, status=status)
