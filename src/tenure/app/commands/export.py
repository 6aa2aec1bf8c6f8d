"""`tenure export`: scores or past decisions as a file."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, Day, home_option, json_option

if TYPE_CHECKING:
    import polars as pl

out_option = click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="Where to write; .parquet or .csv. A file that is there is replaced.",
)


@click.group("export", short_help="Write scores or past decisions to a file.")
def command() -> None:
    """Write scores or past decisions to a Parquet or CSV file, with the source's own member ids.

    The columns are those of docs/files.md. In CSV, dates are written as 2025-03-01 and what is not known is empty.
    """


@command.command("scores", cls=Command)
@home_option
@out_option
@click.option("--as-of", "as_of", type=Day(), default=None, help="Which night. [default: the night run last]")
@click.option(
    "--causes",
    is_flag=True,
    help="Add what of each chance is a failed payment, and the chance of death, merger or transfer.",
)
@json_option
def scores(home: Path, out: Path, as_of: dt.date | None, causes: bool, as_json: bool) -> int:
    """Write the scores of one night, one row per active member."""
    from tenure.app import exports

    exports.check_target(out)
    house = House.open(home)
    return _finish(house, exports.scores(house, as_of, causes=causes), out, "scores", as_json=as_json)


@command.command("decisions", cls=Command)
@home_option
@out_option
@click.option("--model", "version", default=None, help="Version of the model. [default: that of the night run last]")
@json_option
def decisions(home: Path, out: Path, version: str | None, as_json: bool) -> int:
    """Write what would have been predicted for past renewals, and what happened.

    One row per renewal and landmark (90, 60, 30 and 0 days before the end of the term), predicted by a model that
    had seen nothing later than that day: for judging the software, not the members.
    """
    from tenure.app import exports

    exports.check_target(out)
    house = House.open(home)
    return _finish(house, exports.decisions(house, version), out, "decisions", as_json=as_json)


def _finish(house: House, frame: pl.DataFrame, out: Path, what: str, *, as_json: bool) -> int:
    from tenure.app import exports

    exports.write(frame, out)
    exports.tell(house, what, frame.height)
    console = Console(quiet=as_json)
    days = sorted({str(day) for day in frame["as_of"].unique()}) if what == "scores" else []
    if as_json:
        console.result_json({"out": out, "rows": frame.height, "as_of": days[0] if days else None})
    else:
        console.result(f"wrote {frame.height:,} {what}{f' of {days[0]}' if days else ''} to {out}")
    return 0
