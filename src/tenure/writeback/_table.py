"""The table in iMIS: which names may be one, whether it is there with every column, and how it is made."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.base.errors import UsageError
from tenure.imis import (
    AlreadyThere,
    ColumnsMissing,
    ImisClient,
    ImisRefused,
    NotAllowed,
    NotFound,
    NotOffered,
    OutcomeUnknown,
    Writer,
    collection,
    contract,
)
from tenure.writeback.panel import Column

DEFINITIONS = "BOEntityDefinition"

# No public sample shows the type of this collection; the name is one of those in the vendor's contracts.
_PROPERTIES = "PropertyTypeGenericPropertyDefinitionDataCollection"

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{2,59}")
_OWN = re.compile(r"(AI|UD|CUSTOM|TENURE|MEMBERRISK|MEMBER_RISK|RETENTION)", re.IGNORECASE)

_TYPES: dict[str, tuple[str, str, str, dict[str, Any]]] = {
    "text": ("PropertyTypeStringData", "String", "NVarChar", {}),
    "integer": ("PropertyTypeIntegerData", "Integer", "Int", {}),
    "decimal": ("PropertyTypeDecimalData", "Decimal", "Decimal", {"Precision": 9, "Scale": 4}),
    "date": ("PropertyTypeDateTimeData", "Date", "DateTime", {"DateTimeDataType": 0}),
}


@dataclass(frozen=True)
class Table:
    """The table as iMIS has it.

    Args:
        name: The panel source.
        exists: Whether it is there.
        identity: The property that holds the contact's id.
        missing: Columns it lacks, if its definition can be read.
        definition: What iMIS says of it; None if it isn't there or its definition can't be read.
    """

    name: str
    exists: bool
    identity: str = "PartyId"
    missing: tuple[Column, ...] = ()
    definition: Mapping[str, Any] | None = None


def check_name(name: str) -> None:
    """Check that *name* may be a table of Tenure's own and none of iMIS's.

    Raises:
        UsageError: It may not.
    """
    if not (_NAME.fullmatch(name) and _OWN.match(name)):
        raise UsageError(
            f"`writeback.table` is `{name}`, which is no name for a table of Tenure's own",
            mend="name a custom panel source, of letters, digits and underscores, that begins with AI, UD, Custom, "
            "Tenure, Retention or MemberRisk, such as AI_Member_Risk; so no table of iMIS's own is ever written to",
        )


def look_at(client: ImisClient, name: str, columns: Sequence[Column]) -> Table:
    """What iMIS has by the name of *name*; reads only, by GET.

    Raises:
        ImisUnavailable, ImisRefused: It can't be told.
    """
    try:
        definition = client.definition(name)
    except (NotAllowed, NotOffered):
        return _look_without_definition(client, name)
    if definition is None:
        return Table(name, exists=False)
    properties = _properties(definition)
    found = {str(item.get("Name", "")).lower() for item in properties}
    identity = next((str(item["Name"]) for item in properties if item.get("IsIdentity")), "PartyId")
    missing = tuple(column for column in columns if column.name.lower() not in found)
    return Table(name, True, identity, missing, definition)


def _look_without_definition(client: ImisClient, name: str) -> Table:
    """An account without the right to definitions can still see whether the table answers."""
    try:
        client.count(name)
    except NotFound:
        return Table(name, exists=False)
    return Table(name, exists=True)


def install(client: ImisClient, writer: Writer, table: Table, columns: Sequence[Column]) -> Table:
    """Make the table, or add the columns it lacks, and look again.

    Raises:
        ImisRefused: The account may not.
    """
    try:
        _write_definition(writer, table, columns)
    except (OutcomeUnknown, AlreadyThere):
        pass  # What counts is what is there now.
    except ImisRefused as error:
        raise ImisRefused(
            f"the table {table.name} is not in iMIS as Tenure needs it, and Tenure's account may not make it: "
            f"{error.message}",
            mend="have an administrator make it after docs/imis.md, or give the account the right to panel sources",
        ) from error
    made = look_at(client, table.name, columns)
    if not made.exists:
        raise ImisRefused(
            f"iMIS took the definition of {table.name} but doesn't show the table",
            mend="look for it among the panel sources in iMIS; 'Available via the REST API' must be on",
        )
    return made


def require_table(table: Table) -> None:
    """Check that the table is there and lacks nothing, when Tenure was told not to make it.

    Raises:
        NotFound: It isn't there.
        ColumnsMissing: Some columns aren't.
    """
    if not table.exists:
        raise NotFound(
            f"the table {table.name} is not in iMIS, or not shown to Tenure's account",
            mend="have an administrator make it after docs/imis.md, or set `writeback.install_table` to true",
        )
    if table.missing:
        found = [str(item.get("Name")) for item in _properties(table.definition or {})]
        raise ColumnsMissing(f"the table {table.name} in iMIS", [column.name for column in table.missing], found)


def _write_definition(writer: Writer, table: Table, columns: Sequence[Column]) -> None:
    if table.definition is None:
        writer.post(DEFINITIONS, definition_of(table.name, columns))
        return
    merged = dict(table.definition)
    kept = dict(merged.get("Properties") or collection(_PROPERTIES, []))
    kept["$values"] = [*kept.get("$values", []), *map(_property, table.missing)]
    writer.put(DEFINITIONS, table.name, merged | {"Properties": kept})


def definition_of(name: str, columns: Sequence[Column]) -> dict[str, Any]:
    """A single-instance panel source of contacts, as `BOEntityDefinition` takes it."""
    own = _property(Column("PartyId", "text", "", "Contact", 10)) | {"IsIdentity": True, "Required": True}
    properties = [own, *map(_property, columns)]
    return contract(
        "BOEntityDefinitionData",
        ObjectTypeName="Single",
        Description="Risk of not renewing, written by Tenure",
        EntityTypeName=name,
        PrimaryParentEntityTypeName="Party",
        Properties=collection(_PROPERTIES, properties),
        IsDesignable=True,
    )


def _property(column: Column) -> dict[str, Any]:
    contract_name, type_name, database_type, more = _TYPES[column.kind]
    if column.kind == "text":
        more = {"MaxLength": column.length}
    return contract(
        contract_name,
        PropertyTypeName=type_name,
        Name=column.name,
        Caption=column.caption,
        Visible=True,
        **more,
        ExtendedPropertyInformation=contract(
            "ExtendedPropertyInformationData",
            DatabaseColumnName=column.name,
            DbDataType=database_type,
            IsNullable=True,
        ),
    )


def _properties(definition: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    properties = definition.get("Properties")
    values = properties.get("$values", []) if isinstance(properties, Mapping) else properties
    return [item for item in values or [] if isinstance(item, Mapping)]
