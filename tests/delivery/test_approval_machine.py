"""Whatever staff, nights, deaths and hands in the database do, in whatever order: only what an authorised person let
leave may leave (AP-1, AP-2, AP-5, AP-6), and the audit log and the mail server alone say so too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from mail_sink import MailSink
from office import ACTS, STAFF, Office

import proposing
from tenure.base.home import Home


def _machine(home: Home, folder: Path, mail: MailSink, sent: list[int]) -> type[RuleBasedStateMachine]:
    """A machine whose rules are the acts of an office; *sent* gets how many messages each one of them sent."""

    def open_(self: Any) -> None:
        self.office = Office(home, mail)

    def teardown(self: Any) -> None:
        if hasattr(self, "office"):
            try:
                assert self.office.wrong(folder / "audit.jsonl") == []
                sent.append(len(self.office.arrived()))
            finally:
                self.office.close()

    def of(name: str) -> Any:
        def act(self: Any, **given: Any) -> None:
            self.office.act(name, **given)

        return act

    # An act that comes more often is several rules.
    rules = {
        f"{name}_{i}": rule(**{what: st.sampled_from(choices) for what, choices in given.items()})(of(name))
        for name, (often, given) in ACTS.items() for i in range(often)
    }  # fmt: skip
    return type("Months", (RuleBasedStateMachine,), {"open": initialize()(open_), "teardown": teardown, **rules})


def test_nothing_leaves_without_a_word_for_exactly_that(home: Home, tmp_path: Path, mail: MailSink):
    """On SQLite and PostgreSQL; `make torture` has `benchmarks/approval_torture.py` do 5,000 acts of 50 seeds."""
    proposing.known_staff(**STAFF)
    sent: list[int] = []
    many = settings(
        max_examples=10, stateful_step_count=60, deadline=None, derandomize=True, database=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(_machine(home, tmp_path, mail, sent), settings=many)
    assert sum(sent) >= 10, sent
