"""What a member's record said and when: versions, also from sources that only show today.

A source that keeps no history gives one row per member. The first such row is a version of unknown age (`plain`,
valid from 1970); each later sync whose row differs adds a version that became known at that sync.
"""

from __future__ import annotations

import datetime as dt

import polars as pl

from tenure.lake import NOT_GIVEN, SHAPES

_SHAPE = SHAPES["members"]
_SAID = [name for name in _SHAPE.columns if name not in ("member", "valid_from", "plain")]


def versions(given: pl.DataFrame, present: pl.DataFrame, *, at: dt.datetime, whole: bool) -> pl.DataFrame:
    """All versions of all members after this sync.

    Args:
        given: The lake's member columns; `valid_from` null where the source did not say.
        present: The versions that the lake has.
        at: The instant of the sync, aware.
        whole: *given* are all members there are; if it also dates its versions, it replaces what the lake has.
    """
    dated = _SHAPE.conform(given.filter(pl.col("valid_from").is_not_null()).with_columns(plain=False))
    undated = _SHAPE.conform(given.filter(pl.col("valid_from").is_null()))
    kept = _SHAPE.empty() if whole and dated.height else present
    known = pl.concat([kept, dated]).unique(["member", "valid_from"], keep="last", maintain_order=True)
    return pl.concat([known, _news(undated, known, at.astimezone(dt.UTC).replace(tzinfo=None))])


def _news(undated: pl.DataFrame, known: pl.DataFrame, now: dt.datetime) -> pl.DataFrame:
    """The undated rows that say something else than the member's last version, dated."""
    last = known.sort("valid_from").unique("member", keep="last")
    first_seen = undated.join(last, on="member", how="anti").with_columns(valid_from=pl.lit(NOT_GIVEN), plain=True)
    seen = undated.join(last, on="member", how="semi")
    changed = seen.join(last, on=["member", *_SAID], how="anti", nulls_equal=True)
    return pl.concat(
        [_SHAPE.conform(first_seen), _SHAPE.conform(changed.with_columns(valid_from=pl.lit(now), plain=False))]
    )
