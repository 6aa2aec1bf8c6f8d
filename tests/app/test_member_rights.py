"""What a member may ask: a copy of what is known, erasure, and not to be profiled; by the commands, on a whole home."""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from calls import Done, faults_of, set_, tenure
from django.db import connections

import proposing
from tenure import ledger
from tenure.base.home import Home
from tenure.base.pseudonym import Pseudonyms
from tenure.base.settings import read_settings
from tenure.lake import Lake

ERASED = int(os.environ.get("TENURE_ERASED", "40"))
WHY = "asked for by letter"
_BY_CHANCE = re.compile(r"\d+\.\d+(?:e-?\d+)?|[0-9a-f]{32,}")
NOON = dt.datetime(2025, 3, 1, 12, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Member:
    """One member as the source knows them."""

    id: str
    pseudonym: int
    email: str
    phone: str

    @property
    def marks(self) -> set[str]:
        """What tells them: to be found nowhere after an erasure."""
        return {self.id, self.email, self.phone} - {""}


@pytest.fixture
def members(night: Path) -> list[Member]:
    """`ERASED` members with an address, of whom something is proposed, said, permitted and sealed."""
    contacts = pl.read_csv(night.parent / "exports" / "contacts.csv", infer_schema=False).drop_nulls("email")
    names = Pseudonyms.of(Home(night))
    scored = set(Lake.open(night / "lake").scores()["member"])
    rows = [row for row in contacts.iter_rows(named=True) if names.one(row["member_id"]) in scored]
    own = set(contacts["phone"].drop_nulls().value_counts().filter(pl.col("count") == 1)["phone"])
    found = [
        Member(row["member_id"], names.one(row["member_id"]), row["email"], row["phone"] if row["phone"] in own else "")
        for row in rows[:ERASED]
    ]
    assert len(found) == ERASED
    _point_at(night)
    for member in found:
        _do_much_with(member)
    # Reading the file as a whole, as `texts` does, would drop the locks of a connection that this process keeps.
    connections.close_all()
    return found


def _point_at(home: Path) -> None:
    ledger.setup(Home(home), read_settings(Home(home)))
    ledger.migrate()


def _do_much_with(member: Member) -> None:
    from tenure.ledger import audit
    from tenure.ledger.models import Approval, Consent, DoNotWake, OutreachStep, Response, Suppression

    email = proposing.email(recipient=member.email, body=f"Dear member {member.id},\n\nyour number is {member.phone}.")
    (proposal,) = proposing.opened(proposing.new(member=member.pseudonym, steps=(email,)))
    step = OutreachStep.objects.get(proposal=proposal)
    Approval.objects.create(step=step, digest=step.digest, at=NOON, by="marta")
    Response.objects.create(
        member=member.pseudonym, step=step, kind="replied", value=f"call me at {member.phone}", source="mail",
        reference=f"reply to {step.reference}", at=NOON, noted_at=NOON,
    )  # fmt: skip
    Consent.objects.create(
        member=member.pseudonym, channel="email", purpose="renewal", is_given=True, source="form", at=NOON, by="marta"
    )
    Suppression.objects.create(
        member=member.pseudonym, address_digest="d" * 64, why="unsubscribed", source="link", since=NOON, by="member"
    )
    DoNotWake.objects.create(member=member.pseudonym, why="renews anyway", by="marta", at=NOON)
    audit.record(
        "step:member:deliver", by="marta", member=member.pseudonym, sealed={"to": member.email}, clock=lambda: NOON
    )


def erase(home: Path, members: list[Member]) -> Done:
    done = tenure(
        "member", "erase", *(member.id for member in members), "--home", home, "--by", "marta", "--why", WHY, "--yes"
    )
    assert done.code == 0, done.told
    return done


def texts(home: Path, *, without: tuple[str, ...] = ()) -> Iterator[tuple[Path, str]]:
    """Every file of a home as text; what is in tables and archives, unpacked."""
    for path in sorted(home.rglob("*")):
        if path.is_dir() or path.relative_to(home).parts[0] in without:
            continue
        if path.suffix == ".parquet":
            frame = pl.read_parquet(path, hive_partitioning=False)
            strings = frame.select(pl.col(pl.String))
            yield path, " ".join(text for column in strings for text in column.drop_nulls().unique().to_list())
        elif path.name.endswith(".tar.gz"):
            place = home.parent / f"unpacked-{path.stem}"
            with tarfile.open(path) as archive:
                archive.extractall(place, filter="data")
            yield from texts(place)
        else:
            # Digits of fractions and of digests may happen to hold those of an id.
            yield path, _BY_CHANCE.sub(" ", path.read_bytes().decode("utf-8", "replace"))


def traces(home: Path, members: list[Member], *, without: tuple[str, ...] = ()) -> list[str]:
    """In which files of a home any of *members* can still be told."""
    marks = set().union(*(member.marks for member in members))
    return [str(path.relative_to(home.parent)) for path, text in texts(home, without=without) if _has_any(text, marks)]


def _has_any(text: str, marks: set[str]) -> bool:
    return any(mark in text for mark in marks)


def pseudonyms_in(home: Path, members: list[Member]) -> set[str]:
    """Where a pseudonym of theirs still stands: files of the lake, models and receipts, and tables of the ledger."""
    wanted, found = {member.pseudonym for member in members}, set()
    for path in home.rglob("*.parquet"):
        frame = pl.read_parquet(path, hive_partitioning=False)
        numbers = frame.select(pl.col(pl.Int64))
        if any(wanted & set(column.to_list()) for column in numbers):
            found.add(path.relative_to(home).as_posix())
    with closing(sqlite3.connect(home / "ledger.sqlite3")) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            columns = [row[1] for row in database.execute(f'PRAGMA table_info("{table}")')]
            if "member" in columns:
                rows = {member for (member,) in database.execute(f'SELECT member FROM "{table}"')}
                found |= {table} if rows & wanted else set()
    return found


def test_many_members_are_erased_without_a_trace_and_the_log_is_whole(night: Path, members: list[Member]):
    """AU-6: the chain holds; no id, address or number is left in any file, and pseudonyms only in the log.

    Forty of 220 members; `make torture` erases five hundred of 1,250 (`TENURE_ERASED`).
    """
    assert len({path.split("/")[1] for path in traces(night, members)}) >= 1
    assert len(pseudonyms_in(night, members)) > 12

    done = erase(night, members)

    assert traces(night, members) == []
    assert pseudonyms_in(night, members) == {"ledger_audit_event"}
    assert tenure("audit", "verify", "--home", night).code == 0
    assert faults_of(night) == {"record"}, "which ends long before today"
    assert "What stays:" in done.out
    assert "nothing was left of them" in erase(night, members[:2]).out, "as after one that was cut off"
    with closing(sqlite3.connect(night / "ledger.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM ledger_identity").fetchone()[0] > 100
        assert database.execute("SELECT count(*) FROM ledger_suppression WHERE member IS NULL").fetchone()[0] == ERASED


def test_neither_a_sync_nor_an_older_backup_brings_them_back(night: Path, members: list[Member]):
    """PR-5: the source still has them, and so has the backup."""
    assert tenure("backup", "--home", night).code == 0
    (older,) = (night / "backups").glob("*.tar.gz")
    erase(night, members)
    with (night.parent / "exports" / "members.csv").open("a") as file:
        file.write("\n")

    again = tenure("run", "--home", night, "--as-of", "2025-03-02")
    assert again.code == 0, again.told
    assert traces(night, members, without=("backups",)) == []
    assert pseudonyms_in(night, members) == {"ledger_audit_event"}

    back = tenure("restore", older, "--home", night, "--replace")
    assert back.code == 0, back.told
    (aside,) = (path.name for path in night.glob("replaced-*"))
    assert traces(night, members, without=("backups", aside)) == []
    shutil.rmtree(night / aside)
    assert pseudonyms_in(night, members) == {"ledger_audit_event"}
    assert tenure("run", "--home", night, "--as-of", "2025-03-02").code == 0
    assert pseudonyms_in(night, members) == {"ledger_audit_event"}
    older.unlink()
    assert tenure("backup", "--home", night).code == 0
    assert traces(night, members) == []


def test_an_erasure_of_a_stranger_or_with_a_name_in_its_reason_is_refused(night: Path, members: list[Member]):
    told = ("--home", night, "--by", "marta", "--yes", "--why")
    stranger = tenure("member", "erase", members[0].id, "no-such-id", *told, WHY)
    named = tenure("member", "erase", members[0].id, *told, f"{members[0].email} wrote")

    assert (stranger.code, named.code) == (2, 2)
    assert not _has_any(stranger.told + named.told, members[0].marks)
    assert members[0].pseudonym in Lake.open(night / "lake").members()["member"]


def test_an_export_has_all_about_one_member_and_nothing_about_another(night: Path, members: list[Member]):
    """PR-4: to be read by programs and by people."""
    from tenure.ledger.models import Staff

    Staff.objects.create(username="marta", role="manager", created_at=NOON, password="!")
    one, other = members[:2]
    folder = night.parent / "file"
    done = tenure("member", "export", one.id, "--home", night, "--to", folder, "--by", "marta")
    assert done.code == 0, done.told

    told = json.loads((folder / "member.json").read_text())
    page = (folder / "member.html").read_text()
    assert all(told["records"][table] for table in ("members", "terms", "activity"))
    assert told["scores"][-1]["reason_1"] is not None
    assert len(told["made_from"]) == 1
    wanted = {"contact", "identity", "proposal", "outreach step", "approval", "response", "consent", "current score"}
    assert wanted <= set(told["ledger"])
    behind, sent = (row["text"] for row in told["audit"] if row["text"])
    assert (behind["cause"], sent) == ("band became medium", {"to": one.email})
    assert behind["reasons"][0] == told["scores"][-1]["reason_1"], "why they were proposed is theirs to read"
    for text in (json.dumps(told), page):
        assert all(mark in text for mark in one.marks)
        assert not _has_any(text, other.marks)
        assert str(one.pseudonym) not in text
        assert "Membership manager" in text
        assert "marta" not in text
    assert (folder / "member.json").stat().st_mode & 0o077 == 0
    assert tenure("member", "export", one.id, "--home", night, "--to", folder, "--by", "marta").code == 2


def test_who_objects_is_not_scored_listed_or_learnt_from_until_it_is_lifted(night: Path, members: list[Member]):
    """PR-5: at the next run, though the source says otherwise, and after a restore from before the objection."""
    from tenure.ledger.models import CurrentScore, Proposal

    one = members[0]
    theirs = pl.col("member") == one.pseudonym
    assert tenure("backup", "--home", night).code == 0
    (older,) = (night / "backups").glob("*.tar.gz")

    done = tenure("member", "object", one.id, "--home", night, "--by", "marta", "--json")
    assert (done.code, done.json["withdrawn"]) == (0, 1), done.told
    known, beside = (folder / "tombstones.jsonl" for folder in (night, night / "backups"))
    assert beside.read_bytes() == known.read_bytes() != b"", "a restore on another machine looks there"
    assert not CurrentScore.objects.filter(member=one.pseudonym).exists()
    assert Proposal.objects.get(member=one.pseudonym).rule == "objects"
    members_csv = night.parent / "exports" / "members.csv"
    members_csv.write_text(members_csv.read_text() + "\n")
    set_(night, train_every_days=1)
    again = tenure("run", "--home", night, "--as-of", "2025-03-02")
    assert again.code == 0, again.told
    lake = Lake.open(night / "lake")
    assert lake.scores(dt.date(2025, 3, 2)).filter(theirs).is_empty()
    assert lake.members().filter(theirs)["objects_to_profiling"].all()
    newest = max((night / "models").glob("2025-03-02-*"))
    assert pl.read_parquet(newest / "decisions.parquet").filter(theirs).is_empty()

    assert tenure("restore", older, "--home", night, "--replace").code == 0
    assert Lake.open(night / "lake").members().filter(theirs)["objects_to_profiling"].all()
    assert tenure("member", "object", one.id, "--home", night, "--by", "marta", "--lift").code == 0
    assert Lake.open(night / "lake").members().filter(theirs)["objects_to_profiling"].is_null().all()
    assert beside.read_bytes() == known.read_bytes() == b"", "nor does a restore there bring it back"
    assert tenure("member", "object", one.id, "--home", night, "--by", "marta", "--lift").code == 2
    assert tenure("audit", "verify", "--home", night).code == 0


def test_a_night_forgets_what_is_older_than_the_settings_let_it_be(night: Path):
    _point_at(night)
    from tenure.ledger.models import OutreachStep, Proposal

    old, new = proposing.opened(proposing.new(member=1), proposing.new(member=2))
    Proposal.objects.filter(pk__in=(old, new)).update(state="done")
    OutreachStep.objects.filter(proposal__in=(old, new)).update(state="done")
    long_ago = dt.datetime(2019, 3, 1, tzinfo=dt.UTC)
    for rows in (Proposal.objects.filter(pk=old), OutreachStep.objects.filter(proposal=old)):
        rows.update(changed_at=long_ago)
    connections.close_all()

    def forgotten() -> dict[str, object]:
        done = tenure("run", "--home", night, "--as-of", "2025-03-03", "--json")
        assert done.code == 0, done.told
        return next((step for step in done.json["steps"] if step["name"] == "retain"), {})

    assert forgotten() == {}, "nothing is forgotten where nothing is set"
    set_(night, outreach_years=3)
    told = forgotten()
    assert told["counts"] == {"OutreachStep": 1, "Proposal": 1}
    assert "forgot what was over before" in told["words"].lower()
    with closing(sqlite3.connect(night / "ledger.sqlite3")) as database:
        assert database.execute("SELECT id FROM ledger_proposal").fetchall() == [(new,)]
    assert tenure("audit", "verify", "--home", night).code == 0
    set_(night, outreach_years=2)
    refused = tenure("run", "--home", night)
    assert (refused.code, "at least 3" in refused.told) == (2, True)
