"""From the parts of an address to the verb of an entity."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from imis_sandbox.rest import bulk, queries, wire
from imis_sandbox.rest.entities import Call, Entity
from imis_sandbox.rest.happenings import Change, of_write
from imis_sandbox.rest.moving import committed
from imis_sandbox.rest.site import Site

Answer = tuple[int, Any]


def writes(method: str, parts: list[str]) -> bool:
    """Whether a request means to change something."""
    changing = ("_execute", *bulk.OPERATIONS)
    operations = any(part.startswith("_") and part.lower() not in changing for part in parts)
    return method in ("POST", "PUT", "DELETE") and not operations


def written(site: Site, method: str, parts: list[str], body: Any) -> list[Change]:
    """What a write that was carried out changed."""
    below = parts[[part.lower() for part in parts].index("api") + 1 :]
    entity = site.entity(below[0])
    operation = next((part.lower() for part in below[1:] if part.startswith("_")), None)
    if entity is None or (operation == "_execute" and entity.name != "EventRegistration"):
        return []
    if operation == "_execute":
        return of_write("PUT", entity.name, None, body.get("Result"))
    if operation is not None:
        verb = "PUT" if operation == "_bulkupdate" else "POST"
        return [change for one in wire.values(body) for change in of_write(verb, entity.name, None, one)]
    return of_write(method, entity.name, "|".join(elements("/".join(below[1:]))) or None, body)


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
    if call.party:
        _only_own(method, name, call)
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


def _only_own(method: str, name: str, call: Call) -> None:
    """A contact who is signed in reads their own record and who they are, and nothing else."""
    if method == "GET" and name in ("party", "person"):
        call.params = [*call.params, ("PartyId", call.party)]
    elif method != "GET" or name not in ("query", "queryservice", "iqa") or not _asks_who(call):
        raise wire.forbidden("do this")


def _asks_who(call: Call) -> bool:
    path = next((value for key, value in call.params if key.lower() == "queryname"), "")
    return path.strip().lower() == "$/oauth2/userinfo"


def _watch(site: Site, entity: Entity, call: Call, page: wire.Json) -> None:
    site.usage.looked(entity.name, call.params)
    site.usage.scanned(entity.name, call.params, int(page.get("TotalCount", 0)), int(page.get("Offset", 0)))


def _query(site: Site, method: str, name: str, call: Call) -> Answer:
    if method != "GET":
        raise wire.no_operation("QueryService", method)
    if _asks_who(call):
        return 200, queries.one_row(site.user_info(call), old=name == "iqa")
    path = next((value for key, value in call.params if key.lower() == "queryname"), "")
    key = next((value for key, value in call.params if key.lower() == "querydocumentversionkey"), "")
    query = site.queries.of_key(key) if key else site.queries.need(path)
    site.usage.looked(query.path, call.params)
    old = name == "iqa"
    rows = query.select(queries.positional(query, call.params) if old else queries.named(call.params))
    if call.late is not None and query.prompts:
        rows = committed(call.late, query.source.need(query.prompts[0][1]), rows)
    return 200, (queries.generic_page if old else queries.flat_page)(query, call.params, rows)


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
        if call.party and identity not in (None, call.party):
            raise wire.forbidden(f"read {entity.name} {identity}")
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
    if operation == "_query":
        return 200, bulk.queried(entity, call)
    if operation in bulk.OPERATIONS:
        if entity.guarded and not call.master:
            raise wire.forbidden(f"change {entity.name}")
        return 201, bulk.written(entity, operation, call)
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
    return wire.service_response(entity.execute(name, arguments, call))
