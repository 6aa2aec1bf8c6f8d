"""Signing in and out."""

from __future__ import annotations

from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from tenure.ledger import audit, staff
from tenure.web import place

_WRONG = "The name or the password is not right."
_THROTTLED = "Too many attempts. Wait a quarter of an hour, then try again."
_LONGEST = 1024


@login_not_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The form, and what it sends. An unknown name and a wrong password give the same answer in the same time."""
    following = _following(request)
    if request.user.is_authenticated:
        return redirect(following)
    if request.method != "POST":
        return _form(request, following)
    username, password = request.POST.get("username", "")[:150], request.POST.get("password", "")[:_LONGEST]
    address = request.META.get("REMOTE_ADDR", "")
    if staff.is_throttled(username=username, address=address, clock=place.now):
        staff.note_throttled(username=username, address=address, clock=place.now)
        return _form(request, following, username, _THROTTLED, status=429)
    person = authenticate(request, username=username, password=password)
    staff.note_guess(username=username, address=address, right=person is not None, clock=place.now)
    if person is None:
        return _form(request, following, username, _WRONG)
    login(request, person)
    request.session.clear_expired()
    began = int(place.session_now().timestamp())
    request.session["began"] = request.session["seen"] = began
    return redirect(following)


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    audit.record("staff:session:end", by=request.user.get_username(), clock=place.now)
    logout(request)
    return redirect("sign-in")


@login_not_required
@require_GET
def health(request: HttpRequest) -> HttpResponse:
    """Whether the pages and their database answer, for a monitor."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")


def _form(
    request: HttpRequest, following: str, username: str = "", trouble: str = "", *, status: int = 200
) -> HttpResponse:
    context = {"next": following, "username": username, "trouble": trouble}
    return render(request, "sign_in.html", context, status=status)


def _following(request: HttpRequest) -> str:
    """Where to go after signing in: an address of ours, or Today."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if safe and wanted.startswith("/") else "/"
