"""The messages described for the other side: OpenAPI 3.1, and OpenAPI 2.0 in the form that Power Automate imports."""

from __future__ import annotations

from typing import Any

import tenure
from tenure.outreach.channels.events import EVENTS, FULL, THIN

_HEADERS = {
    "webhook-id": "What tells the message from others; the same for every attempt at it",
    "webhook-timestamp": "When this attempt was made, in seconds since 1970",
    "webhook-signature": "One or more signatures, separated by spaces, each `v1,` and base64; one has to fit",
}
_ABOUT = (
    "What Tenure tells other systems, by signed webhooks in the form of Standard Webhooks. Messages may come twice "
    "and in any order: go by webhook-id."
)


def openapi_3() -> dict[str, Any]:
    """OpenAPI 3.1: every event as a webhook."""
    parameters = [
        {"name": name, "in": "header", "required": True, "description": words, "schema": {"type": "string"}}
        for name, words in _HEADERS.items()
    ]
    return {
        "openapi": "3.1.0",
        "info": _info(),
        "webhooks": {
            name: {
                "post": {
                    "operationId": _operation(name),
                    "summary": words,
                    "parameters": parameters,
                    "requestBody": {
                        "required": True,
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Message"}}},
                    },
                    "responses": {
                        "2XX": {"description": "Taken"},
                        "410": {"description": "No more of these: the endpoint is disabled"},
                        "default": {"description": "Not taken: it is tried again, ten times in three days"},
                    },
                }
            }
            for name, words in EVENTS.items()
        },
        "components": {"schemas": {"Message": _message()}},
    }


def openapi_2() -> dict[str, Any]:
    """OpenAPI 2.0 as Power Automate imports it: one trigger, whose notification is the message.

    A flow that is switched on gives Tenure its own address, and is told where to take it away again when it is
    switched off; both by the API, with a token for `webhooks:manage`. Whoever imports it puts in their own host.
    """
    return {
        "swagger": "2.0",
        "info": _info(),
        "host": "tenure.example.org",
        "basePath": "/api/v1",
        "schemes": ["https"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "paths": {
            "/webhooks/{name}": {
                "delete": {
                    "operationId": "Unsubscribe",
                    "summary": "Be told nothing more",
                    "x-ms-visibility": "internal",
                    "parameters": [{"name": "name", "in": "path", "required": True, "type": "string"}],
                    "responses": {"204": {"description": "The flow is told nothing more"}},
                }
            },
            "/webhooks": {
                "x-ms-notification-content": {
                    "description": "One message of Tenure",
                    "schema": {"$ref": "#/definitions/Message"},
                },
                "post": {
                    "operationId": "WhenSomethingHappens",
                    "summary": "When something happens about a member",
                    "description": _ABOUT,
                    "x-ms-trigger": "single",
                    "x-ms-visibility": "important",
                    "parameters": [
                        {
                            "name": "subscription",
                            "in": "body",
                            "required": True,
                            "schema": {"$ref": "#/definitions/Subscription"},
                        }
                    ],
                    "responses": {
                        "201": {
                            "description": "The flow is told from now on; DELETE the address in Location to end it",
                            "headers": {"Location": {"type": "string"}},
                        }
                    },
                },
            },
        },
        "securityDefinitions": {
            "token": {
                "type": "apiKey",
                "in": "header",
                "name": "Authorization",
                "description": "`Bearer ` and a token that was made for webhooks:manage",
            }
        },
        "security": [{"token": []}],
        "definitions": {"Message": _message(for_2=True), "Subscription": _subscription()},
    }


def _info() -> dict[str, Any]:
    return {"title": "Tenure webhooks", "version": tenure.__version__, "description": _ABOUT}


def _operation(name: str) -> str:
    return "on" + "".join(part.title() for part in name.split("."))


def _message(*, for_2: bool = False) -> dict[str, Any]:
    def field(kind: str, words: str) -> dict[str, Any]:
        return {"type": kind, "description": words, **({"x-ms-summary": words.split(";")[0]} if for_2 else {})}

    data = {name: field(*about) for name, about in THIN.items()}
    data |= {
        name: field(kind, f"{words}; only to an endpoint with full payload") for name, (kind, words) in FULL.items()
    }
    return {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"type": "string", "description": "What happened", "enum": list(EVENTS)},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it happened, UTC"},
            "data": {"type": "object", "properties": data},
        },
    }


def _subscription() -> dict[str, Any]:
    address = {"type": "string", "x-ms-notification-url": True, "x-ms-visibility": "internal"}
    events = {"type": "array", "items": {"type": "string", "enum": list(EVENTS)}, "x-ms-summary": "Events"}
    return {"type": "object", "required": ["url"], "properties": {"url": address, "events": events}}
