"""Tampering with the audit log shows: on exports in memory, on a ledger of either kind, and by the command."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import psycopg
import pytest

import proposing
from memory import in_little_memory
from tenure.base.errors import DamagedStore
from tenure.base.home import Home
from tenure.base.settings import Ledger, Settings, Source
from tenure.ledger import chain
from tenure.ledger.verifying import Anchor, Link, links_of, verify

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
ROWS, ATTEMPTS = 10_000, 1_000
Log = list[bytes]


@cache
def whole_log() -> Log:
    lines: Log = []
    previous = chain.GENESIS
    for number in range(1, ROWS + 1):
        details = {"step": number % 97, "kind": "email"}
        by = ("marta", "jon", "worker")[number % 3]
        row = chain.Row(number, NOON + dt.timedelta(0, number), by, "step:member:do", "", number, details, "", previous)
        previous = chain.digest(row.body())
        lines.append(chain.line(row.body(), previous))
    return lines


@cache
def link(line: bytes) -> Link | str:
    (found,) = links_of([line])
    return found


def parts(line: bytes) -> tuple[bytes, bytes]:
    return line[:-75] + b"}", line[-66:-2]


def rehash(lines: Log, first: int) -> Log:
    """Write the rows from place *first* on anew, so that each follows the one before."""
    done = lines[:first]
    previous = parts(done[-1])[1] if done else chain.GENESIS.encode()
    for place, line in enumerate(lines[first:], start=first + 1):
        body = re.sub(rb'"previous":"\w{64}"', b'"previous":"' + previous + b'"', parts(line)[0])
        body = re.sub(rb'"number":\d+', b'"number":%d' % place, body)
        previous = hashlib.sha256(body).hexdigest().encode()
        done.append(chain.line(body, previous.decode()))
    return done


def edit(lines: Log, at: int, dice: random.Random) -> Log:
    """Another word in one row: whose it is stays as it was or is made anew, which the next row then tells."""
    body, its_hash = parts(lines[at])
    other = body.replace(b"step:member:do", b"step:member:xx")
    told = dice.choice([its_hash.decode(), hashlib.sha256(other).hexdigest()])
    return [*lines[:at], chain.line(other, told), *lines[at + 1 :]]


def delete(lines: Log, at: int, dice: random.Random) -> Log:
    return lines[:at] + lines[at + dice.randint(1, 5) :]


def swap(lines: Log, at: int, dice: random.Random) -> Log:
    other = dice.choice([place for place in (0, at // 2, at - 1, ROWS - 1) if place != at])
    changed = list(lines)
    changed[at], changed[other] = changed[other], changed[at]
    return changed


def insert(lines: Log, at: int, dice: random.Random) -> Log:
    body, _ = parts(lines[at])
    forged = body.replace(b"step:member:do", b"step:member:zz")
    return [*lines[:at], chain.line(forged, hashlib.sha256(forged).hexdigest()), *lines[at:]]


def truncate(lines: Log, at: int, dice: random.Random) -> Log:
    return lines[:at]


def rewrite(lines: Log, at: int, dice: random.Random) -> Log:
    """One row changed, added or removed, and all from there on written anew, as one with every right could do."""
    changed = dice.choice([edit, delete, insert])(lines, at, dice)
    return rehash(changed, at)


WAYS: list[Callable[[Log, int, random.Random], Log]] = [edit, delete, swap, insert, truncate, rewrite]


def test_every_way_of_tampering_shows_with_an_anchor_and_all_but_rewriting_the_end_without():
    """AU-1: 1,000 of 1,000; what an unanchored check cannot see, it says that it cannot rule out."""
    dice, log = random.Random(20260301), whole_log()
    anchor = Anchor(ROWS, parts(log[-1])[1].decode(), "2026-03-01T12:00:00+00:00")
    assert verify(map(link, log), [anchor]).is_whole
    tried: Counter[str] = Counter()
    unseen: Counter[str] = Counter()

    for number in range(ATTEMPTS):
        way = WAYS[number % len(WAYS)]
        # Rewriting costs as much as there is after it, and it is the place that matters least there.
        at = ROWS - dice.randint(1, 400) if way is rewrite and number % 60 != 5 else dice.randrange(1, ROWS - 6)
        found = verify(map(link, way(log, at, dice)), [anchor])
        tried[way.__name__] += 1
        assert not found.is_whole, (way.__name__, at)
        if not any("anchor" not in words for words in found.findings):
            unseen[way.__name__] += 1

    assert sum(tried.values()) == ATTEMPTS
    assert unseen == {way: tried[way] for way in ("truncate", "rewrite")}


def test_what_could_not_be_ruled_out_is_said():
    log = whole_log()[:50]
    first = Anchor(20, parts(log[19])[1].decode())
    last = Anchor(50, parts(log[49])[1].decode())

    assert "rows 1 to 50" in verify(map(link, log)).not_ruled_out
    assert "rows 21 to 50" in verify(map(link, log), [first]).not_ruled_out
    assert verify(map(link, log), [first, last]).not_ruled_out == ""
    changed = verify(map(link, rehash(edit(log, 5, random.Random(1)), 5)), [first, last])
    assert (changed.anchored, changed.is_whole) == (0, False)


def test_what_is_no_row_is_said_by_its_line():
    log = whole_log()[:3]
    odd = [log[0], b"{}", b"", log[2] + b" ", b'[1,"hash":"' + b"0" * 64 + b'"}']

    assert len(verify(links_of(odd)).findings) == 4
    assert verify(links_of(line + b"\r\n" for line in log)).is_whole


def test_an_export_that_would_use_up_the_machine_is_no_audit_log(tmp_path: Path):
    """Whoever checks an export has it from somebody else: lines too deep, of other kinds, or without end."""
    from tenure.app import auditing

    tag = b',"hash":"' + b"0" * 64 + b'"}'
    odd = [b"[" * 100_000, b'{"number":[],"previous":""', b'{"number":1,"previous":{}', b'{"number":' + b"1" * 9_000]
    path = tmp_path / "export.jsonl"
    with path.open("wb") as file:
        file.writelines(line + tag + b"\n" for line in odd)
        file.truncate(300 << 20)
    with in_little_memory():
        found = auditing.of_export(path, ())
    assert not found.is_well
    assert found.verdict.rows == len(found.verdict.findings) + found.verdict.more >= 5


def write(count: int) -> None:
    from tenure.ledger import audit

    acts = [audit.Act("test:thing:do", details={"number": number}) for number in range(count)]
    audit.record_all(acts, by="test", clock=lambda: NOON)


def unguarded(*statements: str) -> None:
    """Change the log as somebody would who may do anything with the database."""
    from django.db import connection

    from tenure.ledger import guards

    guards.remove(connection)
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_a_changed_ledger_is_found_out(home: Home):
    from tenure.ledger import anchors

    write(30)
    assert anchors.verify_ledger([anchors.current()]).is_whole

    unguarded("UPDATE ledger_audit_event SET \"by\" = 'nobody' WHERE number = 7")
    assert [words[:6] for words in anchors.verify_ledger([]).findings] == ["row 7:"]


def test_sealed_text_is_missed_unless_its_member_was_erased(home: Home):
    from tenure.ledger import anchors, audit, seals
    from tenure.ledger.models import AuditSeal

    for member in (1, 2, 3):
        audit.record("step:member:deliver", by="worker", member=member, sealed={"body": f"Dear {member}"})
    assert anchors.verify_ledger([]).is_whole

    seals.destroy(member=1)
    AuditSeal.objects.filter(member=2).update(text=b"x" * 40)
    assert [words[:6] for words in anchors.verify_ledger([]).findings] == ["row 1:", "row 2:"]

    audit.record(anchors.ERASED, by="test", member=1)
    assert [words[:6] for words in anchors.verify_ledger([]).findings] == ["row 2:"]


def test_what_was_over_long_ago_is_forgotten_and_the_log_is_whole(home: Home):
    """Four years on: of three proposals of the time one is still open and one had an answer of late."""
    from tenure.ledger import anchors, experiments, proposals, responses, retention
    from tenure.ledger.models import Approval, Assignment, AuditEvent, AuditSeal, OutreachStep, Proposal, Response

    def then() -> dt.datetime:
        return proposing.MORNING

    proposing.staff(marta="manager")
    old, waiting, late = proposing.opened(proposing.new(1), proposing.new(2), proposing.new(3))
    drawn = [experiments.Drawn(1, "treated", "high, before")]
    experiments.keep(experiment="x", drawn=drawn, share=0.5, as_of=proposing.NIGHT.date(), by="night")
    for proposal in (old, late):
        proposals.reject(proposal=proposal, by="marta", reason="other", words=f"moved {proposal}", clock=then)
    step = OutreachStep.objects.get(proposal=old)
    Approval.objects.create(step=step, digest=step.digest, at=proposing.MORNING, by="marta")
    said = responses.News(1, "answered", "page", "r1", proposing.MORNING, step.pk, "call me on Sunday")
    responses.note(news=said, by="member", clock=then)
    now = proposing.MORNING + dt.timedelta(days=1461)
    OutreachStep.objects.filter(proposal=late).update(changed_at=now - dt.timedelta(days=30))
    seals = AuditSeal.objects.count()
    assert seals >= 3

    gone = retention.forget(before=now - dt.timedelta(days=1098), by="night", clock=lambda: now)
    assert gone == {"Proposal": 1, "OutreachStep": 1, "Approval": 1, "Response": 1, "sealed texts": seals}
    assert set(Proposal.objects.values_list("pk", flat=True)) == {waiting, late}
    assert (Response.objects.count(), Assignment.objects.count()) == (0, 1)
    verdict = anchors.verify_ledger([])
    assert verdict.is_whole, verdict.findings
    assert AuditEvent.objects.get(act=anchors.FORGOTTEN).details["Proposal"] == 1
    assert retention.forget(before=now - dt.timedelta(days=1098), by="night", clock=lambda: now) == {}

    audit_of_today = responses.News(2, "replied", "staff", "r2", now, None, "after it")
    responses.note(news=audit_of_today, by="marta", clock=lambda: now)
    AuditSeal.objects.all().delete()
    assert len(anchors.verify_ledger([]).findings) == 1, "what was sealed since may not be gone"


def test_the_next_night_sees_that_the_end_was_rewritten(home: Home, tmp_path: Path):
    from tenure.ledger import anchors

    write(10)
    anchors.keep(tmp_path, clock=lambda: NOON)
    anchors.require_continued(tmp_path)
    write(5)
    anchors.require_continued(tmp_path)

    unguarded("DELETE FROM ledger_audit_event WHERE number > 9")
    write(6)
    assert anchors.verify_ledger([]).is_whole
    with pytest.raises(DamagedStore, match="anchored on 2026-03-01 at row 10"):
        anchors.require_continued(tmp_path)


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_an_export_can_be_checked_offline_by_the_command_and_by_the_published_program(home: Home, tmp_path: Path):
    """AU-2: with the file, the anchor and thirty lines of a page; neither a home nor a database is needed."""
    from tenure.ledger import anchors, audit

    write(40)
    _, anchor = anchors.keep(tmp_path / "elsewhere", clock=lambda: NOON)
    export = tmp_path / "log.jsonl"
    export.write_bytes(b"".join(line + b"\n" for line in audit.lines()))
    page = (Path(__file__).parents[2] / "docs" / "audit.md").read_text()
    program = re.search(r"```python\n(import hashlib.*?)```", page, re.DOTALL)
    assert program is not None

    def both(path: Path) -> tuple[int, int, str]:
        alone = subprocess.run([sys.executable, "-c", program[1], path], capture_output=True, text=True)
        command = [Path(sys.executable).parent / "tenure", "audit", "verify", path, "--anchor", anchor, "--json"]
        ours = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        return alone.returncode, ours.returncode, alone.stdout + ours.stdout

    assert both(export)[:2] == (0, 0)
    assert json.loads(both(export)[2].partition("\n")[2])["not_ruled_out"] == []
    export.write_bytes(export.read_bytes().replace(b'"number":17}', b'"number":71}'))
    assert both(export)[:2] == (1, 1)


@pytest.mark.parametrize("settings", ["postgresql"], indirect=True)
def test_a_role_with_the_printed_grants_can_add_and_never_change(home: Home, settings: Settings):
    """AU-4 on PostgreSQL without the triggers' help: no right to change, to truncate, to drop or to switch off."""
    from tenure import ledger
    from tenure.ledger import audit, guards

    write(3)
    role = f"app_{abs(hash(settings.ledger.database)) % 10**9}"
    with psycopg.connect(settings.ledger.database, autocommit=True) as owner:
        owner.execute(f"CREATE ROLE {role} LOGIN")  # type: ignore[arg-type]
        owner.execute(guards.grants(role))  # type: ignore[arg-type]
    address = settings.ledger.database.replace("//tenure@", f"//{role}@")
    refused = [
        "UPDATE ledger_audit_event SET act = 'x'",
        "DELETE FROM ledger_audit_event",
        "TRUNCATE ledger_audit_event",
        "DROP TABLE ledger_audit_event",
        "ALTER TABLE ledger_audit_event DISABLE TRIGGER ALL",
        "DROP TRIGGER audit_event_no_change ON ledger_audit_event",
        "DROP FUNCTION ledger_refuse_change() CASCADE",
        "SET session_replication_role = replica",
    ]
    with psycopg.connect(address, autocommit=True) as application:
        for statement in refused:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                application.execute(statement)  # type: ignore[arg-type]

    ledger.setup(home, Settings(source=Source(kind="files"), ledger=Ledger(database=address)))
    ledger.migrate()
    write(2)
    assert sum(1 for _ in audit.lines()) == 5
