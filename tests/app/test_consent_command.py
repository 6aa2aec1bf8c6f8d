"""What members consent to, written down by the command line, and what the gate then lets pass."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import polars as pl
import pytest
from calls import Done, tenure

from tenure.base.home import Home
from tenure.base.pseudonym import Pseudonyms


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, first_night: Path) -> Path:
    """A copy of the first night with the accounts of a manager and a viewer."""
    home = tmp_path_factory.mktemp("consent") / "home"
    shutil.copytree(first_night, home)
    for name, role in (("max", "manager"), ("vera", "viewer")):
        done = tenure("staff", "add", name, "--role", role, "--home", home, TENURE_STAFF_PASSWORD="four or five words")
        assert done.code == 0, done.told
    return home


@pytest.fixture(scope="module")
def members(exports: Path) -> list[str]:
    return pl.read_csv(exports / "members.csv", infer_schema=False)["member_id"].unique(maintain_order=True).to_list()


def consent(home: Path, act: str, *given: object, by: str = "max") -> Done:
    return tenure("consent", act, *given, *(("--by", by) if act != "show" else ()), "--home", home)


def shown(home: Path, member: str) -> dict[str, list[dict[str, object]]]:
    return tenure("consent", "show", member, "--home", home, "--json").json


def log(home: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(home / "ledger.sqlite3")) as ledger:
        query = "SELECT act, by FROM ledger_audit_event WHERE act LIKE 'consent:%' OR act LIKE 'suppression:%'"
        return list(ledger.execute(query + " ORDER BY number"))


def test_express_consent_for_text_messages_is_given_shown_and_withdrawn(home: Path, members: list[str]):
    member, before = members[0], len(log(home))
    assert consent(home, "show", member).out.strip() == "no statement is on record"

    form = ("--channel", "sms", "--purpose", "renewal", "--source", "renewal form 2026")
    given = consent(home, "give", member, *form, "--until", "2027-12-31")
    assert (given.code, given.out.strip()) == (0, "express consent is written down"), given.told
    (one,) = shown(home, member)["statements"]
    assert (one["channel"], one["purpose"], one["given"], one["express"]) == ("sms", "renewal", True, True)
    assert (one["source"], one["until"], one["by"]) == ("renewal form 2026", "2027-12-31", "max")
    assert "sms, renewal: express, until 2027-12-31; renewal form 2026" in consent(home, "show", member).out

    assert consent(home, "withdraw", member, "--channel", "sms", "--source", "a call").code == 0
    assert [(row["purpose"], row["given"]) for row in shown(home, member)["statements"]] == [
        ("all", False), ("renewal", True),
    ]  # fmt: skip
    assert log(home)[before:] == [("consent:member:give", "max"), ("consent:member:withdraw", "max")]
    assert shown(home, members[1])["statements"] == []


def test_what_was_written_down_is_what_the_gate_goes_by(home: Path, members: list[str]):
    """A text message needs express consent; implied consent does not do, and a passed end does not either."""
    from tenure import ledger
    from tenure.base.settings import read_settings
    from tenure.outreach import consent as outreach
    from tenure.outreach.law import Basis, law_for

    settings = read_settings(Home(home))
    ledger.setup(Home(home), settings)
    from tenure.ledger import permissions

    member, today = Pseudonyms.of(Home(home)).one(members[2]), dt.date(2026, 6, 1)

    def basis(on: dt.date = today) -> Basis | None:
        row = permissions.consent_of(member=member, channel="sms", purpose="renewal")
        said = outreach.Statement(row.is_given, row.is_express, row.expires_on) if row else outreach.Statement()
        return outreach.standing(said, law_for("US", settings), ended_on=None, today=on).basis

    assert basis() != Basis.EXPRESS
    form = ("--channel", "sms", "--source", "the membership form")
    assert consent(home, "give", members[2], *form, "--implied").code == 0
    assert basis() == Basis.IMPLIED
    assert consent(home, "give", members[2], *form, "--until", "2026-06-01").code == 0
    assert basis() == Basis.EXPRESS
    assert basis(today + dt.timedelta(days=1)) != Basis.EXPRESS


def test_what_is_not_clear_or_not_theirs_to_say_is_refused_and_changes_nothing(home: Path, members: list[str]):
    before, form = log(home), ("--channel", "sms", "--source", "a form")
    viewer = consent(home, "give", members[3], *form, by="vera")
    assert viewer.code == 1
    assert "your role does not let you" in viewer.err
    for given in (
        ("nobody-of-that-id", *form), (members[3], "--channel", "fax", "--source", "x"),
        (members[3], "--channel", "sms", "--source", " "), (members[3], "--channel", "sms"),
        (members[3], *form, "--purpose", "everything"), (members[3], *form, "--until", "soon"),
    ):  # fmt: skip
        assert consent(home, "give", *given).code == 2, given
    assert consent(home, "give", members[3], *form, by="nobody").code == 1
    assert log(home) == before
    assert consent(home, "show", "nobody-of-that-id").code == 2


def test_the_members_own_word_is_lifted_only_after_a_new_consent(home: Path, members: list[str]):
    from tenure import ledger
    from tenure.base.settings import read_settings

    settings = read_settings(Home(home))
    ledger.setup(Home(home), settings)
    from tenure.ledger import permissions

    member = Pseudonyms.of(Home(home)).one(members[4])
    permissions.suppress(why="stop", source="answer to a text message", by="member", member=member, channel="sms")

    (one,) = shown(home, members[4])["suppressions"]
    assert (one["channel"], one["why"]) == ("sms", "stop")
    assert f"suppression {one['number']}: sms, stop" in consent(home, "show", members[4]).out
    too_early = consent(home, "lift", one["number"], "--why", "she called")
    assert too_early.code == 2
    assert "write down the member's new consent first" in too_early.err
    assert consent(home, "give", members[4], "--channel", "sms", "--source", "a call").code == 0
    assert consent(home, "lift", one["number"], "--why", "she called", by="vera").code == 1
    assert consent(home, "lift", one["number"], "--why", "she called").code == 0
    assert shown(home, members[4])["suppressions"] == []
    assert log(home)[-1] == ("suppression:member:lift", "max")
