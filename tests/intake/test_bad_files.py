"""Bad input: what is wrong, where, and what to do, with the lake as it was."""

from __future__ import annotations

import datetime as dt
import gzip

import polars as pl
import pytest
from small_association import NOW, TABLES, Association, spoil, tables

from memory import in_little_memory
from tenure.base.errors import BadInput, HeldBack, UsageError


def refuses(place: Association, kind: type[Exception], *words: str) -> None:
    """The sync ends with *kind*, in these words, with a mend; nothing personal is said and nothing is stored."""
    with pytest.raises(kind) as caught:
        place.sync()
    said = str(caught.value)
    assert all(word in said for word in words), said
    assert "hint: " in said
    assert "canary" not in said
    assert "0000" not in said
    assert place.lake.version == 0
    assert not list((place.home.lake / "tables").rglob("*.parquet"))


def sets_aside(place: Association, table: str, frame: pl.DataFrame, reason: str, count: int) -> None:
    """Up to five in a hundred bad rows are set aside; the same rows with a limit of none hold the night back."""
    place.export(**tables() | {table: frame})
    place.limits = place.limits.model_copy(update={"quarantine_limit": 0.0})
    refuses(place, HeldBack, f"{table}.{place.suffix}", reason, f"{count:,} of", "row")
    place.limits = place.limits.model_copy(update={"quarantine_limit": 0.05})
    report = place.sync()
    assert report.tables[table].quarantined == {reason: count}
    assert any(reason in warning for warning in report.warnings)
    assert report.quarantine is not None
    kept = pl.read_parquet(report.quarantine)
    assert set(kept.columns) == {"table", "row", "reason"}
    assert kept.filter(pl.col("reason") == reason).height == count


def test_no_such_folder(place: Association):
    """A path that is not there is a matter of settings."""
    refuses(place, UsageError, "no folder")


@pytest.mark.parametrize("table", ["members", "terms"])
def test_a_needed_table_is_missing(place: Association, table: str):
    """What is there instead is listed."""
    given = tables()
    del given[table]
    place.export(**given)
    refuses(place, BadInput, f"neither {table}.parquet nor {table}.csv", f"activity.{place.suffix}")


def test_one_table_twice(place: Association):
    """Which of the two would be right is not for us to guess."""
    place.export(**tables())
    (place.folder / "terms.csv").touch()
    (place.folder / "terms.parquet").touch()
    refuses(place, BadInput, "both terms.parquet and terms.csv")


@pytest.mark.parametrize(
    ("table", "column", "renamed"),
    [
        ("members", "member_type", "MemberType"),
        ("terms", "recorded_at", "recorded_on"),
        ("activity", "member_id", "memberid"),
    ],
)
def test_a_needed_column_is_renamed(place: Association, table: str, column: str, renamed: str):
    """The near name is pointed out."""
    given = tables()
    place.export(**given | {table: given[table].rename({column: renamed})})
    refuses(place, BadInput, f"{table}.{place.suffix}", f"column `{column}`", f"rename `{renamed}` to `{column}`")


def test_a_needed_column_is_missing(place: Association):
    """Where no near name is there, the page that lists them is named."""
    given = tables()
    place.export(**given | {"terms": given["terms"].drop("starts_on")})
    refuses(place, BadInput, "lacks the column `starts_on`", "docs/files.md")


def test_a_file_without_a_header(place: Association):
    """Its first line is somebody's: it is said that names are missing, and none of the values is."""
    place = Association(place.root, "csv")
    place.export(**tables())
    place.file("members").write_text(
        "2020-01-01,Canary Bird,M00000,REG,canary@example.org\n2021-01-01,Robin Bird,M00001,REG,robin@example.org\n"
    )
    refuses(place, BadInput, "members.csv", "seems to hold values and no names", "with a header line")
    with pytest.raises(BadInput) as caught:
        place.sync()
    assert not any(word in str(caught.value) for word in ("Canary", "Bird", "@", "2020"))


def test_columns_named_like_values_are_not_told(place: Association):
    """Of columns that are ignored the names are told, but for those that may be values."""
    place = Association(place.root, "csv")
    given = tables()
    place.export(**given | {"members": given["members"].with_columns(canary=1, **{"canary@example.org": 2})})
    (said,) = [line for line in place.sync().notices if "columns ignored" in line]
    assert "canary" in said
    assert "@" not in said


