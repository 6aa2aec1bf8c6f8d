"""The lists of a member's page as files: terms, what was proposed and came of it, the people of the organization."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from tenure.ledger.models import CurrentScore
from tenure.ledger.rights import chapter_of
from tenure.web import behind, member_side, place
from tenure.web.actions import actions_of, proposals_of
from tenure.web.cells import figure_file, list_file
from tenure.web.member import member_or_404, seen_or_404
from tenure.web.record import Record, record_of
from tenure.web.roles import reader
from tenure.web.shell import current_scores

Lines = tuple[tuple[str, ...], list[Sequence[object]]]
_TERM = ("member_type", "starts_on", "ends_on", "dues", "due_on", "paid_on", "auto_renew", "installments", "ended_by")


@require_safe
def reasons_file(request: HttpRequest, member_id: str, form: str) -> HttpResponseBase:
    """What stands behind the score, as SVG or CSV."""
    member, _, _ = _known(request, member_id)
    score = CurrentScore.objects.filter(member=member).first()
    figure = behind.figure_of(score) if score is not None else None
    if figure is None:
        raise Http404
    return figure_file(figure, form, "tenure-reasons")


@require_safe
def as_file(request: HttpRequest, member_id: str, key: str, form: str) -> HttpResponseBase:
    """One of the lists, whole, as CSV or JSON."""
    lines = _LISTS.get(key)
    if lines is None:
        raise Http404
    member, known, today = _known(request, member_id)
    if key == "people" and chapter_of(reader(request)) is not None:
        raise Http404  # they may be of other chapters
    return list_file(key, *lines(member, known, today), form, member_id=member_id)


def _known(request: HttpRequest, member_id: str) -> tuple[int, Record, dt.date]:
    """The member with their record, and the day of the scores; one whom the reader may not see is not found."""
    member, score_set = member_or_404(member_id), current_scores(request)
    today = score_set.as_of if score_set else place.now().date()
    known = record_of(place.lake(), member, today)
    seen_or_404(request, known, CurrentScore.objects.filter(member=member).first())
    return member, known, today


def _terms(_: int, known: Record, today: dt.date) -> Lines:
    return _TERM, [[getattr(term, name) for name in _TERM] for term in known.terms]


def _contacts(member: int, known: Record, today: dt.date) -> Lines:
    rows = [
        (one.proposal, one.title, one.state, one.day, one.cause, " ".join(one.lines))
        for one in actions_of(proposals_of(member), most=None)
    ]
    return ("proposal", "what", "state", "day", "cause", "steps"), list(rows)


def _people(member: int, known: Record, today: dt.date) -> Lines:
    people = member_side.people_of(known, member, today)
    if known.payer != member:
        return ("member_id", "name", "risk"), [(one.member_id, one.name, one.risk) for one in people]
    rows = [
        (
            one.member_id, one.name, one.risk, one.part.days if one.part else None,
            one.part.last if one.part else None, one.is_key, one.is_here,
        )
        for one in people
    ]  # fmt: skip
    return ("member_id", "name", "risk", "active_days_365", "last_active_on", "key_person", "belongs"), list(rows)


_LISTS: dict[str, Callable[[int, Record, dt.date], Lines]] = {
    "terms": _terms,
    "contacts": _contacts,
    "people": _people,
}
