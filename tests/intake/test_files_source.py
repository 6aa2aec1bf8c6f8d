"""A folder of files becomes the lake."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path

import duckdb
import polars as pl
import pytest
from small_association import NOW, Association, tables

from tenure.base.errors import HeldBack
from tenure.base.pseudonym import Pseudonyms
from tenure.intake import TableReport
from tenure.lake import NOT_GIVEN


def test_every_table_of_the_contract_arrives(place: Association):
    """Rows, types and nulls are those of the files, in CSV as in Parquet."""
    given = tables()
    place.export(**given)
    report = place.sync()

    lake = place.lake
    assert {name: table.kept for name, table in report.tables.items()} == {n: f.height for n, f in given.items()}
    assert lake.terms().drop("term_id", "member").filter(pl.col("starts_on") == dt.date(2024, 1, 1)).row(
        0, named=True
    ) == {
        "member_type": "REG",
        "starts_on": dt.date(2024, 1, 1),
        "ends_on": dt.date(2024, 12, 31),
        "dues": 120.0,
        "billed_on": None,
        "due_on": None,
        "paid_on": dt.date(2024, 1, 1),
        "auto_renew": None,
        "installments": None,
        "ended_by": None,
        "recorded_at": dt.datetime(2024, 1, 1, 9),
    }
    assert lake.programs()["title"].to_list() == ['A, "B"', "C"]
    assert lake.program_changes().height == 1
    assert lake.members()["chapter_id"].null_count() == 50
    assert not report.warnings


def test_ids_are_kept_to_the_letter(place: Association):
    """00007, 7 and a7 are three members; the report hands all of them up as they were."""
    given = tables(8)
    for table in ("members", "terms", "activity", "contacts"):
        given[table] = given[table].with_columns(
            pl.col("member_id").replace({"00001": "7", "00002": "a7", "00003": "A7"})
        )
    place.export(**given)
    report = place.sync()

    ids = {member_id: member for member, member_id in report.identities}
    assert {"00007", "7", "a7", "A7"} <= set(ids)
    assert len(set(ids.values())) == 8
    assert ids["00007"] == Pseudonyms.of(place.home).one("00007")
    assert place.lake.timeline(ids["7"]).height == 5


def test_the_lake_holds_no_source_id_and_no_contact(place: Association):
    """Neither ids nor contact details are in any byte of the lake, uncompressed."""
    place.export(**tables())
    place.sync()

    given = tables()
    ours = [given["members"]["member_id"], given["terms"]["term_id"], given["activity"]["activity_id"]]
    secret = {text for column in [*ours, *given["contacts"]] for text in column}
    for path in place.home.lake.rglob("*.parquet"):
        frame = pl.read_parquet(path)
        assert not secret & {text for column in frame.select(pl.selectors.string()) for text in column}


def test_a_nul_within_a_text_is_left_out(tmp_path: Path):
    """No other store takes it; in CSV it is refused, since there it is a sign of damage."""
    (tmp_path / "home").mkdir()
    place = Association(tmp_path, "parquet")
    given = tables()
    names = pl.Series(["A\0da", "\0", *["Ada"] * 98])
    types = pl.col("member_type") + "\0"
    place.export(**given | {
        "contacts": given["contacts"].with_columns(first_name=names), "terms": given["terms"].with_columns(types)
    })  # fmt: skip
    report = place.sync()
    assert report.contacts is not None
    assert set(report.contacts["first_name"]) == {"Ada", None}
    assert set(place.lake.terms()["member_type"]) == {"REG"}
    place.export(terms=given["terms"].with_columns(member_type=pl.lit("\0\0")))
    with pytest.raises(HeldBack, match="no value in `member_type`"):
        place.sync()


def test_contacts_go_up_and_not_down(place: Association):
    """The report's contacts go by pseudonym."""
    place.export(**tables())
    report = place.sync()

    assert report.contacts is not None
    assert report.contacts_whole
    assert set(report.contacts["member"]) == {member for member, _ in report.identities}
    assert report.contacts["email"].str.starts_with("canary").all()


def test_both_clocks_are_kept(place: Association):
    """When it happened and when it was known are two columns, to the second."""
    place.export(**tables())
    place.sync()
    with place.lake.connect() as db:
        rows = db.execute("SELECT DISTINCT recorded_at - occurred_at FROM activity").fetchall()
    assert rows == [(dt.timedelta(hours=1),)]


