"""`tenure insight`: signals of members on one day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, as_of_option, home_option, json_option


@click.group("insight", short_help="Show chapters, hardship, displacement and what went before lapses.")
def command() -> None:
    """Show chapters, hardship, displacement and what went before lapses.

    Each is as it was known on a day. docs/signals.md says by which rules, and how often they are right. Two of them
    are guesses about a person and off until tenure.toml says what they are for.
    """


def _signal(name: str) -> Callable[[Callable[..., int]], click.Command]:
    """The command *name* of a function that shows one kind of signal, of one day."""
    return lambda show: command.command(name, cls=Command)(home_option(as_of_option(json_option(show))))


@_signal("chapters")
def chapters(home: Path, as_of: dt.date | None, as_json: bool) -> int:
    """Show how much members take part in their chapters, and who drifts from theirs."""
    from tenure.app import insight

    return _show(home, as_of, insight.chapters, insight.chapters_in_words, as_json=as_json)


@_signal("hardship")
def hardship(home: Path, as_of: dt.date | None, as_json: bool) -> int:
    """Show whose payments say that money is short; off without `outreach.hardship_purpose`."""
    from tenure.app import insight

    return _show(home, as_of, insight.hardship, insight.hardship_in_words, as_json=as_json)


@_signal("displacement")
def displacement(home: Path, as_of: dt.date | None, as_json: bool) -> int:
    """Show who changed to a listed competitor; off without `outreach.displacement_purpose`."""
    from tenure.app import insight

    return _show(home, as_of, insight.displacement, insight.displacement_in_words, as_json=as_json)


@_signal("winback")
def win_back(home: Path, as_of: dt.date | None, as_json: bool) -> int:
    """Show what went before the lapses of two years, and which benefits lose members."""
    from tenure.app import insight

    return _show(home, as_of, insight.win_back, insight.win_back_in_words, as_json=as_json)


def _show(
    home: Path,
    as_of: dt.date | None,
    made: Callable[[House, dt.date], dict[str, Any]],
    in_words: Callable[[dict[str, Any]], str],
    *,
    as_json: bool,
) -> int:
    from tenure.app import standstill
    from tenure.app.night import night_of

    house, console = House.open(home), Console(quiet=as_json)
    day = night_of(house, as_of)
    body, warning = made(house, day), standstill.warning(house, day)
    if as_json:
        console.result_json({**body, "record_ends_on": house.lake.newest_record(day)})
    else:
        console.result("\n\n".join(filter(None, (warning, in_words(body)))))
    return 0
