"""The key of the pseudonyms is changed, and all history with it; by the command, on a whole home."""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import httpx
import polars as pl
import pytest
from calls import BIN, faults_of, tenure
from django.core.signing import BadSignature, TimestampSigner
from django.db import connections

import proposing
from tenure import ledger
from tenure.base.errors import HeldBack
from tenure.base.home import Home
from tenure.base.pseudonym import Pseudonyms
from tenure.base.settings import read_settings
from tenure.base.tombstones import Tombstones
from tenure.lake import Lake
from tenure.outreach.tokens import Ticket, Tokens

WHY = ("--by", "ada", "--why", "the key was seen by somebody")
COLUMNS = {"member", "organization"}


def pseudonyms_in(home: Path) -> dict[str, set[int]]:
    """By file of the home, every number in it that may be a member's."""
    found = {}
    for path in sorted(home.rglob("*.parquet")):
        frame = pl.read_parquet(path, hive_partitioning=False).select(pl.col(pl.Int64))
        found[path.relative_to(home).as_posix()] = {n for column in frame for n in column.drop_nulls().to_list()}
    return found


@pytest.fixture
def worked(night: Path) -> Path:
    """A home with one member erased, one objecting, and an approved message to a third."""
    home = Home(night)
    ledger.setup(home, read_settings(home))
    ledger.migrate()
    from tenure.ledger import approvals, audit, identities

    ids = list(identities.ids_of(members=Lake.open(home.lake).scores()["member"].to_list()[:3]).items())
    assert tenure("member", "erase", ids[0][1], "--home", night, "--yes", "--by", "ada", "--why", "asked").code == 0
    assert tenure("member", "object", ids[1][1], "--home", night, "--by", "ada").code == 0
    proposing.known_staff(marta="manager")
    (pk,) = proposing.opened(proposing.new(member=ids[2][0]))
    told = approvals.approve(proposals=[pk], by="marta", seen=proposing.seen(pk), settings=proposing.settings())
    assert told[0].state == "approved"
    audit.record("step:member:deliver", by="marta", member=ids[2][0], sealed={"to": "a@example.org"})
    connections.close_all()
    (night / "ids").write_text("\n".join(told for _, told in ids))
    return night


def test_every_pseudonym_is_another_one_and_all_history_is_kept(worked: Path):
    home = Home(worked)
    before, keyed = pseudonyms_in(worked), Pseudonyms.of(home)
    erased, objecting, written = (worked / "ids").read_text().split()
    scores, terms = Lake.open(home.lake).scores(), Lake.open(home.lake).terms()
    ticket = Ticket(keyed.one(written), "tn-reference", dt.date(2025, 3, 1))
    link = Tokens(keyed).make("unsubscribe", ticket)
    receipt = tenure("receipt", written, "--home", worked, "--json").json
    acts = tenure("audit", "show", "--member", written, "--home", worked, "--json").json["rows"]
    assert acts

    done = tenure("key", "rotate", "members", "--home", worked, *WHY, "--json")

    assert done.code == 0, done.told
    after, now = pseudonyms_in(worked), Pseudonyms.of(home)
    assert set(after) == set(before)
    former = {keyed.one(told) for told in _ids(worked)}
    assert all(not former & numbers for numbers in after.values())
    turned = {keyed.one(told): now.one(told) for told in _ids(worked)}
    lake = Lake.open(home.lake)
    for then, found in ((scores, lake.scores()), (terms, lake.terms())):
        assert found.height == then.height > 100
        same = then.with_columns(pl.col("member").replace(turned)).sort(then.columns)
        assert found.sort(then.columns).equals(same)
    assert Tombstones(home).erased([now.one(erased), now.one(written)]) == {now.one(erased)}
    assert Tombstones(home).objecting([now.one(objecting), now.one(written)]) == {now.one(objecting)}
    assert Tokens(now).read("unsubscribe", link) == Ticket(now.one(written), "tn-reference", ticket.issued_on)
    assert tenure("audit", "verify", "--home", worked).code == 0
    assert faults_of(worked) == {"record"}, "which ends long before today"
    told = tenure("member", "export", written, "--home", worked, "--to", worked.parent / "file", "--by", "ada")
    assert told.code == 0, told.told
    assert "a@example.org" in (worked.parent / "file" / "member.json").read_text()
    assert tenure("receipt", written, "--home", worked, "--json").json == receipt
    looked = tenure("audit", "show", "--member", written, "--home", worked, "--json").json["rows"]
    assert looked[: len(acts)] == acts
    _the_approval_stands(home)
    connections.close_all()
    _the_night_goes_on(worked, erased)
    _an_older_backup_goes_by_its_key(worked, done.json["backup"])


