"""A record begins when its terms do, whatever was entered of older ones."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl

from association import invent
from tenure.lake import Lake
from tenure.risk import Manifest, train
from tenure.risk.first_years import record_begins
from trained_association import SETTINGS, registry

BEGUN = [dt.date(2015, 3, 1) + dt.timedelta(days=one) for one in range(0, 2000, 5)]


def test_a_record_begins_with_its_first_term_where_all_years_are_alike():
    assert record_begins(pl.Series(BEGUN).sample(fraction=1, shuffle=True, seed=1)) == dt.date(2015, 3, 1)
    assert record_begins(pl.Series(BEGUN[:1])) == dt.date(2015, 3, 1)


def test_single_terms_of_long_ago_begin_no_record():
    assert record_begins(pl.Series([dt.date(1990, 1, 1), dt.date(2001, 2, 28), *BEGUN])) == dt.date(2015, 3, 1)


def test_members_for_life_change_nothing_of_what_past_renewals_show(tmp_path: Path):
    """As if the record began with them, nobody would have been foretold by a model in its first years, and what was
    said of these without one would count as the model's."""
    plain, old = (invent(tmp_path / name / "lake", members=300, years=4) for name in ("plain", "old"))
    _enter_members_for_life(old.lake)

    one, other = (train(it.lake, SETTINGS, it.last, registry(tmp_path / "models")) for it in (plain, old))

    assert _told(one) == _told(other)


def _told(manifest: Manifest) -> list[object]:
    found = manifest["backtest"]
    return [found["decisions"], found["models"]["tenure"], [fold["from"] for fold in found["folds"]]]


def _enter_members_for_life(lake: Lake) -> None:
    """Ten, since 1990."""
    members, terms, ids = lake.members(), lake.terms(), pl.Series("member", range(900_001, 900_011), pl.Int64)
    entered = dt.datetime(1990, 1, 1, 12)
    theirs = members.head(10).with_columns(ids, valid_from=pl.lit(entered).cast(members["valid_from"].dtype))
    held = terms.head(10).with_columns(
        ids,
        term_id=pl.format("old {}", pl.int_range(10)),
        starts_on=pl.lit(entered.date()),
        ends_on=pl.lit(None, pl.Date),
        paid_on=pl.lit(entered.date()),
        recorded_at=pl.lit(entered).cast(terms["recorded_at"].dtype),
    )
    with lake.batch(source="test", at=dt.datetime(2025, 3, 1, tzinfo=dt.UTC)) as batch:
        batch.replace("members", pl.concat([members, theirs]))
        batch.replace("terms", pl.concat([terms, held.select(terms.columns)]))
        batch.commit()
