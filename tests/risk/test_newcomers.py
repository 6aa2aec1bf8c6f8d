"""New members are served by the model of everyone as long as the past shows none of their own to be better."""

from __future__ import annotations

import json

import numpy as np
import polars as pl

from tenure.features import CATEGORIES, FeatureMatrix
from tenure.risk.fitting import Rows, Workshop
from tenure.risk.newcomers import OWN_LINE, OWN_MODEL, compared, on_own_track, sentences_of
from trained_association import Trained


def test_each_training_says_how_a_track_of_their_own_would_have_done(trained: Trained):
    """With the log loss of each on the same first renewals, which are some of all renewals."""
    told = trained.manifest["new_members"]

    assert 40 < told["decisions"] < trained.manifest["data"]["decisions"]
    assert set(told["rivals"]) == {OWN_MODEL, OWN_LINE}
    assert 0.2 < told["common"] < 1
    assert f"{told['rivals'][OWN_MODEL]:.4f}" in " ".join(sentences_of(told))


def test_a_track_that_is_surely_better_is_named():
    """A rival that knows what the common model does not, and one that knows nothing."""
    rng = np.random.default_rng(1)
    p = rng.uniform(0.05, 0.6, 800)
    y = (rng.random(800) < p).astype(float)
    usual = np.full(800, p.mean())

    found = compared(y, np.repeat(np.arange(400), 2), {OWN_MODEL: p, OWN_LINE: usual}, usual)

    assert found["better"][OWN_MODEL] > 2
    assert found["better"][OWN_LINE] == 0
    assert f"There {OWN_MODEL} did surely better" in " ".join(sentences_of(found))


def test_what_is_said_for_certain_is_compared_too():
    """A model of few members may say 0 or 1 outright, rightly or not; the manifest takes only what JSON has."""
    rng = np.random.default_rng(1)
    p = rng.uniform(0.05, 0.6, 800)
    y = (rng.random(800) < p).astype(float)
    certain = np.where(np.arange(800) % 9 == 0, np.round(p), p)

    found = compared(y, np.arange(800), {OWN_MODEL: certain, OWN_LINE: p}, p)

    assert json.loads(json.dumps(found, allow_nan=False))["better"][OWN_MODEL] < 0


def test_too_few_first_renewals_compare_nothing():
    """Nineteen lapses tell no difference."""
    y = np.array([1.0] * 19 + [0.0] * 100)
    p = np.full(y.size, 0.2)

    found = compared(y, np.arange(y.size), {OWN_MODEL: p, OWN_LINE: p}, p)

    assert "common" not in found
    assert "too few" in " ".join(sentences_of(found))


def _rows(n: int) -> Rows:
    """Half of them new; what the one feature means differs between new and old."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(n, 1)).astype(np.float32)
    new = np.arange(n) % 2 == 0
    y = (rng.random(n) < 1 / (1 + np.exp(1 - np.where(new, 2, -2) * x[:, 0]))).astype(float)
    stood = pl.DataFrame({
        "term_id": [f"{row}" for row in range(n)], "terms_in_spell": np.where(new, 1, 3), "spells": np.ones(n, int),
    })  # fmt: skip
    nothing = pl.DataFrame({name: pl.Series([None] * n, dtype=pl.String) for name in CATEGORIES})
    return Rows(FeatureMatrix(stood, ("active_weeks_90",), x, nothing), y, np.arange(n))


def test_the_own_track_learns_from_new_members_and_speaks_of_them_alone():
    """What others did changes nothing of it, and it follows what holds for new members."""
    rows = _rows(1_000)
    new = np.arange(1_000) % 2 == 0
    turned = Rows(rows.matrix, np.where(new, rows.y, 1 - rows.y), rows.members)

    said, again = (on_own_track(Workshop(1, 1), each, rows.matrix) for each in (rows, turned))

    assert np.isnan(said[~new]).all()
    np.testing.assert_array_equal(said, again)
    assert np.corrcoef(said[new], rows.matrix.x[new, 0])[0, 1] > 0.8
