"""`tenure experiment`: who was left out to compare with, and whether the split is what was designed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, home_option, json_option
from tenure.base.errors import DONE, FAILED

if TYPE_CHECKING:
    from tenure.impact.effects import Measured


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
    House.with_ledger(home)
    body = [_body(name) for name in _names()]
    console = Console(quiet=as_json)
    lines = [
        f"{one['experiment']}: {one['split']} Listed: {one['listed']:,}, reached: {one['reached']:,}." for one in body
    ]
    console.result_json(body) if as_json else console.result("\n".join(lines) or "nobody was drawn yet")
    return DONE if all(one["sound"] for one in body) else FAILED


@command.command("effects", cls=Command)
@home_option
@json_option
def effects(home: Path, as_json: bool) -> int:
    """Tell what contact by each playbook was found to do, beside what is assumed.

    The share of the odds of lapsing that it takes off, with its 90 % interval, from what became of those who were left
    out. Lists are ordered by it. While a playbook has reached few, it is told what is assumed of it.
    """
    from tenure.app import playbooks
    from tenure.app.effects import decided_by, measured_of
    from tenure.app.staffing import assumed_of

    house = House.with_ledger(home)
    found, _ = playbooks.in_use(house)
    told = measured_of(found, decided_by(house, house.today), assumed_of(house.settings.outreach))
    console = Console(quiet=as_json)
    if as_json:
        console.result_json([{"playbook": name, **_told(one)} for name, one in told.items()])
    else:
        console.result("\n".join(_line(name, one) for name, one in told.items()) or _NOTHING)
    return DONE


_NOTHING = "nothing is known yet: too few members were reached whose renewal is decided; the settings' assumptions hold"


def _told(one: Measured) -> dict[str, Any]:
    arms, effect = one.arms, one.whole
    return {
        "reached": arms.reached, "treated": arms.treated, "treated_lapsed": arms.treated_lapsed,
        "control": arms.control, "control_lapsed": arms.control_lapsed,
        "assumed": _taken_off(one.assumed), "taken_off": _taken_off(effect.shift),
        "low": _taken_off(effect.high), "high": _taken_off(effect.low),
        "bands": {band: _taken_off(own.shift) for band, own in one.bands.items()},
    }  # fmt: skip


def _taken_off(shift: float) -> float:
    """The share of the odds that a change of their logarithm takes off; below 0 where it adds to them."""
    return -math.expm1(shift)


def _line(name: str, one: Measured) -> str:
    told = _told(one)
    return (
        f"{name}: takes {told['taken_off']:.0%} off the odds of lapsing ({told['low']:.0%} to {told['high']:.0%}; "
        f"assumed {told['assumed']:.0%}). Reached: {told['reached']:,} of {told['treated']:,}, of whom "
        f"{told['treated_lapsed']:,} lapsed; left out: {told['control']:,}, of whom {told['control_lapsed']:,} did."
    )


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
