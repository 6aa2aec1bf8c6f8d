"""AU-5: whatever changes something leaves a row in the audit log; derived from the commands, the pages and their code.

If one of these fails for something that you added: call `tenure.ledger.audit.record` in the transaction that makes the
change; or, where nothing is changed, say so: `require_safe` on a view, `READS` in `tenure.app.audit_map` for a command.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tenure.app import audit_map
from tenure.app.cli import cli
from tenure.base.home import Home
from tenure.base.settings import Settings, Source


@pytest.fixture(scope="module", autouse=True)
def _pages(tmp_path_factory: pytest.TempPathFactory) -> None:
    from tenure.web import configuration

    configuration.setup(Home(tmp_path_factory.mktemp("map")), Settings(source=Source(kind="files")))


def test_every_command_that_changes_something_leaves_an_audit_row():
    silent = [entry.name for entry in audit_map.commands() if not entry.is_told]

    assert not silent, f"no row of the audit log tells of: {silent}"


def test_every_page_that_takes_a_post_leaves_an_audit_row():
    entries = audit_map.endpoints()
    silent = [entry.name for entry in entries if not entry.is_told]

    assert not silent, f"no row of the audit log tells of: {silent}"
    assert sum(entry.changes for entry in entries) >= 2


def test_what_is_said_to_only_read_writes_nothing_into_the_ledger():
    from django.urls import get_resolver

    leaves = dict(audit_map._leaves(cli, ""))
    views = dict(audit_map._views(get_resolver("tenure.web.urls").url_patterns, ""))
    reading = {name: leaves[name].callback for name in audit_map.READS if name not in ("serve", "audit anchor")}
    reading |= {entry.name: views[entry.name[1:]] for entry in audit_map.endpoints() if not entry.changes}

    assert {name: audit_map.writes_of(work) for name, work in reading.items() if audit_map.writes_of(work)} == {}


def test_the_map_follows_the_code():
    """What it says of some that are known well; one that leaves no row would be noticed."""
    acts = {entry.name: entry.acts for entry in [*audit_map.commands(), *audit_map.endpoints()]}

    assert acts["staff add"] == ("staff:account:create", "staff:email:change", "staff:password:change")
    assert acts["labels sign"] == ("labels:signature:record",)
    assert {"run:*:begin", "run:*:end"} <= set(acts["run"])
    assert {"staff:session:begin", "staff:session:refuse", "staff:session:throttle"} <= set(acts["/sign-in"])
    doctor = cli.get_command(None, "doctor")
    assert not audit_map.Entry("doctor", changes=True, acts=audit_map.acts_of(doctor.callback)).is_told


def test_commands_that_leave_no_row_are_there(tmp_path: Path):
    """No name lingers in the list of those that only read."""
    assert set(audit_map.READS) <= {name for name, _ in audit_map._leaves(cli, "")}
