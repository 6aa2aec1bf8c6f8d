"""Nights of scores are read as they were written, though most are kept by what differed the night after."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.lake import Lake

FIRST = dt.date(2025, 1, 20)
scores = st.dictionaries(
    st.integers(1, 6),
    st.tuples(st.sampled_from([None, 0.25, 0.5]), st.sampled_from(["low", "high"]), st.sampled_from([None, "a"])),
)
written = st.lists(st.tuples(st.integers(0, 25), scores), min_size=1, max_size=12)


def frame(rows: dict[int, tuple[float | None, str, str | None]]) -> pl.DataFrame:
    values = [(member, *row) for member, row in rows.items()]
    kinds = {"member": pl.Int64, "p_lapse_renewal": pl.Float64, "band": pl.String, "reason_1": pl.String}
    known = pl.DataFrame(values, schema=kinds, orient="row")
    p = pl.col("p_lapse_renewal")
    share = (p.rank("min") - 1) / pl.len()
    return known.with_columns(risk_rank=share, usual=p.mean().over("band"), model_version=pl.lit(f"m{len(rows)}"))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(nights=written)
def test_every_night_reads_as_it_was_last_written(nights: list[tuple[int, dict]]):
    """Nights in any order, again and in between, across the end of a month, with members who come and go."""
    with TemporaryDirectory() as folder:
        lake, kept = Lake.open(Path(folder)), {}
        for after, rows in nights:
            day = FIRST + dt.timedelta(days=after)
            lake.write_scores(day, frame(rows))
            kept[day] = frame(rows).with_columns(as_of=pl.lit(day)).sort("member")
            assert {d: lake.scores(d) for d in lake.score_dates()}.keys() == kept.keys()
        for day, expected in kept.items():
            found = lake.scores(day)
            assert found is not None
            assert found.equals(expected)
        for member in range(1, 7):
            own = [night.filter(pl.col("member") == member) for _, night in sorted(kept.items())]
            expected = pl.concat(own).drop("risk_rank")
            found = lake.score_history(member)
            assert found.equals(expected) if expected.height else found.is_empty()


def test_a_month_of_nights_in_which_little_changes_is_little_more_than_one(tmp_path: Path):
    """The newest night and the last of a month are whole; the others hold what changed."""
    lake, size = Lake.open(tmp_path), 5_000
    night = pl.DataFrame({"member": range(size), "p": pl.Series(range(size)).hash().cast(pl.Float64)})
    for after in range(12):
        changed = night.with_columns(pl.when(pl.col("member") % 100 == after).then(0.5).otherwise("p").alias("p"))
        lake.write_scores(FIRST + dt.timedelta(days=after), changed)

    sizes = {path.stem: path.stat().st_size for path in (tmp_path / "scores").glob("*.parquet")}

    assert min(sizes["2025-01-31"], sizes["2025-01-30"]) * 3 < max(sizes.values())
    assert sum(sizes.values()) < 1.6 * max(sizes.values())
