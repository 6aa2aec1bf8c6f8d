"""`tenure init`: write the settings of an association."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, home_option, json_option
from tenure.app.password import SQL_VARIABLE, VARIABLE, is_known, keep_password, no_password, password_of
from tenure.app.settings_file import Answers, settings_text
from tenure.app.wizard import FILE, keep
from tenure.app.wizard import inspect as inspect_source
from tenure.base.errors import TenureError, UsageError
from tenure.base.home import Home, write_atomically
from tenure.base.pseudonym import Pseudonyms
from tenure.base.settings import parse_settings

if TYPE_CHECKING:
    from tenure.intake.wizard import Proposal

HELP = f"""Write the settings of an association into a home directory.

A folder of exports, an iMIS site, or the database of an iMIS is the source of records:

\b
  tenure init --home H --source files --path EXPORTS
  tenure init --home H --source imis --url https://www.example.org --username tenure
  tenure init --home H --source sql --url mssql+pymssql://tenure@server:1433/iMIS
  tenure init --home H --inspect

For iMIS the password comes from the environment variable {VARIABLE}, for a database from
{SQL_VARIABLE}, or it is asked for; it is kept in H/secrets, readable by your account alone.

The source is then looked at: which queries, panel sources or tables answer, with which columns, how many rows and
which codes. What differs from the profile that ships with Tenure is proposed as H/mapping.toml, with comments, for
you to read and edit. No member's data is shown. What is not yet right is said, and the settings are written all the
same; once it is mended, --inspect looks again and proposes anew. Nothing is asked of you but the password."""


@click.command("init", cls=Command, help=HELP, short_help="Write the settings of an association.")
@home_option
@click.option("--source", "kind", type=click.Choice(["files", "imis", "sql"]), help="Where records come from.")
@click.option("--path", type=click.Path(path_type=Path), help="For files: the folder with the exports.")
@click.option("--url", help="For imis: address of the site. For sql: of the database, without a password.")
@click.option("--username", help="For imis: the account that reads, and writes the scores.")
@click.option(
    "--grace-days",
    type=click.IntRange(min=0),
    default=30,
    show_default=True,
    help="Days after the end of a term in which a payment still renews it; per member type in the file.",
)
@click.option("--name", default="My association", help="What the association calls itself.")
@click.option("--requests-per-hour", type=click.IntRange(min=0), default=3600, help="Ceiling for iMIS; 0 for none.")
@click.option("--query", "queries", multiple=True, help="For imis: path of a further query to look at; may repeat.")
@click.option("--inspect", is_flag=True, help="Look at the source of a home that is there, and propose a mapping anew.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option("--no-input", is_flag=True, help="Never ask for the password.")
@click.option("--force", is_flag=True, help="Replace a tenure.toml that is there.")
@json_option
def command(
    home: Path,
    kind: str | None,
    path: Path | None,
    url: str | None,
    username: str | None,
    grace_days: int,
    name: str,
    requests_per_hour: int,
    queries: tuple[str, ...],
    inspect: bool,
    dry_run: bool,
    no_input: bool,
    force: bool,
    as_json: bool,
) -> int:
    """Write the settings, look at the source, and propose a mapping."""
    console, place = Console(quiet=as_json), Home(home.resolve())
    if inspect:
        _inspect_again(place, console, queries, dry_run=dry_run, no_input=no_input, as_json=as_json)
        return 0
    if kind is None:
        raise UsageError(
            "--source is missing", mend="pass --source files, imis or sql; or --inspect for a home of yours"
        )
    answers = Answers(
        kind=kind,
        name=name,
        path=_folder(kind, path),
        url=_address(kind, url),
        username=_account(kind, username),
        grace_days=grace_days,
        requests_per_hour=requests_per_hour,
    )
    if dry_run:
        settings = parse_settings(settings_text(answers).encode(), place.settings_file)
        house = House(place, settings)
        outcome = _look(house, console, queries, no_input=no_input)
    else:
        write_home(place, answers, force=force, ask=not no_input)
        house = House.open(place.root)
        outcome = _look(house, console, queries, no_input=no_input)
        if outcome.proposal is not None and kind != "files":
            _adopt(house, answers, outcome.proposal)
    _tell(console, house, outcome, as_json=as_json, dry_run=dry_run)
    return 0


@dataclass(frozen=True)
class _Outcome:
    """What looking at a source came to: what keeps it from being read, and a mapping where it could be seen."""

    faults: list[TenureError]
    proposal: Proposal | None = None


def _inspect_again(
    place: Home, console: Console, queries: tuple[str, ...], *, dry_run: bool, no_input: bool, as_json: bool
) -> None:
    """Propose a mapping for the home in *place*; its settings stay as they are."""
    house = House.open(place.root)
    outcome = _look(house, console, queries, no_input=no_input)
    if outcome.proposal is not None and house.settings.source.kind != "files" and not dry_run:
        keep(house, outcome.proposal)
        if house.settings.source.mapping != FILE:
            console.warn(f'set `source.mapping = "{FILE}"` in {place.settings_file} to have it used')
    _tell(console, house, outcome, as_json=as_json, dry_run=dry_run)


def _look(house: House, console: Console, queries: tuple[str, ...], *, no_input: bool) -> _Outcome:
    """See whether the source can be read, and what it has."""
    from tenure.app.source import look

    kind = house.settings.source.kind
    if no_input and kind != "files" and not is_known(house.home, kind):
        return _Outcome([no_password(house.home, kind)])
    faults = look(house)
    if faults:
        return _Outcome(faults)
    try:
        with console.step("Look") as step:
            return _Outcome([], inspect_source(house, queries, step))
    except TenureError as error:
        return _Outcome([error])


def _adopt(house: House, answers: Answers, proposal: Proposal) -> None:
    keep(house, proposal)
    write_atomically(house.home.settings_file, settings_text(replace(answers, mapping=FILE)).encode())


def write_home(
    place: Home,
    answers: Answers,
    *,
    force: bool,
    password: str = "",
    ask: bool = True,
    given: Mapping[str, str | int | float | bool] | None = None,
) -> None:
    """Write the settings, the pseudonym key and, for iMIS, the password into *place*.

    With *ask* a person may be asked for the password; *given* are further settings, as for `settings_text`.

    Raises:
        UsageError: There is a tenure.toml and *force* does not allow replacing it, or the password is nowhere.
    """
    if place.settings_file.exists() and not force:
        raise UsageError(
            f"{place.settings_file} is there already",
            mend="edit it, or pass --force to replace it; lake, models, ledger and key stay as they are",
        )
    text = settings_text(answers, given).encode()
    parse_settings(text, place.settings_file)
    if answers.kind != "files":
        keep_password(place, password or password_of(place, answers.kind, ask=ask), answers.kind)
    Pseudonyms.of(place)
    write_atomically(place.settings_file, text)


def _folder(kind: str, path: Path | None) -> str:
    if kind != "files":
        return ""
    if path is None:
        raise UsageError("--source files needs --path", mend="pass the folder that holds members and terms")
    if not path.is_dir():
        raise UsageError(f"there is no folder `{path}`", mend="pass the folder that holds members and terms")
    return str(path.resolve())


def _address(kind: str, url: str | None) -> str:
    if kind == "files":
        return ""
    if kind == "sql":
        return _database(url)
    if not url:
        raise UsageError(
            "--source imis needs --url", mend="pass the address of the site, such as https://www.example.org"
        )
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(f"`{url}` is not the address of a site", mend="write it as https://www.example.org")
    if parts.username or parts.password:
        raise UsageError("the address holds an account", mend=f"pass --username, and the password by {VARIABLE}")
    return url.rstrip("/")


def _database(url: str | None) -> str:
    from tenure.imis.sql.client import checked_url

    if not url:
        raise UsageError(
            "--source sql needs --url", mend="pass the database, such as mssql+pymssql://tenure@server:1433/iMIS"
        )
    return checked_url(url)


def _account(kind: str, username: str | None) -> str:
    if kind == "imis" and not username:
        raise UsageError("--source imis needs --username", mend="pass the account that Tenure signs in with")
    return username or "" if kind == "imis" else ""


def _tell(console: Console, house: House, outcome: _Outcome, *, as_json: bool, dry_run: bool) -> None:
    place, proposal = house.home, outcome.proposal
    written = proposal if house.settings.source.kind != "files" else None
    for fault in outcome.faults:
        console.warn(str(fault))
    if as_json:
        found = [{"message": fault.message, "hint": fault.mend} for fault in outcome.faults]
        told = {"settings": place.settings_file, "faults": found, "dry_run": dry_run}
        mapping = {"mapping": place.root / FILE, "found": written.as_json()} if written else {}
        console.result_json(told | mapping)
        return
    if proposal is not None:
        for line in proposal.lines():
            console.result(line)
    if dry_run:
        console.result(f"\n{written.text}" if written else f"nothing was written; {place.settings_file} would be")
        return
    console.result(f"wrote {place.settings_file}" + (f" and {place.root / FILE}" if written else ""))
    well = not outcome.faults and (proposal is None or proposal.fits)
    console.say(f"next: `tenure {'run' if well else 'doctor'} --home {place.root}`")