def test_a_column_of_the_wrong_type(tmp_path, place: Association):
    """In Parquet, where columns have types, the type is named."""
    place = Association(place.root, "parquet")
    given = tables()
    place.export(**given | {"terms": given["terms"].with_columns(starts_on=pl.lit(20240101))})
    refuses(place, BadInput, "terms.parquet", "`starts_on`", "integer", "a date")


def test_ids_written_as_numbers(place: Association):
    """An id that was a number on its way has lost its leading zeros."""
    place = Association(place.root, "parquet")
    given = tables()
    place.export(**given | {"members": given["members"].with_columns(pl.col("member_id").cast(pl.Int64))})
    refuses(place, BadInput, "members.parquet", "`member_id`", "leading zeros")


@pytest.mark.parametrize(
    ("table", "column", "value", "words"),
    [
        ("terms", "dues", "12,50", "`dues` is not a number"),
        ("terms", "starts_on", "31/01/2024", "`starts_on` is not a date (ISO 8601)"),
        ("activity", "occurred_at", "yesterday", "`occurred_at` is not a time (ISO 8601, UTC)"),
        ("activity", "occurred_at", "2024-02-30T10:00:00Z", "`occurred_at` is not a time (ISO 8601, UTC)"),
        ("activity", "occurred_at", "epoch", "`occurred_at` is not a time (ISO 8601, UTC)"),
        ("activity", "value", "NaN?", "`value` is not a number"),
        ("members", "email_allowed", "maybe", "`email_allowed` is not true or false"),
        ("members", "birth_year", "1970.5", "`birth_year` is not a whole number"),
    ],
)
def test_values_that_cannot_be_read(place: Association, table: str, column: str, value: str, words: str):
    """Each is set aside with its row; nothing is guessed."""
    sets_aside(place, table, spoil(tables()[table], column, value, 3), words, 3)


@pytest.mark.parametrize(
    ("table", "column"), [("members", "join_date"), ("terms", "recorded_at"), ("activity", "kind")]
)
def test_values_that_are_missing(place: Association, table: str, column: str):
    """A row without a needed value is set aside."""
    sets_aside(place, table, spoil(tables()[table], column, None, 2), f"no value in `{column}`", 2)


@pytest.mark.parametrize(
    ("table", "column", "value", "words"),
    [
        ("members", "record_type", "person", "`record_type` is neither individual nor organization"),
        ("members", "profile_completeness", 75.0, "`profile_completeness` is not between 0 and 1"),
        ("members", "join_date", dt.date(1066, 1, 1), "`join_date` is before 1900 or after 2199"),
        ("terms", "ends_on", dt.date(9999, 12, 31), "`ends_on` is before 1900 or after 2199"),
        ("terms", "ends_on", dt.date(2022, 12, 31), "ends before it starts"),
        ("terms", "dues", -5.0, "`dues` is negative"),
        ("terms", "paid_on", dt.date(2025, 3, 3), "`paid_on` lies in the future"),
        ("terms", "paid_on", dt.date(1024, 3, 3), "`paid_on` is before 1900 or after 2199"),
        ("terms", "member_id", "nobody", "the member is not in members"),
        ("terms", "recorded_at", dt.datetime(2025, 3, 2), "`recorded_at` lies in the future"),
        ("activity", "member_id", "nobody", "the member is not in members"),
        ("activity", "recorded_at", dt.datetime(2025, 3, 1, 5), "`recorded_at` lies in the future"),
    ],
)
def test_values_that_cannot_be(place: Association, table: str, column: str, value: object, words: str):
    """Each is set aside with its row."""
    sets_aside(place, table, spoil(tables()[table], column, value, 4), words, 4)


def test_a_key_used_twice(place: Association):
    """The last row of a key stands, the others are bad; word for word repeats are not bad."""
    given = tables()
    other = given["terms"].head(2).with_columns(dues=pl.lit(99.0))
    sets_aside(place, "terms", pl.concat([given["terms"], other]), "the key is used again with other values", 2)
    assert place.lake.terms().filter(pl.col("dues") == 99).height == 2


def test_a_member_twice_in_a_plain_export(place: Association):
    """Two rows of one member cannot both be today's."""
    given = tables()
    other = given["members"].head(2).with_columns(member_type=pl.lit("FEL"))
    words = "the key is used again with other values"
    sets_aside(place, "members", pl.concat([given["members"], other]), words, 2)


