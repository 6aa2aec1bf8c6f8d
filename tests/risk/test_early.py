"""Whose word on leaving before the end is taken: that of members' own signals, or of counted shares."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from tenure.features import CATEGORIES, FeatureMatrix
from tenure.risk.early import learn_early
from tenure.risk.fitting import Rows, Workshop, learn_columns

N = 4_000


def left_by_signal(turned: bool) -> tuple[Rows, pl.Series]:
    """Terms that end over five years, each met once, and when they ended after all.

    Two in five are not renewed, whatever the signal says. Those of the signal leave in the middle, the others at the
    end; with *turned* it is the other way round in the last year.
    """
    rng = np.random.default_rng(6)
    signal, lapsed = rng.random(N) < 0.5, rng.random(N) < 0.4
    ends, ahead = np.sort(rng.integers(0, 5 * 365, N)), rng.integers(100, 366, N)
    means = np.where(ends > 4 * 365, ~signal, signal) if turned else signal
    left = np.where(lapsed & means, np.minimum(rng.integers(1, 100, N), ahead - 1), ahead)
    day = pl.Series(ends - ahead, dtype=pl.Int32).cast(pl.Date)
    stood = pl.DataFrame({
        "term_id": [str(row) for row in range(N)], "member": range(N), "as_of": day,
        "ends": day + pl.Series([dt.timedelta(days=int(each)) for each in ahead]),
    })  # fmt: skip
    x = np.stack([ahead, signal, rng.normal(size=N)], axis=1).astype(np.float32)
    nothing = pl.DataFrame({name: pl.Series([None] * N, dtype=pl.String) for name in CATEGORIES})
    matrix = FeatureMatrix(stood, ("days_to_renewal", "signal", "noise"), x, nothing)
    return Rows(matrix, lapsed.astype(float), np.arange(N)), day + pl.Series([dt.timedelta(days=int(d)) for d in left])


@pytest.mark.parametrize("turned", [False, True])
def test_counted_shares_serve_where_signals_surely_misled(turned: bool):
    """A signal that told who would leave, and of the newest terms tells the contrary, is not believed; one that went on
    telling is."""
    rows, left_on = left_by_signal(turned)

    hazard = learn_early(rows, left_on, learn_columns(rows), Workshop(1, 1))

    assert (hazard is None) == turned
