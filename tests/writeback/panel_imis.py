"""An iMIS that has nothing but panel sources, and loses answers when told to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scripted_server import Asked, Says, Server

Fault = Callable[[Asked], str]
"""Names what befalls a write: "" for nothing, else one of `_befall`."""


class PanelImis:
    """Panel sources with their definitions and rows; counts what it is asked."""

    def __init__(self, server: Server) -> None:
        self.definitions: dict[str, dict[str, Any]] = {}
        self.rows: dict[str, dict[str, dict[str, Any]]] = {}
        self.fault: Fault = lambda asked: ""
        self.read_fault: Fault = lambda asked: ""
        self.may_define = True
        self.server = server
        server.script = self.answer

    @property
    def writes(self) -> list[Asked]:
        """Every request that isn't a GET."""
        return [asked for asked in self.server.asked if asked.method != "GET"]

    def answer(self, asked: Asked) -> Says:
        name, _, key = asked.path.removeprefix("/api/").partition("/")
        key = key or asked.one("EntityId")
        if asked.method == "GET":
            return _befall(self.read_fault(asked), lambda: self.read(asked, name, key))
        return _befall(self.fault(asked), lambda: self.write(asked, name, key))

    def read(self, asked: Asked, name: str, key: str) -> Says:
        if name == "BOEntityDefinition":
            if not self.may_define:
                return Says({"Message": "no"}, 403)
            return Says(self.definitions[key]) if key in self.definitions else Says(status=404)
        if name not in self.rows:
            return Says(status=404)
        if key:
            return Says(self.entity(name, key)) if key in self.rows[name] else Says(status=404)
        offset, limit = int(asked.one("Offset")), int(asked.one("Limit"))
        keys = sorted(self.rows[name])
        page, total = keys[offset : offset + limit], len(keys)
        more = offset + len(page) < total
        found = {"Items": {"$values": [self.entity(name, key) for key in page]}, "Count": len(page)}
        return Says(found | {"TotalCount": total, "HasNext": more, "NextOffset": offset + len(page) if more else 0})

    def write(self, asked: Asked, name: str, key: str) -> Says:
        if name == "BOEntityDefinition":
            if not self.may_define:
                return Says({"Message": "no"}, 403)
            made = asked.json["EntityTypeName"]
            self.definitions[made] = asked.json
            self.rows.setdefault(made, {})
            return Says(asked.json, 201)
        if name not in self.rows:
            return Says(status=404)
        values = {item["Name"]: item.get("Value") for item in asked.json["Properties"]["$values"]}
        if asked.method == "POST":
            key = asked.json["PrimaryParentIdentity"]["IdentityElements"]["$values"][0]
            if key in self.rows[name]:
                return Says(status=409)
        elif key not in self.rows[name]:
            return Says(status=404)
        self.rows[name][key] = values
        return Says(self.entity(name, key), 201)

    def entity(self, name: str, key: str) -> dict[str, Any]:
        properties = [{"Name": n} | ({} if v is None else {"Value": v}) for n, v in self.rows[name][key].items()]
        return {"EntityTypeName": name, "Properties": {"$values": properties}}


def _befall(fault: str, answer: Callable[[], Says]) -> Says:
    match fault:
        case "":
            return answer()
        case "answer lost":
            answer()
            return Says(drop=True)
        case "request lost":
            return Says(drop=True)
        case "saved, says 500":
            answer()
            return Says(status=500, body=b"An error occurred. Please contact the administrator.")
        case "not saved, says 500":
            return Says(status=500)
        case "busy":
            return Says(status=503)
        case "slow down":
            return Says(status=429)
        case "forbidden":
            return Says({"Message": "no"}, 403)
        case "invalid":
            found = {"Message": "Reason is not allowed.", "PropertyName": "Reason1"}
            return Says({"Errors": {"$values": [found]}, "Summary": "Reason is not allowed."}, 400)
        case _:
            raise AssertionError(fault)
