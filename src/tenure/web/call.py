"""A call that was made, told by whoever made it: a plain form, and what it sends."""

from __future__ import annotations

import datetime as dt
import secrets
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from tenure.base.errors import DamagedStore, NotAllowed, Overtaken, UsageError
from tenure.ledger import calls, contacts, identities, proposals
from tenure.ledger.models import Contact, CurrentScore, Proposal
from tenure.web import member_side, place, words
from tenure.web.asked import day_in, number
from tenure.web.queue_list import playbook_title
from tenure.web.record import Reachable, chapter_in, reachable, record_of
from tenure.web.roles import own, sees


@dataclass(frozen=True)
class Promised:
    """A member to be called back: by whom, what that day is called, and what speaks against a call by now."""

    member_id: str
    name: str
    by: str
    said: str
    but: str


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, member_id: str) -> HttpResponse:
    """The form; sent, it keeps the call once, however often it is sent, and leads back to the member."""
    member = identities.member_of(member_id=member_id)
    known = record_of(place.lake(), member, place.now().date()) if member is not None else None
    chapter = _chapter(member, known.facts) if member is not None and known else ""
    if member is None or known is None or not sees(request, chapter):
        raise Http404
    if request.method != "POST":
        return _form(request, member_id, member, known.facts)
    form, by, settings = request.POST, request.user.get_username(), place.settings()
    try:
        calls.log(
            member=member, outcome=form.get("outcome", ""), by=by, key=form.get("key", "")[:60] or secrets.token_hex(8),
            chapter=chapter, words=form.get("words", "").replace("\r\n", "\n").replace("\0", ""),
            follow_up=day_in(form.get("follow_up", "")), minutes=settings.capacity.minutes_per_call,
            noted=settings.writes_into_imis, despite=form.get("despite") == "1", clock=place.now,
        )  # fmt: skip
    except (UsageError, NotAllowed) as error:
        status = 403 if isinstance(error, NotAllowed) else 422
        return _form(request, member_id, member, known.facts, trouble=words.trouble(error), status=status)
    _take_off(request, member, by)
    return redirect(f"{reverse('member', args=[member_id])}?show=ours#time")


def promised(today: dt.date, chapter: str | None) -> list[Promised]:
    """Whom somebody promised to be in touch with by *today*; who is no longer there is left out."""
    found = calls.promises(today=today, chapter=chapter)
    members = [one.member for one in found]
    ids, names = identities.ids_of(members=members), contacts.names_of(members=members)
    known = _known(members)
    reached = Contact.objects.in_bulk(members)
    return [
        Promised(
            ids[one.member],
            names.get(one.member) or f"Member {ids[one.member]}",
            one.by,
            "today" if one.on == today else f"since {words.day(one.on, near=today)}",
            _but(known.get(one.member), one.member, reached.get(one.member)),
        )
        for one in found
        if one.member in ids and not (one.member in known and known[one.member].is_gone)
    ]


def _known(members: list[int]) -> dict[int, Reachable]:
    """What the lake knows of *members*; nothing where it is damaged: what somebody promised is told all the same."""
    try:
        return reachable(place.lake(), members) if members else {}
    except DamagedStore:
        return {}


def _but(known: Reachable | None, member: int, contact: Contact | None) -> str:
    """What speaks against keeping a promise by telephone; the person who made it decides."""
    if known is not None and known.objects:
        return "Objects to profiling since"
    said = member_side.consents(member, ("phone",), known.facts if known else {}, contact)["phone"]
    return "" if said in ("Allowed", "Consent not stated") else said


def _chapter(member: int, facts: dict[str, Any]) -> str:
    return chapter_in(facts, CurrentScore.objects.filter(member=member).first())


def _take_off(request: HttpRequest, member: int, by: str) -> None:
    """Reject what waits for the member, where the form says so; what somebody decided meanwhile stays decided."""
    for text in request.POST.getlist("take_off")[:20]:
        row = own(request, Proposal.objects.filter(pk=number(text) or 0, member=member)).first()
        if row is not None:
            try:
                proposals.reject(proposal=row.pk, by=by, reason="touch", clock=place.now)
            except (Overtaken, NotAllowed):
                continue


def _form(
    request: HttpRequest, member_id: str, member: int, facts: dict[str, Any], *, trouble: str = "", status: int = 200
) -> HttpResponse:
    contact, today = Contact.objects.filter(member=member).first(), place.now().date()
    waiting = own(request, Proposal.objects.filter(member=member, state__in=("open", "snoozed"))).order_by("pk")
    given = request.POST if request.method == "POST" else {}
    context = {
        "member_id": member_id, "name": contact.name if contact and contact.name else f"Member {member_id}",
        "contact": contact, "consent": member_side.consents(member, ("phone",), facts, contact)["phone"],
        "left_out": bool(calls.left_out_of(member=member, today=today)), "outcomes": calls.OUTCOMES,
        "waiting": [(row.pk, playbook_title(row.playbook, row.playbook_version)) for row in waiting],
        "key": given.get("key") or secrets.token_hex(8), "given": given, "trouble": trouble, "today": today,
        "last_day": today + calls.FARTHEST, "longest": calls.LONGEST, "noted": place.settings().writes_into_imis,
    }  # fmt: skip
    return render(request, "call.html", context, status=status)
