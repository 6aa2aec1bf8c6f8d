"""What a night was made from, once a member is erased."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tenure.base.errors import DamagedStore
from tenure.features import CATEGORIES, FeatureMatrix
from tenure.risk.receipts import Receipts

NIGHT = dt.date(2026, 3, 1)


def kept(folder: Path) -> Receipts:
    """One night of three members with one feature."""
    slow = pl.DataFrame({name: pl.Series([None] * 3, dtype=pl.String) for name in CATEGORIES})
    rows, x = pl.DataFrame({"member": [11, 12, 13]}), np.array([[1], [2], [3]], np.float32)
    receipts = Receipts(folder)
    receipts.keep(NIGHT, FeatureMatrix(rows, ("logins",), x, slow), {})
    return receipts


def test_an_erasure_takes_the_member_out_and_leaves_the_others_as_they_were(tmp_path: Path):
    receipts = kept(tmp_path)

    assert receipts.erase([12, 99]) == 1
    left = receipts.read(NIGHT)
    assert left is not None
    assert left.features is not None
    assert left.features.select("member", "logins").rows() == [(11, 1.0), (13, 3.0)]
    assert receipts.erase([12, 99]) == 0


def test_features_that_cannot_be_read_stop_an_erasure_by_the_night(tmp_path: Path):
    """Nobody can tell whether the member is in them."""
    receipts, path = kept(tmp_path), tmp_path / f"{NIGHT}.parquet"
    path.write_bytes(path.read_bytes()[:100])

    with pytest.raises(DamagedStore, match=str(NIGHT)) as refused:
        receipts.erase([12])
    assert refused.value.mend
