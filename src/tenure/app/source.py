"""The association's source of records, opened as the settings say."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tenure.app.house import House
from tenure.app.password import password_of
from tenure.base.errors import TenureError, UsageError
from tenure.membership.contract import TABLES

if TYPE_CHECKING:
    from tenure.imis import ImisClient
    from tenure.imis.sql.client import SqlClient
    from tenure.intake import Source


_REST = dt.timedelta(hours=1)
"""How long iMIS is left alone after a sync, by the vendor's rules of use; without a limit on requests, not at all."""


@contextmanager
def open_source(house: House) -> Iterator[Source]:
    """The source, for the length of the block."""
    from tenure import intake

    if house.settings.source.kind == "files":
        yield intake.FilesSource(folder_of(house))
        return
    if house.settings.source.kind == "sql":
        with open_database(house) as database:
            yield intake.SqlSource(database, intake.read_sql_mapping(house.settings.source.mapping, house.home))
        return
    with open_client(house) as client:
        plan = intake.read_mapping(house.settings.source.mapping, house.home)
        yield intake.ImisSource(
            client, plan, rest=_REST if house.settings.source.requests_per_hour else dt.timedelta(0)
        )


@contextmanager
def open_client(house: House) -> Iterator[ImisClient]:
    """A client of the association's iMIS, for the length of the block; nothing is sent before it is asked."""
    from tenure.imis import ImisClient

    source = house.settings.source
    if not source.url or not source.username:
        missing = "url" if not source.url else "username"
        raise UsageError(f"`source.{missing}` is not set", mend=f"set it in {house.home.settings_file}")
    with ImisClient(
        source.url,
        source.username,
        password_of(house.home),
        requests_per_hour=source.requests_per_hour,
        page_size=source.page_size,
        timeout=source.timeout_seconds,
        ca_file=house.home.root / Path(source.ca_file).expanduser() if source.ca_file else None,
        proxy=source.proxy,
    ) as client:
        yield client


@contextmanager
def open_database(house: House) -> Iterator[SqlClient]:
    """A client of the association's database, for the length of the block; nothing is sent before it is asked."""
    from tenure.imis.sql.client import SqlClient

    source = house.settings.source
    if not source.url:
        raise UsageError("`source.url` is not set", mend=f"set it in {house.home.settings_file}")
    with SqlClient(source.url, password_of(house.home, "sql"), timeout=source.timeout_seconds) as client:
        yield client


def folder_of(house: House) -> Path:
    """The folder of the exports; a relative one is taken from the home."""
    return house.home.root / Path(house.settings.source.path).expanduser()


def look(house: House) -> list[TenureError]:
    """What keeps the source from being read, as far as a first look can tell."""
    if house.settings.source.kind == "files":
        return _look_at_folder(folder_of(house))
    return _look_at_site(house) if house.settings.source.kind == "imis" else _look_at_database(house)


def _look_at_folder(folder: Path) -> list[TenureError]:
    there = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    needed = [table.name for table in TABLES.values() if table.required]
    missing = [name for name in needed if not there & {f"{name}.parquet", f"{name}.csv"}]
    if not missing:
        return []
    names = " and ".join(f"{name}.parquet or {name}.csv" for name in missing)
    return [UsageError(f"{folder} lacks {names}", mend="export them into that folder; docs/files.md lists the columns")]


def _look_at_site(house: House) -> list[TenureError]:
    try:
        with open_client(house) as client:
            client.whoami()
    except TenureError as error:
        return [error]
    return []


def _look_at_database(house: House) -> list[TenureError]:
    try:
        with open_database(house) as client:
            client.login()
    except TenureError as error:
        return [error]
    return []
