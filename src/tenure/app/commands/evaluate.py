"""`tenure evaluate`: how good a model is."""

from __future__ import annotations

from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, home_option, json_option

HELP = """Say how good a model is, from its back-test.

The back-test asks, for past renewals, what a model would have said that had seen nothing later, and compares that
with what happened; beside it stand the base rate, a life table and a points score. `tenure export decisions` writes
the single predictions. Each figure has a 95 % interval; docs/governance.md says how to read them."""


_LISTED = ("version", "as_of", "trained_at", "learner", "grade")


@click.command("evaluate", cls=Command, help=HELP)
@home_option
@click.option("--model", "version", default=None, help="Version of the model. [default: the latest]")
@click.option(
    "--calls", type=click.IntRange(min=1), default=None, help="Also say what so many calls a month would find."
)
@click.option("--list", "list_all", is_flag=True, help="Only list the models that there are.")
@json_option
def command(home: Path, version: str | None, calls: int | None, list_all: bool, as_json: bool) -> int:
    """Say how good a model is."""
    from tenure.app import evaluation
    from tenure.app.models import version_named

    house, console = House.open(home), Console(quiet=as_json)
    if list_all:
        manifests, damaged = house.registry.manifests(), house.registry.damaged()
        body = [{key: one[key] for key in _LISTED} | {"damaged": None} for one in manifests]
        body += [dict.fromkeys(_LISTED) | {"version": one, "damaged": why.message} for one, why in damaged.items()]
        console.result_json(body) if as_json else console.result(evaluation.listed(manifests, damaged))
        return 0
    manifest = version_named(house, version)
    house.registry.load(manifest["version"])
    words = evaluation.words_of(manifest)
    if calls:
        from tenure.app.capacity import reached

        manifest = {**manifest, "at_calls": reached(house, manifest["version"], calls)}
        words += "\n\n" + evaluation.said_of_calls(manifest["at_calls"])
    console.result_json(manifest) if as_json else console.result(words)
    return 0
