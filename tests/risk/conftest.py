"""One invented association and one model of it, shared by the tests of `tenure.risk`."""

from __future__ import annotations

import pytest

from association import invent
from tenure.risk import score, train
from trained_association import SETTINGS, Trained, registry


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """A model of 700 members with five years of history."""
    root = tmp_path_factory.mktemp("association")
    invented = invent(root / "lake", members=700)
    manifest = train(invented.lake, SETTINGS, invented.last, registry(root / "models"))
    model = registry(root / "models").latest()
    assert model is not None
    return Trained(invented, root / "models", manifest, model, score(invented.lake, SETTINGS, invented.last, model))
