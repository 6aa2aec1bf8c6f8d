from __future__ import annotations

import datetime as dt
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from tenure import ledger
from tenure.base.errors import BadInput, DamagedStore, HeldBack, UsageError
from tenure.base.home import Home
from tenure.base.settings import Ledger, Settings, Source

DAY = dt.date(2025, 3, 1)
pytestmark = pytest.mark.usefixtures("home")


def scores_frame(day: dt.date = DAY, chance: float = 0.62, members: int = 3) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "member": [-(10**18) + i for i in range(members)],
            "as_of": [day] * members,
            "renewal_due_on": [day + dt.timedelta(30)] * members,
            "p_lapse_30": [chance / 3] * members,
            "p_lapse_60": [chance / 2] * members,
            "p_lapse_90": [chance] * members,
            "p_lapse_renewal": [chance] * members,
            "p_low": [chance - 0.1] * members,
            "p_high": [chance + 0.1] * members,
            "risk_score": [round(chance * 100)] * members,
            "risk_rank": [i / members for i in range(members)],
            "band": ["high"] * members,
            "predicted_lapse_on": [None] * members,
            "reason_1": ["No login for 94 days"] * members,
            "reason_1_points": [21.0] * members,
            "model_version": ["v1"] * members,
            "dues": [320.0] * members,
            "in_grace": [False] * members,
        },
        schema_overrides={"predicted_lapse_on": pl.Date},
    )


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_sqlite_keeps_a_log_and_waits_for_the_disk(home: Home):
    """WAL and synchronous=FULL, and the file is for its owner alone."""
    from django.db import connection

    with connection.cursor() as cursor:
        names = ("journal_mode", "synchronous", "foreign_keys")
        modes = [cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in names]
        waits = cursor.execute("PRAGMA busy_timeout").fetchone()[0]

    assert modes == ["wal", 2, 1]
    assert waits >= 5_000
    assert home.ledger.stat().st_mode & 0o077 == 0


def test_migrations_are_as_the_models_are():
    """No model was changed without its migration."""
    from django.core.management import call_command

    call_command("makemigrations", "ledger", check=True, dry_run=True, verbosity=0)


def test_what_imis_holds_is_known_of_rows_written_before_it_was_kept():
    from django.core.management import call_command
    from django.db import connection

    from tenure.ledger import outbox

    table = "AI_Member_Risk"
    outbox.plan(table=table, rows=[outbox.Wanted(name, {"RiskScore": 62}, "a") for name in ("1", "2")])
    outbox.mark(row=outbox.pending(table=table)[0], state="done")
    call_command("migrate", "ledger", "0012_objections", verbosity=0)
    with connection.cursor() as cursor:
        columns = [column.name for column in connection.introspection.get_table_description(cursor, "ledger_outbox")]
    assert "done_payload" not in columns

    ledger.migrate()

    assert outbox.written(table=table) == [outbox.Written("1", {"RiskScore": 62})]


def test_a_second_home_takes_the_place_of_the_first(home: Home, settings: Settings, tmp_path: Path):
    """One process can serve one association after another, and rows stay with their own."""
    from tenure.ledger import identities

    identities.learn(pairs=[(1, "00123")])
    ledger.setup(Home(tmp_path / "other"), Settings(source=Source(kind="files")))
    ledger.migrate()
    assert identities.ids_of() == {}

    ledger.setup(home, settings)

    assert identities.ids_of(members=[1, 2]) == {1: "00123"}


def test_asked_for_the_same_home_again_a_process_keeps_its_connection(home: Home, settings: Settings):
    """Also with other settings, in the midst of a transaction."""
    from django.db import connection, transaction

    from tenure.ledger import identities

    with transaction.atomic():
        identities.learn(pairs=[(1, "00123")])
        here = connection.connection
        ledger.setup(home, settings.model_copy(update={"source": Source(kind="files", path="elsewhere")}))
        assert connection.connection is here

    assert identities.ids_of() == {1: "00123"}


