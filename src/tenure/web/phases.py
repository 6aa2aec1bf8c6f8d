"""Phases of the rollout: how far each segment has come, and the gate to the next, opened by a director."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from tenure.base.errors import HeldBack, NotAllowed, TenureError, UsageError
from tenure.ledger import rollout, serving
from tenure.ledger.rights import Act
from tenure.outreach.gates import FIRM, Evidence, Gates
from tenure.outreach.gates import move as open_gate
from tenure.outreach.rollout import PHASES, SEGMENTED_BY, named
from tenure.web import place, words
from tenure.web.cells import list_file
from tenure.web.manifests import manifests
from tenure.web.roles import may

_NEVER = (None, "", "")


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The phase of each segment; what a gate looks at is looked at when somebody wants through."""
    return _shown(request)


@require_safe
def as_file(request: HttpRequest, form: str) -> HttpResponseBase:
    """The list as CSV or JSON."""
    rows = [
        [
            one["segment"],
            one["number"],
            one["words"],
            *([kept.at, kept.by, kept.why] if (kept := one["row"]) else _NEVER),
            " ".join(f"{said}{'' if holds else ' Passed in spite of it.'}" for said, holds in one["found"]),
        ]
        for one in _rows()
    ]
    return list_file("phases", ("segment", "phase", "words", "since", "by", "why", "found"), rows, form)


def _rows() -> list[dict[str, Any]]:
    rows = rollout.phases()
    return [_row(segment, rows.get(segment)) for segment in sorted({"", *rows})]


@require_POST
def move(request: HttpRequest) -> HttpResponse:
    """Move a segment; when a gate stays shut, the page says why, and what can be passed in spite of."""
    form, gates = request.POST, _gates()
    column, value = form.get("column", ""), form.get("value", "").strip()[:200]
    segment = f"{column}={value}" if column else ""
    number = int(form["number"]) if form.get("number") in ("1", "2", "3") else 0
    despite = tuple(form.getlist("despite")[:10])
    try:
        if not form.get("why", "").strip():
            raise UsageError("moving needs a reason", mend="say why in a few words")
        by, why = request.user.get_username(), form["why"][:400]
        open_gate(gates, segment, number, by=by, why=why, despite=despite, clock=place.now)
    except HeldBack:
        return _shown(request, shut=gates.evidence(segment, number), status=409)
    except TenureError as error:
        status = 403 if isinstance(error, NotAllowed) else 422
        return _shown(request, trouble=words.trouble(error), status=status)
    return redirect("phases")


def _gates() -> Gates:
    """The gates as they are now, with the model that serves."""
    return Gates(place.home(), place.settings(), serving.chosen(manifests(place.home())))


def _shown(
    request: HttpRequest, *, trouble: str = "", shut: list[Evidence] | None = None, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "rows": _rows(),
        "phases": list(PHASES.items()), "columns": SEGMENTED_BY, "may_move": may(request.user, Act.PHASES),
        "shut": [(words.sentence(one.words), one.code, one.holds, one.code in FIRM) for one in shut or ()],
        "is_firm": any(not one.holds and one.code in FIRM for one in shut or ()),
        "trouble": trouble, "given": request.POST,
    }  # fmt: skip
    return render(request, "phases.html", context, status=status)


def _row(segment: str, row: Any) -> dict[str, Any]:
    said = named(segment)
    number = row.number if row else 1
    found = [(words.sentence(one["words"]), one["holds"]) for one in row.evidence.get("gate", ())] if row else []
    return {
        "segment": f"{said[:1].upper()}{said[1:]}",
        "number": number,
        "words": PHASES[number],
        "row": row,
        "found": found,
    }
