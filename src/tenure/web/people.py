"""People: the accounts that sign in, and their roles; made, changed, closed. An administrator's page."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from tenure.base.errors import NotAllowed, TenureError, UsageError
from tenure.ledger import factors, staff, tokens
from tenure.ledger.models import Staff
from tenure.ledger.models.staff import Role
from tenure.web import place, words
from tenure.web.cells import list_file

_NOT_ONESELF = frozenset({"role", "close"})


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Every account, and a form that makes one; its first password is made up, and shown in the answer alone."""
    if request.method != "POST":
        return _listed(request)
    form = request.POST
    password = None if form.get("outside") == "1" else secrets.token_urlsafe(12)
    try:
        made = staff.create(
            username=form.get("username", "")[:150], full_name=form.get("full_name", "")[:200], password=password,
            role=form.get("role", ""), chapter=form.get("chapter", ""), email=form.get("email", "")[:320],
            by=request.user.get_username(), clock=place.now,
        )  # fmt: skip
    except TenureError as error:
        return _listed(request, trouble=words.trouble(error), status=422)
    return _listed(request, made=made, password=password)


@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, number: int) -> HttpResponse:
    """One account, and what can be done about it."""
    person = Staff.objects.filter(pk=number).first()
    if person is None:
        raise Http404
    if request.method != "POST":
        return _shown(request, person)
    act = request.POST.get("do", "")
    try:
        if act not in _ACTS:
            raise UsageError("nothing was chosen", mend="choose one of the buttons")
        if person == request.user and act in _NOT_ONESELF:
            raise NotAllowed("nobody changes the role of their own account, or closes it", mend="ask somebody else")
        password = _ACTS[act](request, person)
    except TenureError as error:
        status = 403 if isinstance(error, NotAllowed) else 422
        return _shown(request, person, trouble=words.trouble(error), status=status)
    if password:
        return _shown(request, person, password=password)
    return redirect("person", number=number)


@require_safe
def as_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The accounts as CSV or JSON."""
    rows = [
        [one.username, one.full_name, one.role, one.chapter_id, one.email, hasattr(one, "factor"), one.is_active]
        for one in _accounts()
    ]
    columns = ("username", "full_name", "role", "chapter_id", "email", "second_factor", "is_open")
    return list_file("people", columns, rows, form)


def _accounts() -> QuerySet[Staff]:
    """Everyone, those who can sign in first."""
    return Staff.objects.select_related("factor").order_by("-is_active", "username")


def _role(request: HttpRequest, person: Staff) -> None:
    role, chapter = request.POST.get("role", ""), request.POST.get("chapter", "")
    staff.set_role(username=person.username, role=role, chapter=chapter, by=_by(request), clock=place.now)


def _close(request: HttpRequest, person: Staff) -> None:
    staff.set_open(username=person.username, is_open=False, by=_by(request), clock=place.now)


def _open(request: HttpRequest, person: Staff) -> None:
    staff.set_open(username=person.username, is_open=True, by=_by(request), clock=place.now)


def _email(request: HttpRequest, person: Staff) -> None:
    address = request.POST.get("email", "")[:320]
    staff.set_email(username=person.username, email=address, by=_by(request), clock=place.now)


def _factor(request: HttpRequest, person: Staff) -> None:
    factors.end(person=person, by=_by(request), clock=place.now)


def _sessions(request: HttpRequest, person: Staff) -> None:
    staff.end_sessions(username=person.username, by=_by(request), clock=place.now)


def _password(request: HttpRequest, person: Staff) -> str:
    password = secrets.token_urlsafe(12)
    staff.set_password(username=person.username, password=password, by=_by(request), clock=place.now)
    return password


_ACTS: dict[str, Callable[[HttpRequest, Staff], str | None]] = {
    "role": _role,
    "close": _close,
    "open": _open,
    "email": _email,
    "factor": _factor,
    "sessions": _sessions,
    "password": _password,
}


def _by(request: HttpRequest) -> str:
    return request.user.get_username()


def _listed(request: HttpRequest, *, trouble: str = "", status: int = 200, **made: Any) -> HttpResponse:
    people = _accounts()
    rows = [{"person": person, "factor": hasattr(person, "factor")} for person in people]
    context = {
        "rows": rows, "open": sum(person.is_active for person in people), "roles": Role.choices, "trouble": trouble,
        "provider": place.settings().oidc.issuer and place.settings().oidc.name,
        "given": request.POST if trouble else {}, **made,
    }  # fmt: skip
    return render(request, "people.html", context, status=status)


def _shown(
    request: HttpRequest, person: Staff, *, trouble: str = "", status: int = 200, password: str = ""
) -> HttpResponse:
    person.refresh_from_db()
    context = {
        "person": person, "is_self": person == request.user, "roles": Role.choices, "factor": factors.has(person),
        "tokens": len(tokens.standing(owner=person, now=place.now())), "trouble": trouble, "password": password,
        "outside": person.outside_identities.exists(), "has_password": person.has_usable_password(),
    }  # fmt: skip
    return render(request, "person.html", context, status=status)
