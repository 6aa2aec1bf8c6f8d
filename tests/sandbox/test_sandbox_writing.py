"""Panel sources, activities, groups, and a client by people who never saw this sandbox."""

from __future__ import annotations

import itertools

import pytest
from imis.api import AuthError, Client
from imis.user import UserExistsError
from served_sandbox import Sandbox, panel_definition, panel_row, properties

_names = (f"AI_Test_{number}" for number in itertools.count())


@pytest.fixture
def panel(sandbox: Sandbox) -> str:
    """A fresh single-instance panel source."""
    name = next(_names)
    assert sandbox.staff.post("/api/BOEntityDefinition", json=panel_definition(name)).status_code == 201
    return name


def test_a_definition_is_missing_then_made_then_found(sandbox: Sandbox) -> None:
    name = next(_names)
    assert sandbox.staff.get(f"/api/BOEntityDefinition/{name}").status_code == 404
    assert sandbox.staff.post("/api/BOEntityDefinition", json=panel_definition(name)).status_code == 201
    assert sandbox.staff.get(f"/api/BOEntityDefinition/{name}").json()["ObjectTypeName"] == "Single"
    assert sandbox.staff.post("/api/BOEntityDefinition", json=panel_definition(name)).status_code == 409
    summary = sandbox.staff.get("/api/PanelSourceSummary", params={"Name": name}).json()
    assert summary["TotalCount"] == 1


def test_a_single_instance_row_is_upserted(sandbox: Sandbox, panel: str, somebody: str) -> None:
    address = f"/api/{panel}/{somebody}"
    assert sandbox.staff.get(address).status_code == 404
    values = {"PartyId": somebody, "RiskScore": {"$type": "System.Int32", "$value": 71}, "ScoredOn": "2026-03-02"}
    made = sandbox.staff.post(f"/api/{panel}", json=panel_row(panel, somebody, values))
    assert made.status_code == 201
    assert sandbox.staff.post(f"/api/{panel}", json=panel_row(panel, somebody, values)).status_code == 409
    row = sandbox.staff.get(address).json()
    assert row == made.json()
    entries = {entry["Name"]: entry for entry in row["Properties"]["$values"]}
    assert entries["RiskScore"]["Value"] == {"$type": "System.Int32", "$value": 71}
    assert entries["ScoredOn"]["Value"] == "2026-03-02T00:00:00"
    assert "Value" not in entries["RiskBand"]
    assert row["Identity"]["IdentityElements"]["$values"] == [somebody]
    changed = sandbox.staff.put(address, json=panel_row(panel, somebody, {"RiskScore": 72, "RiskBand": "high"}))
    assert changed.status_code == 201
    assert properties(sandbox.staff.get(address).json())["RiskScore"] == 72
    assert sandbox.staff.get(f"/api/{panel}", params={"RiskScore": "gt:71"}).json()["TotalCount"] == 1
    assert sandbox.staff.get(f"/api/{panel}", params={"ContactKey": somebody}).json()["TotalCount"] == 1
    assert sandbox.staff.delete(address).status_code == 200
    assert sandbox.staff.get(address).status_code == 404


def test_bad_rows_are_refused_with_validation_results(sandbox: Sandbox, panel: str, somebody: str) -> None:
    for party, values in (
        ("nobody", {"RiskScore": 1}), (somebody, {"Riskscore": "much"}), (somebody, {"NoSuchColumn": 1}),
    ):  # fmt: skip
        answer = sandbox.staff.post(f"/api/{panel}", json=panel_row(panel, party, values))
        assert answer.status_code == 400
        assert "ValidationResultsData" in answer.json()["$type"]
        assert answer.json()["Errors"]["$values"][0]["Message"]
    checked = sandbox.staff.post(f"/api/{panel}/_validate", json=panel_row(panel, somebody, {"RiskScore": "much"}))
    assert checked.json()["IsValid"] is False
    assert sandbox.staff.put(f"/api/{panel}/{somebody}", json=panel_row(panel, somebody, {})).status_code == 404


