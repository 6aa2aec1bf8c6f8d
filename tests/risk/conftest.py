"""One invented association and one model of it, shared by the tests of `tenure.risk`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest

from association import Invented, invent
from tenure.base.settings import Model as ModelSettings
from tenure.base.settings import Settings, Source
from tenure.risk import Manifest, Model, Registry, score, train

SETTINGS = Settings(source=Source(kind="files"), model=ModelSettings(refits=4, threads=1))


@dataclass(frozen=True)
class Trained:
    """An association, its model and a night's scores."""

    invented: Invented
    models: Path
    manifest: Manifest
    model: Model
    scores: pl.DataFrame


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A model of 700 members with five years of history."""
    root = tmp_path_factory.mktemp("association")
    invented = invent(root / "lake", members=700)
    manifest = train(invented.lake, SETTINGS, invented.last, root / "models")
    model = Registry(root / "models").latest()
    assert model is not None
    return Trained(invented, root / "models", manifest, model, score(invented.lake, SETTINGS, invented.last, model))
