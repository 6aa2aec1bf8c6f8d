"""One machine, Spark and plain SQL count the same of any history, on both clocks."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
import pytest
from histories import RULES, acts, person, write, years
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.features import FEATURES, Feature, build
from tenure.features.activity import SENT_OR_BILLED
from tenure.features.definitions import ActivePeople, ActiveWeeks, Count, InChapter, Ratio, Recency, Share, Total, Trend
from tenure.lake import Lake
from tenure.membership import standing

MEMBERS = (1, 2, 3, 4)
DAYS = [dt.date(2021, 3, 1), dt.date(2022, 6, 1), dt.date(2023, 2, 28), dt.date(2024, 1, 15), dt.date(2024, 2, 1)]
PLAIN = tuple(
    feature for feature in FEATURES
    if isinstance(feature.how, Count | Total | Recency | Ratio | Share | Trend | ActiveWeeks | ActivePeople | InChapter)
)  # fmt: skip
"""Features whose definition says in words what SQL can say in one line."""

PROGRAMS = [{"ref": "DINNER", "kind": "event", "chapter_id": "north"}, {"ref": "CONGRESS", "kind": "event"}]

employers = st.lists(
    st.tuples(st.sampled_from([3, 4]), st.integers(0, 1400), st.sampled_from([None, 1, 2])),
    max_size=5, unique_by=lambda given: given[:2],
)  # fmt: skip


def association(root: Path, activity: list[dict[str, Any]], moves: list[tuple[int, int, int | None]]) -> Lake:
    """An organization (1), a payer that is none (2), and two people who move between them, one of whom pays too."""
    versions = [person(1, record_type="organization"), person(2), person(3), person(4)]
    versions += [
        person(who, organization=to, valid_from=dt.datetime(2021, 1, 1) + dt.timedelta(days=day, hours=5))
        for who, day, to in moves
    ]
    terms = [term for payer in (1, 2, 3) for term in years(payer, 2021, 2024)]
    return write(root, members=versions, terms=terms, activity=activity, programs=PROGRAMS)


def stood(lake: Lake, members: tuple[int, ...] = (1, 2, 3)) -> pl.DataFrame:
    """The payers on all days."""
    rows = pl.DataFrame({"member": members}).join(pl.DataFrame({"as_of": DAYS}), how="cross")
    shuffled = rows.sample(fraction=1, shuffle=True, seed=1).with_row_index("row")
    return standing(lake.terms(), lake.members(), shuffled, RULES)


ACTS = """
WITH roles AS (
    SELECT organization AS payer, member AS person, valid_from AS since,
           coalesce(lead(valid_from) OVER (PARTITION BY member ORDER BY valid_from), TIMESTAMP '9999-01-01') AS until
    FROM members
), acts AS (
    SELECT member AS payer, * FROM (SELECT *, greatest(occurred_at, recorded_at) AS known FROM activity)
    UNION ALL
    SELECT r.payer, a.* FROM (SELECT *, greatest(occurred_at, recorded_at) AS known FROM activity) a
    JOIN roles r ON r.person = a.member AND r.payer <> a.member AND a.known >= r.since AND a.known < r.until
)
SELECT r.row, {columns} FROM rows r LEFT JOIN acts a ON a.payer = r.member
    AND a.occurred_at < r.as_of AND a.recorded_at < r.as_of AND a.occurred_at >= r.as_of - INTERVAL 730 DAY
LEFT JOIN roles h ON h.payer = r.member AND h.payer <> h.person AND h.person = a.member
    AND h.since::DATE < r.as_of AND h.until::DATE >= r.as_of
