"""Each night: its steps, what they counted, how long they took, and what went wrong."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from tenure.ledger.models import Run, RunStep
from tenure.web import asked, run_words, words
from tenure.web.cells import csv_file, list_file
from tenure.web.shell import TROUBLED, current_scores

PAGE_SIZE = 30


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Runs, newest first."""
    total = Run.objects.count()
    last = max(1, -(-total // PAGE_SIZE))
    number = min(asked.number(request.GET.get("page", "")) or 1, last)
    first = (number - 1) * PAGE_SIZE
    runs = list(Run.objects.prefetch_related("steps").order_by("-started_at", "-id")[first : first + PAGE_SIZE])
    return render(
        request,
        "runs.html",
        {
            "runs": [_told(run) for run in runs],
            "total": total,
            "number": number,
            "last": last,
            "opening": _opening(runs) if number == 1 else f"Runs, page {number}",
            "fresh": (fresh := run_words.freshness(current_scores(request)) if number == 1 else []),
            "stopped": sum(1 for row in fresh if row.is_stopped),
            "feeds": run_words.feeds(run_words.last_sync()) if number == 1 else [],
        },
    )


@require_safe
def one(request: HttpRequest, number: int) -> HttpResponse:
    """One run, step by step."""
    run = get_object_or_404(Run.objects.prefetch_related("steps"), pk=number)
    steps = list(run.steps.all())
    most = max((step.seconds or 0 for step in steps), default=0) or 1
    told = [
        {
            "step": step,
            "took": words.duration(step.seconds),
            "width": f"{max(160 * (step.seconds or 0) / most, 1):.1f}",
            "counts": counts_of({name: value for name, value in step.counts.items() if name not in _TOLD_APART}),
        }
        for step in steps
    ]
    later = Run.objects.filter(started_at__gt=run.started_at).order_by("started_at").first()
    earlier = Run.objects.filter(started_at__lt=run.started_at).order_by("-started_at").first()
    context = {
        "run": run,
        **_told(run),
        "told": told,
        "later": later,
        "earlier": earlier,
        "all_counts": counts_of(run.counts),
        "held": run_words.held_back(steps),
        "feeds": run_words.feeds(next((step for step in steps if step.name == "sync"), None)),
    }
    return render(request, "run.html", context)


@require_safe
def as_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """All runs and their steps, as CSV or JSON."""
    steps = RunStep.objects.select_related("run").order_by("-run__started_at", "position")
    if form == "csv":
        rows = ([getattr(step.run, c) for c in _RUN] + [getattr(step, c) for c in _STEP] for step in steps.iterator())
        return csv_file(_headed(rows), "tenure-runs.csv")
    if form == "json":
        runs = Run.objects.prefetch_related("steps").order_by("-started_at", "-id")[:500]
        return JsonResponse({"runs": [_record(run) for run in runs]})
    raise Http404


@require_safe
def list_file_of(request: HttpRequest, key: str, form: str) -> HttpResponseBase:
    """How fresh the records are (`fresh`), or what the last sync read (`feeds`), as CSV or JSON."""
    if key == "fresh":
        rows = [(one.title, one.day, one.is_stopped) for one in run_words.freshness(current_scores(request))]
        return list_file("fresh", ("records", "newest", "is_stopped"), rows, form)
    if key == "feeds":
        return list_file("feeds", _FEED, run_words.feed_counts(run_words.last_sync()), form)
    raise Http404


@require_safe
def one_as_file(request: HttpRequest, number: int, key: str, form: str) -> HttpResponseBase:
    """The steps of a run, what it held back, or what its sync read, as CSV or JSON."""
    run = get_object_or_404(Run.objects.prefetch_related("steps"), pk=number)
    steps = list(run.steps.all())
    if key == "steps":
        return list_file("steps", _STEP, [[getattr(step, c) for c in _STEP] for step in steps], form, run=run.pk)
    if key == "held":
        held = [(one.step, one.what, one.why, one.count) for one in run_words.held_back(steps)]
        return list_file("held", ("step", "what", "why", "count"), held, form, run=run.pk)
    if key == "feeds":
        sync = next((step for step in steps if step.name == "sync"), None)
        return list_file("feeds", _FEED, run_words.feed_counts(sync), form, run=run.pk)
    raise Http404


_TOLD_APART = frozenset({"feeds", "requests", "held_back", "refused_because"})
"""Counts of a step that the page of its run tells in tables and sentences of their own."""

_RUN = ("id", "as_of", "kind", "state", "started_at", "finished_at")
_FEED = ("feed", "source", "lake", "read")
_STEP = ("name", "state", "seconds", "words", "trouble", "mend")


def counts_of(counts: dict[str, Any]) -> list[tuple[str, str]]:
    """Figures under readable names; those that are 0, empty or not so are left out."""
    return [(name.replace("_", " ").capitalize(), _said(value)) for name, value in counts.items() if value]


def _said(value: Any) -> str:
    """A figure in words; of many figures, those that are not 0."""
    if isinstance(value, bool):
        return "yes"
    if isinstance(value, (int, float)):
        return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
    if isinstance(value, dict):
        parts = ((str(name).replace("_", " "), item) for name, item in value.items() if item)
        return ", ".join(name if item is True else f"{_said(item)} {name}" for name, item in parts)
    if isinstance(value, list):
        return ", ".join(_said(item) for item in value)
    return str(value)


def _opening(runs: list[Run]) -> str:
    if not runs:
        return "No night has run yet"
    run = runs[0]
    day = words.day(run.as_of)
    said = {
        "done": f"The last run, for {day}, did everything",
        "unchanged": f"The last run, for {day}, found nothing new",
        "partly_done": f"The last run, for {day}, did a part",
        "held_back": f"The last run, for {day}, was held back",
        "failed": f"The last run, for {day}, failed",
        "interrupted": f"The last run, for {day}, was cut off",
        "stopped": f"The last run, for {day}, was stopped by hand",
        "running": f"A run for {day} is under way",
    }
    return said.get(run.state, f"The last run is {run.state}")


def _told(run: Run) -> dict[str, Any]:
    steps = list(run.steps.all())
    return {
        "run": run,
        "state": run.get_state_display(),
        "took": words.duration(run.seconds),
        "day": words.day(run.as_of),
        "troubled": run.state in TROUBLED,
        "did": [step.words for step in steps if step.words],
        "notices": sum(len(step.notices) for step in steps),
        "requests": run_words.requests(steps),
        "held_count": sum(one.count for one in run_words.held_back(steps)),
    }


def _headed(rows: Any) -> Any:
    yield [*_RUN[:4], "started_at", "finished_at", "step", "step_state", *_STEP[2:]]
    yield from rows


def _record(run: Run) -> dict[str, Any]:
    steps = [{c: getattr(step, c) for c in (*_STEP, "counts", "notices")} for step in run.steps.all()]
    return {**{c: getattr(run, c) for c in (*_RUN, "by", "counts", "trouble", "mend")}, "steps": steps}
