"""The sliding-window kernel: one ordered pass over each payer's events, for any days, on both clocks.

An event counts for day A and window w when A − w ≤ its day < A **and** it was known before A. So it counts for a run
of the payer's rows: from the first whose day is after the day on which it became known, to the last whose window still
holds it. An event is added once at the first and taken off once after the last, and a row is the running sum. The cost
follows the events, and the answers asked for, and not their product.

Only the cells that a feature asks for are counted (`Cells`): of forty kinds and five windows most pairs mean nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

WINDOWS: tuple[int, ...] = (30, 90, 180, 365, 730)
"""Days of each window, shortest first."""

_WEEK_SLOTS = 112  # more weeks than the longest window holds, so that two weeks of one window never share a slot

_NEVER = np.int32(-1_000_000)

_FEW_STEPS = 8
"""Steps for each event, after which sorting all of them is quicker than moving the late ones."""

_UNIT, _MOST = 2.0**24, 1e9
"""Values are summed as whole numbers of 2⁻²⁴, so that a sum is the same in any order and exactly 0 when all of it has
left; one beyond a billion counts as a billion."""


class Cells(NamedTuple):
    """Which kinds are counted or summed over which windows.

    Args:
        count_start: Where each kind's counted windows begin in `count_window`, shape (n_kinds + 1,).
        count_window: Place of each counted window in the list of windows; one per column of the counts.
        sum_start: Likewise for sums of values.
        sum_window: Likewise.
        latest: The column of each kind among the latest days and values, −1 where neither is asked for.
        initiated: For each kind, whether the member did it (and was not merely sent or billed something).
        since_window: Places of the windows over which weeks, people and acts in a chapter are counted.
    """

    count_start: NDArray[np.int64]
    count_window: NDArray[np.int64]
    sum_start: NDArray[np.int64]
    sum_window: NDArray[np.int64]
    latest: NDArray[np.int64]
    initiated: NDArray[np.bool_]
    since_window: NDArray[np.int64]


class Found(NamedTuple):
    """What the kernel fills in, one line per row.

    Args:
        counts: Shape (n_rows, number of counted cells).
        sums: Shape (n_rows, number of summed cells).
        last_day: Latest day of each kind asked for within the longest window, −1 where none.
        last_value: The value on it, the greatest where there are several; NaN where none.
        weeks: Distinct weeks with something initiated, shape (n_rows, number of `since_window`).
        people: Distinct people who belonged to the payer on the row's day and initiated something, same shape.
        in_chapter: Initiated events in a chapter, same shape.
    """

    counts: NDArray[np.float32]
    sums: NDArray[np.float32]
    last_day: NDArray[np.int32]
    last_value: NDArray[np.float32]
    weeks: NDArray[np.float32]
    people: NDArray[np.float32]
    in_chapter: NDArray[np.float32]


class Belongings(NamedTuple):
    """Who belonged to which payer, a line for each stretch of it, by payer.

    Args:
        start: Where each payer's lines begin, shape (n_payers + 1,).
        person: Number of the person within the payer, from 1; 0 is the payer itself.
        since: Day after which the person belonged.
        until: Last day at whose start the person belonged.
    """

    start: NDArray[np.int64]
    person: NDArray[np.int32]
    since: NDArray[np.int32]
    until: NDArray[np.int32]


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def mark_belonging(belongings: Belongings, payer: int, today: int, here: NDArray[np.bool_]) -> None:
    """Mark in *here* those of the payer's people, by number, who were known to belong to it at the start of *today*."""
    here[:] = False
    for line in range(belongings.start[payer], belongings.start[payer + 1]):
        if belongings.since[line] < today <= belongings.until[line]:
            here[belongings.person[line]] = True


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _by_day_known(known: NDArray[np.int32], order: NDArray[np.int32]) -> bool:
    """Whether the events became known in another order than that in which they stand; if so, *order* is filled with
    their places in that order.

    A few late ones are put where they belong one by one, which costs the places that they move by; where that grows
    long, all are sorted.
    """
    first = 1
    while first < known.size and known[first] >= known[first - 1]:
        first += 1
    if first >= known.size:
        return False
    for place in range(first):
        order[place] = place
    steps = 0
    for place in range(first, known.size):
        to, when = place, known[place]
        while to > 0 and known[order[to - 1]] > when:
            order[to] = order[to - 1]
            to -= 1
        order[to] = place
        steps += place - to
        if steps > _FEW_STEPS * known.size:
            order[: known.size] = np.argsort(known, kind="mergesort")
            return True
    return True


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _past_window(as_of: NDArray[np.int32], guess: int, last: int) -> int:
    """The first of a payer's rows whose day is after *last*, looked for from *guess* on either way."""
    while guess < as_of.size and as_of[guess] <= last:
        guess += 1
    while guess > 0 and as_of[guess - 1] > last:
        guess -= 1
    return guess


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def sweep(
    event_start: NDArray[np.int64],
    day: NDArray[np.int32],
    known: NDArray[np.int32],
    kind: NDArray[np.uint8],
    value: NDArray[np.float32],
    person: NDArray[np.int32],
    chapter: NDArray[np.bool_],
    row_start: NDArray[np.int64],
    as_of: NDArray[np.int32],
    people: NDArray[np.int32],
    belongings: Belongings,
    windows: NDArray[np.int32],
    cells: Cells,
    found: Found,
) -> None:
    """Fill the answers for every row.

    Args:
        event_start: Where each payer's events begin, shape (n_payers + 1,).
        day: Day of each event, by payer and then ascending, shape (n_events,).
        known: First day at whose end the event was on record; never before `day`.
        kind: Code of the event's kind, 0 to n_kinds − 1.
        value: Its value; NaN counts as nothing in sums.
        person: Who did it, 0 to `people[payer]` − 1.
        chapter: Whether it took place in a chapter.
        row_start: Where each payer's rows begin, shape (n_payers + 1,).
        as_of: Day of each row, ascending within the payer, shape (n_rows,).
        people: Number of people of each payer, itself included, shape (n_payers,).
        belongings: Who of them belonged to it when.
        windows: Window lengths in days, ascending.
        cells: What is asked for.
        found: Out.
    """
    n_windows, n_since = windows.size, cells.since_window.size
    n_counts, n_sums = cells.count_window.size, cells.sum_window.size
    most, most_events, most_people = 1, 1, 1
    for payer in range(row_start.size - 1):
        most = max(most, row_start[payer + 1] - row_start[payer])
        most_events = max(most_events, event_start[payer + 1] - event_start[payer])
        most_people = max(most_people, people[payer])
    # What leaves the windows before each of a payer's rows; one line more for what none of them sees leave.
    less_count, less_sum = np.zeros((most + 1, n_counts), np.int32), np.zeros((most + 1, n_sums), np.int64)
    less_chapter = np.zeros((most + 1, n_since), np.int32)
    count, total = np.zeros(n_counts, np.int32), np.zeros(n_sums, np.int64)
    in_chapter = np.zeros(n_since, np.int32)
    latest, latest_value = np.empty(cells.latest.size, np.int32), np.empty(cells.latest.size, np.float32)
    order, by_person = np.empty(most_events, np.int32), np.empty(most_people, np.int32)
    here = np.zeros(most_people, np.bool_)
    past, by_week = np.zeros(n_windows, np.int64), np.empty(_WEEK_SLOTS, np.int32)
    for payer in range(row_start.size - 1):
        first_row, end_row = row_start[payer], row_start[payer + 1]
        if first_row == end_row:
            continue
        begin, end = event_start[payer], event_start[payer + 1]
        reordered = _by_day_known(known[begin:end], order)
        days = as_of[first_row:end_row]
        less_count[: days.size + 1] = 0
        less_sum[: days.size + 1] = 0
        less_chapter[: days.size + 1] = 0
        count[:], total[:], in_chapter[:], past[:] = 0, 0, 0, 0
        latest[:], latest_value[:], by_week[:] = -1, np.nan, _NEVER
        by_person[: people[payer]] = _NEVER
        enter = 0
        for row in range(days.size):
            today = days[row]
            while enter < end - begin:
                e = begin + (order[enter] if reordered else enter)
                if known[e] >= today:
                    break
                enter += 1
                d, k = day[e], kind[e]
                column = cells.latest[k]
                if column >= 0 and d >= latest[column]:
                    first = d > latest[column] or np.isnan(latest_value[column])
                    if first or value[e] > latest_value[column]:
                        latest_value[column] = value[e]
                    latest[column] = d
                for cell in range(cells.count_start[k], cells.count_start[k + 1]):
                    w = cells.count_window[cell]
                    past[w] = _past_window(days, past[w], d + windows[w])
                    if past[w] > row:
                        count[cell] += 1
                        less_count[past[w], cell] += 1
                if cells.sum_start[k] < cells.sum_start[k + 1] and not np.isnan(value[e]):
                    amount = np.int64(np.rint(min(max(value[e], -_MOST), _MOST) * _UNIT))
                    for cell in range(cells.sum_start[k], cells.sum_start[k + 1]):
                        w = cells.sum_window[cell]
                        past[w] = _past_window(days, past[w], d + windows[w])
                        if past[w] > row:
                            total[cell] += amount
                            less_sum[past[w], cell] += amount
                if cells.initiated[k]:
                    slot = (d // 7) % _WEEK_SLOTS
                    by_week[slot] = max(by_week[slot], d)
                    by_person[person[e]] = max(by_person[person[e]], d)
                    if chapter[e]:
                        for place in range(n_since):
                            w = cells.since_window[place]
                            past[w] = _past_window(days, past[w], d + windows[w])
                            if past[w] > row:
                                in_chapter[place] += 1
                                less_chapter[past[w], place] += 1
            at = first_row + row
            for cell in range(n_counts):
                count[cell] -= less_count[row, cell]
                found.counts[at, cell] = count[cell]
            for cell in range(n_sums):
                total[cell] -= less_sum[row, cell]
                found.sums[at, cell] = total[cell] / _UNIT
            for column in range(found.last_day.shape[1]):
                # What lies beyond the longest window was read or not, as other rows' days would have it.
                near = latest[column] >= today - windows[-1]
                found.last_day[at, column] = latest[column] if near else -1
                found.last_value[at, column] = latest_value[column] if near else np.nan
            if people[payer] > 1:
                mark_belonging(belongings, payer, today, here[: people[payer]])
            for place in range(n_since):
                edge = np.int32(today - windows[cells.since_window[place]])
                weeks, active = np.int32(0), 0  # of 32 bits, as the days are, so that many are looked at in one step
                for slot in range(_WEEK_SLOTS):
                    weeks += np.int32(by_week[slot] >= edge)
                for who in range(1, people[payer]):  # the payer's own record is nobody
                    active += here[who] and by_person[who] >= edge
                in_chapter[place] -= less_chapter[row, place]
                found.weeks[at, place], found.people[at, place] = weeks, active
                found.in_chapter[at, place] = in_chapter[place]