def test_an_address_that_is_not_postgresql_is_refused(home: Home):
    with pytest.raises(UsageError, match=r"ledger\.database"):
        ledger.setup(home, Settings(source=Source(kind="files"), ledger=Ledger(database="mysql://a/b")))


def test_identities_keep_ids_to_the_letter_and_refuse_another_key():
    from tenure.ledger import identities

    assert identities.learn(pairs=[(1, "00123"), (2, "A-7"), (1, "00123")]) == 2
    assert identities.learn(pairs=[(1, "00123")]) == 0
    assert identities.member_of(member_id="00123") == 1
    assert identities.member_of(member_id="123") is None
    with pytest.raises(DamagedStore):
        identities.learn(pairs=[(1, "123")])
    with pytest.raises(DamagedStore):
        identities.learn(pairs=[(9, "00123")])


def test_contacts_are_replaced_and_found_without_accents():
    from tenure.ledger import contacts
    from tenure.ledger.models import Contact

    frame = pl.DataFrame(
        {"member": [1, 2], "first_name": ["Aleksandra", None], "last_name": ["Wiśniewska", "Castellane Works"]}
    )
    assert contacts.replace(frame=frame) == 2
    assert contacts.replace(frame=frame) == 0
    assert contacts.names_of(members=[1, 2]) == {1: "Aleksandra Wiśniewska", 2: "Castellane Works"}
    assert Contact.objects.filter(search__contains=contacts.folded("WISNIEWSKA")).get().member == 1
    assert contacts.replace(frame=frame.filter(pl.col("member") == 1)) == 1
    assert Contact.objects.count() == 1


def test_who_has_a_score_is_found_by_the_name_of_their_contact():
    """Whichever of the two came first, until the contact goes, and in a ledger of before."""
    from django.core.management import call_command

    from tenure.ledger import contacts, scores
    from tenure.ledger.models import CurrentScore

    def found(word: str) -> list[int]:
        return sorted(CurrentScore.objects.filter(search__contains=word).values_list("member", flat=True))

    one, two, three = sorted(scores_frame()["member"])
    frame = pl.DataFrame({"member": [one, two], "first_name": ["Ana", "Łucja"], "last_name": ["Nowak", "Żak"]})
    contacts.replace(frame=frame)
    scores.replace(frame=scores_frame())
    assert (found("nowak"), found("lucja zak")) == ([one], [two])

    married = pl.DataFrame({"member": [one, three], "first_name": ["Ana", "Ivo"], "last_name": ["Lis", "Nowak"]})
    contacts.replace(frame=pl.concat([married, frame.filter(pl.col("member") == two)]))
    assert (found("nowak"), found("lis"), found("zak")) == ([three], [one], [two])
    scores.replace(frame=scores_frame(DAY + dt.timedelta(1), 0.7))
    assert (found("nowak"), found("lis"), found("zak")) == ([three], [one], [two])

    contacts.replace(frame=married)
    contacts.forget(members=[three])
    assert found("nowak") == found("zak") == []

    call_command("migrate", "ledger", "0029_passed_over", verbosity=0)
    ledger.migrate()
    assert (found("lis"), CurrentScore.objects.filter(search="").count()) == ([one], 2)


def test_the_same_scores_again_write_nothing_and_a_later_day_keeps_the_earlier_beside():
    from tenure.ledger import scores
    from tenure.ledger.models import CurrentScore

    assert scores.replace(frame=scores_frame())
    written = scores.current().written_at
    assert not scores.replace(frame=scores_frame().sample(fraction=1, shuffle=True, seed=1))
    assert scores.current().written_at == written

    assert scores.replace(frame=scores_frame(DAY + dt.timedelta(1), 0.7))
    assert scores.replace(frame=scores_frame(DAY + dt.timedelta(1), 0.8))

    row = CurrentScore.objects.first()
    assert (row.risk_score, row.previous_risk_score, row.previous_as_of) == (80, 62, DAY)