def test_an_unchanged_folder_is_not_read_again(place: Association):
    """The second sync changes nothing, and says so."""
    place.export(**tables())
    first = place.sync()
    for path in place.folder.iterdir():
        path.touch()
    second = place.sync()

    assert (second.unchanged, second.version) == (True, first.version)
    assert not second.tables


def test_a_changed_table_changes_only_that(place: Association):
    """What is new, changed and gone is counted by key."""
    given = tables()
    place.export(**given)
    place.sync()
    activity = given["activity"]
    more = activity.head(1).with_columns(activity_id=pl.lit("new"))
    place.export(activity=pl.concat([activity.slice(1), more]).with_columns(
        value=pl.when(pl.col("activity_id") == "a1-00004").then(9.0).otherwise("value")
    ))  # fmt: skip
    report = place.sync()

    assert report.tables["activity"] == TableReport(500, 500, 0, new=1, changed=1, removed=1)
    assert (report.tables["terms"].new, report.tables["members"].changed) == (0, 0)
    assert place.lake.rows("activity") == 500


def test_missing_recorded_at_is_the_instant_of_the_event_and_said(place: Association):
    """The default rule of the contract, told in the report, for a whole column and for single rows."""
    given = tables()
    place.export(**given | {"activity": given["activity"].drop("recorded_at")})
    assert any("500 rows have no `recorded_at`" in notice for notice in place.sync().notices)
    with place.lake.connect() as db:
        assert db.execute("SELECT count(*) FROM activity WHERE recorded_at = occurred_at").fetchall() == [(500,)]

    place.export(activity=given["activity"].with_columns(
        recorded_at=pl.when(pl.col("member_id") < "00010").then(None).otherwise("recorded_at")
    ))  # fmt: skip
    assert any("50 rows have no `recorded_at`" in notice for notice in place.sync().notices)


def test_without_activity_the_report_says_what_is_learnt_from(place: Association):
    """Members and terms are enough."""
    given = tables()
    place.export(members=given["members"], terms=given["terms"])
    assert any("from terms alone" in notice for notice in place.sync().notices)
    assert place.lake.is_empty("activity")


def test_extra_columns_are_ignored_with_a_notice(place: Association):
    """And one that looks like a slip of the pen is pointed out."""
    given = tables()
    place.export(
        **given | {"members": given["members"].rename({"chapter_id": "Chapter ID"}).with_columns(shoe=pl.lit(1))}
    )
    (notice,) = [n for n in place.sync().notices if "ignored" in n]
    assert "shoe" in notice
    assert "`Chapter ID` for `chapter_id`" in notice


def test_a_plain_export_gains_a_history_from_the_first_night(place: Association):
    """What a record said on each night stands beside what it says now."""
    given = tables()
    place.export(**given)
    place.sync()
    assert place.lake.members()["plain"].all()
    assert set(place.lake.members()["valid_from"]) == {NOT_GIVEN}

    moved = given["members"].with_columns(employer=pl.when(pl.col("member_id") == "00004").then(pl.lit("Acme")))
    newcomer = moved.head(1).with_columns(member_id=pl.lit("newcomer"))
    place.export(members=pl.concat([moved, newcomer]))
    place.now = NOW + dt.timedelta(days=1)
    report = place.sync()

    assert (report.tables["members"].new, report.tables["members"].changed) == (2, 0)
    versions = place.lake.members().filter(pl.col("member") == Pseudonyms.of(place.home).one("00004"))
    assert versions["employer"].to_list() == [None, "Acme"]
    assert versions["valid_from"].to_list() == [NOT_GIVEN, place.now.replace(tzinfo=None)]
    assert versions["plain"].to_list() == [True, False]


def test_an_export_with_history_is_taken_as_it_is(place: Association):
    """Given `valid_from`, versions are the source's own and none is plain."""
    given = tables()
    early = given["members"].with_columns(valid_from=dt.datetime(2023, 1, 1))
    late = early.with_columns(valid_from=dt.datetime(2024, 1, 1), member_type=pl.lit("FEL"))
    place.export(**given | {"members": pl.concat([early, late])})
    report = place.sync()

    assert place.lake.members().height == 200
    assert not place.lake.members()["plain"].any()
    assert not [notice for notice in report.notices if "valid_from" in notice]
    assert len(report.identities) == 100
    assert place.lake.audit_attributes().height == 100


