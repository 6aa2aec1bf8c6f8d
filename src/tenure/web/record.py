"""What the lake knows of one member: who they are, their terms, and what they did."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import polars as pl

from tenure.lake import Lake
from tenure.ledger.models import CurrentScore
from tenure.membership.contract import COMPETING


@dataclass(frozen=True)
class Term:
    """The last known version of a paid or granted term."""

    member_type: str
    starts_on: dt.date
    ends_on: dt.date | None
    dues: float | None
    due_on: dt.date | None
    paid_on: dt.date | None
    auto_renew: bool | None
    installments: bool | None
    ended_by: str | None


@dataclass(frozen=True)
class Record:
    """One member as known at the end of the last sync.

    Args:
        facts: The last version of the member's row, column to value; empty when there is none.
        terms: Newest first.
        acts: What the member did since a day, newest first: the columns of activity.
        payer: The organization that the member belongs to; of an organization, itself.
    """

    facts: dict[str, Any]
    terms: list[Term]
    acts: pl.DataFrame
    payer: int | None

    @property
    def kinds(self) -> dict[str, int]:
        """How many entries of activity there are, by kind."""
        return dict(self.acts["kind"].value_counts().iter_rows())

    def begins_before(self, day: dt.date) -> bool:
        """Whether there may be records from before *day*."""
        days = [*(term.starts_on for term in self.terms), self.facts.get("join_date")]
        known = [one for one in days if one is not None]
        return not known or min(known) < day


def chapter_in(facts: dict[str, Any], score: CurrentScore | None) -> str:
    """A member's chapter: as the record has it, else as the score has it."""
    return facts.get("chapter_id") or (score.chapter_id if score else "")


def record_of(lake: Lake, member: int, since: dt.date) -> Record:
    """Read one member.

    Args:
        lake: Where from.
        member: The pseudonym.
        since: Activity is read from this day on.
    """
    versions = lake.versions_of("members", member).sort("valid_from", descending=True)
    facts = versions.row(0, named=True) if versions.height else {}
    is_one = facts.get("record_type") == "organization" and facts.get("organization") is None
    return Record(
        facts=facts,
        terms=_terms(lake.versions_of("terms", member)),
        acts=lake.acts_since(member, since),
        payer=member if is_one else facts.get("organization"),
    )


@dataclass(frozen=True)
class Reachable:
    """Whether there still is somebody to be in touch with.

    Args:
        is_gone: The member died, was merged or transferred, or the source no longer has them.
        objects: The member objects to profiling.
        facts: The last version of the member's row.
    """

    is_gone: bool
    objects: bool
    facts: dict[str, Any]


def reachable(lake: Lake, members: Iterable[int]) -> dict[int, Reachable]:
    """What is known of each of *members*, by the last sync."""
    wanted = sorted(set(members))
    if not wanted:
        return {}
    departed = set(lake.departed())
    versions = lake.versions_of("members", *wanted).sort("valid_from", descending=True)
    terms = lake.versions_of("terms", *wanted)
    found = {}
    for member in wanted:
        rows = versions.filter(pl.col("member") == member)
        facts = rows.row(0, named=True) if rows.height else {}
        last = next(iter(_terms(terms.filter(pl.col("member") == member))), None)
        ended = last is not None and last.ended_by in COMPETING
        is_gone = not facts or ended or member in departed or facts["deceased_on"] is not None
        found[member] = Reachable(is_gone, bool(facts.get("objects_to_profiling")), facts)
    return found


def _terms(versions: pl.DataFrame) -> list[Term]:
    """The last known version of each term of one member, newest first."""
    last = versions.sort("recorded_at").unique("term_id", keep="last", maintain_order=True)
    ordered = last.sort("starts_on", "recorded_at", descending=True, maintain_order=True)
    return [Term(**row) for row in ordered.select(*Term.__dataclass_fields__).iter_rows(named=True)]


def country_of(lake: Lake, member: int) -> str:
    """Where a member lives, as the source writes it; empty where it is not known."""
    people = lake.versions_of("members", member).sort("valid_from")
    return "" if people.is_empty() else people["country"][-1] or ""


def titles_of(lake: Lake, refs: set[str]) -> dict[str, str]:
    """Titles of events, courses and committees by *refs*; those without one are left out."""
    if not refs:
        return {}
    programs = lake.programs().filter(pl.col("ref").is_in(list(refs)), pl.col("title").is_not_null())
    return dict(zip(programs["ref"], programs["title"], strict=True))
