"""What each key does, and the switch that turns keys off in one browser."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from tenure.ledger import audit
from tenure.web import place
from tenure.web.configuration import is_local

_YEAR_SECONDS = 365 * 24 * 60 * 60


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """The keys, and whether they are on in this browser."""
    if request.method != "POST":
        return render(request, "keys.html", {})
    answer = redirect("keys")
    wanted = "off" if request.POST.get("keys") == "off" else "on"
    audit.record("staff:keys:switch", by=request.user.get_username(), clock=place.now, to=wanted)
    secure = not is_local(place.settings())
    answer.set_cookie("tenure-keys", wanted, max_age=_YEAR_SECONDS, httponly=True, samesite="Lax", secure=secure)
    return answer
