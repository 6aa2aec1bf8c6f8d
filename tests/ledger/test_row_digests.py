"""What nobody changed and says something else is noticed, on either database; what somebody changed is not."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tenure.base.errors import DamagedStore
from tenure.base.home import Home

NOON = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
TABLE = "AI_Member_Risk"


@pytest.fixture
def noted(home: Home) -> Home:
    """A ledger with contacts, an outbox, a run and an account, as a run noted it."""
    from tenure.ledger import outbox, runs, staff, witness
    from tenure.ledger.models import Contact

    Contact.objects.bulk_create([Contact(member=n, first_name=f"First {n}", email=f"m{n}@x.example") for n in range(9)])
    outbox.plan(table=TABLE, rows=[outbox.Wanted(f"{n:05}", {"RiskScore": 62}, "a") for n in range(9)])
    with runs.start(as_of=NOON.date(), kind="night", by="test") as run, run.step("sync") as step:
        step.count(members=9)
    staff.create(username="marta", password="a long enough one", by="test")
    witness.note(home)
    witness.require_whole(home)
    return home


@contextmanager
def without_a_word() -> Iterator[None]:
    """Statements in the block are none to the triggers, as nothing is that a disk does by itself."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET session_replication_role = replica")
            yield
            cursor.execute("SET session_replication_role = DEFAULT")
            return
        made = cursor.execute("SELECT name, sql FROM sqlite_master WHERE name LIKE '%digest%' AND type = 'trigger'")
        triggers = made.fetchall()
        for name, _ in triggers:
            cursor.execute(f"DROP TRIGGER {name}")
        yield
        for _, sql in triggers:
            cursor.execute(sql)


def test_what_no_statement_changed_and_says_something_else_is_named(noted: Home):
    from django.db import connection

    from tenure.ledger import witness

    with without_a_word(), connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_contact SET email = 'n3@x.example' WHERE member = 3")
        cursor.execute("DELETE FROM ledger_contact WHERE member > 6")
        cursor.execute("UPDATE ledger_outbox SET digest = 'b' WHERE member_id IN ('00001', '00002')")
        cursor.execute("UPDATE ledger_run SET \"by\" = 'tesu'")
        cursor.execute("UPDATE ledger_staff SET role = 'director'")

    with pytest.raises(DamagedStore) as told:
        witness.require_whole(noted)
    harmed = "contact, 3 rows; outbox, 2 rows; run, 1 row; staff, 1 row"
    assert f"is damaged: what it says is not what was written ({harmed})" in str(told.value)
    assert "tenure restore BACKUP" in told.value.mend


def test_whatever_is_changed_by_a_statement_is_no_damage(noted: Home):
    """By the rooms of the ledger, in bulk, by hand in SQL, and by replacing a row under its own key."""
    from django.db import connection

    from tenure.ledger import outbox, witness
    from tenure.ledger.models import Contact, RunStep, Staff

    outbox.plan(table=TABLE, rows=[outbox.Wanted("00001", {"RiskScore": 70}, "b")])
    outbox.settle(outcomes=[(row, "done", "") for row in outbox.pending(table=TABLE)[:3]])
    contacts = list(Contact.objects.filter(member__lt=3))
    for contact in contacts:
        contact.email = ""
    Contact.objects.bulk_update(contacts, ["email"])
    Contact.objects.filter(member=5).delete()
    Contact.objects.create(member=5, email="back@x.example")
    Staff.objects.update(role="auditor")
    RunStep.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_contact SET phone = '1' WHERE member = 8")
        if connection.vendor == "sqlite":
            cursor.execute("INSERT OR REPLACE INTO ledger_contact SELECT * FROM ledger_contact WHERE member = 7")
            cursor.execute("UPDATE ledger_contact SET phone = '2' WHERE member = 7")

    witness.require_whole(noted)
    witness.note(noted)
    witness.require_whole(noted)


def test_what_was_written_since_the_last_run_has_its_digest_after_the_next(noted: Home):
    from django.db import connection

    from tenure.ledger import witness
    from tenure.ledger.models import Contact

    Contact.objects.create(member=77, email="new@x.example")
    witness.note(noted)
    with without_a_word(), connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_contact SET email = 'old@x.example' WHERE member = 77")

    with pytest.raises(DamagedStore, match="contact, 1 row"):
        witness.require_whole(noted)


def test_a_ledger_whose_witness_was_deleted_passes_as_it_is(noted: Home):
    from django.db import connection

    from tenure.ledger import witness

    with without_a_word(), connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_contact SET email = ''")
    (noted.root / witness.NAME).unlink()

    witness.require_whole(noted)
    witness.note(noted)
    witness.require_whole(noted)


def test_every_table_has_digests_or_a_reason_to_have_none(noted: Home):
    """A table that is added later is among them by itself."""
    from django.apps import apps
    from django.db import connection

    from tenure.ledger import row_digests

    models = (model for model in apps.get_app_config("ledger").get_models() if model not in row_digests.LEFT_OUT)
    wanted = {model._meta.db_table for model in models}

    assert set(row_digests.looked_after(connection)) == wanted


def test_tables_of_another_form_are_another_ledger_and_get_digests_anew(noted: Home):
    from django.core.management import call_command
    from django.db import connection

    from tenure import ledger
    from tenure.ledger import row_digests, witness

    call_command("migrate", "ledger", "0012_objections", verbosity=0)
    ledger.migrate()
    witness.require_whole(noted)
    witness.note(noted)

    assert "ledger_outbox" in row_digests.looked_after(connection), "its triggers went with its old form"
    with without_a_word(), connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_outbox SET attempts = 7")
    with pytest.raises(DamagedStore, match="outbox, 9 rows"):
        witness.require_whole(noted)
