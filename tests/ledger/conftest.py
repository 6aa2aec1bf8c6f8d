"""A ledger of its own for each test: in a real SQLite file, and in a real PostgreSQL."""

from __future__ import annotations

from databases import home, postgresql, settings

__all__ = ["home", "postgresql", "settings"]