def test_rows_repeated_word_for_word_are_taken_once(place: Association):
    """An export that was appended to itself is noticed and does no harm."""
    given = tables()
    place.export(**{table: pl.concat([frame, frame]) for table, frame in given.items()})
    report = place.sync()
    assert {name: table.repeated for name, table in report.tables.items()} == {n: f.height for n, f in given.items()}
    assert place.lake.rows("activity") == 500
    assert not report.warnings


def test_terms_that_overlap(place: Association):
    """The one recorded later is set aside; the terms that were there before stand."""
    given = tables()
    late = (
        given["terms"]
        .head(2)
        .with_columns(
            term_id=pl.lit("x") + pl.col("term_id"),
            starts_on=pl.lit(dt.date(2023, 6, 1)),
            recorded_at=pl.lit(dt.datetime(2024, 6, 1)),
        )
    )
    sets_aside(place, "terms", pl.concat([late, given["terms"]]), "overlaps another term of the same member", 2)
    assert place.lake.terms().filter(pl.col("starts_on") == dt.date(2023, 6, 1)).is_empty()


def test_versions_of_one_term_do_not_overlap_each_other(place: Association):
    """A resignation shortens its term, and one taken back before it began is no fault."""
    given = tables()
    resigned = given["terms"].filter(pl.col("starts_on") == dt.date(2024, 1, 1)).head(10).with_columns(
        ends_on=pl.Series([dt.date(2024, 5, 1)] * 5 + [dt.date(2023, 12, 20)] * 5),
        recorded_at=pl.lit(dt.datetime(2024, 5, 1)),
        ended_by=pl.lit("resigned"),
    )  # fmt: skip
    terms = given["terms"].with_columns(ended_by=pl.lit(None, dtype=pl.String))
    place.export(**given | {"terms": pl.concat([terms, resigned.select(terms.columns)])})
    assert place.sync().tables["terms"].quarantined == {}


@pytest.mark.parametrize("table", ["members", "terms"])
def test_a_needed_table_without_rows(place: Association, table: str):
    """A header alone is an export that went wrong."""
    given = tables()
    place.export(**given | {table: given[table].clear()})
    refuses(place, BadInput, f"{table}.{place.suffix} has no rows")


def test_activity_without_rows_is_allowed(place: Association):
    """It is optional, and said."""
    given = tables()
    place.export(**given | {"activity": given["activity"].clear()})
    assert any("from terms alone" in notice for notice in place.sync().notices)


def test_an_empty_file(csv_place: Association):
    """Not even a header."""
    csv_place.export(**tables())
    csv_place.file("terms").write_bytes(b"")
    refuses(csv_place, BadInput, "terms.csv is empty")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_parquet_file_cut_short(place: Association, table: str, share: float):
    """Wherever it was cut."""
    place = Association(place.root, "parquet")
    place.export(**tables())
    whole = place.file(table).read_bytes()
    place.file(table).write_bytes(whole[: int(len(whole) * share)])
    refuses(place, BadInput, f"{table}.parquet", "not a whole Parquet file")


def test_a_parquet_file_damaged_inside(place: Association):
    """A page that cannot be read names the file and nothing of the row."""
    place = Association(place.root, "parquet")
    place.export(**tables())
    data = bytearray(place.file("activity").read_bytes())
    data[100:400] = b"\xff" * 300
    place.file("activity").write_bytes(bytes(data))
    refuses(place, BadInput, "activity.parquet cannot be read to its end")


def test_mixed_encodings(csv_place: Association):
    """The first byte that is not UTF-8 is named by line and place."""
    csv_place.export(**tables())
    lines = csv_place.file("contacts").read_bytes().split(b"\n")
    lines[3] = lines[3].replace(b"Ada", "Ad\u00e4".encode("cp1252"))
    csv_place.file("contacts").write_bytes(b"\n".join(lines))
    refuses(csv_place, BadInput, "contacts.csv", "line 4", "Windows-1252")


def test_utf_16(csv_place: Association):
    """Excel's other habit."""
    csv_place.export(**tables())
    csv_place.file("members").write_bytes(csv_place.file("members").read_text().encode("utf-16"))
    refuses(csv_place, BadInput, "members.csv", "UTF-16")


