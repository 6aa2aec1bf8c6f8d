"""The one form in which the API says that something is wrong: what, where, how to mend it, and a number for the log."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse

from tenure.base.errors import BadInput, NotAllowed, Overtaken, TenureError, UsageError

PREFIX = "/api/v1/"
MEDIA_TYPE = "application/problem+json"
STATUSES = {
    400: "The request cannot be read",
    401: "No token, or one that has ended",
    403: "The token's scopes, or its account's role, do not include it",
    404: "There is no such thing, or the account does not see it",
    405: "The address takes other methods",
    409: "Somebody acted first, or it was changed since it was looked at",
    422: "Something in the request cannot be",
    429: "Too many requests; Retry-After says how many seconds to wait",
    500: "An error of Tenure's, in its log under the number",
    503: "A key is just being changed; Retry-After says how many seconds to wait",
}
"""Each status that is not a success, and what it means everywhere."""

SCHEMA = {
    "type": "object",
    "title": "Problem",
    "required": ["status", "what", "where", "mend", "reference"],
    "properties": {
        "status": {"type": "integer", "description": "The status of the answer"},
        "what": {"type": "string", "description": "What is wrong, in a sentence"},
        "where": {"type": "string", "description": "The operation, or the part of the request that is meant"},
        "mend": {"type": "string", "description": "What to do about it; may be empty"},
        "reference": {"type": "string", "description": "A number by which the request is found in Tenure's log"},
    },
}


def problem(request: HttpRequest, status: int, what: str, *, where: str = "", mend: str = "") -> HttpResponse:
    """An answer that says what is wrong.

    Args:
        request: What could not be answered.
        status: One of `STATUSES`.
        what: What is wrong.
        where: Which part of the request; the operation, where nothing is given.
        mend: What to do about it.
    """
    found = request.resolver_match
    body = {
        "status": status,
        "what": what,
        "where": where or (found.view_name if found else request.path),
        "mend": mend,
        "reference": getattr(request, "reference", ""),
    }
    return HttpResponse(json.dumps(body, ensure_ascii=False), status=status, content_type=MEDIA_TYPE)


def of_error(request: HttpRequest, error: TenureError) -> HttpResponse:
    """What the pages would say of *error*, with the status that it stands for."""
    what = error.message
    if isinstance(error, Overtaken) and error.at is not None:
        what += f" ({f'{error.by}, ' if error.by else ''}{error.at:%Y-%m-%d %H:%M} UTC)"
    return problem(request, _status(error), what, mend=error.mend)


def _status(error: TenureError) -> int:
    if isinstance(error, NotAllowed):
        return 403
    if isinstance(error, UsageError | BadInput):
        return 422
    return 409 if isinstance(error, Overtaken) else 500


def concerns(request: HttpRequest) -> bool:
    """Whether an answer to *request* goes to a program that asks the API."""
    return request.path.startswith(PREFIX)
