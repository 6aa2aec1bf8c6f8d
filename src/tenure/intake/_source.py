"""What a source is to intake: something that delivers tables of the contract into a scratch database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import duckdb

from tenure.base.errors import UsageError
from tenure.base.settings import Settings
from tenure.intake._drift import Drift

Progress = Callable[..., None]
"""Called as `progress(words, done, total)`; the counts may be left out."""


def silent(*_: Any) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Given:
    """One table as a source gave it, before anything was checked.

    Args:
        table: Its name in the contract.
        relation: What to select from in the scratch database; has a column `row` beside those below.
        columns: The contract's columns that are there, with DuckDB's type of each.
        label: What messages call it, such as `activity.csv`.
        whole: It is the whole table; else only what is new or changed.
        paged: It was read in pages, so that a row may come twice, and the last time is right.
        rejects: The scratch table of lines that could not be cut into columns, if there can be any.
        lines: How many lines its file has below the header, blank ones left out; 0 where it is no CSV.
        all: Every column that *relation* has, those too that the contract does not know; for a CSV.
    """

    table: str
    relation: str
    columns: Mapping[str, str]
    label: str
    whole: bool = True
    paged: bool = False
    rejects: str = ""
    lines: int = 0
    all: tuple[str, ...] = ()


@dataclass(frozen=True)
class FeedCount:
    """How many rows a feed of a source has, against how many it had.

    Args:
        name: The feed.
        label: What messages call it.
        table: The table that it fills or helps to fill.
        before: Rows that the source spoke of when it was read before; None the first time.
        now: Rows that it speaks of.
        read: Rows that were read this time.
        kinds: For activity, the kinds that come from it.
    """

    name: str
    label: str
    table: str
    before: int | None
    now: int
    read: int
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Delivery:
    """All that a source gave at once.

    Args:
        tables: By name.
        watermarks: To be stored with the rows.
        notices: What the source has to say about them.
        feeds: How large each feed is, where the source can tell.
        everybody: What to select `member_id` from, of everybody whom the source has; empty when it was not asked.
        drifts: How the form of what it gives has changed.
        requests: How many it took; 0 where none are counted.
    """

    tables: dict[str, Given]
    watermarks: dict[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    feeds: tuple[FeedCount, ...] = ()
    everybody: str = ""
    drifts: tuple[Drift, ...] = ()
    requests: int = 0


@dataclass(frozen=True)
class Errand:
    """What a source is sent for.

    Args:
        at: The instant of the sync, aware.
        watermarks: How far it was read before.
        settings: The association's.
        spool: A folder for pages between two attempts.
        progress: Told of each step.
    """

    at: dt.datetime
    watermarks: Mapping[str, str]
    settings: Settings
    spool: Path
    progress: Progress = silent

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which the source states times without an offset.

        Raises:
            UsageError: There is no such zone.
        """
        name = self.settings.association.time_zone
        try:
            return ZoneInfo(name)
        except (KeyError, ValueError) as error:
            raise UsageError(
                f"`association.time_zone` is {name}, which is no time zone", mend="write one such as America/New_York"
            ) from error


class Source(Protocol):
    """Where records come from."""

    name: str

    def unchanged(self, watermarks: Mapping[str, str], at: dt.datetime) -> bool:
        """Whether the source can tell, without being read, that it has nothing that the lake lacks."""
        ...

    def resting(self, watermarks: Mapping[str, str], at: dt.datetime) -> str:
        """In words why the source must not be asked at present; empty when it may."""
        ...

    def deliver(self, db: duckdb.DuckDBPyConnection, errand: Errand) -> Delivery:
        """Put what the source has into *db*.

        Raises:
            BadInput: It cannot be read as tables of the contract.
        """
        ...

    def close(self) -> None:
        """Everything was stored: forget what was kept for another attempt."""
        ...
