"""The sliding-window kernel: one ordered pass over each payer's events, for any days, on both clocks.

An event counts for day A and window w when A − w ≤ its day < A **and** it was known before A. Every event is added
once and taken out once per window, so the cost follows the events and the answers asked for, and not their product.

A late record is the reason for two orders. Events enter in the order in which they became known and leave in the
order in which they happened; an event that became known after it had left a window never enters that window.
"""

from __future__ import annotations

import numba as nb
import numpy as np
from numpy.typing import NDArray

WINDOWS: tuple[int, ...] = (30, 90, 180, 365, 730)
"""Days of each window, shortest first."""

_WEEK_SLOTS = 112  # more weeks than the longest window holds, so that two weeks never share a slot


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _enter_order(known: NDArray[np.int32], begin: int, end: int) -> NDArray[np.int64]:
    """Positions begin..end in the order in which the events became known; nearly always as they stand."""
    order = np.arange(begin, end)
    for position in range(1, order.size):
        if known[order[position]] < known[order[position - 1]]:
            return order[np.argsort(known[begin:end], kind="mergesort")]
    return order


@nb.njit(nogil=True, cache=True, parallel=True)  # type: ignore[untyped-decorator]
def sweep(
    event_start: NDArray[np.int64],
    day: NDArray[np.int32],
    known: NDArray[np.int32],
    kind: NDArray[np.int16],
    value: NDArray[np.float32],
    person: NDArray[np.int32],
    chapter: NDArray[np.bool_],
    row_start: NDArray[np.int64],
    as_of: NDArray[np.int32],
    windows: NDArray[np.int32],
    initiated: NDArray[np.bool_],
    people: NDArray[np.int32],
    counts: NDArray[np.float32],
    sums: NDArray[np.float32],
    last_day: NDArray[np.int32],
    last_value: NDArray[np.float32],
    weeks: NDArray[np.float32],
    active_people: NDArray[np.float32],
    in_chapter: NDArray[np.float32],
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
        windows: Window lengths in days, ascending.
        initiated: For each kind, whether the member did it (and was not merely sent or billed something).
        people: Number of people of each payer, shape (n_payers,).
        counts: Out, shape (n_rows, n_kinds, n_windows).
        sums: Out, sums of values, same shape.
        last_day: Out, latest day of each kind, −1 where none, shape (n_rows, n_kinds).
        last_value: Out, value at that day, same shape.
        weeks: Out, distinct weeks with something initiated, shape (n_rows, n_windows).
        active_people: Out, distinct people who initiated something, same shape.
        in_chapter: Out, initiated events in a chapter, same shape.
    """
    n_kinds, n_windows = initiated.size, windows.size
    for payer in nb.prange(row_start.size - 1):
        first_row, end_row = row_start[payer], row_start[payer + 1]
        if first_row == end_row:
            continue
        begin, end = event_start[payer], event_start[payer + 1]
        order = _enter_order(known, begin, end)
        count = np.zeros((n_kinds, n_windows), np.int32)
        total = np.zeros((n_kinds, n_windows), np.float64)
        latest = np.full(n_kinds, -1, np.int32)
        latest_value = np.full(n_kinds, np.nan, np.float32)
        by_week = np.zeros((n_windows, _WEEK_SLOTS), np.int32)
        by_person = np.zeros((n_windows, max(people[payer], 1)), np.int32)
        live_weeks = np.zeros(n_windows, np.int32)
        live_people = np.zeros(n_windows, np.int32)
        chapter_count = np.zeros(n_windows, np.int32)
        leave = np.full(n_windows, begin, np.int64)
        enter = 0
        before = np.int32(-2147483648)
        for row in range(first_row, end_row):
            today = as_of[row]
            # Out first: what left a window before today and had entered it by the last row's day.
            for w in range(n_windows):
                edge = today - windows[w]
                while leave[w] < end and day[leave[w]] < edge:
                    e = leave[w]
                    if known[e] < before:
                        k = kind[e]
                        count[k, w] -= 1
                        if not np.isnan(value[e]):
                            total[k, w] -= value[e]
                        if initiated[k]:
                            slot = (day[e] // 7) % _WEEK_SLOTS
                            by_week[w, slot] -= 1
                            if by_week[w, slot] == 0:
                                live_weeks[w] -= 1
                            by_person[w, person[e]] -= 1
                            if by_person[w, person[e]] == 0:
                                live_people[w] -= 1
                            if chapter[e]:
                                chapter_count[w] -= 1
                    leave[w] += 1
            while enter < order.size and known[order[enter]] < today:
                e = order[enter]
                k = kind[e]
                if day[e] >= latest[k]:
                    latest[k] = day[e]
                    latest_value[k] = value[e]
                for w in range(n_windows):
                    if day[e] >= today - windows[w]:
                        count[k, w] += 1
                        if not np.isnan(value[e]):
                            total[k, w] += value[e]
                        if initiated[k]:
                            slot = (day[e] // 7) % _WEEK_SLOTS
                            if by_week[w, slot] == 0:
                                live_weeks[w] += 1
                            by_week[w, slot] += 1
                            if by_person[w, person[e]] == 0:
                                live_people[w] += 1
                            by_person[w, person[e]] += 1
                            if chapter[e]:
                                chapter_count[w] += 1
                enter += 1
            before = today
            for k in range(n_kinds):
                last_day[row, k] = latest[k]
                last_value[row, k] = latest_value[k]
                for w in range(n_windows):
                    counts[row, k, w] = count[k, w]
                    sums[row, k, w] = total[k, w]
            for w in range(n_windows):
                weeks[row, w] = live_weeks[w]
                active_people[row, w] = live_people[w]
                in_chapter[row, w] = chapter_count[w]
