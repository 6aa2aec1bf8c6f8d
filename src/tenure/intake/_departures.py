"""Members whom the source no longer has (deleted, merged into another, hidden), and those who came back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from tenure.base.errors import HeldBack
from tenure.intake._gates import is_unlikely
from tenure.intake._staging import Stage
from tenure.lake import Batch, Lake


@dataclass(frozen=True)
class Departures:
    """What a sync found of who is there.

    Args:
        gone: Pseudonyms of members who were there before and are no more.
        back: Pseudonyms of members who had gone and are there again.
    """

    gone: tuple[int, ...] = ()
    back: tuple[int, ...] = ()

    def notices(self) -> Iterator[str]:
        """One line each."""
        if self.gone:
            yield (
                f"{len(self.gone):,} members are no longer at the source (deleted or merged); they leave the scores, "
                "and what is known of them stays by pseudonym"
            )
        if self.back:
            yield f"{len(self.back):,} members who had gone are at the source again"


def find(stage: Stage, lake: Lake, limit: float) -> Departures:
    """Compare the members of the lake with those whom the source has.

    Raises:
        HeldBack: More have gone than *limit* allows as a share.
    """
    known, away = set(lake.members()["member"]), set(lake.departed())
    seen = stage.members_given()
    everybody = stage.everybody()
    gone = sorted(known - away - everybody - seen) if everybody is not None else []
    if is_unlikely(len(known - away), len(known - away) - len(gone), limit):
        raise HeldBack(
            f"{len(gone):,} of {len(known - away):,} members are no longer at the source, and `intake.volume_gate` "
            f"allows {limit:.0%}; nothing was taken over",
            mend="see whether the account still sees all members; if they are meant to be gone, raise "
            "`intake.volume_gate` in tenure.toml for one run",
        )
    return Departures(tuple(gone), tuple(sorted(away & (seen | (everybody or set())))))


def store(batch: Batch, found: Departures, at: dt.datetime) -> None:
    """Note in *batch* who went and who came back."""
    rows = [(member, gone) for gone, members in ((True, found.gone), (False, found.back)) for member in members]
    if rows:
        frame = pl.DataFrame(rows, schema={"member": pl.Int64, "gone": pl.Boolean}, orient="row")
        known_at = at.astimezone(dt.UTC).replace(tzinfo=None)
        batch.upsert("departures", frame.with_columns(known_at=pl.lit(known_at)))
