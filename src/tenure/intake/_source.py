"""What a source is to intake: something that delivers tables of the contract into a scratch database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import duckdb

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
        rejects: The scratch table of lines that could not be cut into columns, if there can be any.
    """

    table: str
    relation: str
    columns: Mapping[str, str]
    label: str
    whole: bool = True
    rejects: str = ""


@dataclass(frozen=True)
class Delivery:
    """All that a source gave at once.

    Args:
        tables: By name.
        watermarks: To be stored with the rows.
        notices: What the source has to say about them.
    """

    tables: dict[str, Given]
    watermarks: dict[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


class Source(Protocol):
    """Where records come from."""

    name: str

    def unchanged(self, watermarks: Mapping[str, str], at: dt.datetime) -> bool:
        """Whether the source can tell, without being read, that it has nothing that the lake lacks."""
        ...

    def deliver(
        self, db: duckdb.DuckDBPyConnection, watermarks: Mapping[str, str], at: dt.datetime, progress: Progress
    ) -> Delivery:
        """Put what the source has into *db*.

        Raises:
            BadInput: It cannot be read as tables of the contract.
        """
        ...

    def close(self) -> None:
        """Everything was stored: forget what was kept for another attempt."""
        ...
