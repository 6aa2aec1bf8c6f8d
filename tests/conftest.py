"""What holds for every test: whatever this machine lacks is named at the end, and `.ci/run` allows no lack at all."""

from __future__ import annotations

import os
from collections import Counter

import pytest
from django.contrib.auth.hashers import ScryptPasswordHasher

_not_tested: Counter[str] = Counter()


def pytest_configure(config: pytest.Config) -> None:
    """Let subprocesses of tests be quiet about colors and terminals, and passwords in this process be hashed at once.

    They are hashed as always, in a thousandth of the rounds; an account that a command makes has them all.
    """
    ScryptPasswordHasher.work_factor = 2**4
    os.environ.setdefault("NO_COLOR", "1")
    os.environ.setdefault("COLUMNS", "100")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Remember a skipped test by its reason."""
    _remember(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Remember a skipped module by its reason."""
    _remember(report)


def _remember(report: pytest.TestReport | pytest.CollectReport) -> None:
    # An expected failure arrives as a skip too, but it was tested.
    if report.skipped and not hasattr(report, "wasxfail") and isinstance(report.longrepr, tuple):
        _not_tested[report.longrepr[2].removeprefix("Skipped: ")] += 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what was not tested, and why."""
    if _not_tested:
        terminalreporter.section("not tested on this machine")
        for reason, count in _not_tested.most_common():
            terminalreporter.line(f"{count} tests: {reason}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """With TENURE_NO_SKIP=1 a test that was not run is a failure of the session."""
    worker = hasattr(session.config, "workerinput")
    if _not_tested and not worker and os.environ.get("TENURE_NO_SKIP") == "1" and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
