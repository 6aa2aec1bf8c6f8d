"""Columns made of what was counted: one compiled pass over the rows, each read and written once.

A feature is turned into a line of small numbers (which cells, how many days, since when recorded), and the loop works
the lines off for row after row, while what was counted for the row is still at hand. Column by column, every table
would be walked through once for each feature.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import singledispatch
from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from tenure.features.activity import NEVER, Activity, Counted
from tenure.features.definitions import (
    ActivePeople,
    ActiveWeeks,
    Count,
    Feature,
    InChapter,
    LastValue,
    Mean,
    Ratio,
    Recency,
    Share,
    Total,
    Trend,
)
from tenure.features.kernel import WINDOWS

NEVER_SINCE = np.float32(999)
"""Days since the last of something that was never on record, at most."""

_COUNT, _TOTAL, _WEEKS, _PEOPLE, _IN_CHAPTER, _RATIO, _SHARE, _TREND, _MEAN, _RECENCY, _LAST_VALUE = range(11)
"""What can be done; the first five are sums of cells of the table that stands in that place."""

_NOTHING = np.float32(np.nan)
_ROWS_AT_HAND = 64
"""Rows worked on at a time: what was counted for them, and their columns, stay in the processor's nearest memory."""

_ALWAYS = -2 * int(NEVER)
"""A day before all others: what is told from then on is told on any day."""


@dataclass(frozen=True)
class _Line:
    """How one column follows from the cells.

    Args:
        does: What is done with them, one of the codes above.
        part: Columns of the cells that are counted together.
        whole: Columns of those that they are set against.
        latest: Columns of the kinds whose latest day or value is looked at.
        days: Length of the window.
        earlier: Days of the longer window before it.
        told_from: The first day on which the column says something of anyone.
        began: It says something earlier of those who joined on this day or later.
    """

    does: int
    part: list[int] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)
    latest: list[int] = field(default_factory=list)
    days: int = 1
    earlier: int = 1
    told_from: int = _ALWAYS
    began: int = int(NEVER)


class Plan(NamedTuple):
    """All lines, as the loop takes them; the cells of line *i* are those from `start[i]` to before `start[i + 1]`.

    It has no methods: Numba holds on to this class to the end, and by a method to all that this module knows. DuckDB is
    among that, and complains where a command ends that it was not let go.
    """

    does: NDArray[np.int8]
    part_start: NDArray[np.int64]
    part: NDArray[np.int64]
    whole_start: NDArray[np.int64]
    whole: NDArray[np.int64]
    latest_start: NDArray[np.int64]
    latest: NDArray[np.int64]
    days: NDArray[np.float32]
    earlier: NDArray[np.float32]
    told_from: NDArray[np.int64]
    began: NDArray[np.int64]
    organizations: NDArray[np.bool_]
    place: NDArray[np.int64]


def plan_of(features: dict[int, Feature], activity: Activity) -> Plan:
    """The plan for *features*, each under its place among the columns; reads from *activity* where cells lie."""
    lines = [line_of(feature.how, activity) for feature in features.values()]
    return Plan(
        np.array([line.does for line in lines], np.int8),
        *_joined_up([line.part for line in lines]),
        *_joined_up([line.whole for line in lines]),
        *_joined_up([line.latest for line in lines]),
        np.array([line.days for line in lines], np.float32),
        np.array([line.earlier for line in lines], np.float32),
        np.array([line.told_from for line in lines], np.int64),
        np.array([line.began for line in lines], np.int64),
        np.array([feature.group == "people" for feature in features.values()], np.bool_),
        np.array(list(features), np.int64),
    )


