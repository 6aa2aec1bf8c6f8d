"""From the parts of an address to the verb of an entity."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from imis_sandbox.rest import queries, wire
from imis_sandbox.rest.entities import Call, Entity
from imis_sandbox.rest.site import Site

Answer = tuple[int, Any]


def writes(method: str, parts: list[str]) -> bool:
    """Whether a request means to change something."""
    operations = any(part.startswith("_") and part.lower() not in ("_execute",) for part in parts)
    return method in ("POST", "PUT", "DELETE") and not operations


def route(site: Site, method: str, parts: list[str], call: Call) -> Answer:
    """The answer of the site, below whatever it is mounted on; 404 for what is not of the API."""
    lowered = [part.lower() for part in parts[:2]]
    if "api" not in lowered:
        raise wire.not_found("The resource cannot be found.")
    below = parts[lowered.index("api") + 1 :]
    if not below:
        raise wire.not_found("The resource cannot be found.")
    return _api(site, method, below, call)


def _api(site: Site, method: str, parts: list[str], call: Call) -> Answer:
    name = parts[0].lower()
    if name in ("query", "queryservice", "iqa"):
        return _query(site, method, name, call)
    if name == "metadata" and len(parts) > 1:
        return 200, _entity(site, parts[1]).metadata()
    entity, rest = _entity(site, parts[0]), parts[1:]
    if rest and rest[0].startswith("_"):
        return _operation(entity, method, rest, call)
    if len(rest) > 1 and rest[-1].lower() == "changelog":
        return 200, entity.changelog(elements("/".join(rest[:-1])), call)
    identity = "/".join(rest) if rest else next((v for n, v in call.params if n.lower() == "entityid"), None)
    answer = _verb(entity, method, identity, call)
    if method == "GET" and identity is None:
        _watch(site, entity, call, answer[1])
    return answer


def _watch(site: Site, entity: Entity, call: Call, page: wire.Json) -> None:
    site.usage.looked(entity.name, call.params)
    site.usage.scanned(entity.name, call.params, int(page.get("TotalCount", 0)), int(page.get("Offset", 0)))


def _query(site: Site, method: str, name: str, call: Call) -> Answer:
    if method != "GET":
        raise wire.no_operation("QueryService", method)
    path = next((value for key, value in call.params if key.lower() == "queryname"), "")
    key = next((value for key, value in call.params if key.lower() == "querydocumentversionkey"), "")
    query = site.queries.of_key(key) if key else site.queries.need(path)
    site.usage.looked(query.path, call.params)
    if name == "iqa":
        return 200, queries.generic_page(query, call.params, query.select(queries.positional(query, call.params)))
    return 200, queries.flat_page(query, call.params, query.select(queries.named(call.params)))


def _entity(site: Site, name: str) -> Entity:
    entity = site.entity(name)
    if entity is None:
        raise wire.not_found(f"The entity {name} was not found.")
    return entity


def elements(identity: str) -> list[str]:
    """The elements of `101`, `~101|2` and their percent-encoded spellings."""
    text = unquote(identity) if "%" in identity else identity
    return text[1:].split("|") if text.startswith("~") else [text]


def _verb(entity: Entity, method: str, identity: str | None, call: Call) -> Answer:
    if method in ("GET", "HEAD"):
        return 200, entity.page(call) if identity is None else entity.get(elements(identity), call)
    if method not in ("POST", "PUT", "DELETE"):
        raise wire.no_operation(entity.name, method)
    if entity.guarded and not call.master:
        raise wire.forbidden(f"change {entity.name}")
    if method == "POST":
        return 201, entity.create(call)
    if identity is None:
        raise wire.Refusal(400, "ArgumentFault: An identity is required.")
    if method == "PUT":
        return 201, entity.update(elements(identity), call)
    entity.remove(elements(identity), call)
    return 200, ""


def _operation(entity: Entity, method: str, rest: list[str], call: Call) -> Answer:
    operation = rest[0].lower()
    if method != "POST":
        raise wire.no_operation(entity.name, rest[0])
    if operation == "_validate":
        return 200, _validated(entity, call)
    if operation == "_haspermission":
        reads = (rest[1:2] or [""])[0].lower() in ("read", "find", "select")
        return 200, call.master or not entity.guarded or reads
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
    kind = wire.type_name(wire.CORE, "GenericExecuteResult")
    return {"$type": kind, "Result": result, "IsSuccessStatusCode": True}
