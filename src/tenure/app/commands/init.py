"""`tenure init`: write the settings of an association."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import click

from tenure.app.console import Console
from tenure.app.house import House
from tenure.app.options import Command, home_option, json_option
from tenure.app.password import SQL_VARIABLE, VARIABLE, keep_password, password_of
from tenure.app.settings_file import Answers, settings_text
from tenure.base.errors import TenureError, UsageError
from tenure.base.home import Home, write_atomically
from tenure.base.pseudonym import Pseudonyms
from tenure.base.settings import parse_settings

HELP = f"""Write the settings of an association into a home directory.

A folder of exports, an iMIS site, or the database of an iMIS is the source of records:

\b
  tenure init --home H --source files --path EXPORTS
  tenure init --home H --source imis --url https://www.example.org --username tenure
  tenure init --home H --source sql --url mssql+pymssql://tenure@server:1433/iMIS

For iMIS the password comes from the environment variable {VARIABLE}, for a database from
{SQL_VARIABLE}, or it is asked for; it is kept in H/secrets, readable by your account alone. The source is
then looked at, and what is not yet right is said; the settings are written all the same."""


@click.command("init", cls=Command, help=HELP, short_help="Write the settings of an association.")
@home_option
@click.option(
    "--source", "kind", type=click.Choice(["files", "imis", "sql"]), required=True, help="Where records come from."
)
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
@click.option("--force", is_flag=True, help="Replace a tenure.toml that is there.")
@json_option
def command(
    home: Path,
    kind: str,
    path: Path | None,
    url: str | None,
    username: str | None,
    grace_days: int,
    name: str,
    requests_per_hour: int,
    force: bool,
    as_json: bool,
) -> int:
    """Write the settings."""
    console = Console(quiet=as_json)
    answers = Answers(
        kind=kind,
        name=name,
        path=_folder(kind, path),
        url=_address(kind, url),
        username=_account(kind, username),
        grace_days=grace_days,
        requests_per_hour=requests_per_hour,
    )
    place = Home(home.resolve())
    write_home(place, answers, force=force)
    faults = _look(place)
    for fault in faults:
        console.warn(str(fault))
    _tell(console, place, faults, as_json=as_json)
    return 0


def write_home(place: Home, answers: Answers, *, force: bool, password: str = "") -> None:
    """Write the settings, the pseudonym key and, for iMIS, the password into *place*.

    Raises:
        UsageError: There is a tenure.toml and *force* does not allow replacing it, or the password is nowhere.
    """
    if place.settings_file.exists() and not force:
        raise UsageError(
            f"{place.settings_file} is there already",
            mend="edit it, or pass --force to replace it; lake, models, ledger and key stay as they are",
        )
    text = settings_text(answers).encode()
    parse_settings(text, place.settings_file)
    if answers.kind != "files":
        keep_password(place, password or password_of(place, answers.kind), answers.kind)
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


def _look(place: Home) -> list[TenureError]:
    """What keeps the new source from being read, as far as a look can tell."""
    from tenure.app.source import look

    return look(House.open(place.root))


def _tell(console: Console, place: Home, faults: list[TenureError], *, as_json: bool) -> None:
    if as_json:
        found = [{"message": fault.message, "hint": fault.mend} for fault in faults]
        console.result_json({"settings": place.settings_file, "faults": found})
        return
    console.result(f"wrote {place.settings_file}")
    following = "tenure doctor" if faults else "tenure run"
    console.say(f"next: `{following} --home {place.root}`")
