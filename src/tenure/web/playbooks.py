"""Playbooks: which are on, their text, and a new version of one; a text that is wrong is sent back with its lines."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tenure.base.errors import BadInput, UsageError
from tenure.ledger import playbooks
from tenure.ledger.models import Proposal
from tenure.ledger.playbooks import Kept
from tenure.ledger.proposals import REASONS
from tenure.ledger.rights import Act, chapter_of
from tenure.ledger.wordings import Wording, wordings
from tenure.outreach.playbook import Playbook
from tenure.outreach.reading import read_playbook
from tenure.web import came_of, place, words
from tenure.web.cells import list_file
from tenure.web.queue_list import playbook_title
from tenure.web.roles import may, own, reader

LONGEST = 60_000
_LOOKED_BACK = dt.timedelta(days=365)
_WORDINGS_SHOWN = 20
_STATES = ("open", "approved", "rejected", "held")
_KINDS = {"callback": "call", "in_app": "in-app message", "sms": "text message", "survey": "question"}


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Every playbook, in the order in which they have a member, and what became of what they proposed."""
    rows = _rows(request)
    on = sum(row["is_on"] for row in rows)
    came = came_of.came_of(chapter_of(reader(request)), place.now())
    context = {"rows": rows, "on": on, "came": came, "finding": came_of.finding(came), "days": came_of.DAYS}
    return render(request, "playbooks.html", context)


