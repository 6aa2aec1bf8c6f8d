"""Whether new members would be foretold better on a track of their own: asked of the past at each training.

A member in the first term has no habit of renewing; a model that learns from everybody could blur what tells them
apart. So the back-test lets two rivals speak of them beside the model that serves everyone: one taught and brought into
line by new members alone, and the common one brought into line by them alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.features import FeatureMatrix
from tenure.risk.fitting import FLOOR, FULL_STRENGTH, TAUGHT_BY, Rows, Workshop, learn_columns, mean_of
from tenure.risk.learners import Floats, fit_logistic
from tenure.risk.metrics import log_loss, losses

OWN_MODEL, OWN_LINE = "a model of their own", "a calibration of their own"


def are_new(stood: pl.DataFrame) -> NDArray[np.bool_]:
    """Who was in the first term of the first spell."""
    return stood.select((pl.col("terms_in_spell") == 1) & (pl.col("spells") == 1)).to_series().to_numpy()


def on_own_track(workshop: Workshop, rows: Rows, matrix: FeatureMatrix) -> Floats:
    """Log-odds for the new members among *matrix* by what new members alone taught; NaN for all others.

    It is what serves everyone, boosters (from 200 lapses on) and a logistic model, with trees of the same depth and
    number, on the rows of new members.
    """
    answer = np.full(len(matrix.rows), np.nan)
    taught, asked = rows.half(are_new(rows.matrix.rows)), are_new(matrix.rows)
    lapsed = taught.matrix.rows.filter(taught.y > 0.5)["term_id"].n_unique()
    if not asked.any() or lapsed < FLOOR or (taught.y < 0.5).sum() < FLOOR:
        return answer
    encoding = learn_columns(taught)
    x = encoding.encode(taught.matrix)
    logistic = fit_logistic(x, taught.y, taught.members, seed=workshop.seed, weight=taught.weight, taught_by=TAUGHT_BY)
    learner: Any = logistic
    if lapsed >= FULL_STRENGTH:
        size = workshop.growth_found(rows.y.size)
        trees = workshop.boosted(x, taught, encoding, size.depth, size.rounds)
        learner = mean_of(trees, workshop.shallow(x, taught, encoding, size.shallow), logistic)
    answer[asked] = learner.margin(encoding.encode(matrix.take(asked)))
    return answer


def compared(y: Floats, terms: NDArray[np.int64], said: dict[str, Floats], common: Floats) -> dict[str, Any]:
    """How the rivals did on the renewals of new members that all of them foretold.

    Args:
        y: 1 lapsed, 0 renewed.
        terms: Which decision each row belongs to.
        said: Probabilities of each rival; NaN where it did not speak.
        common: Those of the model that serves everyone.

    Returns:
        `decisions`, `lapses`, and where there are enough, the log loss of each (`common`, `rivals`) and by how many
        standard errors each rival is better than the common model (`better`), the rows of one decision taken together.
    """
    use = ~np.isnan(common) & np.all([~np.isnan(p) for p in said.values()], axis=0)
    y, terms, common = y[use], terms[use], common[use]
    lapses = int(np.unique(terms[y > 0.5]).size)
    found = {"decisions": int(np.unique(terms).size), "lapses": lapses}
    if min(lapses, found["decisions"] - lapses) < FLOOR:
        return found
    rivals = {name: p[use] for name, p in said.items()}
    return {
        **found,
        "common": log_loss(common, y),
        "rivals": {name: log_loss(p, y) for name, p in rivals.items()},
        "better": {name: _errors_better(p, common, y, terms) for name, p in rivals.items()},
    }


def _errors_better(p: Floats, common: Floats, y: Floats, terms: NDArray[np.int64]) -> float:
    saved = losses(common, y) - losses(p, y)
    each = np.bincount(np.unique(terms, return_inverse=True)[1], saved)
    spread = float(np.sqrt(each.size * each.var()))
    return float(each.sum()) / spread if spread else 0.0


_SURELY = 2.0


def sentences_of(told: dict[str, Any] | None) -> Iterator[str]:
    """What a manifest's `new_members` says, in words; nothing for models from before it was asked."""
    if not told:
        return
    if "common" not in told:
        yield (
            f"New members are served by the model that serves everyone; {told['decisions']:,} of their first renewals, "
            f"{told['lapses']:,} of which lapsed, are too few to compare it with one of their own."
        )
        return
    losses = ", ".join(f"{name} {loss:.4f}" for name, loss in told["rivals"].items())
    yield (
        f"New members are served by the model that serves everyone. On {told['decisions']:,} first renewals that it "
        f"had not seen its log loss was {told['common']:.4f}; {losses}."
    )
    for name, errors in told["better"].items():
        if errors > _SURELY:
            yield f"There {name} did surely better, by {errors:.1f} standard errors."
