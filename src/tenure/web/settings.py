"""Settings: one room for each thing that can be set on the pages, as far as the reader's role opens it."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenure.web.roles import opens


@dataclass(frozen=True)
class Room:
    """One page of settings: its route, its name, and what is set there."""

    route: str
    title: str
    about: str


ROOMS = {
    "Yours": (
        Room("password", "Password", "Your own; and signing out everywhere"),
        Room("second-factor", "Second factor", "Codes on your telephone, beside your password"),
        Room("reports", "Reports by email", "A daily and a weekly one, for you"),
        Room("views", "Saved views", "What Today and the queue are asked for, under names of your own"),
        Room("tokens", "Tokens", "Keys by which programs ask the API in your name"),
        Room("keys", "Keyboard", "What each key does; keys can be turned off"),
        Room("api", "API", "What programs can ask and do, and how"),
    ),
    "The association’s": (
        Room("people", "People", "Accounts and their roles"),
        Room("playbooks", "Playbooks", "What is proposed to whom, in which words; switched on and off, and edited"),
        Room("phases", "Phases", "How far the rollout has come, and the gates between its phases"),
        Room("left-alone", "Left alone", "Members whom no playbook proposes"),
        Room("changes", "Change ledger", "What changed in dues, in programs and outside, entered once"),
        Room("sending", "Sending", "The switch that stops everything on its way out; what got lost on the way"),
        Room("mapping", "Mapping", "Where each table comes from, and whether it can be read"),
        Room("webhooks", "Webhooks", "Other systems that are told what happens"),
    ),
}
"""In their order on the page, by whose they are."""


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The rooms that open for the reader."""
    role = getattr(request.user, "role", "")
    groups = [(title, [room for room in rooms if opens(role, room.route)]) for title, rooms in ROOMS.items()]
    return render(request, "settings.html", {"groups": groups})
