"""An iMIS becomes the lake, over HTTP."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import polars as pl
import pytest
from imis_sync import AT, Rig
from sandbox_process import PASSWORD, exported_to, serving
from small_association import Association

from tenure.base.errors import DamagedStore, SourceRefused, UsageError
from tenure.base.pseudonym import Pseudonyms
from tenure.imis import ColumnsMissing, ImisClient, NoSuchQuery, generic_entity
from tenure.lake import NOT_GIVEN, Lake


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A sandbox of sixty members."""
    with serving() as address:
        yield address


@pytest.fixture(scope="module")
def synced(url: str, tmp_path_factory: pytest.TempPathFactory) -> Rig:
    """A home that has synced once."""
    rig = Rig(tmp_path_factory.mktemp("synced") / "home", url)
    report = rig.sync()
    assert not report.warnings
    assert not report.notices
    return rig


def query(url: str, name: str) -> pl.DataFrame:
    """All rows of one of the sandbox's queries, as text."""
    with ImisClient(url, "tenure", PASSWORD, requests_per_hour=0) as client:
        rows = [row for page in client.query(f"$/Tenure/{name}") for row in page]
    return pl.DataFrame([{k: None if v is None else str(v) for k, v in row.items()} for row in rows])


def copy_of(synced: Rig, tmp_path: Path, **changes: object) -> Rig:
    """A home like *synced*, to be changed."""
    shutil.copytree(synced.home.root, tmp_path / "home")
    return Rig(tmp_path / "home", synced.url, **changes)


def test_terms_arrive_with_all_versions(url: str, synced: Rig):
    """Each version that iMIS tells is one row, by pseudonym, with both its dates and when it was entered."""
    given, kept = query(url, "Terms"), synced.lake.terms()
    assert kept.height == given.select("TermKey", "DateEntered").unique().height
    assert kept["term_id"].n_unique() == given["TermKey"].n_unique()
    assert set(kept["member"]) == set(Pseudonyms.of(synced.home).many(given["ID"].unique()))
    assert set(kept["ended_by"].drop_nulls()) <= {"resigned", "deceased", "merged", "transferred"}


def test_ids_are_text_to_the_letter(url: str, synced: Rig, tmp_path: Path):
    """The query gives numbers where ids look like it; what is handed up is what iMIS holds."""
    given = query(url, "Members")["ID"].unique()
    assert given.str.starts_with("00").any()
    assert given.str.contains("[A-Z]").any()
    report = Rig(tmp_path / "other", url).sync()
    assert sorted(member_id for _, member_id in report.identities) == sorted(given)
    assert report.contacts is not None
    assert report.contacts.height == given.len()


def test_machines_that_open_mail_do_nothing(url: str, synced: Rig):
    """An open without a reader is no activity; every other email event is."""
    events = query(url, "EmailEvents")
    people = events.filter((pl.col("EventTypeCode") == "Open") & (pl.col("MachineOpen") != "True"))
    with synced.lake.connect() as db:
        (opened,) = db.execute("SELECT count(*) FROM activity WHERE kind = 'email_opened'").fetchall()[0]
    assert 0 < opened == people.height < events.filter(pl.col("EventTypeCode") == "Open").height


def test_every_kind_is_one_of_the_vocabulary(synced: Rig):
    """The shipped mapping knows every code of the sandbox; keys of different queries do not meet."""
    from tenure.membership.contract import KINDS

    with synced.lake.connect() as db:
        kinds = {kind for (kind,) in db.execute("SELECT DISTINCT kind FROM activity").fetchall()}
        rows = db.execute("SELECT count(*), count(DISTINCT activity_key) FROM activity").fetchall()[0]
    assert kinds <= set(KINDS)
    assert len(kinds) > 25
    assert rows[0] == rows[1]


