"""An organization's people as its page shows them: how many, who of them took part in the last year, who carried it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

import polars as pl

from tenure.base.settings import Membership
from tenure.features.activity import SENT_OR_BILLED
from tenure.insights.organizations import taking_part
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
        days: Active days of that year up to three months ago.
        of: Those of everybody of the organization.
        last: The last active day.
        is_here: Whether the person belongs to the organization still.
    """

    member: int
    days: int
    of: int
    last: dt.date
    is_here: bool


@dataclass(frozen=True)
class RollUp:
    """The people of an organization.

    Args:
        people: Who belongs to it, by pseudonym, each with how they took part; those who did most first.
        took_part: How many of them did anything in the last year; None where nothing is recorded of anybody.
        key: Who carried it; None where nobody did anything until three months ago.
    """

    people: dict[int, Part]
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
        return RollUp({}, None, None)
    versions, terms = (lake.versions_of(table, *everybody) for table in _TABLES)
    spans = belonging(versions, terms, lake.departures(), rules)
    mine, end = spans.filter(pl.col("organization") == organization), today + dt.timedelta(days=1)
    lately = mine.filter(pl.col("until").dt.date() >= end - _YEAR)["person"].unique().to_list()
    acts = lake.acts_since(lately, end - _YEAR, columns=("member", "occurred_at", "recorded_at", "kind"))
    found = taking_part(mine, acts.filter(~pl.col("kind").is_in(list(SENT_OR_BILLED))), as_of=end)
    newest = versions.sort("valid_from").unique("member", keep="last")
    objects = set(newest.filter(pl.col("objects_to_profiling").fill_null(value=False))["member"])
    here = found.filter("here")
    return RollUp(
        {row["member"]: _part(row["member"] in objects, row["days"], row["last"]) for row in here.to_dicts()},
        None if lake.is_empty("activity") else int((here["days"] > 0).sum()),
        _key(found, objects),
    )


def people_here(lake: Lake, rules: Membership, organization: int, today: dt.date) -> list[int]:
    """Who belongs to *organization* by the end of *today*; arguments as for `roll_up_of`."""
    newest = lake.people_of(organization)
    if not newest:
        return []
    members, terms = (lake.versions_of(table, *newest) for table in _TABLES)
    here = belonged_on(belonging(members, terms, lake.departures(), rules), today + dt.timedelta(days=1))
    return here.filter(pl.col("organization") == organization)["member"].to_list()


def _part(objects: bool, days: int, last: dt.date | None) -> Part:
    return Part(None, None) if objects else Part(days, last)


def _key(found: pl.DataFrame, objects: set[int]) -> KeyPerson | None:
    """The key person; nobody where that is somebody who objects to being profiled, since no other carried it."""
    first = found.sort("earlier", "member", descending=[True, False]).row(0, named=True) if len(found) else None
    if first is None or not first["earlier"] or first["member"] in objects:
        return None
    return KeyPerson(first["member"], first["earlier"], int(found["earlier"].sum()), first["last"], first["here"])
