"""What was counted for each row: the part of a cube of rows × kinds × windows that features ask for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.features.kernel import WINDOWS, Belongings, Cells, Found, sweep
from tenure.membership.contract import KINDS

SENT_OR_BILLED = frozenset({
    "event_invited", "event_declined", "event_no_show", "event_cancelled", "email_sent", "email_opened",
    "email_clicked", "email_bounced", "email_unsubscribed", "sms_sent", "sms_replied", "invoice_issued",
    "notice_sent", "payment", "payment_failed", "card_expiring", "plan_missed", "ticket_closed", "address_changed",
    "committee_left", "volunteer_assigned",
})  # fmt: skip
"""Kinds that show no interest of the member's own: done to the member, an answer to what was sent, or the opposite of
taking part. Opens are among them because mail programs open mail too."""

RESPONSES = frozenset({"email_clicked", "sms_replied"})
"""Answers to what the association sent: interest, but not begun by the member."""


NEVER = np.int32(2_000_000)
"""Stands for the day of a thing that is not on record."""

VOCABULARY = (*KINDS, "other")
"""The kinds that are counted one by one; a kind that an association added counts as `other`."""


@dataclass(frozen=True)
class Events:
    """Events of some payers, sorted by payer and day; what `windows_of` counts."""

    kinds: tuple[str, ...]
    since: NDArray[np.int32]
    payers: NDArray[np.int64]
    start: NDArray[np.int64]
    day: NDArray[np.int32]
    known: NDArray[np.int32]
    kind: NDArray[np.uint8]
    value: NDArray[np.float32]
    person: NDArray[np.int32]
    people: NDArray[np.int32]
    chapter: NDArray[np.bool_]
    belongings: Belongings

    def belonging_to(self, first: int, end: int) -> Belongings:
        """Who belonged to the payers *first* to *end* − 1."""
        return self.belongings._replace(start=self.belongings.start[first : end + 1])


Key = tuple[int, ...]


@dataclass(frozen=True)
class Counted:
    """A cube of rows × kinds × windows, or of rows and one of the two, of which only some cells were counted.

    Read it as the array that it stands for, all rows at a time: `counted[:, kind, window]` or
    `counted[:, kinds, window]`.

    Args:
        table: One line per row, one column per cell.
        column: The column of each cell, by kind and window; `_NOWHERE` for one in which nothing can be.
        nothing: What such a cell holds.
    """

    table: NDArray[Any]
    column: dict[Key, int]
    nothing: float = 0

    def __getitem__(self, at: tuple[Any, ...]) -> NDArray[Any]:
        rows, first, *rest = at
        if isinstance(first, list):
            return np.stack([self[(rows, one, *rest)] for one in first], axis=1)
        column = self.column[(int(first), *rest)]
        if column == _NOWHERE:
            return np.full(self.table[rows].shape[0], self.nothing, self.table.dtype)
        return np.asarray(self.table[rows, column])

    def columns(self, cells: list[Key]) -> list[int]:
        """The columns of those *cells* in which there can be anything."""
        return [column for column in (self.column[cell] for cell in cells) if column != _NOWHERE]


_NOWHERE = -1


class _Columns(dict[Key, int]):
    """The column of each cell that is counted."""

    def __missing__(self, key: Key) -> int:
        return _NOWHERE


class _Notes(dict[Key, int]):
    """Takes down which cells are read, and gives a column of no rows for each."""

    def __missing__(self, key: Key) -> int:
        self[key] = 0
        return 0


@dataclass(frozen=True)
class Activity:
    """What each row's payer had done by the row's day; days are counted from 1970-01-01.

    Args:
        kinds: Name of each kind, in the order of the kind axis.
        day: The day of each row, shape (n_rows,).
        counts: By kind and window.
        sums: Sums of values, by kind and window.
        last_day: Latest day of each kind, −1 where none.
        last_value: The value on it; NaN where none.
        weeks: Distinct weeks with something initiated, by window.
        people: Distinct people who belonged to the payer on the row's day and initiated something, by window.
        in_chapter: Initiated events in a chapter, by window.
        since: Per kind, the first day at whose end any record of it was known, of anyone; a large number where none.
        joined: Since when each row's payer is known to be one; before that they can have done nothing.
    """

    kinds: tuple[str, ...]
    day: NDArray[np.int32]
    counts: Counted
    sums: Counted
    last_day: Counted
    last_value: Counted
    weeks: Counted
    people: Counted
    in_chapter: Counted
    since: NDArray[np.int32]
    joined: NDArray[np.int32] | None = None

    def codes(self, kinds: tuple[str, ...]) -> list[int]:
        """Places of *kinds* on the kind axis."""
        return [self.kinds.index(kind) for kind in kinds]

    @classmethod
    def of(cls, found: Found, day: NDArray[np.int32], asked: Asked, since: NDArray[np.int32]) -> Activity:
        """What the kernel *found* of the cells *asked* for."""
        latest, stretch = columns_of(asked.latest), columns_of(asked.since)
        return cls(
            kinds=VOCABULARY,
            day=day,
            counts=Counted(found.counts, columns_of(asked.counts)),
            sums=Counted(found.sums, columns_of(asked.sums)),
            last_day=Counted(found.last_day, latest, nothing=-1),
            last_value=Counted(found.last_value, latest, nothing=np.nan),
            weeks=Counted(found.weeks, stretch),
            people=Counted(found.people, stretch),
            in_chapter=Counted(found.in_chapter, stretch),
            since=since,
        )

    @classmethod
    def of_nobody(cls, since: NDArray[np.int32]) -> Activity:
        """Activity without rows, which takes down what is read from it; see `Asked.by`."""
        a, b, c, d, e, f, g = (Counted(np.zeros((0, 1), np.float32), _Notes()) for _ in range(7))
        return cls(VOCABULARY, np.zeros(0, np.int32), a, b, c, d, e, f, g, since)


@dataclass(frozen=True)
class Asked:
    """Which cells to count.

    Args:
        counts: Kind and window of each, ascending.
        sums: Likewise.
        latest: Kinds whose latest day or value is asked for.
        since: Windows over which weeks, people or acts in a chapter are asked for.
        rhythm: Whether anything of `tenure.features.rhythm` is asked for.
    """

    counts: tuple[Key, ...]
    sums: tuple[Key, ...]
    latest: tuple[Key, ...]
    since: tuple[Key, ...]
    rhythm: bool

    @classmethod
    def by(cls, read: Activity, last: int, *, rhythm: bool) -> Asked:
        """What has been read from an `Activity.of_nobody`, but for kinds of which nothing was on record before *last*:
        an association knows some of forty kinds, and what cannot be there need not be counted row by row."""

        def there(cells: Iterable[Key]) -> tuple[Key, ...]:
            return tuple(sorted(cell for cell in cells if read.since[cell[0]] < last))

        return cls(
            there(read.counts.column),
            there(read.sums.column),
            there({*read.last_day.column, *read.last_value.column}),
            tuple(sorted({*read.weeks.column, *read.people.column, *read.in_chapter.column})),
            rhythm,
        )

    def cells(self) -> Cells:
        """The same as the kernel takes it."""
        latest = np.full(len(VOCABULARY), -1)
        latest[np.array([kind for (kind,) in self.latest], np.int64)] = np.arange(len(self.latest))
        return Cells(
            *_by_kind(self.counts),
            *_by_kind(self.sums),
            latest=latest,
            initiated=np.array([kind not in SENT_OR_BILLED for kind in VOCABULARY]),
            since_window=np.array([window for (window,) in self.since], np.int64),
        )


def _by_kind(pairs: tuple[Key, ...]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each kind's windows begin, and the windows."""
    start = np.searchsorted(np.array([kind for kind, _ in pairs], np.int64), np.arange(len(VOCABULARY) + 1))
    return start, np.array([window for _, window in pairs], np.int64)


