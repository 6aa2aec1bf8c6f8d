"""Membership: how many there are, who renews, how long they stay, and what is at stake."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenure.charts.retention import Mark
from tenure.charts.words import amount
from tenure.ledger.models import CurrentScore
from tenure.ledger.rights import chapter_of
from tenure.web import place, words
from tenure.web.cells import csv_file, figure_file, list_file
from tenure.web.membership_count import fits, reconciled
from tenure.web.membership_figures import (
    but,
    cells_of,
    chosen_class,
    figures_of,
    in_grace,
    lines_of,
    standing,
    takeaways,
)
from tenure.web.membership_rates import FORMULAS, class_rows, rate_rows, rates_finding, scale_of
from tenure.web.membership_scope import ROWS, Asked, Shown, is_kept, shown_for
from tenure.web.membership_totals import (
    automatic,
    automatic_finding,
    band_rows,
    bands_finding,
    total_file,
    way_rows,
    ways_finding,
)
from tenure.web.renewal_class import Change, ClassNow, points_words, told
from tenure.web.roles import own, reader
from tenure.web.shell import current_scores


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The figures, as the address asks for them."""
    mine = chapter_of(reader(request))
    asked = Asked.of(request.GET, mine)
    shown = shown_for(asked, mine)
    if shown is None:
        state = "own" if mine is not None else "nobody" if is_kept() else "none"
        return render(request, "membership_empty.html", {"asked_for": asked, "state": state})
    figures, at = figures_of(shown), chosen_class(shown)
    rows = rate_rows(shown, lambda key: _address_of(asked, key, mine))
    chosen = told(shown.body["classes"][at]) if at is not None else None
    context = {
        "asked_for": asked,
        "shown": shown,
        "mine": mine,
        "scope_words": shown.scope,
        "as_of": words.day(_day(shown.body["as_of"])),
        "since": words.day(_day(shown.body["since"])),
        "opening": _opening(shown, chosen),
        "chosen": chosen,
        "class_rows": class_rows(shown, at, lambda key: _address_of(asked, key, mine)) if at is not None else [],
        "months": [_month(one) for one in shown.body["classes"] if one["due"] or one["due_before"]],
        "summary": _summary(shown, is_scored=current_scores(request) is not None),
        "rows": rows,
        "rates_finding": rates_finding(rows),
        "scale": "{:.0f} to {:.0f} %".format(*(100 * end for end in scale_of([*shown.rows, shown.body]))),
        "formulas": FORMULAS,
        "row_word": ROWS[asked.by],
        "rows_by": ROWS,
        "steps": reconciled(shown, _scored(request, shown)),
        "figures": figures,
        "under": _under(shown),
        "fits": fits(shown),
        "takeaways": takeaways(shown),
        "but": but(shown),
        "heat": _heat(shown),
        "query": _query(asked, mine),
        **_totals(shown),
    }
    return render(request, "membership.html", context)


@require_safe
def as_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The rates and counts as CSV, or all figures as JSON."""
    shown = _shown_or_404(request)
    if form == "csv":
        return csv_file(_lines(shown), f"tenure-membership-{shown.body['as_of']}.csv")
    if form == "json":
        scope = {"type": shown.asked.kind, "chapter": shown.asked.chapter}
        told_of_dues = {"dues": shown.dues, "dues_as_of": shown.dues_as_of}
        return JsonResponse({**scope, "formulas": dict(FORMULAS), **shown.body, **told_of_dues})
    raise Http404


@require_safe
def figure_file_of(request: HttpRequest, key: str, form: str) -> HttpResponseBase:
    """A chart of the page as SVG or CSV, or one of its tables of totals as CSV or JSON."""
    shown = _shown_or_404(request)
    table = _class_lines(shown) if key == "by" else _count_lines(request, shown) if key == "count" else None
    table = table or total_file(shown, key)
    if table is not None:
        return list_file(f"membership-{key}", *table, form, as_of=shown.body["as_of"])
    figure = figures_of(shown).get(key)
    if figure is None:
        raise Http404
    return figure_file(figure, form, f"tenure-membership-{key}-{shown.body['as_of']}")


def _class_lines(shown: Shown) -> tuple[tuple[str, ...], list[tuple[Any, ...]]] | None:
    """The renewal class by type or chapter, as rows of a file; None where there is no class."""
    at = chosen_class(shown)
    if at is None:
        return None
    rows = class_rows(shown, at, lambda key: "")
    columns = (ROWS[shown.asked.by].lower(), "renewed", "due", "renewed_before", "due_before")
    changes = ((row.name, row.change) for row in rows)
    return columns, [(name, c.renewed, c.due, c.renewed_before, c.due_before) for name, c in changes]


def _count_lines(request: HttpRequest, shown: Shown) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """How the count of members follows from the people of iMIS, as rows of a file."""
    steps = reconciled(shown, _scored(request, shown))
    return ("line", "count", "is_sum", "note"), [(one.words, one.count, one.is_sum, one.note) for one in steps]


def _totals(shown: Shown) -> dict[str, Any]:
    """Renewal by dues, how those who left went, and automatic renewal, each with what it comes to."""
    bands, ways, measures = band_rows(shown), way_rows(shown), automatic(shown)
    return {
        "bands": bands,
        "bands_finding": bands_finding(bands),
        "ways": ways,
        "ways_finding": ways_finding(ways),
        "automatic": measures,
        "automatic_finding": automatic_finding(measures) if measures else "",
    }


def _shown_or_404(request: HttpRequest) -> Shown:
    mine = chapter_of(reader(request))
    shown = shown_for(Asked.of(request.GET, mine), mine)
    if shown is None:
        raise Http404
    return shown


def _address_of(asked: Asked, key: str, mine: str | None) -> str:
    """The address of one row's own page."""
    name = "chapter" if asked.by == "chapter" else "type"
    parameters = {**asked.parameters(mine), name: key}
    return f"?{urlencode(parameters)}"


