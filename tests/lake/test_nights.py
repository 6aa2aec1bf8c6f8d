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
NOW = dt.datetime(2025, 3, 1, tzinfo=dt.UTC)
SHORT = ("as_of", "risk_score", "band", "p_lapse_renewal", "p_low", "p_high", "p_payment")
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
            rows = {row["as_of"]: row for row in expected.iter_rows(named=True)}
            assert all(lake.score_of(member, day) == rows.get(day) for day in (*kept, FIRST - dt.timedelta(days=1)))
            assert in_short(lake, member)
        lake.erase([1, 2], at=NOW)
        assert not read_by_month(lake, 1)
        assert all(in_short(lake, member) for member in range(1, 7))


def in_short(lake: Lake, member: int) -> bool:
    """Whether the course of *member* says what the nights say, in short."""
    whole, found = lake.score_history(member), lake.score_course(member)
    if whole.is_empty():
        return found.is_empty()
    return found.equals(whole.select(name for name in SHORT if name in whole.columns).select(found.columns))


def read_by_month(lake: Lake, member: int) -> bool:
    """Whether a file of a month has *member*."""
    folder = lake._root / "scores" / "by-month"
    return any((pl.read_parquet(path)["member"] == member).any() for path in folder.glob("*.parquet"))


def test_a_month_in_one_file_says_what_its_nights_say_or_nothing(tmp_path: Path):
    """A file from before a night was changed, a torn one, one that is gone: the nights are read, and it is mended."""
    lake, nights = Lake.open(tmp_path), [FIRST + dt.timedelta(days=after) for after in range(16)]
    for after, day in enumerate(nights):
        lake.write_scores(day, frame({1: (after / 20, "low", None), 2: (0.5, "high", "a")}))
    folder = tmp_path / "scores" / "by-month"
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert sorted(files) == ["2025-01.parquet", "2025-02.parquet"]
    expected = [after / 20 for after in range(16)]
    assert lake.score_course(1)["p_lapse_renewal"].to_list() == expected

    lake.write_scores(nights[3], frame({1: (0.99, "high", None), 2: (0.5, "high", "a")}))
    (folder / "2025-01.parquet").write_bytes(files["2025-01.parquet"])
    expected[3] = 0.99
    assert lake.score_course(1)["p_lapse_renewal"].to_list() == expected

    torn = bytearray(files["2025-02.parquet"])
    torn[40] ^= 1
    (folder / "2025-02.parquet").write_bytes(torn)
    assert lake.score_course(1)["p_lapse_renewal"].to_list() == expected

    for path in folder.iterdir():
        path.unlink()
    assert lake.score_course(1)["p_lapse_renewal"].to_list() == expected
    lake.write_scores(nights[-1] + dt.timedelta(days=1), frame({1: (0.1, "low", None)}))
    assert sorted(path.name for path in folder.iterdir()) == sorted(files)
    assert lake.score_course(1)["p_lapse_renewal"].to_list() == [*expected, 0.1]


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