@pytest.mark.parametrize(
    ("begins", "words"),
    [
        (b"PK\x03\x04", "a workbook or a zip archive"),
        (gzip.compress(bytes(1 << 24)), "compressed by gzip"),
        (b"PAR1", "a Parquet file"),
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaa">]>', "XML"),
        (b"member_id,first_name\n00001,A\0da\n", "a NUL byte in line 2"),
        (b"x," * 2000 + b"x\n", "2,000 columns or more"),
        (b"x" * (1 << 21), "or no end"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_called_csv_and_is_something_else(csv_place: Association, begins: bytes, words: str):
    """It is named for what it is; nothing in it is unpacked."""
    csv_place.export(**tables())
    csv_place.file("contacts").write_bytes(begins)
    refuses(csv_place, BadInput, "contacts.csv", words)


def test_a_line_without_end_is_noticed_in_little_memory(csv_place: Association):
    """The line is 100 MiB long; the sync holds no more than a part of it at once."""
    csv_place.export(**tables())
    with csv_place.file("activity").open("a") as file:
        file.writelines("x" * (1 << 20) for _ in range(100))
        file.write("\n")
    with in_little_memory(200):
        refuses(csv_place, BadInput, "activity.csv: 1 of 501 lines are in no row")


def test_a_quote_that_never_closes_in_a_large_file_loses_no_line_silently(csv_place: Association):
    """So large that it is read in several places at once, which go on behind the quote."""
    csv_place.export(**tables())
    head, *rows = csv_place.file("activity").read_text().splitlines(keepends=True)
    text = "".join(row.replace(",", f"-{turn},", 1) for turn in range(90) for row in rows)
    wide = "x" * 1000
    lines = [f"{line[:-1]},{wide}\n" for line in text.splitlines(keepends=True)]
    csv_place.file("activity").write_text("".join([f"{head[:-1]},note\n", *lines[:9], '"', *lines[9:]]))
    refuses(csv_place, BadInput, "activity.csv", "are in no row: a quote opens and never closes")


def test_line_breaks_within_values_and_blank_lines_are_no_loss(csv_place: Association):
    """Also in a line that is set aside."""
    csv_place.export(**tables())
    lines = csv_place.file("contacts").read_text().splitlines()
    lines[1:3] = ['"00000","A\n\nda","a@example.org"', "", '"00001","A\nda"', '00001,Ada,"b@\r\nexample.org"', "", ""]
    csv_place.file("contacts").write_text("\n".join(lines))
    report = csv_place.sync()
    assert report.tables["contacts"].quarantined == {"the line does not have as many values as the header": 1}


def test_lines_with_too_many_or_too_few_values(csv_place: Association):
    """They are set aside by number, and the numbers of bad rows after them are still right."""
    csv_place.export(**tables())
    lines = csv_place.file("activity").read_text().split("\n")
    lines[5] += ",more"
    lines[7] = "few"
    lines[10] = lines[10].replace("2024-", "2O24-")
    csv_place.file("activity").write_text("\n".join(lines))
    report = csv_place.sync()
    rows = {fault.reason: fault.rows for fault in report.tables["activity"].faults}
    assert rows == {
        "the line does not have as many values as the header": (5, 7),
        "`occurred_at` is not a time (ISO 8601, UTC)": (10,),
    }
    assert report.tables["activity"].read == 500


def test_a_quote_that_never_closes(csv_place: Association):
    """It swallows the rest of the file, which is too much."""
    csv_place.export(**tables())
    lines = csv_place.file("activity").read_text().split("\n")
    lines[3] = '"' + lines[3]
    csv_place.file("activity").write_text("\n".join(lines))
    with pytest.raises((BadInput, HeldBack)) as caught:
        csv_place.sync()
    assert "activity.csv" in str(caught.value)
    assert csv_place.lake.version == 0


def test_a_header_that_names_a_column_twice(csv_place: Association):
    """Which of the two is meant?"""
    csv_place.export(**tables())
    text = csv_place.file("members").read_text().replace("gender", "member_id", 1)
    csv_place.file("members").write_text(text)
    refuses(csv_place, BadInput, "members.csv", "`member_id` twice")


def test_more_than_five_in_a_hundred_hold_the_night_back(place: Association):
    """Whatever the reason, with counts, rows and mend; yesterday's lake stays."""
    given = tables()
    place.export(**given)
    place.sync()
    place.export(activity=spoil(given["activity"], "member_id", "nobody", 26))
    with pytest.raises(HeldBack) as caught:
        place.sync()
    assert "26 of 500 rows (5.2%)" in str(caught.value)
    assert "the member is not in members: 26 (rows 1, 2, 3, 4, 5, …)" in str(caught.value)
    assert caught.value.exit_code == 3
    assert (place.lake.version, place.lake.rows("activity")) == (1, 500)
    assert NOW.isoformat() in place.lake.log[0]["at"]
