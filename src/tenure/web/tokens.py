"""Tokens: one's own, and for whoever manages accounts everybody's; made, shown once, and revoked."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from tenure.base.errors import NotAllowed, UsageError
from tenure.ledger import tokens
from tenure.ledger.rights import Act
from tenure.web import place, words
from tenure.web.asked import number
from tenure.web.roles import may

DAYS = (30, 90, 180, 366)


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Tokens that stand, and a form that makes one; the answer to it is the only place that shows the token."""
    if request.method != "POST":
        return _shown(request)
    by = request.user.get_username()
    try:
        made, text = tokens.make(
            owner=by, name=request.POST.get("name", ""), scopes=request.POST.getlist("scope"), by=by,
            days=number(request.POST.get("days", "")) or 0, clock=place.now,
        )  # fmt: skip
    except (UsageError, NotAllowed) as error:
        return _shown(request, trouble=words.trouble(error), status=422)
    return _shown(request, made=made, text=text)


@require_POST
def revoke(request: HttpRequest) -> HttpResponse:
    """End one."""
    try:
        token = number(request.POST.get("token", "")) or 0
        tokens.revoke(token=token, by=request.user.get_username(), clock=place.now)
    except NotAllowed as error:
        return _shown(request, trouble=words.sentence(error.message), status=403)
    except UsageError:
        return _shown(request, trouble="That token has ended already.", status=409)
    return redirect("tokens")


def _shown(request: HttpRequest, *, trouble: str = "", status: int = 200, **made: object) -> HttpResponse:
    manages = may(request.user, Act.STAFF)
    context = {
        "standing": tokens.standing(owner=None if manages else request.user, now=place.now()),
        "manages": manages,
        "scopes": list(tokens.WORDS.items()),
        "given": request.POST.getlist("scope") if trouble else [],
        "name": request.POST.get("name", "") if trouble else "",
        "days": DAYS,
        "usual": tokens.USUAL_DAYS,
        "trouble": trouble,
        **made,
    }
    return render(request, "tokens.html", context, status=status)
