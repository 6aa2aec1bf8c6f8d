"""No more messages of this kind: one button for people, one POST for mail programs (RFC 8058)."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from tenure.ledger import permissions, responses
from tenure.outreach.consent import CHANNEL_OF
from tenure.web import place
from tenure.web.public.tickets import holder_of, message, unhurried, unknown

_BY = "member, by link"


# A mail program sends no form token: the link itself is what only the recipient has.
@csrf_exempt
@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
@unhurried
def page(request: HttpRequest, token: str) -> HttpResponse:
    """A page with one button; pressing it, or a mail program's POST, leaves the member alone from now on."""
    holder = holder_of("unsubscribe", token)
    if holder is None:
        return unknown(request)
    if request.method != "POST":
        return render(request, "public_unsubscribe.html", {"token": token, "title": "No more messages like this?"})
    member, step = holder.ticket.member, holder.step
    channel = CHANNEL_OF.get(step.kind, "email") if step else "email"
    permissions.suppress(
        why="unsubscribe", source="link in a message", by=_BY, member=member, channel=channel, clock=place.now
    )
    responses.note(
        news=responses.News(
            member=member,
            kind="unsubscribed",
            source="page",
            reference=f"unsubscribe:{holder.ticket.reference}",
            at=place.now(),
            step=step.pk if step else None,
        ),
        by=_BY,
        clock=place.now,
    )
    return message(
        request,
        "You will receive no more of these messages",
        "It holds from now on. Notices that your membership requires, such as invoices, still come.",
    )
