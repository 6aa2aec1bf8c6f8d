"""Phases of the rollout: how far each segment has come, and the gate to the next, opened by a director."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from tenure.base.errors import HeldBack, NotAllowed, TenureError, UsageError
from tenure.ledger import rollout, serving
from tenure.ledger.models import CurrentScore
from tenure.ledger.rights import Act
from tenure.outreach.gates import FIRM, Evidence, Gates
from tenure.outreach.gates import move as open_gate
from tenure.outreach.rollout import PHASES, SEGMENTED_BY, named, read_segment
from tenure.web import place, words
from tenure.web.cells import list_file
from tenure.web.manifests import damaged, manifests
from tenure.web.roles import may

_NEVER = (None, "", "")


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The phase of each segment; and what a gate looks at now, when somebody who may open it asks for it."""
    if "number" not in request.GET or not may(request.user, Act.PHASES):
        return _shown(request)
    segment, number = given = _asked(request.GET)
    try:
        return _shown(request, looked=_looked_at(_gates(), segment, number), given=given)
    except TenureError as error:
        return _shown(request, trouble=words.trouble(error), status=422)


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
    segment, number = given = _asked(form)
    despite = tuple(form.getlist("despite")[:10])
    try:
        if not form.get("why", "").strip():
            raise UsageError("moving needs a reason", mend="say why in a few words")
        by, why = request.user.get_username(), form["why"][:400]
        open_gate(gates, segment, number, by=by, why=why, despite=despite, clock=place.now)
    except HeldBack:
        return _shown(request, looked=gates.evidence(segment, number), given=given, is_shut=True, status=409)
    except TenureError as error:
        status = 403 if isinstance(error, NotAllowed) else 422
        return _again(request, gates, error, status)
    return redirect("phases")


def _again(request: HttpRequest, gates: Gates, error: TenureError, status: int) -> HttpResponse:
    """The page with what went wrong, and with the gate where there is one, so that nothing has to be said anew."""
    segment, number = given = _asked(request.POST)
    try:
        looked = _looked_at(gates, segment, number)
    except TenureError:
        return _shown(request, trouble=words.trouble(error), status=status)
    return _shown(request, trouble=words.trouble(error), looked=looked, given=given, status=status)


def _looked_at(gates: Gates, segment: str, number: int) -> list[Evidence]:
    """What the gate to phase *number* looks at now.

    Raises:
        UsageError: There is no such segment or phase.
    """
    read_segment(segment)
    if number not in PHASES:
        raise UsageError(f"there is no phase {number}", mend="a phase is 1, 2 or 3")
    return gates.evidence(segment, number)


def _asked(form: QueryDict) -> tuple[str, int]:
    """Which segment, and to which phase; 0 for none that there is."""
    wanted = form.get("number", "")
    return form.get("segment", "").strip()[:200], int(wanted) if wanted in ("1", "2", "3") else 0


def _gates() -> Gates:
    """The gates as they are now, with the model that serves."""
    return Gates(place.home(), place.settings(), serving.chosen(manifests(place.home()), damaged=damaged(place.home())))


def _shown(
    request: HttpRequest,
    *,
    trouble: str = "",
    looked: list[Evidence] | None = None,
    given: tuple[str, int] | None = None,
    is_shut: bool = False,
    status: int = 200,
) -> HttpResponse:
    found, (segment, number) = looked or [], given or ("", 0)
    context: dict[str, Any] = {
        "rows": _rows(), "phases": list(PHASES.items()), "may_move": may(request.user, Act.PHASES),
        "segments": _segments(), "trouble": trouble, "is_shut": is_shut,
        "asked": segment, "number": number, "whom": _heading(segment) if number else "",
        "words": PHASES.get(number, ""), "is_back": number == 1,
        "why": request.POST.get("why", ""), "chosen": request.POST.getlist("despite"),
        "looked": [(words.sentence(one.words), one.code, one.holds, one.code in FIRM) for one in found],
        "is_firm": any(not one.holds and one.code in FIRM for one in found),
        "despite": [(words.sentence(one.words), one.code) for one in found if not one.holds],
    }  # fmt: skip
    return render(request, "phases.html", context, status=status)


def _segments() -> list[tuple[str, list[tuple[str, str]]]]:
    """The segments that there are, under what they are told by: each as it is written, and its value.

    They are those whose past the model was tested on, those of the members scored now, and those that have a phase.
    """
    served = serving.chosen(manifests(place.home()), damaged=damaged(place.home())) or {}
    found = {(one["by"], one["value"]) for one in served.get("backtest", {}).get("segments", ())}
    for column in ("member_type", "chapter_id", "record_type"):
        scored = CurrentScore.objects.exclude(**{column: ""}).values_list(column, flat=True).order_by(column)
        found |= {(column, value) for value in scored.distinct()}
    found |= {read_segment(segment) for segment in rollout.phases() if segment}
    parts = [(name, sorted(value for by, value in found if by == name)) for name in SEGMENTED_BY]
    return [
        (name.replace("_", " ").removesuffix(" id").capitalize(), [(f"{name}={value}", value) for value in values])
        for name, values in parts
        if values
    ]


def _heading(segment: str) -> str:
    """What the page calls a segment; what is none stands as it was written."""
    try:
        said = named(segment)
    except UsageError:
        said = segment
    return f"{said[:1].upper()}{said[1:]}"


def _row(segment: str, row: Any) -> dict[str, Any]:
    number = row.number if row else 1
    found = [(words.sentence(one["words"]), one["holds"]) for one in row.evidence.get("gate", ())] if row else []
    return {
        "segment": _heading(segment),
        "number": number,
        "words": PHASES[number],
        "row": row,
        "found": found,
    }
