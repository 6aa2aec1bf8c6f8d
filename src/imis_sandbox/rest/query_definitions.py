"""What an IQA is made of: `QueryDefinition`, and its prompts by `QueryParameterDefinition`."""

from __future__ import annotations

import uuid
from typing import Any

from imis_sandbox.rest import wire
from imis_sandbox.rest.dialect import first, window
from imis_sandbox.rest.documents import document
from imis_sandbox.rest.entities import Call, Entity
from imis_sandbox.rest.listed import chosen
from imis_sandbox.rest.queries import Catalog, Query

_TYPES = {"Integer": "Int32", "Date": "DateTime"}
"""Names of data types in a query where they differ from those of properties."""
_OPERATIONS = {"eq": 3, "ge": 4}
"""Numbers of the vendor's operations, for those that the prompts here have."""


def definition(query: Query) -> wire.Json:
    """What `QueryDefinition` says of a query."""
    source = str(uuid.uuid5(uuid.NAMESPACE_URL, query.source.name.lower()))
    kind = wire.type_name(wire.CORE, "QuerySourceData")
    sources = [
        {
            "$type": kind, "QuerySourceId": source, "QuerySourceType": 1, "Name": query.source.name,
            "Description": query.source.name, "BusinessControllerName": query.source.name,
        }
    ]  # fmt: skip
    return {
        "$type": wire.type_name(wire.CORE, "IqaQueryDefinitionData"),
        "Document": document(query.path, query.key, "IQD"), "Parameters": _collection("Criteria", _criteria(query)),
        "Path": query.path, "Properties": _collection("QueryProperty", _properties(query, source)),
        "Relations": _collection("QueryRelation", []), "Sources": _collection("QuerySource", sources),
        "LimitResultsCount": 0, "QueryDefinitionId": query.key,
    }  # fmt: skip


def _collection(name: str, values: list[wire.Json]) -> wire.Json:
    return wire.collection(wire.type_name(wire.CORE, f"{name}DataCollection"), values)


def _properties(query: Query, source: str) -> list[wire.Json]:
    kind = wire.type_name(wire.CORE, "QueryPropertyData")
    return [
        {
            "$type": kind, "QuerySourceId": source, "Name": column.name, "PropertyName": column.name,
            "Alias": column.name, "Caption": column.name, "DisplayFormat": "", "DisplayOrder": place, "Link": "",
            "DataTypeName": _TYPES.get(column.kind, column.kind),
        }
        for place, column in enumerate(query.source.columns)
    ]  # fmt: skip


def _criteria(query: Query) -> list[wire.Json]:
    kind = wire.type_name(wire.CORE, "CriteriaData")
    return [
        {
            "$type": kind, "Operation": _OPERATIONS[usual], "PropertyName": alias, "Prompt": f"{alias} (optional)",
            "Values": wire.collection(wire.STRINGS, []),
        }
        for alias, _, usual in query.prompts
    ]  # fmt: skip


class QueryDefinition(Entity):
    """`QueryDefinition`: `_execute` FindByPath, FindById, GetRestAccess, SetRestAccess.

    Args:
        queries: The site's.
    """

    def __init__(self, queries: Catalog) -> None:
        super().__init__("QueryDefinition")
        self._queries = queries

    def page(self, call: Call) -> wire.Json:
        found = chosen([definition(query) for query in self._queries.all()], call.params)
        offset, limit = window(call.params)
        kind = wire.type_name(wire.CORE, "IqaQueryDefinitionData")
        return wire.page(kind, found[offset : offset + limit], offset=offset, limit=limit, total=len(found))

    def get(self, elements: list[str], call: Call) -> wire.Json:
        return definition(self._query(elements[0]))

    def execute(self, operation: str, arguments: list[Any], call: Call) -> Any:
        name, path = operation.lower(), str(arguments[0]) if arguments else ""
        if name in ("findbypath", "findbyid"):
            query = self._found(path)
            return definition(query) if query else None
        if name in ("findsummaryquerybyid", "finddetailquerybyid"):
            return None  # no query here leads to another
        if name == "getrestaccess":
            return self._query(path).available
        if name == "setrestaccess":
            if not call.master:
                raise wire.forbidden("change queries")
            self._query(path).available = bool(arguments[1]) if len(arguments) > 1 else True
            return True
        return super().execute(operation, arguments, call)

    def _found(self, asked: str) -> Query | None:
        """A query by its path or its key."""
        return self._queries.find(asked) or self._queries.by_key(asked)

    def _query(self, asked: str) -> Query:
        query = self._found(asked)
        if query is None:
            raise wire.not_found(f"Query: {asked} not found.")
        return query


class QueryParameterDefinition(Entity):
    """`QueryParameterDefinition?QueryPath=`: the prompts of a query, by the names that `api/query` takes.

    Args:
        queries: The site's.
    """

    def __init__(self, queries: Catalog) -> None:
        super().__init__("QueryParameterDefinition")
        self._queries = queries

    def page(self, call: Call) -> wire.Json:
        query = self._queries.need(first(call.params, "querypath") or "")
        kind = wire.type_name(wire.CORE, "QueryParameterDefinitionData")
        made = [
            {
                "$type": kind, "ControllerName": query.source.name, "PropertyName": alias,
                "Prompt": f"{alias} (optional)", "PropertyTypeName": query.source.need(column).kind,
            }
            for alias, column, _ in query.prompts
        ]  # fmt: skip
        offset, limit = window(call.params)
        return wire.page(kind, made[offset : offset + limit], offset=offset, limit=limit, total=len(made))
