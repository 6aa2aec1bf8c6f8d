"""`Document` and `DocumentSummary`: the folders of queries, the library, and what clients keep beside them."""

from __future__ import annotations

import uuid
from typing import Any

from imis_sandbox.rest import wire
from imis_sandbox.rest.entities import Call
from imis_sandbox.rest.listed import Documents, Listed
from imis_sandbox.rest.queries import Catalog
from imis_sandbox.rest.records import DOCUMENT_IDS

LIBRARY = "$/ContentManager/Library"
_MADE = "2020-01-06T09:00:00"
"""When the site's administrator made the documents that are there from the start."""
_WHOLE = ("Data", "AccessId", "StatusUpdatedByUserId", "StatusUpdatedOn")
"""Members of `DocumentData` that a summary leaves out."""


def documents_of(queries: Catalog) -> Documents:
    """A document for each folder, query and library document, by path."""
    leaves = [(query.path, query.key, "IQD") for query in queries.all()]
    leaves += [(f"{LIBRARY}/{name}", _key(name), "CON") for name in DOCUMENT_IDS]
    folders: dict[str, None] = {}
    for path, _, _ in leaves:
        parts = path.split("/")
        folders.update(dict.fromkeys("/".join(parts[:end]) for end in range(1, len(parts))))
    return [document(path, _key(path), "FOL") for path in folders] + [document(*leaf) for leaf in leaves]


def document(path: str, version: str, kind: str) -> wire.Json:
    """A published document. *version* is the key of its version; the key of the document itself is another."""
    folder, _, name = path.rpartition("/")
    update = {"CreatedBy": "MANAGER", "CreatedOn": _MADE, "UpdatedBy": "MANAGER", "UpdatedOn": _MADE}
    return {
        "$type": wire.type_name(wire.CORE, "DocumentData"), "AccessId": _key("access"),
        "StatusUpdatedByUserId": _key("manager"), "StatusUpdatedOn": _MADE, "Description": "",
        "DocumentId": _key(f"document {path}"), "DocumentVersionId": version, "DocumentTypeId": kind, "Name": name,
        "AlternateName": name, "Path": path, "FolderPath": folder, "Status": "Published", "IsFolder": kind == "FOL",
        "UpdateInfo": {"$type": wire.type_name(wire.CORE, "EntityUpdateInformationData"), **update},
    }  # fmt: skip


def _key(path: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, path.lower()))


class Library(Listed):
    """A list of documents, with the operations that find them by path and by folder.

    Args:
        name: `Document`, or `DocumentSummary`, which leaves out what is in them and is not written to.
        queries: The site's.
        kept: What clients added or changed, by id; None for what they deleted. Shared by the two.
    """

    def __init__(self, name: str, queries: Catalog, kept: dict[str, wire.Json | None]) -> None:
        super().__init__(name, "DocumentId", self._every)
        self._queries, self._kept = queries, kept

    def _every(self) -> Documents:
        made = {item["DocumentId"]: item for item in documents_of(self._queries)}
        return [self._shown(item) for item in {**made, **self._kept}.values() if item is not None]

    def _shown(self, item: wire.Json) -> wire.Json:
        if self.name == "Document":
            return item
        rest = {name: value for name, value in item.items() if name not in _WHOLE}
        return {**rest, "$type": self.kind}

    def create(self, call: Call) -> wire.Json:
        """Add a document; `Path` of the body is that of its folder."""
        self._written("Add")
        errors = self.validate(call)
        if errors:
            raise wire.invalid(*errors)
        folder, name = (str(wire.member(call.body, part, "")).rstrip("/") for part in ("Path", "Name"))
        number = len(self._kept)
        kind = str(wire.member(call.body, "DocumentTypeId", "TXT"))
        made = document(f"{folder}/{name}", _key(f"version {number} {folder}/{name}"), kind)
        made["DocumentId"] = _key(f"document {number} {folder}/{name}")
        return self._keep(made, call.body)

    def update(self, elements: list[str], call: Call) -> wire.Json:
        self._written("Update")
        return self._keep(self.get(elements, call), call.body)

    def remove(self, elements: list[str], call: Call) -> None:
        self._written("Delete")
        self._kept[self.get(elements, call)["DocumentId"]] = None

    def validate(self, call: Call) -> list[tuple[str, str]]:
        needed = [name for name in ("Name", "Path") if not wire.member(call.body, name)]
        return [(name, f"{name} is required.") for name in needed]

    def _written(self, operation: str) -> None:
        if self.name != "Document":
            raise wire.no_operation(self.name, operation)

    def _keep(self, before: wire.Json, body: wire.Json) -> wire.Json:
        fixed = ("$type", "documentid", "documentversionid", "path", "folderpath", "status")
        given = {name: value for name, value in body.items() if name.lower() not in fixed}
        self._kept[before["DocumentId"]] = {**before, **given}
        return {**before, **given}

    def execute(self, operation: str, arguments: list[Any], call: Call) -> Any:
        name, asked = operation.lower(), str(arguments[0]).rstrip("/").lower() if arguments else ""
        if name == "findbypath":
            return next((item for item in self.items() if item["Path"].lower() == asked), None)
        if name == "findbyversionid":
            return next((item for item in self.items() if item["DocumentVersionId"].lower() == asked), None)
        if name == "findbyversionids":
            keys = {str(key).lower() for one in arguments for key in (wire.values(one) or [one])}
            return self._listed([item for item in self.items() if item["DocumentVersionId"].lower() in keys])
        if name in ("finddocumentsinfolder", "finddescendantdocumentsinfolder"):
            kinds = [str(kind).upper() for kind in wire.values(arguments[1:2] and arguments[1])]
            return self._inside(asked, kinds, deep=name.startswith("finddescendant"))
        return super().execute(operation, arguments, call)

    def _inside(self, folder: str, kinds: list[str], *, deep: bool) -> wire.Json:
        """What stands in a folder, named by its path or one of its keys, of the types named if any are."""
        every = self.items()
        keys = ("Path", "DocumentId", "DocumentVersionId")
        path = next((item["Path"].lower() for item in every if folder in (item[key].lower() for key in keys)), folder)
        found = [item for item in every if _within(item["FolderPath"].lower(), path, deep=deep)]
        chosen = [item for item in found if not kinds or item["DocumentTypeId"] in kinds]
        return self._listed(chosen)

    def _listed(self, items: list[wire.Json]) -> wire.Json:
        return wire.collection(f"System.Collections.Generic.List`1[[{self.kind}]], mscorlib", items)


def _within(place: str, folder: str, *, deep: bool) -> bool:
    return place == folder or (deep and place.startswith(f"{folder}/"))