def _ids(home: Path) -> list[str]:
    _open(Home(home))
    from tenure.ledger import identities

    return list(identities.ids_of().values())


def _open(home: Home) -> None:
    ledger.setup(home, read_settings(home))


def _the_approval_stands(home: Home) -> None:
    _open(home)
    from tenure.ledger import approvals, deliveries
    from tenure.ledger.models import OutreachStep

    assert approvals.void_changed(by="test") == 0
    (step,) = OutreachStep.objects.filter(state="approved")
    assert deliveries.standing(step, dt.date(2025, 3, 2)) is not None


def _the_night_goes_on(home: Path, erased: str) -> None:
    rows = Lake.open(home / "lake").terms().height
    members_csv = home.parent / "exports" / "members.csv"
    members_csv.write_text(members_csv.read_text() + "\n")
    again = tenure("run", "--home", home, "--as-of", "2025-03-02")
    assert again.code == 0, again.told
    lake = Lake.open(home / "lake")
    assert lake.terms().height == rows, "what the source tells again is known"
    assert Pseudonyms.of(Home(home)).one(erased) not in lake.members()["member"]


def _an_older_backup_goes_by_its_key(home: Path, backup: str) -> None:
    """And the key that was in its place is kept, for backups that go by it."""
    later = tenure("backup", "--home", home, "--to", home.parent / "later", "--json").json["path"]
    back = tenure("restore", backup, "--home", home, "--replace")
    assert back.code == 0, back.told
    assert len(Home(home).key_file.read_text().split()) == 1
    assert not Home(home).receipts.exists(), "they go by the other key"
    assert tenure("audit", "verify", "--home", home).code == 0
    (kept,) = home.glob("secrets/pseudonym.key-until-*")
    again = tenure("restore", later, "--home", home, "--replace", "--key", kept)
    assert again.code == 0, again.told
    assert tenure("audit", "verify", "--home", home).code == 0


def test_what_was_killed_anywhere_goes_on_and_nothing_else_opens_the_home_before(night: Path):
    home = Home(night)
    former = {Pseudonyms.of(home).one(told) for told in _ids(night)}
    connections.close_all()
    for sign in ("secrets/pseudonym.key.next", "lake/.by-key-*", "models/.by-key-*"):
        _killed_after(night, sign)
        with pytest.raises(HeldBack, match="being changed"):
            Pseudonyms.of(home)
    refused = tenure("run", "--home", night, "--as-of", "2025-03-02")
    assert refused.code != 0
    assert "tenure key rotate members" in refused.told
    looked = tenure("doctor", "--home", night)
    assert looked.code == 1
    assert "FAULT  pseudonym key: is being changed, or that was cut off" in looked.out

    done = tenure("key", "rotate", "members", "--home", night, *WHY, "--json")

    assert (done.code, done.json["backup"]) == (0, None), done.told
    assert not [*night.rglob(".by-key-*"), *night.glob(".*-former"), *night.glob(".*-fresh")]
    assert all(not former & numbers for numbers in pseudonyms_in(night).values())
    now = {Pseudonyms.of(home).one(told) for told in _ids(night)}
    assert set(Lake.open(home.lake).scores()["member"]) <= now
    assert tenure("audit", "verify", "--home", night).code == 0


def _killed_after(home: Path, sign: str) -> None:
    """Begin to change the key, or go on with it, and kill that as soon as there is a file like *sign*.

    Once models are being written nobody else may write to the ledger, so that the end cannot come before the kill.
    """
    command = [BIN / "tenure", "key", "rotate", "members", "--home", home, *WHY]
    with closing(sqlite3.connect(home / "ledger.sqlite3", isolation_level=None, timeout=0)) as held:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and not any(home.glob(sign)):
            if not held.in_transaction and (home / ".models-fresh").exists():
                with suppress(sqlite3.OperationalError):
                    held.execute("BEGIN IMMEDIATE")
            time.sleep(0.001)
        process.kill()
        process.wait()


