"""The API's reference for people: written from the same description that programs get."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from tenure.ledger.tokens import WORDS
from tenure.web.api.door import PER_MINUTE
from tenure.web.api.problems import STATUSES
from tenure.web.api.service import description


@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Every operation with what it takes and answers."""
    told = description()
    schemas = told["components"]["schemas"]
    listed = [
        _operation(method, address, operation)
        for address, methods in told["paths"].items()
        for method, operation in methods.items()
    ]
    groups = [(tag, list(part)) for tag, part in groupby(listed, key=lambda one: one["tag"])]
    context = {
        "about": told["info"]["description"], "groups": groups, "scopes": list(WORDS.items()),
        "statuses": list(STATUSES.items()), "per_minute": PER_MINUTE, "count": len(listed),
        "shapes": [_shape(name, schema) for name, schema in sorted(schemas.items())],
    }  # fmt: skip
    return render(request, "api.html", context)


def _operation(method: str, address: str, operation: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    status, answer = next(iter(operation["responses"].items()))
    gives = answer.get("content", {}).get("application/json", {}).get("schema", {})
    return {
        "id": operation["operationId"], "tag": operation["tags"][0], "method": method.upper(), "address": address,
        "about": " ".join(operation.get("description", "").split()), "scope": operation["security"][0]["token"][0],
        "parameters": [_field(p["name"], p["schema"], p["required"], p["in"]) for p in operation["parameters"]],
        "takes": kind_of(body), "status": status, "gives": kind_of(gives),
    }  # fmt: skip


def _shape(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    needed = set(schema.get("required", ()))
    fields = [_field(key, value, key in needed) for key, value in schema.get("properties", {}).items()]
    return {"name": name, "about": schema.get("description", ""), "fields": fields}


def _field(name: str, schema: dict[str, Any], needed: bool, place: str = "") -> dict[str, Any]:
    about = schema.get("description", "")
    if "enum" in schema:
        one_of = f"One of {', '.join(str(value) or 'empty' for value in schema['enum'])}"
        about = f"{about}. {one_of}" if about else one_of
    return {"name": name, "kind": kind_of(schema), "about": about, "needed": needed, "place": place}


def kind_of(schema: dict[str, Any]) -> str:
    """What kind of value a schema asks for, in a word or two; the name of a shape, where it is one of those."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    for joined in ("anyOf", "allOf"):
        if joined in schema:
            return " or ".join(kind_of(one) for one in schema[joined])
    if schema.get("type") == "array":
        return f"list of {kind_of(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "")
