"""A database with iMIS's tables becomes the lake, by the profile that ships with Tenure."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sql_association import PASSWORD, Database, Databases, server
from tenure import intake
from tenure.base.errors import DamagedStore, UsageError
from tenure.base.home import Home
from tenure.base.settings import Settings, Source
from tenure.imis import ColumnsMissing, NotFound
from tenure.imis.sql.client import SqlClient
from tenure.lake import Lake

AT = dt.datetime(2025, 3, 1, 2, tzinfo=dt.UTC)
PROFILE = Path(intake.__file__).parent / "profiles" / "sql.toml"


@pytest.fixture(scope="module")
def databases() -> Iterator[Databases]:
    with server() as address:
        yield Databases(address)


class Rig:
    """A home that syncs from a database."""

    def __init__(self, root: Path, database: Database) -> None:
        root.mkdir(exist_ok=True)
        self.home, self.database, self.at, self.mapping, self.statements = Home(root), database, AT, "sql", 0

    @property
    def lake(self) -> Lake:
        return Lake.open(self.home.lake)

    def sync(self, page_rows: int = 7) -> intake.SyncReport:
        settings = Settings(source=Source(kind="sql", url=self.database.url))
        with SqlClient(self.database.url, PASSWORD, page_rows=page_rows) as client:
            source = intake.SqlSource(client, intake.read_sql_mapping(self.mapping, self.home))
            try:
                return intake.sync(self.home, settings, self.lake, clock=lambda: self.at, source=source)
            finally:
                self.statements = client.statements

    def rows(self, query: str) -> list[tuple]:
        with self.lake.connect() as db:
            return db.execute(query).fetchall()

    def member(self, own_id: str, report: intake.SyncReport) -> int:
        return next(member for member, known in report.identities if known == own_id)

    def profile(self, old: str, new: str) -> None:
        """Use the shipped mapping with a change."""
        text = PROFILE.read_text()
        assert old in text
        (self.home.root / "own.toml").write_text(text.replace(old, new))
        self.mapping = "own.toml"


@pytest.fixture
def rig(tmp_path: Path, databases: Databases) -> Rig:
    return Rig(tmp_path / "home", databases.new())


def test_the_first_sync_brings_everything_without_a_fault(rig: Rig):
    report = rig.sync()
    assert not report.warnings
    assert report.tables["members"].kept == 30 * 2 + 1  # a first version, today's, and one change
    assert report.tables["terms"].kept == 28 * 4 - 1 + 1 + 1
    kinds = dict(rig.rows("SELECT kind, count(*) FROM activity GROUP BY kind"))
    assert kinds == {
        "payment": 111, "invoice_issued": 1, "event_registered": 2, "event_cancelled": 1, "committee_joined": 1,
        "gift": 1, "email_sent": 30, "email_opened": 30,
    }  # fmt: skip
    assert any("ODD (1)" in notice for notice in report.notices)
    assert rig.lake.programs().height == 1


def test_pages_of_any_size_give_the_same_lake(rig: Rig, tmp_path: Path):
    rig.sync(page_rows=1)
    other = Rig(tmp_path / "other", rig.database)
    shutil.copytree(rig.home.root / "secrets", other.home.root / "secrets", dirs_exist_ok=True)
    other.sync(page_rows=100_000)
    for table in ("members", "terms", "activity", "programs"):
        query = f"FROM {table}"
        assert sorted(map(repr, rig.rows(query))) == sorted(map(repr, other.rows(query)))


def test_dues_become_terms(rig: Rig):
    """Two lines of one payment are one term, and what it says is what was so then."""
    report = rig.sync()
    terms = rig.lake.terms().filter(member=rig.member("00007", report)).sort("starts_on")
    assert terms["starts_on"].to_list() == [dt.date(year, 1, 1) for year in (2021, 2022, 2023)]
    assert terms["ends_on"].to_list() == [dt.date(year, 12, 31) for year in (2021, 2022, 2023)]
    assert set(terms["dues"]) == {120.0}
    assert set(terms["member_type"]) == {"REG"}  # though Name says NM today
    assert terms["recorded_at"][0] == dt.datetime(2021, 1, 11, 9, 30)


def test_subscriptions_serve_where_trans_has_nothing(rig: Rig):
    report = rig.sync()
    lake = rig.lake.terms()
    converted = lake.filter(member=rig.member("00029", report))
    lifetime = lake.filter(member=rig.member("00030", report))
    assert converted["ends_on"].to_list() == [dt.date(2024, 12, 31)]
    assert lifetime.select("ends_on", "dues").rows() == [(None, 0.0)]


def test_the_log_gives_members_a_past(rig: Rig):
    report = rig.sync()
    members = rig.lake.members().sort("valid_from")
    seven = members.filter(member=rig.member("00007", report))
    assert seven["member_type"].to_list() == ["REG", "NM"]
    eight = members.filter(member=rig.member("00008", report))
    assert eight["chapter_id"].to_list() == ["OLD", "CH2", "CH2"]
    assert eight["employer"].to_list() == [None, "Works 8", "Works 8"]


def test_records_are_as_the_contract_wants_them(rig: Rig):
    report = rig.sync()
    one, two = (
        rig.lake.members().filter(member=rig.member(own, report)).row(-1, named=True) for own in ("00001", "00002")
    )
    assert one["record_type"] == "organization"
    assert one["join_date"] == dt.date(2020, 1, 15)  # DATE_ADDED stands in
    assert two["organization"] == rig.member("00001", report)
    assert two["job_title"] == "Analyst"
    assert "99999" not in {own for _, own in report.identities}
    assert report.contacts is not None
    assert report.contacts.filter(member=rig.member("00002", report))["phone"].to_list() == ["555-2"]


def test_nothing_changed_changes_nothing(rig: Rig):
    first = rig.sync()
    second = rig.sync()
    assert second.unchanged
    assert second.version == first.version
    assert second.tables["members"].read == 0
    assert second.tables["terms"].read == 0
    assert second.tables["activity"].read <= 60 + 1  # mail has no row version: its last moments are read again


def test_a_change_of_one_row_is_read_alone(rig: Rig):
    rig.sync()
    rig.database.run("""UPDATE dbo."Name" SET "CHAPTER" = 'NEW', "LAST_UPDATED" = '2025-03-01 08:00',
        "TIME_STAMP" = nextval('dbo.versions') WHERE "ID" = '00004'""")
    rig.at += dt.timedelta(days=1)
    report = rig.sync()
    assert report.tables["members"].read == 1
    chapters = rig.lake.members().filter(member=rig.member("00004", report)).sort("valid_from")["chapter_id"]
    assert chapters.to_list() == ["CH1", "CH1", "NEW"]


def test_a_late_line_of_a_term_brings_the_whole_term(rig: Rig):
    rig.sync()
    rig.database.run("""INSERT INTO dbo."Trans" ("TRANS_NUMBER", "LINE_NUMBER", "BT_ID", "ST_ID", "SOURCE_SYSTEM",
        "JOURNAL_TYPE", "TRANSACTION_TYPE", "TRANSACTION_DATE", "PROD_TYPE", "PAID_THRU", "MONTHS_PAID", "AMOUNT",
        "DATE_ENTERED") VALUES (9000, 1, '00002', '00002', 'DUES', 'PAY', 'DIST', '2024-01-10', 'DUES', '2024-12-31',
        12, -30, '2024-02-01')""")
    report = rig.sync()
    terms = rig.lake.terms().filter(member=rig.member("00002", report), ends_on=dt.date(2024, 12, 31))
    assert terms["dues"].to_list() == [150.0]


def test_what_lay_ahead_comes_about(rig: Rig):
    """A committee term that ends on a day to come is news on that day, though its row does not change."""
    rig.sync()
    rig.at = dt.datetime(2025, 7, 1, 2, tzinfo=dt.UTC)
    rig.sync()
    assert rig.rows("SELECT count(*) FROM activity WHERE kind = 'committee_left'") == [(1,)]


def test_without_a_row_version_the_date_serves(rig: Rig):
    rig.database.run('ALTER TABLE dbo."Name" DROP COLUMN "TIME_STAMP"')
    rig.sync()
    rig.database.run("""UPDATE dbo."Name" SET "CHAPTER" = 'NEW', "LAST_UPDATED" = '2025-02-28' WHERE "ID" = '00004'""")
    report = rig.sync()
    assert report.tables["members"].read == 2  # the one before it is read again
    assert "NEW" in rig.lake.members()["chapter_id"].to_list()


def test_a_member_who_vanished_is_noticed(rig: Rig):
    rig.sync()
    rig.database.run("""UPDATE dbo."Name" SET "STATUS" = 'D' WHERE "ID" = '00009'""")
    assert len(rig.sync().departed) == 1


def test_a_table_that_may_lack_is_said_to(rig: Rig):
    rig.database.run('DROP TABLE dbo."CommunicationLogEvent"')
    report = rig.sync()
    assert any(notice.startswith("activity.email is left out") for notice in report.notices)


def test_a_table_that_was_there_must_not_vanish(rig: Rig):
    rig.sync()
    rig.database.run('DROP TABLE dbo."CommunicationLogEvent"')
    with pytest.raises(NotFound, match="CommunicationLogEvent"):
        rig.sync()


def test_a_renamed_column_is_pointed_out(rig: Rig):
    rig.database.run('ALTER TABLE dbo."Name" RENAME COLUMN "MEMBER_TYPE" TO "MEMBERTYPE"')
    with pytest.raises(ColumnsMissing) as told:
        rig.sync()
    assert "dbo.Name lacks the column `MEMBER_TYPE`" in told.value.message
    assert "`MEMBERTYPE` may be what" in told.value.mend
    assert rig.lake.is_empty("members")


def test_another_mapping_reads_all_again(rig: Rig):
    rig.sync()
    rig.profile('GIFT = "gift"', 'GIFT = "gift"\nODD = "ticket_opened"')
    rig.sync()
    assert rig.rows("SELECT count(*) FROM activity WHERE kind = 'ticket_opened'") == [(1,)]


def test_a_mad_watermark_is_refused(rig: Rig):
    rig.sync()
    with rig.lake.batch(source="sql", at=AT) as batch:
        batch.set_watermark("sql.members", "soon")
        batch.commit()
    with pytest.raises(DamagedStore, match=r"sql\.members"):
        rig.sync()


@pytest.mark.parametrize("column", ["CC_NUMBER", "Name.PASSWORD", "ENCRYPT_CC_NUMBER"])
def test_a_mapping_cannot_name_what_is_secret(rig: Rig, column: str):
    rig.profile('value = { column = "AMOUNT", take = "absolute" }', f'value = "{column}"')
    with pytest.raises(UsageError, match="password or the number of a card"):
        rig.sync()


def test_the_page_explains_every_key():
    page = (Path(__file__).parents[2] / "docs" / "sql.md").read_text()
    from tenure.imis.sql import Condition
    from tenure.intake._mapping import From
    from tenure.intake._sql_mapping import SqlFeed

    keys = [*SqlFeed.model_fields, *From.model_fields, *Condition.__dataclass_fields__]
    assert not [name for name in keys if f"`{name}`" not in page and f"{name} =" not in page]
