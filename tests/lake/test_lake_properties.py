"""Whatever batches bring, in whatever order, and wherever one is killed: the lake is one that can be told by key."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lake_rows import AT, activity, put

from tenure.lake import SHAPES, Lake

START = dt.datetime(2024, 1, 1)
Row = tuple[int, int, int, int, float | None, str | None]

rows = st.lists(
    st.tuples(
        st.integers(0, 30),  # key
        st.sampled_from([-(2**63), -1, 0, 7, 2**63 - 1]),  # member
        st.integers(0, 150),  # day on which it occurred
        st.integers(0, 90),  # days until it was recorded
        st.none() | st.floats(-1e6, 1e6),
        st.none() | st.sampled_from(["a", "ü", "'", '"', "x,y\n"]),
    ),
    max_size=12,
    unique_by=lambda row: row[0],
)
steps = st.lists(st.tuples(st.sampled_from(["upsert", "replace", "left", "twice"]), rows), max_size=6)


def frame_of(given_rows: list[Row]) -> pl.DataFrame:
    return SHAPES["activity"].conform(
        pl.DataFrame(
            [
                {
                    "activity_key": key,
                    "member": member,
                    "kind": "login",
                    "occurred_at": START + dt.timedelta(days=day),
                    "recorded_at": START + dt.timedelta(days=day + late),
                    "value": value,
                    "ref": ref,
                }
                for key, member, day, late, value, ref in given_rows
            ],
            schema=SHAPES["activity"].columns,
        )
    )


def content(lake: Lake) -> dict[int, tuple]:
    """The rows of the lake's activity by key; every key is there once."""
    with lake.connect() as db:
        found = db.execute(f"SELECT {SHAPES['activity'].sql_columns()} FROM activity").fetchall()
    assert len({row[0] for row in found}) == len(found)
    return {row[0]: row for row in found}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps)
def test_activity_is_what_a_dictionary_would_be(taken: list[tuple[str, list[Row]]]):
    """Upserts replace by key, replacements replace all, an uncommitted batch and a repeat change nothing."""
    with tempfile.TemporaryDirectory() as folder:
        lake, model = Lake.open(Path(folder)), {}
        for step, given_rows in taken:
            frame = frame_of(given_rows)
            fresh = {row[0]: row for row in frame.iter_rows()}
            version = lake.version
            with lake.batch(source="test", at=AT) as batch:
                if step == "replace":
                    batch.replace("activity", frame)
                else:
                    batch.upsert("activity", frame)
                if step == "twice":
                    assert not batch.upsert("activity", frame).any
                if step != "left":
                    batch.commit()
            after = model if step == "left" else fresh if step == "replace" else model | fresh
            assert (lake.version > version) == (after != model)
            model = after
            assert content(lake) == model
        _is_tidy(lake, Path(folder))


def _is_tidy(lake: Lake, root: Path) -> None:
    """Each live file holds one month, sorted; nothing else lies about but what the last batch replaced."""
    for file in lake._manifest.files("activity"):
        frame = pl.read_parquet(root / file.path)
        assert set(frame["occurred_at"].dt.strftime("%Y-%m")) == {file.part}
        assert frame.height == file.rows
        assert frame.equals(frame.sort("member", "occurred_at", "activity_key"))
    on_disk = {path.relative_to(root).as_posix() for path in (root / "tables").rglob("*.parquet")}
    assert on_disk == lake._manifest.paths() | set(lake._manifest.retired)


versions = st.lists(
    st.tuples(st.sampled_from(["00123", "123", "a"]), st.integers(0, 5), st.sampled_from(["REG", "STU"])),
    min_size=1,
    max_size=10,
    unique_by=lambda row: row[:2],
)


@settings(max_examples=25, deadline=None)
@given(st.lists(versions, min_size=1, max_size=4))
def test_versions_of_terms_are_kept_by_term_and_instant(batches: list[list[tuple[str, int, str]]]):
    """A term is told again with each batch: by (term, recorded) the last word stands and all versions stay."""
    with tempfile.TemporaryDirectory() as folder:
        lake, model = Lake.open(Path(folder)), {}
        for batch_rows in batches:
            frame = pl.DataFrame(
                [
                    {"term_id": term, "member": 1, "member_type": kind, "recorded_at": START + dt.timedelta(days=day)}
                    for term, day, kind in batch_rows
                ]
            )
            with lake.batch(source="test", at=AT) as batch:
                batch.add_versions("terms", frame)
                batch.commit()
            model |= {(row["term_id"], row["recorded_at"]): row["member_type"] for row in frame.iter_rows(named=True)}
        kept = lake.terms()
        assert (
            dict(zip(zip(kept["term_id"], kept["recorded_at"], strict=True), kept["member_type"], strict=True)) == model
        )


_KILLED = """
import os, signal, sys, datetime as dt
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from lake_rows import AT, activity
from tenure.lake import Lake
def checkpoint(step):
    if step == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)
with Lake.open(Path(sys.argv[1])).batch(source="test", at=AT, checkpoint=checkpoint) as batch:
    batch.upsert("activity", activity((2, 9, "gift", "2025-02-05")))
    batch.set_watermark("activity", "second")
    checkpoint("rows given")
    batch.commit()
    checkpoint("committed")
"""


@pytest.mark.parametrize(
    ("step", "visible"),
    [("rows given", False), ("files written", False), ("manifest replaced", True), ("committed", True)],
)
def test_a_batch_that_was_killed_is_there_whole_or_not_at_all(tmp_path: Path, step: str, visible: bool):
    """Rows and watermark go together; the next batch clears up and goes on."""
    lake = Lake.open(tmp_path)
    put(lake, "activity", activity((1, 9, "login", "2025-01-05")))
    command = [sys.executable, "-c", _KILLED, str(tmp_path), step, str(Path(__file__).parent)]
    assert subprocess.run(command, check=False).returncode == -9

    again = Lake.open(tmp_path)
    assert again.timeline(9)["kind"].to_list() == (["gift", "login"] if visible else ["login"])
    assert again.watermarks == ({"activity": "second"} if visible else {})
    with again.batch(source="test", at=AT) as batch:
        batch.upsert("activity", activity((2, 9, "gift", "2025-02-05")))
        batch.commit()
    assert again.timeline(9)["kind"].to_list() == ["gift", "login"]
    _is_tidy(again, tmp_path)
