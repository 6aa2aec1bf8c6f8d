"""Whatever texts and numbers a file holds, they are in the lake as they were."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_association import NOW, Association, tables

from tenure.base.pseudonym import Pseudonyms

# Control characters other than line breaks are no text; NUL ends a text in many programs.
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")) | st.sampled_from("\n\t,;\"'"), min_size=1, max_size=12)
moments = st.datetimes(dt.datetime(1950, 1, 1), dt.datetime(2199, 12, 30)).map(lambda at: at.replace(microsecond=0))


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(texts.filter(str.strip), st.none() | texts, st.none() | st.floats(0, 1e9), st.none() | moments),
        min_size=1,
        max_size=8,
        unique_by=lambda row: row[0],
    )
)
def test_texts_numbers_and_times_arrive_as_they_are(suffix: str, rows: list[tuple]):
    """Quotes, delimiters, line breaks, other scripts; numbers to the last digit; times to the second."""
    columns = {"ref": pl.String, "title": pl.String, "price": pl.Float64, "starts_at": pl.Datetime("us")}
    programs = pl.DataFrame(rows, schema=columns, orient="row").with_columns(kind=pl.lit("event"))
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "home").mkdir()
        place = Association(Path(folder), suffix)
        given_tables = tables(3)
        place.export(members=given_tables["members"], terms=given_tables["terms"], programs=programs)
        report = place.sync()
        assert not report.warnings
        kept = place.lake.programs().select("ref", "title", "price", "starts_at", "kind").sort("ref")
        assert kept.equals(programs.select(kept.columns).sort("ref"))


nights = st.lists(st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["N", "S", None]), min_size=2), max_size=5)


@settings(max_examples=20, deadline=None)
@given(nights)
def test_a_plain_export_s_history_says_what_each_night_said(told: list[dict[str, str | None]]):
    """For every night after the first: the version valid then is what the export of that night said."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "home").mkdir()
        place = Association(Path(folder), "parquet")
        base = tables(4)
        plain = base["members"].with_columns(member_id=pl.Series(list("abcd")))
        terms = base["terms"].with_columns(
            member_id=pl.col("member_id").str.slice(4).replace(dict(zip("0123", "abcd", strict=True)))
        )
        said: list[tuple[dt.datetime, dict[str, str | None]]] = []
        now = dict.fromkeys("abcd", "N")
        for number, news in enumerate([{}, *told]):
            now = now | news
            chapters = pl.Series([now[member] for member in "abcd"], dtype=pl.String)
            place.export(members=plain.with_columns(chapter_id=chapters), terms=terms)
            place.now = NOW + dt.timedelta(days=number)
            place.sync()
            said.append((place.now.replace(tzinfo=None), dict(now)))
        members, pseudonyms = place.lake.members().sort("valid_from"), Pseudonyms.of(place.home)
        for at, then in said:
            known = members.filter(pl.col("valid_from") <= at).unique("member", keep="last")
            found = dict(zip(known["member"], known["chapter_id"], strict=True))
            assert found == {pseudonyms.one(member): chapter for member, chapter in then.items()}
        assert members.unique("member", keep="first")["plain"].all()
