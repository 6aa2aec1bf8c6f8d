"""Arms and exposures are kept as they were drawn, once."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

DAY = dt.date(2025, 3, 1)
pytestmark = pytest.mark.usefixtures("home")


def _drawn(*arms: str) -> list[Any]:
    from tenure.ledger.experiments import Drawn

    return [Drawn(member, arm, "high before") for member, arm in enumerate(arms)]


def _keep(*arms: str) -> int:
    from tenure.ledger import experiments

    return experiments.keep(experiment="calls", drawn=_drawn(*arms), share=0.1, as_of=DAY, by="night")


def test_an_arm_once_drawn_is_never_changed():
    from tenure.ledger import experiments

    assert _keep("control", "treated") == 2
    assert _keep("treated", "control", "treated") == 1

    assert experiments.arms_of(experiment="calls") == {0: "control", 1: "treated", 2: "treated"}
    assert experiments.arms_of(experiment="calls", members=[1, 7]) == {1: "treated"}
    assert experiments.drawn_by_stratum(experiment="calls") == {"high before": 3}
    assert experiments.names() == ["calls"]


def test_a_draw_leaves_its_counts_in_the_audit_log_and_no_member():
    from tenure.ledger.models import AuditEvent

    _keep("control", "treated", "treated")

    event = AuditEvent.objects.get(act="experiment:arms:draw")
    assert (event.subject, event.details["control"], event.details["treated"]) == ("calls", 1, 2)


def test_an_exposure_counts_once_an_occasion():
    from tenure.ledger import experiments

    _keep("control", "treated")
    for _ in range(2):
        occasions = {0: "renewal:2025-04-30", 1: "renewal:2025-04-30", 9: "renewal:2025-04-30"}
        experiments.expose(experiment="calls", occasions=occasions, kind="eligible", as_of=DAY)
    experiments.expose(experiment="calls", occasions={1: "event:E1"}, kind="eligible", as_of=DAY)

    assert experiments.exposed(experiment="calls", kind="eligible") == {"control": 1, "treated": 1}
    assert experiments.exposed(experiment="calls", kind="reached") == {}


def test_who_was_listed_and_got_something_counts_as_reached_once():
    from tenure.ledger import experiments

    _keep("control", "treated", "treated")
    occasions = {1: "renewal:2025-04-30", 2: "renewal:2025-04-30"}
    experiments.expose(experiment="calls", occasions=occasions, kind="listed", as_of=DAY)
    for _ in range(2):
        experiments.reach(member=1, occasion="renewal:2025-04-30", as_of=DAY)
    experiments.reach(member=0, occasion="renewal:2025-04-30", as_of=DAY)
    experiments.reach(member=2, occasion="event:E1", as_of=DAY)

    assert experiments.exposed(experiment="calls", kind="reached") == {"treated": 1}


def test_whom_a_playbook_selected_is_told_with_the_lot_of_the_holdout():
    from tenure.ledger import experiments

    for name in ("calls", "holdout"):
        experiments.keep(experiment=name, drawn=_drawn("control", "treated"), share=0.05, as_of=DAY, by="night")
        experiments.expose(experiment=name, occasions={0: "a", 1: "a"}, kind="eligible", as_of=DAY)
    experiments.expose(experiment="holdout", occasions={1: "b"}, kind="eligible", as_of=DAY + dt.timedelta(days=9))

    assert experiments.selected(until=DAY + dt.timedelta(days=9)) == [(0, DAY, True, 0.05), (1, DAY, False, 0.05)]
    assert len(experiments.selected(until=DAY + dt.timedelta(days=10))) == 3


def test_an_arm_that_is_none_is_refused():
    from django.db import IntegrityError

    with pytest.raises(IntegrityError):
        _keep("placebo")


def test_those_wanted_come_with_their_first_night_and_whether_they_were_reached():
    from tenure.ledger import experiments
    from tenure.ledger.experiments import Wanted

    _keep("control", "treated", "treated")
    for days, occasion in ((30, "renewal:2026"), (0, "renewal:2025")):
        day = DAY + dt.timedelta(days=days)
        experiments.expose(experiment="calls", occasions={0: occasion, 1: occasion}, kind="eligible", as_of=day)
    experiments.expose(experiment="calls", occasions={1: "renewal:2025"}, kind="listed", as_of=DAY)
    experiments.reach(member=1, occasion="renewal:2025", as_of=DAY)

    assert experiments.wanted(experiment="calls") == [
        Wanted(0, "control", "high before", DAY, None),
        Wanted(1, "treated", "high before", DAY, DAY),
    ]
    assert experiments.wanted(experiment="letters") == []
