"""The change ledger: what changed in dues, in programs and outside, entered once and withdrawn where it was wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from tenure.base.errors import NotAllowed, TenureError, UsageError
from tenure.features.scopes import require_on_record, scopes_on_record
from tenure.ledger import change_ledger
from tenure.ledger.rights import Act
from tenure.membership.scope import FIELDS, Scope
from tenure.web import place, words
from tenure.web.asked import day_in, number
from tenure.web.cells import list_file
from tenure.web.roles import may

_COLUMNS = (
    "changed_on", "change", "scope", "entry", "by", "entered_at", "withdrawn_at", "withdrawn_by", "why_withdrawn",
)  # fmt: skip
_BEFORE = {"member_type": "Member type", "chapter_id": "Chapter", "ref": "Program", "kind": "Kind"}
"""What stands before the value of each field that a scope goes by."""


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """All that was entered and that the source lists; a form for those who may enter."""
    return _shown(request)


@require_safe
def as_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The list as CSV or JSON."""
    rows = [[row[name] for name in _COLUMNS] for row in (one.as_row() for one in change_ledger.listed(place.lake()))]
    return list_file("changes", _COLUMNS, rows, form)


@require_POST
def enter(request: HttpRequest) -> HttpResponse:
    """Enter a change."""
    form = request.POST
    try:
        day = day_in(form.get("day", ""))
        if day is None:
            raise UsageError("a change needs the day from which it is so", mend="write it as 2025-03-01")
        scope = Scope(form.get("field", ""), form.get("value", "").strip())
        if scope.value and not scope.field:
            raise UsageError("one is named, and whom the change concerns is everybody", mend="choose both or neither")
        require_on_record(scope, scopes_on_record(place.lake()))
        by = request.user.get_username()
        row = change_ledger.enter(changed_on=day, change=form.get("change", ""), scope=scope, by=by, clock=place.now)
    except TenureError as error:
        return _shown(request, form, trouble=error)
    return redirect(f"{request.path.removesuffix('enter')}#c-{row.pk}")


@require_POST
def withdraw(request: HttpRequest) -> HttpResponse:
    """Let an entry count no more."""
    form = request.POST
    entry, by = number(form.get("entry", "")) or 0, request.user.get_username()
    try:
        change_ledger.withdraw(entry=entry, why=form.get("why", ""), by=by, clock=place.now)
    except TenureError as error:
        return _shown(request, {}, trouble=error)
    return redirect(f"{request.path.removesuffix('withdraw')}#c-{entry}")


def _shown(
    request: HttpRequest, form: Mapping[str, Any] | None = None, *, trouble: TenureError | None = None
) -> HttpResponse:
    may_enter, lake = may(request.user, Act.CHANGES), place.lake()
    known = scopes_on_record(lake)
    context = {
        "changes": [{"row": one, "whom": said(one.scope, known)} for one in change_ledger.listed(lake)],
        "may_enter": may_enter,
        "given": form or {},
        "fields": FIELDS,
        "known": [(scope.value, said(scope, known)) for scope in known] if may_enter else [],
        "longest": change_ledger.LONGEST,
        "trouble": words.trouble(trouble) if trouble else "",
    }
    status = 200 if trouble is None else 403 if isinstance(trouble, NotAllowed) else 422
    return render(request, "change_ledger.html", context, status=status)


def said(scope: Scope, known: Mapping[Scope, str]) -> str:
    """Whom a change concerns, in words: `Chapter Gulf`, `Program CE-7, Ethics for new managers`."""
    if scope == Scope():
        return "Everybody"
    more = known.get(scope, "no record is of it, so it concerns nobody")
    return f"{_BEFORE.get(scope.field, scope.field)} {scope.value}" + (f", {more}" if more else "")
