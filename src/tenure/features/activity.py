"""Activity as the kernel takes it: per payer, in order, on both clocks, with a person's acts rolled up to who pays."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tenure.features.kernel import WINDOWS, sweep
from tenure.lake import Lake
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


@dataclass(frozen=True)
class Activity:
    """What each row's payer had done by the row's day; days are counted from 1970-01-01.

    Args:
        kinds: Name of each kind, in the order of the kind axis.
        day: The day of each row, shape (n_rows,).
        counts: Shape (n_rows, n_kinds, n_windows).
        sums: Sums of values, same shape.
        last_day: Latest day of each kind, −1 where none; shape (n_rows, n_kinds).
        last_value: The value on it; NaN where none.
        weeks: Distinct weeks with something initiated; shape (n_rows, n_windows).
        people: Distinct people who initiated something; same shape.
        in_chapter: Initiated events in a chapter; same shape.
        since: Per kind, the first day at whose end any record of it was known, of anyone; a large number where none.
    """

    kinds: tuple[str, ...]
    day: NDArray[np.int32]
    counts: NDArray[np.float32]
    sums: NDArray[np.float32]
    last_day: NDArray[np.int32]
    last_value: NDArray[np.float32]
    weeks: NDArray[np.float32]
    people: NDArray[np.float32]
    in_chapter: NDArray[np.float32]
    since: NDArray[np.int32]

    def codes(self, kinds: tuple[str, ...]) -> list[int]:
        """Places of *kinds* on the kind axis."""
        return [self.kinds.index(kind) for kind in kinds]


@dataclass(frozen=True)
class Events:
    """Events of some payers, sorted by payer and day; what `windows_of` counts."""

    kinds: tuple[str, ...]
    since: NDArray[np.int32]
    payers: NDArray[np.int64]
    start: NDArray[np.int64]
    day: NDArray[np.int32]
    known: NDArray[np.int32]
    kind: NDArray[np.int16]
    value: NDArray[np.float32]
    person: NDArray[np.int32]
    people: NDArray[np.int32]
    chapter: NDArray[np.bool_]


NEVER = np.int32(2_000_000)
"""Stands for the day of a thing that is not on record."""

VOCABULARY = (*KINDS, "other")
"""The kinds that are counted one by one; a kind that an association added counts as `other`."""


def windows_of(events: Events, first: int, end: int, row_start: NDArray[np.int64], days: NDArray[np.int32]) -> Activity:
    """Count what was known of the payers *first* to *end* − 1 on the days of their rows.

    Args:
        events: As `load` returns.
        first: Place of the first payer.
        end: Place after the last one.
        row_start: Where each of these payers' rows begin, shape (end − first + 1,).
        days: Day of each row, ascending within the payer.
    """
    n, k, w = days.size, len(events.kinds), len(WINDOWS)
    answer = Activity(
        kinds=events.kinds,
        day=days,
        counts=np.zeros((n, k, w), np.float32),
        sums=np.zeros((n, k, w), np.float32),
        last_day=np.full((n, k), -1, np.int32),
        last_value=np.full((n, k), np.nan, np.float32),
        weeks=np.zeros((n, w), np.float32),
        people=np.zeros((n, w), np.float32),
        in_chapter=np.zeros((n, w), np.float32),
        since=events.since,
    )
    initiated = np.array([kind not in SENT_OR_BILLED for kind in events.kinds])
    sweep(
        events.start[first : end + 1], events.day, events.known, events.kind, events.value, events.person,
        events.chapter, row_start, days, np.array(WINDOWS, np.int32), initiated, events.people[first:end],
        answer.counts, answer.sums, answer.last_day, answer.last_value, answer.weeks, answer.people, answer.in_chapter,
    )  # fmt: skip
    _look_no_further(answer)
    return answer


def _look_no_further(answer: Activity) -> None:
    """Forget what lies beyond the longest window: whether it was read depends on the other days asked about."""
    far = answer.last_day < answer.day[:, None] - max(WINDOWS)
    answer.last_day[far] = -1
    answer.last_value[far] = np.nan


def load(lake: Lake, payers: NDArray[np.int64], first: int, last: int) -> Events:
    """Read the events that can matter for days *first* to *last*, each for its doer and for who pays for the doer.

    A person's act counts for the organization that was known to pay for the person when the act became known.

    Args:
        lake: Where activity lies.
        payers: Distinct, ascending.
        first: Earliest day asked about, counted from 1970-01-01.
        last: Latest day asked about; only what was recorded before it is read.
    """
    wanted = pl.DataFrame({"payer": payers, "place": np.arange(payers.size, dtype=np.int32)})
    with lake.connect() as con:
        con.register("codes", _codes().to_arrow())
        con.register("wanted", wanted.to_arrow())
        con.register("roles", _roles(lake, wanted).to_arrow())
        found = con.execute(
            _EVENTS_SQL, {"first": first - max(WINDOWS), "last": last, "other": len(KINDS)}
        ).fetchnumpy()
        since = _since(con)
    place = np.asarray(found["place"])
    person, people = _number_people(place, np.asarray(found["person"]), payers.size)
    return Events(
        kinds=VOCABULARY,
        since=since,
        payers=payers,
        start=np.searchsorted(place, np.arange(payers.size + 1)).astype(np.int64),
        day=np.asarray(found["day"], np.int32),
        known=np.asarray(found["known"], np.int32),
        kind=np.asarray(found["kind"], np.int16),
        value=np.ma.filled(np.ma.asarray(found["value"], np.float32), np.nan),
        person=person,
        people=people,
        chapter=np.asarray(found["chapter"], np.bool_),
    )


_EVENTS_SQL = """
WITH acts AS (
    SELECT a.member, a.occurred_at, greatest(a.occurred_at, a.recorded_at) AS known_at,
           coalesce(c.code, $other)::SMALLINT AS kind, a.value::FLOAT AS value, a.chapter_id IS NOT NULL AS chapter
    FROM activity a LEFT JOIN codes c USING (kind)
    WHERE a.occurred_at >= DATE '1970-01-01' + $first::INTEGER
      AND a.occurred_at < DATE '1970-01-01' + $last::INTEGER AND a.recorded_at < DATE '1970-01-01' + $last::INTEGER
), placed AS (
    SELECT w.place, a.* FROM acts a JOIN wanted w ON w.payer = a.member
    UNION ALL
    SELECT r.place, a.* FROM acts a
    JOIN roles r ON r.person = a.member AND a.known_at >= r.since AND a.known_at < r.until
)
SELECT place, member AS person, (occurred_at::DATE - DATE '1970-01-01')::INTEGER AS day,
       (known_at::DATE - DATE '1970-01-01')::INTEGER AS known, kind, value, chapter
