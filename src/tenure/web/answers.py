"""What members answered on pages of their own, for whoever is to take it up."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from tenure.base.errors import NotAllowed, UsageError
from tenure.ledger import answering, contacts, identities
from tenure.web import place, words
from tenure.web.asked import number
from tenure.web.queue_list import playbook_title


@dataclass(frozen=True)
class Answered:
    """A member who answered: to what, in which words, and how long ago."""

    number: int
    member_id: str
    name: str
    said: str
    since: str


def answered(found: list[answering.Answer], now: dt.datetime) -> list[Answered]:
    """Whoever waits for somebody to take up what they answered, in words."""
    members = [one.member for one in found]
    ids, names = identities.ids_of(members=members), contacts.names_of(members=members)
    return [
        Answered(
            one.number,
            ids[one.member],
            names.get(one.member) or f"Member {ids[one.member]}",
            _said(one),
            words.day(one.at.date(), near=now.date()),
        )
        for one in found
        if one.member in ids
    ]


@require_POST
def take_up(request: HttpRequest) -> HttpResponse:
    """Somebody has seen to it; back to Today. What is another chapter's is as unknown as what does not exist."""
    try:
        answering.take_up(
            answer=number(request.POST.get("answer", "")) or 0, by=request.user.get_username(), clock=place.now
        )
    except (UsageError, NotAllowed) as error:
        raise Http404 from error
    return redirect("today")


def _said(one: answering.Answer) -> str:
    title = playbook_title(one.playbook, one.version)
    return f"Took the offer up: {title}" if one.kind == "accepted" else f"“{one.value}” ({title})"
