"""Puts a digest beside each row that may change, so that damage shows."""

# ruff: noqa: RUF012
from typing import Any

from django.db import migrations


def make_digests(apps: Any, schema_editor: Any) -> None:
    """Make the table and the triggers; `tenure.ledger.migrate` sees to those of tables that come later."""
    from tenure.ledger import row_digests

    row_digests.install(schema_editor.connection)


def remove_digests(apps: Any, schema_editor: Any) -> None:
    """Allow the way back."""
    from tenure.ledger import row_digests

    row_digests.remove(schema_editor.connection)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0019_sign_in")]

    operations = [migrations.RunPython(make_digests, remove_digests)]