def test_what_activity_refers_to_arrives_with_its_kind(url: str, synced: Rig):
    """Events, courses, committees and benefits, each as iMIS tells it; and rows of activity find theirs."""
    given, kept = query(url, "Programs"), synced.lake.programs()
    assert dict(kept.group_by("kind").len().iter_rows()) == dict(given.group_by("Kind").len().iter_rows())
    assert set(kept["kind"]) == {"event", "course", "committee", "benefit"}
    assert set(kept.select("ref", "title").iter_rows()) == set(given.select("Ref", "Title").iter_rows())
    courses = kept.filter(kind="course")
    assert courses["price"].min() > 0
    assert courses["starts_at"].null_count() == len(courses)
    assert kept.filter(kind="event")["starts_at"].null_count() == 0
    for kind, of in (("event_attended", "event"), ("learning_started", "course"), ("committee_joined", "committee")):
        joined = f"activity a JOIN programs p ON p.ref = a.ref AND p.kind = '{of}' WHERE a.kind = '{kind}'"
        with synced.lake.connect() as db:
            assert db.execute(f"SELECT count(*) FROM {joined}").fetchall()[0][0], kind


def test_members_have_the_past_that_imis_logged(url: str, synced: Rig):
    """A version for each logged change says what the field said then; today's is as iMIS says it."""
    log = query(url, "MemberChanges").filter(pl.col("Field") == "MemberType").sort("ChangedOn")
    pseudonyms, members = Pseudonyms.of(synced.home), synced.lake.members()
    assert log.height > 5
    for change in log.head(40).iter_rows(named=True):
        of_one = members.filter(pl.col("member") == pseudonyms.one(change["ID"])).sort("valid_from")
        at = dt.datetime.fromisoformat(change["ChangedOn"])
        before = of_one.filter(pl.col("valid_from") < at)["member_type"][-1]
        after = of_one.filter(pl.col("valid_from") <= at)["member_type"][-1]
        assert (before, after) == (change["OldValue"], change["NewValue"])
    assert members.group_by("member").agg(pl.col("valid_from").min())["valid_from"].unique().to_list() == [NOT_GIVEN]
    assert not members["plain"].any()


def test_what_is_not_logged_does_not_leak_into_the_past(synced: Rig):
    """Consent to SMS as it stands today is no knowledge of last year."""
    members = synced.lake.members().sort("member", "valid_from")
    past = members.filter(pl.col("valid_from") < pl.col("valid_from").max().over("member"))
    assert past.height
    assert past["sms_allowed"].null_count() == past.height
    assert members.unique("member", keep="last")["sms_allowed"].null_count() == 0


def test_a_second_sync_reads_little_and_changes_nothing(synced: Rig, tmp_path: Path):
    """Only what is new is asked for, and what overlaps is absorbed."""
    rig = copy_of(synced, tmp_path)
    report = rig.sync()
    assert (report.unchanged, report.version) == (True, 1)
    assert rig.requests <= 18, "a sign-in, ten feeds, and how large seven of them are"
    assert not report.contacts_whole
    assert rig.content() == synced.content()


def test_what_was_entered_meanwhile_is_added(tmp_path: Path):
    """A gift keyed today comes with the next sync, a call that staff noted does not."""
    with serving(members=40) as url:
        rig = Rig(tmp_path / "home", url, at=dt.datetime.now(dt.UTC) + dt.timedelta(days=1))
        rig.sync()
        member_id = query(url, "Terms")["ID"][0]
        with ImisClient(url, "tenure", PASSWORD) as client:
            for kind in ("GIFT", "CALL"):
                values = {"PartyId": member_id, "ACTIVITY_TYPE": kind, "TRANSACTION_DATE": "2025-02-28T00:00:00"}
                client.writing_to("Activity").post(
                    "Activity", generic_entity("Activity", member_id, values, existing=False)
                )
        report = rig.sync()
        again = rig.sync()

    assert (report.tables["activity"].new, report.tables["activity"].changed) == (1, 0)
    assert again.unchanged
    newest = rig.lake.timeline(Pseudonyms.of(rig.home).one(member_id), kinds=["gift"], limit=1)
    assert newest["occurred_at"].to_list() == [dt.datetime(2025, 2, 28)]


