"""What a reader of the lake may rely on."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import polars as pl
import pytest
from lake_rows import AT, activity, put

from tenure.base.errors import DamagedStore, HeldBack
from tenure.lake import NOT_GIVEN, SHAPES, Lake, Sql


def test_an_empty_lake_has_every_table_with_its_columns(lake: Lake):
    """A home before its first sync gives empty tables of the right types, in Polars and in DuckDB."""
    with lake.connect() as db:
        for name, shape in SHAPES.items():
            if not shape.hidden:
                rows = pl.from_arrow(db.sql(f"SELECT {shape.sql_columns()} FROM {name}").to_arrow_table())
                assert isinstance(rows, pl.DataFrame)
                assert rows.schema == pl.Schema(shape.columns)

    assert lake.members().schema == pl.Schema(SHAPES["members"].columns)
    assert (lake.version, lake.watermarks, lake.is_empty("activity")) == (0, {}, True)


def test_activity_lies_by_month_sorted_by_member(lake: Lake, tmp_path: Path):
    """Each file holds one month, ordered by member and then by time."""
    put(
        lake,
        "activity",
        activity((1, 9, "login", "2025-01-05"), (2, 3, "login", "2025-01-07"), (3, 3, "gift", "2025-02-01")),
    )

    files = sorted((tmp_path / "lake/tables/activity").glob("*.parquet"))
    assert [path.name[:7] for path in files] == ["2025-01", "2025-02"]
    assert pl.read_parquet(files[0])["member"].to_list() == [3, 9]


def test_an_upsert_moves_a_row_to_the_month_where_it_now_belongs(lake: Lake):
    """An activity whose date was mended is in one month only."""
    put(lake, "activity", activity((1, 9, "login", "2025-01-05"), (2, 3, "login", "2025-01-07")))
    with lake.batch(source="test", at=AT) as batch:
        change = batch.upsert("activity", activity((1, 9, "login", "2025-02-05"), (4, 9, "login", "2025-02-06")))
        batch.commit()

    assert (change.rows, change.new, change.changed) == (3, 1, 1)
    assert lake.timeline(9)["occurred_at"].to_list() == [dt.datetime(2025, 2, 6), dt.datetime(2025, 2, 5)]


def test_writing_the_same_rows_again_changes_nothing(lake: Lake):
    """Overlap between two nights leaves version and files as they were."""
    rows = activity((1, 9, "login", "2025-01-05"), (2, 3, "login", "2025-01-07"))
    put(lake, "activity", rows)
    with lake.batch(source="test", at=AT) as batch:
        assert not batch.upsert("activity", rows).any
        assert not batch.replace("activity", rows).any
        assert batch.commit() == 1


def test_a_replacement_counts_what_is_new_changed_and_gone(lake: Lake):
    """The change of a whole table is told by key."""
    put(lake, "activity", activity((1, 9, "login", "2025-01-05"), (2, 3, "login", "2025-01-07")))
    with lake.batch(source="test", at=AT) as batch:
        change = batch.replace("activity", activity((2, 3, "gift", "2025-01-07"), (5, 3, "gift", "2025-01-07")))
        batch.commit()

    assert (change.rows, change.new, change.changed, change.removed) == (2, 1, 1, 1)


def test_rows_may_come_as_a_query_on_the_batch_s_own_connection(lake: Lake):
    """Eleven million rows need not pass through Python."""
    with lake.batch(source="test", at=AT) as batch:
        batch.connection.execute(
            "CREATE TABLE staged AS SELECT i AS activity_key, i % 10 AS member, 'login' AS kind, "
            "TIMESTAMP '2025-01-01' + to_days(i::INT) AS occurred_at, occurred_at AS recorded_at, "
            "NULL::DOUBLE AS value, NULL::VARCHAR AS ref, NULL::VARCHAR AS chapter_id FROM range(100) t(i)"
        )
        batch.replace("activity", Sql("FROM staged"))
        batch.commit()

    with lake.connect() as db:
        assert db.execute("SELECT count(*), min(occurred_at)::DATE FROM activity").fetchall() == [
            (100, dt.date(2025, 1, 1))
        ]


def test_versions_are_added_once(lake: Lake):
    """The same version of a term, read twice, is one row; a later version is a second."""
    first = {
        "term_id": "a",
        "member": 1,
        "member_type": "REG",
        "starts_on": dt.date(2024, 1, 1),
        "recorded_at": dt.datetime(2024, 1, 1),
    }
    later = first | {"ended_by": "resigned", "recorded_at": dt.datetime(2024, 5, 1)}
    for rows, expected in (([first], 1), ([first, later], 2), ([later], 2)):
        with lake.batch(source="test", at=AT) as batch:
            batch.add_versions("terms", pl.DataFrame(rows))
            batch.commit()
        assert lake.terms().height == expected
    assert lake.version == 2


def test_without_a_commit_nothing_has_happened(lake: Lake, tmp_path: Path):
    """A batch that is left leaves neither rows nor files nor its watermark."""
    with lake.batch(source="test", at=AT) as batch:
        batch.replace("activity", activity((1, 9, "login", "2025-01-05")))
        batch.set_watermark("activity", "x")

    assert (lake.version, lake.watermarks) == (0, {})
    assert not list((tmp_path / "lake/tables").rglob("*.parquet"))
    assert not (tmp_path / "lake/staging").exists()


def test_a_watermark_is_stored_without_a_new_version_when_no_row_changed(lake: Lake):
    """Progress of a feed that brought nothing is kept, and a model needn't look again."""
    with lake.batch(source="test", at=AT) as batch:
        batch.set_watermark("terms", "2025-01-01")
        assert batch.commit() == 0
    assert lake.watermarks == {"terms": "2025-01-01"}


