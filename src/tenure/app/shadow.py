"""A challenger scores in shadow, night by night, until it may take over or has to wait for a person."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from tenure.app import promotion
from tenure.app.house import House
from tenure.app.models import newest_for
from tenure.app.walk import Teller, Walk
from tenure.base.errors import TenureError

if TYPE_CHECKING:
    import polars as pl

    from tenure.risk import Model


def follow(house: House, walk: Walk, as_of: dt.date, champion: Model, frame: pl.DataFrame) -> None:
    """Let the newest challenger, where its nights in shadow are not over, score *as_of* beside the *champion*.

    Args:
        house: The association's.
        walk: The run.
        as_of: The night.
        champion: The model that serves.
        frame: What it said.
    """
    from tenure.risk import shadow

    manifest = newest_for(house, as_of)
    if manifest is None or manifest["version"] == champion.version or frame.is_empty():
        return
    version = str(manifest["version"])
    had = shadow.nights(house.home.models / version)
    if had is None or len(had) >= house.settings.model.shadow_nights:
        return
    with walk.step("shadow", f"Score in shadow with {version}") as tell:
        try:
            _beside(house, tell, as_of, version, frame)
        except TenureError as error:  # the night itself is done
            tell.partly(str(error), error.mend)


def _beside(house: House, tell: Teller, as_of: dt.date, version: str, frame: pl.DataFrame) -> None:
    from tenure import risk
    from tenure.risk import shadow

    model = house.registry.load(version, threads=house.settings.model.threads)
    said = risk.score(house.lake, house.settings, as_of, model, progress=lambda share: tell("members", share, 1.0))
    had = shadow.note(house.home.models / version, shadow.beside(said, frame))
    last, of = had[-1], house.settings.model.shadow_nights
    tell.count(version=version, nights=len(had), other_band=last.other_band, same_top=last.same_top)
    tell.say(
        f"night {len(had)} of {of}: {100 * last.other_band:.0f} in 100 members would be in another band; of the top "
        f"tenth {100 * last.same_top:.0f} in 100 are the same"
    )
    if len(had) >= of:
        tell.notice(promotion.after_shadow(house, version, as_of, had).words)
