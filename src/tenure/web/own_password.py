"""One's own password: changed by whoever knows it; every other session of the account ends."""

from __future__ import annotations

from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from tenure.base.errors import UsageError
from tenure.ledger import staff
from tenure.web import place, words
from tenure.web.roles import reader
from tenure.web.second_factor import is_them

_LONGEST = 1024


@sensitive_post_parameters("password", "new", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """The form, and what it sends."""
    person = reader(request)
    if request.method != "POST" or not person.has_usable_password():
        return _shown(request)
    if not is_them(request):
        return _shown(request, trouble="That is not your password.", status=422)
    new = request.POST.get("new", "")[:_LONGEST]
    if new != request.POST.get("again", "")[:_LONGEST]:
        return _shown(request, trouble="The two new ones differ.", status=422)
    try:
        staff.set_password(username=person.username, password=new, by=person.username, clock=place.now)
    except UsageError as error:
        return _shown(request, trouble=words.trouble(error), status=422)
    person.refresh_from_db()
    update_session_auth_hash(request, person)
    return _shown(request, done=True)


def _shown(request: HttpRequest, *, trouble: str = "", status: int = 200, done: bool = False) -> HttpResponse:
    context = {"trouble": trouble, "done": done, "has_password": reader(request).has_usable_password()}
    return render(request, "own_password.html", context, status=status)
