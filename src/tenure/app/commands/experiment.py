"""`tenure experiment`: who was left out to compare with, and whether the split is what was designed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, home_option, json_option
from tenure.base.errors import DONE, FAILED


@click.group("experiment", short_help="Look at control groups and their splits.")
def command() -> None:
    """Look at control groups and their splits.

    Each playbook leaves some of those whom it selects out by lot, and a holdout is left out of every playbook, so that
    the effect can be told (docs/outreach.md). Arms are drawn at night and never changed.
    """


@command.command("list", cls=Command)
@home_option
@json_option
def list_(home: Path, as_json: bool) -> int:
    """List experiments: members in each arm, who was eligible and listed, and whether the split is sound.

    Ends with exit code 1 when a split is no accident.
    """
    house = House.open(home)
    house.open_ledger()
    body = [_body(name) for name in _names()]
    console = Console(quiet=as_json)
    lines = [
        f"{one['experiment']}: {one['split']} Listed: {one['listed']:,}, reached: {one['reached']:,}." for one in body
    ]
    console.result_json(body) if as_json else console.result("\n".join(lines) or "nobody was drawn yet")
    return DONE if all(one["sound"] for one in body) else FAILED


def _names() -> list[str]:
    from tenure.ledger import experiments

    return experiments.names()


def _body(name: str) -> dict[str, Any]:
    from tenure.impact import check_split
    from tenure.ledger import experiments

    eligible = experiments.exposed(experiment=name, kind="eligible")
    found = check_split(list(eligible.items()), experiments.share_of(experiment=name))
    return {
        "experiment": name,
        "share": found.share,
        "control": found.control,
        "treated": found.treated,
        "listed": sum(experiments.exposed(experiment=name, kind="listed").values()),
        "reached": sum(experiments.exposed(experiment=name, kind="reached").values()),
        "p": found.p,
        "sound": found.is_sound,
        "split": found.sentence,
    }
