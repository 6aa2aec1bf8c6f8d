"""Today: whom to call, why, and what comes up."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenure.ledger import answering
from tenure.ledger.models import ScoreSet
from tenure.ledger.rights import chapter_of
from tenure.web import bands, place, today_words, words
from tenure.web.alerts import shown
from tenure.web.answers import answered
from tenure.web.asked import BANDS, CHANGES, SORTS, Asked
from tenure.web.call import promised
from tenure.web.cells import csv_file, figure_file, list_file
from tenure.web.months_ahead import months_figure
from tenure.web.overview import Overview, calls_of, overview_of
from tenure.web.renewal_class import class_today
from tenure.web.roles import own, reader
from tenure.web.saved_views import beside_today, narrowed_today
from tenure.web.shell import current_scores, waiting
from tenure.web.worklist import (
    COLUMNS,
    PAGE_SIZE,
    matching,
    records,
    records_of,
    rows_by_member,
    some_of,
    whom,
)  # fmt: skip


@dataclass(frozen=True)
class View:
    """A view: a tab with its count."""

    title: str
    address: str
    count: int
    is_current: bool


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The work list, as its address asks for it."""
    score_set = current_scores(request)
    if score_set is None:
        return render(request, "today_empty.html", {})
    asked = Asked.today(request.GET)
    found = own(request, matching(asked, score_set))
    figures = overview_of(score_set, chapter_of(reader(request)))
    calls = calls_of(score_set, chapter_of(reader(request)))
    total = len(calls) if _is_to_call(asked) else found.count() if asked.narrows else figures.members
    last = max(1, -(-total // PAGE_SIZE))
    number = min(asked.page, last)
    first = (number - 1) * PAGE_SIZE
    kept = _is_to_call(asked) and asked.sort == "worth"
    listed = list(calls[first : first + PAGE_SIZE]) if kept else whom(found, first, PAGE_SIZE)
    rows = rows_by_member([*listed, *figures.payments], score_set.as_of)
    answers = answering.waiting(now=place.now(), chapter=chapter_of(reader(request)))
    told = shown(request, score_set, answers)
    return render(
        request,
        "today.html",
        {
            "asked": asked,
            "figures": figures,
            "opening": today_words.opening(figures, len(calls), waiting(request), len(told)),
            "fresh": today_words.fresh(score_set),
            "alerts": told,
            "answered": answered(answers, place.now()),
            "promised": promised(place.now().date(), chapter_of(reader(request))),
            "hours": today_words.hours(len(calls)),
            "views": (views := _views(asked, figures, len(calls))),
            "current": (current := next((view for view in views if view.is_current), None)),
            "narrowed": [] if current else narrowed_today(asked),
            "beside": beside_today(request, asked, score_set),
            "rows": [rows[member] for member in listed if member in rows],
            "total": total,
            "first": first + 1,
            "until": min(first + PAGE_SIZE, total),
            "number": number,
            "last": last,
            "title": _title(asked, figures, total),
            "bands": BANDS,
            "band_rows": bands.rows_of(figures.moved),
            "bands_finding": bands.finding(figures.moved),
            "sorts": SORTS,
            "sort_words": SORTS[asked.sort],
            "others": _other_orders(asked),
            "usual": words.in_hundred(figures.usual),
            "files": urlencode({**asked.parameters(), "sort": asked.sort}),
            "before": words.day(figures.before, near=score_set.as_of) if figures.before else "",
            "payments": [rows[member] for member in figures.payments if member in rows],
            "first_year": today_words.first_year(figures.first_year, score_set),
            "contact": None if chapter_of(reader(request)) is not None else today_words.contact(score_set),
            "class_now": class_today(chapter_of(reader(request))),
            "chart": months_figure(figures, score_set, chapter_of(reader(request))) if _is_whole(asked) else None,
            "weekday": _dated(score_set.as_of),
        },
    )


@require_safe
def as_csv(request: HttpRequest) -> HttpResponseBase:
    """Every row that the address asks for, as CSV."""
    score_set = _scores_or_404(request)
    found = own(request, matching(Asked.of(request.GET), score_set))
    rows = (list(record.values()) for record in records(found))
    return csv_file(_headed(rows), f"tenure-{score_set.as_of}.csv")


@require_safe
def as_json(request: HttpRequest) -> HttpResponse:
    """One page of what the address asks for, as JSON."""
    score_set = _scores_or_404(request)
    asked = Asked.of(request.GET)
    found = own(request, matching(asked, score_set))
    first = (asked.page - 1) * PAGE_SIZE
    total, rows = found.count(), some_of(found, first, PAGE_SIZE)
    more = first + PAGE_SIZE < total
    following = urlencode({**asked.parameters(), "sort": asked.sort, "page": asked.page + 1})
    return JsonResponse(
        {
            "as_of": score_set.as_of,
            "model_version": score_set.model_version,
            "total": total,
            "page": asked.page,
            "next": f"{request.path}?{following}" if more else None,
            "members": list(records_of(rows)),
        }
    )


@require_safe
def contact_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """Whether contact works, as the night counted it, as CSV or JSON; empty for those who see one chapter."""
    told = _scores_or_404(request).day.get("contact") or {}
    rows = list(told.items()) if chapter_of(reader(request)) is None else []
    return list_file("contact", ("what", "value"), rows, form)


@require_safe
def months_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The chart of the months ahead, as SVG or CSV."""
    score_set = _scores_or_404(request)
    chapter = chapter_of(reader(request))
    figure = months_figure(overview_of(score_set, chapter), score_set, chapter)
    if figure is None:
        raise Http404
    return figure_file(figure, form, f"tenure-months-{score_set.as_of}")


@require_safe
def first_year_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """How many first-year members did nothing, by time since joining, as CSV or JSON."""
    score_set = _scores_or_404(request)
    rows = overview_of(score_set, chapter_of(reader(request))).first_year
    lines = [(row.since, row.until, row.members, row.silent) for row in rows]
    return list_file("first-year", ("joined_days_ago", "until", "members", "silent"), lines, form)


def _is_to_call(asked: Asked) -> bool:
    """Whether it asks for those to be called now and for nothing else."""
    return asked == Asked(now=True, sort=asked.sort, page=asked.page)


def _is_whole(asked: Asked) -> bool:
    return asked.page == 1 and (not asked.narrows or _is_to_call(asked))


def _title(asked: Asked, figures: Overview, total: int) -> str:
    if _is_to_call(asked):
        return f"{words.plural(total, 'member')} to call"
    if asked.narrows:
        return f"{words.count(total)} of {words.plural(figures.members, 'member')}{_of_whom(asked)}"
    return f"{words.plural(total, 'member')}"


def _of_whom(asked: Asked) -> str:
    """What those are of whom the list tells, where one word of the address says so."""
    if asked.change:
        return f": {CHANGES[asked.change]}"
    if asked.quiet:
        return ": active before, silent now"
    return ": those who take part most" if asked.engaged else ""


def _other_orders(asked: Asked) -> list[tuple[str, str]]:
    """Short words for the other orders of a work list, each with its address."""
    said = {"worth": "dues kept per hour", "rank": "rank", "date": "date"}
    kept = asked.parameters() or {"all": "1"}
    return [(word, f"?{urlencode({**kept, 'sort': key})}#work") for key, word in said.items() if key != asked.sort]


def _views(asked: Asked, figures: Overview, calls: int) -> list[View]:
    sort = asked.sort
    wanted = [
        ("To call", Asked(sort="worth", now=True), calls),
        ("Everyone", Asked(sort="rank" if sort == "worth" else sort), figures.members),
        ("In grace", Asked(sort=sort, grace=True), figures.grace),
        ("Due in 30 days", Asked(sort=sort, due=30), figures.due[0].members),
        ("High", Asked(sort=sort, band="high"), figures.high),
        ("Medium", Asked(sort=sort, band="medium"), figures.medium),
        ("New", Asked(sort=sort, band="new"), figures.new),
        ("Payments", Asked(sort=sort, payment=True), figures.payment),
    ]
    plain = Asked.of(asked.parameters())
    return [View(title, _address(view), count, plain == Asked.of(view.parameters())) for title, view, count in wanted]


def _address(view: Asked) -> str:
    sort = {} if view.sort == "rank" else {"sort": view.sort}
    return f"?{urlencode({**(view.parameters() or {'all': '1'}), **sort})}#work"


def _headed(rows: Any) -> Any:
    yield COLUMNS
    yield from rows


def _scores_or_404(request: HttpRequest) -> ScoreSet:
    score_set = current_scores(request)
    if score_set is None:
        raise Http404
    return score_set


def _dated(day: dt.date) -> str:
    return f"{day:%A}, {words.day(day)}"
