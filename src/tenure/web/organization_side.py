"""An organization's people as its page shows them: how many, who of them took part in the last year, who carried it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from tenure.base.settings import Membership
from tenure.features.activity import SENT_OR_BILLED
from tenure.insights import objecting, roll_up, taking_part
from tenure.lake import Lake
from tenure.membership import belonged_on, belonging

_YEAR = dt.timedelta(days=365)
_TABLES: tuple[Literal["members", "terms"], ...] = ("members", "terms")


@dataclass(frozen=True)
class Part:
    """How one person took part.

    Args:
        days: Active days of the last year; None of somebody who objects to being profiled.
        last: The last of them, if there is any.
    """

    days: int | None
    last: dt.date | None


@dataclass(frozen=True)
class KeyPerson:
    """Who carried the organization: active on most days of the year up to three months ago.

    Args:
        member: The pseudonym.
        days_365: Active days of the last year.
        days: Those of that year up to three months ago.
        of: The same of everybody of the organization who does not object to being profiled.
        last: The last active day.
        is_here: Whether the person belongs to the organization still.
    """

    member: int
    days_365: int
    days: int
    of: int
    last: dt.date
    is_here: bool


@dataclass(frozen=True)
class RollUp:
    """The people of an organization.

    Args:
        people: Who belongs to it, by pseudonym, each with how they took part.
        left_out: How many of them object to being profiled: nothing is told of what they did, in sums neither.
        took_part: How many of the others did anything in the last year; None where nothing is recorded of anybody, and
            where there are no others.
        key: Who of the others, or of those who have left, carried it; None where nobody did anything until three months
            ago.
    """

    people: dict[int, Part]
    left_out: int
    took_part: int | None
    key: KeyPerson | None


def roll_up_of(lake: Lake, rules: Membership, organization: int, today: dt.date) -> RollUp:
    """The people of *organization*, from what is known by the end of *today*, so that the last sync counts.

    Args:
        lake: Where from.
        rules: The association's own.
        organization: The pseudonym.
        today: The day (UTC).
    """
    everybody = lake.once_people_of(organization)
    if not everybody:
        return RollUp({}, 0, None, None)
    versions, terms = (lake.versions_of(table, *everybody) for table in _TABLES)
    spans = belonging(versions, terms, lake.departures(), rules)
    mine, end = spans.filter(pl.col("organization") == organization), today + dt.timedelta(days=1)
    lately = mine.filter(pl.col("until").dt.date() >= end - _YEAR)["person"].unique().to_list()
    acts = lake.acts_since(lately, end - _YEAR, columns=("member", "occurred_at", "recorded_at", "kind"))
    found = taking_part(mine, acts.filter(~pl.col("kind").is_in(list(SENT_OR_BILLED))), as_of=end)
    objectors = objecting(versions)
    told = {row["member"]: _part(row, objectors) for row in found.filter("here").iter_rows(named=True)}
    line = next(roll_up(found, objectors, as_of=end).iter_rows(named=True), None)
    if line is None:
        return RollUp(told, 0, None, None)
    took_part = None if lake.is_empty("activity") else line["active_365"]
    return RollUp(told, line["objecting"], took_part, _key(line, found))


def people_here(lake: Lake, rules: Membership, organization: int, today: dt.date) -> list[int]:
    """Who belongs to *organization* by the end of *today*; arguments as for `roll_up_of`."""
    newest = lake.people_of(organization)
    if not newest:
        return []
    members, terms = (lake.versions_of(table, *newest) for table in _TABLES)
    here = belonged_on(belonging(members, terms, lake.departures(), rules), today + dt.timedelta(days=1))
    return here.filter(pl.col("organization") == organization)["member"].to_list()


def _part(row: dict[str, Any], objectors: Collection[int]) -> Part:
    return Part(None, None) if row["member"] in objectors else Part(row["days"], row["last"])


def _key(line: dict[str, Any], found: pl.DataFrame) -> KeyPerson | None:
    if (member := line["key_person"]) is None:
        return None
    row = found.row(by_predicate=pl.col("member") == member, named=True)
    return KeyPerson(member, row["days"], row["earlier"], line["of_days"], row["last"], row["here"])
