"""Members whom playbooks leave alone: the do-not-wake list, added to and lifted from by whoever decides about them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from tenure.base.errors import NotAllowed, TenureError, UsageError
from tenure.ledger import contacts, identities, rollout
from tenure.ledger.models import CurrentScore
from tenure.ledger.rights import Act
from tenure.web import place, words
from tenure.web.asked import day_in
from tenure.web.cells import list_file
from tenure.web.record import chapter_in, record_of
from tenure.web.roles import may, own, sees


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Who is left alone, by whose word, why and until when."""
    return _shown(request)


@require_safe
def as_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The list as CSV or JSON."""
    rows = [
        [one["id"], one["name"], one["row"].why, one["row"].by, one["row"].at, one["row"].until]
        for one in _people(request)
    ]
    return list_file("left-alone", ("member_id", "name", "why", "by", "at", "until"), rows, form)


@require_POST
def change(request: HttpRequest) -> HttpResponse:
    """Put a member on the list, or take one off; another chapter's is as unknown as one who does not exist."""
    form, by = request.POST, request.user.get_username()
    try:
        member = identities.required(member_id=form.get("member", "").strip().replace("\0", "")[:200])
        if not sees(request, _chapter_of(member)):
            raise UsageError("there is no such member", mend="give the id to the letter, with its leading zeros")
        if form.get("do") == "add":
            rollout.leave_alone(member=member, by=by, why=form.get("why", ""), until=_day(form), clock=place.now)
        elif form.get("do") == "lift":
            rollout.wake(member=member, by=by, clock=place.now)
        else:
            raise Http404
    except TenureError as error:
        return _shown(request, trouble=words.trouble(error), status=403 if isinstance(error, NotAllowed) else 422)
    return redirect("left-alone")


def _day(form: Any) -> dt.date | None:
    """Until when; the last day of it has to come."""
    day = day_in(form.get("until", ""))
    if day and day < place.now().date():
        raise UsageError("that day is past", mend="choose today or later, or leave it empty")
    return day


def _chapter_of(member: int) -> str:
    score = CurrentScore.objects.filter(member=member).first()
    facts = record_of(place.lake(), member, place.now().date()).facts
    return chapter_in(facts, score)


def _people(request: HttpRequest) -> list[dict[str, Any]]:
    """Who is left alone, as far as the reader may see them, the newest first."""
    rows = rollout.left_alone(place.now().date())[::-1]
    if getattr(request.user, "chapter_id", ""):
        mine = set(own(request, CurrentScore.objects.all()).values_list("member", flat=True))
        rows = [row for row in rows if row.member in mine]
    members = [row.member for row in rows]
    ids, names = identities.ids_of(members=members), contacts.names_of(members=members)
    return [
        {
            "row": row,
            "id": ids.get(row.member, ""),
            "name": names.get(row.member) or f"Member {ids.get(row.member, '')}",
        }
        for row in rows
    ]


def _shown(request: HttpRequest, *, trouble: str = "", status: int = 200) -> HttpResponse:
    context = {
        "people": _people(request), "may_decide": may(request.user, Act.DECIDE), "trouble": trouble,
        "given": request.POST if trouble else {"member": request.GET.get("member", "")[:200]},
    }  # fmt: skip
    return render(request, "left_alone.html", context, status=status)
