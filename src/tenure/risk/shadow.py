"""Nights in shadow: what a new model would have said beside the one that serves, before it may take over by rule.

A back-test tells how well a model foretold the past. Whether it can score tonight's members at all, and how many of
them it would move, only a night tells. What it said of members is kept nowhere.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import polars as pl

from tenure.base.home import write_atomically

_FILE = "shadow.json"
_TOP = 0.10


@dataclass(frozen=True)
class ShadowNight:
    """One night.

    Args:
        as_of: Its day, ISO 8601.
        members: How many both models scored.
        other_band: Share of them whom the new model would put into another band.
        same_top: Share of the tenth likeliest to lapse by the one that serves who are so by the new one too.
        said: Mean chance of not renewing by the new model.
        served: The same by the one that serves.
    """

    as_of: str
    members: int
    other_band: float
    same_top: float
    said: float
    served: float


def beside(ours: pl.DataFrame, served: pl.DataFrame) -> ShadowNight:
    """Hold what a new model says of a night against what the one that serves said of the same night.

    Args:
        ours: The new model's, as `tenure.risk.score` gives; at least one member is in both.
        served: The other's.
    """
    columns = ("member", "band", "p_lapse_renewal")
    both = served.join(ours.select(columns), on="member", how="inner", suffix="_new")
    top = max(1, round(_TOP * both.height))
    first, ours_first = (
        set(both.sort(chance, "member", descending=[True, False])["member"].head(top))
        for chance in ("p_lapse_renewal", "p_lapse_renewal_new")
    )
    moved, said, mean = both.select(
        (pl.col("band") != pl.col("band_new")).mean(),
        pl.col("p_lapse_renewal_new").mean(),
        pl.col("p_lapse_renewal").mean().alias("served"),
    ).row(0)
    return ShadowNight(str(served["as_of"][0]), both.height, moved, len(first & ours_first) / top, said, mean)


def begin(folder: Path) -> None:
    """Let the model in *folder* have its nights in shadow."""
    _keep(folder, [])


def nights(folder: Path) -> list[ShadowNight] | None:
    """The nights that the model in *folder* has had, oldest first; None where it has none to have."""
    path = folder / _FILE
    return [ShadowNight(**night) for night in json.loads(path.read_bytes())] if path.is_file() else None


def note(folder: Path, night: ShadowNight) -> list[ShadowNight]:
    """Keep *night*, in place of what there was of the same day; all of them."""
    others = [one for one in nights(folder) or [] if one.as_of != night.as_of]
    found = sorted([*others, night], key=lambda one: one.as_of)
    _keep(folder, found)
    return found


def _keep(folder: Path, found: list[ShadowNight]) -> None:
    write_atomically(folder / _FILE, json.dumps([asdict(night) for night in found], indent=1).encode())