def _query(asked: Asked, mine: str | None) -> str:
    parameters = urlencode(asked.parameters(mine))
    return f"?{parameters}" if parameters else ""


def _opening(shown: Shown, chosen: ClassNow | None) -> str:
    """The sentence at the top: how many, and how the class at stake does."""
    now = shown.body["now"]
    members = standing(now)
    return f"{members}; {chosen.finding[0].lower()}{chosen.finding[1:]}" if chosen else members


def _month(one: dict[str, Any]) -> tuple[str, str]:
    ends = _day(one["ends"])
    return f"{ends:%Y-%m}", f"{ends:%B %Y}, {words.plural(one['due'], 'member')}"


def _summary(shown: Shown, *, is_scored: bool) -> list[tuple[str, str, str]]:
    """Four figures, each with its name and what stands behind it."""
    now, before = shown.body["now"], shown.body["before"]
    first = Change(*now["first_year"], *before["first_year"])
    gone = f", {words.count(now['departed'])} died or moved" if now["departed"] else ""
    moved = (
        f"Net {words.change(now['net'])} in a year: {words.count(now['joined'])} new, "
        f"{words.count(now['reinstated'])} reinstated, {words.count(now['dropped'])} dropped{gone}{in_grace(now)}"
    )
    rate = words.percent(first.now) if first.due else "–"
    earlier = f"{words.percent(first.before)} the year before"
    against = f"{first.renewed:,} of {first.due:,}. {earlier}. {points_words(first)}"
    if not first.due:
        against = "No first renewal was decided"
    due = _due(shown, is_scored=is_scored)
    return [("Members", words.count(now["at_end"]), moved), *due, ("First-year rate, 12 months", rate, against)]


def _due(shown: Shown, *, is_scored: bool) -> list[tuple[str, str, str]]:
    if not shown.dues:
        uncounted = "Not counted yet; the next night does" if is_scored else "No scores yet"
        nothing = "Nobody is due" if shown.dues_as_of else uncounted
        return [("Due in 30, 60, 90 days", "–", nothing), ("Dues at risk in 90 days", "–", nothing)]
    money, last = place.settings().association.currency, shown.dues[-1]
    many = ", ".join(words.count(one["members"]) for one in shown.dues)
    lapses = f"{words.count(last['lapses'])} of the {words.count(last['members'])} expected to lapse"
    span = f"range {words.count(last['lapses_low'])}–{words.count(last['lapses_high'])}"
    at_risk, due = amount(last["expected_loss"], money), amount(last["due"], money)
    around = f"Range {amount(last['low'], money)} to {amount(last['high'], money)}, of {due}"
    return [
        ("Due in 30, 60, 90 days", many, f"{lapses}, {span}. With {words.count(last['in_grace'])} in grace"),
        ("Dues at risk in 90 days", at_risk, around),
    ]


def _scored(request: HttpRequest, shown: Shown) -> int | None:
    """How many have a score, when the scores are of the day of the figures."""
    scores = current_scores(request)
    if scores is None or scores.as_of.isoformat() != shown.body["as_of"] or shown.asked.kind:
        return None
    if not shown.asked.chapter:
        return int(scores.rows)
    return int(own(request, CurrentScore.objects.filter(chapter_id=shown.asked.chapter)).count())


def _under(shown: Shown) -> dict[str, Any]:
    """The table under the retention curves, which shares their columns."""
    lines = [line for line in lines_of(shown) or () if line is not None]
    last = max((line.until for line in lines), default=0)
    return {
        "columns": range(last + 1),
        "lines": [
            {"name": line.name, "marks": [_mark(mark, line.until) for mark in line.years[: last + 1]]} for line in lines
        ],
    }


def _mark(mark: Mark, until: int) -> dict[str, Any] | None:
    """None where too few are followed."""
    if mark.year > until:
        return None
    return {**vars(mark), "span": words.span(mark.low, mark.high) if mark.year else ""}


def _heat(shown: Shown) -> list[dict[str, Any]]:
    """The rows of the heat map; a place that nobody has come to is empty."""
    cells = {(cell.joined, cell.year): cell for cell in cells_of(shown)}
    last = max((year for (_, year), cell in cells.items() if cell.words), default=0)
    return [
        {"joined": joined, "cells": [cells.get((joined, year)) for year in range(1, last + 1)]}
        for joined in sorted({joined for joined, _ in cells})
    ]


def _lines(shown: Shown) -> Any:
    """One line per type or chapter, the total last; the numbers of each rate apart, so that they can be added up."""
    counts = [name for name, value in shown.body["now"].items() if not isinstance(value, list)]
    rates = [name for name, value in shown.body["now"].items() if isinstance(value, list)]
    heads = [*counts, *(f"{rate}_{end}" for rate in rates for end in ("part", "whole"))]
    yield [shown.asked.by, "year_to", *heads]
    everyone = [(one["key"], one) for one in shown.rows] + [("", shown.body)]
    for key, body in everyone:
        for year, column in ((shown.body["as_of"], "now"), (shown.body["since"], "before")):
            found = body[column]
            yield [key, year, *(found[name] for name in counts), *(n for rate in rates for n in found[rate])]


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)