def test_the_server_picks_the_ordinals_of_a_multi_instance_source(sandbox: Sandbox, somebody: str) -> None:
    name = next(_names)
    sandbox.staff.post("/api/BOEntityDefinition", json=panel_definition(name, "Multi"))
    body = panel_row(name, somebody, {"ID": somebody, "RiskScore": 5}, identity=False)
    rows = [sandbox.staff.post(f"/api/{name}", json=body).json() for _ in range(3)]
    assert [row["Identity"]["IdentityElements"]["$values"][1] for row in rows] == ["1", "2", "3"]
    assert properties(sandbox.staff.get(f"/api/{name}/~{somebody}|2").json())["Ordinal"] == 2
    assert sandbox.staff.get(f"/api/{name}", params={"PartyId": somebody}).json()["TotalCount"] == 3
    assert sandbox.staff.get(f"/api/{name}/{somebody}").status_code == 400
    sandbox.faults(ordinal_zero={"match": name})
    hidden = sandbox.staff.post(f"/api/{name}", json=body).json()
    assert hidden["Identity"]["IdentityElements"]["$values"][1] == "0"


def test_a_task_is_an_activity_with_a_follow_up_date(sandbox: Sandbox, somebody: str) -> None:
    values = {"PartyId": somebody, "ACTIVITY_TYPE": "TASK", "TICKLER_DATE": "2026-03-09", "DESCRIPTION": "Call"}
    made = sandbox.staff.post("/api/Activity", json=panel_row("Activity", somebody, values, identity=False))
    assert made.status_code == 201
    number = made.json()["Identity"]["IdentityElements"]["$values"][0]
    done = panel_row("Activity", somebody, {**values, "STATUS_CODE": "C"})
    assert sandbox.staff.put(f"/api/Activity/{number}", json=done).status_code == 201
    assert properties(sandbox.staff.get(f"/api/Activity/{number}").json())["STATUS_CODE"] == "C"
    same = properties(sandbox.staff.get(f"/api/CsActivity/{number}").json())
    assert (same["ActivityType"], same["ReminderDate"], same["StatusCode"]) == ("TASK", "2026-03-09T00:00:00", "C")
    due = sandbox.staff.get("/api/Activity", params={"TICKLER_DATE": "le:2026-03-09", "ACTIVITY_TYPE": "TASK"}).json()
    assert number in [item["Identity"]["IdentityElements"]["$values"][0] for item in due["Items"]["$values"]]
    badly = panel_row("Activity", somebody, {**values, "TICKLER_DATE": "next week"})
    assert (
        sandbox.staff.post("/api/Activity", json=badly).json()["Errors"]["$values"][0]["PropertyName"] == "TICKLER_DATE"
    )
    counted = panel_row("Activity", somebody, {**values, "QUANTITY": {"$type": "System.Int32", "$value": 3}})
    assert properties(sandbox.staff.post("/api/Activity", json=counted).json())["QUANTITY"] == 3
    assert sandbox.staff.get("/api/Activity?QUANTITY=gt:2").json()["TotalCount"] == 1
    unknown = panel_row("Activity", somebody, {"PartyId": somebody, "ACTIVITY_TYPE": "NOSUCH"})
    assert sandbox.staff.post("/api/Activity", json=unknown).status_code == 400
    entered = sandbox.rows("Activities", EnteredSince="2026-03-02")
    assert "TASK" in [row["ActivityType"] for row in entered]


