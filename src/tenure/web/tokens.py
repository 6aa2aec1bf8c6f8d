"""Tokens: one's own, and for whoever manages accounts everybody's; made, shown once, and revoked."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenure.base.errors import NotAllowed, UsageError
from tenure.ledger import tokens
from tenure.ledger.models import ApiToken
from tenure.ledger.rights import Act
from tenure.web import place, words
from tenure.web.asked import number
from tenure.web.cells import list_file
from tenure.web.roles import may, reader

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


@require_safe
def as_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The list as CSV or JSON; of a token itself nothing but its beginning is known."""
    rows = [
        [one.owner.username, one.name, one.hint, " ".join(one.scopes), one.used_at, one.expires_at]
        for one in _standing(request)
    ]
    return list_file("tokens", ("account", "name", "begins_with", "scopes", "last_used_at", "ends_at"), rows, form)


def _standing(request: HttpRequest) -> list[ApiToken]:
    """One's own; everybody's for whoever manages accounts."""
    return tokens.standing(owner=None if may(request.user, Act.STAFF) else reader(request), now=place.now())


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
        "standing": _standing(request),
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