@pytest.mark.parametrize("words", [9, 40, 70])
def test_a_sync_that_was_killed_leaves_nothing_and_goes_on(synced: Rig, tmp_path: Path, words: int):
    """After kill -9 the lake is as before; the next sync ends where an undisturbed one does, in fewer requests."""
    root = tmp_path / "home"
    root.mkdir()
    shutil.copytree(synced.home.root / "secrets", root / "secrets")
    command = [sys.executable, str(Path(__file__).with_name("imis_sync.py")), str(root), synced.url, str(words)]
    assert subprocess.run(command, check=False).returncode == -9

    rig = Rig(root, synced.url)
    assert (rig.lake.version, rig.lake.watermarks) == (0, {})
    rig.sync()
    assert rig.content() == synced.content()
    assert words < 70 or rig.requests < synced.requests
    assert not (root / "spool").exists()


def test_contacts_are_never_kept_on_disk(synced: Rig, tmp_path: Path):
    """Neither in the lake nor among the pages kept for another attempt."""
    root = tmp_path / "home"

    def stop(words: str, *_: object) -> None:
        if words == "checking programs":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Rig(root, synced.url).sync(stop)
    kept = list((root / "spool").rglob("*.parquet"))
    assert kept
    for path in kept:
        frame = pl.read_parquet(path)
        assert not any(text and "@" in text for column in frame.select(pl.selectors.string()) for text in column)


def test_times_are_moved_to_utc(synced: Rig, tmp_path: Path):
    """An iMIS that states New York time tells of the same instants."""
    with serving("--time-zone", "America/New_York") as url:
        rig = Rig(tmp_path / "home", url, zone="America/New_York")
        rig.sync()
    shift = set()
    for lake in (synced.lake, rig.lake):
        with lake.connect() as db:
            shift.add(db.execute("SELECT count(*), min(recorded_at), max(recorded_at) FROM activity").fetchall()[0])
    assert len(shift) == 1


def spoil_stock(rig: Rig, old: str, new: str) -> None:
    """Give a home a mapping of its own that differs from the stock one."""
    text = (resources.files("tenure.intake") / "profiles/stock.toml").read_text()
    assert old in text
    (rig.home.root / "own.toml").write_text(text.replace(old, new))
    rig.mapping = "own.toml"


def test_a_column_that_is_not_there_is_named(url: str, tmp_path: Path):
    """With the query, and nothing stored."""
    rig = Rig(tmp_path / "home", url)
    spoil_stock(rig, 'ends_on = "PaidThrough"', 'ends_on = "PaidThru"')
    with pytest.raises(ColumnsMissing, match=r"\$/Tenure/Terms lacks the column `PaidThru`"):
        rig.sync()
    assert rig.lake.version == 0


def test_a_query_that_is_not_switched_on_is_named(url: str, tmp_path: Path):
    """With the three things that a 404 can mean."""
    rig = Rig(tmp_path / "home", url)
    spoil_stock(rig, '"$/Tenure/Money"', '"$/Tenure/NotPublished"')
    with pytest.raises(NoSuchQuery, match=r"\$/Tenure/NotPublished") as caught:
        rig.sync()
    assert "Available via the REST API" in str(caught.value)
    assert rig.lake.version == 0


def test_codes_that_the_mapping_does_not_name_are_told(url: str, tmp_path: Path):
    """They are left out, with their counts; nobody guesses what they mean."""
    rig = Rig(tmp_path / "home", url)
    spoil_stock(rig, 'GIFT = "gift"\n', "")
    (notice,) = rig.sync().notices
    assert "$/Tenure/Activities" in notice
    assert "GIFT (" in notice


