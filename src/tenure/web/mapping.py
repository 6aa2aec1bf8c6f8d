"""The mapping: where each table comes from, whether it can be read, what the last night met, and the next version."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from tenure.base.errors import NotAllowed, Overtaken, TenureError, UsageError
from tenure.intake import check_mapping, mapping_path, read_mapping, read_sql_mapping
from tenure.ledger import mappings
from tenure.ledger.models import RunStep
from tenure.ledger.playbooks import digest_of
from tenure.web import place, words
from tenure.web.cells import list_file

LONGEST = 200_000
_EARLIER_SHOWN = 20


@dataclass(frozen=True)
class Draft:
    """What stands in the form: a text, what it was begun from, and why it is to be kept."""

    text: str
    seen: str
    why: str = ""


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Every feed with its columns; for an administrator the file to be changed, or what `?version=` says it was."""
    path = _file()
    if path is None:
        return _shown(request)
    now = mappings.text_of(path)
    wanted = request.GET.get("version", "")
    chosen = next((one for one in mappings.earlier(path) if one.name == wanted), None)
    if wanted and chosen is None:
        raise Http404
    text = mappings.text_of(chosen) if chosen else now
    return _shown(request, Draft(text, digest_of(now), f"Back to {chosen.name}" if chosen else ""))


@require_safe
def as_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """Each column of each feed with where it comes from, as CSV or JSON; none where the mapping cannot be read."""
    try:
        _, feeds = _read()
    except UsageError as fault:
        raise Http404 from fault
    rows = [(one["name"], one["where"], column, told) for one in feeds for column, told in one["columns"]]
    return list_file("mapping", ("feed", "where", "column", "comes_from"), rows, form)


@require_POST
def keep(request: HttpRequest) -> HttpResponse:
    """Keep what was sent as the mapping from the next sync on; a text that cannot be used is sent back as it was."""
    path = _file()
    if path is None:
        raise Http404
    given = request.POST.get("text", "").replace("\r\n", "\n").replace("\0", "")
    draft = Draft(given, request.POST.get("seen", ""), request.POST.get("why", "")[:400])
    try:
        if len(given) > LONGEST:
            raise UsageError(
                f"the mapping would be longer than {LONGEST:,} characters", mend="leave out what its base says already"
            )
        check_mapping(draft.text.encode(), place.settings().source.kind, path.name)
        mappings.keep(
            path=path, text=draft.text, seen=draft.seen, by=request.user.get_username(), why=draft.why, clock=place.now
        )
    except (UsageError, Overtaken, NotAllowed) as error:
        status = 403 if isinstance(error, NotAllowed) else 409 if isinstance(error, Overtaken) else 422
        if isinstance(error, Overtaken):
            draft = Draft(draft.text, digest_of(mappings.text_of(path)), draft.why)
        return _shown(request, draft, error, status=status)
    return redirect("mapping")


def _file() -> Path | None:
    """The mapping where it is a file of the association's own; None where it ships with Tenure, or is not needed."""
    source = place.settings().source
    return None if source.kind == "files" else mapping_path(source.mapping, place.home())


def _shown(
    request: HttpRequest, draft: Draft | None = None, error: TenureError | None = None, *, status: int = 200
) -> HttpResponse:
    source, path = place.settings().source, _file()
    context: dict[str, Any] = {
        "source": source, "feeds": [], "trouble": "", "step": _last_sync(), "draft": draft,
        "file": path.name if path else "", "longest": LONGEST, "not_kept": words.trouble(error) if error else "",
        "earlier": [one.name for one in mappings.earlier(path)[:_EARLIER_SHOWN]] if path else [],
    }  # fmt: skip
    try:
        name, feeds = _read()
        context |= {"feeds": feeds, "name": name}
    except UsageError as fault:
        context["trouble"] = words.trouble(fault)
    return render(request, "mapping.html", context, status=status)


def _read() -> tuple[str, list[dict[str, Any]]]:
    """The name of the mapping and its feeds; none where a folder of files needs none."""
    source = place.settings().source
    if source.kind == "files":
        return "", []
    plan = (read_mapping if source.kind == "imis" else read_sql_mapping)(source.mapping, place.home())
    return plan.name, [_feed(name, feed) for _, name, feed in plan.feeds()]


def _feed(name: str, feed: Any) -> dict[str, Any]:
    where = next((str(found) for key in ("query", "entity", "table", "sql") if (found := getattr(feed, key, ""))), "")
    columns = [(column, _where_from(told)) for column, told in feed.columns.items()]
    return {"name": name, "where": where, "columns": columns, "ignored": list(feed.ignore)}


def _where_from(told: Any) -> str:
    said = ", ".join(dict.fromkeys(told.named)) or f"always {told.value}"
    codes = ", ".join(f"{code} = {meaning}" for code, meaning in told.values.items())
    return f"{said} ({codes})" if codes else said


def _last_sync() -> RunStep | None:
    return RunStep.objects.filter(name="sync").select_related("run").order_by("-id").first()
