"""A lake in a folder of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenure.lake import Lake


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    """An empty lake."""
    return Lake.open(tmp_path / "lake")
