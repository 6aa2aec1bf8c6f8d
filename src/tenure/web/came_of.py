"""Whom each playbook wrote to or called, and what they did after it: the funnel of notices and calls."""

from __future__ import annotations

import datetime as dt
from dataclasses import astuple, dataclass, fields
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from tenure.ledger.calls import LOGGED
from tenure.ledger.models import OutreachStep, Proposal, Response
from tenure.ledger.rights import chapter_of
from tenure.ledger.workload import CONTACTS
from tenure.web import place, words
from tenure.web.cells import list_file
from tenure.web.queue_list import playbook_title
from tenure.web.roles import reader

DAYS = 90
ALL = ""
"""What the row of everyone has in the place of a playbook."""
_KINDS = {
    "refused": ("bounced",),
    "unsubscribed": ("unsubscribed",),
    "answered": ("replied", "answered", "accepted"),
    "attended": ("attended",),
    "paid": ("paid",),
    "renewed": ("renewed",),
}
"""By the name of a column: the responses that are counted in it."""


@dataclass(frozen=True)
class CameOf:
    """Members by what became of them: a member counts once in each column, however often they were contacted."""

    playbook: str
    title: str
    contacted: int
    refused: int
    unsubscribed: int
    answered: int
    attended: int
    paid: int
    renewed: int


@require_safe
def as_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The funnel as CSV or JSON."""
    columns = tuple(field.name for field in fields(CameOf))
    rows = [astuple(one) for one in came_of(chapter_of(reader(request)), place.now())]
    return list_file("contacted", columns, rows, form, days=DAYS)


def came_of(chapter: str | None, now: dt.datetime) -> list[CameOf]:
    """The funnel of the last 90 days, those with most members first, and last everyone, each counted once.

    Args:
        chapter: Whose members count; None for everyone's.
        now: UTC; what left, and what is noted of it, since 90 days before.
    """
    since = now - dt.timedelta(days=DAYS)
    steps = OutreachStep.objects.filter(state=OutreachStep.State.DONE, kind__in=CONTACTS, done_at__gte=since)
    steps = _of_chapter(steps, "proposal__", chapter)
    contacted = dict(steps.values_list("proposal__playbook").annotate(n=Count("proposal__member", distinct=True)))
    counted = {name: Count("member", distinct=True, filter=Q(kind__in=kinds)) for name, kinds in _KINDS.items()}
    noted = Response.objects.filter(step__in=steps)
    of_each = noted.values("step__proposal__playbook").annotate(**counted)
    rows = of_each.values_list("step__proposal__playbook", *counted)
    came = {name: dict(zip(counted, counts, strict=True)) for name, *counts in rows}
    nothing = dict.fromkeys(_KINDS, 0)
    found = [CameOf(name, _title(name), n, **(nothing | came.get(name, {}))) for name, n in contacted.items()]
    if found:
        everyone = steps.aggregate(n=Count("proposal__member", distinct=True))["n"]
        found.append(CameOf(ALL, "All of them", everyone, **noted.aggregate(**counted)))
    return sorted(found, key=lambda one: (one.playbook == ALL, -one.contacted, one.title))


def finding(rows: list[CameOf]) -> str:
    """What the funnel says, in a line."""
    if not rows:
        return f"Nobody was written to or called in {DAYS} days"
    everyone = rows[-1]
    told = f"{words.plural(everyone.contacted, 'member')} written to or called in {DAYS} days"
    return f"{told}; {words.count(everyone.renewed)} renewed after it"


def _of_chapter(rows: QuerySet[Any], via: str, chapter: str | None) -> QuerySet[Any]:
    return rows if chapter is None else rows.filter(**{f"{via}chapter_id": chapter}).exclude(**{f"{via}chapter_id": ""})


def _title(playbook: str) -> str:
    if playbook == LOGGED:
        return "Calls that staff logged"
    version = Proposal.objects.filter(playbook=playbook).order_by("-pk").values_list("playbook_version", flat=True)
    return playbook_title(playbook, version.first())