def test_pages_go_on_while_the_key_is_changed_and_nothing_that_is_done_there_is_lost(worked: Path):
    """Cut off while stores are made anew: pages read and write. To the end: one reads on. Half-way: they say so."""
    written, key = (worked / "ids").read_text().split()[2], Home(worked).key_file
    connections.close_all()
    before = key.read_text()
    with _served(worked) as staff:
        shown = _told_of(staff, written)
        _killed_after(worked, "secrets/pseudonym.key.next")
        assert Home(worked).next_key_file.exists()
        assert _told_of(staff, written) == shown
        assert staff.get("/today.csv").status_code == 200, "what is sent bit by bit is held likewise"
        assert _leave_alone(staff, written).status_code == 302

        with _reading_on(staff, written) as answers:
            done = tenure("key", "rotate", "members", "--home", worked, *WHY, "--json")
        assert done.code == 0, done.told
        assert key.read_text() != before
        assert answers.count(200) > 0
        assert set(answers) <= {200, 503}
        assert _told_of(staff, written) == shown, "by the same process, which knew the members by the key before"
        assert _a_worker_has_the_lease(worked), "it had given way"
        rows = tenure("audit", "show", "--member", written, "--home", worked, "--json").json["rows"]
        assert rows[-1]["act"] == "do-not-wake:member:add"
        assert tenure("audit", "verify", "--home", worked).code == 0
        _the_approval_stands(Home(worked))
        connections.close_all()

        _killed_after(worked, "lake/.by-key-*")
        for answer in (staff.get("/"), _leave_alone(staff, written, token="of no page"), staff.get("/api/v1/members")):
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
            assert "A key is being changed" in answer.text


@contextmanager
def _served(home: Path) -> Iterator[httpx.Client]:
    """The staff pages of *home* by a process of their own, and somebody signed in there."""
    account = ("staff", "add", "nora", "--role", "manager", "--home", home)
    made = tenure(*account, TENURE_STAFF_PASSWORD="a long password")
    assert made.code == 0, made.told
    command = [BIN / "tenure", "serve", "--home", home, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            with httpx.Client(base_url=process.stdout.readline().split()[-1], timeout=60) as staff:
                form = {"username": "nora", "password": "a long password"}
                form["csrfmiddlewaretoken"] = _token(staff, "/sign-in")
                assert staff.post("/sign-in", data=form).status_code == 302
                yield staff
        finally:
            process.terminate()


def _token(staff: httpx.Client, page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', staff.get(page).text)
    assert found is not None
    return found[1]


def _told_of(staff: httpx.Client, member_id: str) -> tuple[str, str]:
    """What the page says of a member's risk, and what the lake knows that they did."""
    page, acts = staff.get(f"/members/{member_id}/"), staff.get(f"/members/{member_id}/timeline.csv")
    assert (page.status_code, acts.status_code) == (200, 200)
    assert member_id in page.text
    return acts.text, str(re.findall(r"\d+ in 100", page.text))


def _leave_alone(staff: httpx.Client, member_id: str, token: str = "") -> httpx.Response:
    form = {"member": member_id, "do": "add", "why": "renews anyway", "until": ""}
    form["csrfmiddlewaretoken"] = token or _token(staff, "/settings/left-alone/")
    return staff.post("/settings/left-alone/change", data=form)


@contextmanager
def _reading_on(staff: httpx.Client, member_id: str) -> Iterator[list[int]]:
    """Somebody reads a member's page again and again in the block; how each answer ended."""
    answers: list[int] = []
    over = threading.Event()

    def read() -> None:
        while not over.wait(0.05):
            answers.append(staff.get(f"/members/{member_id}/").status_code)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield answers
    finally:
        over.set()
        reader.join()


def _a_worker_has_the_lease(home: Path) -> bool:
    for _ in range(300):
        with closing(sqlite3.connect(home / "ledger.sqlite3")) as ledger:
            ((holder,),) = ledger.execute("SELECT holder FROM ledger_lease WHERE name = 'work'").fetchall()
        if holder:
            return True
        time.sleep(0.1)
    return False


def test_sessions_are_signed_by_a_new_key_and_the_old_one_is_good_for_a_week(night: Path):
    path = night / "secrets" / "web.key"
    _open(Home(night))
    signed = TimestampSigner().sign("session")
    (old,) = path.read_text().split()

    assert tenure("key", "rotate", "sessions", "--home", night, "--by", "ada").code == 0

    new, former = path.read_text().splitlines()
    assert new != old == former.split()[0]
    _open(Home(night))
    assert TimestampSigner().unsign(signed) == "session"
    assert TimestampSigner().sign("session") != signed
    path.write_text(f"{new}\n{old} 2025-01-01T00:00:00+00:00")
    _open(Home(night))
    with pytest.raises(BadSignature):
        TimestampSigner().unsign(signed)
    assert path.stat().st_mode & 0o077 == 0