GROUP BY r.row, r.as_of, r.record_type ORDER BY r.row"""


def among(kinds: tuple[str, ...]) -> str:
    """Whether an act is of these kinds; of none where there are none."""
    listed = ", ".join(f"'{kind}'" for kind in kinds) or "''"
    return f"a.kind IN ({listed})" + (" OR a.kind = 'podcast_heard'" if "other" in kinds else "")


def within(kinds: tuple[str, ...], days: int) -> str:
    """How many acts of these kinds the last days saw."""
    return f"count(*) FILTER (({among(kinds)}) AND a.occurred_at >= r.as_of - INTERVAL {days} DAY)"


def in_sql(feature: Feature) -> str:
    """The definition of *feature*, as one expression."""
    how = feature.how
    kinds = how.part if isinstance(how, Ratio | Share) else getattr(how, "kinds", ())
    chosen = among(kinds)
    mine = f"a.kind NOT IN ({', '.join(repr(kind) for kind in sorted(SENT_OR_BILLED))})"
    recorded = (
        f"(SELECT min(greatest(occurred_at, recorded_at))::DATE FROM activity a WHERE {chosen if kinds else 'true'})"
    )
    if isinstance(how, Recency):
        gap = f"least(date_diff('day', max(a.occurred_at) FILTER ({chosen}), r.as_of), 999)"
        return f"CASE WHEN {recorded} < r.as_of THEN coalesce({gap}, 999) END"
    near = f"a.occurred_at >= r.as_of - INTERVAL {how.days} DAY"
    mine_near, week = f"{mine} AND {near}", "date_diff('day', DATE '1970-01-01', a.occurred_at) // 7"
    longer = 365 if how.days < 365 else 730
    now, both = f"({within(kinds, how.days)} / {how.days}.0)", within(kinds, longer)
    before = f"(({both} - {within(kinds, how.days)}) / {max(longer - how.days, 1)}.0)"
    share = f"{within(kinds, how.days)}::DOUBLE / nullif({within(getattr(how, 'whole', ()), how.days)}, 0)"
    found = {
        Count: f"count(*) FILTER (({chosen}) AND {near})",
        Total: f"coalesce(sum(a.value) FILTER (({chosen}) AND {near}), 0)",
        Ratio: share,
        Share: f"CASE WHEN {share} IS NOT NULL THEN least({share}, 1) END",
        Trend: f"({now} - {before})::DOUBLE / nullif({now} + {before}, 0)",
        ActiveWeeks: f"count(DISTINCT {week}) FILTER ({mine_near})",
        ActivePeople: f"count(DISTINCT h.person) FILTER ({mine_near})",
        InChapter: f"count(*) FILTER ((a.chapter_id IS NOT NULL OR a.ref = 'DINNER') AND {mine_near})",
    }[type(how)]
    stretch = longer if isinstance(how, Trend) else how.days
    told = f"CASE WHEN date_diff('day', {recorded}, r.as_of) >= {stretch / 2} THEN {found} END"
    return f"CASE WHEN r.record_type = 'organization' THEN {told} END" if feature.group == "people" else told


def assert_as_in_sql(lake: Lake) -> None:
    """What is built of the payers' histories is what plain SQL says of them."""
    rows = stood(lake)
    found = build(lake, rows, RULES, features=PLAIN)
    with lake.connect() as db:
        db.register("rows", rows.select("row", "member", "as_of", "record_type").to_arrow())
        columns = ", ".join(f"({in_sql(feature)})::FLOAT AS {feature.name}" for feature in PLAIN)
        expected = pl.DataFrame(pl.from_arrow(db.sql(ACTS.format(columns=columns)).to_arrow_table()))
    for feature in PLAIN:
        wanted = expected[feature.name].fill_null(np.nan).to_numpy()[rows["row"].to_numpy()]
        np.testing.assert_allclose(found.column(feature.name), wanted, rtol=1e-6, atol=1e-6, err_msg=feature.name)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(activity=acts(MEMBERS), moves=employers)
def test_the_kernel_counts_what_plain_sql_counts(activity: list[dict[str, Any]], moves: list[Any]):
    """Late records, people who change their employer, kinds outside the vocabulary, several days at once."""
    with TemporaryDirectory() as folder:
        assert_as_in_sql(association(Path(folder), activity, moves))


def test_a_long_history_of_which_half_came_late_counts_as_in_sql(tmp_path: Path):
    """Thousands of acts of one payer, so far out of order that they are sorted and not put right one by one."""
    assert_as_in_sql(association(tmp_path, long_history(5, members=5), [(3, 10, 1), (4, 200, 1)]))


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    """Spark on two threads of this machine."""
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("no Java, so no Spark")
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable  # workers are not to take another Python from the path
    plan = SparkSession.builder.master("local[2]").config("spark.sql.shuffle.partitions", "2")
    plan = plan.config("spark.ui.enabled", "false").config("spark.driver.memory", "1g")
    plan = plan.config("spark.sql.execution.arrow.maxRecordsPerBatch", "500")  # so that payers span batches
    session = plan.config("spark.sql.session.timeZone", "America/New_York").getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()
    del os.environ["PYSPARK_PYTHON"]


def long_history(seed: int, members: int = 40, events: int = 6_000) -> list[dict[str, Any]]:
    """Acts of many members, one of whom does a third of them."""
    rng = np.random.default_rng(seed)
    kinds = ["login", "event_attended", "payment", "email_sent", "email_clicked", "community_post", "podcast_heard"]
    who = np.where(rng.random(events) < 0.3, 1, rng.integers(1, members, events))
    at = [dt.datetime(2021, 1, 1) + dt.timedelta(minutes=int(m)) for m in rng.integers(0, 1500 * 1440, events)]
    late = rng.choice([0, 0, 0, 1, 40, 500], events)
    return [
        {
            "member": int(member), "kind": kinds[rng.integers(len(kinds))], "occurred_at": when,
            "recorded_at": when + dt.timedelta(days=int(days)), "value": [None, 0.1, 33.33, 250.0][rng.integers(4)],
            "chapter_id": [None, "north"][rng.integers(2)], "ref": [None, "DINNER", "CONGRESS"][rng.integers(3)],
        }
        for member, when, days in zip(who, at, late, strict=True)
    ]  # fmt: skip


def test_spark_gives_the_same_answer_to_the_bit(spark: Any, tmp_path: Path):
    """Every feature of the catalogue, of many payers on several days, from the same lake on two engines."""
    from tenure.features.spark import OnSpark

    moves = [(3, 10, 1), (3, 700, 2), (4, 200, 1)]
    versions = [person(1, record_type="organization"), *(person(member) for member in range(2, 40))]
    versions += [person(w, organization=o, valid_from=dt.datetime(2021, 1, 1) + dt.timedelta(d)) for w, d, o in moves]
    terms = [term for payer in range(1, 40) for term in years(payer, 2021, 2024)]
    lake = write(tmp_path, members=versions, terms=terms, activity=long_history(3), programs=PROGRAMS)
    rows = stood(lake, tuple(range(1, 40)))

    here, there = build(lake, rows, RULES), build(lake, rows, RULES, engine=OnSpark(spark, lake))

    np.testing.assert_array_equal(there.x, here.x)
    assert there.categories.equals(here.categories)
    assert np.isfinite(here.x).mean() > 0.4
