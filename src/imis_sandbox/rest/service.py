"""The ASGI application: addresses to answers."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from imis_sandbox.rest import queries, wire
from imis_sandbox.rest.entities import Call, Entity
from imis_sandbox.rest.site import Site

_METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"]
_HEADERS = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache", "Server": "Microsoft-IIS/10.0"}
_LARGEST_BODY = 16 * 2**20


def create_app(site: Site) -> Starlette:
    """The application for a site."""

    async def answer(request: Request) -> Response:
        try:
            status, body = await _respond(site, request)
        except wire.Refusal as refusal:
            status, body = refusal.status, refusal.body
        return _response(status, body)

    return Starlette(routes=[Route("/{path:path}", answer, methods=_METHODS)])


def _response(status: int, body: Any) -> Response:
    if isinstance(body, str):
        return Response(body, status, _HEADERS, "text/plain; charset=utf-8" if body else None)
    return Response(orjson.dumps(body), status, _HEADERS, "application/json; charset=utf-8")


async def _respond(site: Site, request: Request) -> tuple[int, Any]:
    parts = [part for part in request.scope["path"].split("/") if part]
    if parts and parts[0].lower().startswith("asi.scheduler"):
        parts = parts[1:]
    head = parts[0].lower() if parts else ""
    if head == "token":
        return await _token(site, request)
    if head == "api" and len(parts) > 1:
        account = site.accounts.account_of(request.headers.get("authorization", ""))
        raw = request.scope["query_string"].decode("latin-1")
        params = parse_qsl(raw, keep_blank_values=True)
        body = await _body(request)
        return _api(site, request.method, parts[1:], Call(account.name, account.master, params, body))
    raise wire.not_found("The resource cannot be found.")


async def _token(site: Site, request: Request) -> tuple[int, Any]:
    if request.method != "POST":
        raise wire.Refusal(405, "The requested resource does not support this method.")
    text = (await request.body())[:_LARGEST_BODY].decode("utf-8", "replace")
    return 200, site.accounts.grant(dict(parse_qsl(text, keep_blank_values=True)))


async def _body(request: Request) -> wire.Json:
    text = await request.body()
    if request.method not in ("POST", "PUT") or not text.strip():
        return {}
    if len(text) > _LARGEST_BODY:
        raise wire.Refusal(413, "Request entity too large.")
    try:
        data = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise wire.Refusal(400, "The request body could not be read.") from None
    return data if isinstance(data, dict) else {"$values": data}


def _api(site: Site, method: str, parts: list[str], call: Call) -> tuple[int, Any]:
    name = parts[0].lower()
    if name in ("query", "queryservice", "iqa"):
        return _query(site, method, name, call)
    if name == "metadata" and len(parts) > 1:
        return 200, _entity(site, parts[1]).metadata()
    entity = _entity(site, parts[0])
    rest = parts[1:]
    if rest and rest[0].startswith("_"):
        return _operation(entity, method, rest, call)
    if len(rest) > 1 and rest[1].lower() == "changelog":
        return 200, entity.changelog(_elements(rest[0]), call)
    identity = "/".join(rest) if rest else next((v for n, v in call.params if n.lower() == "entityid"), None)
    return _verb(entity, method, identity, call)


def _query(site: Site, method: str, name: str, call: Call) -> tuple[int, Any]:
    if method != "GET":
        raise wire.no_operation("QueryService", method)
    path = next((value for key, value in call.params if key.lower() == "queryname"), "")
    query = site.queries.need(path)
    if name == "iqa":
        return 200, queries.generic_page(query, call.params, query.select(queries.positional(query, call.params)))
    return 200, queries.flat_page(query, call.params, query.select(queries.named(call.params)))


def _entity(site: Site, name: str) -> Entity:
    entity = site.entity(name)
    if entity is None:
        raise wire.not_found(f"The entity {name} was not found.")
    return entity


def _elements(identity: str) -> list[str]:
    """The elements of `101`, `~101|2` and their percent-encoded spellings."""
    text = unquote(identity) if "%" in identity else identity
    return text[1:].split("|") if text.startswith("~") else [text]


def _verb(entity: Entity, method: str, identity: str | None, call: Call) -> tuple[int, Any]:
    if method in ("GET", "HEAD"):
        return 200, entity.list(call) if identity is None else entity.get(_elements(identity), call)
    if method not in ("POST", "PUT", "DELETE"):
        raise wire.no_operation(entity.name, method)
    if entity.guarded and not call.master:
        raise wire.forbidden(f"change {entity.name}")
    if method == "POST":
        return 201, entity.create(call)
    if identity is None:
        raise wire.Refusal(400, "ArgumentFault: An identity is required.")
    if method == "PUT":
        return 201, entity.update(_elements(identity), call)
    entity.remove(_elements(identity), call)
    return 200, ""


def _operation(entity: Entity, method: str, rest: list[str], call: Call) -> tuple[int, Any]:
    operation = rest[0].lower()
    if method != "POST":
        raise wire.no_operation(entity.name, rest[0])
    if operation == "_validate":
        return 200, _validated(entity, call)
    if operation == "_haspermission":
        return 200, call.master or not entity.guarded or (rest[1:2] or [""])[0].lower() in ("read", "find", "select")
    if operation == "_execute":
        return 200, _executed(entity, call)
    raise wire.no_operation(entity.name, rest[0])


def _validated(entity: Entity, call: Call) -> wire.Json:
    errors = entity.validate(call)
    return {
        "$type": wire.type_name(wire.CORE, "ValidateResultsData"),
        "IsValid": not errors,
        "Entity": call.body,
        "ValidationResults": wire.validation(errors),
    }


def _executed(entity: Entity, call: Call) -> wire.Json:
    name = str(wire.member(call.body, "OperationName", ""))
    arguments = [wire.unboxed(value) for value in wire.values(wire.member(call.body, "Parameters", []))]
    result = entity.execute(name, arguments, call)
    return {
        "$type": wire.type_name(wire.CORE, "GenericExecuteResult"),
        "Result": result,
        "IsSuccessStatusCode": True,
    }