def test_who_came_and_who_went_is_counted_against_the_day_before_and_a_day_is_filled_once():
    from tenure.ledger import scores
    from tenure.ledger.models import CurrentScore

    later = DAY + dt.timedelta(1)
    assert scores.replace(frame=scores_frame())
    assert (scores.current().arrived, scores.current().left) == (0, 0), "there was no day before"
    goes = scores_frame()["member"][0]
    fewer = scores_frame(later, 0.7).filter(pl.col("member") != goes)
    comes = scores_frame(later, 0.7).filter(pl.col("member") == goes).with_columns(member=pl.col("member") + 1000)
    assert scores.replace(frame=pl.concat([fewer, comes]))
    assert (scores.current().arrived, scores.current().left) == (1, 1)
    again = scores_frame(later, 0.8).filter(pl.col("member") != goes)
    assert scores.replace(frame=again)
    assert (scores.current().arrived, scores.current().left) == (1, 1), "a second set of a day has the same day before"

    member = again["member"][0]
    rows = pl.DataFrame({"member": [member], "worth": [42.5]})
    assert scores.keep_day(rows=rows, figures={"outages": []})
    assert not scores.keep_day(rows=rows.with_columns(worth=pl.lit(1.0)), figures={})
    assert CurrentScore.objects.get(member=member).worth == 42.5
    assert scores.current().day == {"outages": []}
    assert scores.replace(frame=scores_frame(later, 0.9))
    assert scores.current().day_at is None, "other scores want other figures"


def test_scores_that_cannot_be_are_refused_as_a_whole():
    """The database refuses a chance that falls with time, and yesterday's scores stay."""
    from django.db import IntegrityError

    from tenure.ledger import scores
    from tenure.ledger.models import CurrentScore

    scores.replace(frame=scores_frame())
    broken = scores_frame(DAY + dt.timedelta(1)).with_columns(p_lapse_30=pl.lit(0.9))
    with pytest.raises(IntegrityError):
        scores.replace(frame=broken)

    assert scores.current().as_of == DAY
    assert CurrentScore.objects.count() == 3


def test_a_run_writes_down_its_steps_and_ends_as_its_worst_step():
    from tenure.ledger import runs

    with runs.start(as_of=DAY, kind="night", by="tenure run") as run:
        with run.step("sync") as step:
            step.count(members=3000)
            step.say("3,000 members, 9,000 terms")
            step.notice("2 extra columns ignored")
        with run.step("write back") as step:
            step.partly("12 rows were refused", "open Runs")

    row = runs.latest()
    first, last = row.steps.all()
    assert (row.state, row.trouble, row.mend) == ("partly_done", "12 rows were refused", "open Runs")
    assert (first.counts, first.notices, last.state) == ({"members": 3000}, ["2 extra columns ignored"], "partly_done")
    assert row.seconds >= 0


@pytest.mark.parametrize(
    ("error", "state", "trouble"),
    [
        (BadInput("terms.csv lacks `ends_on`", mend="add it"), "failed", "terms.csv lacks `ends_on`"),
        (HeldBack("7 % of rows are bad"), "held_back", "7 % of rows are bad"),
        (ValueError("Ada Lovelace"), "failed", "An unexpected error (ValueError)."),
    ],
)
def test_an_error_is_written_down_without_anyones_data(error: Exception, state: str, trouble: str):
    from tenure.ledger import runs

    with pytest.raises(type(error)), runs.start(as_of=DAY, kind="night", by="test") as run, run.step("sync"):
        raise error

    row = runs.latest()
    assert (row.state, row.trouble) == (state, trouble)
    assert row.steps.get().state == state