def _joined_up(lists: list[list[int]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each list begins, and all of them in one."""
    start = np.cumsum([0, *map(len, lists)], dtype=np.int64)
    return start, np.array([one for cells in lists for one in cells], np.int64)


def fill_columns(plan: Plan, activity: Activity, organization: NDArray[np.bool_], out: NDArray[np.float32]) -> None:
    """Fill the planned columns of *out*, shape (n_rows, n_features).

    Args:
        plan: For the same cells as were counted.
        activity: What was counted for the rows.
        organization: Whether each row is of an organization; an individual has no people whose breadth could say
            anything.
        out: Out.
    """
    joined = np.full(activity.day.size, _ALWAYS, np.int32) if activity.joined is None else activity.joined
    counted = (activity.counts, activity.sums, activity.weeks, activity.people, activity.in_chapter)
    _fill(
        plan, tuple(one.table for one in counted), activity.last_day.table, activity.last_value.table, activity.day,
        joined, organization, out,
    )  # fmt: skip


@singledispatch
def line_of(how: object, activity: Activity) -> _Line:
    """How the column follows from what was counted."""
    raise TypeError(f"no way to compute {type(how).__name__}")


@line_of.register
def _(how: Count, activity: Activity) -> _Line:
    return _recorded(_COUNT, activity, how.kinds, how.days, _cells(activity.counts, activity, how.kinds, how.days))


@line_of.register
def _(how: Total, activity: Activity) -> _Line:
    return _recorded(_TOTAL, activity, how.kinds, how.days, _cells(activity.sums, activity, how.kinds, how.days))


@line_of.register
def _(how: Ratio, activity: Activity) -> _Line:
    return _against(_RATIO, activity, how.part, how.whole, how.days)


@line_of.register
def _(how: Share, activity: Activity) -> _Line:
    return _against(_SHARE, activity, how.part, how.whole, how.days)


@line_of.register
def _(how: Trend, activity: Activity) -> _Line:
    longer = 365 if how.days < 365 else 730
    recent, both = (_cells(activity.counts, activity, how.kinds, days) for days in (how.days, longer))
    line = _recorded(_TREND, activity, how.kinds, longer, recent, both)
    return replace(line, days=how.days, earlier=longer - how.days)


@line_of.register
def _(how: Mean, activity: Activity) -> _Line:
    sums, events = (_cells(table, activity, how.kinds, how.days) for table in (activity.sums, activity.counts))
    return _Line(_MEAN, sums, events, activity.last_value.columns([(code,) for code in activity.codes(how.kinds)]))


@line_of.register
def _(how: Recency, activity: Activity) -> _Line:
    codes = activity.codes(how.kinds)
    latest = activity.last_day.columns([(code,) for code in codes])
    return _Line(_RECENCY, latest=latest, told_from=int(activity.since[codes].min()) + 1)


@line_of.register
def _(how: LastValue, activity: Activity) -> _Line:
    return _Line(_LAST_VALUE, latest=activity.last_value.columns([(code,) for code in activity.codes((how.kind,))]))


@line_of.register
def _(how: ActiveWeeks, activity: Activity) -> _Line:
    return _after(_WEEKS, int(activity.since.min()), how.days, activity.weeks.columns([(WINDOWS.index(how.days),)]))


@line_of.register
def _(how: ActivePeople, activity: Activity) -> _Line:
    return _after(_PEOPLE, int(activity.since.min()), how.days, activity.people.columns([(WINDOWS.index(how.days),)]))


@line_of.register
def _(how: InChapter, activity: Activity) -> _Line:
    cells = activity.in_chapter.columns([(WINDOWS.index(how.days),)])
    return _after(_IN_CHAPTER, int(activity.since.min()), how.days, cells)


def _against(does: int, activity: Activity, part: tuple[str, ...], whole: tuple[str, ...], days: int) -> _Line:
    cells, among = (_cells(activity.counts, activity, kinds, days) for kinds in (part, whole))
    return _recorded(does, activity, part, days, cells, among)


def _cells(table: Counted, activity: Activity, kinds: tuple[str, ...], days: int) -> list[int]:
    window = WINDOWS.index(days)
    return table.columns([(code, window) for code in activity.codes(kinds)])


def _recorded(
    does: int, activity: Activity, kinds: tuple[str, ...], window: int, part: list[int], whole: list[int] | None = None
) -> _Line:
    """Nothing counted while nothing was being recorded is not a zero."""
    return _after(does, int(activity.since[activity.codes(kinds)].min(initial=NEVER)), window, part, whole)


def _after(does: int, began: int, window: int, part: list[int], whole: list[int] | None = None) -> _Line:
    """Says nothing on days when less than half of *window* had been recorded, but of those who joined since it was."""
    return _Line(does, part, whole or [], told_from=began + (window + 1) // 2, began=began)


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _sum(table: NDArray[np.float32], row: int, columns: NDArray[np.int64], first: int, end: int) -> np.float32:
    total = np.float32(0)
    for at in range(first, end):
        total += table[row, columns[at]]
    return total


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _trend(recent: np.float32, both: np.float32, days: np.float32, earlier: np.float32) -> np.float32:
    """Rate of the last *days* against that of the *earlier* ones: −1 where it ceased, 1 where it is new."""
    now, before = recent / days, (both - recent) / earlier
    total = now + before
    return (now - before) / total if total > 0 else np.float32(np.nan)


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _told(values: NDArray[np.float32], row: int, columns: NDArray[np.int64], first: int, end: int) -> bool:
    """Whether any of the kinds came with a value: events that came without one are no zeros."""
    told = False
    for at in range(first, end):
        told |= not np.isnan(values[row, columns[at]])
    return told


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _gap(
    latest: NDArray[np.int32], row: int, columns: NDArray[np.int64], first: int, end: int, today: int
) -> np.float32:
    """Days since the last of the kinds."""
    last = np.int32(-1)
    for at in range(first, end):
        last = max(last, latest[row, columns[at]])
    gap = np.float32(today - last)
    return min(gap, NEVER_SINCE) if last >= 0 else NEVER_SINCE


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _fill(
    plan: Plan,
    tables: tuple[NDArray[np.float32], ...],
    last_day: NDArray[np.int32],
    last_value: NDArray[np.float32],
    day: NDArray[np.int32],
    joined: NDArray[np.int32],
    organization: NDArray[np.bool_],
    out: NDArray[np.float32],
) -> None:
    part, whole, latest, (counts, sums) = plan.part, plan.whole, plan.latest, tables[:2]
    for begin in range(0, day.size, _ROWS_AT_HAND):
        end = min(begin + _ROWS_AT_HAND, day.size)
        out[begin:end] = _NOTHING
        earliest, latest_day, youngest = day[begin:end].min(), day[begin:end].max(), joined[begin:end].max()
        for i in range(plan.does.size):
            told_from, began, people_only = plan.told_from[i], plan.began[i], plan.organizations[i]
            if latest_day < told_from and youngest < began:
                continue
            does, column, p, p_end = plan.does[i], plan.place[i], plan.part_start[i], plan.part_start[i + 1]
            w, w_end, v, v_end = (
                plan.whole_start[i],
                plan.whole_start[i + 1],
                plan.latest_start[i],
                plan.latest_start[i + 1],
            )
            if does < len(tables):
                table = tables[does]
                for row in range(begin, end):
                    out[row, column] = _sum(table, row, part, p, p_end)
            elif does == _RECENCY:
                for row in range(begin, end):
                    out[row, column] = _gap(last_day, row, latest, v, v_end, day[row])
            elif does == _LAST_VALUE:
                for row in range(begin, end):
                    out[row, column] = last_value[row, latest[v]] if v < v_end else _NOTHING
            elif does == _TREND:
                for row in range(begin, end):
                    recent, both = _sum(counts, row, part, p, p_end), _sum(counts, row, whole, w, w_end)
                    out[row, column] = _trend(recent, both, plan.days[i], plan.earlier[i])
            elif does == _MEAN:
                for row in range(begin, end):
                    total, events = _sum(sums, row, part, p, p_end), _sum(counts, row, whole, w, w_end)
                    told = total != 0 or _told(last_value, row, latest, v, v_end)
                    out[row, column] = total / events if told and events > 0 else _NOTHING
            else:
                most = np.float32(1 if does == _SHARE else np.inf)
                for row in range(begin, end):
                    of, among = _sum(counts, row, part, p, p_end), _sum(counts, row, whole, w, w_end)
                    out[row, column] = min(of / among, most) if among > 0 else _NOTHING
            if earliest >= told_from and not people_only:
                continue
            for row in range(begin, end):
                if (day[row] < told_from and joined[row] < began) or (people_only and not organization[row]):
                    out[row, column] = _NOTHING
