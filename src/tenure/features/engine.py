"""Where activity is counted: on this machine, or wherever the same kernel can be fed.

An engine gives the kernel the complete, sorted events of some payers together with their rows, and gives on what was
counted. What features are made of it is no business of an engine's.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.features.activity import NEVER, Activity, Asked, Events, Room, windows_of
from tenure.features.events import reading
from tenure.features.rhythm import Rhythm, rhythm_of
from tenure.lake import Lake

_CHUNK_ROWS = 40_000
"""Rows that a thread takes at a time: the kernel's answers for them take about 20 MB."""

_MOST_THREADS = 8

Fill = Callable[[slice, Activity, Rhythm], pl.DataFrame]
"""Takes what was counted for some rows, and gives what is to be kept of them."""


@dataclass(frozen=True)
class Rows:
    """Lines of standing by member and day, and what the kernel needs of them; days are counted from 1970-01-01.

    Args:
        frame: The lines.
        day: The day of each.
        began: First day of the term that holds the row's day; `NEVER` where there is none.
        began_before: First day of the term before that one; likewise.
        organization: Whether the member is an organization.
        belonging: Who belonged to which organization, as `tenure.membership.belonging` returns.
    """

    frame: pl.DataFrame
    day: NDArray[np.int32]
    began: NDArray[np.int32]
    began_before: NDArray[np.int32]
    organization: NDArray[np.bool_]
    belonging: pl.DataFrame

    @classmethod
    def of(cls, frame: pl.DataFrame, belonging: pl.DataFrame) -> Rows:
        """The lines of *frame*."""
        day, began, before = (
            frame[name].to_physical().cast(pl.Int32).fill_null(int(NEVER)).to_numpy()
            for name in ("as_of", "cycle_began", "previous_cycle_began")
        )
        organization = (frame["record_type"] == "organization").fill_null(value=False).to_numpy()
        return cls(frame, day, began, before, organization, belonging)


class Engine(Protocol):
    """Counts activity."""

    def count(self, rows: Rows, asked: Callable[[NDArray[np.int32]], Asked], fill: Fill) -> Iterator[pl.DataFrame]:
        """Count for all *rows*.

        Args:
            rows: By member and day.
            asked: Says what to count, given since when each kind was recorded.
            fill: Called with each range of rows once, side by side where an engine likes.

        Yields:
            What *fill* gave, in the order of the rows.
        """
        ...


class Local:
    """This machine: DuckDB reads, a thread per processor counts.

    Args:
        lake: Where activity lies.
    """

    def __init__(self, lake: Lake) -> None:
        self._lake = lake

    def count(self, rows: Rows, asked: Callable[[NDArray[np.int32]], Asked], fill: Fill) -> Iterator[pl.DataFrame]:
        """As `Engine` says."""
        payers, first_row = np.unique(rows.frame["member"].to_numpy(), return_index=True)
        starts = np.append(first_row, len(rows.frame)).astype(np.int64)
        first, last = int(rows.day.min()), int(rows.day.max())
        with (
            reading(self._lake, payers, first, last, rows.belonging) as reader,
            ThreadPoolExecutor(min(os.cpu_count() or 1, _MOST_THREADS)) as pool,
        ):
            wanted, own_thread = asked(reader.since), threading.local()
            for begin, end in reader.parts:
                events, own = reader.read(begin, end), starts[begin : end + 1]

                def count(
                    chunk: tuple[int, int], events: Events = events, own: NDArray[np.int64] = own
                ) -> pl.DataFrame:
                    part = slice(own[chunk[0]], own[chunk[1]])
                    row_start = own[chunk[0] : chunk[1] + 1] - part.start
                    if not hasattr(own_thread, "room"):
                        own_thread.room = Room()
                    return fill(part, *counted(events, *chunk, row_start, rows, part, wanted, own_thread.room))

                yield from pool.map(count, _chunks(own))


def counted(
    events: Events,
    first: int,
    end: int,
    row_start: NDArray[np.int64],
    rows: Rows,
    part: slice,
    asked: Asked,
    room: Room | None = None,
) -> tuple[Activity, Rhythm]:
    """What the payers *first* to *end* − 1 had done by the days of their rows, which are the *part* of *rows*.

    It lies in *room*, if one is given, until that is used again.
    """
    activity = windows_of(events, first, end, row_start, rows.day[part], asked, room)
    if not asked.rhythm:
        return activity, Rhythm.of_nobody()
    return activity, rhythm_of(
        events, first, end, row_start, rows.day[part], rows.began[part], rows.began_before[part],
        rows.organization[part],
    )  # fmt: skip


def _chunks(starts: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Ranges of payers of about `_CHUNK_ROWS` rows each."""
    edges = [0]
    while edges[-1] < starts.size - 1:
        end = int(np.searchsorted(starts, starts[edges[-1]] + _CHUNK_ROWS, side="right")) - 1
        edges.append(min(max(end, edges[-1] + 1), starts.size - 1))
    return list(itertools.pairwise(edges))