def test_the_change_log_is_read_on_from_a_moment(sandbox: Sandbox) -> None:
    late = sandbox.staff.get("/api/ChangeLog", params={"CreatedOn": "ge:2026-02-01", "Limit": 500}).json()
    found = late["Items"]["$values"]
    assert 0 < len(found) == late["Count"] < sandbox.staff.get("/api/ChangeLog?Limit=1").json()["TotalCount"]
    assert [one["CreatedOn"] for one in found] == sorted(one["CreatedOn"] for one in found)
    assert found[0]["CreatedOn"] >= "2026-02-01"
    typed = sandbox.staff.get("/api/ChangeLog", params={"PropertyName": "MemberType", "Limit": 1}).json()
    entry = typed["Items"]["$values"][0]
    assert entry["Properties"]["$values"][0]["PropertyName"] == "MemberType"
    assert sandbox.staff.get(f"/api/ChangeLog/{entry['ChangeLogId']}").json() == entry
    mine = sandbox.staff.get(f"/api/Party/{entry['PartyId']}/changelog").json()["Items"]["$values"]
    assert entry in mine


def test_groups_take_members_and_let_them_go(sandbox: Sandbox, somebody: str) -> None:
    group = sandbox.staff.post("/api/Group", json={"Name": "At risk"}).json()["GroupId"]
    body = {"Group": {"GroupId": group}, "Party": {"PartyId": somebody}, "IsActive": True}
    member = sandbox.staff.post("/api/GroupMember", json=body).json()
    found = sandbox.staff.get("/api/GroupMember", params={"GroupId": group, "PartyId": somebody}).json()
    assert [item["GroupMemberId"] for item in found["Items"]["$values"]] == [member["GroupMemberId"]]
    detail = member["MembershipDetails"]["$values"][0]["GroupMemberDetailId"]
    assert sandbox.staff.delete(f"/api/GroupMemberDetail/{detail}").status_code == 200
    assert sandbox.staff.get("/api/GroupMember", params={"GroupId": group}).json()["TotalCount"] == 0


def test_a_new_contact_is_found_and_changed(sandbox: Sandbox) -> None:
    email = {"Address": "zed@example.org", "EmailType": "_Primary", "IsPrimary": True}
    person = {
        "$type": "Asi.Soa.Membership.DataContracts.PersonData, Asi.Contracts",
        "PersonName": {"FirstName": "Zed", "LastName": "Newcomer"}, "Emails": {"$values": [email]},
    }  # fmt: skip
    made = sandbox.master.post("/api/Party", json=person)
    assert made.status_code == 201
    found = sandbox.staff.get("/api/Party", params={"email": "zed@example.org"}).json()["Items"]["$values"]
    assert [one["PartyId"] for one in found] == [made.json()["PartyId"]]
    name = {**made.json()["PersonName"], "LastName": "Renamed"}
    changed = sandbox.master.put(f"/api/Party/{found[0]['PartyId']}", json={**made.json(), "PersonName": name})
    assert changed.json()["PersonName"]["LastName"] == "Renamed"
    contact = properties(sandbox.staff.get(f"/api/CsContact/{found[0]['PartyId']}").json())
    assert (contact["LastName"], contact["Email"], contact["IsMember"]) == ("Renamed", "zed@example.org", False)
    nameless = sandbox.master.post("/api/Party", json={"$type": person["$type"]})
    assert nameless.status_code == 400


def test_what_a_put_leaves_as_it_was_goes_on_living(sandbox: Sandbox) -> None:
    party = sandbox.staff.get("/api/Person?Limit=1&OrderBy=PartyId:Descending").json()["Items"]["$values"][0]
    gender = {**party["Gender"], "Code": "X" if party["Gender"].get("Code") != "X" else "F"}
    changed = sandbox.master.put(f"/api/Party/{party['PartyId']}", json={**party, "Gender": gender}).json()
    updated = changed.pop("UpdateInformation")
    before = party.pop("UpdateInformation")
    assert changed == {**party, "Gender": gender}
    assert updated["UpdatedOn"] > before["UpdatedOn"]


