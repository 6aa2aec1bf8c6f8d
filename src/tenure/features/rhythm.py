"""What windows of fixed length cannot say: a member's own rhythm, this term against the last, and who carries it.

Counted in active days, not in events, so that one evening of many pages is one day of taking part. Like the kernel's
counts, everything here holds for the start of a day and on both clocks, and looks two years back at most.

A kind whose feed began within the stretch that is looked at is left out of comparisons: a feed that was switched on
in March does not mean that everybody was silent in February.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numba as nb
import numpy as np
from numpy.typing import NDArray

from tenure.features.activity import NEVER, RESPONSES, SENT_OR_BILLED, Events
from tenure.features.kernel import Belongings, mark_belonging

_ACT, _RESPONSE, _TRANSACTION = 1, 2, 4
_FAR, _YEAR, _HALF, _QUARTER = 730, 365, 182, 90
_HALF_LIFE = 60.0
"""Days after which an active day counts half."""

COLUMNS = (
    "cycle_active_days", "cycle_trend", "cycle_trend_90", "transactions_cycle", "active_months_365", "gap_variation",
    "silence_ratio", "decayed_days", "prompted_share_365", "chapter_events_730", "national_events_730",
    "key_person_silent_days", "key_person_share_365", "days_per_person_365", "people", "people_share_365",
)  # fmt: skip
"""What is computed, in order."""

TRANSACTIONS = ("payment", "gift")

_CYCLE, _TREND, _TREND_90, _PAID, _MONTHS, _VARIATION, _SILENCE, _DECAYED, _PROMPTED, _CHAPTER, _NATIONAL = range(11)
_KEY_PERSON, _SHARE, _DEPTH, _PEOPLE, _TOOK_PART = range(11, 16)


@dataclass(frozen=True)
class Rhythm:
    """One line per row; columns as `COLUMNS` names them, NaN where nothing can be said."""

    x: NDArray[np.float32]

    def columns(self) -> dict[str, NDArray[np.float32]]:
        """The columns by name."""
        return {name: self.x[:, place] for place, name in enumerate(COLUMNS)}

    @classmethod
    def of_nobody(cls) -> Rhythm:
        """No rows."""
        return cls(np.empty((0, len(COLUMNS)), np.float32))


class _Kinds(NamedTuple):
    """What each kind is, by its code: its role, whether it is attendance, the day from which it was recorded."""

    role: NDArray[np.int8]
    attended: NDArray[np.bool_]
    since: NDArray[np.int32]
    acts_since: int
    attended_since: int


class _Days(NamedTuple):
    """One entry per day, kind and place of a payer, with the first day at whose end it was on record."""

    on: NDArray[np.int32]
    seen: NDArray[np.int32]
    what: NDArray[np.int16]
    where: NDArray[np.bool_]


def rhythm_of(
    events: Events,
    first: int,
    end: int,
    row_start: NDArray[np.int64],
    days: NDArray[np.int32],
    began: NDArray[np.int32],
    began_before: NDArray[np.int32],
    organization: NDArray[np.bool_],
) -> Rhythm:
    """Look at what was known of the payers *first* to *end* − 1 on the days of their rows.

    Args:
        events: As `tenure.features.events` reads them.
        first: Place of the first payer.
        end: Place after the last one.
        row_start: Where each of these payers' rows begin, shape (end − first + 1,).
        days: Day of each row, ascending within the payer, counted from 1970-01-01.
        began: First day of the term that holds each row's day; `NEVER` where there is none.
        began_before: First day of the term before that one; `NEVER` where there is none.
        organization: Whether the payer of each row is an organization, which alone has people.
    """
    out = np.full((days.size, len(COLUMNS)), np.nan, np.float32)
    _walk(
        events.start[first : end + 1], events.day, events.known, events.kind, events.person, events.chapter,
        events.people[first:end], events.belonging_to(first, end), row_start,
        days, began, began_before, organization, _kinds(events), out,
    )  # fmt: skip
    return Rhythm(out)


def _kinds(events: Events) -> _Kinds:
    role = np.array([_role(kind) for kind in events.kinds], np.int8)
    attended = np.array([kind == "event_attended" for kind in events.kinds])
    return _Kinds(
        role,
        attended,
        events.since,
        int(events.since[(role & _ACT) > 0].min(initial=NEVER)),
        int(events.since[attended].min(initial=NEVER)),
    )


def _role(kind: str) -> int:
    """What a kind counts as; a gift is both an act and a transaction."""
    act = 0 if kind in SENT_OR_BILLED else _ACT
    return act | (_RESPONSE if kind in RESPONSES else 0) | (_TRANSACTION if kind in TRANSACTIONS else 0)


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _days_of(
    begin: int,
    end: int,
    day: NDArray[np.int32],
    known: NDArray[np.int32],
    kind: NDArray[np.uint8],
    chapter: NDArray[np.bool_],
    kinds: _Kinds,
    room: _Days,
) -> _Days:
    """The days of one payer, in *room* where that is large enough."""
    on, seen, what, where = room
    if on.size < end - begin:
        on, seen = np.empty(end - begin, np.int32), np.empty(end - begin, np.int32)
        what, where = np.empty(end - begin, np.int16), np.empty(end - begin, np.bool_)
    latest = np.full((kinds.role.size, 2), -1, np.int64)
    n = 0
    for e in range(begin, end):
        k, place = kind[e], int(chapter[e])
        if kinds.role[k] == 0:
            continue
        entry = latest[k, place]
        if entry >= 0 and on[entry] == day[e]:
            seen[entry] = min(seen[entry], known[e])
            continue
        on[n], seen[n], what[n], where[n] = day[e], known[e], k, chapter[e]
        latest[k, place] = n
        n += 1
    return _Days(on[:n], seen[:n], what[:n], where[:n])


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _active_days(days: _Days, kinds: _Kinds, today: int, begin: int, end: int, told: int) -> int:
    """Distinct days from *begin* to before *end* with an act of a kind that was recorded by *told*."""
    last, n = -1, 0
    for i in range(np.searchsorted(days.on, begin), days.on.size):
        d, k = days.on[i], days.what[i]
        if d >= end:
            break
        if d != last and days.seen[i] < today and kinds.role[k] & _ACT and kinds.since[k] <= told:
            n += 1
            last = d
    return n


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _against_last_term(days: _Days, kinds: _Kinds, today: int, reach: int, shift: int) -> float:
    """The last *reach* days against the same days *shift* days earlier, −1 to 1; NaN where both are silent."""
    if reach <= 0:
        return np.nan
    from_, told = today - reach, today - reach - shift
    now = _active_days(days, kinds, today, from_, today, told)
    before = _active_days(days, kinds, today, from_ - shift, today - shift, told)
    return (now - before) / (now + before) if now + before else np.nan


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _cycle(days: _Days, kinds: _Kinds, today: int, began: int, began_before: int, out: NDArray[np.float32]) -> None:
    """This term up to today, and against the term before up to the same place."""
    if began == NEVER:
        return
    begin = max(began, today - _FAR)
    if kinds.acts_since <= begin:
        out[_CYCLE] = _active_days(days, kinds, today, begin, today, today)
    paid, last = 0, -1
    for i in range(np.searchsorted(days.on, begin), days.on.size):
        d = days.on[i]
        if d < today and d != last and days.seen[i] < today and kinds.role[days.what[i]] & _TRANSACTION:
            paid, last = paid + 1, d
    out[_PAID] = paid
    shift = began - began_before
    if began_before != NEVER and shift < _FAR:
        most = _FAR - shift
        out[_TREND] = _against_last_term(days, kinds, today, min(today - began, most), shift)
        out[_TREND_90] = _against_last_term(days, kinds, today, min(_QUARTER, most), shift)


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _habit(days: _Days, kinds: _Kinds, today: int, decay: NDArray[np.float64], out: NDArray[np.float32]) -> None:
    """How regularly a member takes part, and for how long it has been quiet measured by that."""
    last, answered, told, n, months = -1, -10, -1, 0, 0
    gaps, squares, prompted, decayed = 0.0, 0.0, 0, 0.0
    for i in range(np.searchsorted(days.on, today - _FAR), days.on.size):
        d, k = days.on[i], days.what[i]
        if d >= today:
            break
        if days.seen[i] >= today:
            continue
        recent = d >= today - _YEAR
        if kinds.role[k] & _RESPONSE:
            answered = d
        elif kinds.role[k] & _ACT and d != last and kinds.since[k] <= today - _HALF:
            decayed += decay[today - d]
            if recent:
                if n > 0:
                    gaps += d - last
                    squares += (d - last) ** 2
                n += 1
                months |= 1 << ((today - 1 - d) // 31)
            last = d
        if recent and d == last and d != told and answered >= d - 1:  # on the day of a click, or the day after
            prompted += 1
            told = d
    if kinds.acts_since <= today - _HALF:
        active = 0
        for month in range(12):
            active += (months >> month) & 1
        out[_MONTHS], out[_DECAYED] = active, decayed
    if n > 0:
        out[_PROMPTED] = prompted / n
    if n >= 4:
        mean = gaps / (n - 1)
        out[_VARIATION] = np.sqrt(max(squares / (n - 1) - mean * mean, 0.0)) / mean
        out[_SILENCE] = min((today - last) / mean, 30.0)


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _attendance(days: _Days, kinds: _Kinds, today: int, out: NDArray[np.float32]) -> None:
    """Days at events of a chapter and at events of no chapter."""
    if kinds.attended_since > today - _YEAR:
        return
    out[_CHAPTER], out[_NATIONAL] = 0, 0
    for i in range(np.searchsorted(days.on, today - _FAR), days.on.size):
        if days.on[i] < today and days.seen[i] < today and kinds.attended[days.what[i]]:
            out[_CHAPTER if days.where[i] else _NATIONAL] += 1


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _people(
    begin: int,
    end: int,
    day: NDArray[np.int32],
    known: NDArray[np.int32],
    kind: NDArray[np.uint8],
    person: NDArray[np.int32],
    here: NDArray[np.bool_],
    today: int,
    kinds: _Kinds,
    out: NDArray[np.float32],
) -> None:
    """Who carries an organization: the person active on most days of the year up to three months ago, and since.

    Whoever has left is among those whose silence is counted, since that is how a key person goes. All else is told of
    those who belong to it still, marked in *here*, alone; and what was done under the organization's own record, which
    is person 0, by nobody of them.
    """
    out[_PEOPLE] = here.sum()
    if kinds.acts_since > today - _HALF:
        return
    year, earlier = np.zeros(here.size, np.int32), np.zeros(here.size, np.int32)
    last = np.full(here.size, -1, np.int32)
    for e in range(begin + np.searchsorted(day[begin:end], today - _YEAR), end):
        if day[e] >= today:
            break
        if known[e] >= today or not kinds.role[kind[e]] & _ACT or last[person[e]] == day[e] or person[e] == 0:
            continue
        last[person[e]] = day[e]
        year[person[e]] += 1
        earlier[person[e]] += day[e] < today - _QUARTER
    year *= here
    if here.sum() > 0:
        out[_TOOK_PART] = (year > 0).sum() / here.sum()
    if year.sum() > 0:
        out[_SHARE] = year.max() / year.sum()
        out[_DEPTH] = year.sum() / (year > 0).sum()
    if earlier.max() > 0:
        out[_KEY_PERSON] = today - last[earlier.argmax()]


@nb.njit(nogil=True, cache=True)  # type: ignore[untyped-decorator]
def _walk(
    event_start: NDArray[np.int64],
    day: NDArray[np.int32],
    known: NDArray[np.int32],
    kind: NDArray[np.uint8],
    person: NDArray[np.int32],
    chapter: NDArray[np.bool_],
    people: NDArray[np.int32],
    belongings: Belongings,
    row_start: NDArray[np.int64],
    as_of: NDArray[np.int32],
    began: NDArray[np.int32],
    began_before: NDArray[np.int32],
    organization: NDArray[np.bool_],
    kinds: _Kinds,
    out: NDArray[np.float32],
) -> None:
    decay = 0.5 ** (np.arange(_FAR + 1) / _HALF_LIFE)
    usual = 4096  # Events of nearly every payer: memory for each one anew took as long as filling it.
    room = _Days(
        np.empty(usual, np.int32), np.empty(usual, np.int32), np.empty(usual, np.int16), np.empty(usual, np.bool_)
    )
    for payer in range(row_start.size - 1):
        if row_start[payer] == row_start[payer + 1]:
            continue
        begin, end = event_start[payer], event_start[payer + 1]
        days = _days_of(begin, end, day, known, kind, chapter, kinds, room)
        for row in range(row_start[payer], row_start[payer + 1]):
            today, answer = as_of[row], out[row]
            _cycle(days, kinds, today, began[row], began_before[row], answer)
            _habit(days, kinds, today, decay, answer)
            _attendance(days, kinds, today, answer)
            if organization[row] and people[payer] > 0:
                here = np.zeros(people[payer], np.bool_)
                mark_belonging(belongings, payer, today, here)
                _people(begin, end, day, known, kind, person, here, today, kinds, answer)
