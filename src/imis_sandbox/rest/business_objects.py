"""`BOEntityDefinition`: what business objects are made of, the site's own and those that clients install."""

from __future__ import annotations

from typing import Any

from imis_sandbox.rest import wire
from imis_sandbox.rest.dialect import window
from imis_sandbox.rest.entities import Call, Entity, Tabled
from imis_sandbox.rest.listed import chosen
from imis_sandbox.rest.panels import Panel, Property, fits, property_of
from imis_sandbox.rest.records import Records
from imis_sandbox.rest.sources import Source

_TYPES = {"Date": "DateTime"}
"""Kinds whose contract is named otherwise."""
_STORED = {"String": "NVarChar", "Integer": "Int", "Decimal": "Decimal", "Boolean": "Bit", "Date": "DateTime"}
_LONGEST = 255


class Standalone(Panel):
    """A business object without a parent: its rows are identified by properties of their own, or numbered."""

    def redefine(self, definition: wire.Json) -> None:
        """Take another definition; rows keep what they hold."""
        super().redefine(definition)
        entries = [property_of(entry) for entry in wire.values(wire.member(definition, "Properties", []))]
        self.identity = [entry for entry in entries if entry.own] or [Property("Ordinal", "Integer", own=True)]
        names = {entry.name.lower() for entry in self.identity}
        self.properties = [entry for entry in entries if entry.name and entry.name.lower() not in names]

    def create(self, call: Call) -> wire.Json:
        given = wire.properties(call.body)
        self._check("", given)
        key = tuple(self._element(place, entry, given) for place, entry in enumerate(self.identity))
        if key in self.rows:
            raise wire.Refusal(409, f"{self.name} {'|'.join(key)} already exists.")
        self._put(key, self._kept(given))
        return self._generic(key)

    def _element(self, place: int, entry: Property, given: dict[str, Any]) -> str:
        named = {name.lower(): value for name, value in given.items()}
        value = named.get(entry.name.lower())
        if value is not None:
            return str(value)
        return str(max((int(key[place]) for key in self.rows if key[place].isdecimal()), default=0) + 1)

    def _generic(self, key: tuple[str, ...]) -> wire.Json:
        return {**super()._generic(key), "PrimaryParentIdentity": wire.nobody("Standalone")}

    def _errors(self, party: str, given: dict[str, Any]) -> list[tuple[str, str]]:
        known = {entry.name.lower(): entry for entry in self._all()}
        errors = []
        for name, value in given.items():
            entry = known.get(name.lower())
            if entry is None:
                errors.append((name, f"{name} is not a property of {self.name}."))
            elif value is not None and not fits(entry, value):
                errors.append((name, f"{name} is not a valid {entry.kind.lower()}."))
        return errors


def panel_of(definition: wire.Json, records: Records) -> Panel:
    """The business object that a definition makes."""
    parent = str(wire.member(definition, "PrimaryParentEntityTypeName") or "Party")
    return (Standalone if parent.lower() == "standalone" else Panel)(definition, records)


