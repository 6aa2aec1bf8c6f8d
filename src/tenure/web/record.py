"""What the lake knows of one member: who they are, their terms, and what they did."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import polars as pl

from tenure.lake import Lake


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
        kinds: How many entries of activity there are, by kind.
        peers: Others of the same organization; of an organization, its people.
    """

    facts: dict[str, Any]
    terms: list[Term]
    kinds: dict[str, int]
    peers: tuple[int, ...]


def record_of(lake: Lake, member: int, since: dt.date) -> Record:
    """Read one member.

    Args:
        lake: Where from.
        member: The pseudonym.
        since: Entries of activity are counted from this day on.
    """
    connection = lake.connect()
    try:

        def rows(sql: str, *values: Any) -> list[dict[str, Any]]:
            cursor = connection.execute(sql, list(values))
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

        facts = rows("SELECT * FROM members WHERE member = ? ORDER BY valid_from DESC LIMIT 1", member)
        terms = rows(_TERMS, member)
        kinds = rows(
            "SELECT kind, count(*) AS n FROM activity WHERE member = ? AND occurred_at >= ? GROUP BY kind",
            member,
            since,
        )
        of = member if facts and facts[0]["record_type"] == "organization" else None
        of = facts[0]["organization"] if facts and facts[0]["organization"] is not None else of
        peers = rows(_PEERS, of, of, member) if of is not None else []
    finally:
        connection.close()
    return Record(
        facts=facts[0] if facts else {},
        terms=[Term(**{name: row[name] for name in Term.__dataclass_fields__}) for row in terms],
        kinds={row["kind"]: row["n"] for row in kinds},
        peers=tuple(row["member"] for row in peers),
    )


def country_of(lake: Lake, member: int) -> str:
    """Where a member lives, as the source writes it; empty where it is not known."""
    people = lake.members().filter(pl.col("member") == member).sort("valid_from")
    return "" if people.is_empty() else people["country"][-1] or ""


def titles_of(lake: Lake, refs: set[str]) -> dict[str, str]:
    """Titles of events, courses and committees by *refs*; those without one are left out."""
    if not refs:
        return {}
    programs = lake.programs().filter(pl.col("ref").is_in(list(refs)), pl.col("title").is_not_null())
    return dict(zip(programs["ref"], programs["title"], strict=True))


_TERMS = """
SELECT * FROM terms WHERE member = ?
QUALIFY row_number() OVER (PARTITION BY term_id ORDER BY recorded_at DESC) = 1
ORDER BY starts_on DESC, recorded_at DESC
"""

_PEERS = """
SELECT member FROM (
    SELECT member, organization FROM members
    WHERE member IN (SELECT member FROM members WHERE organization = ?)
    QUALIFY row_number() OVER (PARTITION BY member ORDER BY valid_from DESC) = 1
) WHERE organization = ? AND member <> ? LIMIT 200
"""
