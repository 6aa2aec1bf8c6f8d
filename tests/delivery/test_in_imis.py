"""Tasks, calls, notes and groups in iMIS: each once, whatever becomes of the answers, and nothing else."""

from __future__ import annotations

import datetime as dt
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from approved import AFTER_UNDO, NOW, proposal, step
from mail_sink import MailSink

from tenure.base.home import Home
from tenure.base.settings import Mail, Settings, Source, Tasks

sys.path.append(str(Path(__file__).parents[1] / "sandbox"))

from served_sandbox import Sandbox, properties, serving


@pytest.fixture(scope="module")
def site() -> Iterator[Sandbox]:
    with serving("--members", "60", "--seed", "7", "--today", "2025-03-04", "--years", "2") as sandbox:
        yield sandbox


@pytest.fixture
def members(home: Home, site: Sandbox, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of members; the pseudonym of each is its place, from 1 on."""
    from tenure.ledger import identities

    monkeypatch.setenv("TENURE_IMIS_PASSWORD", "sandbox")
    site.faults()
    ids = [str(row["ID"]) for row in site.rows("Members")[:40]]
    identities.learn(pairs=list(enumerate(ids, start=1)))
    return ids


def carried_out(
    home: Home, settings: Settings, site: Sandbox, minutes: float = 0, mail: MailSink | None = None
) -> Counter[str]:
    """What a worker does who comes some minutes after everything was due."""
    from tenure.app.house import House
    from tenure.app.worker import work

    source = Source(kind="imis", url=site.url, username="tenure", requests_per_hour=0, timeout_seconds=10)
    more: dict[str, Any] = {"source": source, "tasks": Tasks(assignees={"liaison": "KLEE"})}
    if mail is not None:
        more["mail"] = Mail(host="127.0.0.1", port=mail.port, security="none", sender="office@association.example")
    at = AFTER_UNDO + dt.timedelta(minutes=minutes)
    return work(House(home, settings.model_copy(update=more), lambda: at), once=True)


def activities(site: Sandbox, member: str, *of: Any) -> list[dict[str, Any]]:
    """What stands on the record of a member because of some steps."""
    params = {"PartyId": member, "Limit": "500", "OrderBy": "SEQN"}
    found = site.staff.get("/api/Activity", params=params).json()["Items"]["$values"]
    references = {name for one in of for name in (one.reference, f"{one.reference}:note")}
    return [row for row in map(properties, found) if row.get("UF_1") in references]


def test_a_task_a_call_and_a_note_stand_on_the_record_once(
    home: Home, settings: Settings, site: Sandbox, members: list[str]
):
    of = proposal(1)
    task = step(of, "task", recipient="liaison", subject="Ask about the chapter", details={"due_days": 5})
    call = step(of, "callback", recipient="MJONES", subject="Call: renewal in April", body="No login for 94 days")
    log = step(of, "log", recipient="", subject="Retention plan begun", details={"activity_type": "RETENTION"})

    assert carried_out(home, settings, site) == {"done": 3}
    assert carried_out(home, settings, site, 10) == {}

    rows = {row["UF_1"]: row for row in activities(site, members[0], task, call, log)}
    assert list(rows) == [task.reference, call.reference, log.reference]
    shown = ("ACTIVITY_TYPE", "SOURCE_CODE", "DESCRIPTION", "TICKLER_DATE")
    assert [rows[task.reference][name] for name in shown] == [
        "TASK", "KLEE", "Ask about the chapter", "2025-03-09T00:00:00",
    ]  # fmt: skip
    assert [rows[call.reference][name] for name in shown] == [
        "CALL", "MJONES", "Call: renewal in April", "2025-03-07T00:00:00",
    ]  # fmt: skip
    assert rows[call.reference]["NOTE"] == "No login for 94 days"
    assert (rows[log.reference]["ACTIVITY_TYPE"], rows[log.reference]["TICKLER_DATE"]) == ("RETENTION", None)
    task.refresh_from_db()
    assert task.receipt == str(rows[task.reference]["SEQN"])


@pytest.mark.parametrize("fault", ["saved_500", "lost_reply", "unavailable", "server_error"])
def test_what_was_saved_though_the_answer_was_lost_is_found_and_what_was_not_is_sent_again(
    home: Home, settings: Settings, site: Sandbox, members: list[str], fault: str
):
    """Not before two minutes have gone by, since a write may yet be on its way."""
    member = {"saved_500": 2, "lost_reply": 3, "unavailable": 4, "server_error": 5}[fault]
    tasks = [step(proposal(member, occasion=f"{fault}:{i}"), "task", recipient="manager") for i in range(2)]
    site.faults(**{fault: {"rate": 1.0, "match": "/api/Activity", "times": 1}})

    first = carried_out(home, settings, site)
    assert site.control.get("/faults").json()["on"][0]["struck"] == 1
    assert first["unknown"] == (fault == "saved_500")
    assert carried_out(home, settings, site, 1.9) == {}
    carried_out(home, settings, site, 10)
    assert Counter(row["UF_1"] for row in activities(site, members[member - 1], *tasks)) == {
        task.reference: 1 for task in tasks
    }


def test_a_task_that_iMIS_refuses_fails_and_says_of_what(
    home: Home, settings: Settings, site: Sandbox, members: list[str]
):
    one = step(proposal(6), "log", recipient="", details={"activity_type": "NOSUCH"})
    assert carried_out(home, settings, site) == {"failed": 1}
    one.refresh_from_db()
    assert one.last_error == "iMIS refuses it as it is (ACTIVITY_TYPE)"


def test_a_message_is_noted_on_the_record_once(
    home: Home, settings: Settings, site: Sandbox, members: list[str], mail: MailSink
):
    one = step(proposal(7), subject="Your renewal")
    site.faults(saved_500={"rate": 1.0, "match": "/api/Activity", "times": 1})
    carried_out(home, settings, site, mail=mail)
    one.refresh_from_db()
    assert (one.state, one.log_state) == ("done", "sending")
    carried_out(home, settings, site, 1, mail=mail)
    carried_out(home, settings, site, 5, mail=mail)

    one.refresh_from_db()
    (row,) = activities(site, members[6], one)
    assert (row["UF_1"], row["ACTIVITY_TYPE"], row["DESCRIPTION"]) == (
        f"{one.reference}:note", "LETTER", "Email: Your renewal",
    )  # fmt: skip
    assert (one.log_state, mail.references) == ("done", {one.reference: 1})


def test_a_call_that_staff_logged_stands_on_the_record_once_as_done_or_with_its_promise(
    home: Home, settings: Settings, site: Sandbox, members: list[str]
):
    from tenure.ledger import calls
    from tenure.ledger.models import Staff

    Staff.objects.create(username="ida", role="manager", created_at=NOW)
    told: dict[str, Any] = {"by": "ida", "noted": True, "clock": lambda: NOW}
    spoke = calls.log(member=8, outcome="spoke", key="a", words="Wants the student rate", **told)
    again = calls.log(member=8, outcome="no-answer", key="b", follow_up=dt.date(2025, 3, 11), **told)
    site.faults(lost_reply={"rate": 1.0, "match": "/api/Activity", "times": 1})
    for minutes in (0, 1, 5, 10):
        carried_out(home, settings, site, minutes)

    rows = {row["UF_1"]: row for row in activities(site, members[7], spoke, again)}
    assert [row["UF_1"] for row in activities(site, members[7], spoke, again)] == list(rows)
    shown = ("ACTIVITY_TYPE", "DESCRIPTION", "NOTE", "SOURCE_CODE", "STATUS_CODE", "TICKLER_DATE")
    assert [rows[spoke.reference][name] for name in shown] == [
        "CALL", "Call: spoke with the member", "Wants the student rate", "ida", "C", None,
    ]  # fmt: skip
    assert [rows[again.reference][name] for name in shown] == [
        "CALL", "Call: no answer", "", "ida", "", "2025-03-11T00:00:00",
    ]  # fmt: skip


def group_members(site: Sandbox, group: str) -> list[str]:
    found = site.master.get("/api/GroupMember", params={"GroupId": group, "Limit": "500"}).json()
    return [row["Party"]["PartyId"] for row in found["Items"]["$values"]]


def test_a_member_is_put_into_a_group_once(home: Home, settings: Settings, site: Sandbox, members: list[str]):
    made = site.master.post("/api/Group", json={"Name": f"Peers of {Path(home.root).parent.name}"})
    group = made.json()["GroupId"]
    by_name = step(proposal(8), "group", recipient="", details={"group": made.json()["Name"]})
    again = step(proposal(8, occasion="another"), "group", recipient=group)
    site.faults(lost_reply={"rate": 1.0, "match": "/api/GroupMember", "times": 2})
    for minutes in (0, 5, 10, 15):
        carried_out(home, settings, site, minutes)

    assert group_members(site, group) == [members[7]]
    for one in (by_name, again):
        one.refresh_from_db()
        assert one.state == "done"


@pytest.mark.parametrize(
    "group", ["COMMITTEE/NOMINATING", "committee/awards", "RELATIONSHIP-EMPLOYER", "Standards Committee"]
)
def test_committees_and_relationships_are_never_changed(
    home: Home, settings: Settings, site: Sandbox, members: list[str], group: str
):
    names = {row["Name"] for row in site.master.get("/api/Group", params={"Limit": "500"}).json()["Items"]["$values"]}
    wanted = next(iter(sorted(names))) if "Committee" in group else group
    one = step(proposal(9), "group", recipient=wanted)
    before = site.master.get("/_sandbox/usage").json()["by_method"].get("POST", 0)

    assert carried_out(home, settings, site) == {"failed": 1}
    one.refresh_from_db()
    assert one.last_error == "committees and relationships are never changed by Tenure"
    after = site.master.get("/_sandbox/usage").json()["by_method"].get("POST", 0)
    assert after == before + 1  # the sign-in


def test_imis_is_left_alone_while_a_night_runs(home: Home, settings: Settings, site: Sandbox, members: list[str]):
    from tenure.ledger import lease

    step(proposal(10), "task", recipient="manager")
    with lease.take("night", clock=lambda: AFTER_UNDO):
        assert carried_out(home, settings, site) == {}
    assert carried_out(home, settings, site) == {"done": 1}
