"""A ledger in SQLite and in PostgreSQL, and a mail server that keeps what it takes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from mail_sink import MailSink

from databases import empty_database, empty_file, home, postgresql, settings

__all__ = ["empty_database", "empty_file", "home", "postgresql", "settings"]


@pytest.fixture
def mail() -> Iterator[MailSink]:
    """A mail server on this machine."""
    with MailSink() as sink:
        yield sink
