"""A record that iMIS refuses is tried again night after night, then parked, and never forgotten."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction

TABLE = "AI_Member_Risk"
NIGHT = dt.datetime(2025, 3, 1, 2, tzinfo=dt.UTC)
pytestmark = pytest.mark.usefixtures("home")


def plan(digest: str, at: dt.datetime, score: int = 50) -> None:
    from tenure.ledger import outbox

    wanted = outbox.Wanted(member_id="00123", payload={"RiskScore": score}, digest=digest)
    outbox.plan(table=TABLE, rows=[wanted], clock=lambda: at)


def refuse(at: dt.datetime, park_after: int = 3) -> int:
    """Have iMIS refuse what is pending; says how many rows that were."""
    from tenure.ledger import outbox

    rows = outbox.pending(table=TABLE)
    for row in rows:
        outbox.mark(row=row, state="rejected", error="Reason1: no", clock=lambda: at, park_after=park_after)
    return len(rows)


def test_a_refused_row_is_tried_the_next_night_and_parked_after_three():
    from tenure.ledger import outbox

    tried = []
    for day in range(8):
        at = NIGHT + dt.timedelta(days=day)
        plan("a", at)
        tried.append(refuse(at))
        plan("a", at + dt.timedelta(hours=1))
        assert outbox.pending(table=TABLE) == [], "the same night again leaves it alone"
    assert tried == [1, 1, 1, 0, 0, 0, 0, 0]
    assert outbox.refused(table=TABLE) == [("parked", "Reason1: no", 1)]

    plan("a", NIGHT + dt.timedelta(days=9, hours=1))
    assert refuse(NIGHT + dt.timedelta(days=9, hours=1)) == 1, "after a week"


def test_a_parked_row_that_shall_hold_something_else_is_tried_once():
    from tenure.ledger import outbox

    plan("a", NIGHT)
    refuse(NIGHT, park_after=1)
    plan("b", NIGHT + dt.timedelta(days=1), score=60)
    assert refuse(NIGHT + dt.timedelta(days=1), park_after=1) == 1
    assert outbox.counts(table=TABLE)["parked"] == 1

    plan("c", NIGHT + dt.timedelta(days=2), score=70)
    (row,) = outbox.pending(table=TABLE)
    outbox.mark(row=row, state="done")
    row.refresh_from_db()
    assert (row.refusals, row.payload, outbox.refused(table=TABLE)) == (0, {"RiskScore": 70}, [])


def test_what_is_planned_in_a_transaction_that_fails_was_never_planned():
    """A hundred places at which the night may fail: no row is left over and none is lost."""
    from tenure.ledger import outbox
    from tenure.ledger.models import OutboxRow

    wanted = [outbox.Wanted(f"{i:05}", {"RiskScore": i}, str(i)) for i in range(100)]
    for fails_after in range(100):
        with pytest.raises(RuntimeError):
            _plan_and_fail(wanted[: fails_after + 1])
    assert OutboxRow.objects.count() == 0
    outbox.plan(table=TABLE, rows=wanted)
    assert OutboxRow.objects.count() == 100


def _plan_and_fail(wanted: list) -> None:
    from tenure.ledger import outbox

    with transaction.atomic():
        outbox.plan(table=TABLE, rows=wanted)
        raise RuntimeError
