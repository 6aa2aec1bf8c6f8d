"""A digest beside each row, so that a byte flipped within a value is noticed though rows may change at any time.

Triggers take a row's digest away whenever a statement touches the row, whoever sends it; at its end, a run gives
digests to the rows that have none. So a row with a digest must say what it said then, and one without was written
since. What the disk damages, it damages without a statement.

The audit log is a chain of digests of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import models

from tenure.ledger import _row_digests_postgresql as on_a_server
from tenure.ledger import _row_digests_sqlite as in_a_file
from tenure.ledger.columns import name_of
from tenure.ledger.models import AuditEvent, AuditSeal, Lease, SignInGuess

LEFT_OUT: tuple[type[models.Model], ...] = (AuditEvent, AuditSeal, Lease, SignInGuess)
"""The audit log and what is sealed beside it, which `tenure audit verify` checks; and what nobody needs tomorrow."""


def install(connection: Any) -> None:
    """Make the table for the digests, and the triggers that are missing; *connection* is Django's."""
    there = set(connection.introspection.table_names())
    (in_a_file if connection.vendor == "sqlite" else on_a_server).install(connection, _keys(there))


def remove(connection: Any) -> None:
    """Take table and triggers away."""
    (in_a_file if connection.vendor == "sqlite" else on_a_server).remove(connection, _keys())


def take(connection: Any, *, anew: bool = False) -> None:
    """Give digests to the rows that have none; to all of them *anew*, or after the tables took another form."""
    if connection.vendor == "sqlite":
        in_a_file.take(_file_of(connection), _keys(), anew=anew)
    else:
        on_a_server.take(connection, _keys(), anew=anew)


def harmed(connection: Any) -> list[str]:
    """Which tables have rows that do not say what they said, or lack some: in words, with how many."""
    if connection.vendor == "sqlite":
        return _told(in_a_file.changed(_file_of(connection), _keys()))
    return _told(on_a_server.changed(connection, _keys()))


def looked_after(connection: Any) -> list[str]:
    """The tables whose rows get digests: those that have their triggers."""
    if connection.vendor == "sqlite":
        return in_a_file.looked_after(_file_of(connection), _keys())
    return on_a_server.looked_after(connection, _keys())


def _file_of(connection: Any) -> Path:
    return Path(connection.settings_dict["NAME"])


def _keys(there: set[str] | None = None) -> dict[str, str]:
    """The column of the primary key of each table whose rows have digests; of those that are *there* alone."""
    models = (model for model in apps.get_app_config("ledger").get_models() if model not in LEFT_OUT)
    tables = {model._meta.db_table: name_of(model._meta.pk) for model in models}
    return {name: key for name, key in tables.items() if there is None or name in there}


def _told(found: Mapping[str, int]) -> list[str]:
    named = ((name.removeprefix("ledger_").replace("_", " "), count) for name, count in sorted(found.items()))
    return [f"{name}, {count:,} {'row' if count == 1 else 'rows'}" for name, count in named if count]
