"""A ledger of its own for each test: in a real SQLite file, and in a real PostgreSQL."""

from __future__ import annotations

from databases import empty_database, empty_file, home, postgresql, settings

__all__ = ["empty_database", "empty_file", "home", "postgresql", "settings"]
