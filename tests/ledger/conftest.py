"""A ledger of its own for each test, in a real SQLite file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tenure import ledger
from tenure.base.home import Home
from tenure.base.settings import Settings, Source


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path / "home")
    ledger.setup(home, Settings(source=Source(kind="files")))
    ledger.migrate()
    yield home
    from django.db import connections

    connections.close_all()