def test_two_nights_cannot_run_at_once_in_two_processes(home: Home, settings: Settings):
    """A second process is held back while the first holds the lease, and free when that one was killed."""
    from tenure.ledger import runs

    code = (
        "import sys, pathlib, datetime as dt\n"
        "from tenure import ledger\nfrom tenure.base.home import Home\n"
        "from tenure.base.settings import Settings\n"
        "ledger.setup(Home(pathlib.Path(sys.argv[1])), Settings.model_validate_json(sys.argv[2]))\n"
        "from tenure.ledger import runs\n"
        "run = runs.start(as_of=dt.date(2025, 3, 1), kind='night', by='other')\n"
        "print('holding', flush=True)\nsys.stdin.read()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(home.root), settings.model_dump_json()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert other.stdout.readline() == "holding\n"
    with pytest.raises(HeldBack, match="under way"):
        runs.start(as_of=DAY, kind="night", by="test")
    other.kill()
    other.wait()

    with runs.start(as_of=DAY, kind="night", by="test"):
        states = list(runs.Run.objects.order_by("id").values_list("state", flat=True))

    assert states == ["interrupted", "running"]
    assert runs.latest().state == "done"


def test_the_outbox_holds_only_what_changed_and_never_forgets_an_unknown_outcome():
    from tenure.ledger import outbox

    table = "AI_Member_Risk"

    def want(digest: str) -> list[outbox.Wanted]:
        return [outbox.Wanted(member_id="00123", payload={"RiskScore": 62}, digest=digest)]

    assert outbox.plan(table=table, rows=want("a")) == outbox.Plan(1, 0, 0)
    (row,) = outbox.pending(table=table)
    outbox.mark(row=row, state=outbox.State.SENDING)
    assert outbox.plan(table=table, rows=want("b")) == outbox.Plan(0, 1, 0)
    (row,) = outbox.pending(table=table)
    assert (row.state, row.attempts, row.digest) == ("sending", 1, "b")
    outbox.mark(row=row, state=outbox.State.DONE)
    assert outbox.pending(table=table) == []
    assert outbox.plan(table=table, rows=want("b")) == outbox.Plan(0, 0, 1)
    assert outbox.counts(table=table)["done"] == 1


def test_staff_accounts_refuse_weak_passwords_and_leave_an_audit_row():
    from tenure.ledger import staff
    from tenure.ledger.models import AuditEvent

    for weak in ("short", "password123", "marta.lindqvist"):
        with pytest.raises(UsageError):
            staff.create(username="marta.lindqvist", password=weak, by="test")
    staff.create(username="marta", password="harbor-otter-violet-27", by="tenure demo", role="manager")
    with pytest.raises(UsageError, match="taken"):
        staff.create(username="Marta", password="harbor-otter-violet-27", by="test")
    staff.set_password(username="MARTA", password="x" * 64 + " long is fine", by="marta")

    assert staff.find(username="marta").check_password("x" * 64 + " long is fine")
    assert list(AuditEvent.objects.values_list("act", "by", "subject")) == [
        ("staff:account:create", "tenure demo", "marta"),
        ("staff:password:change", "marta", "marta"),
    ]


@pytest.fixture
def guess() -> Callable[..., bool]:
    from tenure.ledger import staff

    def once(name: str, address: str, right: bool = False) -> bool:
        if staff.is_throttled(username=name, address=address):
            return False
        staff.note_guess(username=name, address=address, right=right)
        return True

    return once


def test_guesses_are_throttled_and_a_stranger_locks_nobody_out(guess):
    assert guess("marta", "10.0.0.1", right=True)
    assert [guess("Marta", "203.0.113.5") for _ in range(7)] == [True] * 5 + [False] * 2
    assert sum(guess(f"name{i}", "203.0.113.9") for i in range(40)) == 30
    for i in range(60):
        guess("marta", f"198.51.100.{i}")

    assert not guess("marta", "192.0.2.1"), "guesses under one name from everywhere are throttled"
    assert guess("marta", "10.0.0.1", right=True), "but not where the person has signed in before"
