"""What is on record of some members, as it was known on a day: the rows that facts are made from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import polars as pl

from tenure.base.settings import Settings
from tenure.features.events import roles_of
from tenure.lake import Lake
from tenure.membership import belonging, known_terms, people_known, standing, terms_of
from tenure.membership.standing import with_payers

YEAR = 365
LONGEST = 730
"""Days that are looked back at most."""

TOLD = (
    "event_attended", "event_no_show", "committee_joined", "committee_left", "committee_meeting", "committee_led",
    "volunteer_completed", "community_post", "community_comment", "resource_download", "learning_started",
    "learning_completed", "career_center_used", "gift", "payment", "payment_failed", "card_expiring", "plan_missed",
    "invoice_issued", "ticket_opened", "ticket_closed", "email_unsubscribed", "event_registered",
)  # fmt: skip
"""Kinds of activity of which each row is read; of logins and messages there are many, and only sums are."""

_ACTS = f"""
SELECT w.payer AS member, a.activity_key AS key, a.kind, a.occurred_at::DATE AS day, a.recorded_at::DATE AS recorded,
    a.value, a.ref
FROM activity a JOIN wanted w ON a.member = w.person
    AND greatest(a.occurred_at, a.recorded_at) >= w.since AND greatest(a.occurred_at, a.recorded_at) < w.until
WHERE a.kind IN {TOLD} AND a.occurred_at >= $since AND a.occurred_at < $as_of AND a.recorded_at < $as_of
ORDER BY member, a.occurred_at DESC, key"""

_SUMS = """
SELECT a.member,
    count(*) FILTER (kind = 'login' AND occurred_at >= $year)::INTEGER AS logins,
    max(occurred_at) FILTER (kind = 'login')::DATE AS login_on,
    arg_max(activity_key, occurred_at) FILTER (kind = 'login') AS login_key,
    max(recorded_at) FILTER (kind = 'login')::DATE AS login_recorded,
    max(occurred_at) FILTER (kind <> 'login')::DATE AS message_on,
    arg_max(kind, occurred_at) FILTER (kind <> 'login') AS message,
    arg_max(activity_key, occurred_at) FILTER (kind <> 'login') AS message_key,
    max(recorded_at) FILTER (kind <> 'login')::DATE AS message_recorded
FROM activity a SEMI JOIN wanted w ON a.member = w.person AND w.person = w.payer
WHERE kind IN ('login', 'email_sent', 'sms_sent', 'notice_sent')
    AND occurred_at >= $since AND occurred_at < $as_of AND recorded_at < $as_of
GROUP BY a.member"""

_BEGINNING, _END = dt.datetime(1900, 1, 1), dt.datetime(9999, 1, 1)  # noqa: DTZ001  instants of the lake are naive UTC


class Act(NamedTuple):
    """One row of activity."""

    member: int
    key: int
    kind: str
    day: dt.date
    recorded: dt.date
    value: float | None
    ref: str | None


@dataclass(frozen=True)
class Evidence:
    """One member.

    Args:
        member: The pseudonym.
        as_of: The day; nothing here was recorded on it or later.
        record: The version of the member's record, column to value; empty where there is none.
        stood: As `tenure.membership.standing` says; empty where the member has no term.
        people: How many people were known to belong to it, where it is an organization.
        terms: The known terms, oldest first, as `tenure.membership.known_terms` says.
        acts: Rows of the kinds `TOLD` of the last two years by kind, newest first. To an organization's own are added
            those of its people, as they were known to be.
        sums: Counts and days of logins and messages, the member's own.
        titles: What programs are called, by ref.
    """

    member: int
    as_of: dt.date
    record: Mapping[str, Any] = field(default_factory=dict)
    stood: Mapping[str, Any] = field(default_factory=dict)
    people: int = 0
    terms: Sequence[Mapping[str, Any]] = ()
    acts: Mapping[str, Sequence[Act]] = field(default_factory=dict)
    sums: Mapping[str, Any] = field(default_factory=dict)
    titles: Mapping[str, str] = field(default_factory=dict)

    def within(self, days: int, *kinds: str) -> list[Act]:
        """Acts of *kinds* in the last *days* days, newest first."""
        return self._between(self.as_of - dt.timedelta(days=days), self.as_of, kinds)

    def in_year_before(self, until: dt.date, *kinds: str) -> list[Act]:
        """Acts of *kinds* in the year before *until*, newest first."""
        return self._between(until - dt.timedelta(days=YEAR), until, kinds)

    def _between(self, first: dt.date, until: dt.date, kinds: tuple[str, ...]) -> list[Act]:
        found = [act for kind in kinds for act in self.acts.get(kind, ()) if first <= act.day < until]
        return sorted(found, key=lambda act: (act.day, act.key), reverse=True) if len(kinds) > 1 else found

    def title_of(self, act: Act) -> str:
        """What the program of *act* is called; empty where it has none or has no name."""
        return self.titles.get(act.ref or "", "")

    def last(self, *kinds: str) -> Act | None:
        """The newest act of *kinds*."""
        return max((self.acts[kind][0] for kind in kinds if kind in self.acts), key=lambda act: act.day, default=None)


def evidence_of(lake: Lake, settings: Settings, members: Sequence[int], as_of: dt.date) -> Iterator[Evidence]:
    """What is on record of each of *members* of whom anything is, from rows recorded before *as_of*.

    Args:
        lake: Where from.
        settings: The association's own.
        members: Pseudonyms.
        as_of: The day, at its start.
    """
    some = pl.DataFrame({"member": sorted(set(members))}, schema={"member": pl.Int64})
    rows = some.with_row_index("row").with_columns(as_of=pl.lit(as_of, pl.Date))
    terms = terms_of(lake.terms(), some)
    everybody = lake.members()
    acts, sums = _activity(lake, some, as_of)
    kept = {
        "record": _by_member(_records(everybody.join(some, on="member", how="semi"), as_of)),
        "stood": _by_member(standing(terms, everybody, rows, settings.membership)),
        "sums": _by_member(sums),
    }
    people = _people(lake, everybody, rows, settings)
    known, titles = _grouped(known_terms(terms, rows, settings.membership)), _titles(lake)
    for member in some["member"].to_list():
        one = {name: rows_of.get(member, {}) for name, rows_of in kept.items()}
        if one["record"] or one["stood"]:
            yield Evidence(
                member, as_of, **one, people=people[member], terms=known.get(member, ()), acts=acts.get(member, {}),
                titles=titles,
            )  # fmt: skip


def _people(lake: Lake, everybody: pl.DataFrame, rows: pl.DataFrame, settings: Settings) -> dict[int, int]:
    """How many people belonged to each of *rows*' members, of whom most are no organizations and have none."""
    payers = rows.select(organization="member")
    once = with_payers(everybody).join(payers, on="organization", how="semi").select("member").unique()
    theirs, terms = (table.join(once, on="member", how="semi") for table in (everybody, lake.terms()))
    if theirs.is_empty():
        return dict.fromkeys(rows["member"], 0)
    belonged = belonging(theirs, terms, lake.departures(), settings.membership)
    return dict(zip(rows["member"], people_known(belonged, rows)["people"], strict=True))