FROM placed ORDER BY place, occurred_at
"""


def _codes() -> pl.DataFrame:
    return pl.DataFrame({"kind": list(KINDS), "code": np.arange(len(KINDS), dtype=np.int16)})


def _since(con: Any) -> NDArray[np.int32]:
    since = np.full(len(VOCABULARY), NEVER, np.int32)
    for code, day in con.execute(
        "SELECT coalesce(c.code, $other), min(greatest(occurred_at, recorded_at))::DATE - DATE '1970-01-01' "
        "FROM activity a LEFT JOIN codes c USING (kind) GROUP BY 1",
        {"other": len(KINDS)},
    ).fetchall():
        since[code] = day
    return since


def _roles(lake: Lake, wanted: pl.DataFrame) -> pl.DataFrame:
    """Who paid for whom, from when until when, as it was known: `place` (of the payer), `person`, `since`, `until`."""
    never = dt.datetime(9999, 1, 1)  # noqa: DTZ001  the lake's instants are naive UTC
    versions = lake.members().select("member", "valid_from", "organization").sort("member", "valid_from")
    return (
        versions.with_columns(until=pl.col("valid_from").shift(-1).over("member").fill_null(never))
        .filter(pl.col("organization").is_not_null() & (pl.col("organization") != pl.col("member")))
        .join(wanted, left_on="organization", right_on="payer")
        .select("place", person="member", since="valid_from", until="until")
    )


def _number_people(
    place: NDArray[np.int32], person: NDArray[np.int64], n_payers: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Number each payer's people from 0, and count them."""
    pairs = pl.DataFrame({"place": place, "person": person})
    distinct = pairs.unique(maintain_order=False).sort("place", "person")
    numbered = distinct.with_columns(number=pl.int_range(pl.len(), dtype=pl.Int32).over("place"))
    counted = np.zeros(n_payers, np.int32)
    per_payer = numbered.group_by("place").agg(n=pl.len())
    counted[per_payer["place"].to_numpy()] = per_payer["n"].to_numpy()
    if len(distinct) == len(per_payer):  # nobody acts for anybody else: no join needed
        return np.zeros(person.size, np.int32), counted
    return pairs.join(numbered, on=["place", "person"], how="left", maintain_order="left")["number"].to_numpy(), counted