def test_a_wrong_password_is_a_refusal(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Asked once."""
    monkeypatch.setattr("imis_sync.PASSWORD", "wrong")
    rig = Rig(tmp_path / "home", url)
    with pytest.raises(SourceRefused):
        rig.sync()
    assert (rig.requests, rig.lake.version) == (1, 0)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('name = "stock"', "name = ", "not valid TOML"),
        ('term_id = "TermKey"', 'term_key = "TermKey"', "terms has no column term_key"),
        ('term_id = "TermKey"\n', "", r"\[terms.columns\] lacks term_id"),
        ('by = "LastUpdated"\n\n[members.columns]', "\n[members.columns]", "go together"),
        ('take = "year"', 'take = "month"', "take"),
        ("[programs]", "[programmes]", "programmes"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(url: str, tmp_path: Path, old: str, new: str, words: str):
    """Before anything is asked of iMIS."""
    rig = Rig(tmp_path / "home", url)
    spoil_stock(rig, old, new)
    with pytest.raises(UsageError, match=words):
        rig.sync()
    assert rig.requests == 0


def test_a_mapping_that_is_not_there(url: str, tmp_path: Path):
    """The place where it was looked for is named."""
    rig = Rig(tmp_path / "home", url, mapping="mine.toml")
    with pytest.raises(UsageError, match=r"no mapping mine\.toml"):
        rig.sync()


def test_a_time_zone_that_is_none(url: str, tmp_path: Path):
    """A slip in the settings is told as one."""
    with pytest.raises(UsageError, match="time_zone"):
        Rig(tmp_path / "home", url, zone="Mars/Olympus").sync()


def test_the_watermark_never_runs_ahead(synced: Rig):
    """It is the newest stamp that was stored, and none from after the sync."""
    others = ("imis.plan", "imis.at", "imis.count", "imis.columns", "imis.filled", "imis.newest")
    marks = {name: mark for name, mark in synced.lake.watermarks.items() if mark and not name.startswith(others)}
    assert len(marks) == 10
    assert all(dt.datetime.fromisoformat(mark).replace(tzinfo=dt.UTC) <= AT for mark in marks.values())
    newest = synced.lake.terms()["recorded_at"].max()
    assert dt.datetime.fromisoformat(marks["imis.terms"]) == newest


def test_the_same_association_by_files_gives_the_same_lake(synced: Rig, tmp_path: Path):
    """REST through the mapping and a folder in the contract's form are two ways to one thing."""
    exported_to(tmp_path / "exports")
    shutil.copytree(synced.home.root / "secrets", tmp_path / "home" / "secrets")
    place = Association(tmp_path, "parquet", now=AT)
    assert not place.sync().warnings

    assert acts(synced.lake) == acts(place.lake)
    told = [lake.terms().drop("term_id").sort(pl.all()) for lake in (synced.lake, place.lake)]
    assert told[0].equals(told[1])
    versions = [lake.members().sort("valid_from") for lake in (synced.lake, place.lake)]
    today = [found.unique("member", keep="last").sort("member") for found in versions]
    assert today[0].equals(today[1])
    then = ["member", "valid_from", "member_type", "chapter_id", "employer", "job_title", "profile_completeness"]
    rebuilt, true = synced.lake.members().select(then), place.lake.members().select(then)
    logged = true.join(rebuilt, on=["member", "valid_from"], how="semi")
    assert logged.height > 200
    assert logged.join(rebuilt, on=then, how="anti", nulls_equal=True).is_empty()


def acts(lake: Lake) -> list[tuple]:
    """Activity without its keys; without opened mail too, since an export cannot say that a machine opened it."""
    columns = "member, kind, occurred_at, recorded_at, round(value, 2), ref, chapter_id"
    with lake.connect() as db:
        return db.execute(f"SELECT {columns} FROM activity WHERE kind <> 'email_opened' ORDER BY ALL").fetchall()


def test_another_mapping_reads_all_again(synced: Rig, tmp_path: Path):
    """A kind that was left out before has its past after the mapping names it; rows that came before stay one row."""
    rig = copy_of(synced, tmp_path)
    spoil_stock(rig, 'PAGE = "page_view"', 'PAGE = "resource_download"')
    report = rig.sync()

    with rig.lake.connect() as db:
        assert db.execute("SELECT count(*) FROM activity WHERE kind = 'page_view'").fetchall() == [(0,)]
    assert report.tables["activity"].changed > 0
    assert (report.tables["activity"].new, report.tables["activity"].removed) == (0, 0)
    assert not any(report.tables[table].new for table in ("terms", "programs", "members"))


def test_one_bad_row_among_few_new_ones_does_not_stop_the_night(tmp_path: Path):
    """The limit is a share of the table, not of the night's news; a row of the future comes again in its time."""
    with serving(members=40) as url:
        rig = Rig(tmp_path / "home", url, at=dt.datetime(2025, 2, 28, 23, 59, tzinfo=dt.UTC))
        rig.sync()
        member_id = query(url, "Terms")["ID"][0]
        values = {"PartyId": member_id, "ACTIVITY_TYPE": "GIFT", "TRANSACTION_DATE": "2025-02-28T00:00:00"}
        with ImisClient(url, "tenure", PASSWORD) as client:
            writer = client.writing_to("Activity")
            writer.post("Activity", generic_entity("Activity", member_id, values, existing=False))
        early = rig.sync()
        rig.at = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
        late = rig.sync()
    assert early.tables["activity"].quarantined == {"`recorded_at` lies in the future": 1}
    assert (early.unchanged, len(early.warnings)) == (True, 1)
    assert late.tables["activity"].new == 1


@pytest.mark.parametrize(
    ("zone", "newest", "since"),
    [
        ("UTC", "2024-11-03T01:30:00", "2024-11-03T01:15:00"),
        ("America/New_York", "2024-11-03T01:30:00", "2024-11-03T00:15:00"),
        ("America/New_York", "2024-11-13T01:30:00", "2024-11-13T01:15:00"),
    ],
)
def test_the_hour_that_is_stamped_twice_is_read_twice(tmp_path: Path, zone: str, newest: str, since: str):
    """On the night when clocks go back, the overlap is an hour longer."""
    from tenure.base.settings import Association as Names
    from tenure.base.settings import Settings, Source
    from tenure.intake import Errand
    from tenure.intake._imis import _Reading

    settings = Settings(source=Source(kind="imis"), association=Names(time_zone=zone))
    assert _Reading(None, Errand(AT, {}, settings, tmp_path))._since(newest) == since  # type: ignore[arg-type]


@pytest.mark.parametrize("mark", ["2031-01-01T00:00:00", "yesterday", "2025-02-3"])
def test_a_mad_watermark_is_refused(synced: Rig, tmp_path: Path, mark: str):
    """Never a silent empty reading, never a silent full one."""
    rig = copy_of(synced, tmp_path)
    manifest = rig.home.lake / "manifest.json"
    text = manifest.read_text()
    known = synced.lake.watermarks["imis.terms"]
    manifest.write_text(text.replace(f'"imis.terms": "{known}"', f'"imis.terms": "{mark}"'))
    with pytest.raises(DamagedStore, match=r"imis\.terms"):
        rig.sync()


def test_a_feed_that_cannot_say_when_it_knew_has_a_rule_by_kind(url: str, synced: Rig, tmp_path: Path):
    """Feedback is known two weeks after, all else at once; without a rule the report says what stands in."""
    rig = Rig(tmp_path / "home", url)
    spoil_stock(rig, 'occurred_at = "StatusDate"\nrecorded_at = "DateEntered"\n', 'occurred_at = "StatusDate"\n')
    (notice,) = rig.sync().notices
    assert "have no `recorded_at`" in notice

    own = rig.home.root / "own.toml"
    rule = "[activity.registrations]\nrecorded_after = { session_feedback = 14, default = 0 }"
    own.write_text(own.read_text().replace("[activity.registrations]", rule))
    rig.sync()
    with rig.lake.connect() as db:
        waits = db.execute(
            "SELECT kind = 'session_feedback', recorded_at - occurred_at, count(*) FROM activity "
            "WHERE kind LIKE 'event%' OR kind = 'session_feedback' GROUP BY 1, 2 ORDER BY 1"
        ).fetchall()
    assert [wait[:2] for wait in waits] == [(False, dt.timedelta(0)), (True, dt.timedelta(days=14))]
