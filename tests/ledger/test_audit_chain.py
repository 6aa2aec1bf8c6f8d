"""The audit log: one chain whoever writes, which the database itself refuses to change."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import threading
from collections.abc import Iterable

import pytest

from tenure.base.errors import DamagedStore
from tenure.base.home import Home

pytestmark = pytest.mark.usefixtures("home")

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)


def check(lines: Iterable[bytes]) -> str:
    """The published algorithm, written down once more from docs/audit.md; gives the last hash."""
    previous = "0" * 64
    for number, line in enumerate(lines, start=1):
        body, found = line[: -len(b',"hash":""}') - 64] + b"}", line[-66:-2].decode()
        row = json.loads(body)
        assert (row["number"], row["previous"]) == (number, previous)
        assert hashlib.sha256(body).hexdigest() == found
        previous = found
    return previous


def write(count: int, by: str = "test") -> None:
    from tenure.ledger import audit

    for number in range(count):
        audit.record("test:thing:do", by=by, subject=f"thing {number}", clock=lambda: NOON, number=number)


def test_whoever_writes_at_the_same_time_adds_to_one_chain():
    from django.db import connection, transaction

    from tenure.ledger import audit
    from tenure.ledger.models import AuditEvent

    def write_and_close(by: str) -> None:
        try:
            for _ in range(5):
                with transaction.atomic():
                    write(5, by)
        finally:
            connection.close()

    writers = [threading.Thread(target=write_and_close, args=(f"writer {i}",)) for i in range(6)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()

    assert check(audit.lines()) == AuditEvent.objects.order_by("-number").values_list("hash", flat=True).first()
    assert AuditEvent.objects.count() == 150


def test_a_transaction_that_is_taken_back_leaves_no_gap():
    from django.db import transaction

    from tenure.ledger import audit

    write(2)
    with transaction.atomic():
        write(3)
        transaction.set_rollback(True)
    write(1)

    assert [json.loads(line)["number"] for line in audit.lines()] == [1, 2, 3]
    check(audit.lines())


def test_what_a_database_would_store_otherwise_is_hashed_as_it_is_read():
    """Whole numbers with a point, tiny and huge figures, what is no number, a NUL, accents, sets and dates."""
    from tenure.ledger import audit

    audit.record(
        "test:thing:do",
        by="Łucja \0",
        subject="ż \ud800",
        clock=lambda: NOON,
        figures=[3.0, 1e-7, 0.1, 1e16, 1.5e300, float("nan"), -0.0, 2**60, True, None],
        nested={"b": {"z": 1, "a": [{"y": 2.50}]}, "a": {3, 1}},
        on=dt.date(2026, 1, 2),
        words="a\0b",
    )

    check(audit.lines())
    (row,) = map(json.loads, audit.lines())
    assert row["details"]["figures"] == [3, 1e-7, 0.1, "1e+16", "1.5e+300", None, 0, str(2**60), True, None]
    assert row["details"]["on"] == "2026-01-02"


@pytest.mark.parametrize("statement", ["UPDATE", "DELETE", "replace", "truncate", "orm change", "orm deletion"])
def test_the_database_refuses_to_change_the_log(statement: str):
    """AU-4: through the ORM and in raw SQL, one row and all of them."""
    from django.db import DatabaseError, connection

    from tenure.ledger import audit
    from tenure.ledger.models import AuditEvent

    write(3)
    before = list(audit.lines())
    event = AuditEvent.objects.get(number=2)
    event.by = "somebody else"
    of_each = {
        "sqlite": {
            "replace": "INSERT OR REPLACE INTO ledger_audit_event SELECT * FROM ledger_audit_event WHERE number = 2",
            "truncate": "DELETE FROM ledger_audit_event WHERE 1",
        },
        "postgresql": {
            "replace": "INSERT INTO ledger_audit_event SELECT * FROM ledger_audit_event WHERE number = 2 "
            "ON CONFLICT (number) DO UPDATE SET \"by\" = 'somebody else'",
            "truncate": "TRUNCATE ledger_audit_event CASCADE",
        },
    }[connection.vendor]
    raw = {
        "UPDATE": "UPDATE ledger_audit_event SET \"by\" = 'somebody else' WHERE number = 2",
        "DELETE": "DELETE FROM ledger_audit_event WHERE number = 3",
        **of_each,
    }
    ways = {"orm change": event.save, "orm deletion": AuditEvent.objects.all().delete}

    with connection.cursor() as cursor, pytest.raises(DatabaseError, match="never changed or deleted"):
        ways[statement]() if statement in ways else cursor.execute(raw[statement])

    assert list(audit.lines()) == before


def test_guards_that_are_gone_are_missed():
    from django.db import connection

    from tenure.ledger import guards

    assert guards.missing(connection) == []
    guards.remove(connection)
    gone = guards.missing(connection)
    guards.install(connection)

    assert len(gone) >= 2
    assert guards.missing(connection) == []


def test_sealed_text_opens_until_the_members_key_is_destroyed():
    from tenure.ledger import audit, seals
    from tenure.ledger.models import AuditSeal

    words = {"subject": "Your membership", "body": "Dear Zofia Kwiatkowska-Ostrowska"}
    audit.record("step:member:deliver", by="worker", member=-7, sealed=words, step=1)
    audit.record("step:member:deliver", by="worker", member=8, sealed={"body": "Dear Jan"}, step=2)

    assert seals.texts_of(numbers=[1, 2]) == {1: words, 2: {"body": "Dear Jan"}}
    assert not any("Zofia" in line.decode() for line in audit.lines())
    assert b"Zofia" not in bytes(AuditSeal.objects.get(number=1).text)

    seals.destroy(member=-7)

    assert seals.texts_of(numbers=[1, 2]) == {2: {"body": "Dear Jan"}}
    check(audit.lines())


def test_a_seal_does_not_open_without_the_key_in_secrets(home: Home):
    """A stolen ledger or a backup holds half a key."""
    from tenure.ledger import audit, seals

    audit.record("step:member:deliver", by="worker", member=-7, sealed={"body": "Dear Zofia"})
    home.key_file.write_text("ab" * 32)

    with pytest.raises(DamagedStore, match="does not open"):
        seals.texts_of(numbers=[1])


def test_rows_from_before_the_chain_are_chained():
    from django.core.management import call_command
    from django.db import connection

    from tenure import ledger
    from tenure.ledger import audit

    call_command("migrate", "ledger", "0007_outreach", verbosity=0)
    with connection.cursor() as cursor:
        for number in range(3):
            cursor.execute(
                'INSERT INTO ledger_audit_event (at, "by", act, subject, details) VALUES (%s, %s, %s, %s, %s)',
                [NOON, "marta", "old:thing:do", f"thing {number}", json.dumps({"share": 2.0, "n": number})],
            )
    ledger.migrate()
    write(1)

    check(audit.lines())
    assert [json.loads(line)["act"] for line in audit.lines()] == ["old:thing:do"] * 3 + ["test:thing:do"]