def test_a_reader_keeps_what_it_opened_while_the_next_batch_is_written(lake: Lake):
    """A page that reads during the night neither fails nor sees half of it."""
    put(lake, "activity", activity((1, 9, "login", "2025-01-05")))
    with lake.connect() as db:
        put(lake, "activity", activity((2, 9, "gift", "2025-01-05")))
        assert db.execute("SELECT kind FROM activity").fetchall() == [("login",)]
    assert lake.timeline(9)["kind"].to_list() == ["gift"]


def test_replaced_files_go_with_the_batch_after_next(lake: Lake, tmp_path: Path):
    """The lake does not grow by what it no longer names."""
    for key in range(4):
        put(lake, "activity", activity((key, 9, "login", "2025-01-05")))
    assert len(list((tmp_path / "lake/tables/activity").glob("*"))) == 2


def test_two_writers_do_not_meet(lake: Lake):
    """The second is told to wait, by the exit code of a gate."""
    with lake.batch(source="test", at=AT), pytest.raises(HeldBack, match="another Tenure"):
        lake.batch(source="test", at=AT)


def test_features_cannot_read_audit_attributes(lake: Lake):
    """Birth year and gender have no view."""
    put(lake, "audit_attributes", pl.DataFrame({"member": [1], "birth_year": [1970], "gender": ["F"]}))

    assert lake.audit_attributes()["birth_year"].to_list() == [1970]
    with lake.connect() as db:
        names = {name for (name,) in db.execute("SELECT column_name FROM duckdb_columns()").fetchall()}
    assert not names & {"birth_year", "gender"}
    assert not {"birth_year", "gender"} & set(lake.members().columns)


def test_the_timeline_can_be_paged_and_narrowed(lake: Lake):
    """Newest first, before an instant, by kind, and no more than asked for."""
    put(lake, "activity", activity(*((k, 9, "login" if k % 2 else "gift", f"2025-{k:02d}-05") for k in range(1, 9))))

    assert lake.timeline(9, limit=3)["activity_key"].to_list() == [8, 7, 6]
    assert lake.timeline(9, before=dt.date(2025, 6, 5), limit=2)["activity_key"].to_list() == [5, 4]
    assert lake.timeline(9, kinds=["gift"], limit=2)["activity_key"].to_list() == [8, 6]
    assert lake.timeline(404).is_empty()