class Definitions(Entity):
    """`BOEntityDefinition`: the business objects that there are, and how clients install their own.

    Args:
        panels: What clients installed, by lower-case name; shared with whoever looks entities up.
        records: Handed to new panels.
        entities: The site's own, by lower-case name.
    """

    guarded = False

    def __init__(self, panels: dict[str, Panel], records: Records, entities: dict[str, Entity]) -> None:
        super().__init__("BOEntityDefinition")
        self._panels, self._records, self._entities = panels, records, entities

    def page(self, call: Call) -> wire.Json:
        kind = wire.type_name(wire.CORE, "BOEntityDefinitionData")
        offset, limit = window(call.params)
        shipped = [found for name in self._entities if (found := self._shipped(name)) is not None]
        every = chosen([*shipped, *(complete(panel.definition) for panel in self._panels.values())], call.params)
        return wire.page(kind, every[offset : offset + limit], offset=offset, limit=limit, total=len(every))

    def get(self, elements: list[str], call: Call) -> wire.Json:
        found = self._shipped(elements[0].lower())
        return found if found is not None else complete(self._panel(elements[0]).definition)

    def create(self, call: Call) -> wire.Json:
        name = str(wire.member(call.body, "EntityTypeName", ""))
        if not name or not wire.values(wire.member(call.body, "Properties", [])):
            raise wire.invalid(("EntityTypeName", "A name and at least one property are required."))
        if name.lower() in self._panels or name.lower() in self._entities:
            raise wire.Refusal(409, f"{name} already exists.")
        self._panels[name.lower()] = panel_of(call.body, self._records)
        return complete(self._panels[name.lower()].definition)

    def update(self, elements: list[str], call: Call) -> wire.Json:
        if self._shipped(elements[0].lower()) is not None:
            raise wire.forbidden(f"change {elements[0]}, which the site was shipped with")
        panel = self._panel(elements[0])
        panel.redefine(call.body)
        return complete(panel.definition)

    def execute(self, operation: str, arguments: list[Any], call: Call) -> Any:
        if operation.lower() == "findbyid" and arguments:
            return self.get([str(arguments[0])], call)
        return super().execute(operation, arguments, call)

    def _shipped(self, name: str) -> wire.Json | None:
        entity = self._entities.get(name)
        if isinstance(entity, Panel):
            return complete(entity.definition)
        if isinstance(entity, Tabled) and entity.item == wire.GENERIC:
            return shipped(entity.source)
        return None

    def _panel(self, name: str) -> Panel:
        panel = self._panels.get(name.lower())
        if panel is None:
            raise wire.not_found(f"BOEntityDefinition {name} was not found.")
        return panel


def shipped(source: Source) -> wire.Json:
    """The definition of a business object that the site has of itself."""
    properties = [
        {
            "Name": column.name,
            "PropertyTypeName": column.kind,
            **({"IsIdentity": True} if column.name in source.key else {}),
        }
        for column in source.columns
    ]
    return complete(
        {
            "ObjectTypeName": "Standard", "EntityTypeName": source.name,
            "PrimaryParentEntityTypeName": source.parent if source.party else "Standalone",
            "Properties": {"$values": properties},
        }
    )  # fmt: skip


def complete(definition: wire.Json) -> wire.Json:
    """A definition with every member and type that the contract has for what it says."""
    kept = {name: value for name, value in definition.items() if name not in ("$type", "Properties")}
    properties = [_property(entry) for entry in wire.values(wire.member(definition, "Properties", []))]
    core, empty = wire.type_name, list[Any]()
    return {
        "$type": core(wire.CORE, "BOEntityDefinitionData"), "ObjectTypeName": "Single", "Description": "",
        "PrimaryParentEntityTypeName": "Party",
        "RelatedEntities": wire.collection(core(wire.CORE, "RelatedEntityDataCollection"), empty),
        "Indexes": wire.collection(core(wire.CORE, "IndexDataCollection"), empty), **kept,
        "Properties": wire.collection(core(wire.CORE, "EntityPropertyDefinitionDataCollection"), properties),
    }  # fmt: skip


def _property(data: Any) -> wire.Json:
    if not isinstance(data, dict):
        return {}
    found = property_of(data)
    extended = {
        "$type": wire.type_name(wire.CORE, "ExtendedPropertyInformationData"), "DatabaseColumnName": found.name,
        "DbDataType": _STORED[found.kind], "IsNullable": True,
    }  # fmt: skip
    of_kind: wire.Json = {"MaxLength": found.length or _LONGEST} if found.kind == "String" else {}
    if found.kind == "Date":
        of_kind = {"DateTimeDataType": 0}
    rest = {name: value for name, value in data.items() if name not in ("$type", "PropertyTypeName")}
    return {
        "$type": wire.type_name(wire.CORE, f"PropertyType{_TYPES.get(found.kind, found.kind)}Data"),
        "PropertyTypeName": found.kind, "Caption": found.name, "Visible": True, **of_kind,
        "ExtendedPropertyInformation": extended, **rest,
    }  # fmt: skip