@require_safe
def as_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The list as CSV or JSON."""
    known = ("name", "title", "purpose", "is_on", "number", "steps")
    rows = [
        [*(row[name] for name in known), *(row["counts"].get(state, 0) for state in _STATES)] for row in _rows(request)
    ]
    return list_file("playbooks", (*known[:4], "version", "steps", *_STATES), rows, form)


def _rows(request: HttpRequest) -> list[dict[str, Any]]:
    counts = _counts(request)
    rows = [{**_told(kept), "counts": counts.get(kept.name, {})} for kept in playbooks.every()]
    return sorted(rows, key=lambda row: (row["order"], row["name"]))


@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, name: str) -> HttpResponse:
    """One playbook: its text and versions, and for those who may, a form that keeps the next version."""
    kept = _kept_or_404(name)
    if request.method != "POST":
        return _shown(request, kept, kept.text)
    if not may(request.user, Act.PLAYBOOKS):
        return _shown(request, kept, kept.text, trouble="Your role does not let you edit playbooks.", status=403)
    text = request.POST.get("text", "").replace("\r\n", "\n").replace("\0", "")
    if len(text) > LONGEST:
        said = f"Nothing was kept: a playbook has {LONGEST:,} characters at most, and yours has {len(text):,}."
        return _shown(request, kept, text, trouble=said, status=422)
    if request.POST.get("seen") != str(kept.number):
        said = f"Somebody kept version {kept.number} meanwhile. Yours stands below; compare before you keep it."
        return _shown(request, kept, text, trouble=said, status=409)
    try:
        read_playbook(text, name, version=kept.number + 1)
    except BadInput as error:
        return _shown(request, kept, text, trouble=f"{error.message} {error.mend}".strip(), status=422)
    why = request.POST.get("why", "")[:400]
    playbooks.add(name=name, text=text, by=request.user.get_username(), why=why, clock=place.now)
    return redirect("playbook", name=name)


@require_POST
def switch(request: HttpRequest, name: str) -> HttpResponse:
    """Let a playbook propose from the next night on, or no more."""
    kept, on = _kept_or_404(name), request.POST.get("on") == "1"
    why = request.POST.get("why", "")[:400]
    playbooks.switch(name=kept.name, on=on, by=request.user.get_username(), why=why, clock=place.now)
    return redirect("playbook", name=name)


@require_safe
def one_as_file(request: HttpRequest, name: str, key: str, form: str) -> HttpResponseBase:
    """The versions of a playbook, or how the words of its steps were taken in a year, as CSV or JSON."""
    kept = _kept_or_404(name)
    if key == "versions":
        columns = ("number", "at", "by", "why")
        versions = [[getattr(one, c) for c in columns] for one in reversed(playbooks.history(kept.name))]
        return list_file("versions", columns, versions, form, playbook=kept.name)
    if key == "words":
        found = wordings(since=place.now() - _LOOKED_BACK, playbook=kept.name, chapter=chapter_of(reader(request)))
        return list_file("words", _WORDS, [_wording_line(one) for one in found], form, playbook=kept.name)
    raise Http404


_WORDS = ("version", "step", "kind", "unchanged", "edited", "rejected", "share_changed", "reasons")


def _wording_line(one: Wording) -> tuple[object, ...]:
    _, version, step = one.place
    why = ", ".join(f"{name} {count}" for name, count in sorted(one.reasons.items()))
    return version, step, one.kind, one.unchanged, one.edited, one.rejected, one.changed, why


def _shown(request: HttpRequest, kept: Kept, text: str, *, trouble: str = "", status: int = 200) -> HttpResponse:
    context = {
        **_told(kept),
        "text": text,
        "trouble": trouble,
        "versions": list(reversed(playbooks.history(kept.name)))[:20],
        "may_edit": may(request.user, Act.PLAYBOOKS),
        "counts": _counts(request).get(kept.name, {}),
        "wordings": _wordings(request, kept.name),
    }
    return render(request, "playbook.html", context, status=status)


def _told(kept: Kept) -> dict[str, Any]:
    """A playbook in words; one whose text an older version of Tenure kept may not be readable any more."""
    told: dict[str, Any] = {
        "name": kept.name, "number": kept.number, "is_on": kept.is_on, "title": playbook_title(kept.name),
        "purpose": "", "order": 999, "steps": "", "fault": "",
    }  # fmt: skip
    try:
        read = _read(kept.text, kept.name, kept.number)
    except BadInput as error:
        return {**told, "fault": error.message}
    kinds = Counter(_KINDS.get(step.kind, step.kind) for step in read.steps)
    steps = ", ".join(kind if n == 1 else f"{n} × {kind}" for kind, n in kinds.items())
    minutes = f"{read.minutes:.0f} min of staff" if round(read.minutes) else "no staff time"
    said = {"title": read.title, "purpose": read.purpose, "order": read.order, "steps": f"{steps}; {minutes}"}
    return {**told, **said}


def _wordings(request: HttpRequest, name: str) -> list[dict[str, str]]:
    """How staff took the words of each step in the last year, newest version first."""
    found = wordings(since=place.now() - _LOOKED_BACK, playbook=name, chapter=chapter_of(reader(request)))
    return [_wording(one) for one in found[:_WORDINGS_SHOWN]]


def _wording(one: Wording) -> dict[str, str]:
    _, version, step = one.place
    much = f", {round(100 * one.changed)} % of the words" if one.changed is not None else ""
    why = ", ".join(f"{REASONS.get(name, name).lower()} {count}" for name, count in sorted(one.reasons.items()))
    return {
        "title": f"Version {version}, step {step} ({_KINDS.get(one.kind, one.kind)})",
        "decided": words.count(one.unchanged + one.edited + one.rejected),
        "said": f"{one.unchanged} approved as drafted; {one.edited} edited{much}; {one.rejected} rejected"
        f"{f' ({why})' if why else ''}",
    }


@lru_cache(maxsize=64)
def _read(text: str, name: str, version: int) -> Playbook:
    """A kept version, which never changes."""
    return read_playbook(text, name, version=version)


def _counts(request: HttpRequest) -> dict[str, Mapping[str, Any]]:
    """By playbook: how many proposals are open, were approved, rejected and held back."""
    state = Proposal.State
    rows = own(request, Proposal.objects.all()).order_by().values("playbook")
    rows = rows.annotate(
        open=Count("pk", filter=Q(state__in=(state.OPEN, state.SNOOZED))),
        approved=Count("pk", filter=Q(state__in=(state.APPROVED, state.DONE))),
        rejected=Count("pk", filter=Q(state=state.REJECTED)),
        held=Count("pk", filter=Q(state=state.HELD_BACK)),
    )
    return {row["playbook"]: row for row in rows}


def _kept_or_404(name: str) -> Kept:
    try:
        return playbooks.current(name)
    except UsageError as error:
        raise Http404 from error