def test_a_committee_may_lose_its_members(sandbox: Sandbox) -> None:
    seats = sandbox.staff.get("/api/GroupMember?Limit=1").json()["Items"]["$values"][0]
    party = seats["Party"]["PartyId"]
    other = "COMMITTEE/AWARDS" if seats["Group"]["GroupId"] != "COMMITTEE/AWARDS" else "COMMITTEE/PUBS"
    sandbox.faults(committee_wipe=1)
    body = {"Group": {"GroupId": other}, "Party": {"PartyId": party}}
    assert sandbox.staff.post("/api/GroupMember", json=body).status_code == 201
    left = sandbox.staff.get("/api/GroupMember", params={"PartyId": party}).json()["Items"]["$values"]
    assert [member["Group"]["GroupId"] for member in left] == [other]


def test_the_independent_client_runs_unchanged(sandbox: Sandbox, somebody: str) -> None:
    client = Client(sandbox.url, "administrator", "sandbox")
    person = client.party.fetch_raw_data(somebody)
    assert person["PartyId"] == somebody
    client.party.update_raw_data(somebody, person)
    assert client.party.fetch_raw_data()["Count"] == 100

    demo = client.demo("Name_Demo")
    record = demo.fetch_record(somebody)
    record.simple_data["INTERESTS"] = "bridges"
    demo.update_record(record)
    assert demo.fetch_record(somebody).simple_data["INTERESTS"] == "bridges"

    rows = list(client.iqa("$/Tenure/Terms", "2026-01-01"))
    assert len(rows) == len(sandbox.rows("Terms", EnteredSince="2026-01-01"))
    made = client.create_activity({"PartyId": somebody, "ACTIVITY_TYPE": "CALL", "DESCRIPTION": "hello"})
    assert made["DESCRIPTION"] == "hello"
    client.create_user("somebody", somebody)
    with pytest.raises(UserExistsError):
        client.create_user("somebody", somebody)
    with pytest.raises(AuthError):
        Client(sandbox.url, "nobody", "wrong")


def test_a_bulk_with_one_bad_row_writes_none(sandbox: Sandbox, panel: str, somebody: str) -> None:
    rows = [panel_row(panel, party, {"PartyId": party, "RiskScore": 1}) for party in (somebody, "nobody")]
    refused = sandbox.staff.post(f"/api/{panel}/_bulkInsert", json=rows)
    assert refused.status_code == 400
    assert "ValidationResultsData" in refused.json()["$type"]
    assert sandbox.staff.get(f"/api/{panel}/{somebody}").status_code == 404
    assert sandbox.staff.post(f"/api/{panel}/_addMultiple", json=rows[:1]).status_code == 201
    assert sandbox.staff.get(f"/api/{panel}/{somebody}").status_code == 200


