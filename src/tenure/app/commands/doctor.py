"""`tenure doctor`: is all well, and how to mend what is not."""

from __future__ import annotations

from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, home_option, json_option
from tenure.base.errors import DONE, FAILED

HELP = """Check settings, source, lake, model and ledger, and say how to mend each fault.

Nothing is changed, neither here nor in iMIS. Exit code 0 when nothing stops a night (notes may be printed), 1 when
something does."""

_MARKS = {"ok": "ok   ", "note": "note ", "fault": "FAULT"}


@click.command("doctor", cls=Command, help=HELP)
@home_option
@json_option
def command(home: Path, as_json: bool) -> int:
    """Check everything."""
    from tenure.app.checks import FAULT, examine, machine, source, stores

    house, console = House.open(home), Console(quiet=as_json)
    findings = []
    for finding in examine(house, (*machine.CHECKS, *source.CHECKS, *stores.CHECKS)):
        findings.append(finding)
        if not as_json:
            console.result(f"{_MARKS[finding.state]}  {finding.check}: {finding.words}")
            if finding.mend:
                console.result(f"       hint: {finding.mend}")
    faults = sum(finding.state == FAULT for finding in findings)
    if as_json:
        console.result_json({"faults": faults, "findings": [vars(finding) for finding in findings]})
    else:
        console.result(f"\n{len(findings)} checks, {faults or 'no'} {'fault' if faults == 1 else 'faults'}")
    return FAILED if faults else DONE