def _records(members: pl.DataFrame, as_of: dt.date) -> pl.DataFrame:
    """The last version of each record that was known."""
    known = members.filter(pl.col("valid_from") < dt.datetime.combine(as_of, dt.time()))
    return known.sort("member", "valid_from").unique("member", keep="last", maintain_order=True)


def _activity(lake: Lake, some: pl.DataFrame, as_of: dt.date) -> tuple[dict[int, dict[str, list[Act]]], pl.DataFrame]:
    start = dt.datetime.combine(as_of, dt.time())
    bounds = {"as_of": start, "since": start - dt.timedelta(days=LONGEST)}
    with lake.connect() as connection:
        connection.register("wanted", acting_for(lake, some).to_arrow())
        rows = connection.sql(_ACTS, params=bounds).fetchall()
        year = {"year": start - dt.timedelta(days=YEAR)}
        sums = connection.sql(_SUMS, params=bounds | year).to_arrow_table()
    acts: dict[int, dict[str, list[Act]]] = {}
    for act in map(Act._make, rows):
        acts.setdefault(act.member, {}).setdefault(act.kind, []).append(act)
    return acts, pl.DataFrame(pl.from_arrow(sums))


def acting_for(lake: Lake, some: pl.DataFrame) -> pl.DataFrame:
    """Whose acts count for whom: `payer`, `person`, `since`, `until`; for a member itself always, for an organization
    also those of its people, as they were known to be.

    Args:
        lake: Where records lie.
        some: `member`, distinct.
    """
    own = some.select(payer="member", person="member", since=pl.lit(_BEGINNING), until=pl.lit(_END))
    people = roles_of(lake, np.asarray(some["member"].to_numpy())).select(own.columns)
    return pl.concat([own, people.cast(own.schema)])


def by_actor(lake: Lake, ends: pl.DataFrame) -> pl.DataFrame:
    """*ends* (`member` and whatever else) once for each person whose acts count: with `person`, `since`, `until`.

    Joined here and not in the query over activity: the engine that plans that query takes what is left of activity to
    be a few rows, and would compare each of them with each end before it looks whose they are.
    """
    acting = acting_for(lake, ends.select("member").unique())
    return ends.join(acting, left_on="member", right_on="payer", how="inner")


def _titles(lake: Lake) -> dict[str, str]:
    named = lake.programs().with_columns(title=pl.col("title").str.strip_chars()).filter(pl.col("title") != "")
    return dict(named.select("ref", "title").iter_rows())


def _by_member(frame: pl.DataFrame) -> dict[int, dict[str, Any]]:
    return {row["member"]: row for row in frame.iter_rows(named=True)}


def _grouped(frame: pl.DataFrame) -> dict[int, list[dict[str, Any]]]:
    found: dict[int, list[dict[str, Any]]] = {}
    for row in frame.iter_rows(named=True):
        found.setdefault(row["member"], []).append(row)
    return found
