"""What a night's scores were made from, read and checked without loading what makes scores.

`tenure.risk.receipts` writes it: a page of what went in, and the features that the model was given.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

import tenure
from tenure.base.errors import DamagedStore
from tenure.base.settings import Bands, Membership


@dataclass(frozen=True)
class Given:
    """What the model was given on one night.

    Args:
        page: What else went into the scores; plain JSON.
        features: `member`, one column for each feature, and the slow fields (marked by `=`); None where they are no
            longer kept.
    """

    page: dict[str, Any]
    features: pl.DataFrame | None

    @property
    def counted_again(self) -> str | None:
        """The digest as the rest of the page makes it; None where this version of Tenure cannot tell.

        Another version may know other rules. Pages from before their order was kept have it by chance only.
        """
        page = self.page
        try:
            found = digest_of(
                page["software"], page["as_of"], page["lake_version"], page["model"],
                Membership(**page["membership"]), Bands(**page["bands"]),
                code=page.get("code", ""), libraries=page.get("libraries"),
            )  # fmt: skip
        except (AttributeError, KeyError, TypeError, ValueError):
            found = ""
        is_sure = page.get("software") == tenure.__version__ and list(page) != sorted(page)
        return found if is_sure or found == page.get("receipt") else None


def digest_of(
    software: str,
    as_of: str,
    lake_version: int,
    model: str,
    membership: Membership,
    bands: Bands,
    *,
    code: str = "",
    libraries: dict[str, str] | None = None,
) -> str:
    """All that a night's scores depend on, in one word: the same digest means the same scores.

    Args:
        software: The version of Tenure.
        as_of: The night, as `2025-03-01`.
        lake_version: Of the lake that was read.
        model: The version of the model.
        membership, bands: The rules of that night.
        code: The digest of the sources that score; empty for nights that kept none.
        libraries: The versions of the libraries beneath, by name; None likewise.
    """
    parts = (software, as_of, lake_version, model, membership.model_dump_json(), bands.model_dump_json())
    by = (code, sorted((libraries or {}).items())) if code else ()
    return hashlib.sha256(repr((*parts, *by)).encode()).hexdigest()[:16]


def given(folder: Path, as_of: dt.date, member: int | None = None) -> Given | None:
    """What the night *as_of* was made from, of all members or of one; None when it kept nothing.

    Raises:
        DamagedStore: A file is not as it was written.
    """
    page, features = folder / f"{as_of}.json", folder / f"{as_of}.parquet"
    if not page.is_file():
        return None
    try:
        told = json.loads(page.read_bytes())
        scan = pl.scan_parquet(features, hive_partitioning=False) if features.is_file() else None
        if scan is not None and member is not None:
            scan = scan.filter(pl.col("member") == member)
        return Given(told, scan.collect() if scan is not None else None)
    except (OSError, ValueError, pl.exceptions.PolarsError) as error:
        raise unreadable(str(as_of)) from error


def unreadable(night: str) -> DamagedStore:
    """The error for a *night* whose files are not as they were written."""
    return DamagedStore(
        f"what the night {night} was made from cannot be read",
        mend="delete it; scores of that night can still be made again from the lake",
    )