def test_one_member_is_read_without_the_others(lake: Lake):
    """What a member's page reads: what they did since a day, their versions, and who belongs to an organization."""
    assert (lake.acts_since(9, dt.date(2025, 1, 1)).height, lake.versions_of("terms", 9).height) == (0, 0)
    put(
        lake, "activity", activity(*((10 * m + k, m, "login", f"2025-{k:02d}-05") for k in range(1, 9) for m in (8, 9)))
    )
    assert lake.acts_since(9, dt.date(2025, 5, 5))["activity_key"].to_list() == [98, 97, 96, 95]
    assert lake.acts_since(9, dt.date(2025, 5, 6))["activity_key"].to_list() == [98, 97, 96]

    moved = [(1, 700, "2024-01-01"), (1, 701, "2025-01-01"), (2, 700, "2024-01-01"), (3, 701, "2024-01-01"),
             (3, None, "2025-01-01")]  # fmt: skip
    given = {
        "member": [member for member, *_ in moved], "organization": [of for _, of, _ in moved],
        "valid_from": [dt.datetime.fromisoformat(day) for *_, day in moved],
        "employer": ["Weir", "Dam", "Weir", "", "Locks"],
    }  # fmt: skip
    put(lake, "members", SHAPES["members"].conform(pl.DataFrame(given)))
    assert sorted(lake.versions_of("members", 1)["organization"]) == [700, 701]
    assert (lake.people_of(700), lake.people_of(701), lake.people_of(9)) == ([2], [1], [])
    assert lake.employers_of([1, 2, 3, 9]) == {1: "Dam", 2: "Weir", 3: "Locks"}
    put(lake, "members", SHAPES["members"].conform(pl.DataFrame(given)).with_columns(organization=702, employer=None))
    assert (lake.people_of(702), lake.employers_of([1, 2, 3])) == ([1, 2, 3], {}), "as the last batch left it"


def test_each_act_has_the_day_it_happened_and_the_day_it_was_known(lake: Lake):
    """Counted from 1970; an act recorded before it happened was known when it happened."""
    rows = activity((1, 9, "login", "2025-01-05"), (2, 9, "login", "2025-01-07"), (3, 9, "gift", "2025-02-07"))
    late = {1: dt.datetime(2025, 1, 9, 23), 2: dt.datetime(2025, 1, 1), 3: dt.datetime(2025, 2, 7)}
    put(lake, "activity", rows.with_columns(recorded_at=pl.col("activity_key").replace_strict(late)))

    assert _days(lake) == [(1, "2025-01-05", "2025-01-09"), (2, "2025-01-07", "2025-01-07"),
                           (3, "2025-02-07", "2025-02-07")]  # fmt: skip


def test_the_acts_of_some_months_are_read_from_the_files_of_those_months_alone(lake: Lake):
    """Both months are whole; where no month has any act, there is a table all the same."""
    put(lake, "activity", activity((1, 9, "login", "2025-01-05"), (2, 9, "gift", "2025-02-07"),
                                   (3, 8, "gift", "2025-03-01"), (4, 8, "gift", "2025-04-01")))  # fmt: skip

    def between(first: dt.date, last: dt.date) -> list[int]:
        query = f"SELECT activity_key, day_number FROM ({lake.activity_between(first, last)})"
        with lake.connect() as db:
            return sorted(key for key, _ in db.execute(query).fetchall())

    assert between(dt.date(2025, 2, 28), dt.date(2025, 3, 1)) == [2, 3]
    assert between(dt.date(2026, 1, 1), dt.date(2026, 2, 1)) == []
    assert lake.rows_between(dt.date(2025, 2, 28), dt.date(2025, 3, 1)) == 2
    text = lake.activity_between(dt.date(2025, 2, 28), dt.date(2025, 3, 1))
    assert [month for month in ("2025-01", "2025-02", "2025-03", "2025-04") if month in text] == ["2025-02", "2025-03"]


def test_files_that_an_earlier_release_wrote_are_read_beside_new_ones(lake: Lake, tmp_path: Path):
    """They have no days; a month that changes gets them."""
    put(lake, "activity", activity((1, 9, "login", "2025-01-05"), (2, 9, "gift", "2025-02-07")))
    told = _days(lake)
    _as_of_format_1(tmp_path / "lake")
    assert _days(lake) == told

    with lake.batch(source="files", at=AT) as batch:
        batch.upsert("activity", activity((3, 9, "gift", "2025-02-08")))
        batch.commit()
    assert _days(lake) == [*told, (3, "2025-02-08", "2025-02-08")]
    assert lake.acts_since(9, dt.date(2025, 1, 1))["activity_key"].to_list() == [3, 2, 1]
    manifest = json.loads((tmp_path / "lake/manifest.json").read_text())
    assert [(month, days) for _, _, month, days in manifest["tables"]["activity"]] == [
        ("2025-01", False),
        ("2025-02", True),
    ]


