"""The operations put together: their addresses, what they answer when something is wrong, and their description."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError

import tenure
from tenure.base.errors import TenureError
from tenure.ledger.tokens import WORDS
from tenure.web.api import members, proposals, runs, webhooks
from tenure.web.api.problems import MEDIA_TYPE, PREFIX, SCHEMA, STATUSES, of_error, problem

_ABOUT = (
    "What the staff pages show and do, for programs. Every answer but the description needs a token; it opens the "
    "less of its scopes and of what its account's role includes, and what it changes stands in the audit log. Lists "
    "come in pages of 200 rows at most. Whatever is wrong is told in one form."
)

service = NinjaAPI(
    title="Tenure", version=tenure.__version__, description=_ABOUT, openapi_url=None, docs_url=None,
    urls_namespace="api",
)  # fmt: skip
for _router in (members.router, proposals.router, runs.router, webhooks.router):
    service.add_router("", _router)


@service.exception_handler(TenureError)
def _of_ours(request: HttpRequest, error: TenureError) -> HttpResponse:
    return of_error(request, error)


@service.exception_handler(Http404)
def _missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return problem(request, 404, "there is no such thing, or it is not yours to see")


@service.exception_handler(PermissionDenied)
def _refused(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    return problem(request, 403, "your role does not include it", mend="an administrator can change what it includes")


@service.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    """The first part that is wrong, without what stood there: it may be somebody's."""
    first = error.errors[0] if error.errors else {}
    where = ".".join(str(part) for part in first.get("loc", ()))
    return problem(request, 422, str(first.get("msg", "the request cannot be")), where=where[:200])


@service.exception_handler(HttpError)
def _unread(request: HttpRequest, error: HttpError) -> HttpResponse:
    return problem(request, error.status_code, "the request cannot be read", mend="send JSON as the description has it")


@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    """The API described in OpenAPI 3.1."""
    return JsonResponse(description())


def patterns() -> list[URLPattern]:
    """The addresses of the operations, under the names by which `tenure.web.roles` knows them."""
    found = [path(f"{PREFIX[1:]}openapi.json", _without_sign_in(openapi), name="api-openapi")]
    for one in service.urls[0]:
        if isinstance(one, URLPattern) and one.callback is not None and one.name != "api-root":
            route = PREFIX[1:] + str(one.pattern)
            found.append(path(route, _without_sign_in(one.callback), name=f"api-{one.name}"))
    return found


@cache
def description() -> dict[str, Any]:
    """The OpenAPI document: what the operations say of themselves, and what each may answer when something is wrong."""
    told = dict(service.get_openapi_schema(path_prefix=PREFIX))
    told["components"]["schemas"]["Problem"] = SCHEMA
    told["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "; ".join(f"{s}: {w}" for s, w in WORDS.items())}
    }
    told["servers"] = [{"url": "/"}]
    for address, methods in told["paths"].items():
        for method, operation in methods.items():
            operation["responses"] = {**_named(operation["responses"]), **_troubles(address, method)}
    return told


def _named(responses: dict[Any, Any]) -> dict[str, Any]:
    return {str(status): answer for status, answer in responses.items()}


def _troubles(address: str, method: str) -> dict[str, Any]:
    """What an operation may answer instead; only what is asked for by an address can be missing."""
    possible = dict(STATUSES)
    possible.pop(405)
    if "{" not in address:
        possible.pop(404)
    if method == "get":
        possible.pop(409)
    shape = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {str(status): {"description": words, "content": shape} for status, words in possible.items()}


def _without_sign_in(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A token takes the place of the sign-in; `tenure.web.api.door` asks for it."""
    view.login_required = False  # type: ignore[attr-defined]  # where Django looks, on the function
    return view
