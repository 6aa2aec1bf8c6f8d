"""What each score was made from: kept with its night, so that it can be checked long after.

Besides the scores a night keeps the features that the model was given, and a page of what else went in: version and
hash of the model, version of the software, version of the lake, and the rules of the day. The features of old nights
are dropped in the end; they can be counted anew from the lake, which knows what was recorded when.
"""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tenure.base.home import write_atomically
from tenure.features import CATEGORIES, FeatureMatrix
from tenure.lake import Given, given, unreadable
from tenure.risk.learners import Floats
from tenure.risk.registry import Model

KEPT_NIGHTS = 90
"""Nights of which the features themselves are kept."""

_ROW_GROUP = 2_048  # sorted by member, so that one member's row is found without reading the night


class Receipts:
    """The folder of what nights were made from.

    Args:
        folder: Where the files lie; made when first written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, as_of: dt.date, matrix: FeatureMatrix | None, page: dict[str, Any]) -> None:
        """Keep what the night *as_of* was made from, in place of what it had, and drop features of old nights.

        Args:
            as_of: The night.
            matrix: What the model was given; None when nobody was at risk.
            page: What else went in.
        """
        if matrix is not None:
            _write(self._folder / f"{as_of}.parquet", features_of(matrix).sort("member"))
        # In the order in which it was told: the digest of the night depends on the order of the rules.
        write_atomically(self._folder / f"{as_of}.json", json.dumps(page, indent=1).encode())
        for old in sorted(self._folder.glob("????-??-??.parquet"))[:-KEPT_NIGHTS]:
            old.unlink(missing_ok=True)

    def erase(self, members: Collection[int]) -> int:
        """Take *members* (pseudonyms) out of what every night was made from; how many rows went.

        Raises:
            DamagedStore: A file is not as it was written.
        """
        removed = 0
        for path in sorted(self._folder.glob("????-??-??.parquet")):
            try:
                night = pl.read_parquet(path, hive_partitioning=False)
            except (OSError, pl.exceptions.PolarsError) as error:
                raise unreadable(path.stem) from error
            rest = night.filter(~pl.col("member").is_in(list(members)))
            if rest.height < night.height:
                _write(path, rest)
                removed += night.height - rest.height
        return removed

    def read(self, as_of: dt.date, member: int | None = None) -> Given | None:
        """What the night *as_of* was made from, of all members or of one; None when it kept nothing.

        Raises:
            DamagedStore: A file is not as it was written.
        """
        return given(self._folder, as_of, member)


def _write(path: Path, features: pl.DataFrame) -> None:
    body = io.BytesIO()
    features.write_parquet(body, compression="zstd", row_group_size=_ROW_GROUP)
    write_atomically(path, body.getvalue())


def features_of(matrix: FeatureMatrix) -> pl.DataFrame:
    """The features of a night as they are kept: `member`, one column each, slow fields marked by `=`."""
    numbers = {name: matrix.x[:, place] for place, name in enumerate(matrix.names)}
    slow = {f"={field}": matrix.categories[field] for field in CATEGORIES}
    return pl.DataFrame({"member": matrix.rows["member"], **numbers, **slow})


def matrix_of(features: pl.DataFrame) -> FeatureMatrix:
    """The features of a night as `tenure.features.build` gave them."""
    slow = [f"={field}" for field in CATEGORIES]
    names = tuple(name for name in features.columns if name != "member" and name not in slow)
    x = features.select(names).to_numpy().astype(np.float32)
    return FeatureMatrix(features.select("member"), names, x, features.select(slow).rename(lambda name: name[1:]))


def spoken_again(model: Model, matrix: FeatureMatrix) -> Floats:
    """The probabilities of not renewing that *model* gives for *matrix*, one per row."""
    return model.probability(model.encoding.encode(matrix))


def differing(kept: pl.DataFrame, anew: pl.DataFrame) -> list[str]:
    """Names of the features, and slow fields, in which two nights of the same members differ."""
    both = kept.join(anew, on="member", how="inner", suffix=" anew")
    found = []
    for name in kept.columns:
        if name == "member" or f"{name} anew" not in both.columns:
            continue
        one, other = both[name], both[f"{name} anew"]
        if one.dtype.is_float():
            one, other = one.fill_nan(None), other.fill_nan(None)
        if not one.eq_missing(other).all():
            found.append(name.removeprefix("="))
    return found