def test_what_is_written_of_a_contact_is_in_its_record_and_in_the_change_log(sandbox: Sandbox) -> None:
    asked = {"CustomerTypeCode": "NM", "IsOrganization": "false", "Limit": 1}
    [person] = sandbox.staff.get("/api/Party", params=asked).json()["Items"]["$values"]
    party = person["PartyId"]
    address = person["Addresses"]["$values"][0]["Address"]
    state = "OH" if address["CountrySubEntityCode"] != "OH" else "TX"
    address.update(CityName="Newtown", PostalCode="43210", CountrySubEntityCode=state, CountrySubEntityName=state)
    person["Emails"]["$values"][0]["Address"] = "moved@example.org"
    person["PrimaryOrganization"]["Title"] = "Head of Bridges"
    given = {"CustomerTypeCode": "REG", "JoinDate": "2019-04-01T00:00:00", "Nickname": "Zed"}
    attributes = [{"Name": name, "Value": value} for name, value in given.items()]
    body = {**person, "BirthDate": "1970-02-03", "AdditionalAttributes": {"$values": attributes}}
    written = sandbox.master.put(f"/api/Party/{party}", json=body).json()
    said = {one["Name"]: one.get("Value") for one in written["AdditionalAttributes"]["$values"]}
    assert said["IsMember"] == {"$type": "System.Boolean", "$value": True}
    assert {name: said[name] for name in given} == given
    assert written["UpdateInformation"]["UpdatedBy"] == "ADMINISTRATOR"
    contact = properties(sandbox.staff.get(f"/api/CsContact/{party}").json())
    told = {
        "City": "Newtown", "Zip": "43210", "StateProvince": state, "Email": "moved@example.org",
        "Title": "Head of Bridges", "MemberType": "REG", "PreviousMemberType": "NM", "IsMember": True,
        "JoinDate": "2019-04-01T00:00:00", "BirthDate": "1970-02-03T00:00:00", "UpdatedBy": "ADMINISTRATOR",
    }  # fmt: skip
    assert {name: contact[name] for name in told} == told
    log = sandbox.staff.get(f"/api/Party/{party}/changelog?limit=500").json()["Items"]["$values"]
    mine = [entry for entry in log if entry["ChangedByUserId"] == "ADMINISTRATOR"]
    changed = {entry["Changes"]["$values"][0]["PropertyName"]: entry["Changes"]["$values"][0] for entry in mine}
    assert {name: one["NewValue"] for name, one in changed.items()} == {
        "Name.CITY": "Newtown", "Name.ZIP": "43210", "Name.STATE_PROVINCE": state, "Name.EMAIL": "moved@example.org",
        "Name.TITLE": "Head of Bridges", "Name.MEMBER_TYPE": "REG",
    }  # fmt: skip
    assert changed["Name.MEMBER_TYPE"]["OriginalValue"] == "NM"
    assert str(sandbox.rows("MemberChanges", ChangedSince="2026-03-02")[-1]["ID"]) == party


def test_what_follows_from_what_was_written_follows(sandbox: Sandbox) -> None:
    """A whole contact is sent back with one name changed: what is made of the names is made of the new ones."""
    asked = {"CustomerTypeCode": "REG", "IsOrganization": "false", "Limit": 1}
    [person] = sandbox.staff.get("/api/Person", params=asked).json()["Items"]["$values"]
    party, name = person["PartyId"], {**person["PersonName"], "FirstName": "Zelda", "LastName": "Zimmer"}
    del name["FullName"]
    sandbox.master.put(f"/api/Person/{party}", json={**person, "PersonName": name})
    written = sandbox.staff.get(f"/api/Person/{party}").json()
    assert (written["Name"], written["Sort"]) == ("Zelda Zimmer", "ZIMMER, ZELDA")
    log = sandbox.staff.get(f"/api/Person/{person['UniformId']}/changelog?limit=500").json()
    assert log["Count"] > 0


def test_a_new_contact_is_in_the_change_log_under_whoever_made_it(sandbox: Sandbox) -> None:
    attributes = {"$values": [{"Name": "CustomerTypeCode", "Value": "REG"}]}
    name = {"FirstName": "Nora", "LastName": "Newcomer"}
    made = sandbox.master.post(
        "/api/Person",
        json={
            "$type": "Asi.Soa.Membership.DataContracts.PersonData, Asi.Contracts",
            "PersonName": name,
            "AdditionalAttributes": attributes,
        },
    ).json()["PartyId"]
    log = sandbox.staff.get(f"/api/Person/{made}/changelog").json()["Items"]["$values"]
    assert {entry["ChangedByUserId"] for entry in log} == {"ADMINISTRATOR"}


def test_whom_a_client_makes_a_non_member_has_resigned(sandbox: Sandbox) -> None:
    pending = lambda: sandbox.control.get("/truth").json()["columns"]["member_id"]  # noqa: E731
    member = pending()[0]
    attributes = [{"Name": "CustomerTypeCode", "Value": "NM"}]
    person = sandbox.staff.get(f"/api/Party/{member}").json()
    sandbox.master.put(f"/api/Party/{member}", json={**person, "AdditionalAttributes": {"$values": attributes}})
    contact = properties(sandbox.staff.get(f"/api/CsContact/{member}").json())
    assert (contact["IsMember"], contact["MemberStatus"]) == (False, "D")
    assert member not in pending()
