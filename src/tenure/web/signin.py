"""Signing in and out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenure.ledger import audit, factors, staff
from tenure.ledger.models import Staff
from tenure.web import place

_WRONG = "The name or the password is not right."
THROTTLED = "Too many attempts. Wait a quarter of an hour, then try again."
HALF = "half"
"""In a session: who has given the right password, and not yet the second factor."""

_LONGEST = 1024


@login_not_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The form, and what it sends. An unknown name and a wrong password give the same answer in the same time."""
    following = following_of(request)
    if request.user.is_authenticated:
        return redirect(following)
    if request.method != "POST":
        return form(request, following)
    username, password = request.POST.get("username", "")[:150], request.POST.get("password", "")[:_LONGEST]
    address = request.META.get("REMOTE_ADDR", "")
    if staff.is_throttled(username=username, address=address, clock=place.now):
        staff.note_throttled(username=username, address=address, clock=place.now)
        return form(request, following, username, THROTTLED, status=429)
    person = authenticate(request, username=username, password=password)
    if isinstance(person, Staff) and factors.has(person):
        # Not a right guess yet: it would forget the wrong codes that were tried before.
        return _to_second_half(request, person, following)
    staff.note_guess(username=username, address=address, right=person is not None, clock=place.now)
    if person is None:
        return form(request, following, username, _WRONG)
    begin_session(request, person)
    return redirect(following)


def begin_session(request: HttpRequest, person: Any, *, via: str = "") -> None:
    """Sign *person* in, in a session of a new name; *via* is the identity provider that vouches for them."""
    request.session.pop(HALF, None)
    login(request, person, backend="django.contrib.auth.backends.ModelBackend")
    request.session.clear_expired()
    request.session["began"] = request.session["seen"] = int(place.session_now().timestamp())
    request.session["via"] = via


def _to_second_half(request: HttpRequest, person: Staff, following: str) -> HttpResponse:
    request.session.cycle_key()
    request.session[HALF] = {"pk": person.pk, "at": int(place.session_now().timestamp()), "next": following}
    return redirect("sign-in-code")


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    audit.record("staff:session:end", by=request.user.get_username(), clock=place.now)
    logout(request)
    return redirect("sign-in")


@require_POST
def sign_out_everywhere(request: HttpRequest) -> HttpResponse:
    """End every session of the account, this one too."""
    name = request.user.get_username()
    staff.end_sessions(username=name, by=name, clock=place.now)
    logout(request)
    return redirect("sign-in")


@login_not_required
@require_GET
def health(request: HttpRequest) -> HttpResponse:
    """Whether the pages and their database answer, for a monitor."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")


def form(
    request: HttpRequest, following: str, username: str = "", trouble: str = "", *, status: int = 200
) -> HttpResponse:
    """The page to sign in on, with what went wrong."""
    oidc = place.settings().oidc
    context = {
        "next": following,
        "username": username,
        "trouble": trouble,
        "provider": oidc.issuer and oidc.name,
        "next_query": urlencode({"next": following}),
    }
    return render(request, "sign_in.html", context, status=status)


def following_of(request: HttpRequest) -> str:
    """Where to go after signing in: an address of ours, or Today."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe and wanted.startswith("/") else "/"
