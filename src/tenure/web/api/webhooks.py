"""Subscribing to what happens, and unsubscribing: what a flow of Power Automate does when it is switched on and off."""

from __future__ import annotations

import secrets
from typing import Annotated, Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from ninja import Path, Router, Status

from tenure.base.errors import UsageError
from tenure.ledger import endpoints
from tenure.ledger.tokens import Scope
from tenure.outreach.channels.subscribing import subscribe as keep
from tenure.web import place
from tenure.web.api import shapes
from tenure.web.api.common import needs

router = Router(tags=["Webhooks"])
Name = Annotated[str, Path(max_length=100)]
_SHOWN = ("name", "url", "events", "full", "disabled", "pending", "done", "given_up")
_CREATED = {
    "responses": {
        201: {"headers": {"Location": {"description": "DELETE it to unsubscribe", "schema": {"type": "string"}}}}
    }
}


@router.get(
    "webhooks", response=shapes.Webhooks, url_name="webhooks", operation_id="listWebhooks",
    openapi_extra=needs(Scope.WEBHOOKS),
)  # fmt: skip
def webhooks(request: HttpRequest) -> dict[str, Any]:
    """Every endpoint, and how many messages wait for it, were taken and were given up."""
    return {"webhooks": [_shown(one) for one in endpoints.counts()]}


@router.post(
    "webhooks", response={201: shapes.NewWebhook}, url_name="webhooks", operation_id="subscribe",
    openapi_extra={**needs(Scope.WEBHOOKS), **_CREATED},
)  # fmt: skip
def subscribe(request: HttpRequest, response: HttpResponse, given: shapes.Subscribing) -> Status[dict[str, Any]]:
    """Be told what happens from now on, at an address that could be reached just now."""
    made, secret = keep(
        place.home(), place.settings(), name=given.name or f"flow-{secrets.token_hex(4)}", url=given.url,
        events=given.events, is_full=given.full, by=request.user.get_username(), clock=place.now,
    )  # fmt: skip
    # In full, since the connectors of Power Automate call it from a server of their own.
    response.headers["Location"] = request.build_absolute_uri(reverse("api-webhook", args=[made.name]))
    shown = {"name": made.name, "url": made.url, "events": made.events, "full": made.is_full, "secret": secret}
    return Status(201, shown)


@router.get(
    "webhooks/{name}", response=shapes.Webhook, url_name="webhook", operation_id="getWebhook",
    openapi_extra=needs(Scope.WEBHOOKS),
)  # fmt: skip
def webhook(request: HttpRequest, name: Name) -> dict[str, Any]:
    """One endpoint."""
    found = next((one for one in endpoints.counts() if one["name"] == name), None)
    if found is None:
        raise Http404
    return _shown(found)


@router.delete(
    "webhooks/{name}", response={204: None}, url_name="webhook", operation_id="unsubscribe",
    openapi_extra=needs(Scope.WEBHOOKS),
)  # fmt: skip
def unsubscribe(request: HttpRequest, name: Name) -> Status[None]:
    """Be told nothing more; what was on its way is dropped."""
    try:
        endpoints.remove(name=name, by=request.user.get_username(), clock=place.now)
    except UsageError as error:
        raise Http404 from error
    return Status(204, None)


def _shown(one: dict[str, Any]) -> dict[str, Any]:
    return {name: one[name] for name in _SHOWN}
