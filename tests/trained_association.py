"""An invented association with a model of it and a night's scores, as the tests of `tenure.risk` share it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from association import Invented
from tenure.base.settings import Model as ModelSettings
from tenure.base.settings import Settings, Source
from tenure.base.signing import Signer
from tenure.risk import Manifest, Model, Registry

SETTINGS = Settings(source=Source(kind="files"), model=ModelSettings(refits=4, threads=1))


def registry(root: Path, key: bytes = bytes(32)) -> Registry:
    """The models in *root*, signed by *key*."""
    return Registry(root, Signer(key))


@dataclass(frozen=True)
class Trained:
    """An association, its model and a night's scores."""

    invented: Invented
    models: Path
    manifest: Manifest
    model: Model
    scores: pl.DataFrame
