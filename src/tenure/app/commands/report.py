"""`tenure report`: figures for a director."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, Day, F, home_option, json_option

if TYPE_CHECKING:
    from tenure.app.reports import Report


@click.group("report", short_help="Tell the day, the week, membership numbers and dues at risk; mail reports.")
def command() -> None:
    """Tell the day, the week, membership numbers, dues at risk, reasons for leaving, and organizations; mail reports.

    But for the daily report, what is printed names nobody. Where one is about single members or organizations, --out
    writes them to a file with the source's own ids, and the audit log keeps that this was done.
    """


_out_option: Callable[[F], F] = click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="Also write one row for each, with ids; .parquet or .csv.",
)


def _day_option(default: str) -> Callable[[F], F]:
    return click.option(
        "--as-of", "as_of", type=Day(), default=None, help=f"As known at the start of this day. [default: {default}]"
    )


@command.command("numbers", cls=Command)
@home_option
@click.option("--since", type=Day(), default=None, help="First day. [default: 365 days before the last]")
@_day_option("today")
@json_option
def numbers(home: Path, since: dt.date | None, as_of: dt.date | None, as_json: bool) -> int:
    """Count members as staff do: renewal, first-year and retention rate, drops, reinstatements, net.

    For everyone and by member type, beside the year before as it stood on the same day of it, with the formulas and
    the two numbers of each rate (docs/membership-numbers.md).
    """
    from tenure.app import reports

    house = House.open(home)
    return _finish(house, reports.numbers(house, as_of, since), None, "", as_json=as_json)


@command.command("dues", cls=Command)
@home_option
@_day_option("the latest night with scores")
@json_option
def dues(home: Path, as_of: dt.date | None, as_json: bool) -> int:
    """Tell how much of the dues of the coming 30, 60 and 90 days can be expected not to come, with a range."""
    from tenure.app import reports

    house = House.open(home)
    return _finish(house, reports.dues(house, as_of), None, "", as_json=as_json)


@command.command("leaving", cls=Command)
@home_option
@_day_option("the latest night with scores")
@_out_option
@json_option
def leaving(home: Path, as_of: dt.date | None, out: Path | None, as_json: bool) -> int:
    """Tell for what reasons members at risk may leave, and what members are worth.

    --out writes each member's reason, lifetime value, and whether it is in the top 5 % (docs/insights.md).
    """
    from tenure.app import exports, reports

    if out is not None:
        exports.check_target(out)
    house = House.open(home)
    return _finish(house, reports.leaving(house, as_of), out, "reasons for leaving", as_json=as_json)


@command.command("organizations", cls=Command)
@home_option
@_day_option("today")
@_out_option
@json_option
def organizations(home: Path, as_of: dt.date | None, out: Path | None, as_json: bool) -> int:
    """Tell how many people of the organizations take part, and where the key person has gone silent.

    --out writes breadth, depth and key person of each.
    """
    from tenure.app import exports, reports

    if out is not None:
        exports.check_target(out)
    house = House.open(home)
    return _finish(house, reports.organizations(house, as_of), out, "organizations", as_json=as_json)


_chapter_option: Callable[[F], F] = click.option("--chapter", default="", help="Tell of this chapter's members alone.")
_brief_option: Callable[[F], F] = click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it; .pdf, .html or .txt."
)


@command.command("daily", cls=Command)
@home_option
@_chapter_option
@_brief_option
def daily(home: Path, chapter: str, out: Path | None) -> int:
    """Tell what today holds: whom to call, what changed, what to mend.

    It names members. --out writes it as it goes by email, or as a PDF for print; the audit log keeps that this was
    done.
    """
    return _tell(home, "daily", chapter, out)


@command.command("weekly", cls=Command)
@home_option
@_brief_option
def weekly(home: Path, out: Path | None) -> int:
    """Tell how the membership stands against last year, what was done in the week, and what came of it.

    --out writes it as it goes by email, or as a PDF for print; the audit log keeps that this was done.
    """
    return _tell(home, "weekly", "", out)


@command.command("mail", cls=Command)
@home_option
@click.argument("username")
@click.argument("kind", type=click.Choice(["daily", "weekly"]))
@click.option("--stop", is_flag=True, help="Send it no more.")
@click.option("--by", required=True, metavar="NAME", help="Sign-in name of who decides.")
def mail(home: Path, username: str, kind: str, stop: bool, by: str) -> int:
    """Send the report KIND to the account USERNAME by email from now on, at the hour that `[reports]` names.

    It needs `[mail]`, an address of the account, and a worker (`tenure serve` or `tenure work`).
    """
    house = House.with_ledger(home)
    from tenure.ledger import briefs as asked_for

    change = asked_for.unsubscribe if stop else asked_for.subscribe
    changed = change(username=username, kind=kind, by=by, clock=house.clock)
    Console().result(
        f"{username} {'no longer gets' if stop else 'gets'} the {kind} report{'' if changed else ', as before'}"
    )
    return 0


def _tell(home: Path, kind: str, chapter: str, out: Path | None) -> int:
    from tenure.app import briefs

    if out is not None:
        briefs.check_target(out)
    house = House.with_ledger(home)
    brief = briefs.made(house, kind, chapter or None)
    if out is None:
        Console().result(briefs.in_words(house, brief))
        return 0
    briefs.write(house, brief, out)
    Console().result(f"wrote the {kind} report to {out}")
    return 0


def _finish(house: House, report: Report, out: Path | None, what: str, *, as_json: bool) -> int:
    from tenure.app import exports, reports

    console, body = Console(quiet=as_json), report.body
    if out is not None:
        frame = reports.with_ids(house, report)
        exports.write(frame, out)
        exports.tell(house, what, frame.height)
        body = {**body, "out": out, "rows_written": frame.height}
    if as_json:
        console.result_json(body)
        return 0
    console.result("\n".join(report.lines))
    if out is not None:
        console.result(f"wrote {body['rows_written']:,} rows to {out}")
    return 0
