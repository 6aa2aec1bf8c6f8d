"""`Document` and `DocumentSummary`: the folders of queries and the library that members download from."""

from __future__ import annotations

import uuid
from typing import Any

from imis_sandbox.rest import wire
from imis_sandbox.rest.entities import Call
from imis_sandbox.rest.listed import Documents, Listed
from imis_sandbox.rest.queries import Catalog
from imis_sandbox.rest.records import DOCUMENT_IDS

LIBRARY = "$/ContentManager/Library"


def summaries_of(queries: Catalog) -> Documents:
    """A summary of each folder, query and library document, by path."""
    leaves = [(query.path, query.key, "IQD") for query in queries.all()]
    leaves += [(f"{LIBRARY}/{name}", _key(name), "CON") for name in DOCUMENT_IDS]
    folders: dict[str, None] = {}
    for path, _, _ in leaves:
        parts = path.split("/")
        folders.update(dict.fromkeys("/".join(parts[:end]) for end in range(1, len(parts))))
    return [_summary(path, _key(path), "FOL") for path in folders] + [_summary(*leaf) for leaf in leaves]


def _key(path: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, path.lower()))


def _summary(path: str, key: str, kind: str) -> wire.Json:
    _, _, name = path.rpartition("/")
    return {
        "$type": wire.type_name(wire.CORE, "DocumentSummaryData"), "DocumentId": key, "DocumentVersionId": key,
        "Name": name, "AlternateName": "", "Description": "", "Path": path, "DocumentTypeId": kind, "Status": 40,
    }  # fmt: skip


class Library(Listed):
    """A list of documents with the operations FindByPath and FindDocumentsInFolder.

    Args:
        name: `Document` or `DocumentSummary`.
        queries: The site's.
    """

    def __init__(self, name: str, queries: Catalog) -> None:
        super().__init__(name, "DocumentId", lambda: summaries_of(queries))

    def execute(self, operation: str, arguments: list[Any], call: Call) -> Any:
        path = str(arguments[0]).rstrip("/").lower() if arguments else ""
        if operation.lower() == "findbypath":
            return next((item for item in self.items() if item["Path"].lower() == path), None)
        if operation.lower() == "finddocumentsinfolder":
            return self._inside(path, [str(kind).upper() for kind in wire.values(arguments[1:2] and arguments[1])])
        return super().execute(operation, arguments, call)

    def _inside(self, folder: str, kinds: list[str]) -> wire.Json:
        """What stands directly in a folder, of the types named if any are."""
        found = [item for item in self.items() if item["Path"].lower().rpartition("/")[0] == folder]
        chosen = [item for item in found if not kinds or item["DocumentTypeId"] in kinds]
        return wire.collection(wire.type_name(wire.CORE, "DocumentSummaryDataCollection"), chosen)