class Room:
    """Memory for the kernel's answers for one stretch of rows after another: to touch new memory costs more than to
    fill it. Serves one thread, and always the same cells."""

    def __init__(self) -> None:
        self._held: Found | None = None

    def take(self, n_rows: int, asked: Asked) -> Found:
        """Room for the answers for *n_rows* rows, where those taken before may lie."""
        if self._held is None or len(self._held.counts) < n_rows:
            latest, stretch = len(asked.latest), len(asked.since)
            widths = (len(asked.counts), len(asked.sums), latest, latest, stretch, stretch, stretch)
            kinds = (np.int32 if name == "last_day" else np.float32 for name in Found._fields)
            self._held = Found._make(np.empty((n_rows, w), kind) for w, kind in zip(widths, kinds, strict=True))
        return Found._make(table[:n_rows] for table in self._held)


def windows_of(
    events: Events,
    first: int,
    end: int,
    row_start: NDArray[np.int64],
    days: NDArray[np.int32],
    asked: Asked,
    room: Room | None = None,
) -> Activity:
    """Count what was known of the payers *first* to *end* − 1 on the days of their rows.

    Args:
        events: As `tenure.features.events` reads them.
        first: Place of the first payer.
        end: Place after the last one.
        row_start: Where each of these payers' rows begin, shape (end − first + 1,).
        days: Day of each row, ascending within the payer.
        asked: Which cells.
        room: Where the answers of the last call may be overwritten.
    """
    found = (room or Room()).take(days.size, asked)
    sweep(
        events.start[first : end + 1], events.day, events.known, events.kind, events.value, events.person,
        events.chapter, row_start, days, events.people[first:end], events.belonging_to(first, end),
        np.array(WINDOWS, np.int32), asked.cells(), found,
    )  # fmt: skip
    return Activity.of(found, days, asked, events.since)


def columns_of(keys: tuple[Key, ...]) -> dict[Key, int]:
    """The column of each cell."""
    return _Columns({key: column for column, key in enumerate(keys)})
