"""Makes the ledger known to Django."""

from __future__ import annotations

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The ledger's models, under the label `ledger`."""

    name = "tenure.ledger"
    label = "ledger"
    verbose_name = "Ledger"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Look after connections that are kept."""
        from tenure.ledger import keeping

        keeping.follow_files()
