"""The change ledger: entered once, by whoever may, withdrawn with a reason, and never edited."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from tenure.base.errors import NotAllowed, UsageError
from tenure.membership.scope import Scope

NOW = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
pytestmark = pytest.mark.usefixtures("home", "people")


def clock() -> dt.datetime:
    return NOW


@pytest.fixture
def people(home: object) -> None:
    from tenure.ledger import staff

    for role in ("administrator", "analyst", "director", "manager", "viewer"):
        staff.create(username=role, password="four or five words", by="test", role=role)


def enter(**given: Any) -> Any:
    from tenure.ledger import change_ledger

    usual = {
        "changed_on": dt.date(2026, 1, 1), "change": "Dues up 8 %", "scope": Scope("member_type", "STU"),
        "by": "manager",
    }  # fmt: skip
    return change_ledger.enter(**{**usual, **given}, clock=clock)


def acts() -> list[tuple[str, str, dict[str, Any]]]:
    from tenure.ledger.models import AuditEvent

    rows = AuditEvent.objects.filter(act__startswith="change:").order_by("number")
    return [(row.act, row.by, row.details) for row in rows]


def test_an_entry_and_its_withdrawal_are_kept_with_who_when_and_why() -> None:
    from tenure.ledger import change_ledger

    row = enter(change="  Dues  up 8\u00a0% ")
    change_ledger.withdraw(entry=row.pk, why="it was 6 %", by="director", clock=clock)

    (kept,) = change_ledger.entries()
    assert (kept.change, kept.scope, kept.entered_by, kept.entered_at) == (
        "Dues up 8 %", "member_type=STU", "manager", NOW
    )  # fmt: skip
    assert (kept.withdrawn_by, kept.withdrawn_at, kept.why_withdrawn) == ("director", NOW, "it was 6 %")
    told = {"changed_on": "2026-01-01", "scope": "member_type=STU"}
    assert acts() == [("change:entry:add", "manager", told), ("change:entry:withdraw", "director", told)]


def test_a_change_is_entered_once_and_again_after_it_was_withdrawn() -> None:
    from tenure.ledger import change_ledger

    row = enter()
    with pytest.raises(UsageError, match="entered already"):
        enter(change="DUES UP 8 %", by="analyst")
    enter(scope=Scope(), by="administrator")
    change_ledger.withdraw(entry=row.pk, why="a slip", by="manager", clock=clock)
    assert enter().pk != row.pk
    with pytest.raises(UsageError, match="withdrawn already"):
        change_ledger.withdraw(entry=row.pk, why="a slip", by="manager", clock=clock)


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        ({"by": "viewer"}, NotAllowed),
        ({"by": "nobody"}, NotAllowed),
        ({"change": "  "}, UsageError),
        ({"change": "x" * 201}, UsageError),
        ({"change": "Dues\u202eup"}, UsageError),
        ({"changed_on": dt.date(2206, 1, 1)}, UsageError),
        ({"changed_on": dt.date(26, 1, 1)}, UsageError),
        ({"scope": Scope("weather", "bad")}, UsageError),
        ({"scope": Scope("member_type", "")}, UsageError),
        ({"scope": Scope("ref", "x" * 201)}, UsageError),
    ],
)
def test_what_will_not_do_is_refused_and_leaves_nothing(given: dict[str, Any], refusal: type[Exception]) -> None:
    from tenure.ledger import change_ledger

    with pytest.raises(refusal) as caught:
        enter(**given)
    assert caught.value.mend
    assert (change_ledger.entries(), acts()) == ([], [])


def test_an_entry_is_withdrawn_by_whoever_may_and_with_a_reason() -> None:
    from tenure.ledger import change_ledger

    row = enter()
    for given, refusal in (({"by": "viewer"}, NotAllowed), ({"why": " "}, UsageError), ({"entry": 999}, UsageError)):
        with pytest.raises(refusal):
            change_ledger.withdraw(**{"entry": row.pk, "why": "a slip", "by": "manager", **given}, clock=clock)
    assert len(acts()) == 1
