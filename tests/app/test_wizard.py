"""`tenure init` looks at an installation and proposes the mapping that fits it."""

from __future__ import annotations

import json
import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from calls import PASSWORD, Site, serving, tenure

from tenure.lake import Lake

WORLD = ("--members", 60, "--years", 3, "--events-per-year", 20, "--seed", 5, "--today", "2025-03-10")
CORE = "Asi.Soa.Core.DataContracts"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A site of its own, in which custom tables are installed."""
    with serving(*WORLD) as url:
        yield url


class Office(Site):
    """The site as its administrator sees it."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        form = {"grant_type": "password", "username": "administrator", "password": PASSWORD}
        token = httpx.post(f"{url}/token", data=form, timeout=30).json()["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"

    def members(self, count: int) -> list[str]:
        """Ids of some contacts."""
        return [row["ID"] for row in self.rows("CsContact")[:count]]

    def publish(self, query: str, available: bool) -> None:
        """Switch a query on or off for REST."""
        arguments = [{"$type": "System.String", "$value": query}, {"$type": "System.Boolean", "$value": available}]
        body = {"$type": f"{CORE}.GenericExecuteRequest, Asi.Contracts", "OperationName": "SetRestAccess"}
        body |= {"EntityTypeName": "QueryDefinition", "Parameters": {"$type": "x", "$values": arguments}}
        self._client.post("/api/QueryDefinition/_execute", json=body).raise_for_status()

    def install(self, name: str, rows: list[dict[str, Any]], **columns: str) -> None:
        """Make a panel source with several rows per contact, and fill it."""
        identity = [{"Name": n, "PropertyTypeName": k, "IsIdentity": True} for n, k in _KEY.items()]
        properties = [*identity, *({"Name": n, "PropertyTypeName": kind} for n, kind in columns.items())]
        definition = {"EntityTypeName": name, "ObjectTypeName": "Multi", "Properties": {"$values": properties}}
        self._client.post("/api/BOEntityDefinition", json=definition).raise_for_status()
        for row in rows:
            self.add(name, row)

    def add(self, name: str, row: dict[str, Any]) -> None:
        """Add a row to a panel source."""
        values = [{"Name": key, "Value": value} for key, value in row.items()]
        parent = {"EntityTypeName": "Party", "IdentityElements": {"$values": [row["PartyId"]]}}
        entity = {"EntityTypeName": name, "PrimaryParentIdentity": parent, "Properties": {"$values": values}}
        self._client.post(f"/api/{name}", json=entity).raise_for_status()


_KEY = {"PartyId": "String", "Ordinal": "Integer"}


@pytest.fixture
def office(address: str) -> Iterator[Office]:
    office = Office(address)
    office.fault()
    yield office
    office.fault()
    for query in ("WebActivity", "Registrations", "MemberChanges", "Programs"):
        office.publish(f"$/Tenure/{query}", available=True)


def init(home: Path, address: str, *more: object, password: str = PASSWORD):
    call = ("init", "--home", home, "--source", "imis", "--url", address, "--username", "tenure", "--no-input")
    return tenure(*call, "--requests-per-hour", 0, *more, TENURE_IMIS_PASSWORD=password)


def found(done) -> dict[str, dict[str, Any]]:
    return {feed["name"]: feed for feed in done.json["found"]["feeds"]}


def test_an_installation_with_the_query_pack_takes_the_profile(tmp_path: Path, address: str):
    """Every table with its place, its rows and its codes; what does not differ is not written."""
    done = init(tmp_path / "h", address)

    assert done.code == 0, done.told
    assert re.search(r"terms +\$/Tenure/Terms: [\d,]+ rows", done.out)
    assert re.search(r"activity\.web +\$/Tenure/WebActivity: [\d,]+ rows, .*LOGIN", done.out)
    assert re.search(r"member types: .*REG \d+", done.out)
    mapping = tomllib.loads((tmp_path / "h" / "mapping.toml").read_text())
    assert mapping == {"base": "stock"}
    assert tomllib.loads((tmp_path / "h" / "tenure.toml").read_text())["source"]["mapping"] == "mapping.toml"
    assert tenure("sync", "--home", tmp_path / "h").code == 0


def test_looking_is_within_the_manners_and_shows_nobody(tmp_path: Path, address: str, office: Office):
    """One page of each thing, no scan, nothing changed, and no name, address or id in what is printed or written."""
    office.forget()
    done = init(tmp_path / "h", address)
    usage = httpx.get(f"{address}/_sandbox/usage").json()

    assert usage["breaches"] == []
    assert usage["requests"] < 90
    told = done.told + (tmp_path / "h" / "mapping.toml").read_text()
    people = office.rows("CsContact")
    for column in ("Email", "LastName", "ID", "WorkPhone"):
        values = {row[column] for row in people if len(row.get(column) or "") > 4}
        assert values
        assert not [value for value in values if re.search(rf"\b{re.escape(value)}\b", told)], column


def test_custom_tables_serve_where_the_query_pack_is_not(tmp_path: Path, address: str, office: Office):
    """`WEB_ACTIVITY_LOG`, `MemberLoginHistory` and `EventAttendance` as panel sources, to the rows in the lake."""
    one, two, three = office.members(3)
    entered = "2025-02-01T09:00:00"
    web = {"ActionCode": "String", "VisitedOn": "Date", "RecordedOn": "Date", "Minutes": "Decimal"}
    office.install(
        "WEB_ACTIVITY_LOG",
        [
            {"PartyId": one, "ActionCode": "PageView", "VisitedOn": "2025-01-31T08:00:00", "RecordedOn": entered},
            {"PartyId": one, "ActionCode": "DOWNLOAD", "VisitedOn": "2025-01-31T09:00:00", "RecordedOn": entered},
            {"PartyId": two, "ActionCode": "KIOSK", "VisitedOn": "2025-01-31T09:00:00", "RecordedOn": entered},
        ],
        **web,
    )
    logins = [{"PartyId": who, "LoginDate": "2025-01-30T07:00:00", "CreatedOn": entered} for who in (one, two, three)]
    office.install("MemberLoginHistory", logins, LoginDate="Date", CreatedOn="Date")
    came = {"EventCode": "E1", "AttendanceDate": "2025-01-20T00:00:00", "DateEntered": "2025-02-03T00:00:00"}
    office.install(
        "EventAttendance", [{"PartyId": two, **came}], EventCode="String", AttendanceDate="Date", DateEntered="Date"
    )
    office.publish("$/Tenure/WebActivity", available=False)
    office.publish("$/Tenure/Registrations", available=False)

    done = init(tmp_path / "h", address, "--json")

    assert done.code == 0, done.told
    feeds = found(done)
    assert feeds["activity.web"]["state"] == "elsewhere"
    assert feeds["activity.web"]["words"].startswith("WEB_ACTIVITY_LOG: 3 rows")
    assert any("KIOSK (1)" in hint for hint in feeds["activity.web"]["hints"])
    assert feeds["activity.registrations"]["words"].startswith("EventAttendance: 1 rows")
    assert feeds["activity.memberloginhistory"]["state"] == "further"
    assert feeds["activity.memberloginhistory"]["hints"] == []

    synced = tenure("sync", "--home", tmp_path / "h", "--json")
    assert synced.code == 0, synced.told
    assert rows_of(tmp_path / "h") == {
        "login": 3,
        "page_view": 1,
        "resource_download": 1,
        "event_attended": 1,
    }
    late = {"PartyId": three, "LoginDate": "2025-03-01T07:00:00", "CreatedOn": "2025-03-02T00:00:00"}
    office.add("MemberLoginHistory", late)
    office.forget()
    assert tenure("sync", "--home", tmp_path / "h").code == 0
    assert rows_of(tmp_path / "h")["login"] == 4


def test_what_two_places_tell_is_counted_once(tmp_path: Path, address: str):
    """Logins come from the web log already: the other table's section stands in the file, switched off."""
    done = init(tmp_path / "h", address, "--json")

    (hint,) = found(done)["activity.memberloginhistory"]["hints"]
    assert "activity.web gives some of the same" in hint
    text = (tmp_path / "h" / "mapping.toml").read_text()
    assert tomllib.loads(text) == {"base": "stock"}
    assert '# entity = "MemberLoginHistory"' in text


def rows_of(home: Path) -> dict[str, int]:
    """How many rows of the kinds in question the lake has."""
    kinds = "('login', 'page_view', 'resource_download', 'event_attended')"
    with Lake.open(home / "lake").connect() as db:
        return dict(db.execute(f"SELECT kind, count(*) FROM activity WHERE kind IN {kinds} GROUP BY 1").fetchall())


def test_a_renamed_column_is_proposed_by_its_likeness(tmp_path: Path, address: str, office: Office):
    """An alias that changed is found again; one that is gone is left out where it can be spared."""
    office.fault(renamed_column={"match": "Tenure%2FTerms", "column": "PaidThrough", "to": "PaidThru"})

    done = init(tmp_path / "h", address, "--json")

    terms = found(done)["terms"]
    assert terms["state"] == "differs", terms
    mapping = (tmp_path / "h" / "mapping.toml").read_text()
    assert tomllib.loads(mapping)["terms"]["columns"]["ends_on"]


def test_the_change_log_of_imis_serves_where_no_query_tells_the_past(tmp_path: Path, address: str, office: Office):
    """And gives every member the same versions as the query does."""
    init(tmp_path / "query", address)
    assert tenure("sync", "--home", tmp_path / "query").code == 0
    office.publish("$/Tenure/MemberChanges", available=False)

    done = init(tmp_path / "log", address)

    assert re.search(r"members\.past +ChangeLog: [\d,]+ entries \(elsewhere\)", done.out)
    shutil.copy(tmp_path / "query/secrets/pseudonym.key", tmp_path / "log/secrets/pseudonym.key")
    assert tenure("sync", "--home", tmp_path / "log").code == 0
    one, other = (
        Lake.open(tmp_path / home / "lake").members().sort("member", "valid_from") for home in ("query", "log")
    )
    assert one.height > one["member"].n_unique()
    assert one.equals(other)


def test_events_of_imis_itself_serve_where_no_query_has_the_programs(tmp_path: Path, address: str, office: Office):
    """Each as an event, whatever status iMIS gives it."""
    office.publish("$/Tenure/Programs", available=False)

    done = init(tmp_path / "h", address)

    assert re.search(r"programs +CsEvent: [\d,]+ rows \(elsewhere\)", done.out)
    assert tenure("sync", "--home", tmp_path / "h").code == 0
    programs = Lake.open(tmp_path / "h" / "lake").programs()
    assert set(programs["kind"]) == {"event"}
    assert set(programs["ref"]) == {row["EventCode"] for row in office.rows("CsEvent")}
    assert programs["title"].null_count() == 0


def test_what_is_not_there_is_left_out_and_said(tmp_path: Path, address: str, office: Office):
    """The log of changes may be missing: the first sync goes on without it."""
    office.publish("$/Tenure/MemberChanges", available=False)
    office.fault(forbidden={"match": "ChangeLog"})

    done = init(tmp_path / "h", address)

    assert "members.past" in done.out
    assert "not served (not found)" in done.out
    assert tomllib.loads((tmp_path / "h" / "mapping.toml").read_text())["without"] == ["members.past"]
    assert tenure("sync", "--home", tmp_path / "h").code == 0


def test_a_further_query_is_looked_at_when_it_is_named(tmp_path: Path, address: str):
    """Its prompt is known from its definition; what it gives twice stays switched off, and the file says so."""
    done = init(tmp_path / "h", address, "--query", "$/Common/Queries/Search/Contact/Last Name")

    assert done.code == 0
    assert "Last Name" not in (tmp_path / "h" / "mapping.toml").read_text(), "it is no activity"


def test_a_dry_run_writes_nothing(tmp_path: Path, address: str):
    done = init(tmp_path / "h", address, "--dry-run")

    assert done.code == 0
    assert 'base = "stock"' in done.out
    assert not (tmp_path / "h").exists()


def test_a_site_that_does_not_answer_yet_takes_the_profile(tmp_path: Path):
    """Settings are written, and what is wrong is said; once iMIS answers, `--inspect` goes on."""
    done = init(tmp_path / "h", "http://127.0.0.1:9")

    assert done.code == 0
    assert "nothing answers" in done.err
    assert "mapping" not in tomllib.loads((tmp_path / "h" / "tenure.toml").read_text())["source"]
    assert not (tmp_path / "h" / "mapping.toml").exists()


def test_a_home_may_be_inspected_anew(tmp_path: Path, address: str, office: Office):
    """The mapping is proposed again, and the one before is kept."""
    init(tmp_path / "h", address)
    mapping = tmp_path / "h" / "mapping.toml"
    mapping.write_text(mapping.read_text() + '[activity.activities.columns.kind.values]\nCALL = "ticket_opened"\n')

    done = tenure("init", "--home", tmp_path / "h", "--inspect")

    assert done.code == 0, done.told
    assert tomllib.loads(mapping.read_text()) == {"base": "stock"}
    (before,) = (tmp_path / "h").glob("mapping-until-*.toml")
    assert "CALL" in before.read_text()


def test_a_folder_of_files_is_looked_at_too(tmp_path: Path, exports: Path):
    """Counts and what is missing; there is no mapping to write."""
    done = tenure("init", "--home", tmp_path / "h", "--source", "files", "--path", exports)

    assert done.code == 0, done.told
    assert re.search(r"activity +activity\.csv: [\d,]+ rows", done.out)
    assert not (tmp_path / "h" / "mapping.toml").exists()
    as_json = tenure("init", "--home", tmp_path / "h", "--source", "files", "--path", exports, "--force", "--json")
    assert json.loads(as_json.out)["faults"] == []


def test_without_a_source_nothing_is_guessed(tmp_path: Path):
    done = tenure("init", "--home", tmp_path / "h")

    assert done.code == 2
    assert "--source is missing" in done.err
