"""`tenure phase`: how far the rollout has come, and the gate to the next phase."""

from __future__ import annotations

from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, home_option, json_option


@click.group("phase", short_help="Show how far the rollout has come, and move on.")
def command() -> None:
    """Show how far the rollout has come, and move on.

    Phase 1 only reports, and nobody is proposed. Phase 2 proposes drafts for members of medium risk, and mandatory
    notices. Phase 3 proposes all, tasks and calls for members of high risk among it. A fresh installation is
    in phase 1.
    """


@command.command("show", cls=Command)
@home_option
@json_option
def show(home: Path, as_json: bool) -> int:
    """Show each segment's phase, by whose word, and what the gate to the next one would look at now."""
    from tenure.app import phases

    body = phases.shown(House.open(home))
    console = Console(quiet=as_json)
    console.result_json(body) if as_json else console.result(phases.words_of(body))
    return 0


@command.command("set", cls=Command)
@home_option
@click.argument("number", type=click.IntRange(1, 3), metavar="1|2|3")
@click.option(
    "--segment", default="", metavar="COLUMN=VALUE",
    help="Only these, such as member_type=STU; also chapter_id, region, record_type. [default: everyone]",
)  # fmt: skip
@click.option("--by", required=True, metavar="NAME", help="Sign-in name of the director who opens the gate.")
@click.option("--why", required=True, metavar="WORDS", help="For what reason; kept in the audit log.")
@click.option("--despite", multiple=True, metavar="CODE", help="In spite of this finding; may be given again.")
@json_option
def set_(home: Path, number: int, segment: str, by: str, why: str, despite: tuple[str, ...], as_json: bool) -> int:
    """Move to phase 1, 2 or 3, with the evidence of the gate: calibration, what staff overrode, how messages were
    taken, the audit log. Of a segment it is its own evidence, or too few to tell with everyone's beside it.

    Ends with exit code 3 where the evidence speaks against it, unless each finding is named by --despite. Nobody passes
    a gate without a model, or with an audit log that was changed. Going back needs no evidence.
    """
    from dataclasses import asdict

    from tenure.app import phases

    looked = phases.move(House.open(home), segment, number, by=by, why=why, despite=despite)
    console = Console(quiet=as_json)
    body = {"segment": segment, "phase": number, "evidence": [asdict(one) for one in looked]}
    lines = [f"{segment or 'everyone'} is in phase {number} now", *(f"  {one.words}" for one in looked)]
    console.result_json(body) if as_json else console.result("\n".join(lines))
    return 0
