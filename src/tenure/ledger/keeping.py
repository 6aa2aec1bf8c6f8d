"""A connection to SQLite that is kept from one request to the next follows its file.

What was put in the file's place, as by a restore, is another file of the same name; a connection that was open would go
on with the one that was moved away.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.signals import request_started
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

_FILE = "tenure_file"


def follow_files() -> None:
    """Let every connection of this process note its file, and every request look whether it is still there."""
    connection_created.connect(_note, dispatch_uid="tenure.ledger.keeping.note")
    request_started.connect(_look, dispatch_uid="tenure.ledger.keeping.look")


def _note(connection: BaseDatabaseWrapper, **_: Any) -> None:
    setattr(connection, _FILE, _place_of(connection))


def _look(**_: Any) -> None:
    if connection.connection is not None and getattr(connection, _FILE, None) != _place_of(connection):
        connection.close()


def _place_of(one: Any) -> tuple[int, int] | None:
    """Which file lies where *one* has its database; None where it is no file, or there is none."""
    if one.vendor != "sqlite":
        return None
    try:
        found = Path(one.settings_dict["NAME"]).stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
