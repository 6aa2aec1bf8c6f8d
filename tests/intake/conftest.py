"""A small association, in CSV and in Parquet."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_association import Association


@pytest.fixture(params=["csv", "parquet"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Association:
    """An empty home beside an empty folder of exports."""
    (tmp_path / "home").mkdir()
    return Association(tmp_path, request.param)


@pytest.fixture
def csv_place(tmp_path: Path) -> Association:
    """The same, for what only CSV can get wrong."""
    (tmp_path / "home").mkdir()
    return Association(tmp_path)
