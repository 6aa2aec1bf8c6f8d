"""An invented association with a model of it and a night's scores, as the tests of `tenure.risk` share it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from association import Invented
from tenure.base.settings import Model as ModelSettings
from tenure.base.settings import Settings, Source
from tenure.risk import Manifest, Model

SETTINGS = Settings(source=Source(kind="files"), model=ModelSettings(refits=4, threads=1))


@dataclass(frozen=True)
class Trained:
    """An association, its model and a night's scores."""

    invented: Invented
    models: Path
    manifest: Manifest
    model: Model
    scores: pl.DataFrame