def test_a_night_with_far_fewer_rows_is_held_back(place: Association):
    """Two fifths of yesterday's rows are no export; the lake stays as it was."""
    given = tables()
    place.export(**given)
    place.sync()
    keep = given["members"].head(40)["member_id"].implode()
    place.export(**{t: given[t].filter(pl.col("member_id").is_in(keep)) for t in ("members", "terms", "activity")})
    with pytest.raises(HeldBack, match="members has 40 good rows where the lake has 100: 60% fewer"):
        place.sync()
    assert (place.lake.version, place.lake.rows("terms")) == (1, 200)


def test_a_table_that_vanished_holds_the_night_back(place: Association):
    """Activity that is suddenly not exported is not activity that never was."""
    place.export(**tables())
    place.sync()
    place.file("activity").unlink()
    with pytest.raises(HeldBack, match="activity has 0 good rows"):
        place.sync()


def test_rows_of_the_future_come_of_age(place: Association):
    """A row recorded after the sync waits, and is read when its time has come though no file changed."""
    given = tables()
    tomorrow = NOW.replace(tzinfo=None) + dt.timedelta(hours=20)
    place.export(**given | {"activity": given["activity"].with_columns(
        recorded_at=pl.when(pl.col("activity_id") == "a0-00000").then(pl.lit(tomorrow)).otherwise("recorded_at")
    )})  # fmt: skip
    assert place.sync().tables["activity"].quarantined == {"`recorded_at` lies in the future": 1}
    assert place.sync().unchanged

    place.now = NOW + dt.timedelta(days=1)
    report = place.sync()
    assert (report.tables["activity"].new, report.warnings) == (1, ())


def test_what_goes_up_is_handed_over_before_the_lake_changes(place: Association):
    """When the ledger fails, the lake has not moved, so that the next sync hands the same up again."""
    from tenure.base.settings import Settings, Source
    from tenure.intake import FilesSource, sync

    place.export(**tables())

    def fail(*_: object) -> None:
        raise RuntimeError

    settings = Settings(source=Source(kind="files"))
    with pytest.raises(RuntimeError):
        sync(place.home, settings, place.lake, clock=lambda: NOW, source=FilesSource(place.folder), hand_up=fail)
    assert place.lake.version == 0
    assert place.sync().version == 1


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_other_delimiters_a_byte_order_mark_and_line_ends_are_read(csv_place: Association, delimiter: str):
    """What Excel makes of a CSV is a CSV."""
    given = tables()
    csv_place.export(**given)
    text = given["members"].write_csv(separator=delimiter, line_terminator="\r\n")
    csv_place.file("members").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert csv_place.sync().tables["members"].kept == 100


def test_offsets_in_times_are_heeded(csv_place: Association):
    """10:00+02:00 is 08:00 UTC."""
    given = tables(1)
    csv_place.export(**given)
    csv_place.file("activity").write_text(
        "activity_id,member_id,kind,occurred_at\n1,00000,login,2024-06-01T10:00:00+02:00\n2,00000,login,2024-06-02\n"
    )
    csv_place.sync()
    with csv_place.lake.connect() as db:
        rows = db.execute("SELECT occurred_at FROM activity ORDER BY 1").fetchall()
    assert rows == [(dt.datetime(2024, 6, 1, 8),), (dt.datetime(2024, 6, 2),)]


@pytest.mark.parametrize("words", ["checking terms", "storing members", "storing programs"])
def test_a_sync_that_was_killed_leaves_nothing_of_anyone(place: Association, words: str):
    """Whenever it was: the lake is as before, and the scratch file knows pseudonyms alone."""
    place.export(**tables())
    program = str(Path(__file__).with_name("files_sync.py"))
    command = [sys.executable, program, str(place.home.root), str(place.folder), words]
    assert subprocess.run(command, check=False).returncode == -9

    scratch = place.home.lake / "staging/work.duckdb"
    assert scratch.is_file()
    with duckdb.connect(str(scratch), read_only=True) as db:
        columns = {
            name for (name,) in db.execute("SELECT column_name FROM duckdb_columns() WHERE NOT internal").fetchall()
        }
    assert not columns & {"member_id", "email", "first_name", "activity_id", "term_id"}
    assert place.lake.version == 0
    assert place.sync().version == 1
    assert not scratch.exists()
