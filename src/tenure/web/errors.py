"""Pages for what cannot be answered: they say what still holds and a number, never how Tenure is made."""

from __future__ import annotations

import logging
import sys
import traceback
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string

from tenure.web.api.problems import concerns, problem

_log = logging.getLogger("tenure.web")


def broken(request: HttpRequest) -> HttpResponse:
    """500: the error is in the log under the page's number, without the values that it quoted."""
    kind, _, trace = sys.exc_info()
    places = [f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in traceback.extract_tb(trace)[-6:]]
    view = request.resolver_match.view_name if request.resolver_match else "?"
    _log.error("%s %s %s %s", _reference(request), view, kind.__name__ if kind else "?", " < ".join(reversed(places)))
    return _page(
        request,
        500,
        "This page could not be made",
        "The scores and everything else are as they were. Try again; if it stays so, give the number to whoever runs "
        "Tenure for you.",
    )


def changing(request: HttpRequest) -> HttpResponse:
    """503: the key of the pseudonyms is just being changed."""
    answer = _page(
        request,
        503,
        "A key is being changed",
        "Nothing was done with what you sent, and nothing is lost. Try again in a moment; if it stays so, tell whoever "
        "runs Tenure for you: `tenure key rotate members` goes on where it was cut off.",
    )
    answer.headers["Retry-After"] = "10"
    return answer


def missing(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404."""
    return _page(
        request,
        404,
        "There is nothing at this address",
        "The member may have left the list since the address was made. Find them by name or id.",
    )


def refused(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return _page(request, 403, "Your role does not open this page", "An administrator can change what your role opens.")


def unclear(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """400."""
    return _page(request, 400, "This request could not be read", "Go back and try again.")


def refused_form(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form without its token."""
    return _page(
        request,
        403,
        "This form was too old, or came from another site",
        "Nothing was changed. Go back, load the page again, and send it once more.",
    )


def _page(request: HttpRequest, status: int, title: str, words: str) -> HttpResponse:
    if concerns(request):
        return problem(request, status, title, mend=words)
    if request.path.endswith(".json"):
        return JsonResponse({"error": title, "hint": words, "reference": _reference(request)}, status=status)
    context: dict[str, Any] = {"title": title, "words": words, "reference": _reference(request), "status": status}
    # Without the request: the shell's own look-ups could be what is broken.
    return HttpResponse(render_to_string("error.html", context), status=status)


def _reference(request: HttpRequest) -> str:
    return getattr(request, "reference", "")
