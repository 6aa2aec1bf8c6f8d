"""The mapping: where each table comes from, as the file says, whether it can be read, and what the last night met."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenure.base.errors import UsageError
from tenure.intake import read_mapping, read_sql_mapping
from tenure.ledger.models import RunStep
from tenure.web import place, words


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Every feed with its columns. The file is changed with an editor or the wizard, and looked at again here."""
    source = place.settings().source
    context: dict[str, Any] = {"source": source, "feeds": [], "trouble": "", "step": _last_sync()}
    if source.kind != "files":
        read = read_mapping if source.kind == "imis" else read_sql_mapping
        try:
            plan = read(source.mapping, place.home())
            context |= {"feeds": [_feed(name, feed) for _, name, feed in plan.feeds()], "name": plan.name}
        except UsageError as error:
            context["trouble"] = words.trouble(error)
    return render(request, "mapping.html", context)


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
