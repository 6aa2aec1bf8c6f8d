"""Columns of the ledger's tables by the names of their fields, and one statement for many rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Field, Model


def columns_of(model: type[Model]) -> dict[str, Field[Any, Any]]:
    """The columns of *model*'s table, in their order, by the names of their fields."""
    return {field.name: field for field in model._meta.concrete_fields}


def name_of(column: Field[Any, Any]) -> str:
    """What *column* is called in the database."""
    return column.column or column.attname


def quoted(column: Field[Any, Any]) -> str:
    """As `name_of`, as a statement holds it."""
    return connection.ops.quote_name(name_of(column))


def as_kept(column: Field[Any, Any], value: Any) -> Any:
    """*value* as the database takes it in *column*."""
    return column.get_db_prep_save(value, connection)


def run_for_each(statement: str, rows: Iterable[Sequence[Any]]) -> None:
    """Run *statement* once for each of *rows*, which are taken as they come: there may be more than memory likes."""
    with connection.cursor() as cursor:
        cursor.executemany(statement, rows)  # type: ignore[arg-type]  # any iterable does; the stubs ask for a sequence
