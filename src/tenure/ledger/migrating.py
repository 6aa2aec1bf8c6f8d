"""Changes of the tables, each of which is done and written down, or neither."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor


class WholeMigrations(MigrationExecutor):
    """Django's executor, which writes down some migrations only after they were committed.

    A process that ended in between left tables that every later attempt stumbled over: "table already exists".
    """

    def apply_migration(self, *args: Any, **options: Any) -> Any:
        """One migration, and the note that it was applied, in one transaction."""
        with _without_foreign_keys(), transaction.atomic():
            return super().apply_migration(*args, **options)


def is_behind() -> bool:
    """Whether a migration is missing."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def apply_all() -> None:
    """Apply whatever migrations are missing, each as a whole."""
    executor = WholeMigrations(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


@contextmanager
def _without_foreign_keys() -> Iterator[None]:
    """SQLite can switch them off outside of a transaction alone; a migration checks them when it is done."""
    connection.disable_constraint_checking()
    try:
        yield
    finally:
        connection.enable_constraint_checking()