def _days(lake: Lake) -> list[tuple[int, str, str]]:
    with lake.connect() as db:
        return db.execute("""
            SELECT activity_key, (DATE '1970-01-01' + day_number)::VARCHAR, (DATE '1970-01-01' + known_number)::VARCHAR
            FROM activity ORDER BY activity_key""").fetchall()


def _as_of_format_1(root: Path) -> None:
    manifest = json.loads((root / "manifest.json").read_text()) | {"format": 1}
    manifest["tables"] = {table: [file[:3] for file in files] for table, files in manifest["tables"].items()}
    (root / "manifest.json").write_text(json.dumps(manifest))
    for path in (root / "tables/activity").glob("*.parquet"):
        pl.read_parquet(path).drop("day_number", "known_number").write_parquet(path)


def test_scores_are_kept_by_night(lake: Lake):
    """A night replaces itself; a member's history is read across nights."""
    for day, score in ((dt.date(2025, 3, 1), 10), (dt.date(2025, 3, 2), 20), (dt.date(2025, 3, 2), 30)):
        lake.write_scores(day, pl.DataFrame({"member": [1, 2], "risk_score": [score, score + 1]}))

    latest = lake.scores()
    assert latest is not None
    assert latest["risk_score"].to_list() == [30, 31]
    assert lake.score_dates() == [dt.date(2025, 3, 1), dt.date(2025, 3, 2)]
    assert lake.score_history(2)["risk_score"].to_list() == [11, 31]
    assert lake.scores(dt.date(2020, 1, 1)) is None
    assert lake.version == 0


def test_a_missing_file_and_a_mad_manifest_are_named(lake: Lake, tmp_path: Path):
    """Damage is an error with a mend, never a lake with fewer rows."""
    put(lake, "activity", activity((1, 9, "login", "2025-01-05")))
    manifest = tmp_path / "lake/manifest.json"
    text = manifest.read_text()
    for bad in ("{", "[]", "{}", json.dumps(json.loads(text) | {"format": 99})):
        manifest.write_text(bad)
        with pytest.raises(DamagedStore):
            Lake.open(tmp_path / "lake")

    manifest.write_text(text)
    next((tmp_path / "lake/tables/activity").glob("*")).unlink()
    with pytest.raises(DamagedStore, match="1 files"):
        Lake.open(tmp_path / "lake")


def test_plain_versions_are_dated_before_all_history():
    """The agreed instant for `valid_from` that nobody gave."""
    assert dt.datetime(1970, 1, 1) == NOT_GIVEN


def test_when_a_kind_was_first_on_record_needs_no_rows_and_follows_every_batch(lake: Lake):
    """The later of the two clocks counts; a late record of another month, an earlier one, and a removal are seen."""
    first = activity((1, 1, "login", "2025-01-05"), (2, 1, "payment", "2025-02-07"))
    late = first.filter(pl.col("activity_key") == 2).with_columns(recorded_at=pl.lit(dt.datetime(2025, 2, 20)))
    put(lake, "activity", first)
    assert lake.first_known() == {"login": dt.date(2025, 1, 5), "payment": dt.date(2025, 2, 7)}
    with lake.batch(source="test", at=AT) as batch:
        batch.upsert("activity", pl.concat([late, activity((3, 2, "login", "2024-12-31"))]))
        batch.commit()
    assert lake.first_known() == {"login": dt.date(2024, 12, 31), "payment": dt.date(2025, 2, 20)}
    put(lake, "activity", first.head(1))

    assert lake.first_known() == {"login": dt.date(2025, 1, 5)}


def test_a_file_without_that_note_is_read_for_it(lake: Lake, tmp_path: Path):
    """A lake from before the note was written, or restored by other means."""
    put(lake, "activity", activity((1, 1, "login", "2025-01-05"), (2, 1, "payment", "2025-02-07")))
    for path in tmp_path.glob("lake/tables/activity/2025-01*.parquet"):
        pl.read_parquet(path).write_parquet(path)

    assert lake.first_known() == {"login": dt.date(2025, 1, 5), "payment": dt.date(2025, 2, 7)}
