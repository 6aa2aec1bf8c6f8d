"""`tenure extraction`: the terms on which records are read, and who answered for each."""

from __future__ import annotations

from pathlib import Path

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, Shown, home_option, json_option


@click.group("extraction", cls=Shown, short_help="Answer for the terms on which records are read.")
def command() -> None:
    """Answer for the terms on which records are read.

    Tenure cannot know whether a licence lets it read, or whether members were told. Each of these questions is answered
    by somebody who can, with what the answer rests on; the answers stand in the audit log. Another source opens all
    of them again. Nothing is refused for want of an answer; `tenure doctor` says what is open.
    """


@command.command("show", cls=Command)
@home_option
@json_option
def show(home: Path, as_json: bool) -> int:
    """Show each question with its last answer."""
    from tenure.app import extraction

    rows = extraction.checklist(House.open(home))
    console = Console(quiet=as_json)
    console.result_json({"questions": rows}) if as_json else console.result(extraction.told(rows))
    return 0


@command.command("answer", cls=Command)
@home_option
@click.argument("question")
@click.option("--reply", required=True, type=click.Choice(["yes", "no", "not-applicable"]), help="What holds.")
@click.option("--by", required=True, metavar="NAME", help="Who answers for it; kept in the audit log.")
@click.option("--why", required=True, metavar="WORDS", help="What it rests on; never anything about a member.")
def answer(home: Path, question: str, reply: str, by: str, why: str) -> int:
    """Answer QUESTION; a later answer takes the place of an earlier one."""
    from tenure.app import extraction

    house = House.open(home)
    extraction.answer(house, question, reply=reply, by=by, why=why)
    left = sum(row["reply"] is None for row in extraction.checklist(house))
    Console().result(f"{question}: {reply}, by {by}; {left or 'none'} of {len(extraction.QUESTIONS)} still open")
    return 0
